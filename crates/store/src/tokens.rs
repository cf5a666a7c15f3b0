//! Bearer tokens, as they are known after they were shown once: by a keyed digest.

use crate::{BoxFuture, StoreError};

/// Whose tokens they are. One kind is never taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Those of callers: each stands for a grant.
    Grant,
    /// Those of operators: each stands for its holder.
    Admin,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    /// Its name for people, which is no secret.
    pub id: String,
    /// The grant that it stands for, or the operator who holds it.
    pub grant: String,
    /// The keyed digest by which it is recognised, hexadecimal.
    pub digest: String,
    /// When it was made, unix milliseconds.
    pub created_ms: i64,
    /// When it ends by itself.
    pub expires_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// Which tokens to revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The one of this name.
    Token(String),
    /// All of this grant, or operator.
    Grant(String),
}

/// Keeps tokens.
pub trait Tokens: Send + Sync {
    /// Notes a new one, and in the same step revokes what it takes the place of.
    fn add(&self, entry: TokenEntry, instead_of: Option<Revoked>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Revokes; gives how many were in force until then.
    fn revoke(&self, which: Revoked, now_ms: i64) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// All of them, the oldest first.
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<TokenEntry>, StoreError>>;
}
