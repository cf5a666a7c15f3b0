//! What one grant may do at one server: the policies in force there, replaced while calls go on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use interlock_wire::Era;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::pins::Trust;
use crate::snapshot::Snapshot;

/// Where a server is (SHA-256): an approval is for the one that a person was asked about, and for no other of its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached(pub(crate) [u8; 32]);

impl Reached {
    /// By these words, in this order: a command with its arguments and directory, or an address.
    pub fn by<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut hash = Sha256::new();
        for word in words {
            let word = word.as_ref();
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word);
        }
        Self(hash.finalize().into())
    }
}

/// One server as one grant may use it.
#[derive(Debug)]
pub struct Access {
    server: Arc<str>,
    extensions: Vec<String>,
    era: Option<Era>,
    reached: Reached,
    trust: Trust,
    /// What was found out of the era, and when.
    found: Mutex<Option<(Era, Instant)>>,
    snapshot: ArcSwap<Snapshot>,
    /// Counts replaced policies, so that connections can tell their clients.
    replaced: watch::Sender<u64>,
}

impl Access {
    /// The server of this name under these policies. `extensions` are methods beyond the protocol's table that are
    /// relayed.
    pub fn new(server: &str, extensions: Vec<String>, snapshot: Snapshot) -> Self {
        Self {
            server: Arc::from(server),
            extensions,
            era: None,
            reached: Reached::default(),
            trust: Trust::default(),
            found: Mutex::default(),
            snapshot: ArcSwap::from_pointee(snapshot),
            replaced: watch::Sender::new(0),
        }
    }

    /// The same, of a server whose era is known beforehand.
    #[must_use]
    pub fn speaking(self, era: Option<Era>) -> Self {
        Self { era, ..self }
    }

    /// The same, of a server that is there.
    #[must_use]
    pub fn reached(self, reached: Reached) -> Self {
        Self { reached, ..self }
    }

    /// The same, of a server that is trusted so with its tools.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// What is made of the server's tools when it is seen first.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// Where the server is.
    pub fn where_it_is(&self) -> Reached {
        self.reached
    }

    /// The era that the server speaks, where the operator says so; otherwise it is found out.
    pub fn era(&self) -> Option<Era> {
        self.era
    }

    /// Which era the server was found to speak, where that is not longer ago than this.
    pub(crate) fn found_era(&self, within: Duration) -> Option<Era> {
        let found = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.filter(|(_, when)| when.elapsed() < within).map(|(era, _)| era)
    }

    /// Notes what was found out of the server's era, or that what was known is wrong.
    pub(crate) fn finds_era(&self, era: Option<Era>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = era.map(|era| (era, Instant::now()));
    }

    /// The server's name: budgets, rules and records go by it.
    pub fn server(&self) -> &Arc<str> {
        &self.server
    }

    /// SHA-256 (hexadecimal) over the canonical form of the policies in force.
    pub fn digest(&self) -> String {
        self.snapshot.load().digest().to_owned()
    }

    /// Methods beyond the protocol's table that are relayed.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The policies in force, for a look.
    pub(crate) fn policies(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The policies in force, for a call that keeps them from beginning to end.
    pub(crate) fn keep_policies(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts new policies in force for every call that begins after this one, and gives those before.
    ///
    /// # Errors
    /// Policies that are in force already come back.
    pub(crate) fn replace(&self, snapshot: Snapshot) -> Result<Arc<Snapshot>, Arc<Snapshot>> {
        let snapshot = Arc::new(snapshot);
        if self.snapshot.load().is_like(&snapshot) {
            return Err(snapshot);
        }
        let before = self.snapshot.swap(snapshot);
        self.replaced.send_modify(|count| *count += 1);
        Ok(before)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }
}
