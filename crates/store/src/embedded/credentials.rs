//! The register of credentials. What is in it is sealed before it comes here.

use rusqlite::{Connection, params};

use super::database::failed;
use crate::StoreError;
use crate::credentials::{CredentialEntry, Resealed};

/// The layout of the register.
pub(super) const TABLE: &str = "
CREATE TABLE credentials (
    server TEXT NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    written_ms INTEGER NOT NULL,
    PRIMARY KEY (server, name)
) WITHOUT ROWID;
";

/// Keeps one in the place of another of its name.
pub(super) fn keep(connection: &Connection, entry: &CredentialEntry) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO credentials VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut statement| {
            statement.execute(params![entry.server, entry.name, entry.key_id, entry.sealed, entry.written_ms])
        })
        .map_err(failed("keep a credential"))?;
    Ok(())
}

/// Puts each in the place of what was read; gives how many were still so.
pub(super) fn reseal(connection: &Connection, resealed: &[Resealed]) -> Result<u64, StoreError> {
    let mut changed = 0_u64;
    for Resealed { before, entry } in resealed {
        let updated = connection
            .prepare_cached(
                "UPDATE credentials SET key_id = ?3, sealed = ?4, written_ms = ?5 \
                 WHERE server = ?1 AND name = ?2 AND sealed = ?6",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    entry.server,
                    entry.name,
                    entry.key_id,
                    entry.sealed,
                    entry.written_ms,
                    before
                ])
            })
            .map_err(failed("seal a credential anew"))?;
        changed = changed.saturating_add(updated.try_into().unwrap_or(u64::MAX));
    }
    Ok(changed)
}

/// Forgets one.
pub(super) fn forget(connection: &Connection, server: &str, name: &str) -> Result<bool, StoreError> {
    let removed = connection
        .prepare_cached("DELETE FROM credentials WHERE server = ?1 AND name = ?2")
        .and_then(|mut statement| statement.execute(params![server, name]))
        .map_err(failed("forget a credential"))?;
    Ok(removed > 0)
}

/// All of them, by server and name.
pub(super) fn credentials(connection: &Connection) -> Result<Vec<CredentialEntry>, StoreError> {
    let entry = |row: &rusqlite::Row<'_>| {
        Ok(CredentialEntry {
            server: row.get(0)?,
            name: row.get(1)?,
            key_id: row.get(2)?,
            sealed: row.get(3)?,
            written_ms: row.get(4)?,
        })
    };
    connection
        .prepare_cached(
            "SELECT server, name, key_id, sealed, written_ms FROM credentials ORDER BY server, name",
        )
        .and_then(|mut statement| statement.query_map([], entry)?.collect())
        .map_err(failed("list its credentials"))
}
