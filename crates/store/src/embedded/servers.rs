//! The register of servers.

use rusqlite::{Connection, params};

use super::database::failed;
use crate::StoreError;
use crate::servers::ServerEntry;

/// The layout of the register.
pub(super) const TABLE: &str = "
CREATE TABLE servers (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    added_ms INTEGER NOT NULL
) WITHOUT ROWID;
";

/// Notes a server, unless there is one of its name.
pub(super) fn add(connection: &Connection, entry: &ServerEntry) -> Result<bool, StoreError> {
    let added = connection
        .prepare_cached("INSERT INTO servers VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .and_then(|mut statement| statement.execute(params![entry.name, entry.definition, entry.added_ms]))
        .map_err(failed("note a server"))?;
    Ok(added > 0)
}

/// Forgets a server.
pub(super) fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let removed = connection
        .prepare_cached("DELETE FROM servers WHERE name = ?1")
        .and_then(|mut statement| statement.execute(params![name]))
        .map_err(failed("forget a server"))?;
    Ok(removed > 0)
}

/// All servers, by name.
pub(super) fn servers(connection: &Connection) -> Result<Vec<ServerEntry>, StoreError> {
    let entry = |row: &rusqlite::Row<'_>| {
        Ok(ServerEntry { name: row.get(0)?, definition: row.get(1)?, added_ms: row.get(2)? })
    };
    connection
        .prepare_cached("SELECT name, definition, added_ms FROM servers ORDER BY name")
        .and_then(|mut statement| statement.query_map([], entry)?.collect())
        .map_err(failed("list its servers"))
}
