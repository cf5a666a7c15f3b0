//! One suite for every backend: what `Counters` promises, whoever keeps them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: to fail is its way to say so"
)]

mod approvals;
mod clock;
mod embedded;
mod in_memory;
mod model;
mod pins;
mod reclocking;
mod registers;
mod request;
mod suite;
mod timed;

use std::sync::Arc;

use interlock_store::{Counters, Timekeeping};

use crate::clock::TestClock;

/// A backend that holds nothing yet, with its time in the test's hand.
struct Ledger {
    counters: Arc<dyn Counters>,
    time: Arc<dyn Timekeeping>,
    clock: Arc<TestClock>,
    /// Whatever must live as long as the backend, such as its directory.
    _keep: Box<dyn std::any::Any>,
}
