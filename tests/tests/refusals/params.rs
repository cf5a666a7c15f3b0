//! Wrong types of what decides what a request does.

use anyhow::Result;
use interlock_testkit::script::{LEGACY, VERSIONS};

use super::session::{Case, check, request};

fn case(method: &str, params: &str, twin: &str) -> Case {
    let twin = request(method, &format!("$META{twin}"));
    Case::error(request(method, &format!("$META{params}")), -32_602, "`").twin(twin)
}

fn judged() -> Vec<Case> {
    let mut cases = Vec::new();
    for wrong in ["null", "1", "true", "[]", r#"["echo"]"#, "{}"] {
        cases.push(case("tools/call", &format!(r#""name":{wrong}"#), r#""name":"echo""#));
        cases.push(case("prompts/get", &format!(r#""name":{wrong}"#), r#""name":"greet""#));
        cases.push(case("resources/read", &format!(r#""uri":{wrong}"#), r#""uri":"doc:///open""#));
    }
    for wrong in ["null", "1", "true", "[]", r#"[["a",1]]"#, r#""{}""#] {
        let arguments = format!(r#""name":"echo","arguments":{wrong}"#);
        cases.push(case("tools/call", &arguments, r#""name":"echo","arguments":{"a":[],"b":null}"#));
        let arguments = format!(r#""name":"greet","arguments":{wrong}"#);
        cases.push(case("prompts/get", &arguments, r#""name":"greet","arguments":{}"#));
    }
    cases.push(case("tools/call", r#""arguments":{}"#, r#""name":"echo""#));
    cases.push(case("resources/read", r#""name":"doc:///open""#, r#""uri":"doc:///open""#));
    cases.push(case("tools/list", r#""cursor":1"#, r#""x":1"#));
    cases.push(case("tools/list", r#""cursor":null"#, r#""x":null"#));
    cases.push(case("completion/complete", r#""argument":{"name":"a","value":""}"#, COMPLETION));
    cases.push(case("completion/complete", r#""ref":"greet","argument":{}"#, COMPLETION));
    cases.push(case(
        "completion/complete",
        r#""ref":{"type":"ref/tool","name":"greet"},"argument":{}"#,
        COMPLETION,
    ));
    cases.push(case("completion/complete", r#""ref":{"type":"ref/prompt"},"argument":{}"#, COMPLETION));
    for token in ["{}", "[]", "true"] {
        let meta = |token: &str| {
            request("tools/call", &format!(r#""_meta":{{$INNER"progressToken":{token}}},"name":"echo""#))
        };
        cases.push(Case::error(meta(token), -32_602, "progressToken").twin(meta("1.5")));
    }
    cases
}

const COMPLETION: &str = r#""ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"a","value":""}"#;

fn containers() -> Vec<Case> {
    let mut cases = Vec::new();
    for wrong in ["null", "1", "[]", r#"["echo",{}]"#, r#""x""#] {
        let sent = format!(r#"{{"jsonrpc":"2.0","id":$ID,"method":"tools/call","params":{wrong}}}"#);
        cases.push(Case::error(sent, -32_602, "`params`"));
        cases.push(Case::error(
            request("tools/call", &format!(r#""_meta":{wrong},"name":"echo""#)),
            -32_602,
            "`_meta`",
        ));
    }
    cases.push(Case::error(r#"{"jsonrpc":"2.0","id":$ID,"method":"tools/call"}"#, -32_602, "`"));
    cases
}

#[tokio::test]
async fn wrong_types() -> Result<()> {
    for version in VERSIONS {
        check(version, &judged()).await?;
        check(version, &containers()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn wrong_types_of_the_handshake() -> Result<()> {
    let wrong = [
        r#""capabilities":{}"#,
        r#""protocolVersion":1,"capabilities":{}"#,
        r#""protocolVersion":"2025-11-25","capabilities":[]"#,
    ];
    let cases: Vec<Case> =
        wrong.iter().map(|params| Case::error(request("initialize", params), -32_602, "`")).collect();
    for version in LEGACY {
        check(version, &cases).await?;
    }
    Ok(())
}

#[tokio::test]
async fn notifications_with_wrong_types() -> Result<()> {
    let note =
        |method: &str, params: &str| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#);
    let cases = [
        Case::silent(note("notifications/cancelled", r#"{"requestId":1.0}"#), "requestId")
            .twin(note("notifications/cancelled", r#"{"reason":"nothing"}"#)),
        Case::silent(note("notifications/cancelled", r#"{"requestId":{}}"#), "requestId"),
        Case::silent(note("notifications/cancelled", r#"[1]"#), "`params`"),
        Case::silent(note("notifications/cancelled", r#"{"RequestId":1,"Id":1}"#), "taken for it"),
        Case::silent(note("notifications/progress", r#"{"progress":1}"#), "progressToken"),
    ];
    for version in LEGACY {
        check(version, &cases).await?;
    }
    Ok(())
}
