//! What was changed on a machine, with a copy of what was there: so that all of it can be undone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::file::{self, ConfigFile, WriteError, digest};

const RECORD: &str = "journal.json";
const LOCK: &str = "lock";
const BACKUPS: &str = "backups";
/// So often the lock is taken anew where the one that was held is gone by the time it is free.
const ATTEMPTS: usize = 20;

/// The journal of one user, in a folder of its own. While it is open, nobody else has it.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    record: Record,
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    /// In the order in which they were made.
    changes: Vec<Change>,
    /// Files that were not there before.
    made: Vec<Made>,
    /// Folders that were not there before.
    folders: Vec<PathBuf>,
}

/// A file that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// Where its bytes of before are.
    pub backup: PathBuf,
    /// The digest of before.
    pub before: String,
    /// The digest of after.
    pub after: String,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its digest.
    pub digest: String,
}

/// Why the journal cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system says so.
    #[error("the journal in `{folder}` cannot be kept: {source}")]
    Io {
        /// Its folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody has changed it.
    #[error("the journal `{path}` cannot be understood: {source}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// Another process has it.
    #[error("another `interlock init` is at work with `{folder}`")]
    Busy {
        /// Its folder.
        folder: PathBuf,
    },
    /// A file could not be replaced.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What became of one file when all was undone.
#[derive(Debug)]
pub struct Undone {
    /// The file.
    pub file: PathBuf,
    /// What became of it.
    pub what: Restored,
}

/// What becomes of a file when its change is undone.
#[derive(Debug)]
pub enum Restored {
    /// It is what it was before.
    Restored,
    /// It was made, and is gone.
    Removed,
    /// It was what it was before already.
    AsBefore,
    /// It was changed since, and is left as it is.
    Kept(Kept),
}

/// Why a file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Kept {
    /// Somebody has changed it.
    #[error("it was changed since")]
    Changed,
    /// It is gone.
    #[error("it was removed since")]
    Gone,
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
}

impl Journal {
    /// Opens the journal of a folder, which is made where it is not there.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let (lock, folders) = locked(folder)?;
        let mut record = Self::record(folder)?;
        record.folders.extend(folders);
        Ok(Self { folder: folder.to_owned(), record, _lock: lock })
    }

    /// Whether a folder's journal has anything to undo.
    #[must_use]
    pub fn is_there(folder: &Path) -> bool {
        folder.join(RECORD).exists()
    }

    fn record(folder: &Path) -> Result<Record, JournalError> {
        let path = folder.join(RECORD);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Record::default()),
            Err(source) => Err(JournalError::Io { folder: folder.to_owned(), source }),
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|source| JournalError::Broken { path, source })
            }
        }
    }

    /// Puts another text in a configuration's place. The copy of what was there and the note come first.
    ///
    /// # Errors
    /// [`JournalError`]; then the file is as it was.
    pub fn change(&mut self, file: &ConfigFile, after: &str) -> Result<Change, JournalError> {
        let before = digest(file.text.as_bytes());
        let backup = self.back_up(file).map_err(|source| self.failed(source))?;
        let change = Change { file: file.path.clone(), backup, before, after: digest(after.as_bytes()) };
        self.record.changes.push(change.clone());
        self.save()?;
        if let Err(error) = file::replace(&change.file, &change.before, after.as_bytes()) {
            self.record.changes.pop();
            self.save()?;
            // What is of no use is best gone; where it cannot go, it does no harm.
            let _left_behind = fs::remove_file(&change.backup);
            return Err(error.into());
        }
        Ok(change)
    }

    fn back_up(&self, file: &ConfigFile) -> io::Result<PathBuf> {
        let folder = self.folder.join(BACKUPS);
        make_folders(&folder)?;
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.trim_start_matches('.');
        let mut names = (1_u32..).map(|number| folder.join(format!("{number}-{name}")));
        let path = names.find(|path| !path.exists()).unwrap_or_else(|| folder.join(name));
        written(&path, file.text.as_bytes())?;
        Ok(path)
    }

    /// Makes a file that is not there.
    ///
    /// # Errors
    /// [`JournalError`], also where it is there; then nothing is noted.
    pub fn make(&mut self, path: &Path, text: &str) -> Result<(), JournalError> {
        let folders = match path.parent() {
            Some(parent) => make_folders(parent).map_err(|source| self.failed(source))?,
            None => Vec::new(),
        };
        self.record.folders.extend(folders);
        self.record.made.push(Made { file: path.to_owned(), digest: digest(text.as_bytes()) });
        self.save()?;
        if let Err(source) = written(path, text.as_bytes()) {
            // What stands there is somebody else's, and not to be removed by any undoing.
            self.record.made.pop();
            self.save()?;
            return Err(self.failed(source));
        }
        Ok(())
    }

    /// Undoes everything, the latest first. What was changed since is left as it is, but for `force`, and stays in the
    /// journal.
    ///
    /// # Errors
    /// [`JournalError`] where the journal itself cannot be kept.
    pub fn undo(mut self, force: bool) -> Result<Vec<Undone>, JournalError> {
        let mut undone: Vec<Undone> = Vec::new();
        let mut left = Vec::new();
        while let Some(change) = self.record.changes.pop() {
            let earlier = undone.iter().position(|done: &Undone| done.file == change.file);
            if let Some(Restored::Kept(_)) = earlier.and_then(|at| undone.get(at)).map(|done| &done.what) {
                left.push(change);
                continue;
            }
            let what = restored(&change, force);
            match &what {
                Restored::Kept(_) => left.push(change.clone()),
                _ => {
                    let _left_behind = fs::remove_file(&change.backup);
                }
            }
            match earlier.and_then(|at| undone.get_mut(at)) {
                Some(done) => done.what = what,
                None => undone.push(Undone { file: change.file, what }),
            }
        }
        left.reverse();
        self.record.changes = left;
        // A policy that a configuration still names is needed.
        if self.record.changes.is_empty() {
            for made in std::mem::take(&mut self.record.made) {
                let what = removed(&made, force);
                if matches!(what, Restored::Kept(_)) {
                    self.record.made.push(made.clone());
                }
                undone.push(Undone { file: made.file, what });
            }
        }
        self.close()?;
        Ok(undone)
    }

    /// Writes what is left, or removes what is of no more use.
    fn close(mut self) -> Result<(), JournalError> {
        if !self.record.changes.is_empty() || !self.record.made.is_empty() {
            return self.save();
        }
        self.remove(RECORD)?;
        let mut folders = std::mem::take(&mut self.record.folders);
        folders.extend([self.folder.clone(), self.folder.join(BACKUPS)]);
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.components().count()));
        // Once the lock is gone the journal is another's, who may want a folder that was just made and is empty yet: only
        // those that lead to the lock are removed then, and whoever takes it makes them again.
        let (leading, others): (Vec<_>, Vec<_>) =
            folders.into_iter().partition(|folder| self.folder.starts_with(folder));
        remove_empty(&others);
        self.remove(LOCK)?;
        remove_empty(&leading);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), JournalError> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    fn save(&self) -> Result<(), JournalError> {
        let text = serde_json::to_vec_pretty(&self.record)
            .map_err(|source| JournalError::Broken { path: self.folder.join(RECORD), source })?;
        let mut beside =
            tempfile::NamedTempFile::new_in(&self.folder).map_err(|source| self.failed(source))?;
        let saved = beside.write_all(&text).and_then(|()| beside.as_file().sync_all());
        saved.map_err(|source| self.failed(source))?;
        beside.persist(self.folder.join(RECORD)).map_err(|error| self.failed(error.error))?;
        Ok(())
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Io { folder: self.folder.clone(), source }
    }
}

/// Takes the lock of a folder, which is made where it is not there, and says which folders were not.
fn locked(folder: &Path) -> Result<(File, Vec<PathBuf>), JournalError> {
    let failed = |source| JournalError::Io { folder: folder.to_owned(), source };
    let path = folder.join(LOCK);
    let mut made = Vec::new();
    for _ in 0..ATTEMPTS {
        let created = make_folders(folder).and_then(|folders| {
            made.extend(folders);
            File::create(&path)
        });
        let lock = match created {
            Ok(lock) => lock,
            // Whoever had it has just removed it, and the folder with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        match lock.try_lock() {
            Ok(()) if is_at(&lock, &path) => {
                made.sort();
                made.dedup();
                return Ok((lock, made));
            }
            // A lock on a file that is gone keeps nobody out.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(JournalError::Busy { folder: folder.to_owned() })
}

/// Whether an open file is the one that a path leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    identity(open) == identity(there)
}

/// Whether an open file is the one that a path leads to. A file that is open is removed only once it is closed here, and
/// none can take its place before.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        // One in which others have put something stays.
        let _used = fs::remove_dir(folder);
    }
}

fn restored(change: &Change, force: bool) -> Restored {
    let failed = |error: &dyn std::error::Error| Restored::Kept(Kept::Failed(error.to_string()));
    let now = match fs::read(&change.file) {
        Ok(bytes) => Some(digest(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return failed(&error),
    };
    match now.as_deref() {
        Some(now) if now == change.before => return Restored::AsBefore,
        Some(now) if now != change.after && !force => return Restored::Kept(Kept::Changed),
        None if !force => return Restored::Kept(Kept::Gone),
        _ => {}
    }
    let bytes = match fs::read(&change.backup) {
        Ok(bytes) if digest(&bytes) == change.before => bytes,
        Ok(_) => return Restored::Kept(Kept::Failed("its copy is not what was there before".to_owned())),
        Err(error) => return Restored::Kept(Kept::Failed(format!("its copy cannot be read: {error}"))),
    };
    let done = match now {
        Some(now) => file::replace(&change.file, &now, &bytes),
        None => written(&change.file, &bytes)
            .map_err(|source| WriteError::Io { path: change.file.clone(), source }),
    };
    match done {
        Ok(()) => Restored::Restored,
        Err(error) => failed(&error),
    }
}

fn removed(made: &Made, force: bool) -> Restored {
    match fs::read(&made.file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Restored::AsBefore,
        Err(error) => Restored::Kept(Kept::Failed(error.to_string())),
        Ok(bytes) if digest(&bytes) != made.digest && !force => Restored::Kept(Kept::Changed),
        Ok(_) => match fs::remove_file(&made.file) {
            Ok(()) => Restored::Removed,
            Err(error) => Restored::Kept(Kept::Failed(error.to_string())),
        },
    }
}

/// Makes a folder and those above it, for its user alone, and says which were not there.
fn make_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    Ok(missing)
}

/// Writes a file that is not there, for its user alone.
fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_not_made_is_not_removed() {
        let folder = tempfile::TempDir::new().unwrap();
        let (own, others) = (folder.path().join("own.yaml"), folder.path().join("others.yaml"));
        fs::write(&others, "mine").unwrap();
        let mut journal = Journal::open(&folder.path().join("init")).unwrap();
        journal.make(&own, "made").unwrap();
        assert!(journal.make(&others, "made").is_err());
        drop(journal);
        let undone = Journal::open(&folder.path().join("init")).unwrap().undo(true).unwrap();
        assert_eq!(undone.iter().map(|undone| &undone.file).collect::<Vec<_>>(), [&own]);
        assert_eq!(fs::read_to_string(&others).unwrap(), "mine");
        assert!(!own.exists());
    }

    #[test]
    fn a_lock_that_was_removed_keeps_nobody_out() {
        let folder = tempfile::TempDir::new().unwrap();
        let init = folder.path().join("init");
        let journal = Journal::open(&init).unwrap();
        assert!(matches!(Journal::open(&init), Err(JournalError::Busy { .. })));
        // Somebody who was waiting has the old file, and gets its lock when it is gone already.
        let old = File::open(init.join(LOCK)).unwrap();
        journal.undo(false).unwrap();
        assert!(!init.exists());
        old.try_lock().unwrap();
        assert!(!is_at(&old, &init.join(LOCK)));
        let journal = Journal::open(&init).unwrap();
        assert!(!is_at(&old, &init.join(LOCK)));
        drop(journal);
    }

    #[test]
    fn no_two_have_the_journal_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        const ROUNDS: usize = 300;
        let folder = tempfile::TempDir::new().unwrap();
        let init = folder.path().join("below/init");
        let (holders, opened) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            for _ in 0..ROUNDS {
                match Journal::open(&init) {
                    Ok(journal) => {
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two have it");
                        opened.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        journal.undo(false).unwrap();
                    }
                    Err(JournalError::Busy { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert!(opened.load(Ordering::SeqCst) > 0, "nobody had it");
        assert!(!init.exists());
    }
}
