//! Reading other documents of the same notation, so that their mistakes are shown like those of policies.

use std::ops::Range;

use crate::Syntax;
use crate::diagnostic::{At, Diagnostic, Report, Severity};
use crate::tree::{self, Node};

/// Reads one source text and collects what is wrong with it.
pub struct Located<'s> {
    report: Report<'s>,
}

impl<'s> Located<'s> {
    /// Of this text nothing is known yet.
    pub fn new(text: &'s str) -> Located<'s> {
        Located { report: Report::new(text) }
    }

    /// The text as a tree; `None` where it has none, and that is among the findings.
    pub fn read(&mut self, syntax: Syntax) -> Option<Node> {
        match syntax {
            Syntax::Yaml => tree::yaml::read(&mut self.report),
            Syntax::Json => tree::json::read(&mut self.report),
        }
    }

    /// Adds a mistake with its place in bytes, the pointer of its node, and advice.
    pub fn error(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        pointer: &str,
        message: String,
        help: Option<String>,
    ) {
        self.found(Severity::Error, code, range, pointer, message, help);
    }

    /// Adds what matters so much.
    pub fn found(
        &mut self,
        severity: Severity,
        code: &'static str,
        range: Range<usize>,
        pointer: &str,
        message: String,
        help: Option<String>,
    ) {
        let at = At::from_pointer(pointer);
        let advice = match severity {
            Severity::Error => self.report.error(code, range, &at, message),
            Severity::Warning => self.report.warning(code, range, &at, message),
            Severity::Note => self.report.note(code, range, &at, message),
        };
        advice.maybe_help(help);
    }

    /// Everything found, in the order of the text.
    pub fn finish(self) -> Vec<Diagnostic> {
        self.report.finish()
    }
}

impl std::fmt::Debug for Located<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Located").finish_non_exhaustive()
    }
}
