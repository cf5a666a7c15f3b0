//! What a tool takes, as a table has it.

use std::collections::HashSet;

use interlock_catalog::Definition;
use serde_json::Value;

use crate::text::{self, Shown};

/// As many parameters as a page shows.
const MOST: usize = 100;
/// As much of a parameter's description as is shown.
const DESCRIPTION: usize = 600;
/// As many values of an enumeration, or fields of an object, as are named.
const NAMED: usize = 12;
/// So deep a schema's parts are followed.
const DEPTH: usize = 4;

/// One row.
pub(crate) struct Parameter<'d> {
    pub(crate) name: Shown<'d>,
    pub(crate) kind: String,
    pub(crate) required: bool,
    pub(crate) description: Option<Shown<'d>>,
    pub(crate) default: Option<String>,
}

/// All of them, or as many as are shown.
pub(crate) struct Parameters<'d> {
    pub(crate) rows: Vec<Parameter<'d>>,
    pub(crate) more: usize,
    pub(crate) all: usize,
    pub(crate) required: usize,
}

pub(crate) fn of(definition: &Definition) -> Parameters<'_> {
    let required: HashSet<&str> = definition.required().collect();
    let mut all: Vec<_> = definition.parameters().collect();
    // Those that a call must have come first, so that they are none of those that are left out.
    all.sort_by_key(|(name, _)| !required.contains(name));
    let rows: Vec<_> = all.iter().take(MOST).map(|(name, schema)| row(name, schema, &required)).collect();
    let all = all.len();
    let required = definition.parameters().filter(|(name, _)| required.contains(name)).count();
    Parameters { more: all - rows.len(), rows, all, required }
}

fn row<'d>(name: &'d str, schema: &'d Value, required: &HashSet<&str>) -> Parameter<'d> {
    let description =
        schema.get("description").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    Parameter {
        name: text::line(name, 120),
        kind: text::plain(&kind(schema, DEPTH), 400),
        required: required.contains(name),
        description: description.map(|text| text::lines(text, DESCRIPTION)),
        default: schema
            .get("default")
            .filter(|value| !value.is_null())
            .map(|value| text::plain(&value.to_string(), 120)),
    }
}

/// The type, in words.
fn kind(schema: &Value, depth: usize) -> String {
    if depth == 0 {
        return "anything".to_owned();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(bare).collect();
        return format!("one of {}", several(&values));
    }
    if let Some(value) = schema.get("const") {
        return format!("always {}", bare(value));
    }
    let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key).and_then(Value::as_array));
    if let Some(choices) = choices {
        let mut kinds: Vec<String> = Vec::new();
        for choice in
            choices.iter().take(NAMED).filter(|choice| choice.get("type").is_none_or(|kind| kind != "null"))
        {
            let kind = kind(choice, depth - 1);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(", or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) => named(name, schema, depth),
        Some(Value::Array(names)) => {
            let names = names.iter().take(NAMED).filter_map(Value::as_str).filter(|name| *name != "null");
            names.map(|name| named(name, schema, depth)).collect::<Vec<_>>().join(", or ")
        }
        _ => "anything".to_owned(),
    }
}

fn named(name: &str, schema: &Value, depth: usize) -> String {
    match name {
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some(format) => format!("text ({format})"),
            None => "text".to_owned(),
        },
        "integer" => format!("whole number{}", range(schema)),
        "number" => format!("number{}", range(schema)),
        "boolean" => "yes or no".to_owned(),
        "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(items, depth - 1)),
            None => "list".to_owned(),
        },
        "object" => {
            match schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty()) {
                Some(fields) => {
                    format!("object with {}", several(&fields.keys().cloned().collect::<Vec<_>>()))
                }
                None => "object".to_owned(),
            }
        }
        other => other.to_owned(),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum").filter(|v| v.is_number()), schema.get("maximum").filter(|v| v.is_number())) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn several(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(|name| text::plain(name, 60)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "text"),
            (json!({ "type": "string", "format": "uri" }), "text (uri)"),
            (json!({ "type": "integer", "minimum": 1, "maximum": 9 }), "whole number, 1 to 9"),
            (json!({ "type": ["string", "null"] }), "text"),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), "text"),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "number" }] }), "text, or number"),
            (json!({ "enum": ["a", 1] }), "one of a, 1"),
            (json!({ "type": "array", "items": { "type": "boolean" } }), "list of yes or no"),
            (json!({ "type": "object", "properties": { "a": {}, "b": {} } }), "object with a, b"),
            (json!(true), "anything"),
            (json!({ "$ref": "#" }), "anything"),
        ] {
            assert_eq!(kind(&schema, DEPTH), expected, "{schema}");
        }
        let deep = (0..50).fold(json!({}), |inner, _| json!({ "type": "array", "items": inner }));
        assert_eq!(kind(&deep, DEPTH), "list of list of list of list of anything");
    }

    #[test]
    fn those_that_a_call_must_have_come_first() {
        let many: serde_json::Map<_, _> = (0..150).map(|at| (format!("p{at}"), json!({}))).collect();
        let definition =
            json!({ "tool": "t", "inputSchema": { "properties": many, "required": ["p9", "absent"] } });
        let definition = Definition::read(&definition.to_string()).unwrap();
        let parameters = of(&definition);
        assert_eq!(
            (parameters.rows.len(), parameters.more, parameters.all, parameters.required),
            (100, 50, 150, 1)
        );
        assert!(parameters.rows[0].required);
    }
}
