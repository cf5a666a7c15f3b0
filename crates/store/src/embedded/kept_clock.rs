//! The ledger's clock, kept in the database so that all processes agree.

use interlock_meter::{Clock, Jump, Now, Reading};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::failed;
use crate::StoreError;

/// The clock as this process last saw it, and as the database has it.
///
/// Within a boot every process computes the same elapsed time from whatever was kept, so it is kept only now
/// and then. What may be lost is safe to lose: after a restart time may stand still for as long, and a calendar
/// window that has begun is remembered by its counters.
#[derive(Debug, Default)]
pub(super) struct KeptClock {
    clock: Option<Clock>,
    kept: Option<Clock>,
    jump: Option<Jump>,
}

/// How far the clock may run ahead of what is kept, in milliseconds.
const UNKEPT: i64 = 1_000;

impl KeptClock {
    /// Reads what the database has. A boot whose clock this process has seen later is known better here.
    pub(super) fn reload(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.kept = read(connection)?;
        self.clock = match (self.clock.take(), self.kept.clone()) {
            (Some(mut seen), Some(kept)) if seen.boot_id == kept.boot_id && seen.boot_ms >= kept.boot_ms => {
                seen.latest.elapsed_ms = seen.latest.elapsed_ms.max(kept.latest.elapsed_ms);
                seen.latest.wall_ms = seen.latest.wall_ms.max(kept.latest.wall_ms);
                Some(seen)
            }
            (_, kept) => kept,
        };
        Ok(())
    }

    /// The times to count by in this transaction.
    pub(super) fn observe(&mut self, connection: &Connection, reading: &Reading) -> Result<Now, StoreError> {
        let clock = self.clock.get_or_insert_with(|| Clock::new(reading));
        let observed = clock.observe(reading);
        if observed.jump.is_some() || self.kept.as_ref().is_none_or(|kept| is_ahead(clock, kept)) {
            write(connection, clock)?;
            self.kept = Some(clock.clone());
        }
        // One that is not told yet, because its transaction failed, is not forgotten.
        self.jump = observed.jump.or(self.jump);
        Ok(observed.now)
    }

    /// The times by which a list is read: nothing is kept of it.
    pub(super) fn peek(&self, connection: &Connection, reading: &Reading) -> Result<Now, StoreError> {
        let mut clock = read(connection)?.unwrap_or_else(|| Clock::new(reading));
        Ok(clock.observe(reading).now)
    }

    /// An alarm to raise once the transaction is committed.
    pub(super) fn take_jump(&mut self) -> Option<Jump> {
        self.jump.take()
    }
}

fn is_ahead(clock: &Clock, kept: &Clock) -> bool {
    clock.boot_id != kept.boot_id
        || clock.latest.elapsed_ms.saturating_sub(kept.latest.elapsed_ms) >= UNKEPT
        || clock.latest.wall_ms.saturating_sub(kept.latest.wall_ms) >= UNKEPT
}

fn read(connection: &Connection) -> Result<Option<Clock>, StoreError> {
    connection
        .prepare_cached("SELECT elapsed_ms, latest_wall_ms, wall_ms, boot_ms, boot_id FROM clock")
        .and_then(|mut statement| statement.query_row([], clock_of).optional())
        .map_err(failed("read its clock"))
}

fn clock_of(row: &Row<'_>) -> rusqlite::Result<Clock> {
    Ok(Clock {
        latest: Now { elapsed_ms: row.get(0)?, wall_ms: row.get(1)? },
        wall_ms: row.get(2)?,
        boot_ms: row.get(3)?,
        boot_id: row.get(4)?,
    })
}

fn write(connection: &Connection, clock: &Clock) -> Result<(), StoreError> {
    let latest = clock.latest;
    let values = params![latest.elapsed_ms, latest.wall_ms, clock.wall_ms, clock.boot_ms, clock.boot_id];
    connection
        .prepare_cached("INSERT OR REPLACE INTO clock VALUES (1, ?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(failed("write its clock"))
}
