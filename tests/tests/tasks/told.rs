//! What servers say of tasks, and what clients ask.

use anyhow::{Context, Result};
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

/// The server's own name for the task that it makes.
pub const OWN: &str = "786512e2-9e0d-44bd";
/// One call of `research` an hour, which counts where it fails only if it was let through.
pub const ONCE: &str = "version: \"1\"\ndefault: allow\ntools:\n  research: { rules: [{ rate_limit: { max: 1, window: hour, refund: on_error } }] }\n";

pub fn result(value: &Value) -> Step {
    Step::Result { text: value.to_string() }
}

/// How a task stands, as 2025-11-25 says it.
pub fn legacy(status: &str) -> Value {
    json!({ "taskId": OWN, "status": status, "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z",
        "ttl": null, "pollInterval": 1 })
}

/// How a task stands, as the extension says it; `kind` is the type of the result.
pub fn modern(kind: &str, status: &str, more: &Value) -> Value {
    let mut task = json!({ "resultType": kind, "taskId": OWN, "status": status, "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null, "pollIntervalMs": 1 });
    for (name, value) in more.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    task
}

/// A server whose tool `research` becomes a task of 2025-11-25.
pub fn legacy_server() -> Script {
    let made = json!({ "task": legacy("working") });
    Script::with_tools(&["research", "echo"]).on("tools/call:research", [result(&made)])
}

/// The same of the extension.
pub fn modern_server() -> Script {
    let made = modern("task", "working", &json!({}));
    Script::with_tools(&["research", "echo"]).on("tools/call:research", [result(&made)])
}

/// The `_meta` of a modern client that can take tasks, and be asked what `more` says.
pub fn able(more: &Value) -> Value {
    let mut declared = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    for (name, value) in more.as_object().into_iter().flatten() {
        declared[name] = value.clone();
    }
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": declared,
    })
}

/// A modern client's request that concerns a task.
pub fn about(task: &str) -> Value {
    json!({ "taskId": task, "_meta": able(&json!({})) })
}

/// Calls `research` as a task of 2025-11-25; gives its name.
pub async fn make_legacy(wrapped: &mut Wrapped) -> Result<String> {
    let params = json!({ "name": "research", "arguments": {}, "task": { "ttl": 60_000 } });
    let answer = wrapped.client.ask("tools/call", params).await?;
    let name = answer["result"]["task"]["taskId"].as_str().with_context(|| answer.to_string())?;
    Ok(name.to_owned())
}

/// The same of the extension.
pub async fn make_modern(wrapped: &mut Wrapped) -> Result<String> {
    let params = json!({ "name": "research", "arguments": {}, "_meta": able(&json!({})) });
    let answer = wrapped.client.ask("tools/call", params).await?;
    let name = answer["result"]["taskId"].as_str().with_context(|| answer.to_string())?;
    Ok(name.to_owned())
}

/// What was asked of this method, by the names that the server got.
pub fn asked(wrapped: &Wrapped, method: &str) -> Result<Vec<Value>> {
    let arrived = wrapped.server.received_method(method)?;
    Ok(arrived.iter().map(|message| message["params"]["taskId"].clone()).collect())
}

/// The outcomes of calls of `research`.
pub fn of_research(outcomes: &[Value]) -> Vec<&Value> {
    outcomes.iter().filter(|outcome| outcome["tool"] == "research").collect()
}
