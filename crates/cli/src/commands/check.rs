//! `interlock check`: every mistake of a policy at once, with its place and advice.

mod github;
mod json;
mod sarif;
mod surroundings;
mod text;

use std::path::Path;

use interlock_gateway::reload;
use interlock_policy::{Diagnostic, Severity, Source, Syntax, ToolList, compile_for};

use crate::args::{CheckArgs, CheckFormat};
use crate::exit::Exit;
use crate::input;
use crate::policy_tests;
use crate::settings::Settings;
use crate::terminal;

/// Checks every file and says what was found.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let stdin = |file: &&Path| *file == Path::new("-");
    if args.files.iter().map(AsRef::as_ref).chain(args.tools.as_deref()).filter(stdin).count() > 1 {
        anyhow::bail!("only one file can come from standard input");
    }
    let tools = args.tools.as_deref().map(input::tools).transpose()?;
    let settings = args.settings.as_deref().map(|file| Settings::load(Some(file))).transpose()?;
    let beside = Beside { tools: tools.as_ref(), settings: settings.as_ref() };
    let mut checked = Vec::with_capacity(args.files.len());
    let mut unread = Vec::new();
    for file in &args.files {
        match check(file, &beside, args.strict) {
            Ok(file) => checked.push(file),
            Err(error) => unread.push(error),
        }
    }
    print(&checked, args.format)?;
    unread.iter().for_each(terminal::error);
    Ok(if unread.is_empty() { answer(&checked) } else { Exit::Failed })
}

/// Says what was found.
pub(super) fn print(checked: &[Checked], format: CheckFormat) -> anyhow::Result<()> {
    let printed = match format {
        CheckFormat::Text => text::print(checked),
        CheckFormat::Json => json::print(checked)?,
        CheckFormat::Sarif => sarif::print(checked)?,
        CheckFormat::Github => github::print(checked),
    };
    if printed.is_empty() { Ok(()) } else { terminal::line(&printed) }
}

/// Whether all of them are good.
pub(super) fn answer(checked: &[Checked]) -> Exit {
    if checked.iter().any(|file| file.verdict != Verdict::Ok) { Exit::No } else { Exit::Yes }
}

/// A file, and what was found in it.
pub(super) struct Checked {
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

/// What is known beside a policy.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// The tools of its server.
    pub(super) tools: Option<&'a ToolList>,
    /// The settings with which it is to be in force.
    pub(super) settings: Option<&'a Settings>,
}

/// Checks one file of a policy, or of its tests.
pub(super) fn check(file: &Path, beside: &Beside<'_>, strict: bool) -> anyhow::Result<Checked> {
    let (name, text) = input::read_text(file)?;
    let syntax = Syntax::of_path(&name);
    // Tests stand beside their policies, and `policies/*.yaml` names both.
    let (valid, diagnostics) = if policy_tests::find::is_test(file) {
        let diagnostics = policy_tests::mistakes(&text, syntax);
        (diagnostics.is_empty(), diagnostics)
    } else if let Some(found) = reload::not_a_policy(&name, &text, syntax) {
        (false, vec![found])
    } else {
        let source = Source { name: &name, text: &text, syntax };
        let (policy, mut diagnostics) = compile_for(&source, beside.tools);
        if let Some(policy) = &policy {
            diagnostics.extend(surroundings::findings(policy, &source, file, beside.settings));
            diagnostics.sort_by_key(|found| found.span.offset);
        }
        let is_sound = diagnostics.iter().all(|found| found.severity != Severity::Error);
        (policy.is_some() && is_sound, diagnostics)
    };
    let warned = diagnostics.iter().any(|found| found.severity == Severity::Warning);
    let verdict = match valid {
        false => Verdict::Invalid,
        true if strict && warned => Verdict::TooLax,
        true => Verdict::Ok,
    };
    Ok(Checked { name, verdict, text, diagnostics })
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
    /// A file in which all that was found keeps it from being used.
    pub(super) fn of_mistakes(name: String, diagnostics: Vec<Diagnostic>, text: String) -> Self {
        let verdict = if diagnostics.is_empty() { Verdict::Ok } else { Verdict::Invalid };
        Self { name, text, verdict, diagnostics }
    }

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

    use super::{Checked, Verdict};

    /// A file with this text.
    pub(super) fn checked(name: &str, text: &str) -> Checked {
        let (policy, diagnostics) = compile(&Source { name, text, syntax: Syntax::Yaml });
        let verdict = if policy.is_some() { Verdict::Ok } else { Verdict::Invalid };
        Checked { name: name.to_owned(), text: text.to_owned(), verdict, diagnostics }
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
