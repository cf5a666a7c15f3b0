//! Taking members out of messages and putting others in, with every other byte as it was.

use std::ops::Range;

use interlock_json::Value;

use crate::message::Message;
use crate::splice::Edit;

/// What is to be another in a request or notification.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rewrite<'r> {
    /// The new id, as JSON.
    pub(super) id: Option<&'r str>,
    /// The new `params.progressToken` or `params._meta.progressToken`, where there is one.
    pub(super) token: Option<&'r str>,
    /// Members of `params` to take out.
    pub(super) params_without: &'r [&'r str],
    /// Members of `params` to put in: the inside of an object.
    pub(super) params_with: &'r str,
    /// Members of `params._meta` to take out.
    pub(super) meta_without: &'r [&'r str],
    /// Members of `params._meta` to put in.
    pub(super) meta_with: &'r str,
}

impl Rewrite<'_> {
    pub(super) fn apply(&self, message: &Message) -> String {
        let mut edits = Vec::new();
        if let (Some(id), Some(old)) = (self.id, message.id()) {
            edits.push(Edit::new(old.value().span(), id));
        }
        if let (Some(token), Some(old)) = (self.token, message.progress_token()) {
            edits.push(Edit::new(old.span(), token));
        }
        match message.params() {
            Some(params) => edits.extend(self.in_params(params)),
            None => edits.extend(self.new_params(message.root())),
        }
        message.with_edits(edits)
    }

    /// A message's `_meta` is an object, or it is none.
    fn in_params(&self, params: Value<'_>) -> Vec<Edit> {
        match params.get("_meta") {
            Some(meta) => {
                let mut edits = rewrite(params, self.params_without, self.params_with);
                edits.extend(rewrite(meta, self.meta_without, self.meta_with));
                edits
            }
            None => rewrite(params, self.params_without, &joined(self.params_with, &self.new_meta())),
        }
    }

    fn new_params(&self, root: Value<'_>) -> Vec<Edit> {
        let with = joined(self.params_with, &self.new_meta());
        if with.is_empty() { Vec::new() } else { rewrite(root, &[], &format!("\"params\":{{{with}}}")) }
    }

    fn new_meta(&self) -> String {
        if self.meta_with.is_empty() { String::new() } else { format!("\"_meta\":{{{}}}", self.meta_with) }
    }
}

/// The edits that take members out of an object and put others in front.
pub(crate) fn rewrite(object: Value<'_>, without: &[&str], with: &str) -> Vec<Edit> {
    let parts = object
        .members()
        .map(|(key, value)| (key.span().start..value.span().end, !without.iter().any(|name| key.is(name))));
    let (mut edits, kept_any) = cut(object, parts);
    if !with.is_empty() {
        let inside = object.span().start + 1;
        edits.push(Edit::new(inside..inside, if kept_any { format!("{with},") } else { with.to_owned() }));
    }
    edits
}

/// The edits that take items out of an array.
pub(super) fn keep(array: Value<'_>, keep: impl Fn(Value<'_>) -> bool) -> Vec<Edit> {
    cut(array, array.items().map(|item| (item.span(), keep(item)))).0
}

/// An object with members taken out and put in, on its own.
pub(super) fn object(object: Value<'_>, without: &[&str], with: &str) -> String {
    let start = object.span().start;
    let mut edits = rewrite(object, without, with);
    for edit in &mut edits {
        edit.span = edit.span.start - start..edit.span.end - start;
    }
    crate::splice::apply(object.raw(), &mut edits)
}

/// Cuts the parts that are not kept, with the commas that joined them.
fn cut(whole: Value<'_>, parts: impl Iterator<Item = (Range<usize>, bool)>) -> (Vec<Edit>, bool) {
    let mut edits = Vec::new();
    let (mut kept_any, mut cutting) = (false, false);
    let mut from = whole.span().start + 1;
    for (span, kept) in parts {
        if !kept {
            cutting = true;
            continue;
        }
        if cutting {
            edits.push(Edit::new(from..span.start, if kept_any { "," } else { "" }));
        }
        (kept_any, cutting, from) = (true, false, span.end);
    }
    if cutting {
        edits.push(Edit::new(from..whole.span().end - 1, ""));
    }
    (edits, kept_any)
}

fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", only) | (only, "") => only.to_owned(),
        (first, second) => format!("{first},{second}"),
    }
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use super::*;

    #[test]
    fn members_go_and_come() {
        for (text, without, with, expected) in [
            (r#"{"a":1, "b":2 ,"c":3}"#, &[][..], "", r#"{"a":1, "b":2 ,"c":3}"#),
            (r#"{"a":1, "b":2 ,"c":3}"#, &["b"], "", r#"{"a":1,"c":3}"#),
            (r#"{ "a":1, "b":2 }"#, &["a"], r#""x":0"#, r#"{"x":0,"b":2 }"#),
            (r#"{ "a":1, "b":2 }"#, &["a", "b"], r#""x":0"#, r#"{"x":0}"#),
            (r#"{ "a":1, "b":2 }"#, &["a", "b"], "", "{}"),
            (r#"{"\u0061":1,"b":1.0}"#, &["a"], "", r#"{"b":1.0}"#),
            ("{ }", &["a"], r#""x":0"#, r#"{"x":0 }"#),
            (r#"{"a":1,"b":2}"#, &["b"], r#""x":0"#, r#"{"x":0,"a":1}"#),
        ] {
            let document = scan(format!(" [{text}]"), &Limits::default()).unwrap();
            assert_eq!(object(document.root().items().next().unwrap(), without, with), expected, "{text}");
        }
    }

    #[test]
    fn messages_are_rewritten_where_they_must_be() {
        let all = Rewrite {
            id: Some("7"),
            token: Some("8"),
            params_without: &["task"],
            params_with: r#""p":0"#,
            meta_without: &["gone"],
            meta_with: r#""m":0"#,
        };
        let check = |rewrite: Rewrite<'_>, rest: &str, expected: &str| {
            let text = format!(r#"{{"jsonrpc":"2.0","id":"a"{rest}}}"#);
            let message = Message::parse(text.into_bytes(), &Limits::default()).unwrap();
            let rewritten = rewrite.apply(&message);
            Message::parse(rewritten.clone().into_bytes(), &Limits::default()).unwrap();
            assert_eq!(rewritten, expected, "{rest}");
        };
        check(
            all,
            r#","method":"m""#,
            r#"{"params":{"p":0,"_meta":{"m":0}},"jsonrpc":"2.0","id":7,"method":"m"}"#,
        );
        check(
            all,
            r#","method":"m","params":{"task":{},"n":1e400}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"p":0,"_meta":{"m":0},"n":1e400}}"#,
        );
        check(
            all,
            r#","method":"m","params":{"_meta":{"gone":1,"progressToken":"t" }, "task":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"p":0,"_meta":{"m":0,"progressToken":8 }}}"#,
        );
        check(
            Rewrite::default(),
            r#","method":"m","params":{"_meta":{} }"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"m","params":{"_meta":{} }}"#,
        );
    }
}
