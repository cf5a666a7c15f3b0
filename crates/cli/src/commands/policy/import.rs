//! `interlock policy import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use interlock_policy::{Choice, Imported, Severity, Source, import};

use super::ImportArgs;
use crate::exit::Exit;
use crate::terminal;

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<Exit> {
    let (name, text) = super::read(&args.file)?;
    let source = Source { name: &name, text: &text, syntax: super::syntax(&name, &text) };
    let (imported, found) = import(&source, args.from.map(super::From::dialect), &args.schema);
    terminal::diagnostics::to_stderr(&name, &text, &found)?;
    let Some(imported) = imported else {
        let errors = found.iter().filter(|found| found.severity == Severity::Error).count();
        let them = if errors == 1 { "it" } else { "them" };
        terminal::note(&format!("{name}: not imported; change {them} and import again"));
        return Ok(Exit::No);
    };
    match &args.output {
        None => terminal::write_out(imported.text.as_bytes())?,
        Some(file) => write_new(file, &imported.text)?,
    }
    said(&name, &imported).lines().for_each(terminal::note);
    Ok(Exit::Yes)
}

/// A file that is there already may be somebody's work.
fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    let written =
        open.write(true).create_new(true).open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write `{}`", file.display()))
}

/// What was decided, a line for each.
fn said(name: &str, imported: &Imported) -> String {
    let mut out = format!("{name}: imported from {}", imported.dialect.name());
    for Choice { span, message, stricter } in &imported.choices {
        let stricter = if *stricter { "stricter: " } else { "" };
        // Writing to a string does not fail.
        let _written = write!(out, "\n  {}:{}: {stricter}{message}", span.line, span.column);
    }
    out
}
