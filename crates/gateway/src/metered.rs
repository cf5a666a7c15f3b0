//! The ledger as calls use it: what it cannot answer is counted.

use std::sync::Arc;

use interlock_json::Decimal;
use interlock_store::{
    BoxFuture, CounterRef, CounterStatus, Counters, ReservationId, ReserveAnswer, ReserveRequest, Settle,
    StoreError,
};

use crate::metrics::Metrics;

#[derive(Debug)]
pub(crate) struct Metered {
    counters: Arc<dyn Counters>,
    metrics: Arc<Metrics>,
}

impl Metered {
    pub(crate) fn new(counters: Arc<dyn Counters>, metrics: Arc<Metrics>) -> Self {
        Self { counters, metrics }
    }

    fn noting<'a, T: 'a>(
        &'a self,
        operation: &'static str,
        answer: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move { answer.await.inspect_err(|_| self.metrics.store_failed(operation)) })
    }
}

impl Counters for Metered {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        self.noting("read", self.counters.read(counters))
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        self.noting("reserve", self.counters.reserve(request))
    }

    fn settle(&self, reservation: ReservationId, how: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        self.noting("settle", self.counters.settle(reservation, how))
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        self.noting("list", self.counters.list(most))
    }
}
