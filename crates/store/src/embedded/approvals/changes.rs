//! The numbers of changes.

use rusqlite::{Connection, params};

use super::super::database::failed;
use crate::StoreError;

/// The next number, from the first one of so many.
pub(super) fn next(connection: &Connection, many: i64) -> Result<i64, StoreError> {
    connection
        .prepare_cached("UPDATE approval_changes SET last = last + ?1 RETURNING last + 1 - ?1")
        .and_then(|mut statement| statement.query_row(params![many], |row| row.get(0)))
        .map_err(failed("number a change"))
}

/// The last one that was given.
pub(super) fn last(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT last FROM approval_changes")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed("read its changes"))
}
