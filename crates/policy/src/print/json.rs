//! Tree to JSON.

use std::fmt::Write as _;

use interlock_json::canonical::write_str;

use super::tree::{self, Out};
use crate::tree::{Node, Value};

/// Without blanks: what is digested.
pub(super) fn compact(tree: &Out<'_>) -> String {
    let mut out = String::new();
    write_compact(tree, &mut out);
    out
}

fn write_compact(tree: &Out<'_>, out: &mut String) {
    match tree {
        Out::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Out::Number(number) => {
            // Writing to a string does not fail.
            let _written = write!(out, "{number}");
        }
        Out::Text(text) => write_str(text, out),
        Out::List(items) => brackets(['[', ']'], items, None, out, write_compact),
        Out::Map(members) => {
            brackets(['{', '}'], members, None, out, |(key, value), out| write_member(key, value, out));
        }
        Out::Entries(entries) => brackets(['{', '}'], entries, None, out, |(matcher, of), out| {
            write_member(matcher.as_str(), &tree::entry(of), out);
        }),
        Out::Node(node) => write(node, None, out),
    }
}

fn write_member(key: &str, value: &Out<'_>, out: &mut String) {
    write_str(key, out);
    out.push(':');
    write_compact(value, out);
}

pub(super) fn print(node: &Node) -> String {
    let mut out = String::new();
    write(node, Some(0), &mut out);
    out.push('\n');
    out
}

/// `depth` is that of the indentation; `None` where there are no blanks.
fn write(node: &Node, depth: Option<usize>, out: &mut String) {
    let inner = depth.map(|depth| depth + 1);
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::Text(text) => write_str(text, out),
        Value::List(items) => brackets(['[', ']'], items, depth, out, |item, out| write(item, inner, out)),
        Value::Map(members) => brackets(['{', '}'], members, depth, out, |member, out| {
            write_str(&member.key, out);
            out.push_str(if depth.is_some() { ": " } else { ":" });
            write(&member.value, inner, out);
        }),
    }
}

fn brackets<T>(
    [open, close]: [char; 2],
    items: &[T],
    depth: Option<usize>,
    out: &mut String,
    mut each: impl FnMut(&T, &mut String),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(depth.map(|depth| depth + 1), out);
        each(item, out);
    }
    if !items.is_empty() {
        new_line(depth, out);
    }
    out.push(close);
}

fn new_line(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}
