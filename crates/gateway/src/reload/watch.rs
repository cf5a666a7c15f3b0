//! Noticing that the policy file is another one.
//!
//! The directories are watched rather than the file, because editors and orchestrators replace files by renaming
//! over them or by swapping a link on the way to them (Kubernetes' `..data`). What the system's watching misses
//! (a directory that is removed and made again, a network file system) is found by looking from time to time.
//!
//! A file that somebody is writing is left alone until it is closed: half a policy may be a policy, too, and
//! another one.

mod told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, Watcher};
use tokio::time::Instant;

use told::Told;

/// How often the file is looked at, whatever the system tells.
const EVERY: Duration = Duration::from_secs(2);

/// Editors that write in several steps are quiet for so long at their end.
const QUIET: Duration = Duration::from_millis(50);

/// The longest that a file is not read because it changes again and again.
const LONGEST_BUSY: Duration = Duration::from_secs(1);

/// A file that has not been closed all this time without a change is taken as it is: what wrote it may not have
/// opened it where the system sees that.
const LONGEST_OPEN: Duration = Duration::from_secs(30);

/// As many links as Linux itself follows.
const LINKS: usize = 40;

/// Tells when the policy file has changed.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    every: Duration,
    told: Arc<Told>,
    /// `None` where the system watches nothing: then only looking helps.
    watcher: Option<RecommendedWatcher>,
    /// The directories that are watched, each as it was then.
    watched: BTreeMap<PathBuf, Option<Stamp>>,
    stamp: Option<Stamp>,
    /// Looking has found a change that nobody was told of yet.
    is_found: bool,
    still_since: Instant,
}

/// Tells whether somebody writes a file that is watched.
#[derive(Debug, Clone)]
pub struct Writing(Arc<Told>);

impl Writing {
    /// Whether what the file holds now is not what it will hold.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.0.is_written()
    }
}

/// What tells one state of a file or directory from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The way to a file: every directory that holds a link on it or the file itself, and the names there.
#[derive(Debug, Default)]
struct Way {
    directories: BTreeSet<PathBuf>,
    names: BTreeSet<OsString>,
}

impl Watch {
    /// Watches the way to `path`: the directory of each link on it, and that of the file.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let told = Arc::new(Told::default());
        let telling = Arc::clone(&told);
        let watcher = notify::recommended_watcher(move |event| telling.take(&event));
        let watcher = watcher
            .inspect_err(|error| tracing::warn!("the policy is looked at from time to time only: {error}"))
            .ok();
        let (every, watched) = (EVERY, BTreeMap::new());
        let (path, still_since) = (path.to_owned(), Instant::now());
        let mut watch =
            Self { path, every, told, watcher, watched, stamp: None, is_found: false, still_since };
        watch.follow();
        watch
    }

    /// Waits for a change that is complete, as far as can be told. Editors write in several steps: it waits until
    /// they have been quiet for a moment, but not for ever.
    pub async fn changed(&mut self) {
        self.next().await;
        let since = Instant::now();
        while since.elapsed() < LONGEST_BUSY || self.is_written() {
            let next = tokio::time::timeout(QUIET, self.next()).await;
            if next.is_err() && !self.is_written() {
                return;
            }
        }
    }

    /// Whether somebody has the file open and has written to it: what it holds now is not what it will hold.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.told.is_written()
    }

    /// Tells the same for as long as the file is watched, wherever the watching goes on.
    #[must_use]
    pub fn writing(&self) -> Writing {
        Writing(Arc::clone(&self.told))
    }

    /// The next change. Nothing is lost if this is not awaited to its end.
    async fn next(&mut self) {
        loop {
            let is_time = tokio::time::timeout(self.every, self.told.wake.notified()).await.is_err();
            let before = self.stamp.clone();
            self.follow();
            let is_still = before == self.stamp;
            if !is_still {
                (self.is_found, self.still_since) = (true, Instant::now());
            }
            if self.is_written() && self.still_since.elapsed() >= LONGEST_OPEN {
                tracing::warn!("the policy file stays open for writing and is read as it is");
                self.told.give_up_waiting();
            }
            // What only looking has found may go on: it is complete when the next look finds no more.
            let is_complete = self.told.changed() || (self.is_found && is_still && is_time);
            if is_complete && !self.is_written() {
                self.is_found = false;
                return;
            }
        }
    }

    /// Watches the way as it is now, and looks at the file.
    fn follow(&mut self) {
        let way = Way::to(&self.path);
        self.told.expect(way.names);
        if self.told.removed() {
            self.watched.values_mut().for_each(|identity| *identity = None);
        }
        let gone: Vec<_> =
            self.watched.keys().filter(|known| !way.directories.contains(*known)).cloned().collect();
        for directory in gone {
            self.forget(&directory);
        }
        for directory in way.directories {
            self.watch(directory);
        }
        self.stamp = Stamp::of_file(&self.path);
    }

    /// Watches a directory, anew if it is another one than it was.
    fn watch(&mut self, directory: PathBuf) {
        let now = Stamp::of_directory(&directory);
        if now.is_some() && self.watched.get(&directory) == Some(&now) {
            return;
        }
        self.forget(&directory);
        let Some(watcher) = &mut self.watcher else { return };
        // One that cannot be watched, or is not there now, is tried again with the next look.
        if watcher.watch(&directory, notify::RecursiveMode::NonRecursive).is_ok() {
            self.watched.insert(directory, now);
        }
    }

    fn forget(&mut self, directory: &Path) {
        if self.watched.remove(directory).is_some()
            && let Some(watcher) = &mut self.watcher
        {
            // The watching of a directory that was removed has ended by itself.
            let _ended = watcher.unwatch(directory);
        }
    }
}

impl Stamp {
    fn of_file(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|found| Self {
            bytes: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            ..Self::identity(&found)
        })
    }

    /// Which directory it is: what is in it may change.
    fn of_directory(path: &Path) -> Option<Self> {
        std::fs::symlink_metadata(path).ok().map(|found| Self::identity(&found))
    }

    fn identity(found: &Metadata) -> Self {
        let (modified, changed) = Default::default();
        Self { device: found.dev(), inode: found.ino(), bytes: 0, modified, changed }
    }
}

impl Way {
    fn to(path: &Path) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut way = Self::default();
        let mut left = parts(&whole);
        let mut at = PathBuf::new();
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            match std::fs::read_link(&next) {
                Ok(target) if links < LINKS => {
                    links += 1;
                    way.add(&at, &part);
                    // A target that begins at the root replaces what was walked so far.
                    parts(&target).into_iter().rev().for_each(|part| left.push_front(part));
                }
                _ if left.is_empty() => way.add(&at, &part),
                _ => at = next,
            }
        }
        way
    }

    fn add(&mut self, directory: &Path, name: &OsStr) {
        self.directories.insert(directory.to_owned());
        self.names.insert(name.to_owned());
    }
}

/// The parts of a path; the root is one of them.
fn parts(path: &Path) -> VecDeque<OsString> {
    let meaningful = path.components().filter(|part| *part != Component::CurDir);
    meaningful.map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A watch that does not look by itself: what it notices, the system has told.
    fn told_only(path: &Path) -> Watch {
        Watch { every: Duration::from_secs(3_600), ..Watch::new(path) }
    }

    async fn noticed(watch: &mut Watch, what: &str) {
        assert!(tokio::time::timeout(PATIENCE, watch.changed()).await.is_ok(), "{what} was not noticed");
    }

    /// Waits until what has happened so far has been told.
    async fn quiet(watch: &mut Watch) {
        while tokio::time::timeout(Duration::from_millis(50), watch.changed()).await.is_ok() {}
    }

    fn swap(link: &Path, target: &str) {
        let beside = link.with_file_name("beside");
        symlink(target, &beside).unwrap();
        fs::rename(&beside, link).unwrap();
    }

    #[tokio::test]
    async fn a_directory_that_is_swapped_by_its_link() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for version in ["..1", "..2", "..3"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("policy.yaml"), version).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/policy.yaml", at("policy.yaml")).unwrap();
        let mut watch = told_only(&at("policy.yaml"));
        for (old, new) in [("..1", "..2"), ("..2", "..3")] {
            quiet(&mut watch).await;
            swap(&at("..data"), new);
            noticed(&mut watch, new).await;
            assert_eq!(fs::read_to_string(at("policy.yaml")).unwrap(), new);
            fs::remove_dir_all(at(old)).unwrap();
        }
        quiet(&mut watch).await;
        fs::write(at("..3/policy.yaml"), "4").unwrap();
        noticed(&mut watch, "a change behind the links").await;
    }

    #[tokio::test]
    async fn every_link_on_the_way() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for directory in ["a", "b", "c", "d"] {
            fs::create_dir(at(directory)).unwrap();
        }
        fs::write(at("c/one"), "1").unwrap();
        fs::write(at("c/two"), "2").unwrap();
        fs::write(at("d/three"), "3").unwrap();
        symlink(at("b/link"), at("a/policy.yaml")).unwrap();
        symlink("../c/one", at("b/link")).unwrap();
        let mut watch = told_only(&at("a/policy.yaml"));
        swap(&at("b/link"), "../c/two");
        noticed(&mut watch, "the link in the middle").await;
        quiet(&mut watch).await;
        fs::write(at("c/two"), "2!").unwrap();
        noticed(&mut watch, "the file at the end").await;
        quiet(&mut watch).await;
        swap(&at("b/link"), "../d/three");
        noticed(&mut watch, "a link to another directory").await;
        quiet(&mut watch).await;
        fs::write(at("d/three"), "3!").unwrap();
        noticed(&mut watch, "the file in another directory").await;
    }

    #[tokio::test]
    async fn a_directory_that_is_removed_and_made_again() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("policies");
        let path = directory.join("policy.yaml");
        let write = |text: &str| {
            fs::create_dir_all(&directory).unwrap();
            fs::write(&path, text).unwrap();
        };
        write("1");
        let mut watch = Watch { every: Duration::from_millis(10), ..Watch::new(&path) };
        for round in ["2", "3"] {
            fs::remove_dir_all(&directory).unwrap();
            noticed(&mut watch, "its removal").await;
            write(round);
            while watch.stamp.is_none() || watch.watched.is_empty() {
                noticed(&mut watch, "its return").await;
            }
        }
        // From here on the system tells: the new directory is watched as the old one was.
        watch.every = Duration::from_secs(3_600);
        quiet(&mut watch).await;
        write("4");
        noticed(&mut watch, "a change in the new directory").await;
    }

    /// Half of a policy may be a policy. It is read when its writer has closed it.
    #[tokio::test]
    async fn a_file_that_is_being_written() {
        use std::io::Write;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("policy.yaml");
        fs::write(&path, "1").unwrap();
        for every in [Duration::from_secs(3_600), Duration::from_millis(10)] {
            let mut watch = Watch { every, ..Watch::new(&path) };
            let mut file = fs::File::create(&path).unwrap();
            for half in ["first", "second"] {
                file.write_all(half.as_bytes()).unwrap();
                let early = tokio::time::timeout(Duration::from_millis(200), watch.changed()).await;
                assert!(early.is_err(), "read after the {half} half");
            }
            drop(file);
            noticed(&mut watch, "its end").await;
            quiet(&mut watch).await;
            // The same where it is a new file under the name.
            fs::remove_file(&path).unwrap();
            noticed(&mut watch, "its removal").await;
            quiet(&mut watch).await;
            let mut file = fs::File::create(&path).unwrap();
            file.write_all(b"half").unwrap();
            let early = tokio::time::timeout(Duration::from_millis(200), watch.changed()).await;
            assert!(early.is_err(), "read while it is made");
            drop(file);
            noticed(&mut watch, "the new file").await;
            fs::write(home.path().join("beside"), "whole").unwrap();
            fs::rename(home.path().join("beside"), &path).unwrap();
            noticed(&mut watch, "a file that is moved there").await;
        }
    }

    #[test]
    fn links_that_lead_nowhere_or_in_circles_end() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        let way = Way::to(&at("a"));
        assert_eq!(way.names, BTreeSet::from(["a".into(), "b".into()]));
        symlink("gone/policy.yaml", at("c")).unwrap();
        let way = Way::to(&at("c"));
        assert!(way.directories.contains(&fs::canonicalize(home.path()).unwrap()));
        assert!(way.names.contains(OsStr::new("policy.yaml")));
    }
}
