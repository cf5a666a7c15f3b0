//! What is read of pins.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::super::database::failed;
use crate::StoreError;
use crate::pins::{Accepted, Pin, PinState, PinsOfServer, Waiting};

/// Whether a server was ever seen.
pub(super) fn is_known(connection: &Connection, server: &str) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM pinned_servers WHERE server = ?1")
        .and_then(|mut statement| statement.query_row([server], |row| row.get(0)).optional())
        .map_err(failed("look up a server"))?;
    Ok(found.is_some())
}

/// What calls of a server's tools are judged by.
pub(in super::super) fn pins_of(connection: &Connection, server: &str) -> Result<PinsOfServer, StoreError> {
    let state = |row: &Row<'_>| {
        let (tool, accepted, shown) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(PinState { tool, accepted, shown, is_quarantined: row.get(3)? })
    };
    let pins = connection
        .prepare_cached(
            "SELECT tool, accepted, iif(is_back, accepted, coalesce(offered, accepted)), is_quarantined \
             FROM pins WHERE server = ?1 ORDER BY tool",
        )
        .and_then(|mut statement| statement.query_map([server], state)?.collect())
        .map_err(failed("read a server's pins"))?;
    Ok(PinsOfServer { is_known: is_known(connection, server)?, pins, changes: changes(connection)? })
}

/// How often any pin has changed.
pub(in super::super) fn changes(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT count FROM pin_changes")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed("look for changes of pins"))
}

/// How many tools of each server are in quarantine.
pub(in super::super) fn quarantined(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let of_server = |row: &Row<'_>| {
        let count: i64 = row.get(1)?;
        Ok((row.get(0)?, count.unsigned_abs()))
    };
    connection
        .prepare_cached(
            "SELECT server, count(*) FROM pins WHERE is_quarantined GROUP BY server ORDER BY server",
        )
        .and_then(|mut statement| statement.query_map([], of_server)?.collect())
        .map_err(failed("count what is in quarantine"))
}

/// All that is known of the tools of one server, or of all.
pub(in super::super) fn pins(connection: &Connection, server: Option<&str>) -> Result<Vec<Pin>, StoreError> {
    connection
        .prepare_cached(
            "SELECT server, tool, accepted, accepted_definition, accepted_by, accepted_ms, offered, \
             offered_definition, offered_ms, is_quarantined, is_back, first_seen_ms, changed_ms \
             FROM pins WHERE ?1 IS NULL OR server = ?1 ORDER BY server, tool",
        )
        .and_then(|mut statement| statement.query_map([server], pin)?.collect())
        .map_err(failed("list its pins"))
}

fn pin(row: &Row<'_>) -> rusqlite::Result<Pin> {
    let accepted = match row.get::<_, Option<[u8; 32]>>(2)? {
        None => None,
        Some(digest) => {
            Some(Accepted { definition: row.get(3)?, digest, by: row.get(4)?, at_ms: row.get(5)? })
        }
    };
    let offered = match row.get::<_, Option<[u8; 32]>>(6)? {
        None => None,
        Some(digest) => Some(Waiting { definition: row.get(7)?, digest, at_ms: row.get(8)? }),
    };
    Ok(Pin {
        server: row.get(0)?,
        tool: row.get(1)?,
        accepted,
        offered,
        is_quarantined: row.get(9)?,
        is_back: row.get(10)?,
        first_seen_ms: row.get(11)?,
        changed_ms: row.get(12)?,
    })
}
