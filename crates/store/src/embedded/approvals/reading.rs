//! Looking at questions, as they stand at a time.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::super::database::failed;
use super::rows::{BARE, COLUMNS, Kept, code, kept, read_standing, stands};
use super::{PAGE, changes};
use crate::StoreError;
use crate::approvals::{Approval, Changed, Standing, Which};

/// The question of this name.
pub(super) fn one(connection: &Connection, id: &str, now_ms: i64) -> Result<Option<Approval>, StoreError> {
    Ok(named(connection, id, now_ms)?.map(|(_, approval)| approval))
}

/// The question of this name, with its number.
pub(super) fn named(
    connection: &Connection,
    id: &str,
    now_ms: i64,
) -> Result<Option<(i64, Approval)>, StoreError> {
    let found = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM approvals WHERE id = ?1"))
        .and_then(|mut statement| statement.query_row(params![id], kept).optional())
        .map_err(failed("read an approval"))?;
    found.map(|kept| Ok((kept.number, kept.complete(connection, now_ms)?))).transpose()
}

/// The question of this number.
pub(super) fn numbered(connection: &Connection, number: i64, now_ms: i64) -> Result<Approval, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM approvals WHERE number = ?1"))
        .and_then(|mut statement| statement.query_row(params![number], kept))
        .map_err(failed("read an approval"))?
        .complete(connection, now_ms)
}

/// With what people said of each.
pub(super) fn complete(
    connection: &Connection,
    kept: Vec<Kept>,
    now_ms: i64,
) -> Result<Vec<Approval>, StoreError> {
    kept.into_iter().map(|kept| kept.complete(connection, now_ms)).collect()
}

/// Questions, those that changed last first.
pub(super) fn some(
    connection: &Connection,
    which: &Which,
    most: usize,
    now_ms: i64,
) -> Result<Vec<Approval>, StoreError> {
    let most = most.min(PAGE);
    let mut found: Vec<Approval> = Vec::new();
    for standing in written(which.standing) {
        let (sql, values) = list(which, *standing, most, now_ms);
        let page = connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_map(params_from_iter(values), kept)?.collect())
            .map_err(failed("list its approvals"))?;
        found.extend(complete(connection, page, now_ms)?);
    }
    found.sort_by_key(|approval| std::cmp::Reverse(approval.change));
    found.truncate(most);
    Ok(found)
}

/// How something may be written down that is to be found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written {
    /// As anything.
    Any,
    /// So, and its time has not come.
    Open(Standing),
    /// So, and its time has come.
    Due(Standing),
    /// So, for ever.
    Ended(Standing),
}

fn written(standing: Option<Standing>) -> &'static [Written] {
    match standing {
        None => &[Written::Any],
        Some(Standing::Waiting) => &[Written::Open(Standing::Waiting)],
        Some(Standing::Approved) => &[Written::Open(Standing::Approved)],
        Some(Standing::Denied) => &[Written::Ended(Standing::Denied)],
        Some(Standing::Used) => &[Written::Ended(Standing::Used)],
        Some(Standing::Withdrawn) => &[Written::Ended(Standing::Withdrawn)],
        Some(Standing::Expired) => &[
            Written::Ended(Standing::Expired),
            Written::Due(Standing::Waiting),
            Written::Due(Standing::Approved),
        ],
    }
}

/// The question to the database, with its values.
///
/// Which index serves is not left to a guess that could have it look through all that ever was, or sort all that
/// waits: `+` keeps a column from choosing one.
pub(super) fn list(which: &Which, written: Written, most: usize, now_ms: i64) -> (String, Vec<Value>) {
    let columns = if which.bare { BARE } else { COLUMNS };
    let mut list = List { sql: format!("SELECT {columns} FROM approvals WHERE TRUE"), values: Vec::new() };
    // Those that are open are few beside those that were.
    let by_name = matches!(written, Written::Any | Written::Ended(_));
    let by_server = by_name && which.server.is_some();
    let by_grant = by_name && !by_server && which.grant.is_some();
    match written {
        Written::Any => {}
        Written::Ended(so) if by_server || by_grant => list.and("+standing =", code(so)),
        Written::Ended(so) => list.and("standing =", code(so)),
        Written::Open(so) => {
            list.and("standing =", code(so));
            list.and("+expires_ms >", now_ms);
        }
        Written::Due(so) => {
            list.and("standing < 2 AND +standing =", code(so));
            list.and("expires_ms <=", now_ms);
        }
    }
    for (column, chooses, value) in [
        ("server", by_server, &which.server),
        ("name", by_server, &which.name),
        ("grant_name", by_grant, &which.grant),
    ] {
        if let Some(value) = value {
            list.and(&format!("{}{column} =", if chooses { "" } else { "+" }), value.clone());
        }
    }
    if let Some(before) = which.before {
        list.and(if matches!(written, Written::Due(_)) { "+change <" } else { "change <" }, before);
    }
    list.values.push(Value::from(i64::try_from(most).unwrap_or(i64::MAX)));
    list.sql.push_str(" ORDER BY change DESC LIMIT ?");
    (list.sql, list.values)
}

struct List {
    sql: String,
    values: Vec<Value>,
}

impl List {
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.sql.push_str(" ?");
        self.values.push(value.into());
    }
}

/// What looks for changes.
pub(super) const CHANGES: &str =
    "SELECT id, standing, change, expires_ms FROM approvals WHERE change > ?1 ORDER BY change LIMIT ?2";

/// What changed after a change, and the last change there is.
pub(super) fn changes(
    connection: &Connection,
    after: i64,
    now_ms: i64,
) -> Result<(Vec<Changed>, i64), StoreError> {
    let changed = |row: &Row<'_>| {
        let standing = stands(read_standing(row, 1)?, row.get(3)?, now_ms);
        Ok(Changed { id: row.get(0)?, standing, change: row.get(2)? })
    };
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let changed = connection
        .prepare_cached(CHANGES)
        .and_then(|mut statement| statement.query_map(params![after, most], changed)?.collect())
        .map_err(failed("read its changes"))?;
    Ok((changed, changes::last(connection)?))
}
