//! Requests that wait for their answer, under identifiers of the gateway's own.
//!
//! The receiver of a request never sees the asker's identifier: each request is sent on under a number that
//! the gateway minted, so that two askers cannot collide, an answer to a question nobody asked is recognised,
//! and the first answer wins.

use std::collections::{BTreeSet, HashMap};

use foldhash::quality::RandomState;
use interlock_wire::RequestId;

/// One direction's waiting requests.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    next: u64,
    limit: usize,
    closed: bool,
    /// Boxed, so that a session in which nothing waits holds no room for what could.
    waiting: HashMap<u64, Box<Waiting<T>>, RandomState>,
    by_asker: HashMap<Asker, u64, RandomState>,
    /// Numbers whose asker no longer waits, though their receiver may still answer.
    given_up: BTreeSet<u64>,
    most_given_up: usize,
}

/// Who asked, and under which identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    /// Tells apart askers that may use the same identifiers; 0 where there is but one.
    pub(crate) exchange: u64,
    /// The asker's identifier.
    pub(crate) id: RequestId,
}

impl From<RequestId> for Asker {
    fn from(id: RequestId) -> Self {
        Self { exchange: 0, id }
    }
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// The number under which its receiver knows it.
    pub(crate) number: u64,
    /// Who asked; `None` for the gateway's own requests.
    pub(crate) asker: Option<Asker>,
    /// What to do with the answer.
    pub(crate) item: T,
}

/// Why a request cannot wait.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PendingError {
    /// The asker already has a request in flight under this identifier.
    #[error("the id is already in use by a request in flight")]
    Reused,
    /// Nobody will answer any more.
    #[error("the server is gone")]
    Closed,
    /// Too many requests wait.
    #[error("more than {limit} requests are in flight")]
    Full {
        /// The limit on requests in flight.
        limit: usize,
    },
}

impl<T> Pending<T> {
    /// At most `limit` requests wait, and at most `given_up` late answers are expected.
    pub(crate) fn new(limit: usize, given_up: usize) -> Self {
        Self {
            next: 1,
            limit,
            closed: false,
            waiting: HashMap::default(),
            by_asker: HashMap::default(),
            given_up: BTreeSet::new(),
            most_given_up: given_up,
        }
    }

    /// Lets an asker's request wait and mints the number it travels under. One that cannot wait comes back.
    pub(crate) fn insert(&mut self, asker: Asker, item: T) -> Result<u64, (PendingError, T)> {
        if self.by_asker.contains_key(&asker) {
            return Err((PendingError::Reused, item));
        }
        let number = match self.mint() {
            Ok(number) => number,
            Err(why) => return Err((why, item)),
        };
        self.by_asker.insert(asker.clone(), number);
        self.waiting.insert(number, Box::new(Waiting { number, asker: Some(asker), item }));
        Ok(number)
    }

    /// Lets a request of the gateway's own wait.
    pub(crate) fn insert_own(&mut self, item: T) -> Result<u64, PendingError> {
        let number = self.mint()?;
        self.waiting.insert(number, Box::new(Waiting { number, asker: None, item }));
        Ok(number)
    }

    /// From now on nothing can wait.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    fn mint(&mut self) -> Result<u64, PendingError> {
        if self.closed {
            return Err(PendingError::Closed);
        }
        if self.waiting.len() >= self.limit {
            return Err(PendingError::Full { limit: self.limit });
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        Ok(number)
    }

    /// Ends the wait of a request: whoever takes it answers its asker.
    pub(crate) fn take(&mut self, number: u64) -> Option<Waiting<T>> {
        let waiting = *self.waiting.remove(&number)?;
        if let Some(asker) = &waiting.asker {
            self.by_asker.remove(asker);
        }
        Some(waiting)
    }

    /// Ends the wait of a request that its receiver has seen and may still answer: it was cancelled, or took too
    /// long. MCP ("Cancellation") lets such an answer come and has it ignored.
    pub(crate) fn give_up(&mut self, number: u64) -> Option<Waiting<T>> {
        let waiting = self.take(number)?;
        self.given_up.insert(number);
        if self.given_up.len() > self.most_given_up {
            // The smallest number is the oldest request, whose answer is the least likely to come.
            self.given_up.pop_first();
        }
        Some(waiting)
    }

    /// Whether an answer is the late one to a request that was given up. It is expected once.
    pub(crate) fn is_late(&mut self, number: u64) -> bool {
        self.given_up.remove(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.waiting.get_mut(&number).map(|waiting| &mut waiting.item)
    }

    /// Has a request belong to another asker from now on; gives who asked.
    pub(crate) fn set_apart(&mut self, number: u64, asker: Asker) -> Option<Asker> {
        let before = self.waiting.get_mut(&number)?.asker.replace(asker.clone())?;
        self.by_asker.remove(&before);
        self.by_asker.insert(asker, number);
        Some(before)
    }

    /// Every item that waits.
    pub(crate) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.waiting.values_mut().map(|waiting| &mut waiting.item)
    }

    /// A request that waits, by its number.
    pub(crate) fn get(&self, number: u64) -> Option<&Waiting<T>> {
        self.waiting.get(&number).map(Box::as_ref)
    }

    /// The exchange in which a request was asked; 0 for the gateway's own.
    pub(crate) fn exchange_of(&self, number: u64) -> u64 {
        let asker = self.waiting.get(&number).and_then(|waiting| waiting.asker.as_ref());
        asker.map_or(0, |asker| asker.exchange)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The numbers of all requests of one exchange.
    pub(crate) fn of_exchange(&self, exchange: u64) -> Vec<u64> {
        let asked = self.by_asker.iter().filter(|(asker, _)| asker.exchange == exchange);
        asked.map(|(_, number)| *number).collect()
    }

    /// Of the requests that `of` selects, the one that came last.
    pub(crate) fn newest(&self, of: impl Fn(&T) -> bool) -> Option<&T> {
        let waiting = self.waiting.values().filter(|waiting| of(&waiting.item));
        waiting.max_by_key(|waiting| waiting.number).map(|waiting| &waiting.item)
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
    pub(crate) fn number_of(&self, asker: &Asker) -> Option<u64> {
        self.by_asker.get(asker).copied()
    }

    /// Ends the wait of every request that `done` selects: nobody will answer it any more.
    pub(crate) fn take_where(&mut self, done: impl FnMut(&T) -> bool) -> Vec<Waiting<T>> {
        let numbers = self.numbers_where(done);
        numbers.into_iter().filter_map(|number| self.take(number)).collect()
    }

    /// Gives up every request that `done` selects.
    pub(crate) fn give_up_where(&mut self, done: impl FnMut(&T) -> bool) -> Vec<Waiting<T>> {
        let numbers = self.numbers_where(done);
        numbers.into_iter().filter_map(|number| self.give_up(number)).collect()
    }

    fn numbers_where(&self, mut done: impl FnMut(&T) -> bool) -> Vec<u64> {
        let mut numbers: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| done(&waiting.item))
            .map(|(number, _)| *number)
            .collect();
        numbers.sort_unstable();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Asker {
        RequestId::from(text).into()
    }

    #[test]
    fn an_identifier_in_flight_is_not_taken_twice() {
        let mut pending = Pending::new(8, 8);
        let number = pending.insert(id("a"), ()).unwrap();
        assert_eq!(pending.insert(id("a"), ()), Err((PendingError::Reused, ())));
        assert!(pending.take(number).is_some());
        assert!(pending.take(number).is_none(), "the first answer wins");
        assert!(pending.insert(id("a"), ()).is_ok(), "an answered identifier is free again");
    }

    #[test]
    fn askers_of_different_exchanges_do_not_collide() {
        let mut pending = Pending::new(8, 8);
        let in_exchange = |exchange| Asker { exchange, id: RequestId::from("a") };
        let numbers = [1, 2].map(|exchange| pending.insert(in_exchange(exchange), ()).unwrap());
        assert_eq!(pending.number_of(&in_exchange(2)), Some(numbers[1]));
        assert_eq!(pending.insert(in_exchange(1), ()), Err((PendingError::Reused, ())));
    }

    #[test]
    fn the_map_is_bounded() {
        let mut pending = Pending::new(2, 2);
        pending.insert(id("a"), ()).unwrap();
        pending.insert_own(()).unwrap();
        assert_eq!(pending.insert(id("b"), ()), Err((PendingError::Full { limit: 2 }, ())));
        assert_eq!(pending.number_of(&id("b")), None, "a refused request leaves nothing behind");
    }

    #[test]
    fn taking_by_condition_frees_the_askers() {
        let mut pending = Pending::new(8, 8);
        for n in 0..4 {
            pending.insert(id(&n.to_string()), n).unwrap();
        }
        let taken: Vec<i32> = pending.take_where(|n| n % 2 == 0).into_iter().map(|w| w.item).collect();
        assert_eq!(taken, [0, 2]);
        assert_eq!(pending.number_of(&id("0")), None);
        assert!(pending.number_of(&id("1")).is_some());
    }

    #[test]
    fn a_late_answer_is_expected_once_and_only_where_somebody_gave_up() {
        let mut pending = Pending::new(8, 2);
        let numbers: Vec<u64> = (0..4).map(|n| pending.insert(id(&n.to_string()), n).unwrap()).collect();
        pending.take(numbers[0]);
        assert!(!pending.is_late(numbers[0]), "it was answered: a second answer is nobody's");
        pending.give_up(numbers[1]);
        assert!(pending.is_late(numbers[1]));
        assert!(!pending.is_late(numbers[1]), "once");
        pending.give_up(numbers[1]);
        assert!(!pending.is_late(numbers[1]), "it did not wait any more");
        pending.give_up_where(|n| *n >= 2);
        let more = pending.insert(id("more"), 9).unwrap();
        pending.give_up(more);
        assert!(!pending.is_late(numbers[2]), "bounded: the oldest is forgotten");
        assert!(pending.is_late(numbers[3]) && pending.is_late(more));
    }
}
