//! Arrays of messages: in 2025-03-26 each element is judged by itself, everywhere else there are none.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{Script, VERSIONS};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::session::{Answer, Case, Session, call, call_of, check};

const WITH: &str = "2025-03-26";

#[tokio::test]
async fn outside_their_version() -> Result<()> {
    let one = call("{}");
    let cases: Vec<Case> = [
        "[]".to_owned(),
        format!("[{one}]"),
        format!(" \t[{one},{one}]"),
        "[1]".to_owned(),
        "[[]]".to_owned(),
    ]
    .into_iter()
    .map(|sent| Case::silent(sent, "batches exist only in protocol version 2025-03-26"))
    .collect();
    for version in VERSIONS.iter().filter(|version| **version != WITH) {
        check(version, &cases).await?;
    }
    Ok(())
}

#[tokio::test]
async fn that_are_none() -> Result<()> {
    let long = format!("[{}1]", "1,".repeat(1000));
    check(
        WITH,
        &[
            Case::silent("[]", "a batch must hold a message"),
            Case::silent(" [ \t] ", "a batch must hold a message"),
            Case::silent("[", "unexpected end"),
            Case::silent("[1,]", "expected"),
            Case::silent(long, "at most 1000 messages"),
            Case::silent("[1]", "must be an object"),
            Case::silent("[[]]", "batches exist only"),
            Case::silent(b"[\"\xff\"]".as_slice(), "invalid utf-8"),
        ],
    )
    .await
}

/// One denied, one allowed, one malformed, one of a method that is none, a notification, a stray answer.
#[tokio::test]
async fn every_element_is_judged() -> Result<()> {
    let mut session = Session::start(WITH).await?;
    let before = session.arrived()?.len();
    let message = |id: &str, method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
    };
    let allowed = message("\"allowed\"", "tools/call", r#"{"name":"echo","arguments":{"n":1.0,"Id":2}}"#);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"x"}}"#;
    let elements = [
        message("\"denied\"", "tools/call", r#"{"name":"secret"}"#),
        allowed.clone(),
        message("\"twice\"", "tools/call", r#"{"name":"echo","name":"echo"}"#),
        message("\"method\"", "tools/delete", "{}"),
        message("\"again\"", "initialize", r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#),
        note.to_owned(),
        r#"{"jsonrpc":"2.0","id":99,"result":{}}"#.to_owned(),
        "7".to_owned(),
        message("\"listed\"", "tools/list", "{}"),
    ];
    session.client.send(format!(" [{}]", elements.join(" , "))).await?;
    let line = session.client.wait_for_line("the answer", |line| line.starts_with('[')).await?;
    let answers: Vec<Value> = serde_json::from_str(&line)?;
    let of = |id: &str| {
        let mut found = answers.iter().filter(|answer| answer["id"] == id);
        let first = found.next().unwrap_or_else(|| panic!("{id} is not answered: {line}"));
        assert!(found.next().is_none(), "{id} is answered twice: {line}");
        first
    };
    assert_eq!(answers.len(), 6, "{line}");
    assert_eq!(of("denied")["result"]["isError"], true);
    assert_eq!(of("allowed")["result"]["structuredContent"]["arguments"]["Id"], 2);
    assert_eq!(of("twice")["error"]["code"], -32_600);
    assert_eq!(of("method")["error"]["code"], -32_601);
    assert_eq!(of("again")["error"]["code"], -32_600);
    let tools = of("listed")["result"]["tools"].as_array().map(Vec::len);
    assert!(tools.is_some_and(|count| count > 0 && !line.contains("\"secret\"}")), "{line}");

    let arrived = session.arrived()?.split_off(before);
    assert_eq!(arrived.len(), 3, "{arrived:#?}");
    let number = |line: &String| serde_json::from_str::<Value>(line).map(|message| message["id"].to_string());
    assert_eq!(arrived[0], allowed.replace("\"allowed\"", &number(&arrived[0])?));
    assert_eq!(arrived[1], note);
    assert!(arrived[2].contains("tools/list"), "{arrived:#?}");
    for reason in [
        "is not permitted",
        "duplicate key",
        "not a method",
        "must not be part of a batch",
        "nobody asked",
        "must be an object",
    ] {
        session.expect(reason, None, Answer::Nothing, reason);
    }
    session.finish().await
}

/// A batch of which nothing is to be answered gets no answer; one whose answers come late gets them in one.
#[tokio::test]
async fn answers_come_in_one_array_or_not_at_all() -> Result<()> {
    let mut session = Session::start(WITH).await?;
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"x"}}"#;
    session.client.send(format!("[{note},{note}]")).await?;
    session.settled().await?;
    assert!(session.client.unclaimed().is_empty());

    let slow = call_of("\"file_slow\"", "{}").replace("$META", "").replace("$ID", "\"slow\"");
    let quick = call("{}").replace("$META", "").replace("$ID", "\"quick\"");
    // The second of two with one id is refused, and the first one's answer is the only one.
    session.client.send(format!("[{slow},{quick},{slow}]")).await?;
    session.expect("the id in flight", None, Answer::Nothing, "already in use");
    session.settled().await?;
    assert!(session.client.unclaimed().is_empty(), "the array waits for all its answers");
    session.release()?;
    let line = session.client.wait_for_line("the answer", |line| line.starts_with('[')).await?;
    let answers: Vec<Value> = serde_json::from_str(&line)?;
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, ["quick", "slow"]);
    session.finish().await
}

/// A client that writes and does not read is read no further, whatever its batches hold; when it reads, each
/// request has its answer.
#[tokio::test]
async fn from_a_client_that_does_not_read() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools: { echo: {} }\n";
    let argument = "y".repeat(300);
    for params in [
        format!(r#""method":"x/{argument}""#),
        format!(r#""method":"tools/call","params":{{"name":"{argument}"}}"#),
        format!(r#""method":"tools/call","params":{{"name":"echo","arguments":{{"a":"{argument}"}}}}"#),
    ] {
        let server = RecordingServer::new(&Script::default())?;
        let interlock = Interlock::with_policy(policy)?.settings("limits: { queued_bytes: 65536 }\n")?;
        let (mut child, _group) = interlock.before(&server.command()?)?.spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?).lines();
        let hello = r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{}}}"#;
        input.write_all(format!("{hello}\n").as_bytes()).await?;
        output.next_line().await?.context("no handshake")?;

        let lines: String =
            (0..40_000).map(|n| format!("[{{\"jsonrpc\":\"2.0\",\"id\":{n},{params}}}]\n")).collect();
        let mut sent = 0;
        // Where the other side reads on it takes all of it.
        while let Ok(count) = timeout(Duration::from_secs(2), input.write(&lines.as_bytes()[sent..])).await {
            sent += count?;
            ensure!(sent < lines.len(), "all was read: {}", &params[..40]);
        }
        ensure!(sent < 4 << 20, "{sent} bytes were read: {}", &params[..40]);
        let end = sent + lines[sent..].find('\n').context("a line")? + 1;
        let rest = &lines.as_bytes()[sent..end];
        let read = async {
            let mut answered = 0;
            while answered < lines[..end].lines().count() {
                let line = output.next_line().await?.context("the output ended")?;
                ensure!(line.contains("\"id\":"), "{line}");
                answered += 1;
            }
            Ok(())
        };
        let (written, read) = tokio::join!(input.write_all(rest), timeout(PATIENCE, read));
        written?;
        read.context("not everything was answered")??;
    }
    Ok(())
}
