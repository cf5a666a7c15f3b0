//! Text to blocks, with each comment beside what it is about.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::lex::{self, Trivia};
use super::{Block, Entries, Entry, Line};
use crate::tree::yaml::{BLANKS, Offsets};

/// A document with what stands around it.
pub(super) struct Document<'s> {
    /// Comments above the mark of the document's beginning, where it has one.
    pub(super) above: Option<Vec<Line<'s>>>,
    pub(super) root: Entry<'s>,
    /// Comments below everything else.
    pub(super) below: Vec<Line<'s>>,
    /// Ends in a literal scalar without a line break, which would add to what it says.
    pub(super) unended: bool,
}

/// Why a document cannot be laid out.
pub(super) struct Why {
    pub(super) range: Range<usize>,
    pub(super) message: &'static str,
    pub(super) help: Option<String>,
}

/// Something with a place in the text.
enum Token<'s> {
    Scalar {
        text: &'s str,
        literal: Option<(&'s str, Vec<&'s str>)>,
    },
    Open {
        list: bool,
        flow: bool,
        column: usize,
    },
    Close {
        flow: bool,
    },
    /// `---`
    Begin,
    End,
}

struct Placed<'s> {
    token: Token<'s>,
    range: Range<usize>,
}

/// The comments of a text in their order.
pub(super) fn comments(text: &str) -> Result<Vec<&str>, Why> {
    let mut all = Vec::new();
    let mut end = 0;
    for placed in tokens(text)? {
        // The ends of block collections have no place of their own, and comments at them are before what follows.
        if matches!(placed.token, Token::Close { flow: false }) {
            continue;
        }
        for found in lex::trivia(text, end..placed.range.start.max(end)) {
            if let Trivia::Comment { text, .. } = found {
                all.push(text);
            }
        }
        if let Token::Scalar { literal: Some((mark, _)), .. } = &placed.token
            && let Some((_, comment)) = mark.split_once('#')
        {
            all.push(comment);
        }
        end = placed.range.end.max(end);
    }
    Ok(all)
}

/// The tokens of a text that has been found to be a document.
fn tokens(text: &str) -> Result<Vec<Placed<'_>>, Why> {
    let offsets = Offsets::new(text);
    let mut tokens = Vec::new();
    // The columns of the open collections; brackets do not indent.
    let mut columns: Vec<(usize, bool)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let range = offsets.range(span);
        match event {
            Event::DocumentStart(true) => tokens.push(Placed { token: Token::Begin, range }),
            // The parser lets one that is left out span what follows it.
            Event::Scalar(said, ScalarStyle::Plain, ..) if said.is_empty() => {
                let range = range.start..range.start;
                tokens.push(Placed { token: Token::Scalar { text: "", literal: None }, range });
            }
            Event::Scalar(_, style, ..) => {
                let parent = columns.last().map_or(0, |(column, _)| *column);
                let end = tokens.last().map_or(0, |placed: &Placed<'_>| placed.range.end);
                tokens.push(scalar(text, style, range, parent, end));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let flow = text.as_bytes().get(range.start).is_some_and(|byte| matches!(byte, b'{' | b'['));
                let list = matches!(event, Event::SequenceStart(..));
                let column = if list && !flow { dash(text, range.start) } else { span.start.col() };
                columns.push((column, flow));
                let end = range.start + usize::from(flow);
                tokens.push(Placed { token: Token::Open { list, flow, column }, range: range.start..end });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let flow = columns.pop().is_some_and(|(_, flow)| flow);
                let end = range.start + usize::from(flow);
                tokens.push(Placed { token: Token::Close { flow }, range: range.start..end });
            }
            _ => {}
        }
    }
    no_directives(text, &tokens)?;
    tokens.push(Placed { token: Token::End, range: text.len()..text.len() });
    Ok(tokens)
}

/// The column of the first dash of a list, which the parser may place behind it.
fn dash(text: &str, start: usize) -> usize {
    let begin = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let upto = start + usize::from(text.as_bytes().get(start) == Some(&b'-'));
    text.get(begin..upto).and_then(|line| line.rfind('-')).unwrap_or_default()
}

/// `%YAML` and `%TAG` stand above the document's beginning, and are no part of it.
fn no_directives(text: &str, tokens: &[Placed<'_>]) -> Result<(), Why> {
    let Some(begin) = tokens.iter().find(|placed| matches!(placed.token, Token::Begin)) else {
        return Ok(());
    };
    let above = text.get(..begin.range.start).unwrap_or_default();
    let mut at = 0;
    for line in above.split_inclusive('\n') {
        if line.starts_with('%') {
            let (message, help) = ("a policy needs no directives", Some("delete this line".to_owned()));
            return Err(Why { range: at..at + line.trim_end().len(), message, help });
        }
        at += line.len();
    }
    Ok(())
}

/// A scalar from its first character to its last; the parser counts blanks and comments behind some as part of them.
fn scalar(text: &str, style: ScalarStyle, range: Range<usize>, parent: usize, after: usize) -> Placed<'_> {
    let start = range.start;
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        let start = lex::literal_mark(text, after);
        let literal = lex::literal(text, start, parent);
        let token = Token::Scalar { text: "", literal: Some((literal.mark, literal.lines)) };
        return Placed { token, range: start..literal.end };
    }
    let end = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => lex::closing_quote(text, start),
        _ => start + text.get(range).unwrap_or_default().trim_end_matches(BLANKS).len(),
    };
    let written = text.get(start..end).unwrap_or_default();
    Placed { token: Token::Scalar { text: written, literal: None }, range: start..end }
}

/// Reads a text that has been found to be a document.
pub(super) fn document(text: &str) -> Result<Document<'_>, Why> {
    let tokens = tokens(text)?;
    let mut builder = Builder::default();
    let mut end = 0;
    for (index, placed) in tokens.iter().enumerate() {
        let next = tokens.get(index..).unwrap_or_default();
        let next = next.iter().find(|placed| !matches!(placed.token, Token::Close { flow: false }));
        let start = next.map_or(text.len(), |next| next.range.start).max(end);
        builder.comments(lex::trivia(text, end..start));
        end = start;
        if !matches!(placed.token, Token::Close { flow: false }) {
            end = placed.range.end.max(end);
        }
        builder.token(&placed.token);
    }
    let to_the_end = |placed: &Placed<'_>| {
        matches!(placed.token, Token::Scalar { literal: Some(_), .. }) && placed.range.end == text.len()
    };
    builder.finish(tokens.iter().any(to_the_end) && !text.ends_with('\n'))
}

/// Where a comment on the line of the last token goes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Beside {
    #[default]
    Nothing,
    Key,
    Value,
}

#[derive(Default)]
struct Builder<'s> {
    open: Vec<Open<'s>>,
    above: Option<Vec<Line<'s>>>,
    root: Option<Entry<'s>>,
    /// Comments since the last token, with their columns.
    pending: Vec<(Line<'s>, usize)>,
    beside: Beside,
}

struct Open<'s> {
    list: bool,
    column: usize,
    entries: Entries<'s>,
    /// What stood above the collection itself.
    before: Vec<Line<'s>>,
    key: Option<Key<'s>>,
}

struct Key<'s> {
    before: Vec<Line<'s>>,
    text: &'s str,
    beside: Option<&'s str>,
}

impl<'s> Builder<'s> {
    fn comments(&mut self, found: Vec<Trivia<'s>>) {
        for trivia in found {
            match trivia {
                Trivia::Blank => self.pending.push((Line::Blank, 0)),
                Trivia::Comment { text, column, beside } => {
                    let slot = if beside && self.pending.is_empty() { self.slot() } else { None };
                    match slot {
                        Some(slot @ None) => *slot = Some(text),
                        _ => self.pending.push((Line::Comment(text), column)),
                    }
                }
            }
        }
    }

    fn slot(&mut self) -> Option<&mut Option<&'s str>> {
        match self.beside {
            Beside::Nothing => None,
            Beside::Key => self.open.last_mut()?.key.as_mut().map(|key| &mut key.beside),
            Beside::Value => match self.open.last_mut() {
                Some(open) => open.entries.entries.last_mut().map(|entry| &mut entry.after),
                None => self.root.as_mut().map(|entry| &mut entry.after),
            },
        }
    }

    fn lines(&mut self) -> Vec<Line<'s>> {
        std::mem::take(&mut self.pending).into_iter().map(|(line, _)| line).collect()
    }

    fn token(&mut self, token: &Token<'s>) {
        match token {
            Token::Begin => self.above = Some(self.lines()),
            Token::End => {}
            Token::Scalar { text, literal: None } if self.wants_key() => {
                let key = Key { before: self.lines(), text, beside: None };
                if let Some(open) = self.open.last_mut() {
                    open.key = Some(key);
                }
                self.beside = Beside::Key;
            }
            Token::Scalar { text, literal } => {
                let value = match literal {
                    None => Block::Text(text),
                    Some((mark, lines)) => Block::Lines { mark, lines: lines.clone() },
                };
                let before = self.lines();
                self.place(value, before);
            }
            Token::Open { list, flow, column } => {
                let entries = Entries { flow: *flow, ..Entries::default() };
                let before = self.lines();
                self.open.push(Open { list: *list, column: *column, entries, before, key: None });
                self.beside = Beside::Nothing;
            }
            Token::Close { flow } => self.close(*flow),
        }
    }

    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|open| !open.list && open.key.is_none())
    }

    fn close(&mut self, flow: bool) {
        let Some(mut open) = self.open.pop() else { return };
        let outer = self.open.last().filter(|outer| !outer.entries.flow);
        // A list that is no further in than its key: what stands there before the next key is about that.
        let outdented = open.list && outer.is_some_and(|outer| !outer.list && outer.column == open.column);
        let column = open.column + usize::from(outdented);
        if flow {
            open.entries.tail = self.lines();
            while open.entries.tail.last() == Some(&Line::Blank) {
                open.entries.tail.pop();
            }
            // Between brackets that hold nothing else there is no line for a comment.
            if open.entries.entries.is_empty() {
                open.before.append(&mut open.entries.tail);
            }
        } else {
            let inside = |(line, at): &(Line<'s>, usize)| *line != Line::Blank && *at >= column;
            let outside = |(line, at): &(Line<'s>, usize)| *line != Line::Blank && *at < column;
            let upto = self.pending.iter().position(outside).unwrap_or(self.pending.len());
            let last = self.pending.get(..upto).unwrap_or_default().iter().rposition(inside);
            let tail = self.pending.drain(..last.map_or(0, |last| last + 1));
            open.entries.tail = tail.map(|(line, _)| line).collect();
        }
        let value = if open.list { Block::List(open.entries) } else { Block::Map(open.entries) };
        self.place(value, open.before);
    }

    fn place(&mut self, value: Block<'s>, mut before: Vec<Line<'s>>) {
        let mut entry = Entry { before: Vec::new(), key: None, beside_key: None, value, after: None };
        self.beside = Beside::Value;
        let Some(open) = self.open.last_mut() else {
            entry.before = before;
            self.root = Some(entry);
            return;
        };
        if let Some(key) = open.key.take() {
            entry.before = key.before;
            entry.beside_key = key.beside;
            entry.key = Some(key.text);
            // Comments between a key and its value belong to the value's first entry, or above the key.
            match &mut entry.value {
                Block::List(inner) | Block::Map(inner) if !inner.entries.is_empty() => {
                    if let Some(first) = inner.entries.first_mut() {
                        before.append(&mut first.before);
                        first.before = before;
                    }
                }
                _ => {
                    before.retain(|line| *line != Line::Blank);
                    let several_lines = key.text.contains('\n');
                    if !before.is_empty() || several_lines {
                        entry.before.extend(entry.beside_key.take().map(Line::Comment));
                        entry.before.append(&mut before);
                    }
                }
            }
        } else {
            entry.before = before;
        }
        open.entries.entries.push(entry);
    }

    fn finish(mut self, unended: bool) -> Result<Document<'s>, Why> {
        let mut rest = self.lines();
        while rest.last() == Some(&Line::Blank) {
            rest.pop();
        }
        let nothing =
            Entry { before: Vec::new(), key: None, beside_key: None, value: Block::Text(""), after: None };
        let root = self.root.take().unwrap_or(nothing);
        Ok(Document { above: self.above, root, below: rest, unended })
    }
}
