//! One relay between a client and a server, with the tasks that keep it going, for as long as it is used.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, future};

use crate::access::Access;
use crate::fault::guarded;
use crate::flag::Flag;
use crate::gateway::Gateway;
use crate::identify::Identity;
use crate::mailbox::Mailbox;
use crate::metrics::Transport;
use crate::outbox::outbox;
use crate::relay::Relay;
use crate::run::{tell, tick};
use crate::transport::child::StandardError;
use crate::upstream::{self, Gone, OpenError, Server, Upstream};

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Connection {
    relay: Arc<Relay>,
    access: Arc<Access>,
    reached: Server,
    mailbox: Arc<Mailbox>,
    course: Arc<Course>,
    used: Mutex<Instant>,
}

/// How far a connection has come.
#[derive(Debug, Default)]
struct Course {
    /// It is to end.
    closing: Flag,
    ended: Flag,
}

/// Held by whoever keeps a connection going: however that ends, the connection has ended.
struct Going(Arc<Course>);

impl Drop for Going {
    fn drop(&mut self) {
        self.0.ended.raise();
    }
}

impl Connection {
    /// Reaches the server and begins to relay. `keep` is how many bytes of what the server says of its own are kept
    /// for a client that does not listen.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) fn open(
        gateway: &Arc<Gateway>,
        access: &Arc<Access>,
        server: &Server,
        identity: Identity,
        keep: usize,
    ) -> Result<Arc<Self>, OpenError> {
        let opened = server.open(StandardError::Read)?;
        let limits = &gateway.options.limits;
        let (to_client, for_client) = outbox(limits.queued_bytes);
        let (to_server, for_server) = outbox(limits.queued_bytes);
        let relay = Relay::new(Arc::clone(gateway), Arc::clone(access), identity, to_client, to_server);
        relay.reached_by(Transport::Http);
        let relay = Arc::new(relay);
        let mailbox = Arc::new(Mailbox::new(keep));
        let filled = Arc::clone(&mailbox);
        tokio::spawn(async move { filled.fill(for_client).await });
        let course = Arc::<Course>::default();
        let upstream = opened.attach(&relay, for_server);
        tokio::spawn(supervise(Going(Arc::clone(&course)), Arc::clone(&relay), upstream));
        let (access, reached) = (Arc::clone(access), server.clone());
        let used = Mutex::new(Instant::now());
        Ok(Arc::new(Self { relay, access, reached, mailbox, course, used }))
    }

    pub(crate) fn relay(&self) -> &Arc<Relay> {
        &self.relay
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Whether it is what a new one would be: to this server, by these policies.
    pub(crate) fn is_to(&self, reached: &Server, access: &Arc<Access>) -> bool {
        self.reached == *reached && Arc::ptr_eq(&self.access, access)
    }

    /// Notes that somebody uses it.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long nobody has used it.
    pub(crate) fn idle(&self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the server has gone, or is told to go: nothing more can be asked.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_over() || self.course.closing.is_up()
    }

    /// Whether the server has gone and everything has been recorded.
    pub(crate) fn is_over(&self) -> bool {
        self.course.ended.is_up()
    }

    /// Ends it: what is being judged is still handed over, and the server gets time to go.
    pub(crate) fn close(&self) {
        self.course.closing.raise();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&self) {
        self.course.ended.raised().await;
    }
}

/// One that nobody has any more ends, too.
impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// Keeps a relay going until its server has gone or it is to end. All in one task: every session has such. It is awaited
/// in no other, which would have room for it twice.
async fn supervise(going: Going, relay: Arc<Relay>, mut upstream: Upstream) {
    let closing = &going.0.closing;
    let kept = pin!(keep(&relay, closing));
    let over = pin!(until_over(&relay, &mut upstream, closing));
    future::select(over, kept).await;
}

/// Tells the client of what is replaced and ends waits, for as long as it is polled.
fn keep(relay: &Arc<Relay>, closing: &Flag) -> impl Future<Output = ()> {
    let (gateway, replaced) = (relay.gateway(), relay.access().watch());
    let telling = guarded(gateway, "telling of what is replaced", tell(Arc::clone(relay), replaced));
    // Without it no wait would end.
    let ticking = guarded(gateway, "ending waits", tick(Arc::clone(relay)));
    let ticking = ticking.map(|_| closing.raise());
    future::join(telling, ticking).then(|_| future::pending())
}

/// Waits until the server has gone or the relay is to end, and ends both.
async fn until_over(relay: &Relay, upstream: &mut Upstream, closing: &Flag) {
    let gone = tokio::select! {
        gone = upstream.gone() => Some(gone),
        () = closing.raised() => None,
    };
    // Boxed, as all that comes once or seldom in a session: it would take its room from the beginning to the end.
    Box::pin(end(relay, upstream, gone)).await;
}

/// Ends the relay, and its server where that has not gone.
async fn end(relay: &Relay, upstream: &mut Upstream, gone: Option<Gone>) {
    let (gateway, access) = (relay.gateway(), relay.access());
    if let Some(Gone::Fault(task)) = gone {
        gateway.alarm(&format!("{task} was cut off by a fault of Interlock's own"));
    }
    let server_is_there = gone.is_none();
    if server_is_there {
        let _in_time = tokio::time::timeout(gateway.options.limits.shutdown, relay.all_judged()).await;
    }
    relay.leave_questions().await;
    let words = upstream.end(server_is_there, future::pending()).await;
    if gone == Some(Gone::Ended) {
        gateway.server_failed(access.server(), &format!("it has ended by itself: {words}"));
    }
    upstream::record_stop(gateway, access.server(), &words);
    relay.close_client();
}

#[cfg(test)]
mod tests;
