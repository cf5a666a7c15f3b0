//! The keywords that hold schemas, and the drafts that differ in what they mean.

use interlock_json::{Kind, Value};

use super::SchemaError;
use crate::describe::quoted;

/// The drafts of JSON Schema, in the order of their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

impl Dialect {
    /// The draft that `$schema` names; without one it is 2020-12, as the protocol says.
    pub(super) fn of(root: Value<'_>) -> Result<Dialect, SchemaError> {
        let Some(named) = root.get("$schema") else { return Ok(Dialect::Draft2020) };
        let named = named.as_str().ok_or(SchemaError::Keyword { keyword: "$schema", wanted: "text" })?;
        let plain = named.strip_suffix('#').unwrap_or(&named);
        let plain = plain.strip_prefix("https://").or(plain.strip_prefix("http://")).unwrap_or(plain);
        match plain {
            "json-schema.org/draft/2020-12/schema" => Ok(Dialect::Draft2020),
            "json-schema.org/draft/2019-09/schema" => Ok(Dialect::Draft2019),
            "json-schema.org/draft-07/schema" => Ok(Dialect::Draft7),
            "json-schema.org/draft-06/schema" => Ok(Dialect::Draft6),
            "json-schema.org/draft-04/schema" => Ok(Dialect::Draft4),
            _ => Err(SchemaError::UnknownDialect(quoted(&named))),
        }
    }
}

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
/// Keywords whose value is a map of schemas.
const MAP: [&str; 6] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties", "dependencies"];

/// Every schema directly inside of a schema.
pub(super) fn each_part<'d>(schema: Value<'d>, mut visit: impl FnMut(Value<'d>)) {
    for keyword in ONE {
        if let Some(part) = schema.get(keyword).filter(|part| part.kind() == Kind::Object) {
            visit(part);
        }
    }
    for keyword in LIST {
        schema.get(keyword).into_iter().flat_map(Value::items).for_each(&mut visit);
    }
    for keyword in MAP {
        for (_, part) in schema.get(keyword).into_iter().flat_map(Value::members) {
            visit(part);
        }
    }
}
