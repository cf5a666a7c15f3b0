//! Sessions of legacy clients and requests of modern ones.

use anyhow::{Context, Result};
use interlock_testkit::http::Request;
use interlock_testkit::script::Script;
use serde_json::json;

use crate::scene::{Scene, call, initialize, modern, records};

const ANYONE: &str = "anonymous: team\n";

#[tokio::test]
async fn a_legacy_session_goes_from_the_handshake_to_its_end() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let session = scene.initialize(None).await?;
    let answered = scene.send(&scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session)).await?;
    assert_eq!(answered.status, 200, "{answered:?}");
    assert_eq!(answered.answer()?["id"], 2);
    assert_eq!(scene.server.calls()?.len(), 1);
    let ended =
        Request::new(&scene.serving.address, "DELETE", "/mcp/recording").header("Mcp-Session-Id", &session);
    assert_eq!(scene.send(&ended).await?.status, 204);
    let after = scene.send(&scene.post(&call(3, "echo")).header("Mcp-Session-Id", &session)).await?;
    assert_eq!(after.status, 404, "{after:?}");
    assert_eq!(scene.server.calls()?.len(), 1);
    scene.serving.stop().await?;
    let path = scene.site.path();
    assert_eq!(records(path, "intent").await?.len(), 1);
    assert_eq!(records(path, "outcome").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn modern_requests_stand_by_themselves_and_may_share_their_identifiers() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let address = &scene.serving.address;
    let request = |tool: &str| modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
    let several = ["echo"; 8].map(request);
    let mut open = Vec::new();
    for request in &several {
        open.push(request.open(address).await?);
    }
    for mut stream in open {
        let text = stream.to_end().await?.to_owned();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains(r#""id":1,"#), "{text}");
    }
    assert_eq!(scene.server.calls()?.len(), 8);
    assert_eq!(scene.server.pids()?.len(), 1, "they share one server");
    Ok(())
}

#[tokio::test]
async fn what_a_session_is_not_is_refused() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let session = scene.initialize(None).await?;
    for (what, request, status) in [
        ("no session", scene.post(&call(2, "echo")), 400),
        ("an unknown one", scene.post(&call(2, "echo")).header("Mcp-Session-Id", "0123456789abcdef"), 404),
        (
            "two of them",
            scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session).also("Mcp-Session-Id", &session),
            400,
        ),
        (
            "another version",
            scene
                .post(&call(2, "echo"))
                .header("Mcp-Session-Id", &session)
                .header("MCP-Protocol-Version", "2025-03-26"),
            400,
        ),
        ("a GET without one", Request::new(&scene.serving.address, "GET", "/mcp/recording"), 405),
        ("a DELETE without one", Request::new(&scene.serving.address, "DELETE", "/mcp/recording"), 405),
    ] {
        let response = scene.send(&request).await?;
        assert_eq!(response.status, status, "{what}: {response:?}");
    }
    assert_eq!(scene.server.calls()?.len(), 0);
    // The twin.
    let twin = scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session);
    let twin = scene.send(&twin.header("MCP-Protocol-Version", "2025-11-25")).await?;
    assert_eq!(twin.status, 200, "{twin:?}");
    Ok(())
}

#[tokio::test]
async fn headers_that_disagree_with_a_modern_body_are_refused() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let address = &scene.serving.address;
    let request = || modern(address, 1, "tools/call", &json!({ "name": "echo", "arguments": {} }));
    for (what, request) in [
        ("no version", request().without("MCP-Protocol-Version")),
        ("another version", request().header("MCP-Protocol-Version", "2025-11-25")),
        ("no method", request().without("Mcp-Method")),
        ("another method", request().header("Mcp-Method", "tools/list")),
        ("no name", request().without("Mcp-Name")),
        ("another name", request().header("Mcp-Name", "other")),
        ("two names", request().also("Mcp-Name", "echo")),
    ] {
        let response = scene.send(&request).await?;
        assert_eq!(response.status, 400, "{what}: {response:?}");
    }
    assert_eq!(scene.server.calls()?.len(), 0);
    assert_eq!(scene.send(&request()).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_session_s_own_stream_carries_what_the_server_says_of_its_own() -> Result<()> {
    use interlock_testkit::script::Step;
    let changed = Step::Notify { method: "notifications/tools/list_changed".to_owned(), params: json!({}) };
    let mut script = Script::with_tools(&["echo"]);
    script.on.insert("tools/call:echo".to_owned(), vec![changed, Step::Answer]);
    let scene = Scene::start(&script, ANYONE).await?;
    let session = scene.initialize(None).await?;
    let listen = Request::new(&scene.serving.address, "GET", "/mcp/recording")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", &session);
    let mut stream = listen.open(&scene.serving.address).await?;
    let head = stream.until("\r\n\r\n").await?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    scene.send(&scene.post(&call(2, "echo")).header("Mcp-Session-Id", &session)).await?;
    let text = stream.until("notifications/tools/list_changed").await?.to_owned();
    assert!(text.contains("id: 1\n"), "{text}");
    // Whoever comes back with what they have seen gets what came after it, and nothing twice.
    scene.send(&scene.post(&call(3, "echo")).header("Mcp-Session-Id", &session)).await?;
    let mut again = listen.header("Last-Event-ID", "1").open(&scene.serving.address).await?;
    let text = again.until("id: 2\n").await?;
    assert!(!text.contains("id: 1\n"), "{text}");
    stream.to_end().await.context("a newer stream takes the place of the older")?;
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_fails_begins_nothing() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]).speaking(&[]), ANYONE).await?;
    let response = scene.send(&scene.post(&initialize("2025-11-25"))).await?;
    assert_eq!(response.header("mcp-session-id"), None, "{response:?}");
    assert!(response.answer()?["error"].is_object(), "{response:?}");
    Ok(())
}

#[tokio::test]
async fn callers_that_choose_the_same_progress_token_hear_of_their_own_call_alone() -> Result<()> {
    use interlock_testkit::script::Step;
    let mut script = Script::with_tools(&["first", "second"]);
    let waits = Step::AwaitLine { contains: "\"second\"".to_owned() };
    script.on.insert("tools/call:first".to_owned(), vec![waits, Step::Progress { total: 2 }, Step::Answer]);
    let scene = Scene::start(&script, ANYONE).await?;
    let address = &scene.serving.address;
    let asked = |tool: &str| {
        let request = modern(address, 1, "tools/call", &json!({ "name": tool, "arguments": {} }));
        request.replacing(r#""_meta":{"#, r#""_meta":{"progressToken":7,"#)
    };
    let mut first = asked("first").open(address).await?;
    scene
        .server
        .wait_until("the first call", std::time::Duration::from_secs(20), |server| {
            Ok(server.calls()?.len() == 1)
        })
        .await?;
    let mut second = asked("second").open(address).await?;
    let second = second.to_end().await?.to_owned();
    assert!(!second.contains("notifications/progress"), "{second}");
    let first = first.to_end().await?.to_owned();
    assert_eq!(first.matches("notifications/progress").count(), 2, "{first}");
    assert_eq!(first.matches(r#""progressToken":7"#).count(), 2, "{first}");
    Ok(())
}

#[tokio::test]
async fn an_identifier_may_be_text_and_errors_keep_their_status() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let address = &scene.serving.address;
    let request = modern(address, 1, "no/such/method", &json!({})).replacing("\"id\":1", "\"id\":\"abc\"");
    let response = scene.send(&request).await?;
    assert_eq!(response.status, 404, "{response:?}");
    assert_eq!(response.answer()?["id"], "abc");
    Ok(())
}

#[tokio::test]
async fn a_call_that_takes_long_is_kept_open() -> Result<()> {
    use interlock_testkit::script::Step;
    let mut script = Script::with_tools(&["slow", "goes on"]);
    let waits = Step::AwaitLine { contains: "\"goes on\"".to_owned() };
    script.on.insert("tools/call:slow".to_owned(), vec![waits, Step::Answer]);
    let scene = Scene::start(&script, &format!("{ANYONE}limits: {{ keep_alive_seconds: 1 }}\n")).await?;
    let address = &scene.serving.address;
    let slow = modern(address, 1, "tools/call", &json!({ "name": "slow", "arguments": {} }));
    let mut slow = slow.open(address).await?;
    // The head has come, and a sign of life, while the server is silent.
    slow.until(":\n\n").await?;
    let wakes = modern(address, 2, "tools/call", &json!({ "name": "goes on", "arguments": {} }));
    scene.send(&wakes).await?;
    slow.until("\"result\"").await?;
    Ok(())
}

/// Modern requests of one grant share a connection, and each says itself what its client is.
#[tokio::test]
async fn a_request_is_judged_by_what_its_own_client_calls_itself() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["echo"]), ANYONE).await?;
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  \
        echo: { require: [{ path: client.name, op: eq, value: trusted }] }\n";
    scene.site.write("allow.yaml", policy)?;
    let address = &scene.serving.address;
    let called = |id: u64, client: &str| {
        let request = modern(address, id, "tools/call", &json!({ "name": "echo", "arguments": {} }));
        let info = format!(r#""io.modelcontextprotocol/clientInfo":{{"name":"{client}","version":"1"}},"#);
        request.replacing(r#""_meta":{"#, &format!(r#""_meta":{{{info}"#))
    };
    // Until the policy is in force.
    let deadline = tokio::time::Instant::now() + interlock_testkit::client::PATIENCE;
    while scene.send(&called(1, "nobody")).await?.answer()?["result"]["isError"] != true {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "the policy is not in force");
    }
    let before = scene.server.calls()?.len();
    for (id, client, passes) in [(2, "trusted", true), (3, "other", false), (4, "trusted", true)] {
        let answer = scene.send(&called(id, client)).await?.answer()?;
        assert_eq!(answer["result"]["isError"] != true, passes, "{client}: {answer}");
    }
    assert_eq!(scene.server.calls()?.len(), before + 2);
    scene.serving.stop().await?;
    let intents = records(scene.site.path(), "intent").await?;
    let last: Vec<_> = intents.iter().rev().take(2).map(|record| &record["client"]).collect();
    assert_eq!(last, ["trusted/1", "trusted/1"]);
    Ok(())
}
