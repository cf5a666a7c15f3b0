//! Doing what was planned: policies first, then the configurations that name them.

use std::path::{Path, PathBuf};

use interlock_clients::Journal;

use super::plan::Plan;

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) policies: Vec<PathBuf>,
    pub(super) changed: Vec<PathBuf>,
    /// What was not, and why.
    pub(super) failed: Vec<(PathBuf, String)>,
    /// Where the copies of what was there are.
    pub(super) backups: Vec<PathBuf>,
}

/// A configuration changes only when every policy is written: one that names none would start no server.
pub(super) fn apply(plan: &Plan, folder: &Path) -> anyhow::Result<Applied> {
    let mut journal = Journal::open(folder)?;
    let mut applied = Applied::default();
    for policy in &plan.policies {
        journal.make(&policy.path, &policy.text)?;
        applied.policies.push(policy.path.clone());
    }
    for change in &plan.changes {
        let Some(file) = plan.file(change.configuration) else { continue };
        match journal.change(file, &change.after) {
            Ok(done) => {
                applied.changed.push(done.file);
                applied.backups.push(done.backup);
            }
            Err(error) => applied.failed.push((file.path.clone(), error.to_string())),
        }
    }
    Ok(applied)
}
