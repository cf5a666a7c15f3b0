//! What was changed on a machine, with a copy of what was there: so that all of it can be undone.

pub(crate) mod undo;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::client::Client;
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
    /// Where the bytes of after are: what of them is still there can be undone by itself.
    pub written: PathBuf,
    /// How it was changed.
    pub wiring: Wiring,
}

/// What a configuration's change is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wiring {
    /// Whose configuration it is.
    pub client: Client,
    /// The program that was put in front of its servers.
    pub program: String,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its digest.
    pub digest: String,
    /// The policy that it is, or belongs to.
    pub policy: PathBuf,
    /// The server that it was made for.
    pub server: Named,
}

/// A server that was given a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name for limits and records.
    pub name: String,
    /// A digest of what makes it the server that it is: its command, variables and headers.
    pub mark: String,
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
    pub fn change(
        &mut self,
        file: &ConfigFile,
        after: &str,
        wiring: &Wiring,
    ) -> Result<Change, JournalError> {
        let (before, digest_after) = (digest(file.text.as_bytes()), digest(after.as_bytes()));
        let (backup, written) = self.copies(file, after).map_err(|source| self.failed(source))?;
        let wiring = wiring.clone();
        let change = Change { file: file.path.clone(), backup, before, after: digest_after, written, wiring };
        self.record.changes.push(change.clone());
        self.save()?;
        if let Err(error) = file::replace(&change.file, &change.before, after.as_bytes()) {
            self.record.changes.pop();
            self.save()?;
            change.forget();
            return Err(error.into());
        }
        Ok(change)
    }

    /// Copies of what was there, and of what comes.
    fn copies(&self, file: &ConfigFile, after: &str) -> io::Result<(PathBuf, PathBuf)> {
        let folder = self.folder.join(BACKUPS);
        make_folders(&folder)?;
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.trim_start_matches('.');
        let pair = |number: u32| ["", "-written"].map(|kind| folder.join(format!("{number}{kind}-{name}")));
        let mut pairs = (1..).map(pair);
        let [before, written_to] =
            pairs.find(|pair| pair.iter().all(|path| !path.exists())).unwrap_or_else(|| pair(0));
        written(&before, file.text.as_bytes())?;
        written(&written_to, after.as_bytes())?;
        Ok((before, written_to))
    }

    /// The servers that were given names, with the policies that were made for them.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn named(folder: &Path) -> Result<Vec<(Named, PathBuf)>, JournalError> {
        let made = Self::record(folder)?.made.into_iter();
        let policies = made.filter(|made| made.file == made.policy && made.file.exists());
        Ok(policies.map(|made| (made.server, made.policy)).collect())
    }

    /// Makes a file that is not there: the policy of a server, or what belongs to it.
    ///
    /// # Errors
    /// [`JournalError`], also where it is there; then nothing is noted.
    pub fn make(
        &mut self,
        path: &Path,
        text: &str,
        policy: &Path,
        server: &Named,
    ) -> Result<(), JournalError> {
        let folders = match path.parent() {
            Some(parent) => make_folders(parent).map_err(|source| self.failed(source))?,
            None => Vec::new(),
        };
        self.record.folders.extend(folders);
        self.record.made.push(Made {
            file: path.to_owned(),
            digest: digest(text.as_bytes()),
            policy: policy.to_owned(),
            server: server.clone(),
        });
        self.save()?;
        if let Err(source) = written(path, text.as_bytes()) {
            // What stands there is somebody else's, and not to be removed by any undoing.
            self.record.made.pop();
            self.save()?;
            return Err(self.failed(source));
        }
        Ok(())
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

impl Change {
    /// What is of no use is best gone; where it cannot go, it does no harm.
    fn forget(&self) {
        for copy in [&self.backup, &self.written] {
            let _left_behind = fs::remove_file(copy);
        }
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
            // The folder was there, and was gone when it was looked at again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !folder.is_file() => continue,
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
    use super::undo::Undoing;
    use super::*;

    #[test]
    fn a_lock_that_was_removed_keeps_nobody_out() {
        let folder = tempfile::TempDir::new().unwrap();
        let init = folder.path().join("init");
        let journal = Journal::open(&init).unwrap();
        assert!(matches!(Journal::open(&init), Err(JournalError::Busy { .. })));
        // Somebody who was waiting has the old file, and gets its lock when it is gone already.
        let old = File::open(init.join(LOCK)).unwrap();
        journal.undo(Undoing::default()).unwrap();
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
                        journal.undo(Undoing::default()).unwrap();
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
