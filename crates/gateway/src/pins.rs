//! Which definitions of tools are trusted: what is accepted is in the store, and what calls are judged by is a copy of
//! it here.
//!
//! A tool is called, and shown, while its server defines it as it was accepted. One that is new, or that was ever
//! shown otherwise since, is in quarantine until a person accepts what the server shows. No call reads the store: what
//! a server lists is compared when it is learned, and each call with the copy, which is never much older than that.

mod learning;
mod owed;
mod page;
mod quarantine;
mod watching;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use foldhash::quality::RandomState;
use interlock_catalog::Fingerprint;
use interlock_store::{Pins, PinsOfServer, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use utoipa::ToSchema;

use crate::definitions::ToolList;
use crate::denial::Denial;
use crate::gateway::Gateway;

pub(crate) use learning::offer;
use owed::Owed;
pub(crate) use page::Page;
pub use quarantine::{ChangeKind, Differs, PinState, Quarantined, Unreadable};

/// What is made of the definitions of a server's tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The first list is taken as it is; what is otherwise after that, a person accepts.
    #[default]
    FirstUse,
    /// A person accepts each tool first.
    Review,
    /// Tools are called however they are defined, and nothing of that is kept.
    AllowChanges,
}

/// The pins of all servers, as far as this process uses them.
pub(crate) struct Pinning {
    store: Arc<dyn Pins>,
    servers: Mutex<HashMap<Arc<str>, Arc<PinnedServer>, RandomState>>,
    is_watched: AtomicBool,
}

/// The pins of one server.
#[derive(Debug)]
pub(crate) struct PinnedServer {
    name: Arc<str>,
    known: ArcSwap<Known>,
    writing: Mutex<Writing>,
    /// Held by whoever tells the store what it is owed.
    telling: Semaphore,
    /// Counts what changed of that which may be called.
    news: watch::Sender<u64>,
}

/// What is known of a server's pins.
#[derive(Debug, Clone)]
enum Known {
    /// Nobody has asked the store yet.
    Nothing,
    /// The store does not answer: nothing is trusted.
    Unreadable(StoreError),
    /// These.
    Pins(Held),
}

/// A copy of what the store has.
#[derive(Debug, Clone, Default)]
struct Held {
    /// Whether its server was ever seen.
    is_known: bool,
    tools: HashMap<String, Pin, RandomState>,
}

/// One tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pin {
    accepted: Option<Fingerprint>,
    shown: Option<Fingerprint>,
    is_quarantined: bool,
}

/// What is to be heeded when the copy is replaced.
#[derive(Debug, Default)]
struct Writing {
    /// How often any pin had changed when the copy was read.
    changes: i64,
    /// What was shown otherwise, which the store is still to be told.
    owed: Owed,
}

impl Pinning {
    pub(crate) fn new(store: Arc<dyn Pins>) -> Self {
        Self { store, servers: Mutex::default(), is_watched: AtomicBool::new(false) }
    }

    /// The pins of a server; from now on it is looked for news of them.
    pub(crate) fn server(&self, gateway: &Arc<Gateway>, name: &Arc<str>) -> Arc<PinnedServer> {
        watching::begin(self, gateway);
        let mut servers = self.servers();
        let server = servers.entry(Arc::clone(name)).or_insert_with(|| Arc::new(PinnedServer::new(name)));
        Arc::clone(server)
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<PinnedServer>, RandomState>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinning").field("servers", &self.servers().len()).finish_non_exhaustive()
    }
}

impl PinnedServer {
    fn new(name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            known: ArcSwap::from_pointee(Known::Nothing),
            writing: Mutex::default(),
            telling: Semaphore::new(1),
            news: watch::Sender::new(0),
        }
    }

    /// Tells when what may be called is other than before.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Whether a tool that the server lists so may be called.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn judge(&self, list: &ToolList, tool: &str) -> Result<(), Box<Denial>> {
        match &**self.known.load() {
            Known::Pins(held) => held.judge(&self.name, tool, list),
            Known::Nothing => Err(Box::new(unreadable(tool, &"nobody has read them"))),
            Known::Unreadable(error) => Err(Box::new(unreadable(tool, error))),
        }
    }

    /// Puts what was read in the place of what is known, unless that is newer.
    fn take(&self, read: &PinsOfServer) {
        self.replace(&mut self.writing(), read);
    }

    fn replace(&self, writing: &mut Writing, read: &PinsOfServer) {
        if read.changes < writing.changes {
            return;
        }
        writing.changes = read.changes;
        let mut held = Held::of(read);
        writing.owed.applied_to(&mut held);
        self.put(Known::Pins(held));
    }

    fn put(&self, now: Known) {
        let before = self.known.swap(Arc::new(now));
        if !before.trusts_the_same(&self.known.load()) {
            self.news.send_modify(|count| *count += 1);
        }
    }

    /// From now on nothing is trusted, because the store does not answer.
    fn fails(&self, error: &StoreError) {
        let _writing = self.writing();
        if !self.is_unreadable() {
            let server = &self.name;
            tracing::error!(
                "calls of the tools of `{server}` are denied because its pins cannot be read or kept: {error}"
            );
        }
        self.put(Known::Unreadable(error.clone()));
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_unreadable(&self) -> bool {
        matches!(&**self.known.load(), Known::Unreadable(_))
    }

    /// How many tools are in quarantine.
    fn quarantined(&self) -> usize {
        match &**self.known.load() {
            Known::Pins(held) => held.tools.values().filter(|pin| pin.is_quarantined).count(),
            Known::Nothing | Known::Unreadable(_) => 0,
        }
    }
}

impl Known {
    /// Whether the same may be called.
    fn trusts_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            // What was not known was not shown either.
            (Self::Nothing | Self::Pins(Held { is_known: false, .. }), _) => true,
            (Self::Unreadable(_), Self::Unreadable(_)) => true,
            (Self::Pins(held), Self::Pins(other)) => held.trusted() == other.trusted(),
            _ => false,
        }
    }
}

impl Held {
    fn of(read: &PinsOfServer) -> Self {
        let pin = |pin: &interlock_store::PinState| Pin {
            accepted: pin.accepted.map(Fingerprint::from),
            shown: pin.shown.map(Fingerprint::from),
            is_quarantined: pin.is_quarantined,
        };
        let tools = read.pins.iter().map(|state| (state.tool.clone(), pin(state))).collect();
        Self { is_known: read.is_known, tools }
    }

    /// What may be called, and as what.
    fn trusted(&self) -> HashMap<&str, Option<Fingerprint>> {
        let trusted = self.tools.iter().filter(|(_, pin)| !pin.is_quarantined);
        trusted.map(|(tool, pin)| (tool.as_str(), pin.accepted)).collect()
    }

    /// Whether this is the definition that was accepted, and none other was seen since.
    fn trusts(&self, tool: &str, fingerprint: Fingerprint) -> bool {
        self.tools.get(tool).is_some_and(|pin| pin.trusts(fingerprint))
    }

    fn distrust(&mut self, tool: &str) {
        if let Some(pin) = self.tools.get_mut(tool) {
            pin.is_quarantined = true;
        }
    }

    fn judge(&self, server: &str, tool: &str, list: &ToolList) -> Result<(), Box<Denial>> {
        let pin = self.tools.get(tool);
        let Some(listed) = list.described(tool) else {
            return Err(Box::new(Denial::unlisted(list.missing(tool))));
        };
        if pin.is_some_and(|pin| pin.trusts(listed.fingerprint)) {
            return Ok(());
        }
        let accepted = pin.and_then(|pin| pin.accepted);
        let what = match accepted {
            None => "is new and nobody has accepted it yet",
            Some(accepted) if accepted == listed.fingerprint => {
                "has been another in the meantime and nobody has accepted it since"
            }
            Some(_) => "has changed since it was accepted",
        };
        // Whoever calls is told where a person looks, and not how it is accepted.
        let reason = format!(
            "the definition of `{tool}` {what}; a person has to look at it first: `interlock pins diff {server}`"
        );
        Err(Box::new(Denial::pin(accepted, reason)))
    }
}

impl Pin {
    fn trusts(&self, fingerprint: Fingerprint) -> bool {
        !self.is_quarantined && self.accepted == Some(fingerprint)
    }
}

fn unreadable(tool: &str, error: &dyn fmt::Display) -> Denial {
    let reason = format!("it cannot be told now whether the definition of `{tool}` is the accepted one");
    Denial::unavailable("(pins)", &reason, error)
}

#[cfg(test)]
mod tests;
