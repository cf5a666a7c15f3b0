//! What a JSON-RPC message is made of: its version, its id, its kind.

use anyhow::Result;
use interlock_testkit::script::VERSIONS;
use serde_json::json;

use super::session::{Answer, Case, Session, check, request};

const REST: &str = r#""method":"tools/call","params":{$META"name":"echo","arguments":{}}"#;

fn with_id(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},{REST}}}"#)
}

fn ids() -> Vec<Case> {
    let odd = [
        "null",
        "1.0",
        "1e0",
        "1E2",
        "1.5",
        "-0.0",
        "true",
        "false",
        "{}",
        "[]",
        "[1]",
        r#"{"id":1}"#,
        // Beyond what 64 bits hold, and far beyond.
        "18446744073709551616",
        "-9223372036854775809",
        "1e400",
        "100000000000000000000000000000000000000000",
    ];
    let mut cases: Vec<Case> = odd
        .iter()
        .map(|id| Case::silent(with_id(id), "`id` must be a string or an integer").twin(with_id("$ID")))
        .collect();
    // Without an id it is a notification, and a call is none.
    cases.push(Case::silent(format!(r#"{{"jsonrpc":"2.0",{REST}}}"#), "`id` is missing"));
    cases
}

fn envelopes() -> Vec<Case> {
    let version = |member: &str| Case::error(format!(r#"{{{member}"id":$ID,{REST}}}"#), -32_600, "`jsonrpc`");
    let message = |members: &str| format!(r#"{{"jsonrpc":"2.0","id":$ID,{members}}}"#);
    let ambiguous = "one of `method`, `result` and `error`";
    vec![
        version(""),
        version(r#""jsonrpc":"1.0","#),
        version(r#""jsonrpc":2.0,"#),
        version(r#""jsonrpc":"2.0 ","#).twin(format!(r#"{{"jsonrpc":"2\u002e0","id":$ID,{REST}}}"#)),
        version(r#""jsonrpc":null,"#).twin(format!(r#"{{ {REST} , "id" : $ID , "jsonrpc" : "2.0" }}"#)),
        version(r#""jsonrpc":["2.0"],"#)
            .twin(format!(r#"{{"vendor":[1.0],"jsonrpc":"2.0","id":$ID,{REST}}}"#)),
        Case::silent(message(&format!(r#"{REST},"result":{{}}"#)), ambiguous),
        Case::silent(message(&format!(r#"{REST},"error":{{"code":1,"message":""}}"#)), ambiguous),
        Case::silent(message(r#""result":{},"error":{"code":1,"message":""}"#), ambiguous),
        Case::error(message(r#""x":1"#), -32_600, "needs a `method`"),
        Case::error(message(r#""method":null"#), -32_600, "`method` must be a string"),
        Case::error(message(r#""method":1"#), -32_600, "`method` must be a string"),
        Case::error(message(r#""method":["tools/call"]"#), -32_600, "`method` must be a string"),
        Case::error(message(r#""method":{"name":"tools/call"}"#), -32_600, "`method` must be a string"),
        Case::silent("{}", "`jsonrpc`"),
        Case::silent(r#"{"jsonrpc":"2.0"}"#, "needs a `method`"),
    ]
}

/// Requests without an id, and notifications with one.
fn forms() -> Vec<Case> {
    let without_id = |method: &str, params: &str| {
        let sent = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{$META{params}}}}}"#);
        Case::silent(sent, "`id` is missing")
    };
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"none"}}"#;
    vec![
        without_id("tools/call", r#""name":"echo","arguments":{}"#),
        without_id("tools/call", r#""name":"secret""#),
        without_id("resources/read", r#""uri":"doc:///open""#),
        without_id("prompts/get", r#""name":"greet""#),
        without_id("tools/list", r#""x":1"#),
        without_id(
            "completion/complete",
            r#""ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"a","value":""}"#,
        ),
        without_id("initialize", r#""protocolVersion":"2025-11-25","capabilities":{}"#),
        Case::silent(r#"{"jsonrpc":"2.0","id":null,"method":"notifications/cancelled","params":{}}"#, "id"),
        Case::error(request("notifications/cancelled", r#"$META"reason":"none""#), -32_600, "no `id`")
            .twin(note),
    ]
}

fn strays() -> Vec<Case> {
    let stray = |sent: &str| Case::silent(sent, "a question that nobody asked");
    vec![
        stray(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        stray(r#"{"jsonrpc":"2.0","id":"1","result":{"content":[]}}"#),
        stray(r#"{"jsonrpc":"2.0","id":999999,"error":{"code":-32601,"message":"no"}}"#),
        stray(r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#),
        stray(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#),
        stray(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#),
        Case::silent(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "`id`"),
        Case::silent(r#"{"jsonrpc":"2.0","result":{}}"#, "`id` is missing"),
        Case::silent(r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, "`result` must be an object"),
        Case::silent(r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, "`error` must have"),
    ]
}

#[tokio::test]
async fn odd_identifiers() -> Result<()> {
    for version in VERSIONS {
        check(version, &ids()).await?;
    }
    Ok(())
}

/// Every id that is one passes, and comes back as it was.
#[tokio::test]
async fn identifiers_come_back() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::start(version).await?;
        for id in [
            r#""""#,
            r#""1""#,
            r#""a b \"c\" \u00e9 \ud83d\ude00""#,
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            r#""null""#,
            "1",
            "2",
            "3",
        ] {
            let (line, _) = session.fill(with_id(id).as_bytes());
            session.client.send(&line).await?;
            let value: serde_json::Value = serde_json::from_str(id)?;
            let answer = session.client.response(&value).await?;
            assert_eq!(answer["result"]["structuredContent"]["tool"], "echo", "{id}: {answer}");
        }
        session.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn envelopes_that_are_none() -> Result<()> {
    for version in VERSIONS {
        check(version, &envelopes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn requests_without_and_notifications_with_an_id() -> Result<()> {
    for version in VERSIONS {
        check(version, &forms()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn answers_to_questions_that_nobody_asked() -> Result<()> {
    for version in VERSIONS {
        check(version, &strays()).await?;
    }
    Ok(())
}

/// An id that is in flight is not taken a second time: its answer would be taken for the first one's.
#[tokio::test]
async fn an_identifier_in_flight() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::start(version).await?;
        let slow = session.new_id();
        let call = |id: &str, name: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{$META"name":"{name}"}}}}"#
            )
        };
        let (line, _) = session.fill(call(&slow.to_string(), "file_slow").as_bytes());
        session.client.send(&line).await?;
        for (name, answer) in [("echo", Answer::Nothing), ("secret", Answer::Nothing)] {
            let (line, _) = session.fill(call(&slow.to_string(), name).as_bytes());
            session.client.send(&line).await?;
            session.expect(name, None, answer, "already in use");
        }
        // The same number as a string is another id.
        let (line, _) = session.fill(call(&format!("\"{slow}\""), "echo").as_bytes());
        session.client.send(&line).await?;
        session.client.response(&json!(slow.to_string())).await?;
        // A message that is refused before it is looked up does not answer for the one in flight either.
        let (line, _) =
            session.fill(call(&slow.to_string(), "echo").replace("tools/call", "tools/none").as_bytes());
        session.client.send(&line).await?;
        session.expect("an unknown method", None, Answer::Nothing, "not a method");
        let (line, _) = session
            .fill(call(&slow.to_string(), "echo").replace("\"name\"", "\"x\":1,\"x\":2,\"name\"").as_bytes());
        session.client.send(&line).await?;
        session.expect("a duplicate key", None, Answer::Nothing, "duplicate key");
        session.settled().await?;
        assert!(session.client.unclaimed().is_empty(), "{:?}", session.client.unclaimed());
        session.release()?;
        let answer = session.client.response(&json!(slow)).await?;
        assert_eq!(answer["result"]["structuredContent"]["tool"], "file_slow", "{answer}");
        // Answered, it is free again.
        let (line, _) = session.fill(call(&slow.to_string(), "echo").as_bytes());
        session.client.send(&line).await?;
        let answer = session.client.response(&json!(slow)).await?;
        assert_eq!(answer["result"]["structuredContent"]["tool"], "echo", "{answer}");
        let arrived = session.arrived()?.iter().filter(|line| line.contains("secret")).count();
        assert_eq!(arrived, 0);
        session.finish().await?;
    }
    Ok(())
}
