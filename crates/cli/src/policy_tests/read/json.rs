//! Nodes as JSON: every digit and every key as it was written.

use interlock_policy::{Node, Value};

use crate::rehearsal::call::string_of;

/// The node as JSON.
pub(super) fn text(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => string_of(text),
        Value::List(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Map(_) => object(node),
    }
}

/// The node as a JSON object; one that is no map is an empty one.
pub(super) fn object(node: &Node) -> String {
    let Value::Map(members) = &node.value else { return "{}".to_owned() };
    let members = members.iter().map(|member| format!("{}: {}", string_of(&member.key), text(&member.value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

/// The node that a pointer of plain keys and indexes names.
pub(super) fn find<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    pointer.split('/').skip(1).try_fold(root, |node, segment| match &node.value {
        Value::List(items) => items.get(segment.parse::<usize>().ok()?),
        Value::Map(members) => {
            members.iter().find(|member| member.key == segment).map(|member| &member.value)
        }
        _ => None,
    })
}
