//! Mistakes in a policy, each under its source line.

use std::io::{self, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use interlock_policy::{Diagnostic, Severity};

/// Renders every diagnostic of one file. Those that say the same stand together, with all their places.
pub(crate) fn render(file: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if diagnostics.iter().take(index).any(|earlier| alike(earlier, diagnostic)) {
            continue;
        }
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let places = diagnostics.iter().skip(index).filter(|later| alike(later, diagnostic));
        let marks =
            places.map(|place| AnnotationKind::Primary.span(within(text, place.span.offset, place.span.len)));
        let snippet = Snippet::source(text).path(file).annotations(marks);
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

fn alike(one: &Diagnostic, other: &Diagnostic) -> bool {
    (one.severity, one.code, &one.message, &one.help)
        == (other.severity, other.code, &other.message, &other.help)
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
