//! Changes of single places of a text, written as what stands around them is.

use std::ops::Range;

use super::key;
use crate::format::Format;
use crate::node::{Layout, Member, Node, Value};

/// New text in the place of some bytes; of none, it is put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    range: Range<usize>,
    text: String,
}

impl Splice {
    pub(super) fn new(range: Range<usize>, text: String) -> Self {
        Self { range, text }
    }
}

/// The text with all of them done; `None` where two of them are about the same bytes.
pub(super) fn spliced(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut out = String::with_capacity(text.len() + 256 * splices.len());
    let mut at = 0;
    for Splice { range, text: new } in &splices {
        out.push_str(text.get(at..range.start)?);
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// A text that is changed, and its language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing<'t> {
    pub(super) text: &'t str,
    pub(super) format: Format,
}

impl<'t> Writing<'t> {
    /// A text in quotes. What it escapes, JSON, TOML and YAML escape alike.
    pub(super) fn literal(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                    out.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }

    /// A list on one line.
    pub(super) fn list(&self, items: &[String]) -> String {
        let items: Vec<String> = items.iter().map(|item| self.literal(item)).collect();
        format!("[{}]", items.join(", "))
    }

    /// A new member behind another one of the same map.
    pub(super) fn member_after(&self, member: &Member, layout: Layout, name: &str, value: &str) -> Splice {
        let written = format!("{}{}{value}", key(self.format, name), self.format.colon());
        let at = member.value.range.end;
        match layout {
            Layout::Brackets => {
                let blank = self.blank_before(member.key_range.start);
                // A TOML table in brackets stands on one line.
                let blank = if blank.is_empty() { " " } else { blank };
                Splice::new(at..at, format!(",{blank}{written}"))
            }
            Layout::Lines => {
                let end = self.end_of_line(at);
                let prefix = self.line_before(member.key_range.start);
                let prefix = match self.format {
                    // The key of an item stands behind its dash.
                    Format::Yaml => " ".repeat(prefix.chars().count()),
                    _ => prefix.to_owned(),
                };
                Splice::new(end..end, format!("{}{prefix}{written}", self.line_break(at)))
            }
        }
    }

    /// New items in front of a list's; `None` where the list is written in a way that has no room for them.
    pub(super) fn in_front(&self, list: &Node, new: &[String]) -> Option<Splice> {
        let Value::List(items, layout) = &list.value else { return None };
        let literals: Vec<String> = new.iter().map(|item| self.literal(item)).collect();
        match (layout, items.first()) {
            (Layout::Brackets, None) => {
                let at = list.range.start + 1;
                Some(Splice::new(at..at, literals.join(", ")))
            }
            (Layout::Brackets, Some(first)) => {
                let at = first.range.start;
                let blank = self.blank_before(at);
                let blank = if blank.is_empty() { " " } else { blank };
                Some(Splice::new(at..at, format!("{},{blank}", literals.join(", "))))
            }
            (Layout::Lines, first) => {
                let at = first?.range.start;
                let dash = self.line_before(at);
                if dash.trim() != "-" {
                    return None;
                }
                let between = format!("{}{dash}", self.line_break(at));
                let lines = literals.into_iter().map(|literal| literal + &between);
                Some(Splice::new(at..at, lines.collect()))
            }
        }
    }

    /// A map without one of its members; `None` where something else stands between it and the member before it.
    pub(super) fn without(&self, map: &Node, key: &str) -> Option<Splice> {
        let Value::Map(members, layout) = &map.value else { return None };
        let member = map.member(key)?;
        let (start, end) = (member.key_range.start, member.value.range.end);
        let from = match layout {
            Layout::Brackets => {
                let before = members.iter().map(|other| other.value.range.end).filter(|end| *end <= start);
                let from = before.max()?;
                let between = self.text.get(from..start)?;
                (between.trim() == ",").then_some(from)?
            }
            Layout::Lines => {
                let line = self.line_before(start);
                let above = self.text.get(..start - line.len())?;
                let above = above.strip_suffix('\n')?;
                line.trim().is_empty().then_some(above.strip_suffix('\r').unwrap_or(above).len())?
            }
        };
        Some(Splice::new(from..end, String::new()))
    }

    /// Whether another value cannot take the place of this one's bytes.
    pub(super) fn is_block(&self, value: &Node) -> bool {
        matches!(value.value, Value::Block(_)) || value.range.is_empty()
    }

    /// The blanks in front of a place.
    fn blank_before(&self, at: usize) -> &'t str {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(before.trim_end_matches([' ', '\t', '\r', '\n']).len()..).unwrap_or_default()
    }

    /// What stands on the same line in front of a place.
    fn line_before(&self, at: usize) -> &'t str {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default()
    }

    /// Where the line of a place ends, in front of its line break.
    fn end_of_line(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        at + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// The line break that is used around a place.
    fn line_break(&self, at: usize) -> &'static str {
        let end = self.end_of_line(at);
        let rest = self.text.get(end..).unwrap_or_default();
        let last = rest.is_empty() && self.text.contains("\r\n");
        if rest.starts_with("\r\n") || last { "\r\n" } else { "\n" }
    }
}
