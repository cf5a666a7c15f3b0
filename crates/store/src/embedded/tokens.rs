//! The register of tokens.

use rusqlite::{Connection, Row, params};

use super::database::failed;
use crate::StoreError;
use crate::tokens::{Revoked, TokenEntry};

/// The layout of the register.
pub(super) const TABLE: &str = "
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    grant_name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) WITHOUT ROWID;
";

/// Notes a new token in the place of others.
pub(super) fn add(
    connection: &Connection,
    entry: &TokenEntry,
    instead_of: Option<&Revoked>,
) -> Result<(), StoreError> {
    if let Some(which) = instead_of {
        revoke(connection, which, entry.created_ms)?;
    }
    let values =
        params![entry.id, entry.grant, entry.digest, entry.created_ms, entry.expires_ms, entry.revoked_ms];
    connection
        .prepare_cached("INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut statement| statement.execute(values))
        .map_err(failed("note a token"))?;
    Ok(())
}

/// Revokes what was in force; gives how many.
pub(super) fn revoke(connection: &Connection, which: &Revoked, now_ms: i64) -> Result<u64, StoreError> {
    let (sql, name) = match which {
        Revoked::Token(id) => ("UPDATE tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL", id),
        Revoked::Grant(grant) => {
            ("UPDATE tokens SET revoked_ms = ?2 WHERE grant_name = ?1 AND revoked_ms IS NULL", grant)
        }
    };
    let changed = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params![name, now_ms]))
        .map_err(failed("revoke a token"))?;
    Ok(changed.try_into().unwrap_or(u64::MAX))
}

/// All tokens, the oldest first.
pub(super) fn tokens(connection: &Connection) -> Result<Vec<TokenEntry>, StoreError> {
    let sql = "SELECT id, grant_name, digest, created_ms, expires_ms, revoked_ms FROM tokens
        ORDER BY created_ms, id";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map([], token_of)?.collect())
        .map_err(failed("list its tokens"))
}

fn token_of(row: &Row<'_>) -> rusqlite::Result<TokenEntry> {
    Ok(TokenEntry {
        id: row.get(0)?,
        grant: row.get(1)?,
        digest: row.get(2)?,
        created_ms: row.get(3)?,
        expires_ms: row.get(4)?,
        revoked_ms: row.get(5)?,
    })
}
