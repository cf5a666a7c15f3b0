//! Why the store cannot answer. Every one of these denies the call that needed it.

use std::path::PathBuf;

use interlock_meter::Malformed;

/// A failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data directory cannot be used.
    #[error("the data directory `{}` {problem}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Other processes held the database for too long.
    #[error("the ledger is busy: other processes held it too long")]
    Busy,
    /// The disk, or the space given to the ledger, is full.
    #[error("the disk that holds the ledger is full")]
    Full,
    /// The database is damaged, or is none.
    #[error("the ledger, `ledger.db` in the data directory, is damaged: {message}")]
    Damaged {
        /// What was found.
        message: String,
    },
    /// The database was made by another version.
    #[error("the ledger has layout {found}, this version knows {known}; use the version that made it")]
    Layout {
        /// What the file says.
        found: i64,
        /// What is known here.
        known: i64,
    },
    /// Another failure of the database or the system.
    #[error("the ledger cannot {action}: {message}")]
    Failed {
        /// What was tried, as a verb.
        action: &'static str,
        /// What was said.
        message: String,
    },
    /// The store's thread has ended.
    #[error("the ledger is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn database(action: &'static str, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { message: error.to_string() }
            }
            _ => Self::Failed { action, message: error.to_string() },
        }
    }
}

impl From<Malformed> for StoreError {
    fn from(malformed: Malformed) -> Self {
        Self::Damaged { message: format!("a counter is {malformed}") }
    }
}
