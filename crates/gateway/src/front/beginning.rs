//! Sessions that are beginning: each has its place among those that are open before its server is reached, so that two
//! at once never take the last one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many of each grant are beginning.
#[derive(Debug, Default)]
pub(crate) struct Beginnings(Mutex<HashMap<Arc<str>, usize>>);

/// The place of one, until it is open or came to nothing.
#[derive(Debug)]
pub(crate) struct Beginning<'b> {
    all: &'b Beginnings,
    grant: Arc<str>,
}

impl Beginnings {
    fn by_grant(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for one of this grant, where `has_room` says so of how many are beginning, in all and of the grant.
    pub(crate) fn begin<E>(
        &self,
        grant: &Arc<str>,
        has_room: impl FnOnce(usize, usize) -> Result<(), E>,
    ) -> Result<Beginning<'_>, E> {
        let mut by_grant = self.by_grant();
        let own = by_grant.get(grant).copied().unwrap_or(0);
        has_room(by_grant.values().sum(), own)?;
        by_grant.insert(Arc::clone(grant), own + 1);
        Ok(Beginning { all: self, grant: Arc::clone(grant) })
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        let mut by_grant = self.all.by_grant();
        let left = by_grant.get(&self.grant).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            by_grant.remove(&self.grant);
        } else {
            by_grant.insert(Arc::clone(&self.grant), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_begins_counts_until_it_is_open() {
        let beginnings = Beginnings::default();
        let [one, other] = ["one", "other"].map(Arc::<str>::from);
        let within = |all, own| if all < 3 && own < 2 { Ok(()) } else { Err((all, own)) };
        let first = beginnings.begin(&one, within).unwrap();
        let second = beginnings.begin(&one, within).unwrap();
        assert_eq!(beginnings.begin(&one, within).unwrap_err(), (2, 2));
        let third = beginnings.begin(&other, within).unwrap();
        assert_eq!(beginnings.begin(&other, within).unwrap_err(), (3, 1));
        drop(first);
        drop(beginnings.begin(&one, within).unwrap());
        drop((second, third));
        assert!(beginnings.by_grant().is_empty());
    }
}
