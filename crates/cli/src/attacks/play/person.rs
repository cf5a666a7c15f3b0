//! A person who says yes to whatever waits: with the same commands that people have.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context;
use interlock_catalog::attacks::Approve;
use serde_json::Value;

use super::process::Processes;

/// Approves all that waits at a server, once each.
pub(super) async fn approve(
    processes: &Processes,
    data: &Path,
    settings: &Path,
    approve: &Approve,
) -> anyhow::Result<()> {
    let place: Vec<OsString> = vec!["--data".into(), data.into(), "-c".into(), settings.into()];
    let words = |words: &[&str]| -> Vec<OsString> {
        words.iter().map(OsString::from).chain(place.iter().cloned()).collect()
    };
    let list = processes.output(&words(&["approvals", "list", "--format", "json"])).await?;
    let list: Value = serde_json::from_str(&list).context("`interlock approvals list` printed no JSON")?;
    let waiting = list.as_array().context("no list of what waits")?;
    for one in waiting {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        let fits = text("server") == Some(&approve.server)
            && approve.tool.as_deref().is_none_or(|tool| text("name") == Some(tool));
        if let Some(id) = text("id").filter(|_| fits) {
            // Somebody who has approved already, and approves again, is told so; nothing comes of it.
            processes.attempt(&words(&["approvals", "approve", id, "--yes"])).await?;
        }
    }
    Ok(())
}
