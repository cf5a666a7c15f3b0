//! Beginning a chain so that nobody ever sees it without its lock held.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Options;
use super::file::ChainFile;
use super::segment::Segment;
use super::writer::Position;
use crate::key::{make_private_dir, sync_dir};
use crate::{AuditError, InstanceId};

/// `<data>/audit`.
pub(crate) fn audit_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("audit")
}

/// The file whose lock says that an instance lives.
pub(crate) const LOCK: &str = "lock";
/// What the lock file is called once the chain has its `stop` record: to see that a chain needs no recovery, a look at its
/// directory is enough.
pub(crate) const STOPPED: &str = "stopped";

/// The directory is made under a hidden name, its lock taken and its first segment created, and then renamed:
/// a recoverer that looked in between could take the lock of an instance that is only just starting.
pub(super) fn create(
    data_dir: &Path,
    instance: &InstanceId,
    options: Options,
) -> Result<ChainFile, AuditError> {
    let audit = audit_dir(data_dir);
    make_private_dir(&audit)?;
    let hidden = audit.join(format!(".new-{instance}"));
    let dir = audit.join(instance.as_str());
    if dir.exists() {
        return Err(AuditError::InUse { path: dir });
    }
    fs::DirBuilder::new().mode(0o700).create(&hidden).map_err(AuditError::io("create", &hidden))?;
    let built = fill(&hidden, &dir);
    if built.is_err() {
        // Best effort: a leftover is hidden, empty and harmless.
        let _left_behind = fs::remove_dir_all(&hidden);
    }
    let (lock, mut segment) = built?;
    segment.moved_to(&dir);
    sync_dir(&audit)?;
    Ok(ChainFile::new(dir, lock, segment, options))
}

/// Continues a chain where it ends; one that has lost its first segment gets a new one.
pub(super) fn resume(
    dir: &Path,
    lock: File,
    options: Options,
    at: &Position,
) -> Result<ChainFile, AuditError> {
    let segment = match at.segment {
        0 => Segment::create(dir, 1)?,
        number => Segment::resume(dir, number, at.length)?,
    };
    Ok(ChainFile::new(dir.to_owned(), lock, segment, options))
}

fn fill(hidden: &Path, dir: &Path) -> Result<(File, Segment), AuditError> {
    let lock = open_lock(hidden)?;
    lock.try_lock().map_err(|_| AuditError::InUse { path: dir.to_owned() })?;
    let segment = Segment::create(hidden, 1)?;
    fs::rename(hidden, dir).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => AuditError::InUse { path: dir.to_owned() },
        _ => AuditError::io("create", dir)(e),
    })?;
    Ok((lock, segment))
}

/// Opens, and where need be creates, the lock file of a chain; it is not locked yet.
pub(crate) fn open_lock(dir: &Path) -> Result<File, AuditError> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(AuditError::io("open", &path))
}
