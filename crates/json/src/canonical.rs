//! The canonical form: RFC 8785 (JSON Canonicalization Scheme), with one deviation.
//!
//! RFC 8785 writes every number as its IEEE double, so that 9007199254740993 becomes 9007199254740992 and
//! two different amounts share a digest. Here a number that its double does not equal is written as its exact
//! decimal, or as it stands in the text where it is beyond those, too. Whatever equals its double (0.1, 1e21, all integers up to 2^53) is written as
//! RFC 8785 says.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::decimal::Decimal;
use crate::document::{Key, Kind, Value};
use crate::scan;

/// The canonical form of a value.
pub fn to_string(value: Value<'_>) -> String {
    let mut out = String::with_capacity(value.raw().len());
    write(value, &mut out);
    out
}

/// The canonical form, but for its numbers, which stand as they were written: `500`, `500.0` and `5e2` differ.
pub fn as_written(value: Value<'_>) -> String {
    let mut out = String::with_capacity(value.raw().len());
    write_with(value, |raw, out| out.push_str(raw), &mut out);
    out
}

/// Appends the canonical form of a value.
pub fn write(value: Value<'_>, out: &mut String) {
    write_with(value, write_number, out);
}

fn write_with(value: Value<'_>, number: impl Fn(&str, &mut String), out: &mut String) {
    // A stack of what is left to write, so that no depth can exhaust the thread's.
    let mut left = Vec::new();
    write_value(value, &number, &mut left, out);
    while let Some(step) = left.pop() {
        match step {
            Step::End(bracket) => out.push(bracket),
            Step::Item(value) => {
                separate(out);
                write_value(value, &number, &mut left, out);
            }
            Step::Member(key, value) => {
                separate(out);
                write_string(key.raw(), key.text(), out);
                out.push(':');
                write_value(value, &number, &mut left, out);
            }
        }
    }
}

enum Step<'d> {
    Item(Value<'d>),
    Member(Key<'d>, Value<'d>),
    End(char),
}

fn write_value<'d>(
    value: Value<'d>,
    number: &impl Fn(&str, &mut String),
    left: &mut Vec<Step<'d>>,
    out: &mut String,
) {
    match value.kind() {
        Kind::Null | Kind::Bool => out.push_str(value.raw()),
        Kind::Number => number(value.raw(), out),
        Kind::String => write_string(value.raw(), value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            out.push('[');
            left.push(Step::End(']'));
            let begin = left.len();
            left.extend(value.items().map(Step::Item));
            left.get_mut(begin..).unwrap_or_default().reverse();
        }
        Kind::Object => {
            out.push('{');
            left.push(Step::End('}'));
            let begin = left.len();
            left.extend(value.members().map(|(key, value)| Step::Member(key, value)));
            // Last first: what is on top of the stack is written first. Keys are never equal.
            left.get_mut(begin..).unwrap_or_default().sort_unstable_by(|a, b| cmp_keys(b, a));
        }
    }
}

/// A comma, unless this is the first item or member: no value ends with an opening bracket.
fn separate(out: &mut String) {
    if !out.ends_with(['[', '{']) {
        out.push(',');
    }
}

fn cmp_keys(a: &Step<'_>, b: &Step<'_>) -> Ordering {
    match (a, b) {
        (Step::Member(a, _), Step::Member(b, _)) => cmp_utf16(&a.text(), &b.text()),
        _ => Ordering::Equal,
    }
}

/// A string of the document. Without an escape nothing in it needs one.
fn write_string(raw: &str, text: Cow<'_, str>, out: &mut String) {
    match text {
        Cow::Borrowed(_) => out.push_str(raw),
        Cow::Owned(text) => write_str(&text, out),
    }
}

/// The order of UTF-16 code units (RFC 8785 section 3.2.3), told from UTF-8: it is the order of bytes,
/// except that characters above U+FFFF come before those from U+E000 on, because surrogates do.
pub fn cmp_utf16(a: &str, b: &str) -> Ordering {
    let differ = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match differ {
        None => a.len().cmp(&b.len()),
        Some((0xf0.., 0xee | 0xef)) => Ordering::Less,
        Some((0xee | 0xef, 0xf0..)) => Ordering::Greater,
        Some((a, b)) => a.cmp(&b),
    }
}

/// Appends a string with its quotes as RFC 8785 section 3.2.2.2 writes it: only what must be escaped is.
pub fn write_str(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    loop {
        let to = scan::plain(text.as_bytes(), from);
        out.push_str(text.get(from..to).unwrap_or_default());
        match text.as_bytes().get(to) {
            Some(special) => write_escape(*special, out),
            None => break,
        }
        from = to + 1;
    }
    out.push('"');
}

fn write_escape(special: u8, out: &mut String) {
    match special {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x8 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        0xc => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        control => {
            out.push_str("\\u00");
            out.extend(char::from_digit(u32::from(control >> 4), 16));
            out.extend(char::from_digit(u32::from(control & 0xf), 16));
        }
    }
}

fn write_number(raw: &str, out: &mut String) {
    if is_short_integer(raw) {
        return out.push_str(raw);
    }
    let exact = Decimal::parse(raw);
    let mut buffer = ryu_js::Buffer::new();
    if let Some(double) = raw.parse::<f64>().ok().filter(|double| double.is_finite()) {
        let formatted = buffer.format_finite(double);
        if exact.is_ok() && Decimal::parse(formatted) == exact {
            return out.push_str(formatted);
        }
    }
    match exact {
        // One form for every notation: a repeated call is found out however it writes its numbers.
        Ok(number) => out.push_str(&number.to_string()),
        Err(_) => out.push_str(raw),
    }
}

/// Up to 15 digits and no `-0`: such an integer is its double's text already.
fn is_short_integer(raw: &str) -> bool {
    raw.len() <= 15 && raw.bytes().all(|byte| byte.is_ascii_digit())
}
