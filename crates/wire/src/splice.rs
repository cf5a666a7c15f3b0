//! Rewriting parts of a text and leaving every other byte as it was.

use std::ops::Range;

/// New text for a part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The part, in bytes; a value's or key's span.
    pub span: Range<usize>,
    /// What stands there instead: JSON.
    pub text: String,
}

impl Edit {
    /// New text for a part.
    pub fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// Applies edits, in the order of the text, whatever order they come in.
///
/// Edits must not overlap and must lie on character boundaries within the text, as spans of different
/// values do where none is inside another; an edit that does not is left out (and stops a debug build).
pub fn apply(source: &str, edits: &mut [Edit]) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = String::with_capacity(source.len() + added);
    let mut done = 0;
    for edit in edits.iter() {
        let between = source.get(done..edit.span.start);
        let replaced = source.get(edit.span.clone());
        debug_assert!(between.is_some() && replaced.is_some(), "edit {edit:?} does not fit");
        let (Some(between), Some(_)) = (between, replaced) else { continue };
        out.push_str(between);
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(source.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_in_the_order_of_the_text() {
        let check = |edits: &[(Range<usize>, &str)], expected: &str| {
            let mut edits: Vec<Edit> =
                edits.iter().map(|(span, text)| Edit::new(span.clone(), *text)).collect();
            assert_eq!(apply("0123456789", &mut edits), expected);
        };
        check(&[], "0123456789");
        check(&[(2..4, "ab")], "01ab456789");
        check(&[(8..10, ""), (0..1, "long text")], "long text1234567");
        check(&[(3..3, "x"), (3..5, "y")], "012xy56789");
        check(&[(0..5, "a"), (5..10, "b")], "ab");
        check(&[(0..0, "<")], "<0123456789");
        check(&[(10..10, "!")], "0123456789!");
    }
}
