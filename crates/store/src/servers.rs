//! Servers that were registered beside those of the file.

use crate::{BoxFuture, StoreError};

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEntry {
    /// Its name.
    pub name: String,
    /// How it is reached and who may use it, JSON as its reader understands it.
    pub definition: String,
    /// When it was registered, unix milliseconds.
    pub added_ms: i64,
}

/// Keeps registered servers.
pub trait Servers: Send + Sync {
    /// Notes one; `false` when there is one of this name, which stays as it is.
    fn add_server(&self, entry: ServerEntry) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Forgets one; `false` when there is none of this name.
    fn remove_server<'a>(&'a self, name: &str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// All of them, by name.
    fn servers(&self) -> BoxFuture<'_, Result<Vec<ServerEntry>, StoreError>>;
}
