//! A tool as its server describes it.

use serde::Deserialize;
use serde_json::Value;

/// A tool's definition: one line of a dump, whose members beside its name may be absent.
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
    /// What it takes, a JSON Schema.
    #[serde(default)]
    pub input_schema: Value,
    /// What its publisher says of its effects.
    #[serde(default)]
    pub annotations: Option<Annotations>,
}

/// What a publisher says of a tool's effects (2025-06-18, "ToolAnnotations"). It may be wrong, or a lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// It changes nothing.
    #[serde(default)]
    pub read_only_hint: Option<bool>,
    /// It may destroy something.
    #[serde(default)]
    pub destructive_hint: Option<bool>,
}
