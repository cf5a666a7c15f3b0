//! What waits for the database, and who does it.
//!
//! Whoever asks puts the work into a queue. If nobody is at the database, the one who asked does what waits,
//! for all, in one transaction: that costs no change of threads. If somebody is, or another process holds the
//! database, the store's thread does it: only that thread ever waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use interlock_json::Decimal;
use tokio::sync::oneshot;

use super::engine::Engine;
use crate::StoreError;
use crate::counters::{Counted, CounterRef, CounterStatus, ReserveAnswer, ReserveRequest};
use crate::instances::Instance;
use crate::timekeeping::{Dates, Reclocked};

/// A question, its answer once there is one, and who wants it.
#[derive(Debug)]
pub(super) struct Asked<Q, A> {
    pub(super) question: Q,
    pub(super) answer: Option<A>,
    to: oneshot::Sender<Result<A, StoreError>>,
}

/// What the store is asked.
#[derive(Debug)]
pub(super) enum Work {
    Read(Asked<Vec<CounterRef>, Vec<Decimal>>),
    Reserve(Asked<ReserveRequest, ReserveAnswer>),
    Release(Asked<Vec<Counted>, ()>),
    Register(Asked<Instance, ()>),
    Finish(Asked<(String, i64), ()>),
    List(Asked<usize, Vec<CounterStatus>>),
    Instances(Asked<(), Vec<Instance>>),
    Dates(Asked<(), Dates>),
    Reclock(Asked<(), Reclocked>),
}

impl<Q, A> Asked<Q, A> {
    pub(super) fn new(question: Q) -> (Self, oneshot::Receiver<Result<A, StoreError>>) {
        let (to, answer) = oneshot::channel();
        (Self { question, answer: None, to }, answer)
    }

    /// Whoever asked may have gone: what was reserved for them counts.
    fn reply(self, committed: Result<(), StoreError>) {
        let answer = committed.and_then(|()| self.answer.ok_or(StoreError::Closed));
        drop(self.to.send(answer));
    }
}

impl Work {
    /// Sends the answer, now that it is known whether the transaction it rests on was committed.
    pub(super) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::Read(asked) => asked.reply(committed),
            Self::Reserve(asked) => asked.reply(committed),
            Self::Release(asked) => asked.reply(committed),
            Self::Register(asked) => asked.reply(committed),
            Self::Finish(asked) => asked.reply(committed),
            Self::List(asked) => asked.reply(committed),
            Self::Instances(asked) => asked.reply(committed),
            Self::Dates(asked) => asked.reply(committed),
            Self::Reclock(asked) => asked.reply(committed),
        }
    }

    /// Whether nobody waits for the answer, and nothing is lost if it is never done.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Read(asked) => asked.to.is_closed(),
            Self::Reserve(asked) => asked.to.is_closed(),
            _ => false,
        }
    }

    /// Lists are read apart from the counting, which they would hold up.
    pub(super) fn is_listing(&self) -> bool {
        matches!(self, Self::List(_) | Self::Instances(_) | Self::Dates(_))
    }
}

/// Requests that may wait.
const WAITING: usize = 8_192;
/// Requests that share one transaction at most.
const GROUP: usize = 64;

/// The queue and the database behind it.
pub(super) struct Desk {
    queue: Mutex<Queue>,
    arrived: Condvar,
    engine: Mutex<Engine>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Work>,
    closed: bool,
}

impl Desk {
    pub(super) fn new(engine: Engine) -> Arc<Self> {
        let queue = Mutex::new(Queue::default());
        Arc::new(Self { queue, arrived: Condvar::new(), engine: Mutex::new(engine) })
    }

    pub(super) fn put(&self, work: Work) -> Result<(), StoreError> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(StoreError::Closed);
        }
        // A full queue means that the store is far behind: refusing is better than waiting.
        if queue.waiting.len() >= WAITING {
            return Err(StoreError::Busy);
        }
        queue.waiting.push_back(work);
        Ok(())
    }

    /// Leaves what waits to the thread.
    pub(super) fn call_thread(&self) {
        self.arrived.notify_one();
    }

    /// Does what waits, if nobody is at the database and no other process holds it; else leaves it to them.
    pub(super) fn try_work(&self) {
        let mut engine = match self.engine.try_lock() {
            Ok(engine) => engine,
            // Whoever has it looks at the queue again afterwards.
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(poisoned)) => recovered(poisoned.into_inner()),
        };
        let group = self.take();
        let left = if group.iter().any(Work::is_listing) { group } else { engine.try_run(group) };
        drop(engine);
        let mut queue = self.queue();
        for work in left.into_iter().rev() {
            queue.waiting.push_front(work);
        }
        if !queue.waiting.is_empty() {
            self.arrived.notify_one();
        }
    }

    /// Works until the desk is closed and nothing waits.
    pub(super) fn run(&self, patience: Duration) {
        let _closing = Closing(self);
        while self.wait() {
            let mut engine = match self.engine.lock() {
                Ok(engine) => engine,
                Err(poisoned) => recovered(poisoned.into_inner()),
            };
            let group = self.take();
            engine.run(group, patience);
        }
    }

    /// No new work; what waits is done.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.arrived.notify_one();
    }

    fn wait(&self) -> bool {
        let mut queue = self.queue();
        while queue.waiting.is_empty() {
            if queue.closed {
                return false;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    fn take(&self) -> Vec<Work> {
        let mut queue = self.queue();
        let most = queue.waiting.len().min(GROUP);
        queue.waiting.drain(..most).filter(|work| !work.is_abandoned()).collect()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody died at the database: what they left undone is undone.
fn recovered(mut engine: MutexGuard<'_, Engine>) -> MutexGuard<'_, Engine> {
    engine.undo();
    engine
}

/// Without its thread the desk answers nobody: it must not let anybody wait.
struct Closing<'d>(&'d Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.closed = true;
        for work in queue.waiting.drain(..) {
            work.reply(Err(StoreError::Closed));
        }
    }
}
