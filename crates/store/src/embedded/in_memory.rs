//! A ledger in memory, for trying policies: the transactions of the embedded one, on a clock that is set.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use interlock_json::Decimal;
use interlock_meter::Reading;

use super::desk::Engine as _;
use super::engine::Engine;
use super::syncing::Dirty;
use super::work::{Asked, Work};
use super::{ClockSource, Options, database};
use crate::counters::{
    CounterRef, CounterStatus, Counters, ReservationId, ReserveAnswer, ReserveRequest, Settle,
};
use crate::{BoxFuture, StoreError};

/// Keeps counters in memory, by the rules and the code of [`Embedded`](crate::Embedded), at the time that it is
/// told. Every answer is ready at once, and all is forgotten when it goes.
pub struct InMemory {
    engine: Mutex<Engine>,
    clock: Arc<SetClock>,
}

/// A clock that stands still until it is set.
struct SetClock(Mutex<i64>);

impl ClockSource for SetClock {
    fn read(&self) -> Reading {
        let now_ms = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Reading { wall_ms: now_ms, boot_ms: now_ms, boot_id: "set".to_owned() }
    }
}

impl InMemory {
    /// An empty ledger at a time, unix milliseconds.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(now_ms: i64) -> Result<Self, StoreError> {
        let clock = Arc::new(SetClock(Mutex::new(now_ms)));
        let options = Options { clock: Arc::<SetClock>::clone(&clock), ..Options::default() };
        let connection = database::open_in_memory(&options)?;
        Ok(Self { engine: Mutex::new(Engine::new(connection, options, Dirty::unheard())), clock })
    }

    /// Sets the time. It counts like every clock's: one that is set back reopens nothing.
    pub fn set_time(&self, now_ms: i64) {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = now_ms;
    }

    fn ask<Q, A>(&self, question: Q, work: impl FnOnce(Asked<Q, A>) -> Work) -> Result<A, StoreError> {
        let (asked, mut answer) = Asked::new(question);
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.run(vec![work(asked)], Duration::ZERO);
        answer.try_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory").finish_non_exhaustive()
    }
}

impl Counters for InMemory {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        Box::pin(ready(self.ask(counters, Work::Read)))
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        Box::pin(ready(self.ask(request, Work::Reserve)))
    }

    fn settle(&self, reservation: ReservationId, how: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        let counted = reservation.settle(how);
        let settled = if counted.is_empty() { Ok(()) } else { self.ask(counted, Work::Release) };
        Box::pin(ready(settled))
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        Box::pin(ready(self.ask(most, Work::List)))
    }
}
