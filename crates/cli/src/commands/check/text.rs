//! For people.

use std::io::IsTerminal;

use super::{Checked, Verdict, counts};
use crate::terminal;

pub(super) fn print(checked: &[Checked]) -> String {
    let colour = std::io::stdout().is_terminal();
    let shown: Vec<String> = checked.iter().map(|file| one(file, colour)).collect();
    shown.join("\n")
}

fn one(file: &Checked, colour: bool) -> String {
    let mut out = terminal::diagnostics::render(&file.name, &file.text, &file.diagnostics, colour);
    let (errors, warnings, notes) = counts(&file.diagnostics);
    let verdict = match file.verdict {
        Verdict::Ok => "ok",
        Verdict::TooLax => "invalid with --strict",
        Verdict::Invalid => "invalid",
    };
    out.push_str(&terminal::escaped(&file.name));
    out.push_str(&format!(": {verdict}"));
    let found: Vec<String> = [(errors, "error"), (warnings, "warning"), (notes, "note")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| plural(count, what))
        .collect();
    if !found.is_empty() {
        out.push_str(&format!(" ({})", found.join(", ")));
    }
    out
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
