//! What a server may not send, and what becomes of it.

use std::time::Duration;

use anyhow::Result;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::{VERSION, Wrapped};
use serde_json::{Value, json};

const REFUSED_ANSWER: i64 = 50_201;
const TOO_LATE: i64 = 50_400;

fn line(text: &str) -> Step {
    Step::Line { text: text.to_owned() }
}

fn result(text: &str) -> Step {
    Step::Result { text: text.to_owned() }
}

/// Calls `odd`, on which the server does `steps`, and gives the answer, the outcomes and the refusals. A call
/// behind it must work.
async fn odd(steps: Vec<Step>, settings: &str) -> Result<(Value, Vec<Value>, Vec<Value>)> {
    let script = Script::with_tools(&["odd", "echo"]).on("tools/call:odd", steps);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, settings, &script).await?;
    let answer = wrapped.client.call("odd", json!({})).await?;
    let after = wrapped.client.call("echo", json!({})).await?;
    assert_eq!(after["result"]["structuredContent"]["tool"], "echo", "{after}");
    let unasked = wrapped.client.unclaimed();
    assert!(unasked.is_empty(), "{unasked:#?}");
    wrapped.finish().await?;
    let outcomes = wrapped.outcomes(2).await?;
    let refusals = wrapped.interlock.records_of("refusal").await?;
    assert!(refusals.iter().all(|refusal| refusal["category"] == "server"), "{refusals:#?}");
    Ok((answer, outcomes, refusals))
}

/// An answer that is certainly one to this call, and no message: its asker gets an error, the log says why.
async fn refused(steps: Vec<Step>, reason: &str) -> Result<()> {
    let (answer, outcomes, refusals) = odd(steps, "{}").await?;
    assert_eq!(answer["error"]["code"], REFUSED_ANSWER, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains(reason)), "{answer}");
    assert_eq!(outcomes[0]["status"], "blocked", "{outcomes:#?}");
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert!(refusals[0]["reason"].as_str().is_some_and(|text| text.contains(reason)), "{refusals:#?}");
    Ok(())
}

#[tokio::test]
async fn answers_that_two_readers_could_understand_differently() -> Result<()> {
    refused(vec![result(r#"{"content":[],"content":[]}"#)], "duplicate key").await?;
    refused(vec![result(r#"{"content":[{"type":"text","text":"a","te\u0078t":"b"}]}"#)], "duplicate key")
        .await?;
    refused(vec![result(r#"{"content":[],"Error":{}}"#)], "could be taken for").await?;
    refused(vec![result(r#"{"content":[],"_meta":{"Id":1}}"#)], "could be taken for").await?;
    refused(vec![result(r#"{"content":[]},"error":{"code":1,"message":""}"#)], "one of").await?;
    refused(vec![result("[]")], "must be an object").await?;
    refused(vec![result("null")], "must be an object").await?;
    refused(vec![result(r#"{"content":["\ud800"]}"#)], "lone surrogate").await?;
    refused(vec![line(r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":"1","message":""}}"#)], "`error`").await?;
    refused(vec![line(r#"{"jsonrpc":"1.0","id":$ID,"result":{}}"#)], "`jsonrpc`").await
}

/// Content and structured content are the tool's own, whatever their keys are called.
#[tokio::test]
async fn the_same_keys_inside_content() -> Result<()> {
    let content = r#"{"content":[{"type":"text","text":"","Id":1,"Method":2}],"structuredContent":{"ID":1,"id":2,"Result":1.0,"n":123456789012345678901234567890}}"#;
    let (answer, outcomes, refusals) = odd(vec![result(content)], "{}").await?;
    assert_eq!(answer["result"]["structuredContent"]["ID"], 1, "{answer}");
    assert_eq!(outcomes[0]["status"], "ok");
    assert!(refusals.is_empty(), "{refusals:#?}");
    Ok(())
}

/// What stands before a good answer, and how many records it leaves.
async fn dropped(before: Step, reasons: &[&str]) -> Result<()> {
    let what = format!("{before:?}");
    let (answer, outcomes, refusals) =
        odd(vec![before, Step::Answer], "limits: { message_bytes: 65536 }\n").await?;
    assert_eq!(answer["result"]["structuredContent"]["tool"], "odd", "{what}: {answer}");
    assert_eq!(outcomes[0]["status"], "ok", "{what}");
    let found: Vec<_> =
        refusals.iter().map(|refusal| refusal["reason"].as_str().unwrap_or_default()).collect();
    assert_eq!(found.len(), reasons.len(), "{what}: {found:#?}");
    for (found, reason) in found.iter().zip(reasons) {
        assert!(found.contains(reason), "{what}: {found:?} does not say {reason:?}");
    }
    Ok(())
}

#[tokio::test]
async fn garbage_and_oversized_lines() -> Result<()> {
    dropped(line("Listening on port 3000"), &["at byte"]).await?;
    dropped(line("a\nb\n\n \nc"), &["at byte", "at byte", "at byte"]).await?;
    dropped(Step::Bytes { bytes: b"\xff\xfe\n".to_vec() }, &["invalid utf-8"]).await?;
    dropped(line("null"), &["must be an object"]).await?;
    dropped(Step::Oversized { bytes: 1 << 20 }, &["a line of more than 65536 bytes"]).await
}

#[tokio::test]
async fn answers_to_nothing() -> Result<()> {
    let nobody = "nobody asked";
    dropped(line(r#"{"jsonrpc":"2.0","id":4000,"result":{}}"#), &[nobody]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":"$ID","result":{}}"#), &[nobody]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":-1,"error":{"code":1,"message":""}}"#), &[nobody]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#), &[nobody]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":$ID.0,"result":{}}"#), &["`id`"]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":1e1,"result":{}}"#), &["`id`"]).await?;
    dropped(line(r#"[{"jsonrpc":"2.0","id":$ID,"result":{}}]"#), &["batches exist only"]).await
}

#[tokio::test]
async fn what_a_server_does_not_send() -> Result<()> {
    let unknown = "is not a method that Interlock knows";
    dropped(line(r#"{"jsonrpc":"2.0","method":"notifications/none"}"#), &[unknown]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","method":"Notifications/message","params":{}}"#), &[unknown]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), &[unknown]).await?;
    dropped(line(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#), &["`id` is missing"])
        .await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}"#), &[unknown])
        .await?;
    dropped(line(r#"{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#), &[unknown]).await
}

/// A request of the server's that is refused is answered, so that it does not wait for ever.
#[tokio::test]
async fn its_refused_requests_are_answered() -> Result<()> {
    let ask = |id: &str, method: &str, params: Value| Step::Ask {
        id: id.to_owned(),
        method: method.to_owned(),
        params,
    };
    let script = Script::with_tools(&["odd"]).on(
        "tools/call:odd",
        [
            ask("\"a\"", "tools/call", json!({ "name": "echo" })),
            ask("8", "roots/lists", json!({})),
            ask("9", "roots/list", json!([1])),
            Step::Answer,
        ],
    );
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    wrapped.client.call("odd", json!({})).await?;
    let answers: Vec<Value> = wrapped
        .server
        .received()?
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["method"].is_null())
        .collect();
    let codes: Vec<_> =
        answers.iter().map(|answer| (&answer["id"], answer["error"]["code"].as_i64())).collect();
    assert_eq!(codes, [(&json!("a"), Some(-32_601)), (&json!(8), Some(-32_601)), (&json!(9), Some(-32_602))]);
    wrapped.refusals(3).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await
}

#[tokio::test]
async fn a_second_answer_is_dropped() -> Result<()> {
    let second = r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"second"}]}}"#;
    let (answer, outcomes, refusals) = odd(vec![Step::Answer, line(second), line(second)], "{}").await?;
    assert_eq!(answer["result"]["structuredContent"]["tool"], "odd", "the first answer wins: {answer}");
    assert_eq!(outcomes.len(), 2, "{outcomes:#?}");
    assert_eq!(refusals.len(), 2, "{refusals:#?}");
    Ok(())
}

/// A call that is never answered gets an error in time; an answer that comes later is ignored, and a second one
/// is nobody's.
#[tokio::test]
async fn it_never_answers() -> Result<()> {
    let release = tempfile::tempdir()?;
    let path = release.path().join("release");
    let script = Script::with_tools(&["slow", "echo"]).on(
        "tools/call:slow",
        [Step::AwaitFile { path: path.display().to_string() }, Step::Answer, Step::Answer],
    );
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "limits: { answer_seconds: 1 }\n", &script).await?;
    let slow = wrapped.client.request("tools/call", json!({ "name": "slow" })).await?;
    // Others are not held up meanwhile.
    wrapped.client.call("echo", json!({})).await?;
    let answer = wrapped.client.response(&json!(slow)).await?;
    assert_eq!(answer["error"]["code"], TOO_LATE, "{answer}");
    assert_eq!(wrapped.outcomes(2).await?[1]["status"], "timed_out");
    std::fs::write(&path, "")?;
    let late = |found: &[Value]| !found.is_empty();
    let refusals = wrapped.interlock.wait_for_records("refusal", Duration::from_secs(10), late).await?;
    assert!(refusals[0]["reason"].as_str().is_some_and(|why| why.contains("nobody asked")), "{refusals:#?}");
    wrapped.client.call("echo", json!({})).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await?;
    wrapped.refusals(1).await.map(drop)
}

/// Thousands of lines of garbage: calls are answered meanwhile, and few records stand for all.
#[tokio::test]
async fn a_flood_of_garbage() -> Result<()> {
    const TIMES: u64 = 20_032;
    let flood = Step::Flood { times: 20_000, text: "garbage".to_owned() };
    let script = Script::with_tools(&["odd", "echo"]).on("tools/call:odd", [flood, Step::Answer]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let slow = wrapped.client.request("tools/call", json!({ "name": "odd" })).await?;
    for _ in 0..5 {
        wrapped.client.call("echo", json!({})).await?;
    }
    wrapped.client.response(&json!(slow)).await?;
    wrapped.finish().await?;
    let refusals = wrapped.interlock.records_of("refusal").await?;
    let count: u64 = refusals.iter().map(|refusal| refusal["count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(count, TIMES.div_ceil(64) * 64, "{} records", refusals.len());
    assert!(refusals.len() < 2_000, "{} records", refusals.len());
    assert!(wrapped.client.unclaimed().is_empty());
    Ok(())
}

/// As many good notifications as the pipe takes, to a client that reads them late: every one arrives, and what
/// waits is bounded.
#[tokio::test]
async fn a_flood_that_the_client_reads_late() -> Result<()> {
    let text = json!({ "jsonrpc": "2.0", "method": "notifications/message",
        "params": { "level": "info", "data": "x".repeat(4000) } });
    let flood = Step::Flood { times: 12_800, text: text.to_string() };
    let script = Script::with_tools(&["odd"]).on("tools/call:odd", [flood, Step::Answer]);
    let server = interlock_testkit::recording::RecordingServer::new(&script)?;
    let interlock = interlock_testkit::interlock::Interlock::with_policy(ALLOW_ALL)?
        .settings("limits: { queued_bytes: 1048576 }\n")?;
    let (mut child, group) = interlock.before(&server.command()?)?.spawn()?;
    let peak = tokio::time::timeout(Duration::from_secs(60), read_late(&mut child)).await??;
    assert!(peak < 64 << 10, "{peak} KiB at most");
    drop(group);
    Ok(())
}

async fn read_late(child: &mut tokio::process::Child) -> Result<u64> {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"odd"}}"#;
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(format!("{call}\n").as_bytes()).await?;
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let pid = child.id().expect("it runs");
    let mut count = 0;
    while let Some(line) = lines.next_line().await? {
        if line.contains("\"id\":1") {
            break;
        }
        count += 1;
    }
    assert_eq!(count, 12_800);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}

/// What a list shows can only be told of an array: anything else would show what policy hides.
#[tokio::test]
async fn lists_that_are_none() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools: { shown: {} }\n";
    for (method, member) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let bad = format!(r#"{{"{member}":{{"0":{{"name":"unseen","uri":"unseen"}}}}}}"#);
        let good = format!(r#"{{"{member}":[],"other":{{"0":"seen"}}}}"#);
        for (answer, refused) in [(bad, true), (good, false)] {
            let mut wrapped = Wrapped::start(policy, "{}", &Script::default().on(method, [result(&answer)]))?;
            wrapped.client.initialize(VERSION).await?;
            let answer = wrapped.client.ask(method, json!({})).await?;
            assert_eq!(answer["error"]["code"] == REFUSED_ANSWER, refused, "{method}: {answer}");
            assert_eq!(answer["result"]["other"]["0"] == "seen", !refused, "{method}: {answer}");
            assert!(!answer.to_string().contains("unseen"), "{answer}");
            wrapped.finish().await?;
            let refusals = wrapped.refusals(usize::from(refused)).await?;
            let words = format!("`{member}` is not an array");
            assert!(refusals.iter().all(|refusal| refusal["reason"] == *words), "{refusals:#?}");
        }
    }
    Ok(())
}

/// A version that the server chose and that is not spoken here ends the handshake with an error.
#[tokio::test]
async fn it_chooses_another_protocol() -> Result<()> {
    let answer =
        r#"{"protocolVersion":"1999-01-01","capabilities":{},"serverInfo":{"name":"x","version":"1"}}"#;
    let script = Script::default().on("initialize", [result(answer)]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let params = json!({ "protocolVersion": VERSION, "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
    let answer = wrapped.client.ask("initialize", params).await?;
    assert_eq!(answer["error"]["code"], REFUSED_ANSWER, "{answer}");
    wrapped.refusals(1).await?;
    wrapped.finish().await
}

/// What the server writes to standard error passes through, and only there.
#[tokio::test]
async fn standard_error_passes_through() -> Result<()> {
    let words = Step::Stderr { text: "server words: {\"jsonrpc\":\"2.0\"}".to_owned() };
    let script = Script::with_tools(&["odd"]).on("tools/call:odd", [words, Step::Answer]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    wrapped.client.call("odd", json!({})).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await?;
    assert!(wrapped.client.stderr().contains("server words: {"), "{}", wrapped.client.stderr());
    Ok(())
}
