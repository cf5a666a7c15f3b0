//! When two JSON values are one: the same type, numbers by their value, objects whatever the order of their members.

use interlock_json::{Kind, Value};

/// A number is too large or too long to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// Writes what is the same text for equal values and no others.
pub(super) fn write(value: Value<'_>, out: &mut String) -> Result<(), OutOfRange> {
    match value.kind() {
        Kind::Null => out.push('z'),
        Kind::Bool => out.push(if value.as_bool() == Some(true) { 't' } else { 'f' }),
        Kind::Number => {
            let number = value.decimal().and_then(Result::ok).ok_or(OutOfRange)?;
            out.push('n');
            out.push_str(&number.to_string());
            out.push(';');
        }
        Kind::String => write_text(&value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            out.push('[');
            for item in value.items() {
                write(item, out)?;
            }
            out.push(']');
        }
        Kind::Object => {
            let mut members: Vec<_> = value.members().map(|(key, member)| (key.text(), member)).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            out.push('{');
            for (key, member) in members {
                write_text(&key, out);
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// With its length before it, so that no text can pass for what follows it.
fn write_text(text: &str, out: &mut String) {
    out.push('s');
    out.push_str(&text.len().to_string());
    out.push(':');
    out.push_str(text);
}
