//! `interlock init --undo`

use std::path::Path;

use interlock_clients::{EntryUndone, Journal, Restored, Undoing, Undone, Unwired};
use serde_json::{Value, json};

use crate::args::Format;
use crate::configured::Survey;
use crate::exit::Exit;
use crate::terminal;

pub(super) fn run(survey: &Survey, folder: &Path, how: Undoing, format: Format) -> anyhow::Result<Exit> {
    if !Journal::is_there(folder) {
        match format {
            Format::Text => terminal::line("nothing to undo: `interlock init` has changed nothing here")?,
            Format::Json => terminal::json(&json!({ "files": [] }))?,
        }
        return Ok(Exit::Yes);
    }
    let undone = Journal::open(folder)?.undo(how)?;
    let is_kept = |undone: &Undone| matches!(undone.what, Restored::Kept(_));
    match format {
        Format::Json => terminal::json(&json!({ "files": undone.iter().map(report).collect::<Vec<_>>() }))?,
        Format::Text => {
            let mut out: String = undone.iter().map(|undone| told(undone, survey)).collect();
            if how.dry_run {
                out.push_str("\nnothing was changed\n");
            } else if undone.iter().any(is_kept) && !how.force {
                out.push_str(
                    "\nwhat cannot be put back by itself is as it was left; `interlock init --undo --force` puts back the whole file as it \
                     was before `init`, after a copy of it\n",
                );
            }
            terminal::write_out(terminal::escaped(&out).as_bytes())?;
        }
    }
    Ok(if !how.dry_run && undone.iter().any(is_kept) { Exit::No } else { Exit::Yes })
}

fn report(undone: &Undone) -> Value {
    let (word, why) = words(&undone.what);
    let entry = |entry: &EntryUndone| {
        let (word, why) = entry_words(&entry.what);
        json!({ "name": entry.name, "project": entry.project, "became": word, "why": why })
    };
    json!({
        "file": undone.file,
        "became": word,
        "why": why,
        "entries": undone.entries.iter().map(entry).collect::<Vec<_>>(),
        "copy": undone.copy,
    })
}

/// A file, and each of its entries.
fn told(undone: &Undone, survey: &Survey) -> String {
    let one_line = |text: &str| text.replace('\n', " ");
    let because = |why: Option<String>| why.map(|why| format!(": {}", one_line(&why))).unwrap_or_default();
    let (word, why) = words(&undone.what);
    let mut out = format!("{word} {}{}\n", one_line(&survey.shown(&undone.file)), because(why));
    for entry in &undone.entries {
        let (word, why) = entry_words(&entry.what);
        let project = entry.project.as_ref().map(|project| format!(" of {}", survey.shown(project)));
        let name = one_line(&format!("{}{}", entry.name, project.unwrap_or_default()));
        out.push_str(&format!("  {word} {name}{}\n", because(why)));
    }
    if let Some(copy) = &undone.copy {
        out.push_str(&format!("  what it was until now is in {}\n", one_line(&survey.shown(copy))));
    }
    out
}

/// What became of a file in a word, and why where that is not clear.
fn words(what: &Restored) -> (&'static str, Option<String>) {
    match what {
        Restored::Restored => ("restored", None),
        Restored::Entries => ("restored", Some("its entries alone, for it was changed since".to_owned())),
        Restored::Removed => ("removed", None),
        Restored::AsBefore => ("unchanged", None),
        Restored::Own(why) => ("kept", Some(why.to_string())),
        Restored::Kept(why) => ("kept", Some(why.to_string())),
    }
}

fn entry_words(what: &Unwired) -> (&'static str, Option<String>) {
    match what {
        Unwired::Restored => ("restored", None),
        Unwired::RestoredBut => ("restored", Some("what else of it was changed since stays".to_owned())),
        Unwired::AsBefore => ("unchanged", Some("it does not run through Interlock any more".to_owned())),
        Unwired::Gone => ("unchanged", Some("it was removed since".to_owned())),
        Unwired::Kept(why) => ("kept", Some(why.to_string())),
    }
}
