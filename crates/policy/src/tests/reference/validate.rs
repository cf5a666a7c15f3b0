//! `validate`, by the part of JSON Schema that the generated tools use.

use super::json::Json;
use super::number::Number;
use super::scene::{Scene, Tool};

/// Whether the arguments are not what the tool's own definition says.
pub(super) fn objects(validate: &Json, scene: &Scene<'_>) -> bool {
    let Tool::Known(definition) = scene.tool else { return true };
    let nothing = Json::Object(Vec::new());
    let arguments = scene.arguments.unwrap_or(&nothing);
    let schema = definition.get("inputSchema").unwrap_or(&nothing);
    let missing = schema.items_at("required").iter().any(|name| !holds(arguments, name.text().unwrap()));
    validate.is_set("required_args") && missing
        || validate.says("unknown_args", "deny") && has_undeclared(arguments, schema, true)
        || validate.is_set("schema") && !fits(arguments, schema)
}

/// Null is there.
fn holds(value: &Json, key: &str) -> bool {
    value.members().iter().any(|(name, _)| name == key)
}

/// At the top everything must be declared; further down, wherever the schema names members at all.
fn has_undeclared(value: &Json, schema: &Json, top: bool) -> bool {
    let properties = schema.get("properties");
    let others = schema.get("additionalProperties").filter(|others| !others.members().is_empty());
    let strict = top || properties.is_some();
    let inside = |key: &str, value: &Json| match properties.and_then(|properties| properties.get(key)) {
        Some(declared) => has_undeclared(value, declared, false),
        None => others.map_or(strict, |others| has_undeclared(value, others, false)),
    };
    let items = schema.get("items");
    value.members().iter().any(|(key, value)| inside(key, value))
        || items.is_some_and(|items| value.items().iter().any(|item| has_undeclared(item, items, false)))
}

fn fits(value: &Json, schema: &Json) -> bool {
    if let Json::Bool(all) = schema {
        return *all;
    }
    schema.members().iter().all(|(keyword, said)| match (keyword.as_str(), value) {
        ("type", _) => match said {
            Json::Text(name) => is(value, name),
            names => names.items().iter().any(|name| is(value, name.text().unwrap())),
        },
        ("enum", _) => said.items().iter().any(|one| same(value, one)),
        ("const", _) => same(value, said),
        ("minimum", Json::Number(text)) => Number::parse(text).is_some_and(|found| found >= number(said)),
        ("maximum", Json::Number(text)) => Number::parse(text).is_some_and(|found| found <= number(said)),
        ("maxLength", Json::Text(text)) => Number::of(&text.chars().count().to_string()) <= number(said),
        ("minItems", Json::Array(items)) => Number::of(&items.len().to_string()) >= number(said),
        ("items", Json::Array(items)) => items.iter().all(|item| fits(item, said)),
        ("required", Json::Object(_)) => said.items().iter().all(|name| holds(value, name.text().unwrap())),
        ("properties", Json::Object(members)) => members.iter().all(|(key, value)| {
            let declared = said.members().iter().find(|(name, _)| name == key);
            declared.is_none_or(|(_, schema)| fits(value, schema))
        }),
        ("additionalProperties", Json::Object(members)) => members.iter().all(|(key, value)| {
            schema.get("properties").is_some_and(|properties| properties.get(key).is_some())
                || fits(value, said)
        }),
        ("not", _) => !fits(value, said),
        ("anyOf", _) => said.items().iter().any(|schema| fits(value, schema)),
        _ => true,
    })
}

fn number(value: &Json) -> Number {
    super::counters::number(value)
}

fn is(value: &Json, name: &str) -> bool {
    match (name, value) {
        ("null", Json::Null)
        | ("boolean", Json::Bool(_))
        | ("number", Json::Number(_))
        | ("string", Json::Text(_))
        | ("array", Json::Array(_))
        | ("object", Json::Object(_)) => true,
        ("integer", Json::Number(text)) => Number::parse(text).is_some_and(|number| number.is_whole()),
        _ => false,
    }
}

/// Equal as JSON Schema means it: numbers by what they are, members in any order.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            Number::parse(a).zip(Number::parse(b)).is_some_and(|(a, b)| a == b)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(_)) => {
            a.len() == b.members().len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|b| same(value, b)))
        }
        _ => a == b,
    }
}
