//! `interlock check`: every mistake of a policy at once, with its place and advice.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use interlock_policy::{Diagnostic, Severity, Source, Syntax, compile};
use serde::Serialize;

use crate::args::{CheckArgs, Format};
use crate::exit::Exit;
use crate::terminal;

/// Checks every file and says what was found.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let checked: anyhow::Result<Vec<Checked>> = args.files.iter().map(|file| check(file)).collect();
    let checked = checked?;
    match args.format {
        Format::Text => print_text(&checked)?,
        Format::Json => print_json(&checked)?,
    }
    let bad = |file: &Checked| !file.valid || (args.strict && !file.diagnostics.is_empty());
    Ok(if checked.iter().any(bad) { Exit::No } else { Exit::Yes })
}

struct Checked {
    name: String,
    text: String,
    valid: bool,
    diagnostics: Vec<Diagnostic>,
}

fn check(file: &Path) -> anyhow::Result<Checked> {
    let (name, bytes) = read(file)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => anyhow::bail!("`{name}` is not UTF-8 text"),
    };
    let (policy, diagnostics) = compile(&Source { name: &name, text: &text, syntax: Syntax::of_path(&name) });
    Ok(Checked { name, valid: policy.is_some(), text, diagnostics })
}

/// A file's name for messages, and its bytes; `-` is standard input.
pub(super) fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| {
        let tried = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        format!("cannot read `{}`", tried.display())
    })?;
    Ok((name, bytes))
}

fn print_text(checked: &[Checked]) -> anyhow::Result<()> {
    let colour = std::io::stdout().is_terminal();
    for file in checked {
        let mut out = terminal::diagnostics::render(&file.name, &file.text, &file.diagnostics, colour);
        let (errors, warnings) = counts(&file.diagnostics);
        let verdict = if file.valid { "ok" } else { "invalid" };
        out.push_str(&terminal::escaped(&file.name));
        out.push_str(&format!(": {verdict}"));
        if errors + warnings > 0 {
            out.push_str(&format!(" ({}, {})", plural(errors, "error"), plural(warnings, "warning")));
        }
        terminal::line(&out)?;
    }
    Ok(())
}

fn counts(diagnostics: &[Diagnostic]) -> (usize, usize) {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    (errors, diagnostics.len() - errors)
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    valid: bool,
    diagnostics: Vec<DiagnosticReport<'a>>,
}

#[derive(Serialize)]
struct DiagnosticReport<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    line: usize,
    column: usize,
    offset: usize,
    length: usize,
    pointer: &'a str,
}

fn print_json(checked: &[Checked]) -> anyhow::Result<()> {
    let reports: Vec<FileReport<'_>> = checked
        .iter()
        .map(|file| FileReport {
            file: &file.name,
            valid: file.valid,
            diagnostics: file.diagnostics.iter().map(report).collect(),
        })
        .collect();
    terminal::line(&serde_json::to_string_pretty(&reports)?)
}

fn report(diagnostic: &Diagnostic) -> DiagnosticReport<'_> {
    DiagnosticReport {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        line: diagnostic.span.line,
        column: diagnostic.span.column,
        offset: diagnostic.span.offset,
        length: diagnostic.span.len,
        pointer: &diagnostic.pointer,
    }
}
