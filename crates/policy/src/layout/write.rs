//! Blocks to text.

use super::read::Document;
use super::{Block, Entries, Entry, Line};
use crate::tree::yaml::BLANKS;

/// Longest line that brackets may make; longer ones are broken into blocks.
const WIDEST: usize = 120;
/// Implicit keys end within 1024 characters (YAML 1.2.2 §7.4.2).
const LONGEST_IMPLICIT_KEY: usize = 1000;

pub(super) fn document(document: &Document<'_>) -> String {
    let mut out = String::new();
    if let Some(above) = &document.above {
        lines(above, 0, true, &mut out);
        out.push_str("---\n");
    }
    let first = document.above.is_none();
    lines(&document.root.before, 0, first, &mut out);
    let root = &document.root;
    match &root.value {
        Block::List(entries) if is_block(&root.value, 0) => {
            list(entries, 0, true, &mut out);
            beside(root, 0, &mut out);
        }
        Block::Map(entries) if is_block(&root.value, 0) => {
            map(entries, 0, true, &mut out);
            beside(root, 0, &mut out);
        }
        Block::Text("") => {}
        value => {
            inline(value, 0, &mut out);
            out.extend(root.after.into_iter().flat_map(|comment| [" ", comment]));
            out.push('\n');
        }
    }
    let begins = out.is_empty();
    lines(&document.below, 0, begins, &mut out);
    if document.unended {
        out.truncate(out.trim_end_matches('\n').len());
    }
    out
}

/// Comments and empty lines, each ending its line. No empty line begins a collection.
fn lines(all: &[Line<'_>], depth: usize, mut begins: bool, out: &mut String) {
    for line in all {
        match line {
            Line::Blank if begins || out.ends_with("\n\n") => {}
            Line::Blank => out.push('\n'),
            Line::Comment(text) => {
                indent(depth, out);
                out.push_str(text);
                out.push('\n');
            }
        }
        begins = false;
    }
}

/// What stands above an entry: the lines above it, and those above what begins on its line.
fn hoisted<'s>(entry: &Entry<'s>) -> Vec<Line<'s>> {
    let mut all = entry.before.clone();
    if entry.key.is_none()
        && let Block::List(inner) | Block::Map(inner) = &entry.value
        && let Some(first) = inner.entries.first()
    {
        let inside = hoisted(first).into_iter().filter(|line| *line != Line::Blank || !all.is_empty());
        let inside: Vec<_> = inside.collect();
        all.extend(inside);
    }
    all
}

fn map(entries: &Entries<'_>, depth: usize, indented: bool, out: &mut String) {
    for (index, entry) in entries.entries.iter().enumerate() {
        let first = index == 0;
        // Those of the first entry of an item stand above the item.
        if indented || !first {
            lines(&entry.before, depth, first, out);
            indent(depth, out);
        }
        key(entry.key.unwrap_or_default(), depth, out);
        value(entry, depth, out);
    }
    lines(&entries.tail, depth, false, out);
}

fn list(entries: &Entries<'_>, depth: usize, indented: bool, out: &mut String) {
    for (index, entry) in entries.entries.iter().enumerate() {
        let first = index == 0;
        if indented || !first {
            lines(&hoisted(entry), depth, first, out);
            indent(depth, out);
        }
        out.push('-');
        match &entry.value {
            Block::List(inner) if is_block(&entry.value, depth) => {
                out.push(' ');
                list(inner, depth + 2, false, out);
                beside(entry, depth + 2, out);
            }
            Block::Map(inner) if is_block(&entry.value, depth) => {
                out.push(' ');
                map(inner, depth + 2, false, out);
                beside(entry, depth + 2, out);
            }
            _ => value(entry, depth, out),
        }
    }
    lines(&entries.tail, depth, false, out);
}

/// A comment behind the bracket of what has become a block stands below it.
fn beside(entry: &Entry<'_>, depth: usize, out: &mut String) {
    if let Some(comment) = entry.after {
        lines(&[Line::Comment(comment)], depth, false, out);
    }
}

fn key(text: &str, depth: usize, out: &mut String) {
    let explicit = text.len() > LONGEST_IMPLICIT_KEY || text.contains('\n');
    if explicit {
        out.push_str("? ");
    }
    scalar(text, depth + 2, out);
    if explicit {
        out.push('\n');
        indent(depth, out);
    }
    out.push(':');
}

/// What stands behind `key:` or `-`, up to and with the line's end.
fn value(entry: &Entry<'_>, depth: usize, out: &mut String) {
    if let Some(comment) = entry.beside_key {
        out.push(' ');
        out.push_str(comment);
    }
    let here = entry.beside_key.is_none();
    match &entry.value {
        Block::Map(inner) if is_block(&entry.value, depth) => {
            out.push('\n');
            map(inner, depth + 2, true, out);
            beside(entry, depth + 2, out);
            return;
        }
        Block::List(inner) if is_block(&entry.value, depth) => {
            out.push('\n');
            list(inner, depth + 2, true, out);
            beside(entry, depth + 2, out);
            return;
        }
        Block::Text("") => {}
        value => {
            if here {
                out.push(' ');
            } else {
                out.push('\n');
                indent(depth + 2, out);
            }
            inline(value, depth, out);
        }
    }
    if let Some(comment) = entry.after {
        out.push(' ');
        out.push_str(comment);
    }
    out.push('\n');
}

/// Whether a collection is written over several lines: as it was, or because brackets cannot hold it.
fn is_block(value: &Block<'_>, depth: usize) -> bool {
    let (Block::List(entries) | Block::Map(entries)) = value else { return false };
    !entries.entries.is_empty() && (!entries.flow || is_commented(entries) || !fits(value, depth))
        || entries.entries.is_empty() && !entries.flow
}

fn is_commented(entries: &Entries<'_>) -> bool {
    let comments = |lines: &[Line<'_>]| lines.iter().any(|line| *line != Line::Blank);
    comments(&entries.tail)
        || entries.entries.iter().any(|entry| {
            let inside = match &entry.value {
                Block::List(inner) | Block::Map(inner) => is_commented(inner),
                _ => false,
            };
            comments(&entry.before) || entry.beside_key.is_some() || entry.after.is_some() || inside
        })
}

fn fits(value: &Block<'_>, depth: usize) -> bool {
    let mut text = String::new();
    inline(value, depth, &mut text);
    depth + text.chars().count() <= WIDEST && !text.contains('\n')
}

/// Scalars, and collections in brackets.
fn inline(value: &Block<'_>, depth: usize, out: &mut String) {
    match value {
        Block::Text(text) => scalar(text, depth + 2, out),
        Block::Lines { mark, lines } => literal(mark, lines, depth + 2, out),
        Block::List(entries) => {
            out.push('[');
            for (index, entry) in entries.entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                inline(&entry.value, depth, out);
            }
            out.push(']');
        }
        Block::Map(entries) => {
            out.push('{');
            for (index, entry) in entries.entries.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { " " });
                let key = entry.key.unwrap_or_default();
                if key.len() > LONGEST_IMPLICIT_KEY {
                    out.push_str("? ");
                }
                out.push_str(key);
                out.push_str(": ");
                match &entry.value {
                    Block::Text("") => out.push_str("null"),
                    value => inline(value, depth, out),
                }
            }
            out.push_str(if entries.entries.is_empty() { "}" } else { " }" });
        }
    }
}

/// A scalar whose further lines are indented; how far says nothing.
fn scalar(text: &str, depth: usize, out: &mut String) {
    for (index, line) in text.lines().enumerate() {
        if index == 0 {
            out.push_str(line.trim_end_matches(BLANKS));
            continue;
        }
        out.push('\n');
        let line = line.trim_matches(BLANKS);
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
    }
}

fn literal(mark: &str, lines: &[&str], depth: usize, out: &mut String) {
    out.push_str(mark);
    let header = mark.split([' ', '\t']).next().unwrap_or_default();
    let digit = header.chars().find_map(|character| character.to_digit(10));
    let depth = digit.and_then(|digit| usize::try_from(digit).ok()).map_or(depth, |digit| depth - 2 + digit);
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', depth));
}
