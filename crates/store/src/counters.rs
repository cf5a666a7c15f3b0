//! What every backend promises of counters.

use std::sync::{Arc, Mutex, PoisonError};

use interlock_json::Decimal;
use interlock_meter::{Align, Bound, Mark, Refused, Window};

use crate::{BoxFuture, StoreError};

/// Keeps what limits count.
///
/// Promises of every backend: the amounts reserved under a bound never exceed it, in any window and for any
/// interleaving of callers, processes and crashes; a reservation is durable before it is answered; a clock
/// that steps back reopens nothing; what cannot be answered is an error, never a yes.
pub trait Counters: Send + Sync + std::fmt::Debug {
    /// What the counters hold, all at one moment.
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>>;

    /// Reserves all needs or none.
    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>>;

    /// Settles a reservation, which only the first time does. One that is never settled counts.
    fn settle(&self, reservation: ReservationId, how: Settle) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Every counter that still counts something, those nearest their limit first, `most` at the most.
    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>>;
}

/// A counter by its stable name, with the way it counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CounterRef {
    /// The name; it holds everything that tells one counter from another.
    pub key: String,
    /// Its window.
    pub window: Window,
    /// Sliding or aligned.
    pub align: Align,
}

/// What one limit needs of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The counter.
    pub counter: CounterRef,
    /// How much to count: not negative.
    pub amount: Decimal,
    /// How much the counter may hold with it.
    pub bound: Bound,
    /// Whose limit it is, for people.
    pub label: String,
    /// Counted, but never in the way.
    pub shadow: bool,
    /// What [`Settle::Refund`] gives back.
    pub refund: Refund,
    /// What was paid is paid: it counts on when another reservation takes this one's place, as a part of that one.
    pub pays: bool,
}

/// What a call needs, and what it was judged on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReserveRequest {
    /// All of them or none.
    pub needs: Vec<Need>,
    /// Counters that conditions looked at, and what they held then.
    pub expect: Vec<(CounterRef, Decimal)>,
    /// An earlier reservation, of a call that has reached the server, whose place this one takes: it is given back,
    /// where it still counts, in the same transaction. If the needs do not fit all the same, it stays. What counts in
    /// its place is not given back by [`Settle::Release`], which is for calls that never reached the server.
    pub replaces: Option<ReservationId>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum ReserveAnswer {
    /// All needs are reserved.
    Reserved(Reservation),
    /// One does not fit, so none is.
    Exhausted(Exhausted),
    /// A counter no longer holds what was expected: judge again.
    Stale,
}

/// Needs that are reserved.
#[derive(Debug, Clone, PartialEq)]
pub struct Reservation {
    /// To settle it by.
    pub id: ReservationId,
    /// For each need, what its counter held before and holds now.
    pub changes: Vec<Change>,
}

/// One counter, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Before.
    pub before: Decimal,
    /// After.
    pub after: Decimal,
    /// A shadow need that would have been refused.
    pub over: bool,
}

/// A reservation, to settle it by. Nothing needs to be done to let it count: dropping this does.
#[derive(Debug, Clone)]
pub struct ReservationId(Arc<Mutex<Vec<Counted>>>);

/// What a reservation counted where, to give it back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    pub(crate) counter: CounterRef,
    pub(crate) mark: Mark,
    pub(crate) refund: Refund,
    pub(crate) pays: bool,
    /// Whether it counts a call that has reached the server already.
    pub(crate) has_arrived: bool,
}

impl ReservationId {
    pub(crate) fn new(counted: Vec<Counted>) -> Self {
        Self(Arc::new(Mutex::new(counted)))
    }

    /// Takes the place of an earlier reservation: of what that one `moved` to this one, and of what it `keeps`.
    pub(crate) fn continue_from(&self, moved: &[Counted], keeps: Vec<Counted>) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for counted in own.iter_mut() {
            counted.has_arrived = moved.iter().any(|moved| moved.counter.key == counted.counter.key);
        }
        own.extend(keeps.into_iter().map(|counted| Counted { has_arrived: true, ..counted }));
    }

    /// What it counted, as long as nobody has settled it.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is to be given back, for whoever settles it first; nothing for those after.
    pub(crate) fn settle(&self, how: Settle) -> Vec<Counted> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        match how {
            Settle::Commit => Vec::new(),
            Settle::Release => counted.into_iter().filter(|counted| !counted.has_arrived).collect(),
            Settle::Refund(failure) => {
                counted.into_iter().filter(|counted| counted.refund.covers(failure)).collect()
            }
        }
    }
}

impl PartialEq for ReservationId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The first need that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhausted {
    /// Its place among the needs.
    pub index: usize,
    /// When it would fit if nothing else were counted; `None`: never.
    pub retry_after_ms: Option<u64>,
    /// What the counter holds.
    pub value: Decimal,
    /// Why it does not fit.
    pub cause: Cause,
    /// Whose need the counter has counted last, as its label says; empty where it has counted none.
    pub last: String,
}

/// Why a need does not fit. None of these is a failure of the store: no setting lets such a call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The limit, or the amount.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The counter would be a new one, and as many as allowed exist.
    #[error("there are already {most} counters, and no new one is opened")]
    TooManyCounters {
        /// The limit.
        most: u64,
    },
}

/// How a reservation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It counts.
    Commit,
    /// The call never reached the server: it is given back.
    Release,
    /// The server answered with an error: what was to be refunded then is given back, the rest counts.
    Refund(Failure),
}

/// How a server said that a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// With an error of the protocol.
    Protocol,
    /// With a result that says so.
    Result,
}

/// When a need is given back although the call has reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Refund {
    /// Never.
    #[default]
    Never,
    /// When the server answers with an error of the protocol.
    OnProtocolError,
    /// When the server says in either way that the call failed.
    OnError,
}

impl Refund {
    /// Whether it is given back after this.
    #[must_use]
    pub fn covers(self, failure: Failure) -> bool {
        match self {
            Refund::Never => false,
            Refund::OnProtocolError => failure == Failure::Protocol,
            Refund::OnError => true,
        }
    }
}

/// A counter as `status` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterStatus {
    /// The counter's name.
    pub key: String,
    /// Whose limit it is.
    pub label: String,
    /// What it holds.
    pub value: Decimal,
    /// How much it may hold, as the last call's policy had it; `None`: it only counts.
    pub limit: Option<Decimal>,
    /// Its window in words: `60s`, `day`.
    pub window: String,
}
