//! What servers are shown, sealed: nobody who reads the database alone can read it.

use crate::{BoxFuture, StoreError};

/// One credential of a server, as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialEntry {
    /// The server that it is for.
    pub server: String,
    /// Its name among those of the server.
    pub name: String,
    /// Which key opens it.
    pub key_id: String,
    /// What was sealed, as whoever sealed it lays it out.
    pub sealed: Vec<u8>,
    /// When it was sealed, unix milliseconds.
    pub written_ms: i64,
}

/// A credential in the place of what was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// What was sealed until now.
    pub before: Vec<u8>,
    /// What comes in its place.
    pub entry: CredentialEntry,
}

/// Keeps sealed credentials.
pub trait Credentials: Send + Sync {
    /// Keeps one, in the place of what the server has of this name.
    fn keep_credential(&self, entry: CredentialEntry) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Puts each in the place of what was read, unless that is another by now; all in one step. Gives how many were.
    fn reseal(&self, resealed: Vec<Resealed>) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Forgets one; `false` when the server has none of this name.
    fn forget_credential<'a>(&'a self, server: &str, name: &str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// All of them, by server and name.
    fn credentials(&self) -> BoxFuture<'_, Result<Vec<CredentialEntry>, StoreError>>;
}
