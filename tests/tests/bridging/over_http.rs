//! A client over HTTP before a server of the other era.

use anyhow::{Context, Result};
use interlock_testkit::command::Command;
use interlock_testkit::http::Request;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{LEGACY, Script};
use interlock_testkit::serving::Site;
use serde_json::{Value, json};

/// A modern request with the headers that go with it.
pub fn modern(address: &str, id: u64, method: &str, params: &Value) -> Request {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let request = Request::post(address, "/mcp/recording", &message.to_string())
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method);
    match params["name"].as_str() {
        Some(name) => request.header("Mcp-Name", name),
        None => request,
    }
}

/// The server's entry in the file.
pub fn entry(command: &Command) -> Result<Value> {
    let words: Option<Vec<&str>> = command.line.iter().map(|word| word.to_str()).collect();
    let words = words.context("a word is not UTF-8")?;
    let (program, args) = words.split_first().context("no command")?;
    Ok(json!({ "command": program, "args": args }))
}

fn site(command: &Command) -> Result<Site> {
    let server = entry(command)?;
    let config = format!(
        "servers:\n  recording: {server}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n"
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    Ok(site)
}

#[tokio::test]
async fn a_modern_client_and_a_legacy_stdio_server() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]).speaking(LEGACY))?;
    let site = site(&server.command()?)?;
    let serving = site.serve(|command| command).await?;
    let address = serving.address.clone();
    let called = json!({ "name": "echo", "arguments": { "a": 1 } });
    let answer = modern(&address, 1, "tools/call", &called).send(&address).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.answer()?;
    assert_eq!(answer["result"]["structuredContent"]["arguments"]["a"], 1, "{answer}");
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    assert_eq!(server.received_method("initialize")?.len(), 1);
    assert_eq!(server.calls()?.len(), 1);
    serving.stop().await
}
