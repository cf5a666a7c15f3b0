//! What stands behind the listener: who calls, on which connection, and what goes back.

mod beginning;
mod caller;
mod exchange;
mod requests;
mod turned_away;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use foldhash::quality::RandomState;
use interlock_audit::RefusalCategory;
use interlock_wire::{Parsed, Refusal};

use crate::capabilities::Capabilities;
use crate::combined::{Combined, Together};
use crate::connection::Connection;
use crate::errand::Errand;
use crate::fault::guarded;
use crate::gateway::Gateway;
use crate::identify::{Credential, Identity, LastShown};
use crate::known_tokens::KnownTokens;
use crate::metrics::Levels;
use crate::record::{About, HTTP, Peer, now_ms};
use crate::registry::{Grant, Registry};
use crate::settle::Ending;
use crate::streams::Streams;

use exchange::Open;
use requests::Requests;

pub(crate) use beginning::{Beginning, Beginnings};
pub(crate) use caller::{Caller, Shown};
pub(crate) use exchange::Exchange;
pub(crate) use requests::RequestPlace;
pub(crate) use turned_away::TurnedAway;

/// Every grant's way in.
#[derive(Debug)]
pub struct Front {
    gateway: Arc<Gateway>,
    registry: ArcSwap<Registry>,
    tokens: KnownTokens,
    /// The instance's name, of which sessions' names in records begin.
    instance: String,
    sessions: Mutex<HashMap<String, Session, RandomState>>,
    /// Those that are not among the sessions yet.
    beginning: Beginnings,
    shared: Mutex<HashMap<Sharing, Arc<Connection>, RandomState>>,
    together: Together,
    streams: Streams,
    numbers: AtomicU64,
    listening: AtomicBool,
    draining: AtomicBool,
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
    credential: LastShown,
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

impl Front {
    /// A front for these servers and grants.
    pub fn new(gateway: Arc<Gateway>, registry: Registry, tokens: KnownTokens, instance: &str) -> Self {
        Self {
            gateway,
            registry: ArcSwap::from_pointee(registry),
            tokens,
            instance: instance.to_owned(),
            sessions: Mutex::default(),
            beginning: Beginnings::default(),
            shared: Mutex::default(),
            together: Together::default(),
            streams: Streams::default(),
            numbers: AtomicU64::new(1),
            listening: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            requests: Arc::default(),
        }
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Notes that callers are answered from now on.
    pub(crate) fn listens(&self) {
        self.listening.store(true, Ordering::Release);
    }

    /// Notes that nobody new is answered any more; calls that wait for people are answered now, and made again elsewhere.
    pub(crate) fn drains(&self) {
        self.draining.store(true, Ordering::Release);
        self.sessions().values().for_each(|session| session.connection.relay().waits_no_longer());
        self.shared().values().for_each(|connection| connection.relay().waits_no_longer());
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The instance's name.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// What clients of all servers share.
    pub(crate) fn together(&self) -> &Together {
        &self.together
    }

    /// The sessions whose answers come on one stream.
    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// A number that was not given before.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
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
        self.together.registry_changed();
    }

    /// Whether a connection is one that the registry in force would open. What was opened while the registry changed
    /// may not be.
    pub(crate) fn is_current(&self, grant: &str, server: &str, connection: &Connection) -> bool {
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
        self.together.end_those(|session| session.credential().is_withdrawn());
    }

    /// Puts in force what was just changed of the tokens.
    pub(crate) async fn tokens_changed(&self) {
        self.tokens.read_now().await;
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session, RandomState>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<Sharing, Arc<Connection>, RandomState>> {
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
            method: HTTP.to_owned(),
            request: None,
            subject: None,
            resources: Vec::new(),
            traceparent: None,
            trace: None,
            since: Instant::now(),
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
        let sessions = self.sessions();
        let session = sessions
            .get(name)
            .filter(|session| session.grant == caller.grant.name && session.server == server)
            .filter(|session| !session.credential.is_withdrawn())
            .filter(|session| !session.connection.has_ended())
            .filter(|session| self.is_current(&session.grant, &session.server, &session.connection))
            .ok_or(TurnedAway::NoSession)?;
        session.connection.touch();
        session.credential.replace(&caller.credential);
        Ok(Arc::clone(&session.connection))
    }

    /// Begins a session; gives its name and its connection.
    pub(crate) fn begin(
        &self,
        caller: &Caller,
        server: &str,
    ) -> Result<(String, Arc<Connection>), TurnedAway> {
        self.begin_in(&caller.grant, server, &LastShown::new(&caller.credential), None)
    }

    /// Begins a session that may count as part of another: of the one that records know under `label`, and that is
    /// used with the same `credential`.
    pub(crate) fn begin_in(
        &self,
        grant: &Grant,
        server: &str,
        credential: &LastShown,
        label: Option<String>,
    ) -> Result<(String, Arc<Connection>), TurnedAway> {
        self.forget_ended();
        let place = {
            let sessions = self.sessions();
            let own = sessions.values().filter(|session| session.grant == grant.name).count();
            let open = |all, begun| self.has_room(sessions.len() + all, own + begun);
            self.beginning.begin(&grant.name, open)?
        };
        let name = session_name()?;
        let connection = self.connect(grant, server, self.gateway.options.limits.mailbox, label)?;
        let session = Session {
            grant: Arc::clone(&grant.name),
            server: server.to_owned(),
            connection: Arc::clone(&connection),
            credential: credential.clone(),
        };
        {
            let mut sessions = self.sessions();
            drop(place);
            sessions.insert(name.clone(), session);
        }
        // What was taken back meanwhile was not yet among the sessions.
        if credential.is_withdrawn() {
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
        self.together.end(name);
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
        let connection = self.connect(grant, server, 0, None)?;
        shared.insert(sharing, Arc::clone(&connection));
        Ok(connection)
    }

    fn connect(
        &self,
        grant: &Grant,
        server: &str,
        keep: usize,
        label: Option<String>,
    ) -> Result<Arc<Connection>, TurnedAway> {
        let registry = self.registry.load();
        // The grant as it is now, not as it was when the request began.
        let (reached, access) = registry
            .grant(&grant.name)
            .and_then(|grant| registry.access(grant, server))
            .ok_or_else(|| TurnedAway::NoServer { server: server.to_owned() })?;
        let session = label.unwrap_or_else(|| self.label());
        let identity = Identity { grant: grant.name.to_string(), session, client: None };
        if let Err(error) = crate::upstream::record_start(&self.gateway, server, reached) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
        Connection::open(&self.gateway, &access, reached, identity, keep).map_err(|source| {
            self.gateway.server_failed(access.server(), &source.to_string());
            TurnedAway::Unreachable { server: server.to_owned(), source }
        })
    }

    /// A session's name in records.
    fn label(&self) -> String {
        format!("{}/{}", self.instance, self.next_number())
    }

    /// Begins a session with all servers of a grant; gives its name.
    pub(crate) fn begin_combined(
        self: &Arc<Self>,
        caller: &Caller,
    ) -> Result<(String, Arc<Combined>), TurnedAway> {
        let open = |all, own| self.has_room(all, own);
        let place = self.together.begin(&caller.grant.name, open)?;
        let name = session_name()?;
        let combined = Combined::begin_session(self, caller, self.label(), session_name()?);
        self.together.insert(name.clone(), Arc::clone(&combined), place);
        // What was taken back meanwhile was not yet among the sessions.
        if caller.credential.is_withdrawn() {
            self.together.end(&name);
        }
        Ok((name, combined))
    }

    /// Whether this grant may know of this server.
    pub(crate) fn serves(&self, grant: &Grant, server: &str) -> bool {
        self.registry.load().access(grant, server).is_some()
    }

    /// How many connections each server has.
    pub(crate) fn open_connections(&self) -> BTreeMap<String, usize> {
        let mut open = BTreeMap::new();
        for session in self.sessions().values().filter(|session| !session.connection.is_over()) {
            *open.entry(session.server.clone()).or_default() += 1;
        }
        for (sharing, _) in self.shared().iter().filter(|(_, connection)| !connection.is_over()) {
            *open.entry(sharing.server.clone()).or_default() += 1;
        }
        open
    }

    /// What is open, for whoever watches.
    pub(crate) fn levels(&self) -> Levels {
        let waiting = self.gateway.recorder.backlog();
        Levels {
            sessions: self.sessions().len(),
            connections: self.shared().len(),
            audit_records: waiting.records,
            audit_bytes: waiting.bytes,
        }
    }

    /// Hands over what came in one request, a `modern` one with what vouches for its caller; what goes back comes out of
    /// the exchange. What a caller that leaves has left
    /// behind keeps its place until it is taken.
    pub(crate) async fn exchange(
        &self,
        connection: &Connection,
        read: Result<Parsed, Refusal>,
        modern: Option<&Arc<Credential>>,
        place: &RequestPlace,
    ) -> Exchange {
        let relay = Arc::clone(connection.relay());
        // A session's identifiers are its own; modern requests are each by itself.
        let withdraws = modern.is_some();
        let number = if withdraws { self.next_number() } else { 0 };
        let Open { mut exchange, from, errands } = Open::new(&relay, number, modern.cloned());
        const TAKING: &str = "taking a message";
        if withdraws {
            // In place: a future that is handed on is moved each time.
            let taking = pin!(relay.take(read, &from));
            guarded(&self.gateway, TAKING, taking).await;
        } else {
            let place = place.clone();
            // A legacy client that leaves has cancelled nothing: what it sent is taken in whole.
            Errand::new(async move {
                {
                    let taking = pin!(relay.take(read, &from));
                    guarded(relay.gateway(), TAKING, taking).await;
                }
                drop((from, place));
            })
            .await;
        }
        exchange.errand = errands.close();
        exchange
    }

    /// Ends what nobody has used for long, and forgets what has ended.
    pub(crate) fn sweep(&self, now: Instant) {
        let limits = &self.gateway.options.limits;
        let over = |credential: &LastShown| credential.is_over(now_ms(), limits.renewal);
        self.together
            .end_those(|session| session.is_idle(now, limits.session_idle) || over(session.credential()));
        let idle = |connection: &Connection, most: Duration| {
            connection.idle(now) >= most && !connection.relay().is_waiting()
        };
        for session in self.sessions().values() {
            if over(&session.credential) || idle(&session.connection, limits.session_idle) {
                session.connection.close();
            }
        }
        for connection in self.shared().values() {
            if idle(connection, limits.session_idle) {
                connection.close();
            }
        }
        self.forget_ended();
        // No connection may be left that would see to it.
        for ticket in self.gateway.tasks.expired(now) {
            tokio::spawn(ticket.settle(Ending::TimedOut));
        }
    }

    fn forget_ended(&self) {
        self.sessions().retain(|_, session| !session.connection.is_over());
        self.shared().retain(|_, connection| !connection.is_over());
    }

    /// Ends every connection, and waits until all have ended.
    pub(crate) async fn close(&self) {
        // Their servers' sessions are among those below.
        self.together.close();
        let mut open: Vec<_> = self.sessions().drain().map(|(_, session)| session.connection).collect();
        open.extend(self.shared().drain().map(|(_, connection)| connection));
        open.iter().for_each(|connection| connection.close());
        for connection in open {
            connection.ended().await;
        }
    }
}

/// A name that nobody guesses: 128 random bits.
pub(crate) fn session_name() -> Result<String, TurnedAway> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| TurnedAway::NoRandomness)?;
    Ok(hex::encode(random))
}
