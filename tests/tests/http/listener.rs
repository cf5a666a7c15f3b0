//! What the listener refuses before anything is judged, each with a twin that passes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::{Request, send_bytes};
use interlock_testkit::script::Script;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::scene::{Scene, call, initialize, modern};

const ANYONE: &str = "anonymous: team\nhosts: [gateway.example]\norigins: [\"https://app.example\"]\n";

#[tokio::test]
async fn what_no_client_sends_is_refused_and_reaches_nobody() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let address = scene.serving.address.clone();
    let good = || modern(&address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    let at = |path: &str| Request::post(&address, path, "{}");
    for (what, request, status) in [
        ("another host", good().header("Host", "attacker.example"), 403),
        ("no host", good().without("Host"), 400),
        ("two hosts", good().also("Host", &address), 400),
        ("a page of another site", good().header("Origin", "https://attacker.example"), 403),
        ("an opaque origin", good().header("Origin", "null"), 403),
        ("another media type", good().header("Content-Type", "text/plain"), 415),
        ("no media type", good().without("Content-Type"), 415),
        ("another charset", good().header("Content-Type", "application/json; charset=utf-16"), 415),
        ("an encoded body", good().header("Content-Encoding", "gzip"), 415),
        ("accepts no stream", good().header("Accept", "application/json"), 406),
        ("accepts no JSON", good().header("Accept", "text/event-stream"), 406),
        ("another method", Request::new(&address, "PUT", "/mcp/recording"), 405),
        ("no server", at("/mcp/"), 404),
        ("an unknown server", at("/mcp/other"), 404),
        ("a server that only looks like one", at("/mcp/recording/"), 404),
        ("an encoded name", at("/mcp/%72ecording"), 404),
        ("another path", at("/"), 404),
        ("a token of another kind", good().header("Authorization", "Basic dXNlcjpwYXNz"), 401),
        ("a token that nobody has", good().header("Authorization", "Bearer ilk_00"), 401),
        ("not JSON", good().body("{"), 400),
        ("a batch", good().body("[]"), 400),
        ("duplicate keys", good().body(r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#), 400),
    ] {
        let response = scene.send(&request).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
    }
    assert_eq!(scene.server.received()?.len(), 0, "nothing arrived");
    for (what, request) in [
        ("as it is", good()),
        ("another name of its own", good().header("Host", "gateway.example")),
        ("a page that may", good().header("Origin", "https://app.example")),
        ("a charset", good().header("Content-Type", "application/json; charset=utf-8")),
        ("everything accepted", good().header("Accept", "*/*")),
    ] {
        let response = scene.send(&request).await?;
        assert_eq!(response.status, 200, "{what}: {response:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() -> Result<()> {
    let more = format!("{ANYONE}limits: {{ message_bytes: 2000 }}\n");
    let scene = Scene::start(&Script::with_tools(&["echo"]), &more).await?;
    let address = &scene.serving.address;
    let sized = |bytes: usize| {
        let params = json!({ "name": "echo", "arguments": { "text": "x".repeat(bytes) } });
        modern(address, 1, "tools/call", &params)
    };
    assert_eq!(scene.send(&sized(3_000)).await?.status, 413);
    assert_eq!(scene.send(&sized(500)).await?.status, 200);
    assert_eq!(scene.server.calls()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn two_lengths_make_no_second_request() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let address = &scene.serving.address;
    let inner = initialize("2025-11-25").to_string();
    let smuggled = format!("POST /mcp/recording HTTP/1.1\r\nHost: {address}\r\n\r\n{inner}");
    for head in [
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n",
        "Content-Length: 00x1\r\n",
    ] {
        let text = format!(
            "POST /mcp/recording HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: */*\r\n{head}\r\n{smuggled}"
        );
        let response = send_bytes(address, text.as_bytes()).await?;
        assert!(response.status >= 400, "{head}: {response:?}");
        assert!(!response.body.contains("\"result\""), "{head}: {response:?}");
    }
    assert_eq!(scene.server.received()?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_caller_that_closes_its_stream_withdraws_its_call() -> Result<()> {
    use interlock_testkit::script::Step;
    let mut script = Script::with_tools(&["slow"]);
    let waits = Step::AwaitLine { contains: "notifications/cancelled".to_owned() };
    script.on.insert("tools/call:slow".to_owned(), vec![waits, Step::Answer]);
    let scene = Scene::start(&script, ANYONE).await?;
    let address = &scene.serving.address;
    let request = modern(address, 1, "tools/call", &json!({ "name": "slow", "arguments": {} }));
    let stream = request.open(address).await?;
    let arrived = |server: &interlock_testkit::recording::RecordingServer| Ok(server.calls()?.len() == 1);
    scene.server.wait_until("the call", Duration::from_secs(20), arrived).await?;
    drop(stream);
    let told = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(server.received_method("notifications/cancelled")?.len() == 1)
    };
    scene.server.wait_until("the cancellation", Duration::from_secs(20), told).await
}

/// What a legacy client sent before it left is still taken. While its server takes none of it, that is some of what its
/// grant may have under way.
#[tokio::test]
async fn what_callers_leave_behind_counts_among_their_requests() -> Result<()> {
    let server = "servers:\n  recording: { command: sleep, args: [\"3600\"] }\n";
    let site = interlock_testkit::serving::Site::new(&format!(
        "{server}grants:\n  team: {{ servers: {{ recording: allow.yaml }} }}\nanonymous: team\n\
         limits: {{ requests_of_grant: 4, queued_bytes: 1024, keep_alive_seconds: 1 }}\n"
    ))?;
    site.write("allow.yaml", "version: \"1\"\ndefault: allow\n")?;
    let serving = site.serve(|command| command).await?;
    let address = &serving.address;
    let post = |message: &serde_json::Value| Request::post(address, "/mcp/recording", &message.to_string());
    let mut opened = post(&initialize("2025-06-18")).open(address).await?;
    let head = opened.until("\r\n\r\n").await?;
    let session = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
    let session = session.context("no session")?.trim().to_owned();
    let large = json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed",
        "params": { "_meta": { "x": "x".repeat(200_000) } } });
    let large = post(&large).header("Mcp-Session-Id", &session);
    let probe = post(&call(2, "echo")).header("Mcp-Session-Id", "none");
    assert_eq!(probe.send(address).await?.status, 404);
    let deadline = tokio::time::Instant::now() + interlock_testkit::client::PATIENCE;
    while probe.send(address).await?.status != 429 {
        ensure!(tokio::time::Instant::now() < deadline, "there is no end to what is left behind");
        // All of it, and nobody waits for what comes of it.
        let mut leaves = tokio::net::TcpStream::connect(address).await?;
        leaves.write_all(&large.kept()).await?;
        leaves.shutdown().await?;
    }
    Ok(())
}
