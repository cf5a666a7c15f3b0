//! Moving calendar counters to the true date.

use interlock_meter::{Now, Tally};
use rusqlite::{Connection, params};

use super::database::failed;
use super::tallies::clear_after;
use crate::StoreError;

/// Counters that are looked at together: so many are in memory at once.
const PAGE: usize = 1_024;

/// Moves what counts for a period that has not begun. Says how many counters did.
pub(super) fn move_counters(connection: &Connection, now: Now) -> Result<u64, StoreError> {
    let mut moved = 0_u64;
    let mut last = i64::MIN;
    loop {
        let page = page(connection, last)?;
        for (id, bytes) in &page {
            let mut tally = Tally::from_bytes(bytes)?;
            if tally.reclock(now) {
                write(connection, *id, &tally)?;
                moved = moved.saturating_add(1);
            }
            last = *id;
        }
        if page.len() < PAGE {
            return Ok(moved);
        }
    }
}

fn page(connection: &Connection, after: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let sql = "SELECT id, tally FROM counters WHERE id > ?1 AND aligned = 1 ORDER BY id LIMIT ?2";
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.query_map(params![after, page], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map_err(failed("read a counter"))
}

fn write(connection: &Connection, id: i64, tally: &Tally) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE counters SET tally = ?2, clear_after = ?3 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![id, tally.to_bytes(), clear_after(tally)]))
        .map(|_| ())
        .map_err(failed("write a counter"))
}
