//! Arguments that fit a tool's schema, for the tests of a recommended policy.

use interlock_json::{Limits, scan};
use interlock_policy::Schema;
use serde_json::{Map, Value, json};

use crate::definition::Definition;

/// How deep schemas are followed.
const MOST_DEEP: usize = 6;
/// Longest schema for which arguments are made up, in bytes: each of them is held against it.
const MOST_SCHEMA: usize = 64 << 10;
/// Largest value that is taken from a schema, in bytes of JSON.
const MOST_VALUE: usize = 1 << 10;
/// Most arguments of a sample.
const MOST_ARGUMENTS: usize = 64;

/// The arguments that a call must have, with values that fit. `None` where none were found that do.
pub(super) fn arguments(definition: &Definition) -> Option<Map<String, Value>> {
    let root = &definition.input_schema;
    if root.to_string().len() > MOST_SCHEMA || definition.required().count() > MOST_ARGUMENTS {
        return None;
    }
    let mut arguments = Map::new();
    for name in definition.required() {
        let schema =
            root.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
        arguments.insert(name.to_owned(), value(schema, root, MOST_DEEP)?);
    }
    fits(definition, &arguments).then_some(arguments)
}

/// Whether the arguments fit the whole schema.
pub(super) fn fits(definition: &Definition, arguments: &Map<String, Value>) -> bool {
    let schema = match &definition.input_schema {
        Value::Null => return true,
        schema => Schema::new(&schema.to_string()),
    };
    let text = Value::Object(arguments.clone()).to_string();
    let Ok(document) = scan(&text, &Limits::default()) else { return false };
    schema.is_ok_and(|schema| {
        schema.validate(document.root()).is_ok() && schema.refuse_undeclared(document.root()).is_ok()
    })
}

fn value(schema: &Value, root: &Value, deep: usize) -> Option<Value> {
    let deep = deep.checked_sub(1)?;
    for key in ["const", "default"] {
        if let Some(given) = schema.get(key).filter(|given| !given.is_null()) {
            return short(given);
        }
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return short(first);
    }
    if let Some(first) = schema.get("examples").and_then(Value::as_array).and_then(|values| values.first()) {
        return short(first);
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.strip_prefix('#')?)?;
        return value(target, root, deep);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(branches) = schema.get(key).and_then(Value::as_array) {
            return branches.iter().find_map(|branch| value(branch, root, deep));
        }
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")?,
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    };
    of_kind(kind, schema, root, deep)
}

fn short(value: &Value) -> Option<Value> {
    (value.to_string().len() <= MOST_VALUE).then(|| value.clone())
}

fn of_kind(kind: &str, schema: &Value, root: &Value, deep: usize) -> Option<Value> {
    match kind {
        "string" => Some(Value::from(text(schema))),
        "integer" | "number" => {
            let least = schema.get("minimum").or_else(|| schema.get("exclusiveMinimum"));
            let least = least.and_then(Value::as_f64).map_or(1.0, |least| (least + 1.0).max(1.0).ceil());
            let most = schema.get("maximum").and_then(Value::as_f64).unwrap_or(f64::MAX);
            let chosen = least.min(most);
            // Whole numbers of this size are exact.
            (chosen.abs() < 9e15).then(|| json!(chosen as i64))
        }
        "boolean" => Some(Value::Bool(true)),
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).min(8);
            let item = value(schema.get("items").unwrap_or(&Value::Null), root, deep)?;
            Some(Value::Array((0..least.max(1)).map(|_| item.clone()).collect()))
        }
        "object" => {
            let mut object = Map::new();
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                let of = schema
                    .get("properties")
                    .and_then(|properties| properties.get(name))
                    .unwrap_or(&Value::Null);
                object.insert(name.to_owned(), value(of, root, deep)?);
            }
            Some(Value::Object(object))
        }
        _ => None,
    }
}

fn text(schema: &Value) -> String {
    let given = match schema.get("format").and_then(Value::as_str) {
        Some("email") => "ada@your-company.example",
        Some("uri" | "url") => "https://your-company.example/",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("uuid") => "123e4567-e89b-12d3-a456-426614174000",
        _ => "abc",
    };
    let least = schema
        .get("minLength")
        .and_then(Value::as_u64)
        .and_then(|least| usize::try_from(least).ok())
        .unwrap_or(0);
    let most = schema
        .get("maxLength")
        .and_then(Value::as_u64)
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    let mut text: String = given.chars().take(most).collect();
    while text.chars().count() < least.min(256) {
        text.push('a');
    }
    text
}
