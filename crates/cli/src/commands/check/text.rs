//! For people.

use std::io::IsTerminal;

use super::{Checked, counts};
use crate::terminal;

pub(super) fn print(checked: &[Checked]) -> String {
    let colour = std::io::stdout().is_terminal();
    let shown: Vec<String> = checked.iter().map(|file| one(file, colour)).collect();
    shown.join("\n")
}

fn one(file: &Checked, colour: bool) -> String {
    let mut out = terminal::diagnostics::render(&file.name, &file.text, &file.diagnostics, colour);
    let (errors, warnings, notes) = counts(&file.diagnostics);
    let verdict = if file.valid { "ok" } else { "invalid" };
    out.push_str(&terminal::escaped(&file.name));
    out.push_str(&format!(": {verdict}"));
    if errors + warnings + notes > 0 {
        out.push_str(&format!(" ({}, {}", plural(errors, "error"), plural(warnings, "warning")));
        if notes > 0 {
            out.push_str(&format!(", {}", plural(notes, "note")));
        }
        out.push(')');
    }
    out
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
