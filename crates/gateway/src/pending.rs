//! Requests that wait for their answer, under identifiers of the gateway's own.
//!
//! The receiver of a request never sees the asker's identifier: each request is sent on under a number that
//! the gateway minted, so that two askers cannot collide, an answer to a question nobody asked is recognised,
//! and the first answer wins.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use interlock_wire::RequestId;

/// One direction's waiting requests.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    next: u64,
    limit: usize,
    waiting: HashMap<u64, Waiting<T>, RandomState>,
    by_asker: HashMap<RequestId, u64, RandomState>,
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// The number under which its receiver knows it.
    pub(crate) number: u64,
    /// The asker's identifier; `None` for the gateway's own requests.
    pub(crate) asker: Option<RequestId>,
    /// What to do with the answer.
    pub(crate) item: T,
}

/// Why a request cannot wait.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PendingError {
    /// The asker already has a request in flight under this identifier.
    #[error("the id is already in use by a request in flight")]
    Reused,
    /// Too many requests wait.
    #[error("more than {limit} requests are in flight")]
    Full {
        /// The limit on requests in flight.
        limit: usize,
    },
}

impl<T> Pending<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { next: 1, limit, waiting: HashMap::default(), by_asker: HashMap::default() }
    }

    /// Lets an asker's request wait and mints the number it travels under.
    pub(crate) fn insert(&mut self, asker: RequestId, item: T) -> Result<u64, PendingError> {
        if self.by_asker.contains_key(&asker) {
            return Err(PendingError::Reused);
        }
        let number = self.mint()?;
        self.by_asker.insert(asker.clone(), number);
        self.waiting.insert(number, Waiting { number, asker: Some(asker), item });
        Ok(number)
    }

    /// Lets a request of the gateway's own wait.
    pub(crate) fn insert_own(&mut self, item: T) -> Result<u64, PendingError> {
        let number = self.mint()?;
        self.waiting.insert(number, Waiting { number, asker: None, item });
        Ok(number)
    }

    fn mint(&mut self) -> Result<u64, PendingError> {
        if self.waiting.len() >= self.limit {
            return Err(PendingError::Full { limit: self.limit });
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        Ok(number)
    }

    /// Ends the wait of a request: whoever takes it answers its asker.
    pub(crate) fn take(&mut self, number: u64) -> Option<Waiting<T>> {
        let waiting = self.waiting.remove(&number)?;
        if let Some(asker) = &waiting.asker {
            self.by_asker.remove(asker);
        }
        Some(waiting)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.waiting.get_mut(&number).map(|waiting| &mut waiting.item)
    }

    /// Every item that waits.
    pub(crate) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.waiting.values_mut().map(|waiting| &mut waiting.item)
    }

    /// A request that waits, by its number.
    pub(crate) fn get(&self, number: u64) -> Option<&Waiting<T>> {
        self.waiting.get(&number)
    }

    /// Whether exactly one request of an asker's waits: its number.
    pub(crate) fn only(&self) -> Option<u64> {
        let mut asked = self.waiting.iter().filter(|(_, waiting)| waiting.asker.is_some());
        match (asked.next(), asked.next()) {
            (Some((number, _)), None) => Some(*number),
            _ => None,
        }
    }

    /// The number under which the asker's request travels.
    pub(crate) fn number_of(&self, asker: &RequestId) -> Option<u64> {
        self.by_asker.get(asker).copied()
    }

    /// Ends the wait of every request that `done` selects.
    pub(crate) fn take_where(&mut self, mut done: impl FnMut(&T) -> bool) -> Vec<Waiting<T>> {
        let mut numbers: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| done(&waiting.item))
            .map(|(number, _)| *number)
            .collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RequestId {
        RequestId::from(text)
    }

    #[test]
    fn an_identifier_in_flight_is_not_taken_twice() {
        let mut pending = Pending::new(8);
        let number = pending.insert(id("a"), ()).unwrap();
        assert_eq!(pending.insert(id("a"), ()), Err(PendingError::Reused));
        assert!(pending.take(number).is_some());
        assert!(pending.take(number).is_none(), "the first answer wins");
        assert!(pending.insert(id("a"), ()).is_ok(), "an answered identifier is free again");
    }

    #[test]
    fn the_map_is_bounded() {
        let mut pending = Pending::new(2);
        pending.insert(id("a"), ()).unwrap();
        pending.insert_own(()).unwrap();
        assert_eq!(pending.insert(id("b"), ()), Err(PendingError::Full { limit: 2 }));
        assert_eq!(pending.number_of(&id("b")), None, "a refused request leaves nothing behind");
    }

    #[test]
    fn taking_by_condition_frees_the_askers() {
        let mut pending = Pending::new(8);
        for n in 0..4 {
            pending.insert(id(&n.to_string()), n).unwrap();
        }
        let taken: Vec<i32> = pending.take_where(|n| n % 2 == 0).into_iter().map(|w| w.item).collect();
        assert_eq!(taken, [0, 2]);
        assert_eq!(pending.number_of(&id("0")), None);
        assert!(pending.number_of(&id("1")).is_some());
    }
}
