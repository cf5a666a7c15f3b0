//! For programs.

use interlock_policy::Diagnostic;
use serde::Serialize;

use super::{Checked, Verdict, severity};

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

pub(super) fn print(checked: &[Checked]) -> anyhow::Result<String> {
    let reports: Vec<FileReport<'_>> = checked
        .iter()
        .map(|file| FileReport {
            file: &file.name,
            valid: file.verdict == Verdict::Ok,
            diagnostics: file.diagnostics.iter().map(report).collect(),
        })
        .collect();
    Ok(serde_json::to_string_pretty(&reports)?)
}

fn report(diagnostic: &Diagnostic) -> DiagnosticReport<'_> {
    DiagnosticReport {
        severity: severity(diagnostic.severity),
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
