//! JSON to the tree, through the strict scan that messages go through too.

use interlock_json::{Kind, Limits, ScanErrorKind, scan};

use super::{MOST_BYTES, MOST_DEEP, MOST_NODES, Member, Node, Value, within_size};
use crate::diagnostic::{At, Report, quoted};

/// Reads one document. `None` where the text is not such a document; the report says why.
pub(crate) fn read(report: &mut Report<'_>) -> Option<Node> {
    if !within_size(report) {
        return None;
    }
    let source = report.source();
    match scan(source, &Limits { bytes: MOST_BYTES, depth: MOST_DEEP }) {
        Ok(document) => {
            let mut left = MOST_NODES;
            let root = node(document.root(), &mut left);
            if root.is_none() {
                let message = format!("the document has more than {MOST_NODES} values");
                report.error("too-large", 0..0, &At::ROOT, message).help(super::SMALLER);
            }
            root
        }
        Err(error) => {
            let at = error.offset;
            let next = source.get(at..).and_then(|rest| rest.chars().next()).filter(|next| *next != '\n');
            let range = at..at + next.map_or(0, char::len_utf8);
            match error.kind {
                ScanErrorKind::DuplicateKey { key } => report
                    .error("duplicate-key", range, &At::ROOT, format!("duplicate key {}", quoted(&key)))
                    .help("keep one of them; for several constraints use a list"),
                ScanErrorKind::TooDeep { limit } => {
                    let message = format!("the document is nested more than {limit} levels deep");
                    report
                        .error("too-deep", range, &At::ROOT, message)
                        .help("no part of a policy is that deep");
                }
                kind => {
                    report
                        .error("syntax", range, &At::ROOT, format!("not valid JSON: {kind}"))
                        .help("check the commas, brackets and quotes here and just before");
                }
            }
            None
        }
    }
}

/// The scan has bounded the depth, so the recursion is bounded too.
fn node(value: interlock_json::Value<'_>, left: &mut usize) -> Option<Node> {
    *left = left.checked_sub(1)?;
    let tree = match value.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(value.as_bool().unwrap_or_default()),
        Kind::Number => Value::Number(value.raw().into()),
        Kind::String => Value::Text(value.as_str().unwrap_or_default().as_ref().into()),
        Kind::Array => {
            let mut items = Vec::with_capacity(value.len());
            for item in value.items() {
                items.push(node(item, left)?);
            }
            Value::List(items)
        }
        Kind::Object => {
            let mut members = Vec::with_capacity(value.len());
            for (key, value) in value.members() {
                let value = node(value, left)?;
                members.push(Member { key: key.text().as_ref().into(), key_range: key.span(), value });
            }
            Value::Map(members)
        }
    };
    Some(Node { value: tree, range: value.span() })
}
