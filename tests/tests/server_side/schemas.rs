//! Calls held to the tool's own schema, which the gateway has read itself.

use anyhow::Result;
use interlock_testkit::script::Script;
use interlock_tests::wrapped::Wrapped;
use serde_json::json;

const POLICY: &str = "version: \"1\"\ndefault: deny\nall_tools:\n  validate: { schema: true, unknown_args: deny }\ntools: { charge: {}, hostile: {}, remote: {}, plain: {} }\n";

/// What the server says of its tools: one soundly, one so that judging takes for ever, one with a schema elsewhere,
/// one nothing.
fn script() -> Script {
    let mut levels = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
        levels.insert(format!("d{level}"), json!({ "anyOf": [next, next] }));
    }
    levels.insert("d40".to_owned(), json!(false));
    let charge = json!({
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": { "type": "integer", "maximum": 9_007_199_254_740_992_u64 },
            "currency": { "enum": ["usd", "eur"] },
        },
    });
    let tools = vec![
        json!({ "name": "charge", "inputSchema": charge }),
        json!({ "name": "hostile", "inputSchema": { "$ref": "#/$defs/d0", "$defs": levels } }),
        json!({ "name": "remote", "inputSchema": { "$ref": "http://127.0.0.1:9/schema.json" } }),
        json!({ "name": "plain" }),
    ];
    Script { tools, ..Script::default() }
}

/// Calls with arguments as they are written here.
async fn call(wrapped: &mut Wrapped, id: u64, name: &str, arguments: &str) -> Result<String> {
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#
    );
    wrapped.client.send(line).await?;
    let answer = wrapped.client.response(&json!(id)).await?;
    let text = answer["result"]["content"][0]["text"].as_str().map(str::to_owned);
    Ok(text.unwrap_or_else(|| answer.to_string()))
}

#[tokio::test]
async fn what_does_not_fit_does_not_reach_the_server() -> Result<()> {
    let mut wrapped = Wrapped::connect(POLICY, "{}", &script()).await?;
    let denied = [
        ("charge", "{}", "required argument \"amount\" is missing"),
        ("charge", r#"{"amount":"5"}"#, "argument \"amount\" must be a whole number, not text"),
        ("charge", r#"{"amount":9007199254740993}"#, "argument \"amount\" must be at most 9007199254740992"),
        (
            "charge",
            r#"{"amount":5,"currency":"gbp"}"#,
            "argument \"currency\" must be one of \"usd\", \"eur\"",
        ),
        ("charge", r#"{"amount":5,"Amount":6}"#, "argument \"Amount\" is not declared by the tool"),
        ("plain", r#"{"x":1}"#, "argument \"x\" is not declared by the tool"),
        ("hostile", "{}", "the arguments take too much work to compare with the tool's schema"),
        (
            "remote",
            "{}",
            "the tool's schema cannot be used: it refers to \"http://127.0.0.1:9/schema.json\", which it does not hold",
        ),
    ];
    for (id, (name, arguments, reason)) in (1_000..).zip(denied) {
        let said = call(&mut wrapped, id, name, arguments).await?;
        assert_eq!(said, format!("[INTERLOCK DENIED] {reason}"), "{name} {arguments}");
    }
    assert_eq!(wrapped.server.calls()?.len(), 0);
    for (id, name, arguments) in
        [(2_000, "charge", r#"{"amount":5.0,"currency":"eur"}"#), (2_001, "plain", "{}")]
    {
        assert_eq!(call(&mut wrapped, id, name, arguments).await?, name, "{arguments}");
    }
    assert_eq!(wrapped.server.calls()?.len(), 2);
    wrapped.refusals(denied.len()).await?;
    wrapped.finish().await
}
