//! The register of tokens.

use rusqlite::{Connection, Row, params};

use super::database::failed;
use crate::StoreError;
use crate::tokens::{Revoked, TokenEntry, TokenKind};

/// The layout of the register of callers' tokens.
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

/// The layout of the register of operators' tokens.
pub(super) const ADMIN_TABLE: &str = "
CREATE TABLE admin_tokens (
    id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) WITHOUT ROWID;
";

/// What is asked of one register.
struct Statements {
    insert: &'static str,
    revoke_one: &'static str,
    revoke_all: &'static str,
    list: &'static str,
}

const OF_GRANTS: Statements = Statements {
    insert: "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    revoke_one: "UPDATE tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL",
    revoke_all: "UPDATE tokens SET revoked_ms = ?2 WHERE grant_name = ?1 AND revoked_ms IS NULL",
    list: "SELECT id, grant_name, digest, created_ms, expires_ms, revoked_ms FROM tokens ORDER BY created_ms, id",
};

const OF_OPERATORS: Statements = Statements {
    insert: "INSERT INTO admin_tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    revoke_one: "UPDATE admin_tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL",
    revoke_all: "UPDATE admin_tokens SET revoked_ms = ?2 WHERE holder = ?1 AND revoked_ms IS NULL",
    list: "SELECT id, holder, digest, created_ms, expires_ms, revoked_ms FROM admin_tokens ORDER BY created_ms, id",
};

fn statements(kind: TokenKind) -> Statements {
    match kind {
        TokenKind::Grant => OF_GRANTS,
        TokenKind::Admin => OF_OPERATORS,
    }
}

/// Notes a new token in the place of others.
pub(super) fn add(
    connection: &Connection,
    kind: TokenKind,
    entry: &TokenEntry,
    instead_of: Option<&Revoked>,
) -> Result<(), StoreError> {
    if let Some(which) = instead_of {
        revoke(connection, kind, which, entry.created_ms)?;
    }
    let values =
        params![entry.id, entry.grant, entry.digest, entry.created_ms, entry.expires_ms, entry.revoked_ms];
    connection
        .prepare_cached(statements(kind).insert)
        .and_then(|mut statement| statement.execute(values))
        .map_err(failed("note a token"))?;
    Ok(())
}

/// Revokes what was in force; gives how many.
pub(super) fn revoke(
    connection: &Connection,
    kind: TokenKind,
    which: &Revoked,
    now_ms: i64,
) -> Result<u64, StoreError> {
    let (sql, name) = match which {
        Revoked::Token(id) => (statements(kind).revoke_one, id),
        Revoked::Grant(grant) => (statements(kind).revoke_all, grant),
    };
    let changed = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params![name, now_ms]))
        .map_err(failed("revoke a token"))?;
    Ok(changed.try_into().unwrap_or(u64::MAX))
}

/// All tokens, the oldest first.
pub(super) fn tokens(connection: &Connection, kind: TokenKind) -> Result<Vec<TokenEntry>, StoreError> {
    connection
        .prepare_cached(statements(kind).list)
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
