//! The time that the ledger counts by, and putting it right.

use crate::{BoxFuture, StoreError};

/// Knows the ledger's time.
pub trait Timekeeping: Send + Sync {
    /// What the ledger and the machine take the date for.
    fn dates(&self) -> BoxFuture<'_, Result<Dates, StoreError>>;

    /// Has the ledger count by the machine's date, also where it had gone further before.
    ///
    /// For a machine whose clock had been ahead by mistake: until the true date reaches the false one, calendar
    /// budgets would neither begin anew nor end. What was counted for a period that has not begun counts for
    /// the present one, together with what was counted in it before the clock went wrong: nothing that was
    /// counted in the true present period is given back. Sliding windows count by elapsed time, which the
    /// clock's date does not enter while the machine runs, and are left as they are. What the ledger has
    /// forgotten stays forgotten: sliding windows that passed because the machine was *started* with the false
    /// date, and expired counters that had to make room for new ones.
    fn reclock(&self) -> BoxFuture<'_, Result<Reclocked, StoreError>>;
}

/// The same moment, by two clocks, unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// The latest that the machine's clock ever showed; calendar budgets count by it.
    pub ledger_ms: i64,
    /// What it shows now.
    pub machine_ms: i64,
}

/// What putting the ledger's time right has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reclocked {
    /// The dates before; the ledger's is now the machine's.
    pub dates: Dates,
    /// Calendar counters that were in a period that has not begun.
    pub moved: u64,
}
