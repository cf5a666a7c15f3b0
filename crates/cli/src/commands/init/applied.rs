//! Doing what was planned: policies first, then the configurations that name them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use interlock_clients::{Journal, Wiring};

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
        let of = plan.servers.iter().find(|server| server.policy.as_ref() == Some(&policy.path));
        let server = of.context("a policy is no server's; this is a fault of interlock")?.known.named();
        for (path, text) in &policy.files {
            journal.make(path, text, &policy.path, &server)?;
        }
        applied.policies.push(policy.path.clone());
    }
    for change in &plan.changes {
        let Some(found) = plan.configurations.get(change.configuration) else { continue };
        let Ok(read) = &found.read else { continue };
        let (file, wiring) =
            (&read.file, Wiring { client: found.place.client, program: plan.program.clone() });
        match journal.change(file, &change.after, &wiring) {
            Ok(done) => {
                applied.changed.push(done.file);
                applied.backups.push(done.backup);
            }
            Err(error) => applied.failed.push((file.path.clone(), error.to_string())),
        }
    }
    Ok(applied)
}
