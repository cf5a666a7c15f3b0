//! Mistakes in a policy, each under its source line.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use interlock_policy::{Diagnostic, Severity};

/// Renders every diagnostic of one file. Those that say the same stand together, with all their places.
pub(crate) fn render(file: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) -> String {
    let plain = plain(text);
    let text = plain.as_ref();
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
        let message = super::escaped(&diagnostic.message);
        let mut group = Group::with_title(level.primary_title(message).id(diagnostic.code));
        if text.len() <= WHOLE {
            let marks = places
                .map(|place| AnnotationKind::Primary.span(within(text, place.span.offset, place.span.len)));
            group = group.element(Snippet::source(text).path(file).annotations(marks));
        } else {
            for place in places {
                group = in_part(group, file, text, place);
            }
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(super::escaped(help)));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// The text with signs of the same length for what the renderer lets through and a terminal would obey, or a reader
/// be misled by.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(super::is_deceptive) {
        return Cow::Borrowed(text);
    }
    // What is one byte long the renderer shows as a sign.
    let sign = |c: char| match (super::is_deceptive(c), c.len_utf8()) {
        (true, 2) => '¿',
        (true, 3) => char::REPLACEMENT_CHARACTER,
        (true, 4) => '\u{1f6c7}',
        _ => c,
    };
    Cow::Owned(text.chars().map(sign).collect())
}

/// Up to this many bytes a text is given to the renderer as it is.
const WHOLE: usize = 16 << 10;
/// Of a line in a larger text, how many bytes are shown on either side of a place.
const AROUND: usize = 400;

/// A place of a large text: the renderer reads all that it is given, once for every finding.
fn in_part<'a>(group: Group<'a>, file: &'a str, text: &'a str, place: &Diagnostic) -> Group<'a> {
    let mark = within(text, place.span.offset, place.span.len.min(AROUND));
    let before = text.get(..mark.start).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let start = text.ceil_char_boundary(mark.start.saturating_sub(AROUND)).max(line);
    let rest = text.get(mark.end..).unwrap_or_default();
    let end = mark.end + rest.find('\n').unwrap_or(rest.len());
    let end = text.floor_char_boundary(end.min(mark.end + AROUND));
    let part = text.get(start..end).unwrap_or_default();
    let snippet = Snippet::source(part)
        .line_start(place.span.line)
        .annotation(AnnotationKind::Primary.span(mark.start - start..mark.end - start));
    if start == line {
        return group.element(snippet.path(file));
    }
    // The renderer would count the column from the cut.
    let origin = Origin::path(file).line(place.span.line).char_column(place.span.column);
    group.element(origin).element(snippet)
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

#[cfg(test)]
mod tests {
    use interlock_policy::{Source, Syntax, compile};

    use super::{WHOLE, render};

    fn shown(text: &str) -> String {
        let (_, found) = compile(&Source { name: "p.yaml", text, syntax: Syntax::Yaml });
        render("p.yaml", text, &found, false)
    }

    const HEAD: &str = "version: \"1\"\ndefault: deny\n";

    #[test]
    fn a_place_in_a_large_text_is_shown_as_in_a_small_one() {
        let rule = "tools:\n  t: { ruels: [] }\n";
        let small = shown(&format!("{HEAD}#\n{rule}"));
        let large = shown(&format!("{HEAD}#{}\n{rule}", "x".repeat(WHOLE)));
        assert_eq!(small, large);
        assert!(small.contains(" --> p.yaml:5:8\n") && small.contains("5 |   t: { ruels: [] }\n"), "{small}");
    }

    /// However long the line, what is shown of it is short, holds the place, and the column is that of the line.
    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = "é".repeat(3_000_000 / 2);
        for (text, column) in [
            (format!("{HEAD}tools: {{ {long}: {{}}, t: {{ ruels: [] }} }}\n"), 1_500_021),
            (format!("{HEAD}tools: {{ t: {{ ruels: [] }}, {long}: {{}} }}\n"), 15),
        ] {
            let shown = shown(&text);
            assert!(shown.contains(&format!("p.yaml:3:{column}\n")), "{}", &shown[..200]);
            assert!(shown.contains("ruels") && shown.contains("^^^^^"));
            assert!(shown.lines().all(|line| line.chars().count() < 1_000) && shown.len() < 10_000);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_sign() {
        let text =
            format!("{HEAD}tools: {{ t: {{ \"ru\u{1b}[31m\\els\": [], b: \"\u{9b}\" }} }} #\u{202e}\r\n");
        let shown = shown(&text);
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        assert!(!shown.contains('\u{202e}') && shown.contains("b: \"¿\""), "{shown:?}");
    }

    #[test]
    fn columns_under_wide_and_combining_characters() {
        let text = format!("{HEAD}tools: {{ '漢字': {{}}, 'e\u{301}': {{}}, t: {{ ruels: [] }} }}\n");
        let shown = shown(&text);
        assert!(shown.contains("p.yaml:3:35\n"), "{shown}");
        let mark = shown.lines().find(|line| line.contains("^^^^^")).unwrap();
        // Two characters are two cells wide and one has no width.
        assert_eq!(mark.find('^'), Some("3 | ".len() + 34 + 2 - 1), "{shown}");
    }
}
