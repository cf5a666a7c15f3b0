//! How servers are: what went wrong with each of them last, until it answers again. Every call through a broken server
//! fails alike, and an operator wants to be told once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the same trouble is not told again.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// The troubles of all servers.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    troubled: Mutex<BTreeMap<Arc<str>, Trouble>>,
    /// How many there are: looked at for every answer.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Trouble {
    why: String,
    told: Instant,
    /// How often it came since it was told.
    untold: u64,
}

impl Conditions {
    fn troubled(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Trouble>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a server failed, and why. How often it has failed so since that was told last, where it is to be
    /// told now.
    pub(crate) fn failed(&self, server: &Arc<str>, why: &str, now: Instant) -> Option<u64> {
        let mut troubled = self.troubled();
        let Some(trouble) = troubled.get_mut(server) else {
            let trouble = Trouble { why: why.to_owned(), told: now, untold: 0 };
            troubled.insert(Arc::clone(server), trouble);
            self.count.store(troubled.len(), Ordering::Relaxed);
            return Some(1);
        };
        trouble.untold += 1;
        if trouble.why == why && now.saturating_duration_since(trouble.told) < TELL_AGAIN {
            return None;
        }
        why.clone_into(&mut trouble.why);
        trouble.told = now;
        Some(std::mem::take(&mut trouble.untold))
    }

    /// Notes that a server answered. Whether it had failed before.
    pub(crate) fn answered(&self, server: &str) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut troubled = self.troubled();
        let had_failed = troubled.remove(server).is_some();
        self.count.store(troubled.len(), Ordering::Relaxed);
        had_failed
    }

    /// What went wrong with a server that has not answered since.
    pub(crate) fn of(&self, server: &str) -> Option<String> {
        self.troubled().get(server).map(|trouble| trouble.why.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_told_once_a_minute_and_another_at_once() {
        let (conditions, server, now) = (Conditions::default(), Arc::from("s"), Instant::now());
        assert_eq!(conditions.failed(&server, "refused", now), Some(1));
        assert_eq!(conditions.failed(&server, "refused", now), None);
        assert_eq!(conditions.failed(&server, "ended", now), Some(2));
        assert_eq!(conditions.failed(&server, "ended", now), None);
        assert_eq!(conditions.failed(&server, "ended", now + TELL_AGAIN), Some(2));
    }

    #[test]
    fn a_server_that_answers_is_well() {
        let (conditions, server, now) = (Conditions::default(), Arc::from("s"), Instant::now());
        assert!(!conditions.answered("s"));
        conditions.failed(&server, "refused", now);
        assert!(!conditions.answered("another"));
        assert_eq!(conditions.of("s").as_deref(), Some("refused"));
        assert!(conditions.answered("s"));
        assert_eq!(conditions.of("s"), None);
        assert!(!conditions.answered("s"));
        assert_eq!(conditions.failed(&server, "refused", now), Some(1), "it is news again");
    }
}
