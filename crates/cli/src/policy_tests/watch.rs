//! Noticing that tests, policies or tool lists have changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Editors write in several steps: what follows within this time belongs to the same change.
const QUIET: Duration = Duration::from_millis(50);
/// How long a change may go on before it is looked at.
const LONGEST: Duration = Duration::from_secs(1);

/// Watches the folders that files are in: editors replace files rather than write them.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    changes: Receiver<()>,
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches nothing yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let (tell, changes) = mpsc::channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if concerns(&event) {
                // Whoever watched has gone when nobody listens.
                let _nobody = tell.send(());
            }
        });
        let watcher = watcher.context("the system cannot watch files")?;
        Ok(Self { watcher, changes, folders: BTreeSet::new() })
    }

    /// Watches folders; `true` if one of them was not watched before.
    pub(crate) fn folders(&mut self, folders: &[PathBuf]) -> anyhow::Result<bool> {
        let before = self.folders.len();
        folders.iter().try_for_each(|folder| self.add(folder))?;
        Ok(self.folders.len() > before)
    }

    /// Watches the folders of files; `true` if one of them was not watched before.
    pub(crate) fn files<'f>(&mut self, files: impl IntoIterator<Item = &'f PathBuf>) -> anyhow::Result<bool> {
        let before = self.folders.len();
        for file in files {
            let folder = match file.parent() {
                Some(folder) if folder != Path::new("") => folder,
                _ => Path::new("."),
            };
            self.add(folder)?;
        }
        Ok(self.folders.len() > before)
    }

    fn add(&mut self, folder: &Path) -> anyhow::Result<()> {
        let folder = std::path::absolute(folder)?;
        if !self.folders.contains(&folder) {
            self.watcher
                .watch(&folder, RecursiveMode::NonRecursive)
                .with_context(|| format!("cannot watch `{}`", folder.display()))?;
            self.folders.insert(folder);
        }
        Ok(())
    }

    /// Waits for a change, and for its end.
    pub(crate) fn changed(&self) -> anyhow::Result<()> {
        self.changes.recv().context("the system has stopped watching files")?;
        let since = Instant::now();
        while since.elapsed() < LONGEST {
            match self.changes.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Whether a file that could be a policy, a test or a tool list has changed. What is not understood counts.
fn concerns(event: &notify::Result<notify::Event>) -> bool {
    let Ok(event) = event else { return true };
    if event.kind.is_access() {
        return false;
    }
    let is_ours = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        // A new folder may bring files of its own.
        ["yaml", "yml", "json"].contains(&extension.as_ref()) || event.kind.is_create() && path.is_dir()
    };
    event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(is_ours)
}
