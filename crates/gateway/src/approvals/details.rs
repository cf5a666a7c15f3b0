//! What a person is shown of a call that waits for them, as the store keeps it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Everything about a call that helps to decide, in the words of whoever said it: nothing of it is trusted, and it is
/// escaped where it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Details {
    /// `tools/call`, `resources/read`, …
    pub method: String,
    /// The arguments as they were written, to the last digit and the order of their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Box<RawValue>>,
    /// What the call carries besides, which its server may act on: an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub besides: Option<Box<RawValue>>,
    /// The rule that asks, as policies name it.
    pub rule: String,
    /// The rule's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_name: Option<String>,
    /// Why it asks.
    pub reason: String,
    /// The digest of the policies that asked.
    pub policy: String,
    /// What the client says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Whether whoever sits at the client may decide, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_client: bool,
    /// What its server says of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Definition>,
}

/// A tool as its server described it when the question was asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Definition {
    /// SHA-256 (hexadecimal) of its canonical form: another definition is another tool.
    pub fingerprint: String,
    /// Its `title`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its `annotations`, the server's own word for how harmless it is.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Box<RawValue>>,
}
