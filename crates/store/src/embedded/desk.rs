//! What waits for the database, and who does it.
//!
//! Whoever asks puts the work into a queue. If nobody is at the database, the one who asked does what waits,
//! for all, in one transaction: that costs no change of threads. If somebody is, or another process holds the
//! database, the store's thread does it: only that thread ever waits.
//!
//! The locks come from `super::sync`, so that a test can try their interleavings.

use std::collections::VecDeque;
use std::time::Duration;

use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use crate::StoreError;

/// One request with a way to answer it.
pub(super) trait Work {
    /// Whether nobody waits for the answer, and nothing is lost if it is never done.
    fn is_abandoned(&self) -> bool;
    /// Lists are read apart from the counting, which they would hold up.
    fn is_listing(&self) -> bool;
    /// Answers with an error.
    fn refuse(self, error: StoreError);
}

/// What does the work and answers it.
pub(super) trait Engine {
    /// What it does.
    type Work: Work;
    /// Does a group without waiting for other processes; what is returned is still to be done.
    fn try_run(&mut self, group: Vec<Self::Work>) -> Vec<Self::Work>;
    /// Does a group, waiting for other processes as long as `patience` allows.
    fn run(&mut self, group: Vec<Self::Work>, patience: Duration);
    /// Takes back what was left undone.
    fn undo(&mut self);
}

/// Requests that may wait.
const WAITING: usize = 8_192;
/// Requests that share one transaction at most.
const GROUP: usize = 64;

/// The queue and the database behind it.
pub(super) struct Desk<E: Engine> {
    queue: Mutex<Queue<E::Work>>,
    arrived: Condvar,
    engine: Mutex<E>,
}

struct Queue<W> {
    waiting: VecDeque<W>,
    /// No new work is taken.
    closed: bool,
    /// The thread has gone: what nobody else does is never done.
    ended: bool,
}

impl<E: Engine> Desk<E> {
    pub(super) fn new(engine: E) -> Arc<Self> {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), closed: false, ended: false });
        Arc::new(Self { queue, arrived: Condvar::new(), engine: Mutex::new(engine) })
    }

    pub(super) fn put(&self, work: E::Work) -> Result<(), StoreError> {
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
        if queue.ended {
            return left.into_iter().for_each(|work| work.refuse(StoreError::Closed));
        }
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

    fn take(&self) -> Vec<E::Work> {
        let mut queue = self.queue();
        let most = queue.waiting.len().min(GROUP);
        queue.waiting.drain(..most).filter(|work| !work.is_abandoned()).collect()
    }

    fn queue(&self) -> MutexGuard<'_, Queue<E::Work>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody died at the database: what they left undone is undone.
fn recovered<E: Engine>(mut engine: MutexGuard<'_, E>) -> MutexGuard<'_, E> {
    engine.undo();
    engine
}

/// Without its thread the desk answers nobody: it must not let anybody wait.
struct Closing<'d, E: Engine>(&'d Desk<E>);

impl<E: Engine> Drop for Closing<'_, E> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        (queue.closed, queue.ended) = (true, true);
        for work in queue.waiting.drain(..) {
            work.refuse(StoreError::Closed);
        }
    }
}
