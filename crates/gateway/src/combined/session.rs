//! A legacy client's session with all servers of its grant.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use interlock_wire::{Era, Message, Outcome, RequestId, Shape, Version, reply};
use tokio::sync::watch;

use super::in_flight::{Begun, InFlight};
use super::member::Member;
use super::{Asked, Combined, Kind, Reached, greeting};
use crate::front::{Caller, Front};
use crate::identify::{Identity, LastShown, client_info};
use crate::mailbox::Mailbox;
use crate::outbox::Outbox;
use crate::pending::PendingError;

/// What the servers' sessions for one client have in common.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Mutex<Arc<Identity>>,
    /// Every server's session is used with the same.
    credential: LastShown,
    members: Mutex<BTreeMap<String, Arc<Member>>>,
    /// The client's `initialize`, which each server is sent, and the version that the client speaks.
    greeting: OnceLock<(Message, Version)>,
    /// Whether the client has said that it is ready.
    initialized: watch::Sender<bool>,
    /// Whether the client knows what there is, so that it must be told of more.
    answered: AtomicBool,
    /// The last `logging/setLevel`, for servers that are reached later.
    level: Mutex<Option<Message>>,
    mailbox: Arc<Mailbox>,
    in_flight: Arc<InFlight>,
    /// Marks tokens of progress. No server ever sees it.
    secret: String,
    used: Mutex<Instant>,
    ended: watch::Sender<bool>,
}

/// In every server's session the client's identifiers are under this number, and the gateway's own under others.
const OF_SESSION: u64 = u64::MAX;

impl Session {
    /// Nothing is known of the client yet. `label` names the session in records.
    fn new(front: &Front, caller: &Caller, label: String, secret: String) -> Self {
        let limits = &front.gateway().options.limits;
        Self {
            identity: Mutex::new(Arc::new(Identity {
                grant: caller.grant.name.to_string(),
                session: label,
                client: None,
            })),
            credential: LastShown::new(&caller.credential),
            members: Mutex::default(),
            greeting: OnceLock::new(),
            initialized: watch::Sender::new(false),
            answered: AtomicBool::new(false),
            level: Mutex::default(),
            mailbox: Arc::new(Mailbox::new(limits.mailbox)),
            in_flight: InFlight::at_most(limits.in_flight),
            secret,
            used: Mutex::new(Instant::now()),
            ended: watch::Sender::new(false),
        }
    }

    pub(super) fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it was used with last.
    pub(crate) fn credential(&self) -> &LastShown {
        &self.credential
    }

    pub(super) fn members(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The version that the client speaks.
    pub(crate) fn version(&self) -> Version {
        self.greeting.get().map_or(Version::V2025_03_26, |(_, version)| *version)
    }

    /// Whether `initialize` has been answered.
    pub(crate) fn has_negotiated(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    pub(crate) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// The client's `initialize`, for one server.
    pub(super) fn greeting(&self) -> Option<&Message> {
        self.greeting.get().map(|(message, _)| message)
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn level(&self) -> Option<Message> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn initialized(&self) {
        self.initialized.send_replace(true);
    }

    /// Waits until the client has said that it is ready.
    pub(super) async fn is_initialized(&self) {
        let mut initialized = self.initialized.subscribe();
        let _ended = initialized.wait_for(|initialized| *initialized).await.is_err();
    }

    /// Notes that somebody uses it, and every server with it.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.members()
            .values()
            .filter_map(|member| member.connection())
            .for_each(|connection| connection.touch());
    }

    /// Whether nobody has used it for so long, nor waits for anything.
    pub(crate) fn is_idle(&self, now: Instant, most: Duration) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = !self.in_flight.is_empty();
        now.saturating_duration_since(used) >= most && !waiting
    }

    /// Lets a request be in flight.
    pub(super) async fn begin(&self, id: &RequestId) -> Result<Begun, PendingError> {
        self.in_flight.begin(id).await
    }
}

impl Combined {
    /// Begins a legacy client's session. `label` names it in records; `secret` is nobody's but its own.
    pub(crate) fn begin_session(
        front: &Arc<Front>,
        caller: &Caller,
        label: String,
        secret: String,
    ) -> Arc<Self> {
        let session = Session::new(front, caller, label, secret);
        Arc::new(Self {
            front: Arc::clone(front),
            grant: Arc::clone(&caller.grant.name),
            kind: Kind::Session(Box::new(session)),
        })
    }

    /// Ends the session and every server's for it.
    pub(super) fn end(&self) {
        let Some(session) = self.session() else { return };
        session.ended.send_replace(true);
        // What waits for the client to be ready need not wait any longer.
        session.initialized();
        let members = std::mem::take(&mut *session.members());
        members.values().for_each(|member| member.end(&self.front));
        session.mailbox.end();
    }

    /// Answers `initialize` with what all servers offer; each is sent what the client sent.
    pub(super) async fn initialize(self: &Arc<Self>, message: &Message, asked: &Asked<'_>, to: &Outbox) {
        let again =
            || self.refuse(to, asked, super::requests::INVALID_REQUEST, "the session has been initialized");
        let Some(session) = self.session() else { return };
        let version = message
            .params()
            .and_then(|params| params.get("protocolVersion"))
            .and_then(interlock_json::Value::as_str)
            .and_then(|text| Version::parse(&text))
            .filter(|version| version.era() == Era::Legacy)
            .unwrap_or(Version::LATEST_LEGACY);
        if session.greeting.set((message.clone(), version)).is_err() {
            return again();
        }
        {
            let info = message.params().and_then(|params| params.get("clientInfo"));
            let mut identity = session.identity.lock().unwrap_or_else(PoisonError::into_inner);
            *identity = Arc::new(Identity { client: client_info(info), ..Identity::clone(&identity) });
        }
        let (servers, left_out) = self.servers();
        let mut greeted =
            self.gather(&servers, |combined, server| async move { combined.greeted(&server).await }).await;
        greeted.extend(left_out.into_iter().map(|(server, why)| (server, Err(why))));
        session.answered.store(true, Ordering::Release);
        to.send(reply::result(asked.id, &greeting::initialized(&greeted, version))).await;
    }

    /// Sets every server's level of logging, and remembers it for those that are reached later.
    pub(super) async fn set_level(self: &Arc<Self>, message: &Message, id: &RequestId, to: &Outbox) {
        let Some(session) = self.session() else { return };
        *session.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.clone());
        let (servers, _) = self.servers();
        let text = message.with_id("0");
        let answers = self
            .gather(&servers, |combined, server| {
                let text = text.clone();
                async move {
                    let reached = combined.reach(&server).await?;
                    if !combined.offers(&server, &["logging"]) {
                        return Ok(None);
                    }
                    combined.ask(&reached, text).await.map(Some)
                }
            })
            .await;
        let answers: Vec<Message> =
            answers.into_iter().filter_map(|(_, answer)| answer.ok().flatten()).collect();
        let refusal = |answer: &Message| match answer.shape() {
            Shape::Response(response) => match response.outcome {
                Outcome::Error(error) => Some((error.code, error.message.into_owned())),
                Outcome::Result(_) => None,
            },
            _ => None,
        };
        let refusals: Vec<_> = answers.iter().filter_map(refusal).collect();
        match refusals.first() {
            // A level that nobody knows is none.
            Some((code, reason)) if refusals.len() == answers.len() => {
                to.send(reply::error(id, *code, reason, None)).await;
            }
            _ => to.send(reply::result(id, "{}")).await,
        }
    }

    /// Whether a server has said that it has this; one of modern requests is simply asked.
    pub(super) fn offers(&self, server: &str, capability: &[&str]) -> bool {
        let member = self.session().and_then(|session| session.members().get(server).map(Arc::clone));
        member.is_none_or(|member| member.offers(capability))
    }

    /// A server whose session for this client is ready.
    pub(super) async fn ready(self: &Arc<Self>, server: &str) -> Result<Reached, String> {
        let Some(session) = self.session() else { return Err("there is no session".to_owned()) };
        // A client that goes on has been told enough.
        if session.has_negotiated() {
            session.initialized();
        }
        let member = self.member(server)?;
        member.is_ready().await?;
        let connection = member.connection().ok_or("it has gone")?;
        connection.touch();
        Ok(Reached { connection: Arc::clone(connection), exchange: OF_SESSION })
    }

    /// Tells one server something, if it is there.
    pub(super) async fn tell(&self, server: &str, text: String) {
        let member = self.session().and_then(|session| session.members().get(server).map(Arc::clone));
        let Some(connection) = member.as_ref().and_then(|member| member.connection()) else {
            return self.refused("", None, None, "an answer for a server that has gone");
        };
        let reached = Reached { connection: Arc::clone(connection), exchange: OF_SESSION };
        let _nothing_comes_back = self.send(&reached, text, OF_SESSION).await;
    }

    /// Tells every server that is ready: the others know nothing that could have changed.
    pub(super) async fn tell_all(&self, message: &Message) {
        let Some(session) = self.session() else { return };
        let ready = |(server, member): (&String, &Arc<Member>)| member.can_be_told().then(|| server.clone());
        let servers: Vec<String> = session.members().iter().filter_map(ready).collect();
        for server in servers {
            self.tell(&server, message.source().to_owned()).await;
        }
    }

    /// Tells the client that what it may use may be another now.
    pub(super) fn lists_changed(&self) {
        let Some(session) = self.session().filter(|session| session.has_negotiated()) else { return };
        let own = Arc::from("");
        for list in ["tools", "prompts", "resources"] {
            let text = reply::notification(&format!("notifications/{list}/list_changed"), None);
            session.mailbox.put(&own, &text);
        }
    }

    /// Servers may have come or gone.
    pub(super) fn registry_changed(&self) {
        let Some(session) = self.session() else { return };
        let (servers, _) = self.servers();
        let gone: Vec<Arc<Member>> = {
            let mut members = session.members();
            let gone = members.extract_if(.., |name, _| !servers.iter().any(|server| **server == **name));
            gone.map(|(_, member)| member).collect()
        };
        gone.iter().for_each(|member| member.end(&self.front));
        self.lists_changed();
    }

    /// Keeps what a server says of its own for the client.
    pub(super) fn heard(&self, server: &Arc<str>, message: &str) {
        let Some(session) = self.session() else { return };
        if let Some(text) = self.translated(server, message.to_owned(), "") {
            session.mailbox.put(server, &text);
        }
    }
}

/// The answer, where it holds a result.
pub(super) fn result_of(answer: Message) -> Result<Message, String> {
    let refused = match answer.shape() {
        Shape::Response(response) => match response.outcome {
            Outcome::Result(_) => None,
            Outcome::Error(error) => Some(super::asking::in_words(&error)),
        },
        _ => Some("it gave no answer".to_owned()),
    };
    refused.map_or(Ok(answer), Err)
}
