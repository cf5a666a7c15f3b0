//! `interlock init --undo`

use std::path::Path;

use interlock_clients::{Journal, Restored};
use serde_json::json;

use crate::args::Format;
use crate::configured::Survey;
use crate::exit::Exit;
use crate::terminal;

pub(super) fn run(survey: &Survey, folder: &Path, force: bool, format: Format) -> anyhow::Result<Exit> {
    if !Journal::is_there(folder) {
        match format {
            Format::Text => terminal::line("nothing to undo: `interlock init` has changed nothing here")?,
            Format::Json => terminal::json(&json!({ "files": [] }))?,
        }
        return Ok(Exit::Yes);
    }
    let undone = Journal::open(folder)?.undo(force)?;
    let kept = undone.iter().any(|undone| matches!(undone.what, Restored::Kept(_)));
    match format {
        Format::Json => {
            let files = undone.iter().map(|undone| {
                let (word, why) = words(&undone.what);
                json!({ "file": undone.file, "became": word, "why": why })
            });
            terminal::json(&json!({ "files": files.collect::<Vec<_>>() }))?;
        }
        Format::Text => {
            for undone in &undone {
                let (word, why) = words(&undone.what);
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                terminal::line(&terminal::escaped(&format!("{word} {}{why}", survey.shown(&undone.file))))?;
            }
            if kept && !force {
                terminal::line("\nWhat was changed since is as it was left; `interlock init --undo --force` puts back what was there before `init`.")?;
            }
        }
    }
    Ok(if kept { Exit::No } else { Exit::Yes })
}

/// What became of a file in a word, and why where it was left.
fn words(what: &Restored) -> (&'static str, Option<String>) {
    match what {
        Restored::Restored => ("restored", None),
        Restored::Removed => ("removed", None),
        Restored::AsBefore => ("unchanged", None),
        Restored::Kept(why) => ("kept", Some(why.to_string())),
    }
}
