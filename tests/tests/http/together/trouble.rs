//! What one server can do to the others: nothing.

use anyhow::Result;
use interlock_testkit::http::Request;
use interlock_testkit::script::{Script, Step};
use serde_json::json;

use super::many::{Many, PATIENCE, names};

#[tokio::test]
async fn a_server_that_crashes_fails_its_own_call_and_is_there_again() -> Result<()> {
    let crashing = Script::with_tools(&["crash", "read"]).on("tools/call:crash", [Step::Crash]);
    let many = Many::start(&[("a", crashing), ("b", Script::with_tools(&["read"]))], &[]).await?;
    let session = many.session().await?;
    let crashed = session.call("a__crash").await?;
    assert!(crashed["error"].is_object(), "{crashed}");
    assert!(session.call("b__read").await?["result"].is_object());
    // Its session of before has ended; another begins with the next request.
    let mut again = session.call("a__read").await?;
    while again["error"].is_object() {
        again = session.call("a__read").await?;
    }
    assert_eq!(many.server("a")?.pids()?.len(), 2);
    assert_eq!(many.server("b")?.pids()?.len(), 1, "the other has noticed nothing");
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_start_is_named_and_the_others_are_there() -> Result<()> {
    let mut many = Many::start(&[("b", Script::with_tools(&["read"]))], &[]).await?;
    let config = std::fs::read_to_string(many.site.config())?;
    let config = config
        .replace("servers:\n", "servers:\n  gone: { command: /nonexistent/server }\n")
        .replace("b: b.yaml", "b: b.yaml, gone: b.yaml");
    many.site.write("interlock.yaml", &config)?;
    many.serving = many.site.serve(|command| command).await?;
    let session = many.session().await?;
    let listed = session.ask("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["b__read"], "{listed}");
    assert_eq!(listed["result"]["_meta"]["interlock/unavailable"][0]["server"], "gone", "{listed}");
    assert!(session.call("gone__read").await?["error"].is_object());
    assert!(session.call("b__read").await?["result"].is_object());
    Ok(())
}

#[tokio::test]
async fn a_server_that_never_answers_holds_up_nobody() -> Result<()> {
    let path = tempfile::tempdir()?;
    let go = path.path().join("go");
    let waits = Step::AwaitFile { path: go.display().to_string() };
    let hanging = Script::with_tools(&["read"]).on("initialize", [waits, Step::Answer]);
    let many = Many::start_with(
        &[("a", hanging), ("b", Script::with_tools(&["read"]))],
        &[],
        "limits: { together_seconds: 1 }\n",
    )
    .await?;
    let session = many.session().await?;
    assert_eq!(session.greeted["_meta"]["interlock/unavailable"][0]["server"], "a", "{}", session.greeted);
    // A call waits for its own server, and the other's calls do not wait with it.
    let waiting = session.request(9, "tools/call", &json!({ "name": "a__read", "arguments": {} }));
    let mut waiting = waiting.open(&many.serving.address).await?;
    assert!(session.call("b__read").await?["result"].is_object());
    let listed = session.ask("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["b__read"], "{listed}");
    let mut stream = session.stream().open(&many.serving.address).await?;
    std::fs::write(&go, "")?;
    waiting.until("\"result\"").await?;
    stream.until("notifications/tools/list_changed").await?;
    let listed = session.ask("tools/list", &json!({})).await?;
    assert_eq!(names(&listed, "tools", "name"), ["a__read", "b__read"], "{listed}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_floods_takes_no_room_but_its_own() -> Result<()> {
    let noise = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"noise noise noise noise noise noise noise noise noise"}}"#;
    let flooding = Script::with_tools(&["flood"]).on(
        "tools/call:flood",
        [
            Step::Answer,
            Step::Flood { times: 40_000, text: noise.to_owned() },
            Step::SetTools { tools: vec![] },
        ],
    );
    let quiet = Script::with_tools(&["read"]).on(
        "tools/call:read",
        [
            Step::Notify { method: "notifications/tools/list_changed".to_owned(), params: json!({}) },
            Step::Answer,
        ],
    );
    let many = Many::start(&[("a", flooding), ("b", quiet)], &[]).await?;
    let session = many.session().await?;
    assert!(session.call("b__read").await?["result"].is_object());
    assert!(session.call("a__flood").await?["result"].is_object());
    for _ in 0..16 {
        assert!(session.call("b__read").await?["result"].is_object());
    }
    many.server("b")?.wait_until("the calls", PATIENCE, |server| Ok(server.calls()?.len() == 17)).await?;
    // What the quiet one said before is still there for who listens only now.
    let mut stream = session.stream().open(&many.serving.address).await?;
    stream.until("notifications/tools/list_changed").await?;
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_cancelled_is_cancelled_where_it_went() -> Result<()> {
    let waits = Script::with_tools(&["wait"]).on("tools/call:wait", []);
    let many = Many::start(&[("a", waits.clone()), ("b", waits)], &[]).await?;
    let session = many.session().await?;
    let waiting = session.request(5, "tools/call", &json!({ "name": "a__wait", "arguments": {} }));
    let _open = waiting.open(&many.serving.address).await?;
    many.server("a")?.wait_until("the call", PATIENCE, |server| Ok(server.calls()?.len() == 1)).await?;
    let cancelled =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } });
    session.tell(&cancelled).await?;
    let told = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(server.received_method("notifications/cancelled")?.len() == 1)
    };
    many.server("a")?.wait_until("the cancellation", PATIENCE, told).await?;
    assert_eq!(many.server("b")?.received_method("notifications/cancelled")?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_session_ends_with_all_its_servers_and_is_nobody_else_s() -> Result<()> {
    let many = Many::start(&[("a", Script::default()), ("b", Script::default())], &[]).await?;
    let session = many.session().await?;
    assert!(session.call("a__echo").await?["result"].is_object());
    let elsewhere = Request::post(
        &many.serving.address,
        "/mcp/a",
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string(),
    );
    assert_eq!(many.send(&elsewhere.header("Mcp-Session-Id", &session.name)).await?.status, 404);
    let ended = Request::new(&many.serving.address, "DELETE", "/mcp").header("Mcp-Session-Id", &session.name);
    assert_eq!(many.send(&ended).await?.status, 204);
    for server in ["a", "b"] {
        let gone = |server: &interlock_testkit::recording::RecordingServer| {
            Ok(server.events()?.iter().any(|event| event == "end of input"))
        };
        many.server(server)?.wait_until("its end", PATIENCE, gone).await?;
    }
    let after = many.send(&session.request(2, "tools/list", &json!({}))).await?;
    assert_eq!(after.status, 404, "{after:?}");
    Ok(())
}
