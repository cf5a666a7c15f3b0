//! Arguments as people read them: laid out, in their order, numbers to the last digit.

use interlock_json::{Kind, Limits, Value, canonical, scan};

/// A document over lines, or as it is where it cannot be read. What strings wrote with escapes is written out, except for
/// what would end the string or the line.
pub(crate) fn laid_out(json: &str) -> String {
    match scan(json, &Limits::default()) {
        Ok(document) => {
            let mut out = String::new();
            write(document.root(), 0, &mut out);
            out
        }
        Err(_) => json.to_owned(),
    }
}

/// Documents are no deeper than the scanner allows.
fn write(value: Value<'_>, depth: usize, out: &mut String) {
    match (value.kind(), value.as_str()) {
        (Kind::Object | Kind::Array, _) if value.is_empty() => out.push_str(value.brackets()),
        (Kind::Object, _) => {
            out.push('{');
            for (index, (key, member)) in value.members().enumerate() {
                begin(index, depth, out);
                canonical::write_str(&key.text(), out);
                out.push_str(": ");
                write(member, depth + 1, out);
            }
            end('}', depth, out);
        }
        (Kind::Array, _) => {
            out.push('[');
            for (index, item) in value.items().enumerate() {
                begin(index, depth, out);
                write(item, depth + 1, out);
            }
            end(']', depth, out);
        }
        (_, Some(text)) => canonical::write_str(&text, out),
        (_, None) => out.push_str(value.raw()),
    }
}

trait Brackets {
    fn brackets(self) -> &'static str;
}

impl Brackets for Value<'_> {
    fn brackets(self) -> &'static str {
        if self.is_object() { "{}" } else { "[]" }
    }
}

fn begin(index: usize, depth: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
    line(depth + 1, out);
}

fn end(bracket: char, depth: usize, out: &mut String) {
    line(depth, out);
    out.push(bracket);
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_is_another() {
        for (json, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            (
                r#"{"b":1.10,"a":9007199254740993,"c":-0.0e+5}"#,
                "{\n  \"b\": 1.10,\n  \"a\": 9007199254740993,\n  \"c\": -0.0e+5\n}",
            ),
            (
                r#"[true,null,["x"],{"k":{}}]"#,
                "[\n  true,\n  null,\n  [\n    \"x\"\n  ],\n  {\n    \"k\": {}\n  }\n]",
            ),
            // What is written with escapes is what is called.
            (r#"{"p\u0061th":"\u002fetc\n\"\\ \u202e"}"#, "{\n  \"path\": \"/etc\\n\\\"\\\\ \u{202e}\"\n}"),
            // What could not be scanned is shown as it is.
            (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        ] {
            assert_eq!(laid_out(json), expected);
        }
    }
}
