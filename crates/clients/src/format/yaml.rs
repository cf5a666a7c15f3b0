//! YAML 1.2, as far as configurations go: what is used twice is marked, and never changed.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{Format, SyntaxError, line_of};
use crate::node::{Layout, Member, Node, Value};

/// Levels of nesting, as in JSON.
const MOST_DEEP: usize = 512;

pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader { text, offsets: Offsets::new(text), open: Vec::new(), root: None, documents: 0 };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => reader.event(event, span)?,
            Err(error) => {
                let line = line_of(text, reader.offsets.byte(error.marker().index()));
                return Err(SyntaxError::Grammar { line, format: Format::Yaml.title() });
            }
        }
    }
    Ok(reader.root.unwrap_or(Node { range: text.len()..text.len(), value: Value::Null }))
}

struct Reader<'t> {
    text: &'t str,
    offsets: Offsets,
    /// The collections around the current place, outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

struct Open {
    start: usize,
    /// It has an anchor, by which it may stand elsewhere too.
    shared: bool,
    parts: Parts,
}

enum Parts {
    List(Vec<Node>),
    Map(Vec<Member>, Option<(String, Range<usize>)>),
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let range = self.without_blanks(self.offsets.range(span));
        match event {
            Event::DocumentStart(_) => return self.document(&range),
            Event::Alias(_) => self.place(Node { range, value: Value::Shared }),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = anchor == 0 && tag.is_none();
                self.scalar(text.into_owned(), style, plain, range);
            }
            Event::SequenceStart(anchor, _) => self.open(range, anchor != 0, Parts::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => self.open(range, anchor != 0, Parts::Map(Vec::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The parser counts blanks behind values as part of them.
    fn without_blanks(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        range.start..range.start + text.trim_end_matches([' ', '\t', '\n', '\r']).len()
    }

    fn document(&mut self, range: &Range<usize>) -> Result<(), SyntaxError> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(SyntaxError::SeveralDocuments { line: line_of(self.text, range.start) });
        }
        Ok(())
    }

    fn open(&mut self, range: Range<usize>, shared: bool, parts: Parts) -> Result<(), SyntaxError> {
        if self.open.len() >= MOST_DEEP {
            return Err(SyntaxError::TooDeep { line: line_of(self.text, range.start) });
        }
        self.open.push(Open { start: range.start, shared, parts });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(Open { start, shared, parts }) = self.open.pop() else { return };
        let brackets = matches!(self.text.as_bytes().get(start), Some(b'[' | b'{'));
        let layout = if brackets { Layout::Brackets } else { Layout::Lines };
        let value = match parts {
            _ if shared => Value::Shared,
            Parts::List(items) => Value::List(items, layout),
            Parts::Map(members, _) => Value::Map(members, layout),
        };
        self.place(Node { range: start..end.max(start), value });
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, plain: bool, range: Range<usize>) {
        if let Some(Open { parts: Parts::Map(_, key @ None), .. }) = self.open.last_mut() {
            *key = Some((text, range));
            return;
        }
        let value = match (plain, style) {
            (false, _) => Value::Shared,
            (true, ScalarStyle::Plain) => resolved(text),
            (true, ScalarStyle::Literal | ScalarStyle::Folded) => Value::Block(text),
            (true, _) => Value::Text(text),
        };
        self.place(Node { range, value });
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.root = Some(node),
            Some(Parts::List(items)) => items.push(node),
            Some(Parts::Map(members, key)) => match key.take() {
                Some((key, key_range)) => members.push(Member { key, key_range, value: node }),
                // A key that is no text: nothing here looks for one.
                None => *key = Some((String::new(), node.range)),
            },
        }
    }
}

/// A plain scalar. What YAML takes for a number is of no use here.
fn resolved(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other if other.parse::<f64>().is_ok() => Value::Other,
        _ => Value::Text(text),
    }
}

/// From the parser's character index to a byte of the text.
struct Offsets {
    bytes: Vec<usize>,
    len: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { bytes, len: text.len() }
    }

    fn byte(&self, index: usize) -> usize {
        if self.bytes.is_empty() {
            return index.min(self.len);
        }
        self.bytes.get(index).copied().unwrap_or(self.len)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}
