//! Mistakes in a policy, each under its source line.

use std::io::{self, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use interlock_policy::{Diagnostic, Severity};

/// Renders every diagnostic of one file.
pub(crate) fn render(file: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let span = within(text, diagnostic.span.offset, diagnostic.span.len);
        let snippet = Snippet::source(text).path(file).annotation(AnnotationKind::Primary.span(span));
        let message = super::escaped(&diagnostic.message);
        let mut group = level.primary_title(message).id(diagnostic.code).element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(super::escaped(help)));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// A span that lies in the text, at character boundaries.
fn within(text: &str, offset: usize, len: usize) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(offset.min(text.len()));
    let end = text.ceil_char_boundary(offset.saturating_add(len).min(text.len()));
    start..end.max(start)
}

/// Shows them on standard error.
pub(crate) fn to_stderr(file: &str, text: &str, diagnostics: &[Diagnostic]) -> anyhow::Result<()> {
    let stderr = io::stderr();
    let colour = stderr.is_terminal();
    let rendered = render(file, text, diagnostics, colour);
    let mut err = anstream::AutoStream::auto(stderr);
    err.write_all(rendered.as_bytes())?;
    Ok(())
}
