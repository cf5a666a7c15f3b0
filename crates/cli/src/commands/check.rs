//! `interlock check`: every mistake of a policy at once, with its place and advice.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use interlock_policy::{Diagnostic, Severity, Source, Syntax, compile};
use serde::Serialize;

use crate::args::{CheckArgs, Format};
use crate::exit::Exit;
use crate::policy_tests;
use crate::terminal;

/// Checks every file and says what was found.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let mut checked = Vec::with_capacity(args.files.len());
    let mut unread = Vec::new();
    for file in &args.files {
        match check(file, args.strict) {
            Ok(file) => checked.push(file),
            Err(error) => unread.push(error),
        }
    }
    match args.format {
        Format::Text => print_text(&checked)?,
        Format::Json => print_json(&checked)?,
    }
    unread.iter().for_each(terminal::error);
    Ok(match () {
        () if !unread.is_empty() => Exit::Failed,
        () if checked.iter().any(|file| file.verdict != Verdict::Ok) => Exit::No,
        () => Exit::Yes,
    })
}

struct Checked {
    name: String,
    text: String,
    verdict: Verdict,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// Only because warnings count as mistakes.
    TooLax,
    Invalid,
}

fn check(file: &Path, strict: bool) -> anyhow::Result<Checked> {
    let (name, bytes) = read(file)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => anyhow::bail!("`{name}` is not UTF-8 text"),
    };
    let syntax = Syntax::of_path(&name);
    // Tests stand beside their policies, and `policies/*.yaml` names both.
    let (valid, diagnostics) = if policy_tests::find::is_test(file) {
        let diagnostics = policy_tests::mistakes(&text, syntax);
        (diagnostics.is_empty(), diagnostics)
    } else {
        let (policy, diagnostics) = compile(&Source { name: &name, text: &text, syntax });
        (policy.is_some(), diagnostics)
    };
    let verdict = match valid {
        false => Verdict::Invalid,
        true if strict && !diagnostics.is_empty() => Verdict::TooLax,
        true => Verdict::Ok,
    };
    Ok(Checked { name, verdict, text, diagnostics })
}

/// A file's name for messages, and its bytes; `-` is standard input.
pub(super) fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    let tried = || std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    if file.is_dir() {
        anyhow::bail!("`{}` is a directory; name the policy files in it", tried().display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", tried().display()))?;
    Ok((name, bytes))
}

fn print_text(checked: &[Checked]) -> anyhow::Result<()> {
    let colour = std::io::stdout().is_terminal();
    for file in checked {
        let mut out = terminal::diagnostics::render(&file.name, &file.text, &file.diagnostics, colour);
        let (errors, warnings) = counts(&file.diagnostics);
        let verdict = match file.verdict {
            Verdict::Ok => "ok",
            Verdict::TooLax => "invalid with --strict",
            Verdict::Invalid => "invalid",
        };
        out.push_str(&terminal::escaped(&file.name));
        out.push_str(&format!(": {verdict}"));
        let found: Vec<String> = [(errors, "error"), (warnings, "warning")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| plural(count, what))
            .collect();
        if !found.is_empty() {
            out.push_str(&format!(" ({})", found.join(", ")));
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
            valid: file.verdict == Verdict::Ok,
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
