//! The counters' rows: read when first needed, remembered, and written together at the end.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use foldhash::quality::RandomState;
use interlock_json::Decimal;
use interlock_meter::{Align, Mark, Now, Spill, Tally};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::{decimal, failed};
use super::reclocking;
use crate::StoreError;
use crate::counters::{Counted, CounterRef, Need};

/// Counters that are remembered between transactions at most.
const REMEMBERED: usize = 1_024;
/// Expired counters that one new counter clears away at most.
const CLEARED: i64 = 4;
/// The same where there is no room left.
const CLEARED_FOR_ROOM: i64 = 64;

/// The part of its window that an expired counter may stay.
const SLACK: i64 = 8;

/// What this process remembers of the counters.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    known: HashMap<Arc<str>, Known, RandomState>,
    changed: Vec<Arc<str>>,
    /// How many counters the ledger has.
    size: u64,
    is_resized: bool,
}

/// A counter's row.
#[derive(Debug, Clone)]
pub(super) struct Known {
    id: i64,
    pub(super) tally: Tally,
    pub(super) label: String,
    limit: Option<Decimal>,
    /// From when on the row may be cleared away: some time after the counter ends, so that the index of these
    /// times changes a few times in a window and not with every call.
    clear_after: i64,
    is_changed: bool,
    is_described_anew: bool,
}

impl Tallies {
    /// Forgets what is remembered; what was changed and not written is lost.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Reads how many counters there are.
    pub(super) fn measure(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let size = connection
            .prepare_cached("SELECT counters FROM size")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map_err(failed("count its counters"))?;
        self.size = u64::try_from(size).unwrap_or(u64::MAX);
        Ok(())
    }

    /// The counter as of now; `None` if there is none yet.
    pub(super) fn current(
        &mut self,
        connection: &Connection,
        now: Now,
        counter: &CounterRef,
    ) -> Result<Option<&mut Known>, StoreError> {
        let key = counter.key.as_str();
        if !self.known.contains_key(key) {
            let Some(known) = read(connection, key)? else { return Ok(None) };
            self.known.insert(key.into(), known);
        }
        let Some(known) = self.known.get_mut(key) else { return Ok(None) };
        if (known.tally.window(), known.tally.align()) != (counter.window, counter.align) {
            let message = format!("`{key}` is kept with another window");
            return Err(StoreError::Damaged { message });
        }
        let mut parts = Parts::of(connection, known);
        known.tally.advance(now, &mut parts)?;
        if parts.is_touched {
            known.mark_changed(key, &mut self.changed);
        }
        Ok(Some(known))
    }

    /// Whether so many new counters may be opened, once some that have expired are cleared away.
    pub(super) fn has_room(
        &mut self,
        connection: &Connection,
        now: Now,
        new: u64,
        most: u64,
    ) -> Result<bool, StoreError> {
        if self.size.saturating_add(new) > most {
            self.clear_expired(connection, now, CLEARED_FOR_ROOM)?;
        }
        Ok(self.size.saturating_add(new) <= most)
    }

    /// Counts what a call needs.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        now: Now,
        need: &Need,
    ) -> Result<Option<Counted>, StoreError> {
        if self.current(connection, now, &need.counter)?.is_none() {
            self.open(connection, now, need)?;
        }
        let Some(known) = self.current(connection, now, &need.counter)? else { return Ok(None) };
        let mut parts = Parts::of(connection, known);
        let mark = known.tally.add(now, need.amount, &need.bound, &mut parts)?;
        known.describe(need);
        self.mark_changed(&need.counter.key);
        Ok(mark.map(|mark| Counted {
            counter: need.counter.clone(),
            mark,
            refund: need.refund,
            pays: need.pays,
            has_arrived: false,
        }))
    }

    /// Gives back what was counted.
    pub(super) fn release(
        &mut self,
        connection: &Connection,
        now: Now,
        counter: &CounterRef,
        mark: Mark,
    ) -> Result<(), StoreError> {
        let Some(known) = self.current(connection, now, counter)? else { return Ok(()) };
        let mut parts = Parts::of(connection, known);
        known.tally.release(mark, &mut parts)?;
        self.mark_changed(&counter.key);
        Ok(())
    }

    fn mark_changed(&mut self, key: &str) {
        if let Some(known) = self.known.get_mut(key) {
            known.mark_changed(key, &mut self.changed);
        }
    }

    fn open(&mut self, connection: &Connection, now: Now, need: &Need) -> Result<(), StoreError> {
        self.clear_expired(connection, now, CLEARED)?;
        let CounterRef { key, window, align } = &need.counter;
        let tally = Tally::new(*window, *align);
        let values = params![key, *align != Align::Sliding, tally.to_bytes()];
        connection
            .prepare_cached(
                "INSERT INTO counters (key, aligned, tally, clear_after, label) VALUES (?1, ?2, ?3, 0, '')",
            )
            .and_then(|mut statement| statement.insert(values))
            .map(|id| self.known.insert(key.as_str().into(), Known::new(id, tally)))
            .map_err(failed("open a counter"))?;
        self.size = self.size.saturating_add(1);
        self.is_resized = true;
        Ok(())
    }

    fn clear_expired(&mut self, connection: &Connection, now: Now, most: i64) -> Result<(), StoreError> {
        // What has expired by the date alone, which may be false, counts again if the clock is put right.
        let wall_ms = now.wall_ms.min(now.elapsed_ms);
        let expired = connection
            .prepare_cached(
                "SELECT id, key FROM counters WHERE aligned = 0 AND clear_after BETWEEN 1 AND ?1
                 UNION ALL SELECT id, key FROM counters WHERE aligned = 1 AND clear_after BETWEEN 1 AND ?2
                 LIMIT ?3",
            )
            .and_then(|mut statement| {
                let rows = statement.query_map(params![now.elapsed_ms, wall_ms, most], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
                })?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(failed("look for expired counters"))?;
        for (id, key) in expired {
            // One that is counted in by this very group is not expired any more; its row says so later.
            if self.known.get(key.as_str()).is_some_and(|known| known.is_changed) {
                continue;
            }
            execute(connection, "DELETE FROM parts WHERE counter = ?1", params![id])?;
            execute(connection, "DELETE FROM counters WHERE id = ?1", params![id])?;
            self.known.remove(key.as_str());
            self.size = self.size.saturating_sub(1);
            self.is_resized = true;
        }
        Ok(())
    }

    /// Puts all calendar counters right, where they are kept: with what has changed, and forgotten here.
    pub(super) fn reclock(&mut self, connection: &Connection, now: Now) -> Result<u64, StoreError> {
        self.write(connection)?;
        self.forget();
        self.measure(connection)?;
        reclocking::move_counters(connection, now)
    }

    /// Writes what has changed. `true` if anything had.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        let any = !self.changed.is_empty() || self.is_resized;
        for key in self.changed.drain(..) {
            if let Some(known) = self.known.get_mut(&key) {
                known.write(connection)?;
            }
        }
        if self.is_resized {
            let size = i64::try_from(self.size).unwrap_or(i64::MAX);
            execute(connection, "UPDATE size SET counters = ?1", params![size])?;
            self.is_resized = false;
        }
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        Ok(any)
    }
}

impl Known {
    fn new(id: i64, tally: Tally) -> Self {
        Self {
            id,
            tally,
            label: String::new(),
            limit: None,
            clear_after: 0,
            is_changed: false,
            is_described_anew: false,
        }
    }

    fn mark_changed(&mut self, key: &str, changed: &mut Vec<Arc<str>>) {
        if !self.is_changed {
            self.is_changed = true;
            changed.push(key.into());
        }
    }

    /// Whose limit it is and how far it goes, for those who look at the list of counters.
    fn describe(&mut self, need: &Need) {
        if self.label != need.label || self.limit != need.bound.limit() {
            self.label.clone_from(&need.label);
            self.limit = need.bound.limit();
            self.is_described_anew = true;
        }
    }

    fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let tally = self.tally.to_bytes();
        let ends = self.tally.ends();
        if ends <= self.clear_after && !self.is_described_anew {
            execute(connection, "UPDATE counters SET tally = ?2 WHERE id = ?1", params![self.id, tally])?;
        } else {
            if ends > self.clear_after {
                self.clear_after = clear_after(&self.tally);
            }
            let limit = self.limit.map(|limit| limit.to_string());
            execute(
                connection,
                "UPDATE counters SET tally = ?2, clear_after = ?3, label = ?4, bound = ?5 WHERE id = ?1",
                params![self.id, tally, self.clear_after, self.label, limit],
            )?;
        }
        (self.is_changed, self.is_described_anew) = (false, false);
        Ok(())
    }
}

/// From when on the row of a counter may be cleared away.
pub(super) fn clear_after(tally: &Tally) -> i64 {
    tally.ends().saturating_add(tally.window().length_ms() / SLACK)
}

fn read(connection: &Connection, key: &str) -> Result<Option<Known>, StoreError> {
    let row = connection
        .prepare_cached("SELECT id, tally, clear_after, label, bound FROM counters WHERE key = ?1")
        .and_then(|mut statement| statement.query_row([key], row_of).optional())
        .map_err(failed("read a counter"))?;
    row.map(Known::try_from).transpose()
}

/// A row as it is kept.
struct Kept {
    id: i64,
    tally: Vec<u8>,
    clear_after: i64,
    label: String,
    bound: Option<String>,
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get(0)?,
        tally: row.get(1)?,
        clear_after: row.get(2)?,
        label: row.get(3)?,
        bound: row.get(4)?,
    })
}

impl TryFrom<Kept> for Known {
    type Error = StoreError;

    fn try_from(kept: Kept) -> Result<Self, StoreError> {
        let limit = kept.bound.as_deref().map(decimal).transpose()?;
        let known = Self::new(kept.id, Tally::from_bytes(&kept.tally)?);
        Ok(Self { label: kept.label, limit, clear_after: kept.clear_after, ..known })
    }
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(failed("write a counter"))
}

/// The parts of one long tally, as rows.
pub(super) struct Parts<'c> {
    connection: &'c Connection,
    counter: i64,
    /// Whether the tally itself must be written, too.
    is_touched: bool,
}

impl<'c> Parts<'c> {
    pub(super) fn of(connection: &'c Connection, known: &Known) -> Self {
        Self { connection, counter: known.id, is_touched: false }
    }

    fn number(number: u64) -> i64 {
        i64::try_from(number).unwrap_or(i64::MAX)
    }
}

impl Spill for Parts<'_> {
    type Error = StoreError;

    fn load(&mut self, number: u64) -> Result<Vec<u8>, StoreError> {
        load_part(self.connection, self.counter, number)
    }

    fn save(&mut self, number: u64, part: &[u8]) -> Result<(), StoreError> {
        self.is_touched = true;
        let values = params![self.counter, Self::number(number), part];
        execute(self.connection, "INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3)", values)
    }

    fn remove(&mut self, numbers: Range<u64>) -> Result<(), StoreError> {
        self.is_touched = true;
        let values = params![self.counter, Self::number(numbers.start), Self::number(numbers.end)];
        let sql = "DELETE FROM parts WHERE counter = ?1 AND number >= ?2 AND number < ?3";
        execute(self.connection, sql, values)
    }
}

pub(super) fn load_part(connection: &Connection, counter: i64, number: u64) -> Result<Vec<u8>, StoreError> {
    connection
        .prepare_cached("SELECT entries FROM parts WHERE counter = ?1 AND number = ?2")
        .and_then(|mut statement| {
            statement.query_row(params![counter, Parts::number(number)], |row| row.get(0))
        })
        .map_err(failed("read a counter"))
}
