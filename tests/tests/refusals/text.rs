//! What is not JSON, or JSON that two readers could understand differently.

use anyhow::Result;
use interlock_testkit::script::VERSIONS;

use super::session::{Case, call, check, quiet_call};

const NOT_A_MESSAGE: i64 = -32_600;

fn raw(arguments: &[u8]) -> Vec<u8> {
    let whole = call("$HERE");
    let (before, after) = whole.split_once("$HERE").expect("it is there");
    [before.as_bytes(), arguments, after.as_bytes()].concat()
}

/// Arguments nested so that the message is this deep: it is one itself, `params` and `arguments` two more.
fn nested(depth: usize) -> String {
    quiet_call(&format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 3), "]".repeat(depth - 3)))
}

fn duplicates() -> Vec<Case> {
    let message = |members: &str| format!("{{{members}}}");
    let params = r#""params":{$META"name":"echo","arguments":{}}"#;
    let plain = r#""jsonrpc":"2.0","id":$ID,"method":"tools/call""#;
    let twice = |sent: String| Case::error(sent, NOT_A_MESSAGE, "duplicate key");
    vec![
        twice(message(&format!(r#"{plain},"method":"ping",{params}"#))),
        twice(message(&format!(r#""jsonrpc":"2.0",{plain},{params}"#))),
        twice(message(&format!(r#"{plain},"params":{{}},{params}"#))),
        twice(message(&format!(r#"{plain},"m\u0065thod":"ping",{params}"#)))
            .twin(message(&format!(r#""jsonrpc":"2.0","id":$ID,"m\u0065thod":"tools\/call",{params}"#))),
        twice(message(&format!(r#"{plain},"x":1,"x":1,{params}"#)))
            .twin(message(&format!(r#"{plain},"x":1,"y":1,{params}"#))),
        // Which of two ids to answer nobody can say.
        Case::silent(message(&format!(r#"{plain},"id":$ID,{params}"#)), "duplicate key"),
        Case::silent(message(&format!(r#"{plain},"\u0069d":7,{params}"#)), "duplicate key"),
        twice(message(&format!(r#"{plain},"params":{{$META"name":"echo","name":"secret"}}"#))),
        twice(message(&format!(r#"{plain},"params":{{$META"name":"echo","n\u0061me":"secret"}}"#)))
            .twin(message(&format!(r#"{plain},"params":{{$META"n\u0061me":"ech\u006f"}}"#))),
        twice(message(&format!(
            r#"{plain},"params":{{$META"name":"echo","arguments":{{}},"arguments":{{}}}}"#
        ))),
        twice(message(&format!(
            r#"{plain},"params":{{"_meta":{{$INNER"a":1}},"_meta":{{$INNER"a":1}},"name":"echo"}}"#
        )))
        .twin(message(&format!(r#"{plain},"params":{{"_meta":{{$INNER"a":1}},"name":"echo"}}"#))),
        twice(message(&format!(r#"{plain},"params":{{"_meta":{{$INNER"a":1,"a":2}},"name":"echo"}}"#))),
        twice(call(r#"{"a":1,"a":1}"#)).twin(call(r#"{"a":1,"A":1,"a ":1,"":1}"#)),
        twice(call(r#"{"a":1,"\u0061":2}"#)).twin(call(r#"{"\u0061":2,"\\u0061":3}"#)),
        twice(call(r#"{"a":[0,[{"b":{"c":1,"d":2,"c":3}}]]}"#))
            .twin(call(r#"{"a":[{"c":1},{"c":1}],"c":1}"#)),
        twice(call(r#"{"":1,"":2}"#)),
        twice(call(r#"{"\ud83d\ude00":1,"😀":2}"#)).twin(call(r#"{"\ud83d\ude00":1,"😁":2}"#)),
        // Two spellings of one letter are two keys: nothing here normalises.
        twice(call("{\"\u{e9}\":1,\"\u{e9}\":2}")).twin(call("{\"\u{e9}\":1,\"e\u{301}\":2}")),
    ]
}

fn numbers() -> Vec<Case> {
    let broken =
        ["NaN", "Infinity", "-Infinity", "nan", "+1", "01", "-01", "1.", ".5", "0x10", "1e", "1_000", "--1"];
    let mut cases: Vec<Case> =
        broken.iter().map(|number| Case::silent(call(&format!(r#"{{"n":{number}}}"#)), "at byte")).collect();
    cases.push(
        Case::silent(call(r#"{"n":[1,NaN]}"#), "not finite")
            .twin(call(r#"{"n":["NaN","Infinity",-0.0,1E+2]}"#)),
    );
    // What no double holds passes as it is written.
    cases.push(Case::silent(call(r#"{"n":Infinity}"#), "not finite").twin(quiet_call(r#"{"n":[9007199254740993,1e400,-1e-400,0.1000000000000000055511151231257827,123456789012345678901234567890]}"#,
    )));
    cases
}

fn encodings() -> Vec<Case> {
    let invalid = |bytes: &[u8]| Case::silent(raw(bytes), "invalid utf-8");
    vec![
        invalid(b"{\"a\":\"\xff\"}").twin(call("{\"a\":\"\u{ff}\u{10ffff}\u{fffd}\"}")),
        invalid(b"{\"a\":\"\xc0\xaf\"}"),
        invalid(b"{\"a\":\"\xed\xa0\x80\"}"),
        invalid(b"{\"a\":\"\xf4\x90\x80\x80\"}"),
        invalid(b"{\"a\":\"\xe2\x82\"}"),
        invalid(b"{\"\xff\":1}"),
        Case::silent([b"\xef\xbb\xbf".as_slice(), call("{}").as_bytes()].concat(), "byte order mark")
            .twin(call("{\"a\":\"\u{feff}\"}")),
        Case::error(call(r#"{"a":"\ud800"}"#), NOT_A_MESSAGE, "lone surrogate")
            .twin(call(r#"{"a":"\ud83d\ude00"}"#)),
        Case::error(call(r#"{"a":"\ude00\ud83d"}"#), NOT_A_MESSAGE, "lone surrogate"),
        Case::error(call(r#"{"\udfff":1}"#), NOT_A_MESSAGE, "lone surrogate"),
        Case::silent(raw(b"{\"a\":\"\x00\"}"), "control character")
            .twin(call(r#"{"a":"\u0000\u001f\u007f"}"#)),
        Case::silent(raw(b"{\"a\":\"\t\"}"), "control character").twin(call("{\t\"a\" : \"\\t\" }")),
        // Python's text streams and Node's `readline` end a line at it: what stands between two of them would be
        // a message of its own to such a server.
        Case::error(
            call("{\"a\":\r{\"jsonrpc\":\"2.0\",\"id\":99,\"method\":\"tools/call\",\"params\":{\"name\":\"hidden\"}}\r}"),
            NOT_A_MESSAGE,
            "carriage return",
        )
        .twin(call("{\"a\":\"\\r\"}")),
        Case::silent(raw(b"{\"a\":\x0b1}"), "at byte"),
    ]
}

fn syntax() -> Vec<Case> {
    let broken = |sent: &str| Case::silent(sent, "at byte");
    let whole = call("{}");
    let mut cases = vec![
        broken(&format!("{whole} {whole}")),
        broken(&format!("{whole}x")),
        broken(&format!("{whole}\0")),
        broken(&format!("{whole},")),
        broken(&whole[..whole.len() - 1]),
        broken(&format!("// a comment {whole}")),
        broken(&call("{'a':1}")),
        broken(&call(r#"{"a":1,}"#)),
        broken(&call("[1,]")),
        broken(&call(r#"{a:1}"#)),
        broken(&call(r#"{"a" 1}"#)),
        broken(&call(r#"{"a":True}"#)),
        broken(&call(r#"{"a":"\x41"}"#)),
        broken(&call(r#"{"a":"\u12"}"#)),
        broken("garbage"),
        broken("Content-Length: 17"),
        broken("{"),
    ];
    for scalar in ["null", "true", "7", "\"tools/call\""] {
        cases.push(Case::silent(scalar, "must be an object"));
    }
    cases
}

fn depths() -> Vec<Case> {
    vec![
        Case::error(nested(101), NOT_A_MESSAGE, "nested more than 100 deep").twin(nested(100)),
        Case::error(nested(5000), NOT_A_MESSAGE, "nested more than 100 deep"),
        Case::silent(call(&format!(r#"{{"a":{}"#, "{\"a\":".repeat(200_000))), "nested more than 100 deep"),
    ]
}

#[tokio::test]
async fn duplicate_keys() -> Result<()> {
    for version in VERSIONS {
        check(version, &duplicates()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn numbers_that_are_not_json() -> Result<()> {
    for version in VERSIONS {
        check(version, &numbers()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn bytes_that_are_not_text() -> Result<()> {
    for version in VERSIONS {
        check(version, &encodings()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn broken_syntax() -> Result<()> {
    for version in VERSIONS {
        check(version, &syntax()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nesting() -> Result<()> {
    for version in VERSIONS {
        check(version, &depths()).await?;
    }
    Ok(())
}
