//! Tree to YAML.

use super::{Comments, is_invisible};
use crate::diagnostic::push_pointer_segment;
use crate::tree::{Member, Node, Value};

pub(super) fn print(node: &Node, comments: &Comments) -> String {
    let mut out = String::new();
    let mut place = Place { comments, pointer: String::new() };
    place.comments_above(&node.value, 0, &mut out);
    match &node.value {
        Value::Map(members) if !members.is_empty() => map(members, 0, &mut place, &mut out),
        _ => {
            inline(node, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Where the printer is, and what is to be said there.
struct Place<'c> {
    comments: &'c Comments,
    pointer: String,
}

impl Place<'_> {
    /// Does something one step below.
    fn within<T>(&mut self, segment: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        push_pointer_segment(&mut self.pointer, segment);
        let done = inside(self);
        self.pointer.truncate(length);
        done
    }

    /// The comments of the node that begins here, each on a line of its own, with those of the nodes that are written
    /// on its line. The next line is indented.
    fn comments_above(&self, value: &Value, depth: usize, out: &mut String) {
        let below = format!("{}/", self.pointer);
        let inside =
            self.comments.range(below.clone()..).take_while(|(pointer, _)| pointer.starts_with(&below));
        let inside = inside.filter(|_| is_on_one_line(value)).map(|(_, lines)| lines);
        for line in self.comments.get(&self.pointer).into_iter().chain(inside).flatten() {
            out.push('#');
            if !line.is_empty() {
                out.push(' ');
                out.push_str(line);
            }
            out.push('\n');
            indent(depth, out);
        }
    }
}

/// Whether a node is written on the line on which it begins.
fn is_on_one_line(value: &Value) -> bool {
    match value {
        Value::Map(members) => members.is_empty(),
        Value::List(items) => !items.iter().any(is_structured),
        _ => true,
    }
}

fn map(members: &[Member], depth: usize, place: &mut Place<'_>, out: &mut String) {
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            indent(depth, out);
        }
        place.within(&member.key, |place| {
            place.comments_above(&member.value.value, depth, out);
            block_key(&member.key, depth, out);
            value(&member.value, depth, place, out);
        });
    }
}

/// Implicit keys end within 1024 characters (YAML 1.2.2 §7.4.2), longer ones are announced by `? `.
const LONGEST_IMPLICIT_KEY: usize = 1000;

/// The key with its colon.
fn block_key(key: &str, depth: usize, out: &mut String) {
    let written = written(key);
    if written.len() <= LONGEST_IMPLICIT_KEY {
        out.push_str(&written);
    } else {
        out.push_str("? ");
        out.push_str(&written);
        out.push('\n');
        indent(depth, out);
    }
    out.push(':');
}

fn flow_key(key: &str, out: &mut String) {
    let written = written(key);
    if written.len() > LONGEST_IMPLICIT_KEY {
        out.push_str("? ");
    }
    out.push_str(&written);
    out.push(':');
}

fn written(key: &str) -> String {
    let mut written = String::with_capacity(key.len() + 2);
    text(key, &mut written);
    written
}

/// What stands behind `key:`, up to and with the line's end.
fn value(node: &Node, depth: usize, place: &mut Place<'_>, out: &mut String) {
    match &node.value {
        Value::Map(members) if !members.is_empty() => {
            out.push('\n');
            indent(depth + 1, out);
            map(members, depth + 1, place, out);
        }
        Value::List(items) if items.iter().any(is_structured) => {
            out.push('\n');
            for (index, item) in items.iter().enumerate() {
                indent(depth + 1, out);
                place.within(&index.to_string(), |place| {
                    place.comments_above(&item.value, depth + 1, out);
                    out.push_str("- ");
                    match &item.value {
                        Value::Map(members) if !members.is_empty() => {
                            map(members, depth + 2, place, out);
                        }
                        _ => {
                            inline(item, out);
                            out.push('\n');
                        }
                    }
                });
            }
        }
        _ => {
            out.push(' ');
            inline(node, out);
            out.push('\n');
        }
    }
}

fn is_structured(node: &Node) -> bool {
    matches!(&node.value, Value::Map(members) if !members.is_empty())
}

/// Scalars, lists of scalars and empty collections.
fn inline(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::Text(value) => text(value, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                inline(item, out);
            }
            out.push(']');
        }
        Value::Map(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { " " });
                flow_key(&member.key, out);
                out.push(' ');
                inline(&member.value, out);
            }
            out.push_str(if members.is_empty() { "}" } else { " }" });
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(text, out);
    }
}

/// Whether every reader of YAML, of either version, takes the unquoted text for this text.
fn is_plain(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b' ');
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.bytes().all(word)
        && !text.ends_with(' ')
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
        && text.len() <= 512
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if character.is_control() || is_invisible(character) || is_odd(character) => {
                out.push_str(&escaped(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The shortest of the three escapes by number (YAML 1.2.2 §5.7).
fn escaped(character: char) -> String {
    match u32::from(character) {
        code @ 0..=0xff => format!("\\x{code:02X}"),
        code @ 0x100..=0xffff => format!("\\u{code:04X}"),
        code => format!("\\U{code:08X}"),
    }
}

/// Characters that YAML (1.2.2 §5.1) does not count as printable.
fn is_odd(character: char) -> bool {
    matches!(character, '\u{fffe}' | '\u{ffff}' | '\u{7f}'..='\u{9f}')
}
