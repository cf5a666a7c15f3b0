//! What short commands change, in the audit log: each says so before it does it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use interlock_audit::{AuditError, Detail, Entry, Lifecycle, LifecycleKind, append_shared};
use interlock_gateway::approvals::Book;

use crate::instance::wall_ms;

/// Records a change that is about to be made, with whose process makes it: what is not recorded does not happen.
pub(crate) fn record_change(data: &Path, action: &str, about: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut details: Vec<_> = about.iter().map(|(key, text)| (*key, Detail::Text(text))).collect();
    details.extend(process());
    let change =
        Lifecycle { details: &details, reason: Some(action), ..Lifecycle::new(LifecycleKind::Configuration) };
    append_shared(data, wall_ms(), &Entry::Lifecycle(change))
        .context("not done, because it cannot be recorded")?;
    Ok(())
}

/// Where commands record what people say of calls, with whose process it was.
pub(crate) struct CommandBook {
    /// The data directory.
    pub(crate) data: PathBuf,
}

impl Book for CommandBook {
    fn record(&self, event: Lifecycle<'_>) -> Result<(), AuditError> {
        let mut details = event.details.to_vec();
        details.extend(process());
        let event = Lifecycle { details: &details, ..event };
        append_shared(&self.data, wall_ms(), &Entry::Lifecycle(event)).map(drop)
    }
}

pub(crate) fn process() -> [(&'static str, Detail<'static>); 2] {
    [
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ]
}
