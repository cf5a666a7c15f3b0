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
            (Some(mut seen), Some(kept)) if is_of(&seen, &kept) && seen.boot_ms >= kept.boot_ms => {
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

    /// Puts the clock right, for all processes.
    pub(super) fn reclock(&mut self, connection: &Connection, reading: &Reading) -> Result<Now, StoreError> {
        let clock = self.clock.get_or_insert_with(|| Clock::new(reading));
        let now = clock.reclock(reading);
        write(connection, clock)?;
        self.kept = Some(clock.clone());
        Ok(now)
    }

    /// An alarm to raise once the transaction is committed.
    pub(super) fn take_jump(&mut self) -> Option<Jump> {
        self.jump.take()
    }
}

/// Whether both are the clock of one boot, and nobody has put one of them right.
fn is_of(seen: &Clock, kept: &Clock) -> bool {
    seen.boot_id == kept.boot_id && seen.reclocks == kept.reclocks
}

/// The clock by which something is only looked at: nothing is kept of it.
pub(super) fn peek(connection: &Connection, reading: &Reading) -> Result<Clock, StoreError> {
    let mut clock = read(connection)?.unwrap_or_else(|| Clock::new(reading));
    clock.observe(reading);
    Ok(clock)
}

fn is_ahead(clock: &Clock, kept: &Clock) -> bool {
    clock.boot_id != kept.boot_id
        || clock.latest.elapsed_ms.saturating_sub(kept.latest.elapsed_ms) >= UNKEPT
        || clock.latest.wall_ms.saturating_sub(kept.latest.wall_ms) >= UNKEPT
}

fn read(connection: &Connection) -> Result<Option<Clock>, StoreError> {
    connection
        .prepare_cached("SELECT elapsed_ms, latest_wall_ms, wall_ms, boot_ms, boot_id, reclocks FROM clock")
        .and_then(|mut statement| statement.query_row([], clock_of).optional())
        .map_err(failed("read its clock"))
}

fn clock_of(row: &Row<'_>) -> rusqlite::Result<Clock> {
    Ok(Clock {
        latest: Now { elapsed_ms: row.get(0)?, wall_ms: row.get(1)? },
        wall_ms: row.get(2)?,
        boot_ms: row.get(3)?,
        boot_id: row.get(4)?,
        reclocks: u64::try_from(row.get::<_, i64>(5)?).unwrap_or_default(),
    })
}

fn write(connection: &Connection, clock: &Clock) -> Result<(), StoreError> {
    let latest = clock.latest;
    let reclocks = i64::try_from(clock.reclocks).unwrap_or(i64::MAX);
    let values =
        params![latest.elapsed_ms, latest.wall_ms, clock.wall_ms, clock.boot_ms, clock.boot_id, reclocks];
    connection
        .prepare_cached("INSERT OR REPLACE INTO clock VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(failed("write its clock"))
}
