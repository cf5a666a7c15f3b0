//! What short commands change, in the audit log: each says so before it does it.

use std::path::Path;

use anyhow::Context;
use interlock_audit::{Detail, Entry, Lifecycle, LifecycleKind, append_shared};

use crate::instance::wall_ms;

/// Records a change that is about to be made, with whose process makes it: what is not recorded does not happen.
pub(crate) fn record_change(data: &Path, action: &str, about: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut details: Vec<_> = about.iter().map(|(key, text)| (*key, Detail::Text(text))).collect();
    details.extend([
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ]);
    let change =
        Lifecycle { details: &details, reason: Some(action), ..Lifecycle::new(LifecycleKind::Configuration) };
    append_shared(data, wall_ms(), &Entry::Lifecycle(change))
        .context("not done, because it cannot be recorded")?;
    Ok(())
}
