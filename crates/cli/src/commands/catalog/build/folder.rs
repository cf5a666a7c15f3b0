//! The folder of a site: files are put there as a whole, and only those that a manifest names are ever removed.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use interlock_site::Sink;

use super::manifest::{self, Entries, Entry, NAME, Notes};

const LOCK: &str = ".site.lock";
const BUCKETS: &str = ".site.reading";

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Held for as long as it is built.
    _lock: File,
    before: Entries,
    now: Mutex<(Notes, Entries)>,
    written: AtomicUsize,
}

/// Why a page was not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("cannot render a page: {0}")]
    Page(#[from] interlock_site::PageError),
    #[error("cannot write `{path}`: {error}")]
    Write { path: String, error: io::Error },
    #[error("`{0}` is no place for a page")]
    Path(String),
}

/// What was put in order at the end.
#[derive(Debug, Default)]
pub(super) struct Finished {
    pub(super) servers_removed: usize,
    pub(super) files_removed: usize,
    pub(super) files_written: usize,
}

impl Folder {
    /// Opens a folder: a new or an empty one, or one with a site.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let shown = root.display();
        fs::create_dir_all(root).with_context(|| format!("cannot make the folder `{shown}`"))?;
        let read = manifest::read(root)?;
        if read.is_none() {
            let mut others = fs::read_dir(root)?.filter_map(|entry| Some(entry.ok()?.file_name()));
            ensure!(
                others.all(|name| [LOCK, BUCKETS].iter().any(|own| name == *own)),
                "`{shown}` has files, but no `{NAME}`: give a new or an empty folder, or one that was built before"
            );
        }
        let lock = File::create(root.join(LOCK)).with_context(|| format!("cannot write into `{shown}`"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => bail!("`{shown}` is being built by another process"),
            Err(fs::TryLockError::Error(error)) => return Err(error).context("cannot lock the folder"),
        }
        let now = Mutex::new((Notes::open(root)?, Entries::new()));
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
            before: read.unwrap_or_default(),
            now,
            written: AtomicUsize::new(0),
        })
    }

    /// Where definitions are kept while they are read.
    pub(super) fn for_buckets(&self) -> PathBuf {
        self.root.join(BUCKETS)
    }

    /// Whether the pages of a server were made from the same, and are all there. They stay.
    pub(super) fn keeps(&self, server: &str, digest: &str) -> bool {
        let Some(entry) = self.before.get(&Some(server.to_owned())) else { return false };
        let same = entry.digest == digest && !digest.is_empty() && self.has_all(entry);
        if same {
            self.now
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .1
                .insert(entry.server.clone(), entry.clone());
        }
        same
    }

    /// Whether every page of a server is still there. Its folder is listed once: asking for each page takes three times as
    /// long.
    fn has_all(&self, entry: &Entry) -> bool {
        let Ok(listed) = fs::read_dir(self.root.join(&entry.folder)) else { return false };
        let there: HashSet<OsString> = listed.filter_map(|one| Some(one.ok()?.file_name())).collect();
        entry.pages.iter().all(|page| there.contains(OsStr::new(page)))
    }

    /// Notes the pages of a server that are about to be written.
    pub(super) fn begin(&self, entry: &Entry) -> anyhow::Result<()> {
        let noted = Entry { digest: String::new(), ..entry.clone() };
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.0.note(&noted)?;
        now.1.insert(entry.server.clone(), entry.clone());
        Ok(())
    }

    /// Puts a file there as a whole.
    pub(super) fn put(&self, path: &str, contents: &str) -> Result<(), KeepError> {
        if !interlock_site::is_within(path) {
            return Err(KeepError::Path(path.to_owned()));
        }
        let wrong = |error| KeepError::Write { path: path.to_owned(), error };
        let place = self.root.join(path);
        let new = self.root.join(format!("{path}~"));
        match fs::write(&new, contents) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(new.parent().unwrap_or(&self.root)).map_err(wrong)?;
                fs::write(&new, contents).map_err(wrong)?;
            }
            other => other.map_err(wrong)?,
        }
        fs::rename(&new, &place).map_err(wrong)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes the pages that are not one server's.
    pub(super) fn pages_of_all(&self) -> PagesOfAll<'_> {
        PagesOfAll { folder: self, pages: Vec::new() }
    }

    /// Removes the files that only the old manifest names, then writes the new one.
    pub(super) fn finish(&self, all: PagesOfAll<'_>) -> anyhow::Result<Finished> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = &mut now.1;
        entries.insert(None, Entry { pages: all.pages, ..Entry::default() });
        let kept: HashSet<String> = entries.values().flat_map(Entry::paths).collect();
        let mut finished =
            Finished { files_written: self.written.load(Ordering::Relaxed), ..Finished::default() };
        for (server, entry) in &self.before {
            finished.servers_removed += usize::from(server.is_some() && !entries.contains_key(server));
            for path in entry.paths().filter(|path| !kept.contains(path)) {
                finished.files_removed += usize::from(self.remove(&path)?);
            }
        }
        // Last, so that a build that is interrupted here still knows what to remove.
        manifest::write(&self.root, entries)?;
        Ok(finished)
    }

    /// Removes a file, and the folders that are empty then. Whether there was one.
    fn remove(&self, path: &str) -> anyhow::Result<bool> {
        let place = self.root.join(path);
        match fs::remove_file(&place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("cannot remove `{}`", place.display())),
        }
        let mut above = place.parent();
        while let Some(folder) = above.filter(|folder| *folder != self.root) {
            // One that holds something stays.
            if fs::remove_dir(folder).is_err() {
                break;
            }
            above = folder.parent();
        }
        Ok(true)
    }
}

/// Pages over all servers: written only where they differ from what is there.
#[derive(Debug)]
pub(super) struct PagesOfAll<'f> {
    folder: &'f Folder,
    pages: Vec<String>,
}

impl Sink for PagesOfAll<'_> {
    type Error = KeepError;

    fn page(&mut self, path: &str, contents: &str) -> Result<(), KeepError> {
        let is_there = fs::read(self.folder.root.join(path)).is_ok_and(|there| there == contents.as_bytes());
        if !is_there {
            self.folder.put(path, contents)?;
        }
        self.pages.push(path.to_owned());
        Ok(())
    }
}
