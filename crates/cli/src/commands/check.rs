//! `interlock check`: every mistake of a policy at once, with its place and advice.

mod github;
mod json;
mod sarif;
mod text;

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use interlock_policy::{Diagnostic, Severity, Source, Syntax, ToolList, compile_for};

use crate::args::{CheckArgs, CheckFormat};
use crate::exit::Exit;
use crate::terminal;

/// Checks every file and says what was found.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let stdin = |file: &&Path| *file == Path::new("-");
    if args.files.iter().map(AsRef::as_ref).chain(args.tools.as_deref()).filter(stdin).count() > 1 {
        anyhow::bail!("only one file can come from standard input");
    }
    let tools = args.tools.as_deref().map(tools).transpose()?;
    let checked: anyhow::Result<Vec<Checked>> =
        args.files.iter().map(|file| check(file, tools.as_ref())).collect();
    let checked = checked?;
    let printed = match args.format {
        CheckFormat::Text => text::print(&checked),
        CheckFormat::Json => json::print(&checked)?,
        CheckFormat::Sarif => sarif::print(&checked)?,
        CheckFormat::Github => github::print(&checked),
    };
    if !printed.is_empty() {
        terminal::line(&printed)?;
    }
    let warned = |file: &Checked| file.diagnostics.iter().any(|found| found.severity == Severity::Warning);
    let bad = |file: &Checked| !file.valid || (args.strict && warned(file));
    Ok(if checked.iter().any(bad) { Exit::No } else { Exit::Yes })
}

struct Checked {
    name: String,
    text: String,
    valid: bool,
    diagnostics: Vec<Diagnostic>,
}

fn check(file: &Path, tools: Option<&ToolList>) -> anyhow::Result<Checked> {
    let (name, bytes) = read(file)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => anyhow::bail!("`{name}` is not UTF-8 text"),
    };
    let source = Source { name: &name, text: &text, syntax: Syntax::of_path(&name) };
    let (policy, diagnostics) = compile_for(&source, tools);
    Ok(Checked { name, valid: policy.is_some(), text, diagnostics })
}

fn read(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
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

/// The tools that the policies are compared with.
fn tools(file: &Path) -> anyhow::Result<ToolList> {
    let (name, bytes) = read(file)?;
    let Ok(text) = String::from_utf8(bytes) else { anyhow::bail!("`{name}` is not UTF-8 text") };
    ToolList::read(&text).with_context(|| format!("cannot use the tools in `{name}`"))
}

fn counts(diagnostics: &[Diagnostic]) -> (usize, usize, usize) {
    let of = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning), of(Severity::Note))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

impl Checked {
    /// The line and column behind the last character that a finding is about.
    fn end(&self, found: &Diagnostic) -> (usize, usize) {
        let end = found.span.offset.saturating_add(found.span.len);
        let text = self.text.get(found.span.offset..end).unwrap_or_default();
        match text.rsplit_once('\n') {
            None => (found.span.line, found.span.column + text.chars().count()),
            Some((before, last)) => {
                (found.span.line + before.matches('\n').count() + 1, last.chars().count() + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use interlock_policy::{Source, Syntax, compile};

    use super::Checked;

    /// A file with this text.
    pub(super) fn checked(name: &str, text: &str) -> Checked {
        let (policy, diagnostics) = compile(&Source { name, text, syntax: Syntax::Yaml });
        Checked { name: name.to_owned(), text: text.to_owned(), valid: policy.is_some(), diagnostics }
    }

    #[test]
    fn the_end_of_a_finding() {
        let mut file = checked("p.yaml", "é: 1\nb: 2\n");
        let mut found = file.diagnostics.remove(0);
        found.span = interlock_policy::Span { offset: 0, len: 8, line: 1, column: 1 };
        assert_eq!(file.end(&found), (2, 3));
        found.span.len = 2;
        assert_eq!(file.end(&found), (1, 2));
        found.span.len = 0;
        assert_eq!(file.end(&found), (1, 1));
    }
}
