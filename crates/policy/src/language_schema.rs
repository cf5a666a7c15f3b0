//! The JSON Schema of the language, for editors.
//!
//! It is made from one table of the language's keys. A test compares the table with the keys that the parser knows, so
//! that neither can be changed alone. The schema helps while a policy is written; what is a policy, the parser decides.

pub(crate) mod operators;
pub(crate) mod table;

use crate::print::tree_as_json;
use crate::tree::{Member, Node, Value};
use table::{Key, Of, SHAPES, Shape};

/// The schema (JSON Schema draft-07, which the validators of all editors read).
pub fn schema() -> String {
    let document = SHAPES.iter().find(|shape| shape.name == "document");
    let mut root = vec![text("$schema", "http://json-schema.org/draft-07/schema#")];
    root.extend(document.map(members).unwrap_or_default());
    let inner = SHAPES.iter().filter(|shape| shape.name != "document");
    root.push(member(
        "definitions",
        map(inner.map(|shape| member(shape.name, map(members(shape)))).collect()),
    ));
    tree_as_json(&map(root))
}

fn members(shape: &Shape) -> Vec<Member> {
    // `null` where a map is expected means empty, where nothing is required.
    let kind = if shape.required.is_empty() {
        list(vec![string("object"), string("null")])
    } else {
        string("object")
    };
    let title = shape.what.replace('`', "");
    let mut members = vec![text("title", &title), text("description", shape.says), member("type", kind)];
    let keys = shape.keys.iter().map(|key| member(key.name, property(key)));
    members.push(member("properties", map(keys.collect())));
    members.push(member("additionalProperties", Node::new(Value::Bool(false))));
    if !shape.required.is_empty() {
        members.push(member("required", list(shape.required.iter().map(|key| string(key)).collect())));
    }
    if shape.name == "condition" {
        members.extend(operators::constraints());
    }
    members
}

fn property(key: &Key) -> Node {
    let mut members = of(&key.of);
    // Beside a reference every other word is ignored.
    if members.iter().any(|member| member.key == "$ref") {
        members = vec![member("allOf", list(vec![map(members)]))];
    }
    members.insert(0, text("description", key.says));
    map(members)
}

/// The words of the schema for a kind of value.
fn of(kind: &Of) -> Vec<Member> {
    match kind {
        Of::Text => vec![text("type", "string")],
        Of::Name => vec![text("type", "string"), member("minLength", number("1"))],
        Of::Bool => vec![text("type", "boolean")],
        Of::Number => vec![text("type", "number")],
        Of::Amount => vec![text("type", "number"), member("minimum", number("0"))],
        Of::Count => vec![text("type", "integer"), member("minimum", number("0"))],
        Of::Anything => Vec::new(),
        Of::Operator => operators::op(),
        Of::Pattern(pattern) => vec![text("type", "string"), text("pattern", pattern)],
        Of::Words(words) => vec![member("enum", list(words.iter().map(|word| string(word)).collect()))],
        Of::Shape(name) => vec![text("$ref", &format!("#/definitions/{name}"))],
        Of::List(items) => {
            vec![member("type", list(vec![string("array"), string("null")])), member("items", map(of(items)))]
        }
        Of::Some(items) => {
            vec![text("type", "array"), member("items", map(of(items))), member("minItems", number("1"))]
        }
        Of::Map(values) => vec![
            member("type", list(vec![string("object"), string("null")])),
            member("additionalProperties", map(of(values))),
            member("propertyNames", map(vec![member("minLength", number("1"))])),
        ],
        Of::Either(kinds) => {
            vec![member("anyOf", list(kinds.iter().map(|kind| map(of(kind))).collect()))]
        }
    }
}

fn map(members: Vec<Member>) -> Node {
    Node::new(Value::Map(members))
}

fn list(items: Vec<Node>) -> Node {
    Node::new(Value::List(items))
}

fn string(text: &str) -> Node {
    Node::new(Value::Text(text.into()))
}

fn number(digits: &str) -> Node {
    Node::new(Value::Number(digits.into()))
}

fn member(key: &str, value: Node) -> Member {
    Member { key: key.into(), key_range: 0..0, value }
}

fn text(key: &str, value: &str) -> Member {
    member(key, string(value))
}
