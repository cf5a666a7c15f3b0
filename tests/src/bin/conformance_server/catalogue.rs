//! The tools, prompts and resources that the suite asks for, as they are listed.

use serde_json::{Value, json};

/// A picture of one red point.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
pub(crate) const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

/// Tools without arguments.
const PLAIN: &[(&str, &str)] = &[
    ("test_simple_text", "Answers with a text"),
    ("test_image_content", "Answers with a picture"),
    ("test_audio_content", "Answers with a sound"),
    ("test_embedded_resource", "Answers with a resource"),
    ("test_multiple_content_types", "Answers with a text, a picture and a resource"),
    ("test_error_handling", "Fails"),
    ("test_tool_with_logging", "Logs while it works"),
    ("test_logging_tool", "Logs where the request asks for it"),
    ("test_tool_with_progress", "Tells of its progress"),
    ("test_elicitation_sep1034_defaults", "Asks the user, with defaults"),
    ("test_elicitation_sep1330_enums", "Asks the user to choose"),
    ("test_missing_capability", "Needs a client with a model"),
    ("test_streaming_elicitation", "Asks the user while it works"),
    ("test_trigger_tool_change", "Changes the list of tools"),
    ("test_trigger_prompt_change", "Changes the list of prompts"),
    ("test_input_required_result_elicitation", "Asks for a name"),
    ("test_input_required_result_sampling", "Asks a model for a capital"),
    ("test_input_required_result_list_roots", "Asks for the roots"),
    ("test_input_required_result_request_state", "Asks for a confirmation"),
    ("test_input_required_result_multiple_inputs", "Asks for a name, a greeting and the roots"),
    ("test_input_required_result_multi_round", "Asks twice"),
    ("test_input_required_result_tampered_state", "Asks for a confirmation, and minds the state"),
    ("test_input_required_result_capabilities", "Asks what the client can be asked"),
];

/// All tools, in one order.
pub(crate) fn tools() -> Vec<Value> {
    let nothing = json!({ "type": "object", "properties": {} });
    let mut tools: Vec<Value> =
        PLAIN.iter().map(|(name, description)| tool(name, description, nothing.clone())).collect();
    tools.push(tool("test_sampling", "Asks a model", one_text("prompt")));
    tools.push(tool("test_elicitation", "Asks the user", one_text("message")));
    tools.push(tool("test_param_header", "Takes an argument that is in a header, too", {
        let mut schema = one_text("region");
        schema["properties"]["region"]["x-mcp-header"] = json!("Region");
        schema
    }));
    tools.push(tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", schema_2020_12()));
    tools
}

fn tool(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "description": description, "inputSchema": schema })
}

fn one_text(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

/// The vocabulary of JSON Schema 2020-12 that must come through whole (SEP-1613, SEP-2106).
fn schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": {
            "street": { "type": "string" }, "city": { "type": "string" } } } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" } },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

/// The schema of a question with a default for each primitive type (SEP-1034).
pub(crate) fn defaults() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true } } })
}

/// The schema of a question with each way of choosing (SEP-1330).
pub(crate) fn choices() -> Value {
    let titled = json!([
        { "const": "value1", "title": "First" }, { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" }]);
    json!({ "type": "object", "properties": {
        "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
        "titledSingle": { "type": "string", "oneOf": titled },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string",
            "enum": ["option1", "option2", "option3"] } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled } } } })
}

/// All prompts.
pub(crate) fn prompts() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": "A text", "required": true });
    json!([
        { "name": "test_simple_prompt", "description": "A text" },
        { "name": "test_prompt_with_arguments", "description": "A text with arguments",
          "arguments": [argument("arg1"), argument("arg2")] },
        { "name": "test_prompt_with_embedded_resource", "description": "A resource",
          "arguments": [argument("resourceUri")] },
        { "name": "test_prompt_with_image", "description": "A picture" },
        { "name": "test_input_required_result_prompt", "description": "Asks for its context" },
    ])
}

/// All resources that have addresses of their own.
pub(crate) fn resources() -> Value {
    json!([
        { "uri": "test://static-text", "name": "text", "description": "A text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "picture", "description": "A picture", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "watched", "description": "A text", "mimeType": "text/plain" },
    ])
}

/// What a resource holds.
pub(crate) fn contents(uri: &str) -> Option<Value> {
    let text = |text: &str| json!({ "uri": uri, "mimeType": "text/plain", "text": text });
    Some(match uri {
        "test://static-text" => text("This is the content of the static text resource."),
        "test://watched-resource" => text("This may change."),
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
        }
    })
}
