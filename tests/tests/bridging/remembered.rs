//! The era of a server is found out once and remembered, until the server says otherwise.

use anyhow::{Context, Result};
use interlock_testkit::http::Request;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::recording_http::{RecordingHttp, Speaks};
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};

use crate::over_http::modern;

async fn before(server: &RecordingHttp) -> Result<(Site, Serving)> {
    let config = format!(
        "servers:\n  recording: {}\ngrants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n",
        json!({ "url": server.url })
    );
    let site = Site::new(&config)?;
    site.write("allow.yaml", ALLOW_ALL)?;
    let serving = site.serve(|command| command).await?;
    Ok((site, serving))
}

fn echo() -> Value {
    json!({ "name": "echo", "arguments": {} })
}

/// How often the server was asked these.
fn asked(server: &RecordingHttp) -> (usize, usize) {
    (server.of_method("server/discover").len(), server.of_method("initialize").len())
}

/// Modern clients share a connection with those who can be asked the same; each of these has its own.
#[tokio::test]
async fn for_modern_clients() -> Result<()> {
    let server = RecordingHttp::start(Speaks::Legacy).await?;
    let (_site, serving) = before(&server).await?;
    let mut declared = ["roots", "sampling", "elicitation"].into_iter();
    let mut call = async || -> Result<Value> {
        let capability = declared.next().context("no more")?;
        let with = format!("\"io.modelcontextprotocol/clientCapabilities\":{{\"{capability}\":{{}}}}");
        let call = modern(&serving.address, 1, "tools/call", &echo())
            .replacing("\"io.modelcontextprotocol/clientCapabilities\":{}", &with);
        call.send(&serving.address).await?.answer()
    };
    for initialized in [1, 2] {
        let answer = call().await?;
        assert_eq!(answer["result"]["content"][0]["text"], "here", "{answer}");
        assert_eq!(asked(&server), (1, initialized), "asked once, whoever connects");
    }
    server.becomes(Speaks::Modern);
    let answer = call().await?;
    assert_eq!(answer["result"]["content"][0]["text"], "here", "it was upgraded: {answer}");
    assert_eq!(asked(&server), (2, 3), "it was asked again");
    serving.stop().await
}

#[tokio::test]
async fn for_legacy_clients() -> Result<()> {
    let server = RecordingHttp::start(Speaks::Modern).await?;
    let (_site, serving) = before(&server).await?;
    let call = async || -> Result<Value> {
        let post = |message: Value| Request::post(&serving.address, "/mcp/recording", &message.to_string());
        let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
        let begun = post(begin).send(&serving.address).await?;
        let session = begun.header("mcp-session-id").with_context(|| format!("{begun:?}"))?.to_owned();
        let post = |message: Value| post(message).header("Mcp-Session-Id", &session);
        post(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .send(&serving.address)
            .await?;
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": echo() });
        post(call).send(&serving.address).await?.answer()
    };
    for discovered in [1, 2] {
        let answer = call().await?;
        assert_eq!(answer["result"]["content"][0]["text"], "here", "{answer}");
        assert_eq!(asked(&server), (discovered, 1), "`initialize` was tried once, whoever connects");
    }
    server.becomes(Speaks::Legacy);
    let answer = call().await?;
    assert_eq!(answer["result"]["content"][0]["text"], "here", "it is another now: {answer}");
    assert_eq!(asked(&server).1, 2, "it was asked again");
    serving.stop().await
}
