//! What all clients of several servers share: their sessions, and which servers have kept somebody waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Combined, Session};
use crate::front::{Beginning, Beginnings, Caller};

/// The sessions of clients that have all servers of their grant.
#[derive(Debug, Default)]
pub(crate) struct Together {
    sessions: Mutex<HashMap<String, Arc<Combined>>>,
    /// Those that are not among the sessions yet.
    beginning: Beginnings,
    slow: Mutex<HashMap<String, Probe>>,
}

/// Whether somebody waits for a slow server to answer again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Nobody,
    Somebody,
}

impl Together {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Combined>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a session of this grant, where `has_room` says so of how many there are, in all and of the grant.
    pub(crate) fn begin<E>(
        &self,
        grant: &Arc<str>,
        has_room: impl FnOnce(usize, usize) -> Result<(), E>,
    ) -> Result<Beginning<'_>, E> {
        let sessions = self.sessions();
        let own = sessions.values().filter(|combined| combined.grant == *grant).count();
        self.beginning.begin(grant, |all, begun| has_room(sessions.len() + all, own + begun))
    }

    pub(crate) fn insert(&self, name: String, combined: Arc<Combined>, place: Beginning<'_>) {
        let mut sessions = self.sessions();
        drop(place);
        sessions.insert(name, combined);
    }

    /// The session of this name, where it is this caller's; from now on it goes by what this caller has shown.
    pub(crate) fn session(&self, caller: &Caller, name: &str) -> Option<Arc<Combined>> {
        let sessions = self.sessions();
        let combined = sessions.get(name).filter(|combined| combined.grant == caller.grant.name)?;
        let credential = combined.session()?.credential();
        if credential.is_withdrawn() {
            return None;
        }
        credential.replace(&caller.credential);
        Some(Arc::clone(combined))
    }

    /// Ends the session of this name.
    pub(crate) fn end(&self, name: &str) {
        let ended = self.sessions().remove(name);
        if let Some(combined) = ended {
            combined.end();
        }
    }

    /// Ends every session of which this is true.
    pub(crate) fn end_those(&self, is_over: impl Fn(&Session) -> bool) {
        let mut sessions = self.sessions();
        let over = sessions.extract_if(|_, combined| combined.session().is_some_and(&is_over));
        let ended: Vec<_> = over.map(|(_, combined)| combined).collect();
        drop(sessions);
        ended.iter().for_each(|combined| combined.end());
    }

    /// Ends every session.
    pub(crate) fn close(&self) {
        let all: Vec<_> = self.sessions().drain().map(|(_, combined)| combined).collect();
        all.iter().for_each(|combined| combined.end());
    }

    /// Tells every client that what it may use may be another now.
    pub(crate) fn registry_changed(&self) {
        let all: Vec<_> = self.sessions().values().map(Arc::clone).collect();
        all.iter().for_each(|combined| combined.registry_changed());
    }

    fn slow(&self) -> MutexGuard<'_, HashMap<String, Probe>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a server has kept somebody waiting, and not answered since.
    pub(super) fn is_slow(&self, server: &str) -> bool {
        self.slow().contains_key(server)
    }

    pub(super) fn mark_slow(&self, server: &str) {
        self.slow().entry(server.to_owned()).or_insert(Probe::Nobody);
    }

    /// The server has answered. `true` if it was slow before.
    pub(super) fn has_answered(&self, server: &str) -> bool {
        self.slow().remove(server).is_some()
    }

    /// `true` for the one who is to wait for a slow server.
    pub(super) fn begin_probe(&self, server: &str) -> bool {
        let mut slow = self.slow();
        let Some(probe) = slow.get_mut(server) else { return false };
        let nobody = *probe == Probe::Nobody;
        *probe = Probe::Somebody;
        nobody
    }

    /// It has not answered; the next may wait.
    pub(super) fn end_probe(&self, server: &str) {
        if let Some(probe) = self.slow().get_mut(server) {
            *probe = Probe::Nobody;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_waits_for_a_slow_server_until_it_answers() {
        let together = Together::default();
        assert!(!together.begin_probe("a"), "it is not slow");
        together.mark_slow("a");
        assert!(together.is_slow("a") && !together.is_slow("b"));
        assert!(together.begin_probe("a"));
        assert!(!together.begin_probe("a"), "one is enough");
        together.mark_slow("a");
        assert!(!together.begin_probe("a"), "marking it again begins nothing anew");
        together.end_probe("a");
        assert!(together.begin_probe("a"));
        assert!(together.has_answered("a") && !together.has_answered("a"));
        assert!(!together.is_slow("a"));
    }
}
