//! YAML 1.2 to the tree, without what makes YAML dangerous: tags, anchors, aliases, several documents, duplicate keys.

use std::ops::Range;

use compact_str::{CompactString, format_compact};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::{MOST_DEEP, MOST_NODES, Member, Node, Value, refuse_duplicates, within_size};
use crate::diagnostic::{At, Report, quoted};

/// White space and line breaks of YAML 1.2 (§5.4 and §5.5). What else Unicode takes for blank, such as U+0085 and
/// U+2028, is content as letters are.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Reads one document. `None` where the text is not such a document; the report says why.
pub(crate) fn read(report: &mut Report<'_>) -> Option<Node> {
    if !within_size(report) {
        return None;
    }
    let source = report.source();
    let mut reader = Reader {
        offsets: Offsets::new(source),
        open: Vec::new(),
        items: Vec::new(),
        members: Vec::new(),
        root: None,
        nodes: 0,
        documents: 0,
        report,
    };
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => reader.event(event, span)?,
            Err(error) => {
                reader.syntax_error(&error);
                return None;
            }
        }
    }
    // A file without content is an empty map: every key may be left out.
    Some(reader.root.unwrap_or(Node { value: Value::Null, range: 0..0 }))
}

struct Reader<'r, 's> {
    offsets: Offsets,
    /// The collections around the current place, outermost first.
    open: Vec<Open>,
    /// What has been read of all open lists: of the innermost last.
    items: Vec<Node>,
    /// What has been read of all open maps: of the innermost last.
    members: Vec<Member>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    report: &'r mut Report<'s>,
}

/// A collection with the number of its first item or member.
enum Open {
    List { start: usize, first: usize },
    Map { start: usize, first: usize, key: Option<(CompactString, Range<usize>)> },
}

impl Reader<'_, '_> {
    /// Takes in one event; `None` ends the reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let range = self.without_blanks(self.offsets.range(span));
        match event {
            Event::DocumentStart(_) => self.document(range),
            Event::Alias(_) => {
                self.no_alias(range);
                None
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_node(anchor, tag.is_some(), &range)?;
                self.scalar(text.as_ref().into(), style, range)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain_node(anchor, tag.is_some(), &range)?;
                self.open(Open::List { start: range.start, first: self.items.len() }, range)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain_node(anchor, tag.is_some(), &range)?;
                let first = self.members.len();
                self.open(Open::Map { start: range.start, first, key: None }, range)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
        }
    }

    /// The parser counts blanks behind quotes and anchors as part of them.
    fn without_blanks(&self, range: Range<usize>) -> Range<usize> {
        let text = self.report.source().get(range.clone()).unwrap_or_default();
        range.start..range.start + text.trim_end_matches(BLANKS).len()
    }

    fn document(&mut self, range: Range<usize>) -> Option<()> {
        self.documents += 1;
        if self.documents == 1 {
            return Some(());
        }
        self.report
            .error("several-documents", range, &At::ROOT, "a second document begins here")
            .help("a policy is one document: put the second one into a file of its own");
        None
    }

    fn no_alias(&mut self, range: Range<usize>) {
        self.report
            .error("yaml-alias", range, &At::ROOT, "anchors and aliases are not allowed in a policy")
            .help("write the value out; a text that begins with `*` needs quotes: \"*\"");
    }

    fn plain_node(&mut self, anchor: usize, tagged: bool, range: &Range<usize>) -> Option<()> {
        if anchor != 0 {
            self.no_alias(range.clone());
            return None;
        }
        if tagged {
            self.report
                .error("yaml-tag", range.clone(), &At::ROOT, "tags are not allowed in a policy")
                .help("leave the tag out; a text that begins with `!` needs quotes");
            return None;
        }
        Some(())
    }

    fn open(&mut self, collection: Open, range: Range<usize>) -> Option<()> {
        if self.open.len() >= MOST_DEEP {
            self.too_deep(range);
            return None;
        }
        if matches!(self.open.last(), Some(Open::Map { key: None, .. })) {
            self.report
                .error("key-not-text", range, &At::ROOT, "a key must be text")
                .help("write a name before the colon");
            return None;
        }
        self.open.push(collection);
        Some(())
    }

    fn too_deep(&mut self, range: Range<usize>) {
        let message = format!("the document is nested more than {MOST_DEEP} levels deep");
        self.report.error("too-deep", range, &At::ROOT, message).help("no part of a policy is that deep");
    }

    fn close(&mut self, end: usize) -> Option<()> {
        let node = match self.open.pop()? {
            Open::List { start, first } => {
                let items = self.items.drain(first..).collect();
                Node { value: Value::List(items), range: start..end.max(start) }
            }
            Open::Map { start, first, .. } => {
                let mut members = self.members.drain(first..).collect();
                refuse_duplicates(&mut members, self.report);
                Node { value: Value::Map(members), range: start..end.max(start) }
            }
        };
        self.place(node)
    }

    fn scalar(&mut self, text: CompactString, style: ScalarStyle, range: Range<usize>) -> Option<()> {
        if let Some(Open::Map { key: key @ None, .. }) = self.open.last_mut() {
            // A key is its text: a tool may be called `true` or `404`.
            *key = Some((text, range));
            return Some(());
        }
        let value = if style == ScalarStyle::Plain { self.resolve(text, &range) } else { Value::Text(text) };
        self.place(Node { value, range })
    }

    /// The core schema of YAML 1.2.2 (§10.3.2) for a plain scalar.
    fn resolve(&mut self, text: CompactString, range: &Range<usize>) -> Value {
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ => {}
        }
        match number(&text) {
            Number::Not => Value::Text(text),
            Number::Decimal(json) => Value::Number(json),
            Number::Ambiguous => {
                let message = format!("{} is a number that readers of YAML disagree about", quoted(&text));
                self.report
                    .error("ambiguous-number", range.clone(), &At::ROOT, message)
                    .help("write it in decimal without leading zeros, or put it in quotes if it is text");
                Value::Number("1".into())
            }
        }
    }

    fn place(&mut self, node: Node) -> Option<()> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("the document has more than {MOST_NODES} values");
            self.report.error("too-large", node.range, &At::ROOT, message).help(super::SMALLER);
            return None;
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { .. }) => self.items.push(node),
            Some(Open::Map { key, .. }) => {
                let (key, key_range) = key.take()?;
                self.members.push(Member { key, key_range, value: node });
            }
        }
        Some(())
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let at = self.offsets.byte(error.marker().index());
        let source = self.report.source();
        let rest = source.get(at..).unwrap_or_default();
        if rest.starts_with('*') {
            self.no_alias(at..at + 1);
            return;
        }
        let end = at + rest.chars().next().filter(|character| *character != '\n').map_or(0, char::len_utf8);
        // The parser looks ahead for the end of what may be a key, and has a bound of its own.
        if error.info().contains("recursion limit") {
            self.too_deep(at..end);
            return;
        }
        let message = format!("not valid YAML: {}", error.info());
        let help = match error.info() {
            info if info.contains("unprintable") => "delete the character that does not show",
            info if info.split(' ').any(|word| matches!(word, "tab" | "tabs")) => "indent with spaces",
            info if info.contains("mapping values are not allowed") => {
                "a text that holds `: ` needs quotes; otherwise check the indentation"
            }
            _ => "check the indentation, brackets and quotes here and on the line before",
        };
        self.report.error("syntax", at..end, &At::ROOT, message).help(help);
    }
}

enum Number {
    Not,
    /// In JSON's grammar.
    Decimal(CompactString),
    Ambiguous,
}

/// Recognises the integers and floats of the core schema and rewrites them into JSON's grammar, digit for digit.
fn number(text: &str) -> Number {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => ("-", text.get(1..).unwrap_or_default()),
        Some(b'+') => ("", text.get(1..).unwrap_or_default()),
        _ => ("", text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Number::Ambiguous;
    }
    if let Some(rest) = digits.strip_prefix("0x") {
        return ambiguous_if(!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    if let Some(rest) = digits.strip_prefix("0o") {
        return ambiguous_if(!rest.is_empty() && rest.bytes().all(|byte| (b'0'..=b'7').contains(&byte)));
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some_digits = !whole.is_empty() || fraction.is_some_and(|part| !part.is_empty());
    let exponent_digits = exponent.map(|part| part.strip_prefix(['+', '-']).unwrap_or(part));
    let well_formed = some_digits
        && all_digits(whole)
        && fraction.is_none_or(all_digits)
        && exponent_digits.is_none_or(|part| !part.is_empty() && all_digits(part));
    if !well_formed {
        return Number::Not;
    }
    // YAML 1.1 reads `010` as eight, YAML 1.2 as ten.
    if whole.len() > 1 && whole.starts_with('0') {
        return Number::Ambiguous;
    }
    let mut json = format_compact!("{sign}{}", if whole.is_empty() { "0" } else { whole });
    if let Some(fraction) = fraction.filter(|part| !part.is_empty()) {
        json.push('.');
        json.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        json.push('e');
        json.push_str(exponent);
    }
    Number::Decimal(json)
}

fn ambiguous_if(number: bool) -> Number {
    if number { Number::Ambiguous } else { Number::Not }
}

/// From the parser's character index to a byte of the text.
pub(crate) struct Offsets {
    /// Byte of each character; empty where every character is one byte.
    bytes: Vec<u32>,
    len: usize,
}

impl Offsets {
    pub(crate) fn new(source: &str) -> Offsets {
        let bytes = if source.is_ascii() {
            Vec::new()
        } else {
            source.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        };
        Offsets { bytes, len: source.len() }
    }

    fn byte(&self, index: usize) -> usize {
        if self.bytes.is_empty() {
            return index.min(self.len);
        }
        self.bytes.get(index).map_or(self.len, |byte| usize::try_from(*byte).unwrap_or(self.len))
    }

    /// The bytes of a span.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}
