//! Which gateways run, and have run, on this data.

use crate::{BoxFuture, StoreError};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name, also that of its audit chain.
    pub id: String,
    /// Its process id.
    pub pid: u32,
    /// `run` or `serve`.
    pub kind: String,
    /// The wrapped server.
    pub server: Option<String>,
    /// The grant it runs for.
    pub grant: Option<String>,
    /// When it started, unix milliseconds.
    pub started_ms: i64,
    /// When it said that it finished.
    pub finished_ms: Option<i64>,
}

/// Knows every instance, so that a missing audit chain is noticed.
pub trait Instances: Send + Sync {
    /// Notes one that starts.
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Notes that one has finished.
    fn finish<'a>(&'a self, id: &str, now_ms: i64) -> BoxFuture<'a, Result<(), StoreError>>;

    /// All of them, the oldest first.
    fn instances(&self) -> BoxFuture<'_, Result<Vec<Instance>, StoreError>>;
}
