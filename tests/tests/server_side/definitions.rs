//! The server's own definitions: read with the gateway's own requests, whole, and again after a change.

use anyhow::Result;
use interlock_testkit::script::{Script, Step, VERSIONS, tool};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

/// Every tool is listed and its required arguments are checked.
const VALIDATED: &str = "version: \"1\"\ndefault: deny\nhide: [tool_1]\ntools:\n  \"tool_*\":\n    validate: { required_args: true }\n  change: {}\n";

/// Here tools come and go, and nobody accepts them.
const CHANGES: &str = "servers: { recording: { trust: allow_changes } }\n";

fn meta(version: &str) -> Value {
    if version == "2026-07-28" {
        json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    } else {
        json!({})
    }
}

async fn connect(version: &str, script: &Script) -> Result<Wrapped> {
    let mut wrapped = Wrapped::start(VALIDATED, CHANGES, script)?;
    if version != "2026-07-28" {
        wrapped.shake_hands(version).await?;
    }
    Ok(wrapped)
}

async fn call(wrapped: &mut Wrapped, version: &str, name: &str, arguments: Value) -> Result<String> {
    let params = json!({ "_meta": meta(version), "name": name, "arguments": arguments });
    let answer = wrapped.client.ask("tools/call", params).await?;
    let text = answer["result"]["content"][0]["text"].as_str().map(str::to_owned);
    Ok(text.unwrap_or_else(|| answer.to_string()))
}

fn lists(wrapped: &Wrapped) -> Result<usize> {
    Ok(wrapped.server.received_method("tools/list")?.len())
}

/// A change between two calls: the second is judged by what the server has now.
#[tokio::test]
async fn a_change_is_read_before_the_next_call_is_judged() -> Result<()> {
    for version in VERSIONS {
        let changed =
            Step::Notify { method: "notifications/tools/list_changed".to_owned(), params: json!({}) };
        let tools = vec![tool("tool_a", &["y"]), tool("tool_b", &[]), tool("change", &[])];
        let mut script =
            Script::default().on("tools/call:change", [Step::SetTools { tools }, changed, Step::Answer]);
        script.tools = vec![tool("tool_a", &["x"]), tool("change", &[])];
        let mut wrapped = connect(version, &script).await?;
        let missing = |name: &str| format!("[INTERLOCK DENIED] required argument \"{name}\" is missing");
        assert_eq!(call(&mut wrapped, version, "tool_a", json!({ "x": "1" })).await?, "tool_a");
        assert_eq!(call(&mut wrapped, version, "tool_a", json!({ "y": "1" })).await?, missing("x"));
        let unknown = call(&mut wrapped, version, "tool_b", json!({})).await?;
        assert!(unknown.starts_with("[INTERLOCK DENIED]"), "{unknown}");
        assert_eq!(lists(&wrapped)?, 1, "{version}: one reading serves all");
        call(&mut wrapped, version, "change", json!({})).await?;
        wrapped
            .client
            .wait_for("the change", |message| message["method"] == "notifications/tools/list_changed")
            .await?;
        assert_eq!(call(&mut wrapped, version, "tool_a", json!({ "x": "1" })).await?, missing("y"));
        assert_eq!(call(&mut wrapped, version, "tool_b", json!({})).await?, "tool_b");
        assert_eq!(lists(&wrapped)?, 2, "{version}");
        assert_eq!(wrapped.server.calls()?.len(), 3, "{version}: {:#?}", wrapped.server.calls()?);
        wrapped.finish().await?;
    }
    Ok(())
}

/// A change while the list is being read: what was read before it is not judged by.
#[tokio::test]
async fn a_change_during_the_reading() -> Result<()> {
    let old = r#"{"tools":[{"name":"tool_a","inputSchema":{"type":"object"}}]}"#;
    let mut script = Script::default().on(
        "tools/list",
        [
            // The list as it was, but only after the change has been announced.
            Step::Notify { method: "notifications/tools/list_changed".to_owned(), params: json!({}) },
            Step::Result { text: old.to_owned() },
        ],
    );
    script.tools = vec![tool("tool_a", &["x"])];
    let mut wrapped = connect("2025-11-25", &script).await?;
    let answer = call(&mut wrapped, "2025-11-25", "tool_a", json!({})).await?;
    // A server that changes each time it is asked is not judged by any of its lists.
    assert!(answer.contains("cannot be validated"), "{answer}");
    assert!(lists(&wrapped)? > 1);
    assert_eq!(wrapped.server.calls()?.len(), 0);
    wrapped.finish().await
}

/// The gateway reads all pages for itself; the client reads page by page, cursors as they are, hidden names cut.
#[tokio::test]
async fn pages() -> Result<()> {
    for version in VERSIONS {
        let required = |n| if n == 6 { &["x"][..] } else { &[] };
        let tools = (0..7).map(|n| tool(&format!("tool_{n}"), required(n))).collect();
        let script = Script { page: 2, tools, ..Script::default() };
        let mut wrapped = connect(version, &script).await?;
        let mut shown = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let mut params = json!({ "_meta": meta(version) });
            if !cursor.is_null() {
                params["cursor"] = cursor.clone();
            }
            let mut page = wrapped.client.ask("tools/list", params).await?["result"].take();
            for tool in page["tools"].as_array().expect("a list") {
                shown.push(tool["name"].as_str().expect("a name").to_owned());
            }
            if version == "2026-07-28" {
                let whole = if cursor.is_null() { "private" } else { "public" };
                assert_eq!(page["cacheScope"], whole, "only the page that was cut is private: {page}");
            }
            cursor = page["nextCursor"].take();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(shown, ["tool_0", "tool_2", "tool_3", "tool_4", "tool_5", "tool_6"], "{version}");
        // On the last page, which no list of the client's is needed for.
        let denied = call(&mut wrapped, version, "tool_6", json!({})).await?;
        assert_eq!(denied, "[INTERLOCK DENIED] required argument \"x\" is missing", "{version}");
        assert_eq!(call(&mut wrapped, version, "tool_6", json!({ "x": "" })).await?, "tool_6");
        assert_eq!(lists(&wrapped)?, 4 + 4, "{version}");
        wrapped.finish().await?;
    }
    Ok(())
}

/// Lists that cannot be had or understood: what depends on them is denied, the rest goes on.
#[tokio::test]
async fn lists_that_cannot_be_judged_by() -> Result<()> {
    let result = |text: &str| vec![Step::Result { text: text.to_owned() }];
    for (steps, why) in [
        (vec![Step::Error { code: -32_603, message: "no list today".to_owned() }], "cannot be validated"),
        (result(r#"{"tools":{}}"#), "cannot be validated"),
        (result(r#"{"tools":[{"name":"tool_a"},{"name":"tool_a"}]}"#), "two tools have this name"),
        (result(r#"{"tools":[{"name":1}]}"#), "is not permitted"),
        (result(r#"{"tools":[{"name":"tool_a","inputSchema":{"required":"x"}}]}"#), "is malformed"),
        (result(r#"{"tools":[{"name":"tool_a","name":"tool_b"}]}"#), "cannot be validated"),
        // The same page for ever.
        (result(r#"{"tools":[],"nextCursor":"again"}"#), "cannot be validated"),
    ] {
        let what = format!("{steps:?}");
        let mut script = Script::default().on("tools/list", steps);
        script.tools = vec![tool("tool_a", &[]), tool("change", &[])];
        let mut wrapped = connect("2025-11-25", &script).await?;
        let answer = call(&mut wrapped, "2025-11-25", "tool_a", json!({})).await?;
        assert!(answer.starts_with("[INTERLOCK DENIED]") && answer.contains(why), "{what}: {answer}");
        assert_eq!(call(&mut wrapped, "2025-11-25", "change", json!({})).await?, "change", "{what}");
        assert_eq!(wrapped.server.calls()?.len(), 1, "{what}");
        wrapped.finish().await?;
    }
    Ok(())
}
