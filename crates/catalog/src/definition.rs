//! A tool as its server describes it.

mod texts;

use interlock_json::{Limits, ScanError};
use interlock_policy::ToolDefinition;
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use texts::{Step, TextPlace};

/// A tool's definition: one line of a dump, or one element of `tools/list`. Members beside its name may be absent;
/// those that have no field here are in [`Definition::rest`], so that nothing that a server says is lost.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The server that offers it.
    #[serde(default)]
    pub server: String,
    /// Its name.
    #[serde(alias = "name")]
    pub tool: String,
    /// Its name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// What it does, in its publisher's words.
    #[serde(default)]
    pub description: Option<String>,
    /// What it takes, a JSON Schema. `null` where the dump has none.
    #[serde(default)]
    pub input_schema: Value,
    /// What its publisher says of its effects.
    #[serde(default)]
    pub annotations: Option<Annotations>,
    /// The other members: `outputSchema`, `_meta`, `icons`, `execution` and what is still to be invented.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What a publisher says of a tool's effects (2025-06-18, "ToolAnnotations"). It may be wrong, or a lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// Its name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// It changes nothing.
    #[serde(default)]
    pub read_only_hint: Option<bool>,
    /// It may destroy something.
    #[serde(default)]
    pub destructive_hint: Option<bool>,
    /// Calling it again with the same arguments changes nothing more.
    #[serde(default)]
    pub idempotent_hint: Option<bool>,
    /// It reaches what is outside of its service.
    #[serde(default)]
    pub open_world_hint: Option<bool>,
    /// What else it has.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Why a line is not a definition.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Not JSON, or JSON that two readers could understand differently.
    #[error("not JSON: {0}")]
    Json(#[from] ScanError),
    /// JSON that is no definition.
    #[error("not a tool's definition: {0}")]
    Shape(#[from] serde_json::Error),
}

impl Definition {
    /// Reads one definition: an object with at least `tool` or `name`.
    ///
    /// # Errors
    /// The text is not JSON, has a key twice, is no object, has no name, or a member of another type than the protocol
    /// gives it.
    pub fn read(json: &str) -> Result<Self, DefinitionError> {
        interlock_json::scan(json, &Limits::default())?;
        Ok(serde_json::from_str(json)?)
    }

    /// A tool as a list of tools has it. `None` where its schema or its annotations cannot be read: by half a definition
    /// nothing is judged.
    #[must_use]
    pub fn of_tool(server: &str, name: &str, tool: &ToolDefinition) -> Option<Self> {
        if tool.is_schema_too_long() {
            return None;
        }
        let annotations = tool.annotations().map(|said| serde_json::from_str(said.raw())).transpose().ok()?;
        let schema: Option<Value> = tool.schema_text().map(serde_json::from_str).transpose().ok()?;
        Some(Self {
            server: server.to_owned(),
            tool: name.to_owned(),
            title: tool.title().map(str::to_owned),
            description: tool.description().map(str::to_owned),
            input_schema: schema.unwrap_or_default(),
            annotations: annotations.flatten(),
            rest: Map::new(),
        })
    }

    /// The parameters: name and schema, in the order in which the server gives them.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Value)> {
        let properties = self.input_schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
    }

    /// The names of the parameters that a call must have.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.input_schema.get("required").and_then(Value::as_array);
        required.into_iter().flatten().filter_map(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_dump_and_an_element_of_a_list_are_read_alike() {
        let line = r#"{"server": "s", "tool": "t", "description": null, "outputSchema": {"type": "object"}}"#;
        let line = Definition::read(line).unwrap();
        assert_eq!((line.server.as_str(), line.tool.as_str(), line.description), ("s", "t", None));
        assert!(line.rest.contains_key("outputSchema"));
        let listed = r#"{"name": "t", "inputSchema": {"properties": {"b": {}, "a": {}}, "required": ["a"]}}"#;
        let listed = Definition::read(listed).unwrap();
        assert_eq!(listed.required().collect::<Vec<_>>(), ["a"]);
        assert_eq!(listed.parameters().count(), 2);
        for wrong in ["", "[]", "{}", r#"{"tool": 1}"#, r#"{"tool": "a", "tool": "b"}"#] {
            assert!(Definition::read(wrong).is_err(), "{wrong}");
        }
    }
}
