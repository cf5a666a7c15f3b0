//! The scanner: one pass, no recursion, every byte looked at once.

mod keys;
mod number;
#[cfg(test)]
mod properties;
mod string;
#[cfg(test)]
mod tests;

use crate::document::{Document, Kind, Node, Tag};
use crate::error::{ScanError, ScanErrorKind};
use keys::Keys;
pub(crate) use string::plain;

/// What a document may be at most.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length in bytes (8 MiB). Values from 2^28 on mean 2^28 - 1.
    pub bytes: usize,
    /// Arrays and objects inside each other (100).
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 8 << 20, depth: 100 }
    }
}

/// Nodes hold offsets in 32 bits and lengths in 28.
const MAX_BYTES: usize = (1 << 28) - 1;

/// Scans a document strictly.
///
/// # Errors
/// [`ScanError`] for text that is not one JSON value of RFC 8259, holds a key twice in one object,
/// begins with a byte order mark, has half a surrogate pair in an escape, or exceeds the limits.
pub fn scan<S: AsRef<str>>(source: S, limits: &Limits) -> Result<Document<S>, ScanError> {
    let nodes = Scanner::new(source.as_ref(), limits, Mode::Strict)?.run()?;
    Ok(Document::new(source, nodes))
}

/// Scans strictly and gives a refused document back, for finding out with [`skim`] whom to answer.
///
/// # Errors
/// Those of [`scan`], with the source.
pub fn scan_keeping<S: AsRef<str>>(source: S, limits: &Limits) -> Result<Document<S>, (ScanError, S)> {
    match Scanner::new(source.as_ref(), limits, Mode::Strict).and_then(Scanner::run) {
        Ok(nodes) => Ok(Document::new(source, nodes)),
        Err(error) => Err((error, source)),
    }
}

/// Scans bytes strictly.
///
/// # Errors
/// Those of [`scan`], and [`ScanErrorKind::InvalidUtf8`].
pub fn scan_bytes(source: Vec<u8>, limits: &Limits) -> Result<Document<String>, ScanError> {
    check_size(source.len(), limits)?;
    let source = String::from_utf8(source).map_err(|error| ScanError {
        kind: ScanErrorKind::InvalidUtf8,
        offset: error.utf8_error().valid_up_to(),
    })?;
    scan(source, limits)
}

/// Looks at a document that [`scan`] refused, to find out whom to answer. Never for judging: keys that
/// occur twice, any depth, and lone surrogates (read as U+FFFD) are let through.
///
/// # Errors
/// [`ScanError`] for text that is not JSON by its grammar, or too large.
pub fn skim<'s>(source: &'s str, limits: &Limits) -> Result<Document<&'s str>, ScanError> {
    let nodes = Scanner::new(source, limits, Mode::Lenient)?.run()?;
    Ok(Document::new(source, nodes))
}

fn check_size(len: usize, limits: &Limits) -> Result<(), ScanError> {
    let limit = limits.bytes.min(MAX_BYTES);
    if len > limit {
        return Err(ScanError { kind: ScanErrorKind::TooLarge { limit }, offset: limit });
    }
    Ok(())
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Mode {
    Strict,
    Lenient,
}

/// An error on its way out: boxed, so that results travel in registers.
type Stop = Box<ScanError>;

#[cold]
fn stop(kind: ScanErrorKind, offset: usize) -> Stop {
    Box::new(ScanError { kind, offset })
}

struct Scanner<'s> {
    source: &'s str,
    bytes: &'s [u8],
    nodes: Vec<Node>,
    /// The innermost open container, and those around it, outermost first.
    top: Frame,
    around: Vec<Frame>,
    keys: Keys,
    depth: usize,
    mode: Mode,
}

/// An array or object whose end has not been seen; at first, neither.
#[derive(Copy, Clone)]
struct Frame {
    kind: Kind,
    node: usize,
    len: u32,
    /// Objects: where its keys begin in [`Keys`].
    keys: usize,
}

/// What comes next, and where. Places are passed and returned instead of kept in the scanner, because a
/// place in memory is what the scan would wait for.
enum Next {
    Value(usize),
    AfterValue(usize),
}

impl<'s> Scanner<'s> {
    fn new(source: &'s str, limits: &Limits, mode: Mode) -> Result<Self, ScanError> {
        check_size(source.len(), limits)?;
        Ok(Self {
            source,
            bytes: source.as_bytes(),
            // Tool calls have a node for every 6 to 20 bytes; more grow as they come.
            nodes: Vec::with_capacity(source.len() / 8 + 16),
            top: Frame { kind: Kind::Null, node: 0, len: 0, keys: 0 },
            around: Vec::with_capacity(16),
            keys: Keys::with_room(),
            depth: if mode == Mode::Strict { limits.depth } else { usize::MAX },
            mode,
        })
    }

    fn run(mut self) -> Result<Vec<Node>, ScanError> {
        match self.document() {
            Ok(()) => Ok(self.nodes),
            Err(stop) => Err(*stop),
        }
    }

    fn document(&mut self) -> Result<(), Stop> {
        if self.source.starts_with('\u{feff}') {
            return Err(stop(ScanErrorKind::ByteOrderMark, 0));
        }
        let mut next = Next::Value(0);
        let end = loop {
            next = match next {
                Next::Value(pos) => self.value(pos)?,
                Next::AfterValue(pos) if self.around.is_empty() => break self.space(pos),
                Next::AfterValue(pos) => self.after_value(pos)?,
            };
        };
        if end < self.bytes.len() {
            return Err(stop(ScanErrorKind::TrailingData, end));
        }
        Ok(())
    }

    #[inline(always)]
    fn value(&mut self, pos: usize) -> Result<Next, Stop> {
        let start = self.space(pos);
        let (end, tag) = match self.byte(start) {
            b'"' => {
                let (end, escaped) = self.string(start)?;
                (end, Tag::string(escaped))
            }
            b'-' | b'0'..=b'9' => (self.number(start)?, Tag::new(Kind::Number)),
            b'{' => return self.open_object(start),
            b'[' => return self.open_array(start),
            b't' => (self.literal(start, b"true")?, Tag::new(Kind::Bool)),
            b'f' => (self.literal(start, b"false")?, Tag::new(Kind::Bool)),
            b'n' => (self.literal(start, b"null")?, Tag::new(Kind::Null)),
            _ => return Err(self.no_value(start)),
        };
        self.push(start, end, tag);
        Ok(Next::AfterValue(end))
    }

    #[inline(always)]
    fn after_value(&mut self, pos: usize) -> Result<Next, Stop> {
        let pos = self.space(pos);
        self.top.len += 1;
        match (self.byte(pos), self.top.kind) {
            (b',', Kind::Object) => {
                let start = self.space(pos + 1);
                self.key(start).map(Next::Value)
            }
            (b',', _) => Ok(Next::Value(pos + 1)),
            (b'}', Kind::Object) | (b']', Kind::Array) => self.close(pos),
            (_, Kind::Object) => Err(self.expected("`,` or `}`", pos)),
            _ => Err(self.expected("`,` or `]`", pos)),
        }
    }

    #[inline]
    fn open_object(&mut self, pos: usize) -> Result<Next, Stop> {
        let inside = self.open(Kind::Object, pos)?;
        if self.byte(inside) == b'}' {
            return self.close(inside);
        }
        self.key(inside).map(Next::Value)
    }

    #[inline]
    fn open_array(&mut self, pos: usize) -> Result<Next, Stop> {
        let inside = self.open(Kind::Array, pos)?;
        if self.byte(inside) == b']' {
            return self.close(inside);
        }
        Ok(Next::Value(inside))
    }

    #[inline(always)]
    fn open(&mut self, kind: Kind, pos: usize) -> Result<usize, Stop> {
        if self.around.len() >= self.depth {
            return Err(stop(ScanErrorKind::TooDeep { limit: self.depth }, pos));
        }
        self.around.push(self.top);
        self.top = Frame { kind, node: self.nodes.len(), len: 0, keys: self.keys.len() };
        self.push(pos, pos, Tag::new(kind));
        Ok(self.space(pos + 1))
    }

    #[inline]
    fn close(&mut self, pos: usize) -> Result<Next, Stop> {
        let end = pos + 1;
        if self.top.kind == Kind::Object {
            self.end_keys(self.top.keys)?;
        }
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(self.top.node) {
            node.end = end as u32;
            node.next = next;
            node.tag = node.tag.with_len(self.top.len);
        }
        if let Some(around) = self.around.pop() {
            self.top = around;
        }
        Ok(Next::AfterValue(end))
    }

    /// A key and its colon, from where its quote should stand.
    #[inline]
    fn key(&mut self, start: usize) -> Result<usize, Stop> {
        if self.byte(start) != b'"' {
            return Err(self.expected("a key in double quotes", start));
        }
        let (end, escaped) = self.string(start)?;
        let node = self.push(start, end, Tag::string(escaped));
        if self.mode == Mode::Strict {
            self.note_key(node)?;
        }
        let colon = self.space(end);
        if self.byte(colon) != b':' {
            return Err(self.expected("`:`", colon));
        }
        Ok(colon + 1)
    }

    #[inline]
    fn literal(&self, start: usize, text: &'static [u8]) -> Result<usize, Stop> {
        if self.rest(start).starts_with(text) { Ok(start + text.len()) } else { Err(self.no_value(start)) }
    }

    /// Offsets fit: the size was checked.
    #[inline(always)]
    fn push(&mut self, start: usize, end: usize, tag: Tag) -> Node {
        let node = Node { start: start as u32, end: end as u32, next: 0, tag };
        self.nodes.push(node);
        node
    }

    /// Where something else than white space stands.
    #[inline(always)]
    fn space(&self, pos: usize) -> usize {
        if self.byte(pos) > b' ' { pos } else { self.skip_space(pos) }
    }

    fn skip_space(&self, pos: usize) -> usize {
        let other = |byte: &u8| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let rest = self.rest(pos);
        pos + rest.iter().position(other).unwrap_or(rest.len())
    }

    /// The byte at a place; 0, which no place of the grammar allows, at the end.
    #[inline(always)]
    fn byte(&self, pos: usize) -> u8 {
        self.bytes.get(pos).copied().unwrap_or(0)
    }

    fn rest(&self, pos: usize) -> &'s [u8] {
        self.bytes.get(pos..).unwrap_or_default()
    }

    #[cold]
    fn expected(&self, expected: &'static str, pos: usize) -> Stop {
        if pos >= self.bytes.len() {
            return stop(ScanErrorKind::UnexpectedEnd, pos);
        }
        stop(ScanErrorKind::Syntax { expected }, pos)
    }

    #[cold]
    fn no_value(&self, pos: usize) -> Stop {
        let rest = self.rest(pos);
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            return stop(ScanErrorKind::NotFinite, pos);
        }
        let cut_off = |literal: &[u8]| literal.starts_with(rest);
        if cut_off(b"true") || cut_off(b"false") || cut_off(b"null") {
            return stop(ScanErrorKind::UnexpectedEnd, pos);
        }
        self.expected("a value", pos)
    }
}
