//! Undoing what is in the journal: as a whole where a file is what was written, else entry by entry.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{BACKUPS, Change, Journal, JournalError, LOCK, Made, RECORD, remove_empty, written};
use crate::file::{self, WriteError, digest};
use crate::places::Place;
use crate::rewire::unwire::{EntryUndone, Unwired, Wired, mentions, unwire};

/// Copies beside one file at most.
const MOST_COPIES: u32 = 1000;

/// How everything is undone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undoing {
    /// Also what was changed since: the file as a whole, after a copy of it.
    pub force: bool,
    /// It is only found out what would be done.
    pub dry_run: bool,
}

/// What became of one file when all was undone.
#[derive(Debug)]
pub struct Undone {
    /// The file.
    pub file: PathBuf,
    /// What became of it.
    pub what: Restored,
    /// What became of its entries, where it was not put back as a whole.
    pub entries: Vec<EntryUndone>,
    /// Where a copy is of what it was until then.
    pub copy: Option<PathBuf>,
}

/// What becomes of a file when its change is undone.
#[derive(Debug)]
pub enum Restored {
    /// It is what it was before.
    Restored,
    /// Its entries are what they were before, and everything else of it is what it was until now.
    Entries,
    /// It was made, and is gone.
    Removed,
    /// It was what it was before already.
    AsBefore,
    /// It was made and is somebody's own since.
    Own(Own),
    /// It is left as it is, or a part of it.
    Kept(Kept),
}

/// Why a file that was made is not removed, although nothing needs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Own {
    /// Somebody has changed it.
    #[error("it was edited since, and is yours")]
    Edited,
    /// It belongs to one that somebody has changed.
    #[error("it belongs to `{}`, which was edited since", .file.display())]
    With {
        /// That one.
        file: PathBuf,
    },
}

/// Why a file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Kept {
    /// Entries of it cannot be put back by themselves.
    #[error("not all of its entries can be put back by themselves")]
    Entries,
    /// It is gone.
    #[error("it was removed since")]
    Gone,
    /// A policy that is in use.
    #[error("`{}` names it", .by.display())]
    Named {
        /// The configuration.
        by: PathBuf,
    },
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
}

impl Journal {
    /// Undoes everything, the latest first. What cannot be undone stays in the journal.
    ///
    /// # Errors
    /// [`JournalError`] where the journal itself cannot be kept.
    pub fn undo(mut self, how: Undoing) -> Result<Vec<Undone>, JournalError> {
        let changes = std::mem::take(&mut self.record.changes);
        let mut paths: Vec<&PathBuf> = Vec::new();
        for change in changes.iter().rev() {
            if !paths.contains(&&change.file) {
                paths.push(&change.file);
            }
        }
        let mut files = Vec::new();
        for path in paths {
            let of_file = changes.iter().rev().filter(|change| change.file == *path).collect();
            let mut file = Unmade::new(path, of_file, how.force);
            if !how.dry_run {
                file.carry_out();
            }
            files.push(file);
        }
        let made = std::mem::take(&mut self.record.made);
        let what: Vec<Restored> = made.iter().map(|one| removed(one, &made, &files, how.dry_run)).collect();
        let is_left = |change: &&Change| files.iter().any(|file| file.left.contains(change));
        let (left, done): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(is_left);
        if !how.dry_run {
            let kept = made.iter().zip(&what).filter(|(_, what)| matches!(what, Restored::Kept(_)));
            self.record.made = kept.map(|(made, _)| made.clone()).collect();
            self.record.changes = left.into_iter().cloned().collect();
            self.close(&done)?;
        }
        let removed = made.into_iter().zip(what).map(|(made, what)| Undone {
            file: made.file,
            what,
            entries: Vec::new(),
            copy: None,
        });
        Ok(files.into_iter().map(Unmade::undone).chain(removed).collect())
    }

    /// Writes what is left, or removes what is of no more use.
    fn close(mut self, done: &[&Change]) -> Result<(), JournalError> {
        if !self.record.changes.is_empty() || !self.record.made.is_empty() {
            self.save()?;
            done.iter().for_each(|change| change.forget());
            return Ok(());
        }
        self.remove(RECORD)?;
        done.iter().for_each(|change| change.forget());
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
}

/// A configuration on its way back.
struct Unmade<'c> {
    path: &'c Path,
    /// Its changes, the latest first.
    changes: Vec<&'c Change>,
    /// What it says now; `None` where it is not there.
    now: Option<Vec<u8>>,
    /// What it is to say.
    bytes: Option<Vec<u8>>,
    what: Restored,
    entries: Vec<EntryUndone>,
    /// Whether what it says now is to be copied first.
    is_forced: bool,
    copy: Option<PathBuf>,
    /// The changes that are not undone.
    left: Vec<&'c Change>,
}

impl<'c> Unmade<'c> {
    /// Finds out what it is to say.
    fn new(path: &'c Path, changes: Vec<&'c Change>, force: bool) -> Self {
        let mut unmade = Self {
            path,
            left: changes.clone(),
            changes,
            now: None,
            bytes: None,
            what: Restored::AsBefore,
            entries: Vec::new(),
            is_forced: false,
            copy: None,
        };
        match fs::read(path) {
            Ok(bytes) => {
                unmade.now = Some(bytes.clone());
                unmade.put_back(bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                unmade.what = Restored::Kept(Kept::Gone);
            }
            Err(error) => {
                unmade.what = Restored::Kept(Kept::Failed(error.to_string()));
                return unmade;
            }
        }
        if force && matches!(unmade.what, Restored::Kept(_)) {
            unmade.put_back_whole();
        }
        unmade
    }

    /// Each change by itself: the bytes of before in the place of those of after, else the entries.
    fn put_back(&mut self, mut bytes: Vec<u8>) {
        let mut kept = None;
        let mut left = Vec::new();
        for change in self.changes.clone() {
            let is_now = digest(&bytes);
            let next = match () {
                () if is_now == change.before => continue,
                () if is_now == change.after => change.bytes_of_before().map(|bytes| (bytes, Vec::new())),
                () => change.by_entry(&bytes),
            };
            match next {
                Ok((next, entries)) => {
                    bytes = next;
                    if entries.iter().any(|entry| matches!(entry.what, Unwired::Kept(_))) {
                        kept.get_or_insert(Kept::Entries);
                        left.push(change);
                    }
                    self.entries.extend(entries);
                }
                Err(why) => {
                    kept.get_or_insert(Kept::Failed(why));
                    left.push(change);
                }
            }
        }
        let is_first = self.changes.last().is_some_and(|change| change.before == digest(&bytes));
        let is_same = self.now.as_ref() == Some(&bytes);
        self.what = match kept {
            Some(why) => Restored::Kept(why),
            None if is_same => Restored::AsBefore,
            None if is_first => Restored::Restored,
            None => Restored::Entries,
        };
        if is_first {
            self.entries.clear();
        }
        self.left = left;
        self.bytes = Some(bytes);
    }

    /// Everything as it was before the first change.
    fn put_back_whole(&mut self) {
        match self.changes.last().map(|first| first.bytes_of_before()) {
            Some(Ok(bytes)) => {
                self.bytes = Some(bytes);
                self.what = Restored::Restored;
                self.is_forced = self.now.is_some();
                self.entries.clear();
                self.left.clear();
            }
            Some(Err(why)) => self.what = Restored::Kept(Kept::Failed(why)),
            None => {}
        }
    }

    /// Writes it.
    fn carry_out(&mut self) {
        let Some(bytes) = self.bytes.as_ref().filter(|bytes| self.now.as_ref() != Some(bytes)) else {
            return;
        };
        match self.written(bytes) {
            Ok(copy) => self.copy = copy,
            Err(error) => {
                self.what = Restored::Kept(Kept::Failed(error.to_string()));
                self.left = self.changes.clone();
                self.entries.clear();
                self.bytes.clone_from(&self.now);
            }
        }
    }

    fn written(&self, bytes: &[u8]) -> Result<Option<PathBuf>, WriteError> {
        let failed = |source| WriteError::Io { path: self.path.to_owned(), source };
        let Some(now) = &self.now else {
            return written(self.path, bytes).map(|()| None).map_err(failed);
        };
        let copy = match self.is_forced {
            true => Some(copied(self.path, now).map_err(failed)?),
            false => None,
        };
        file::replace(self.path, &digest(now), bytes).map(|()| copy)
    }

    /// Whether it will name a policy.
    fn names(&self, policy: &Path) -> bool {
        let Some(change) = self.changes.first() else { return false };
        let written = |bytes: &[u8]| {
            mentions(&change.place(), &String::from_utf8_lossy(bytes), &policy.display().to_string())
        };
        match &self.bytes {
            Some(bytes) => written(bytes),
            // One that is gone names nothing; of one that cannot be read nobody knows.
            None if matches!(self.what, Restored::Kept(Kept::Gone)) => false,
            None => fs::read(&change.written).is_ok_and(|bytes| written(&bytes)),
        }
    }

    fn undone(self) -> Undone {
        Undone { file: self.path.to_owned(), what: self.what, entries: self.entries, copy: self.copy }
    }
}

impl Change {
    fn place(&self) -> Place {
        Place::of_file(self.wiring.client, self.file.clone())
    }

    fn bytes_of_before(&self) -> Result<Vec<u8>, String> {
        copy_of(&self.backup, &self.before)
    }

    /// The entries that are still as they were written.
    fn by_entry(&self, now: &[u8]) -> Result<(Vec<u8>, Vec<EntryUndone>), String> {
        let text =
            |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned());
        let before = text(self.bytes_of_before()?)?;
        let after = text(copy_of(&self.written, &self.after)?)?;
        let place = self.place();
        let wired = Wired { place: &place, before: &before, after: &after, program: &self.wiring.program };
        let (now, entries) = unwire(&wired, &text(now.to_vec())?).map_err(|error| error.to_string())?;
        Ok((now.into_bytes(), entries))
    }
}

fn copy_of(path: &Path, expected: &str) -> Result<Vec<u8>, String> {
    match fs::read(path) {
        Ok(bytes) if digest(&bytes) == expected => Ok(bytes),
        Ok(_) => Err("its copy is not what was there before".to_owned()),
        Err(error) => Err(format!("its copy cannot be read: {error}")),
    }
}

/// A copy beside a file, for its user alone.
fn copied(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = |number: u32| match number {
        1 => path.with_file_name(format!("{name}.before-undo")),
        _ => path.with_file_name(format!("{name}.before-undo-{number}")),
    };
    let mut names = (1..MOST_COPIES).map(named);
    let copy = names
        .find(|copy| copy.symlink_metadata().is_err())
        .ok_or_else(|| io::Error::other("there are too many copies of it beside it"))?;
    written(&copy, bytes)?;
    Ok(copy)
}

/// What becomes of a file that was made. One that somebody has edited is theirs, with all that belongs to it.
fn removed(one: &Made, all: &[Made], files: &[Unmade<'_>], dry_run: bool) -> Restored {
    if matches!(one.state(), State::Gone) {
        return Restored::AsBefore;
    }
    if let Some(file) = files.iter().find(|file| file.names(&one.policy)) {
        return Restored::Kept(Kept::Named { by: file.path.to_owned() });
    }
    let mut together = all.iter().filter(|other| other.policy == one.policy);
    match one.state() {
        State::Failed(error) => return Restored::Kept(Kept::Failed(error.to_string())),
        State::Edited => return Restored::Own(Own::Edited),
        _ => {}
    }
    if let Some(edited) = together.find(|other| matches!(other.state(), State::Edited)) {
        return Restored::Own(Own::With { file: edited.file.clone() });
    }
    match if dry_run { Ok(()) } else { fs::remove_file(&one.file) } {
        Ok(()) => Restored::Removed,
        Err(error) => Restored::Kept(Kept::Failed(error.to_string())),
    }
}

/// What somebody has done to a file that was made.
enum State {
    AsMade,
    Edited,
    Gone,
    Failed(io::Error),
}

impl Made {
    fn state(&self) -> State {
        match fs::read(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::Gone,
            Err(error) => State::Failed(error),
            Ok(bytes) if digest(&bytes) == self.digest => State::AsMade,
            Ok(_) => State::Edited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Named;

    #[test]
    fn only_what_was_made_and_nobody_edited_is_removed() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("others.yaml"), "mine").unwrap();
        let server = Named { name: "s".to_owned(), mark: "m".to_owned() };
        let mut journal = Journal::open(&path("init")).unwrap();
        for (file, policy) in
            [("own.yaml", "own.yaml"), ("edited.yaml", "edited.yaml"), ("tests", "edited.yaml")]
        {
            journal.make(&path(file), "made", &path(policy), &server).unwrap();
        }
        assert!(journal.make(&path("others.yaml"), "made", &path("others.yaml"), &server).is_err());
        drop(journal);
        fs::write(path("edited.yaml"), "edited").unwrap();
        let dry = Journal::open(&path("init")).unwrap().undo(Undoing { force: true, dry_run: true }).unwrap();
        assert!(path("own.yaml").exists());
        let undone =
            Journal::open(&path("init")).unwrap().undo(Undoing { force: true, dry_run: false }).unwrap();
        let words = |all: &[Undone]| {
            format!("{:?}", all.iter().map(|one| (&one.file, &one.what)).collect::<Vec<_>>())
        };
        assert_eq!(words(&dry), words(&undone));
        let [own, edited, tests] = undone.as_slice() else { panic!("{undone:?}") };
        assert!(matches!(own.what, Restored::Removed), "{own:?}");
        assert!(matches!(edited.what, Restored::Own(Own::Edited)), "{edited:?}");
        assert!(matches!(tests.what, Restored::Own(Own::With { .. })), "{tests:?}");
        assert!(!path("own.yaml").exists() && path("edited.yaml").exists() && path("tests").exists());
        assert!(!path("init").exists());
        assert_eq!(fs::read_to_string(path("others.yaml")).unwrap(), "mine");
    }
}
