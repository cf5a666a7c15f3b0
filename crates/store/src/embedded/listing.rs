//! Lists for people, and the register of instances.

use std::cmp::Ordering;
use std::ops::Range;

use interlock_json::Decimal;
use interlock_meter::{Now, Spill, Tally, Window};
use rusqlite::{Connection, Row, params};

use super::database::{decimal, failed};
use super::tallies::load_part;
use crate::StoreError;
use crate::counters::CounterStatus;
use crate::instances::Instance;

/// Counters that hold something, those nearest their limit first.
pub(super) fn counters(
    connection: &Connection,
    now: Now,
    most: usize,
) -> Result<Vec<CounterStatus>, StoreError> {
    let read = failed("list its counters");
    let mut statement =
        connection.prepare("SELECT id, tally, key, label, bound FROM counters").map_err(&read)?;
    let mut rows = statement.query([]).map_err(&read)?;
    let mut found: Vec<CounterStatus> = Vec::new();
    while let Some(row) = rows.next().map_err(&read)? {
        found.extend(status(connection, now, row)?);
        // So that a million counters need no more memory than a few.
        if found.len() >= most.saturating_mul(2).max(1_024) {
            keep_nearest(&mut found, most);
        }
    }
    keep_nearest(&mut found, most);
    Ok(found)
}

fn keep_nearest(found: &mut Vec<CounterStatus>, most: usize) {
    found.sort_by(|a, b| by_nearness(a, b).then_with(|| a.key.cmp(&b.key)));
    found.truncate(most);
}

/// By the share of the limit that is used, compared exactly enough for people; without a limit last.
fn by_nearness(a: &CounterStatus, b: &CounterStatus) -> Ordering {
    let share = |status: &CounterStatus| {
        let number = |decimal: Decimal| decimal.to_string().parse::<f64>().unwrap_or(f64::MAX);
        let limit = status.limit.map(number)?;
        Some(if limit > 0.0 { number(status.value) / limit } else { f64::INFINITY })
    };
    match (share(a), share(b)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn status(connection: &Connection, now: Now, row: &Row<'_>) -> Result<Option<CounterStatus>, StoreError> {
    let read = failed("list its counters");
    let id: i64 = row.get(0).map_err(&read)?;
    let bytes: Vec<u8> = row.get(1).map_err(&read)?;
    let mut tally = Tally::from_bytes(&bytes)?;
    tally.advance(now, &mut Looking { connection, counter: id })?;
    if tally.value().is_zero() {
        return Ok(None);
    }
    let bound: Option<String> = row.get(4).map_err(&read)?;
    Ok(Some(CounterStatus {
        key: row.get(2).map_err(&read)?,
        label: row.get(3).map_err(&read)?,
        value: tally.value(),
        limit: bound.as_deref().map(decimal).transpose()?,
        window: window_words(tally.window()),
    }))
}

/// Parts that are only looked at.
struct Looking<'c> {
    connection: &'c Connection,
    counter: i64,
}

impl Spill for Looking<'_> {
    type Error = StoreError;

    fn load(&mut self, number: u64) -> Result<Vec<u8>, StoreError> {
        load_part(self.connection, self.counter, number)
    }

    fn save(&mut self, _: u64, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn remove(&mut self, _: Range<u64>) -> Result<(), StoreError> {
        Ok(())
    }
}

fn window_words(window: Window) -> String {
    match window {
        Window::Seconds(seconds) => format!("{seconds}s"),
        Window::Day => "day".to_owned(),
        Window::Week => "week".to_owned(),
        Window::Month => "month".to_owned(),
    }
}

/// Finished instances that are known at most; of more, those that started first are forgotten.
const FINISHED_KNOWN: i64 = 10_000;

/// Notes an instance that starts.
pub(super) fn register(connection: &Connection, instance: &Instance) -> Result<(), StoreError> {
    let values = params![
        instance.id,
        instance.pid,
        instance.kind,
        instance.server,
        instance.grant,
        instance.started_ms,
        instance.finished_ms
    ];
    connection
        .prepare_cached("INSERT OR REPLACE INTO instances VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .and_then(|mut statement| statement.execute(values))
        .map_err(failed("note an instance"))?;
    forget_the_oldest(connection)
}

/// The chains of instances that are forgotten are verified as they are found; that one is missing is noticed
/// for those that are known.
fn forget_the_oldest(connection: &Connection) -> Result<(), StoreError> {
    let sql = "DELETE FROM instances WHERE finished_ms IS NOT NULL AND id <= (
        SELECT id FROM instances WHERE finished_ms IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([FINISHED_KNOWN]))
        .map(|_| ())
        .map_err(failed("forget an instance"))
}

/// Notes that an instance has finished.
pub(super) fn finish(connection: &Connection, id: &str, now_ms: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE instances SET finished_ms = ?2 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![id, now_ms]))
        .map(|_| ())
        .map_err(failed("note an instance"))
}

/// All instances, the oldest first.
pub(super) fn instances(connection: &Connection) -> Result<Vec<Instance>, StoreError> {
    let sql = "SELECT id, pid, kind, server, grant_name, started_ms, finished_ms FROM instances ORDER BY id";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map([], instance_of)?.collect())
        .map_err(failed("list its instances"))
}

fn instance_of(row: &Row<'_>) -> rusqlite::Result<Instance> {
    Ok(Instance {
        id: row.get(0)?,
        pid: row.get(1)?,
        kind: row.get(2)?,
        server: row.get(3)?,
        grant: row.get(4)?,
        started_ms: row.get(5)?,
        finished_ms: row.get(6)?,
    })
}
