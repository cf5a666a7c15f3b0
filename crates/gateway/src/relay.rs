//! One client and one server, multiplexed by identifier in both directions.

mod approval;
mod fault;
mod from_client;
mod from_server;
mod input;
mod origin;
pub(crate) mod own;
mod pinned;
mod questions;
mod refusing;
mod said_by_client;
mod tasks;
mod withdrawing;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::Instant;

use interlock_wire::{Era, Version};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::batch::ReplyTo;
use crate::capabilities::Capabilities;
use crate::crossing::Crossing;
use crate::definitions::Definitions;
use crate::gateway::Gateway;
use crate::identify::Identity;
use crate::metrics::Transport;
use crate::outbox::Outbox;
use crate::pins::{PinnedServer, Trust};
use crate::record::About;
use crate::session::{Asked, Awaited, Negotiated, Session};
use crate::transport::http::Direct;

pub(crate) use input::MayAsk;
pub(crate) use origin::Origin;
pub(crate) use tasks::Concerning;

/// The connection between a client and a server.
#[derive(Debug)]
pub(crate) struct Relay {
    gateway: Arc<Gateway>,
    access: Arc<Access>,
    session: Mutex<Session>,
    definitions: Definitions,
    /// What is accepted of the server's tools, where that is kept.
    pins: Option<Arc<PinnedServer>>,
    client: Outbox,
    upstream: Outbox,
    /// Calls that wait for a counter or a definition before they go on.
    calls: TaskTracker,
    /// Tells those that wait for people that the connection ends. Made when the first waits, or it ends.
    leaving: OnceLock<CancellationToken>,
    /// The server, where calls go to it without a queue.
    direct: OnceLock<Direct>,
    /// By what the client reached the gateway.
    by: OnceLock<Transport>,
    /// By what the server is reached.
    crossing: OnceLock<Weak<Crossing>>,
    /// Its number, which no other connection has.
    connection: u64,
    /// Whether its server is a process, which ends with it.
    is_process: AtomicBool,
    /// Whether a person was asked about one of its calls.
    has_asked_people: AtomicBool,
}

impl Relay {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        access: Arc<Access>,
        identity: Identity,
        client: Outbox,
        upstream: Outbox,
    ) -> Self {
        let connection = gateway.next_connection();
        let pinning = gateway.pinning().filter(|_| access.trust() != Trust::AllowChanges);
        let pins = pinning.map(|pinning| pinning.server(&gateway, access.server()));
        Self {
            access,
            session: Mutex::new(Session::new(identity, &gateway.options.limits, connection)),
            definitions: Definitions::default(),
            pins,
            client,
            upstream,
            calls: TaskTracker::new(),
            leaving: OnceLock::new(),
            direct: OnceLock::new(),
            by: OnceLock::new(),
            crossing: OnceLock::new(),
            connection,
            is_process: AtomicBool::new(false),
            has_asked_people: AtomicBool::new(false),
            gateway,
        }
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Notes that the client is reached by HTTP.
    pub(crate) fn reached_by(&self, transport: Transport) {
        let _first = self.by.set(transport);
    }

    /// Notes that calls go to the server without a queue.
    pub(crate) fn goes_directly(&self, direct: Direct) {
        let _first = self.direct.set(direct);
    }

    /// The server's name.
    pub(crate) fn server(&self) -> &str {
        self.access.server()
    }

    /// The era that the server speaks, where the operator says so.
    pub(crate) fn server_era(&self) -> Option<Era> {
        self.access.era()
    }

    /// The server as this client's grant may use it.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// Notes by what the server is reached.
    pub(crate) fn crosses(&self, crossing: &Arc<Crossing>) {
        let _first = self.crossing.set(Arc::downgrade(crossing));
    }

    /// The protocol version that client and server speak.
    pub(crate) fn spoken(&self) -> Version {
        self.session().negotiated.version()
    }

    /// Whether client and server have agreed on a version.
    pub(crate) fn has_negotiated(&self) -> bool {
        self.session().negotiated != Negotiated::Nothing
    }

    /// What a modern client declared that it can be asked, as JSON, from its first request.
    pub(crate) fn declared_by_modern(&self) -> Option<Arc<str>> {
        self.session().declared_text.clone()
    }

    /// The server's tools are others now.
    pub(crate) fn tools_changed(&self) {
        self.definitions.changed();
    }

    /// Whether a request of the client's waits for its answer, or for the end of the task that it made.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.session().to_server.is_empty() || self.has_tasks()
    }

    /// Notes that the server is a process, which ends with the connection.
    pub(crate) fn starts_process(&self) {
        self.is_process.store(true, Ordering::Release);
    }

    /// Whether the server's tasks end with the connection: its process does, or the session that it has of before
    /// 2026-07-28.
    fn holds_tasks(&self) -> bool {
        self.is_process.load(Ordering::Acquire) || self.spoken().era() == Era::Legacy
    }

    /// Waits until no call is being judged any more.
    pub(crate) async fn all_judged(&self) {
        self.leave();
        self.calls.wait().await;
    }

    fn leave(&self) {
        self.calls.close();
        self.waits_no_longer();
    }

    /// From now on nobody waits for people.
    pub(crate) fn waits_no_longer(&self) {
        self.leaving().cancel();
    }

    fn leaving(&self) -> &CancellationToken {
        self.leaving.get_or_init(CancellationToken::new)
    }

    /// Tells when the request of this number waits no more, or the connection ends.
    fn until_left(&self, number: u64) -> CancellationToken {
        let left = self.leaving().child_token();
        match self.session().to_server.get_mut(number) {
            Some(asked) => asked.held = Some(left.clone().drop_guard()),
            None => left.cancel(),
        }
        left
    }

    /// Ends the server's input after what is queued for it.
    pub(crate) fn close_upstream(&self) {
        self.upstream.close();
    }

    /// Ends the client's output after what is queued for it.
    pub(crate) fn close_client(&self) {
        self.client.close();
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the records of one message share.
    fn about(&self, method: &str, request: Option<&str>) -> About {
        About {
            identity: Arc::clone(&self.session().identity),
            server: Arc::clone(self.access.server()),
            method: method.to_owned(),
            request: request.map(str::to_owned),
            subject: None,
            resources: Vec::new(),
            traceparent: None,
            trace: None,
            since: Instant::now(),
        }
    }

    /// The way on which a server's question reaches the client: that of the request on whose stream it came, or of
    /// the newest call, which it is most likely about, while somebody reads there.
    fn way_to_ask(&self, on: Option<u64>) -> Outbox {
        let session = self.session();
        let on = on.and_then(|number| session.to_server.get(number)).map(|waiting| &waiting.item);
        let call = || session.to_server.newest(|asked| matches!(asked.awaited, Awaited::Call(_)));
        let way = on.or_else(call).and_then(|asked| asked.reply.as_ref()).map(ReplyTo::outbox);
        way.filter(|outbox| outbox.is_read()).unwrap_or_else(|| self.client.clone())
    }

    /// The way of what a server tells during a request. A modern client hears nothing outside of one.
    fn way_to_tell(&self, on: Option<u64>) -> Outbox {
        let modern = self.session().negotiated == Negotiated::Modern;
        if on.is_some() || modern { self.way_to_ask(on) } else { self.client.clone() }
    }

    fn asked(&self, awaited: Awaited, version: Version, reply: Option<ReplyTo>) -> Asked {
        Asked {
            awaited,
            version,
            reply,
            deadline: self.deadline(),
            progress: None,
            declared: Capabilities::default(),
            may_ask: None,
            task: None,
            held: None,
            credential: None,
        }
    }

    /// When a wait for the server to start ends.
    fn deadline_of_start(&self) -> Option<Instant> {
        let limits = &self.gateway.options.limits;
        Instant::now().checked_add(limits.start.min(limits.answer))
    }

    /// When a wait that begins now ends; never, where that is beyond what the clock can tell.
    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.gateway.options.limits.answer)
    }
}

/// Runs `work` as far as it goes without waiting, and leaves the rest to a task of its own: what needs no
/// store and no server costs no task, and what waits holds nobody up.
fn advance<F>(calls: &TaskTracker, work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut work = Box::pin(work);
    // Whatever wakes this context wakes nobody: the task below polls again by itself.
    let mut context = Context::from_waker(Waker::noop());
    if work.as_mut().poll(&mut context).is_pending() {
        calls.spawn(work);
    }
}
