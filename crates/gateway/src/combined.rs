//! All servers that a grant may use, behind one endpoint: one client here, and for each server a connection with a
//! relay of its own, which judges what reaches it as if it were the only one.
//!
//! Nothing here decides anything about a call. It finds the server that a message is for, gives it the server's own
//! names, and gives what comes back names that say whose they are. A server that is slow, floods or has gone holds up
//! its own callers alone.

mod asking;
mod greeting;
mod in_flight;
mod inward;
mod listen;
mod lists;
mod member;
mod names;
mod outward;
mod requests;
mod session;
mod together;

pub use names::not_joinable;

use std::sync::Arc;
use std::time::Instant;

use interlock_policy::Section;
use interlock_wire::{Message, Parsed, Refusal, RequestId, Version, reply};

use crate::answer;
use crate::capabilities::Capabilities;
use crate::connection::Connection;
use crate::front::{Caller, Exchange, Front, RequestPlace};
use crate::identify::{Credential, Identity};
use crate::outbox::{Outbox, Outgoing, outbox};
use crate::record::About;
use crate::relay::Relay;

pub(crate) use session::Session;
pub(crate) use together::Together;

/// One client of all servers of its grant.
#[derive(Debug)]
pub(crate) struct Combined {
    front: Arc<Front>,
    grant: Arc<str>,
    kind: Kind,
}

/// How the client's requests belong together.
#[derive(Debug)]
enum Kind {
    /// A legacy session: each server has one of its own for it.
    Session(Box<Session>),
    /// Modern requests that stand by themselves, from a client that declared this.
    Modern(Capabilities, Arc<Credential>),
}

/// A server that a message can be sent to now.
#[derive(Debug)]
struct Reached {
    connection: Arc<Connection>,
    /// The exchange in which this client's own identifiers are used there.
    exchange: u64,
}

/// A server that is not served together with the others, and why.
type LeftOut = (Arc<str>, String);

/// JSON-RPC: the parameters are not what the method takes.
const INVALID_PARAMS: i64 = -32_602;

impl Combined {
    /// For one modern request.
    pub(crate) fn modern(front: &Arc<Front>, caller: &Caller, declared: Capabilities) -> Arc<Self> {
        let (front, grant) = (Arc::clone(front), Arc::clone(&caller.grant.name));
        Arc::new(Self { front, grant, kind: Kind::Modern(declared, Arc::clone(&caller.credential)) })
    }

    /// The session, of a legacy client.
    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.kind {
            Kind::Session(session) => Some(session),
            Kind::Modern(..) => None,
        }
    }

    /// What vouches for a modern client.
    fn credential(&self) -> Option<&Arc<Credential>> {
        match &self.kind {
            Kind::Session(_) => None,
            Kind::Modern(_, credential) => Some(credential),
        }
    }

    /// The relay of the server that a tool's joint name says, and the tool's own name there.
    pub(crate) async fn tool(self: &Arc<Self>, joint: &str) -> Option<(Arc<Relay>, String)> {
        let (server, own) = names::split(joint)?;
        let (servers, _) = self.servers();
        if !servers.iter().any(|known| **known == *server) {
            return None;
        }
        let reached = self.reach(server).await.ok()?;
        Some((Arc::clone(reached.connection.relay()), own.to_owned()))
    }

    fn is_modern(&self) -> bool {
        matches!(self.kind, Kind::Modern(..))
    }

    /// The version that the client speaks.
    pub(crate) fn spoken(&self) -> Version {
        self.session().map_or(Version::V2026_07_28, Session::version)
    }

    /// What marks the tokens of progress that are this client's. A modern request's relay knows them by itself.
    fn secret(&self) -> &str {
        self.session().map_or("", Session::secret)
    }

    fn together(&self) -> &Together {
        self.front.together()
    }

    /// The servers of the grant that are served here, and those that are not, in the order of their names.
    fn servers(&self) -> (Vec<Arc<str>>, Vec<LeftOut>) {
        let registry = self.front.registry();
        let Some(grant) = registry.grant(&self.grant) else { return (Vec::new(), Vec::new()) };
        let (mut served, mut left_out) = (Vec::new(), Vec::new());
        for (server, fits) in names::joinable(&grant.servers.keys()) {
            match fits {
                Ok(()) => served.push(Arc::from(server)),
                Err(why) => left_out.push((Arc::from(server), format!("{why}; it is at /mcp/NAME"))),
            }
        }
        (served, left_out)
    }

    /// Takes what was sent in one request; what belongs to it comes out of the queue.
    pub(crate) fn take(self: &Arc<Self>, read: Result<Parsed, Refusal>, place: &RequestPlace) -> Outgoing {
        let (to_caller, back) = outbox(self.front.gateway().options.limits.queued_bytes);
        self.taken(read, &to_caller.impatient(), true, place);
        back
    }

    /// The same for a client whose answers all come on one stream.
    pub(crate) fn take_into(
        self: &Arc<Self>,
        read: Result<Parsed, Refusal>,
        to: &Outbox,
        place: &RequestPlace,
    ) {
        self.taken(read, to, false, place);
    }

    /// `alone`: what goes back belongs to what was sent, whatever identifiers it has.
    fn taken(
        self: &Arc<Self>,
        read: Result<Parsed, Refusal>,
        to: &Outbox,
        alone: bool,
        place: &RequestPlace,
    ) {
        match read {
            Ok(Parsed::One(message)) => self.begin(message, to.clone(), alone, place.clone()),
            Ok(Parsed::Batch(elements)) => {
                let limit = self.front.gateway().options.limits.batch;
                if elements.len() > limit {
                    return self.refused("", None, None, &format!("a batch of more than {limit} messages"));
                }
                for element in elements {
                    match element {
                        Ok(message) => self.begin(message, to.clone(), false, place.clone()),
                        Err(refusal) => self.unreadable(&refusal, to),
                    }
                }
            }
            Err(refusal) => self.unreadable(&refusal, to),
        }
    }

    fn unreadable(&self, refusal: &Refusal, to: &Outbox) {
        let id = refusal.id.as_ref();
        let method = refusal.method.as_deref().unwrap_or_default();
        self.refused(method, id, Some(refusal.code), &refusal.to_string());
        if let Some(answer) = refusal.answer() {
            to.push(answer);
        }
    }

    /// Whoever is to answer takes its time in a task of its own. What its sender leaves behind keeps its place.
    fn begin(self: &Arc<Self>, message: Message, to: Outbox, alone: bool, place: RequestPlace) {
        let (combined, front) = (Arc::clone(self), Arc::clone(&self.front));
        let id = message.id().map(|id| id.to_request_id());
        let is_request = message.method().is_some();
        tokio::spawn(async move {
            let way = to.clone();
            let work = tokio::spawn(async move { Arc::clone(&combined).message(message, way, alone).await });
            // A caller must not wait for what was cut off.
            let done = work.await;
            drop(place);
            if done.is_ok() {
                return;
            }
            front.gateway().alarm("a message to all servers was cut off by a fault of Interlock's own");
            if let (Some(id), true) = (id, is_request) {
                to.push(reply::error(
                    id,
                    -32_603,
                    "the request was cut off by a fault of Interlock's own",
                    None,
                ));
            }
        });
    }

    /// Sends a message to a server that was reached; what belongs to it comes out of the exchange.
    async fn send(&self, reached: &Reached, text: String, exchange: u64) -> Option<Exchange> {
        let relay = reached.connection.relay();
        // Read and judged as a whole, as if the server had been addressed by itself.
        match self.read_again(text) {
            Ok(message) => Some(Exchange::begin(relay, message, exchange, self.credential().cloned()).await),
            Err(refusal) => {
                tracing::error!("a message for a server cannot be read again: {refusal}");
                None
            }
        }
    }

    /// A message that has been read before, and may have grown by a name since.
    fn read_again(&self, text: String) -> Result<Message, Refusal> {
        let limits = &self.front.gateway().options.limits.message;
        let limits = interlock_json::Limits { bytes: limits.bytes.saturating_mul(2), ..*limits };
        Message::parse(text.into_bytes(), &limits)
    }

    /// What one server says to the client, with its names.
    fn translated(&self, server: &str, line: String, method: &str) -> Option<String> {
        let outward = outward::Outward { server, secret: self.secret(), is_modern: self.is_modern() };
        let message = self.read_again(line).ok()?;
        match outward.message(&message, method) {
            Ok(text) => Some(text),
            Err(why) => {
                let method = message.method().unwrap_or_default().into_owned();
                let mut about = self.about(&method, None);
                about.server = Arc::from(server);
                self.front.gateway().recorder.refused_of_server(&about, None, &why.to_string());
                None
            }
        }
    }

    fn about(&self, method: &str, id: Option<&RequestId>) -> About {
        let identity = match self.session() {
            Some(session) => session.identity(),
            None => Arc::new(Identity {
                grant: self.grant.to_string(),
                session: self.front.instance().to_owned(),
                client: None,
            }),
        };
        About {
            identity,
            server: Arc::from(""),
            method: method.to_owned(),
            request: id.map(|id| id.raw().to_owned()),
            subject: None,
            resources: Vec::new(),
            traceparent: None,
            trace: None,
            since: Instant::now(),
        }
    }

    /// Records that a message was not sent on.
    fn refused(&self, method: &str, id: Option<&RequestId>, code: Option<i64>, reason: &str) {
        self.front.gateway().recorder.refused(&self.about(method, id), code, reason);
    }

    /// Refuses a request that names something, with its record and its answer.
    fn refuse(&self, to: &Outbox, asked: &Asked<'_>, code: i64, reason: &str) {
        let mut about = self.about(asked.method, Some(asked.id));
        about.subject = asked.subject.clone();
        self.front.gateway().recorder.refused(&about, Some(code), reason);
        to.push(reply::error(asked.id, code, reason, None));
    }

    /// A server that cannot be asked.
    fn unreachable(&self, to: &Outbox, asked: &Asked<'_>, server: &str, reason: &str) {
        self.refuse(to, asked, answer::GONE, &format!("the server `{server}` cannot be used: {reason}"));
    }
}

/// A request that is being looked at.
#[derive(Debug)]
struct Asked<'m> {
    method: &'m str,
    id: &'m RequestId,
    subject: Option<(Section, String)>,
}
