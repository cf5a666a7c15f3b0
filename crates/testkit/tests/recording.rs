//! The recording server and the scripted client, against each other.

use std::time::Duration;

use anyhow::Result;
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::runs;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::relay::Tap;
use interlock_testkit::script::{Script, Step, VERSIONS, tool};
use serde_json::{Value, json};

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"progressToken":"p"},"name":"echo","arguments":{"a":9007199254740993}}}"#;

fn connect(script: &Script) -> Result<(RecordingServer, ScriptedClient)> {
    let server = RecordingServer::new(script)?;
    let client = ScriptedClient::spawn(&server.command()?)?;
    Ok((server, client))
}

#[tokio::test]
async fn negotiates_every_legacy_version_and_answers_the_modern_one() -> Result<()> {
    for version in VERSIONS {
        let (_server, mut client) = connect(&Script::default().speaking(&[version]))?;
        if version == "2026-07-28" {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            let list = client.ask("tools/list", json!({ "_meta": meta })).await?;
            assert_eq!(list["result"]["resultType"], "complete");
            assert_eq!(list["result"]["tools"][0]["name"], "echo");
            let refused = client.ask("initialize", json!({ "protocolVersion": "2025-11-25" })).await?;
            assert_eq!(refused["error"]["code"], -32601);
        } else {
            assert_eq!(client.initialize(version).await?["protocolVersion"], version);
            let list = client.ask("tools/list", json!({})).await?;
            assert_eq!(list["result"].get("resultType"), None);
        }
    }
    Ok(())
}

#[tokio::test]
async fn echoes_arguments_as_they_were_written_and_records_the_very_bytes() -> Result<()> {
    let (server, mut client) = connect(&Script::default())?;
    client.send(CALL).await?;
    let line = client.wait_for_line("the answer", |line| line.contains(r#""id":7"#)).await?;
    assert!(line.contains(r#""arguments":{"a":9007199254740993}"#), "{line}");
    client.send_bytes(b"\xff\xfe not json\n").await?;
    client.finish().await?;
    assert_eq!(server.received_bytes()?, [CALL.as_bytes(), b"\n\xff\xfe not json\n"].concat());
    assert_eq!(server.events()?.last().map(String::as_str), Some("end of input"));
    Ok(())
}

#[tokio::test]
async fn pages_its_lists() -> Result<()> {
    let mut script = Script::with_tools(&["a", "b", "c"]);
    script.page = 2;
    let (_server, mut client) = connect(&script)?;
    let first = client.ask("tools/list", json!({})).await?;
    assert_eq!(first["result"]["nextCursor"], "after-2");
    let second = client.ask("tools/list", json!({ "cursor": "after-2" })).await?;
    assert_eq!(
        (&second["result"]["tools"][0]["name"], second["result"].get("nextCursor")),
        (&json!("c"), None)
    );
    let refused = client.ask("tools/list", json!({ "cursor": "elsewhere" })).await?;
    assert_eq!(refused["error"]["code"], -32602);
    Ok(())
}

/// What the server writes when a call of `echo` runs these steps, up to the line that contains `last`.
async fn check(steps: Vec<Step>, last: &str, expected: &[&str]) -> Result<()> {
    let (_server, mut client) = connect(&Script::default().on("tools/call", steps))?;
    client.send(CALL).await?;
    let end = client.wait_for_line("the last line", |line| line.contains(last)).await?;
    let mut lines = client.unclaimed();
    lines.push(end);
    assert_eq!(lines, expected);
    Ok(())
}

fn line(text: &str) -> Step {
    Step::Line { text: text.to_owned() }
}

#[tokio::test]
async fn misbehaves_as_told() -> Result<()> {
    let twice = r#"{"content":[],"content":[]}"#;
    check(
        vec![Step::Result { text: twice.to_owned() }],
        "content",
        &[r#"{"jsonrpc":"2.0","id":7,"result":{"content":[],"content":[]}}"#],
    )
    .await?;
    check(vec![line("garbage"), line("$ID $TOKEN")], "7 ", &["garbage", r#"7 "p""#]).await?;
    check(
        vec![Step::Error { code: -1, message: "no".to_owned() }],
        "error",
        &[r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#],
    )
    .await?;
    let progress = |done| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"p","progress":{done},"total":2}}}}"#
        )
    };
    check(vec![Step::Progress { total: 2 }, line("end")], "end", &[&progress(1), &progress(2), "end"])
        .await?;
    check(vec![Step::Flood { times: 3, text: "z".to_owned() }, line("end")], "end", &{
        let mut lines = vec!["z"; 64];
        lines.push("end");
        lines
    })
    .await
}

#[tokio::test]
async fn asks_the_client_and_waits_for_its_answer() -> Result<()> {
    let ask = Step::Ask { id: "\"q\"".to_owned(), method: "roots/list".to_owned(), params: json!({}) };
    let (_server, mut client) = connect(&Script::default().on("tools/call", [ask, line("got $ANSWER")]))?;
    client.send(CALL).await?;
    let question = client.wait_for("the question", |message| message["method"] == "roots/list").await?;
    assert_eq!(question["id"], "q");
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}"#;
    client.send(answer).await?;
    client.wait_for_line("the echo", |line| line == format!("got {answer}")).await?;
    Ok(())
}

#[tokio::test]
async fn a_waiting_call_holds_up_no_other() -> Result<()> {
    let script = Script::with_tools(&["slow", "echo"])
        .on("tools/call:slow", [Step::AwaitLine { contains: "release".to_owned() }, Step::Answer]);
    let (server, mut client) = connect(&script)?;
    let slow = client.request("tools/call", json!({ "name": "slow", "arguments": {} })).await?;
    assert_eq!(client.call("echo", json!({})).await?["result"]["structuredContent"]["tool"], "echo");
    client.notify("notifications/release", Value::Null).await?;
    client.response(&json!(slow)).await?;
    assert_eq!(server.calls()?, [("slow".to_owned(), json!({})), ("echo".to_owned(), json!({}))]);
    Ok(())
}

#[tokio::test]
async fn changes_its_tools_exits_and_crashes() -> Result<()> {
    let script = Script::default()
        .on("tools/call:echo", [Step::SetTools { tools: vec![tool("new", &["x"])] }, Step::Answer])
        .after(3, [Step::Exit { code: 7 }]);
    let (_server, mut client) = connect(&script)?;
    client.call("echo", json!({})).await?;
    let list = client.ask("tools/list", json!({})).await?;
    assert_eq!(list["result"]["tools"][0]["inputSchema"]["required"], json!(["x"]));
    client.request("ping", json!({})).await?;
    assert_eq!(client.wait().await?.code(), Some(7));

    let (server, mut client) = connect(&Script::default().on("ping", [Step::Crash]))?;
    client.request("ping", json!({})).await?;
    assert_eq!(client.wait().await?.code(), None);
    assert_eq!(server.pids()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_dropped_client_leaves_no_process() -> Result<()> {
    let (server, client) = connect(&Script::default())?;
    server.wait_until("the start", Duration::from_secs(10), |server| Ok(!server.pids()?.is_empty())).await?;
    let pid = server.pids()?[0];
    assert!(runs(pid));
    drop(client);
    server.wait_until("the end", Duration::from_secs(10), |_| Ok(!runs(pid))).await
}

#[tokio::test]
async fn the_relay_copies_and_records_both_ways() -> Result<()> {
    let server = RecordingServer::new(&Script::default())?;
    let directory = tempfile::tempdir()?;
    let tap = Tap::new(directory.path());
    let mut client = ScriptedClient::spawn(&tap.before(&server.command()?)?)?;
    client.send(CALL).await?;
    let answer = client.wait_for_line("the answer", |line| line.contains(r#""id":7"#)).await?;
    assert!(client.finish().await?.success());
    assert_eq!((tap.to_server()?, tap.to_client()?), (vec![CALL.to_owned()], vec![answer]));
    assert_eq!(server.received()?, [CALL]);
    Ok(())
}
