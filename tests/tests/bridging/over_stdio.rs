//! A client on standard input and output before a server of the other era.

use anyhow::{Context, Result};
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{LEGACY, MODERN, Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

pub fn meta(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

pub fn params(more: &Value, capabilities: &Value) -> Value {
    let mut params = more.clone();
    params["_meta"] = meta(capabilities);
    params
}

#[tokio::test]
async fn a_modern_client_and_a_legacy_server() -> Result<()> {
    let script = Script::with_tools(&["echo"]).speaking(LEGACY);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let found = wrapped.client.ask("server/discover", params(&json!({}), &json!({}))).await?;
    assert_eq!(found["result"]["supportedVersions"], json!(["2026-07-28"]), "{found}");
    let listed = wrapped.client.ask("tools/list", params(&json!({}), &json!({}))).await?;
    assert_eq!(listed["result"]["tools"][0]["name"], "echo", "{listed}");
    assert_eq!(listed["result"]["resultType"], "complete", "{listed}");
    let called = json!({ "name": "echo", "arguments": { "big": 12345678901234567890_u64 } });
    let called = wrapped.client.ask("tools/call", params(&called, &json!({}))).await?;
    assert_eq!(called["result"]["structuredContent"]["arguments"]["big"], 12_345_678_901_234_567_890_u64);
    assert_eq!(wrapped.server.received_method("initialize")?.len(), 1);
    assert!(wrapped.server.received()?.iter().skip(1).all(|line| !line.contains("modelcontextprotocol")));
    wrapped.finish().await?;
    wrapped.refusals(0).await.map(drop)
}

#[tokio::test]
async fn what_a_legacy_server_asks_is_part_of_the_answer() -> Result<()> {
    let ask = Step::Ask {
        id: "\"q\"".to_owned(),
        method: "elicitation/create".to_owned(),
        params: json!({ "message": "who?", "requestedSchema": { "type": "object", "properties": {} } }),
    };
    let answer = Step::Result { text: r#"{"content":[],"structuredContent":{"said":$ANSWER}}"#.to_owned() };
    let script = Script::with_tools(&["ask"]).speaking(LEGACY).on("tools/call:ask", [ask, answer]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let able = json!({ "elicitation": {} });
    let first = json!({ "name": "ask", "arguments": { "a": 1 } });
    let asked = wrapped.client.ask("tools/call", params(&first, &able)).await?;
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let (key, question) = asked["result"]["inputRequests"]
        .as_object()
        .and_then(|all| all.iter().next())
        .context("no question")?;
    assert_eq!(question["params"]["message"], "who?", "{asked}");
    let mut again = first.clone();
    again["requestState"] = asked["result"]["requestState"].clone();
    again["inputResponses"] = json!({ key: { "action": "accept", "content": { "name": "Ada" } } });
    let answered = wrapped.client.ask("tools/call", params(&again, &able)).await?;
    assert_eq!(
        answered["result"]["structuredContent"]["said"]["result"]["content"]["name"], "Ada",
        "{answered}"
    );
    assert_eq!(wrapped.server.calls()?.len(), 1, "the server was called once");
    wrapped.finish().await?;
    wrapped.refusals(0).await.map(drop)
}

#[tokio::test]
async fn a_legacy_client_and_a_modern_server() -> Result<()> {
    let question = r#"{"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s"}"#;
    let script = Script::with_tools(&["echo", "ask"])
        .speaking(MODERN)
        .on("tools/call:ask", [Step::Result { text: question.to_owned() }]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let begun = wrapped.client.initialize("2025-11-25").await?;
    assert_eq!(begun["protocolVersion"], "2025-11-25", "{begun}");
    let called = wrapped.client.call("echo", json!({ "a": 1 })).await?;
    assert_eq!(called["result"]["structuredContent"]["arguments"]["a"], 1, "{called}");
    assert_eq!(called["result"]["resultType"], Value::Null, "{called}");
    wrapped.client.request("tools/call", json!({ "name": "ask", "arguments": {} })).await?;
    let asked =
        wrapped.client.wait_for("the question", |message| message["method"] == "elicitation/create").await?;
    assert_eq!(asked["params"]["message"], "who?", "{asked}");
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "decline" } });
    wrapped.client.send(answer.to_string()).await?;
    let retried = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(server
            .received()?
            .iter()
            .any(|line| line.contains(r#""inputResponses":{"q":{"action":"decline"}}"#)))
    };
    wrapped.server.wait_until("the retry", interlock_testkit::client::PATIENCE, retried).await?;
    wrapped.finish().await
}

/// A server of both eras is spoken to as its client speaks.
#[tokio::test]
async fn a_server_of_both_eras_is_not_bridged() -> Result<()> {
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &Script::with_tools(&["echo"]))?;
    let called = json!({ "name": "echo", "arguments": {} });
    wrapped.client.ask("tools/call", params(&called, &json!({}))).await?;
    assert!(wrapped.server.received_method("initialize")?.is_empty());
    wrapped.finish().await?;
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &Script::with_tools(&["echo"])).await?;
    wrapped.client.call("echo", json!({})).await?;
    assert!(wrapped.server.received_method("server/discover")?.is_empty());
    wrapped.finish().await
}

/// What the operator says of a server is not asked.
#[tokio::test]
async fn an_operator_can_say_what_the_server_speaks() -> Result<()> {
    for (era, method, never) in
        [("legacy", "initialize", "server/discover"), ("modern", "server/discover", "initialize")]
    {
        let settings = format!("servers: {{ recording: {{ era: {era} }} }}");
        let mut wrapped = Wrapped::start(ALLOW_ALL, &settings, &Script::with_tools(&["echo"]))?;
        let called = json!({ "name": "echo", "arguments": {} });
        let answer = if era == "legacy" {
            wrapped.client.ask("tools/call", params(&called, &json!({}))).await?
        } else {
            wrapped.client.initialize("2025-06-18").await?;
            wrapped.client.ask("tools/call", called).await?
        };
        assert_eq!(answer["result"]["structuredContent"]["tool"], "echo", "{era}: {answer}");
        assert_eq!(wrapped.server.received_method(method)?.len(), 1, "{era}");
        assert!(wrapped.server.received_method(never)?.is_empty(), "{era}");
        wrapped.finish().await?;
    }
    Ok(())
}

/// Old servers leave what they do not know without an answer.
#[tokio::test]
async fn a_server_that_does_not_say_what_it_speaks_is_taken_for_an_old_one() -> Result<()> {
    let script = Script::with_tools(&["echo"]).speaking(LEGACY).on("server/discover", []);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let called = json!({ "name": "echo", "arguments": {} });
    let answer = wrapped.client.ask("tools/call", params(&called, &json!({}))).await?;
    assert_eq!(answer["result"]["structuredContent"]["tool"], "echo", "{answer}");
    wrapped.finish().await?;
    wrapped.refusals(0).await.map(drop)
}

/// One that agrees on nothing fails the request, and is asked anew by the next.
#[tokio::test]
async fn a_server_that_speaks_neither_is_asked_again() -> Result<()> {
    // It is called without being asked for its tools first, which it would refuse as well.
    let settings = "servers: { recording: { trust: allow_changes } }\n";
    let mut wrapped = Wrapped::start(ALLOW_ALL, settings, &Script::with_tools(&["echo"]).speaking(&[]))?;
    for asked in 1..=2 {
        let called = json!({ "name": "echo", "arguments": {} });
        let answer = wrapped.client.ask("tools/call", params(&called, &json!({}))).await?;
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains("the server refused `initialize`"), "{answer}");
        assert_eq!(wrapped.server.received_method("initialize")?.len(), asked);
    }
    assert!(wrapped.server.calls()?.is_empty());
    wrapped.finish().await
}
