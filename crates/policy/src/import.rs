//! Policies of other gateways as policies of this one: the same decisions, with everything written out that is taken
//! for granted there and not here.
//!
//! The document stays a tree of its own source text throughout, so that whatever cannot be kept is pointed at where its
//! author wrote it.

mod dialect;
mod intercept;
mod policylayer;
mod re2;
mod translation;

use crate::compile::{Policy, Source, Syntax, compile};
use crate::diagnostic::{At, Diagnostic, Report, Severity, Span};
use crate::layout::{laid_out, remarks};
use crate::parse;
use crate::print::{Comments, annotated};
use crate::tree::{self, Value};
pub use dialect::Dialect;
use translation::Translation;

/// A document of another dialect in this language.
#[derive(Debug)]
pub struct Imported {
    /// What the document was taken for.
    pub dialect: Dialect,
    /// The policy in YAML.
    pub text: String,
    /// The policy, compiled.
    pub policy: Policy,
    /// Where a meaning had to be chosen, in the order of the source text.
    pub choices: Vec<Choice>,
}

/// A meaning that had to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Where in the source text; its beginning for what is about the whole document.
    pub span: Span,
    /// What was chosen and why, in the words of the comment beside it.
    pub message: String,
    /// Whether the policy is stricter here than what it was.
    pub stricter: bool,
}

/// Translates a document. `schema` is where editors find the JSON Schema of the language. There is a policy where there
/// is no error; warnings come with either, and are about the policy that was written.
pub fn import(
    source: &Source<'_>,
    dialect: Option<Dialect>,
    schema: &str,
) -> (Option<Imported>, Vec<Diagnostic>) {
    let mut report = Report::new(source.text);
    let imported = translated(source, dialect, schema, &mut report);
    (imported, report.finish())
}

fn translated(
    source: &Source<'_>,
    dialect: Option<Dialect>,
    schema: &str,
    report: &mut Report<'_>,
) -> Option<Imported> {
    let mut root = match source.syntax {
        Syntax::Yaml => tree::yaml::read(report)?,
        Syntax::Json => tree::json::read(report)?,
    };
    if report.has_errors() {
        return None;
    }
    // Intercept's default would make a policy of it that allows everything.
    if root.value == Value::Null || matches!(&root.value, Value::Map(members) if members.is_empty()) {
        report.error(
            "nothing-to-import",
            0..0,
            &At::ROOT,
            "the document is empty: there is nothing to import",
        );
        return None;
    }
    let dialect = dialect::settle(dialect, &root, source.syntax, report)?;
    let remarks = match source.syntax {
        Syntax::Yaml => remarks(source.text),
        Syntax::Json => Comments::new(),
    };
    let mut translation = Translation::new(dialect, remarks, report);
    match dialect {
        Dialect::Intercept => intercept::translate(&mut root, &mut translation),
        Dialect::PolicyLayer => policylayer::translate(&mut root, &mut translation),
    }
    let (comments, choices) = translation.finish();
    let document = parse::tree(&root, None, report);
    if report.has_errors() {
        return None;
    }
    let text = format!("# yaml-language-server: $schema={schema}\n{}", annotated(&root, &comments));
    let text = laid_out(&Source { name: source.name, text: &text, syntax: Syntax::Yaml }).unwrap_or(text);
    let (policy, found) = compile(&Source { name: source.name, text: &text, syntax: Syntax::Yaml });
    let Some(policy) = policy.filter(|policy| *policy.document() == document) else {
        let first = found.iter().find(|found| found.severity == Severity::Error);
        let why = first.map_or("it says something else", |found| found.message.as_str());
        let message = format!("the translation does not read back: {why}");
        report.error("import-failed", 0..0, &At::ROOT, message).help("please report this with the document");
        return None;
    };
    Some(Imported { dialect, text, policy, choices })
}
