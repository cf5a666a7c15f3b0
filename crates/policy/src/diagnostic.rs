//! What is wrong with a policy document, where, and what to do about it.

use std::cell::OnceCell;
use std::ops::Range;

use crate::cel;
use crate::parse::lists::Lists;
use crate::regular::Budget;
use crate::tree::MOST_BYTES;

/// How much a diagnostic matters: only an error keeps the document from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document cannot be used.
    Error,
    /// The document can be used; it probably does not mean what was intended.
    Warning,
    /// Worth knowing; nothing is wrong.
    Note,
}

/// A place in the source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Bytes from the beginning of the text.
    pub offset: usize,
    /// Length in bytes; may be zero.
    pub len: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One finding about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Stable kebab-case name of the kind of mistake, such as `unknown-key`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop, the document's words in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub span: Span,
    /// RFC 6901 pointer to the node; empty for the whole document.
    pub pointer: String,
}

/// Most findings reported for one document; a document that has more is not a policy.
const MOST: usize = 1_000;

/// Collects findings about one source text.
pub(crate) struct Report<'s> {
    source: &'s str,
    /// Looked up when the first finding has a place.
    line_starts: OnceCell<Vec<usize>>,
    found: Vec<Diagnostic>,
    dropped: usize,
    errors: usize,
    /// What the document's regular expressions may still cost.
    pub(crate) regexes: Budget,
    /// What the document's expressions may still cost.
    pub(crate) expressions: cel::Budget,
    /// The document's named lists.
    pub(crate) lists: Lists,
}

impl<'s> Report<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Report {
            source,
            line_starts: OnceCell::new(),
            found: Vec::new(),
            dropped: 0,
            errors: 0,
            regexes: Budget::default(),
            expressions: cel::Budget::default(),
            lists: Lists::default(),
        }
    }

    pub(crate) fn source(&self) -> &'s str {
        self.source
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// The pointers of what is wrong so far.
    pub(crate) fn error_pointers(&self) -> impl Iterator<Item = &str> {
        let errors = self.found.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.pointer.as_str())
    }

    /// True if further findings are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// Forgets everything found so far: another finding explains it all.
    pub(crate) fn clear(&mut self) {
        (self.found, self.dropped, self.errors) = (Vec::new(), 0, 0);
    }

    /// Reads what is advised upon only where more is known than here: the mistakes alone are of use.
    pub(crate) fn without_warnings<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.found.len();
        let read = read(self);
        let later = self.found.split_off(before.min(self.found.len()));
        self.found.extend(later.into_iter().filter(|finding| finding.severity == Severity::Error));
        read
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        at: &At<'_>,
        message: impl Into<String>,
    ) -> Advice<'_> {
        self.errors += 1;
        self.push(Severity::Error, code, range, at, message.into())
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        at: &At<'_>,
        message: impl Into<String>,
    ) -> Advice<'_> {
        self.push(Severity::Warning, code, range, at, message.into())
    }

    pub(crate) fn note(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        at: &At<'_>,
        message: impl Into<String>,
    ) -> Advice<'_> {
        self.push(Severity::Note, code, range, at, message.into())
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        range: Range<usize>,
        at: &At<'_>,
        message: String,
    ) -> Advice<'_> {
        if self.is_full() {
            self.dropped += 1;
            return Advice(None);
        }
        let span = self.span(range);
        self.found.push(Diagnostic { severity, code, message, help: None, span, pointer: at.pointer() });
        Advice(self.found.last_mut())
    }

    /// The place of whole characters: what is marked by one byte alone is marked by all of its first character.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let offset = self.source.floor_char_boundary(range.start);
        let len = self.source.ceil_char_boundary(range.end).saturating_sub(offset);
        let line_starts = self.line_starts.get_or_init(|| line_starts(self.source));
        let line = line_starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| line_starts.get(line)).copied().unwrap_or(0);
        let before = self.source.as_bytes().get(start..offset).unwrap_or_default();
        // Continuation bytes (0b10xx_xxxx) do not begin a character.
        let column = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        Span { offset, len, line, column }
    }

    /// Everything found, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            let message = format!("{} more findings are not shown", self.dropped);
            let span = self.span(self.source.len()..self.source.len());
            let (severity, code) =
                if self.errors > 0 { (Severity::Error, "too-many") } else { (Severity::Warning, "too-many") };
            self.found.push(Diagnostic { severity, code, message, help: None, span, pointer: String::new() });
        }
        self.found.sort_by_key(|finding| finding.span.offset);
        // A mistake in a named list is found again by every reference to it.
        self.found.dedup();
        self.found
    }
}

fn line_starts(source: &str) -> Vec<usize> {
    // What is too large to be read has no other place than its beginning.
    let read = if source.len() > MOST_BYTES { "" } else { source };
    let breaks = read.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

/// Lets the reporter of a finding add advice to it.
pub(crate) struct Advice<'r>(Option<&'r mut Diagnostic>);

impl Advice<'_> {
    pub(crate) fn help(self, help: impl Into<String>) {
        if let Some(finding) = self.0 {
            finding.help = Some(help.into());
        }
    }

    /// Advice that may be absent, such as a nearest key.
    pub(crate) fn maybe_help(self, help: Option<String>) {
        if let Some(finding) = self.0 {
            finding.help = help;
        }
    }
}

/// A place in the document as a chain of keys and indexes; written out as a JSON pointer only where one is needed.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    parent: Option<&'p At<'p>>,
    segment: Segment<'p>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
    /// Several segments, already written as a pointer.
    Pointer(&'p str),
}

impl<'p> At<'p> {
    pub(crate) const ROOT: At<'static> = At { parent: None, segment: Segment::Root };

    pub(crate) fn from_pointer(pointer: &'p str) -> At<'p> {
        At { parent: None, segment: Segment::Pointer(pointer) }
    }

    pub(crate) fn key(&'p self, key: &'p str) -> At<'p> {
        At { parent: Some(self), segment: Segment::Key(key) }
    }

    pub(crate) fn index(&'p self, index: usize) -> At<'p> {
        At { parent: Some(self), segment: Segment::Index(index) }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        match self.segment {
            Segment::Root => {}
            Segment::Key(key) => push_pointer_segment(out, key),
            Segment::Index(index) => push_pointer_segment(out, &index.to_string()),
            Segment::Pointer(pointer) => out.push_str(pointer),
        }
    }
}

/// Appends `/segment` as RFC 6901 §3 escapes it.
pub(crate) fn push_pointer_segment(out: &mut String, segment: &str) {
    out.push('/');
    for character in segment.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
}

/// The known word nearest to what was written, where one is near enough to be meant.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Edit distance costs the product of the lengths: a long word is not a misspelt key.
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    let mut best: Option<((usize, f64), &str)> = None;
    for word in known {
        let distance = strsim::damerau_levenshtein(&lower, &word.to_lowercase());
        // The second measure finds words with another ending, such as `denied` for `deny`.
        let likeness = strsim::jaro_winkler(&lower, &word.to_lowercase());
        let near = distance <= (word.len() / 3).max(1) || likeness >= 0.82;
        let nearer = |(least, most)| distance < least || distance == least && likeness > most;
        if near && best.is_none_or(|(measures, _)| nearer(measures)) {
            best = Some(((distance, likeness), word));
        }
    }
    best.map(|(_, word)| word)
}

/// `did you mean …?` for the nearest known word.
pub fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    nearest(written, known).map(|word| format!("did you mean `{word}`?"))
}

/// A document's own words, shortened and escaped so that a message stays on one line.
pub fn quoted(text: &str) -> String {
    const MOST_SHOWN: usize = 60;
    let mut out = String::from("`");
    for (count, character) in text.chars().enumerate() {
        if count == MOST_SHOWN {
            out.push('…');
            break;
        }
        if character.is_control() || crate::print::is_invisible(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out.push('`');
    out
}
