//! What stands behind the listener: who calls, on which connection, and what goes back.

mod caller;
mod requests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use interlock_audit::RefusalCategory;
use interlock_wire::{Parsed, Refusal};
use requests::Requests;

use crate::capabilities::Capabilities;
use crate::connection::Connection;
use crate::gateway::Gateway;
use crate::identify::{Credential, Identity, Unknown};
use crate::known_tokens::KnownTokens;
use crate::mailbox::Reader;
use crate::outbox::{Outgoing, outbox};
use crate::record::{About, Peer, now_ms};
use crate::registry::{Grant, Registry};
use crate::relay::{Origin, Relay};
use crate::upstream::OpenError;

pub(crate) use caller::{Caller, Shown};
pub(crate) use requests::RequestPlace;

/// Every grant's way in.
#[derive(Debug)]
pub struct Front {
    gateway: Arc<Gateway>,
    registry: ArcSwap<Registry>,
    tokens: KnownTokens,
    /// The instance's name, of which sessions' names in records begin.
    instance: String,
    sessions: Mutex<HashMap<String, Session>>,
    shared: Mutex<HashMap<Sharing, Arc<Connection>>>,
    numbers: AtomicU64,
    /// Requests that are being answered, by their grants.
    requests: Requests,
}

/// Who has asked what was refused.
#[derive(Debug)]
pub(crate) enum Asker {
    /// A holder of this grant.
    Grant(Arc<str>),
    /// Nobody that is known, at this address.
    Stranger(IpAddr),
}

/// A legacy client's session.
#[derive(Debug)]
struct Session {
    grant: Arc<str>,
    server: String,
    connection: Arc<Connection>,
    /// What it was used with last: it does not outlive that.
    credential: Credential,
}

/// Modern requests that go over one connection to the server: those of one grant that may be asked the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sharing {
    grant: Arc<str>,
    server: String,
    /// What the client declared that it can be asked.
    capabilities: Capabilities,
}

/// The grant of nobody, in records.
const STRANGER: &str = "(unknown)";

/// Why a caller is turned away before anything is judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnedAway {
    /// No token where one is needed.
    #[error("a bearer token is needed")]
    NoToken,
    /// A token that stands for nothing, or no longer.
    #[error("the bearer token is not valid")]
    BadToken,
    /// What was shown is good, or is not, and stands for no grant.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The grant has ended.
    #[error("the grant has expired")]
    Expired,
    /// No such server for this grant.
    #[error("there is no server `{server}` here")]
    NoServer {
        /// The name.
        server: String,
    },
    /// The session has ended, was never there, or is not the caller's.
    #[error("the session has ended; initialize again")]
    NoSession,
    /// More sessions than the limit.
    #[error("more than {limit} sessions are open; try again later")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// The server cannot be reached.
    #[error("the server `{server}` cannot be reached")]
    Unreachable {
        /// The name.
        server: String,
        /// Why, for the operator.
        source: OpenError,
    },
    /// More requests than one grant may have.
    #[error("more than {limit} requests of this grant are being answered; try again later")]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// No randomness for a session's name.
    #[error("the system has no randomness to give")]
    NoRandomness,
}

/// One exchange: what came in a request, and the queue of what goes back.
#[derive(Debug)]
pub(crate) struct Exchange {
    relay: Arc<Relay>,
    number: u64,
    /// Whether closing the stream withdraws what was asked (2026-07-28).
    withdraws: bool,
    pub(crate) back: Outgoing,
}

/// An exchange that its caller has left.
impl Drop for Exchange {
    fn drop(&mut self) {
        if self.withdraws && !self.back.has_ended() {
            let (relay, number) = (Arc::clone(&self.relay), self.number);
            tokio::spawn(async move { relay.withdraw_all(number).await });
        }
    }
}

impl Front {
    /// A front for these servers and grants.
    pub fn new(gateway: Arc<Gateway>, registry: Registry, tokens: KnownTokens, instance: &str) -> Self {
        Self {
            gateway,
            registry: ArcSwap::from_pointee(registry),
            tokens,
            instance: instance.to_owned(),
            sessions: Mutex::default(),
            shared: Mutex::default(),
            numbers: AtomicU64::new(1),
            requests: Arc::default(),
        }
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// The servers and grants in force.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    /// Puts other servers and grants in force. Connections that they no longer allow, or whose server is reached
    /// another way now, end; the others do not notice.
    pub fn use_registry(&self, registry: Registry) {
        let before = self.registry.swap(Arc::new(registry));
        before.withdraw_others_than(&self.registry.load());
        self.end_withdrawn();
        for session in self.sessions().values() {
            if !self.is_current(&session.grant, &session.server, &session.connection) {
                session.connection.close();
            }
        }
        for (sharing, connection) in self.shared().iter() {
            if !self.is_current(&sharing.grant, &sharing.server, connection) {
                connection.close();
            }
        }
    }

    /// Whether a connection is one that the registry in force would open. What was opened while the registry changed
    /// may not be.
    fn is_current(&self, grant: &str, server: &str, connection: &Connection) -> bool {
        let registry = self.registry.load();
        let access = registry.grant(grant).and_then(|grant| registry.access(grant, server));
        access.is_some_and(|(reached, access)| connection.is_to(reached, &access))
    }

    /// Keeps the tokens in force as the store has them, for as long as this is polled.
    pub(crate) async fn keep_tokens(&self) {
        let ending = async {
            loop {
                self.tokens.revoked().await;
                self.end_withdrawn();
            }
        };
        tokio::join!(self.tokens.keep_reading(), ending);
    }

    /// Ends the sessions of callers whose token, certificate or grant has been taken back.
    fn end_withdrawn(&self) {
        for session in self.sessions().values().filter(|session| session.credential.is_withdrawn()) {
            session.connection.close();
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<Sharing, Arc<Connection>>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a request was refused before it was a message. Neither the token nor anything else that was sent
    /// is in the record.
    pub(crate) fn refused(
        &self,
        asker: &Asker,
        server: Option<String>,
        category: RefusalCategory,
        status: u16,
        reason: &str,
    ) {
        let grant = match asker {
            Asker::Grant(grant) => grant.to_string(),
            Asker::Stranger(_) => STRANGER.to_owned(),
        };
        let identity = Identity { grant, session: self.instance.clone(), client: None };
        let about = About {
            identity: Arc::new(identity),
            server: Arc::from(server.unwrap_or_default()),
            method: "HTTP".to_owned(),
            request: None,
            subject: None,
            resources: Vec::new(),
            traceparent: None,
        };
        let peer = match asker {
            Asker::Grant(grant) => Peer::Grant(grant),
            Asker::Stranger(address) => Peer::Stranger(*address),
        };
        self.gateway.recorder.refused_by(category, &peer, &about, Some(i64::from(status)), reason);
    }

    /// The session of this name, where it is this grant's with this server.
    pub(crate) fn session(
        &self,
        caller: &Caller,
        server: &str,
        name: &str,
    ) -> Result<Arc<Connection>, TurnedAway> {
        let mut sessions = self.sessions();
        let session = sessions
            .get_mut(name)
            .filter(|session| session.grant == caller.grant.name && session.server == server)
            .filter(|session| !session.credential.is_withdrawn())
            .filter(|session| !session.connection.has_ended())
            .filter(|session| self.is_current(&session.grant, &session.server, &session.connection))
            .ok_or(TurnedAway::NoSession)?;
        session.connection.touch();
        session.credential = caller.credential.clone();
        Ok(Arc::clone(&session.connection))
    }

    /// Begins a session; gives its name and its connection.
    pub(crate) fn begin(
        &self,
        caller: &Caller,
        server: &str,
    ) -> Result<(String, Arc<Connection>), TurnedAway> {
        let grant = &caller.grant;
        self.forget_ended();
        let of_grant = |session: &&Session| session.grant == grant.name;
        let (all, own) = {
            let sessions = self.sessions();
            (sessions.len(), sessions.values().filter(of_grant).count())
        };
        self.has_room(all, own)?;
        let name = session_name()?;
        let connection = self.connect(grant, server, self.gateway.options.limits.mailbox)?;
        let session = Session {
            grant: Arc::clone(&grant.name),
            server: server.to_owned(),
            connection: Arc::clone(&connection),
            credential: caller.credential.clone(),
        };
        self.sessions().insert(name.clone(), session);
        // What was taken back meanwhile was not yet among the sessions.
        if caller.credential.is_withdrawn() {
            connection.close();
        }
        Ok((name, connection))
    }

    /// One grant must not take all the room there is.
    fn has_room(&self, all: usize, own: usize) -> Result<(), TurnedAway> {
        let limits = &self.gateway.options.limits;
        for (open, limit) in [(all, limits.sessions), (own, limits.sessions_of_grant)] {
            if open >= limit {
                return Err(TurnedAway::Full { limit });
            }
        }
        Ok(())
    }

    /// Ends a session. It counts until its server has gone.
    pub(crate) fn end(&self, name: &str) {
        if let Some(session) = self.sessions().get(name) {
            session.connection.close();
        }
    }

    /// The connection for modern requests of a grant whose client declared this.
    pub(crate) fn sharing(
        &self,
        grant: &Grant,
        server: &str,
        capabilities: Capabilities,
    ) -> Result<Arc<Connection>, TurnedAway> {
        let sharing = Sharing { grant: Arc::clone(&grant.name), server: server.to_owned(), capabilities };
        let mut shared = self.shared();
        if let Some(connection) = shared.get(&sharing) {
            let current = self.is_current(&sharing.grant, &sharing.server, connection);
            if current && !connection.has_ended() {
                connection.touch();
                return Ok(Arc::clone(connection));
            }
            connection.close();
        }
        let own = shared.keys().filter(|sharing| sharing.grant == grant.name).count();
        self.has_room(shared.len(), own)?;
        // What nobody listens for is not kept: a modern server says nothing outside of a request.
        let connection = self.connect(grant, server, 0)?;
        shared.insert(sharing, Arc::clone(&connection));
        Ok(connection)
    }

    fn connect(&self, grant: &Grant, server: &str, keep: usize) -> Result<Arc<Connection>, TurnedAway> {
        let registry = self.registry.load();
        // The grant as it is now, not as it was when the request began.
        let (reached, access) = registry
            .grant(&grant.name)
            .and_then(|grant| registry.access(grant, server))
            .ok_or_else(|| TurnedAway::NoServer { server: server.to_owned() })?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let identity = Identity {
            grant: grant.name.to_string(),
            session: format!("{}/{number}", self.instance),
            client: None,
        };
        if let Err(error) = crate::upstream::record_start(&self.gateway, server, reached) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
        Connection::open(&self.gateway, &access, reached, identity, keep)
            .map_err(|source| TurnedAway::Unreachable { server: server.to_owned(), source })
    }

    /// Whether this grant may know of this server.
    pub(crate) fn serves(&self, grant: &Grant, server: &str) -> bool {
        self.registry.load().access(grant, server).is_some()
    }

    /// Hands over what came in one request; what goes back comes out of the exchange.
    pub(crate) async fn exchange(
        &self,
        connection: &Connection,
        read: Result<Parsed, Refusal>,
        withdraws: bool,
    ) -> Exchange {
        let (to_caller, back) = outbox(self.gateway.options.limits.queued_bytes);
        let relay = Arc::clone(connection.relay());
        // A session's identifiers are its own; modern requests are each by itself.
        let number = if withdraws { self.numbers.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let from = Origin { outbox: to_caller.impatient(), exchange: number };
        let exchange = Exchange { relay: Arc::clone(&relay), number, withdraws, back };
        if withdraws {
            relay.take(read, &from).await;
        } else {
            // A legacy client that leaves has cancelled nothing: what it sent is taken in whole.
            let taking = async move { relay.take(read, &from).await };
            if let Err(error) = tokio::spawn(taking).await {
                tracing::error!("taking a message was cut off by a fault of Interlock's own: {error}");
            }
        }
        exchange
    }

    /// The stream of what a session's server says of its own.
    pub(crate) fn listen(connection: &Connection, after: Option<u64>) -> Reader {
        connection.mailbox().read(after)
    }

    /// Ends what nobody has used for long, and forgets what has ended.
    pub(crate) fn sweep(&self, now: Instant) {
        let limits = &self.gateway.options.limits;
        let idle = |connection: &Connection, most: Duration| {
            connection.idle(now) >= most && !connection.relay().is_waiting()
        };
        for session in self.sessions().values() {
            let expired = session.credential.has_expired_for(now_ms(), limits.renewal);
            if expired || session.credential.is_withdrawn() || idle(&session.connection, limits.session_idle)
            {
                session.connection.close();
            }
        }
        for connection in self.shared().values() {
            if idle(connection, limits.session_idle) {
                connection.close();
            }
        }
        self.forget_ended();
    }

    fn forget_ended(&self) {
        self.sessions().retain(|_, session| !session.connection.is_over());
        self.shared().retain(|_, connection| !connection.is_over());
    }

    /// Ends every connection, and waits until all have ended.
    pub(crate) async fn close(&self) {
        let mut open: Vec<_> = self.sessions().drain().map(|(_, session)| session.connection).collect();
        open.extend(self.shared().drain().map(|(_, connection)| connection));
        open.iter().for_each(|connection| connection.close());
        for connection in open {
            connection.ended().await;
        }
    }
}

/// A name that nobody guesses: 128 random bits.
fn session_name() -> Result<String, TurnedAway> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| TurnedAway::NoRandomness)?;
    Ok(hex::encode(random))
}
