//! What can go wrong while writing or reading the log.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the audit log. While writing, every one of them means: the record is not in the log, deny the
/// call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The operating system refused a file operation. `is_full` tells a full disk from the rest.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `write`, `open`, `create`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The instance's lock is held by another process, or its directory exists already.
    #[error("the audit chain `{}` is in use by another process", path.display())]
    InUse {
        /// The instance's directory.
        path: PathBuf,
    },
    /// Not the name of an instance.
    #[error("`{text}` is not the name of an instance")]
    BadInstance {
        /// The text that was given.
        text: String,
    },
    /// Records were written, but the disk has refused to keep them; cleared when a later full sync succeeds.
    #[error("the audit log `{}` could not be flushed to the disk: {message}", path.display())]
    NotSynced {
        /// The segment.
        path: PathBuf,
        /// The operating system's answer.
        message: String,
    },
    /// A record was taken, but the batch that it was in could not be written.
    #[error("the audit log `{}` could not be written: {message}", path.display())]
    Unwritten {
        /// The segment.
        path: PathBuf,
        /// What the first who noticed was told.
        message: String,
    },
    /// A refusal before policy that is counted, because the last room on the disk is for the records of calls.
    #[error("the disk of the audit log `{}` is nearly full; what is left is for calls", path.display())]
    KeptBack {
        /// The instance's directory.
        path: PathBuf,
    },
    /// The work on the log was cut off.
    #[error("writing the audit log was interrupted: {0}")]
    Interrupted(String),
    /// The chain already has its `stop` record.
    #[error("the audit chain is finished")]
    Finished,
    /// The system's source of randomness did not answer.
    #[error("no randomness from the operating system: {0}")]
    Random(String),
    /// The key of the arguments' digests cannot be used.
    #[error("the audit key `{}` {problem}", path.display())]
    Key {
        /// `<data>/audit.key`.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A chain to be continued is not one: tampering or damage that recovery must not paper over.
    #[error("{}:{line}: {problem}", path.display())]
    Broken {
        /// The segment.
        path: PathBuf,
        /// Line number from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A record address that names nothing, or more than one record.
    #[error("{0}")]
    NotFound(String),
}

impl AuditError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the cause is a lack of space: disk full, quota, or the process's file size limit.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge | WriteZero))
    }
}
