use interlock_json::Limits;

use super::*;
use crate::refusal::Place;
use crate::version::Version;
use crate::{Parsed, RefusalKind as R, parse};

mod properties;
mod refusals;

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec(), &Limits::default())
        .unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

#[test]
fn a_method_that_the_version_does_not_have_is_no_matter_of_its_params() {
    let asked = |method: &str, params: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Message::parse(text.into_bytes(), &Limits::default()).is_ok()
    };
    let modern = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
    for method in ["initialize", "resources/subscribe", "resources/unsubscribe"] {
        assert!(asked(method, modern), "{method}");
        assert!(!asked(method, "{}"), "{method}");
    }
    assert!(!asked("resources/read", modern));
}

#[test]
fn shapes() {
    let check = |text: &str, expected: &str| {
        let message = message(text);
        let params = |params: Option<Value<'_>>| params.map_or("-", |params| params.raw()).to_owned();
        let found = match message.shape() {
            Shape::Request(request) => {
                format!("request {} {} {}", request.id, request.method, params(request.params))
            }
            Shape::Notification(notification) => {
                format!("notification {} {}", notification.method, params(notification.params))
            }
            Shape::Response(Response { id, outcome: Outcome::Result(result) }) => {
                format!("result {} {}", id.unwrap(), result.raw())
            }
            Shape::Response(Response { id, outcome: Outcome::Error(error) }) => {
                let id = id.map_or("-", Id::raw);
                format!("error {id} {} {} {}", error.code, error.message, params(error.data))
            }
        };
        assert_eq!(found, expected, "{text}");
        assert_eq!(message.source(), text);
    };
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping -");
    check(
        r#"{"id":"\u0061","method":"pi\u006eg","params":{},"jsonrpc":"2.\u0030"}"#,
        r#"request "\u0061" ping {}"#,
    );
    check(
        r#" {"jsonrpc":"2.0","method":"x/y","params":{"a":[1]},"extra":1} "#,
        r#"notification x/y {"a":[1]}"#,
    );
    check(
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        "notification notifications/initialized -",
    );
    check(r#"{"jsonrpc":"2.0","id":"a","result":{"x":1}}"#, r#"result "a" {"x":1}"#);
    check(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m","data":[]}}"#, "error 1 -1 m []");
    check(r#"{"jsonrpc":"2.0","id":null,"error":{"code":5,"message":""}}"#, "error - 5  -");
    check(r#"{"jsonrpc":"2.0","error":{"code":5,"message":""}}"#, "error - 5  -");
}

#[test]
fn progress_tokens() {
    let check = |text: &str, expected: Option<&str>| {
        let message = message(text);
        assert_eq!(message.progress_token().map(Value::raw), expected, "{text}");
    };
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":"t"}}}"#,
        Some(r#""t""#),
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":1}}}"#, Some("1"));
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":null}}}"#, None);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"progressToken":1}}"#, None);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, None);
    check(
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":0.5}}"#,
        Some("1"),
    );
    check(r#"{"jsonrpc":"2.0","id":1,"result":{"_meta":{"progressToken":1}}}"#, None);
}

#[test]
fn rewriting() {
    let source = r#" {"jsonrpc":"2.0", "id" : "a\u0062" ,"method":"tools/call","params":{"name":"x","n":9007199254740993}}"#;
    let expected = source.replace(r#""a\u0062""#, "12");
    assert_eq!(message(source).with_id("12"), expected);
    let answer = message(r#"{"id":12,"result":{ },"jsonrpc":"2.0"}"#);
    assert_eq!(answer.with_id(r#""ab""#), r#"{"id":"ab","result":{ },"jsonrpc":"2.0"}"#);
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(message(notification).with_id("1"), notification);

    let source = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":"p"}}}"#;
    let message = message(source);
    let token = message.progress_token().unwrap().span();
    let name = message.params().unwrap().get("name").unwrap().span();
    let edits = vec![Edit::new(token, "7"), Edit::new(name, r#""yy""#)];
    assert_eq!(
        message.with_edits(edits),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"yy","_meta":{"progressToken":7}}}"#
    );
}

fn batch(text: &str, version: Option<Version>) -> Result<Vec<Result<String, R>>, R> {
    let source =
        |message: Result<Message, Refusal>| message.map(Message::into_source).map_err(|refusal| refusal.kind);
    match parse(text.as_bytes().to_vec(), version, &Limits::default()) {
        Ok(Parsed::One(message)) => Ok(vec![source(Ok(message))]),
        Ok(Parsed::Batch(messages)) => Ok(messages.into_iter().map(source).collect()),
        Err(refusal) => Err(refusal.kind),
    }
}

#[test]
fn batches() {
    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let two = format!(" [ {PING} ,{NOTE}]");
    let good = |text: &str| Ok(text.to_owned());
    let old = Some(Version::V2025_03_26);
    assert_eq!(batch(&two, old), Ok(vec![good(PING), good(NOTE)]));
    assert_eq!(batch(&format!("[{PING}]"), old), Ok(vec![good(PING)]));
    assert_eq!(batch(PING, old), Ok(vec![good(PING)]));
    assert_eq!(batch("[]", old), Err(R::EmptyBatch));
    for version in Version::ALL.into_iter().filter(|version| !version.has_batches()) {
        assert_eq!(batch(&two, Some(version)), Err(R::Batch));
        assert_eq!(batch(PING, Some(version)), Ok(vec![good(PING)]));
    }
    assert_eq!(batch(&two, None), Err(R::Batch));
    let many = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    assert_eq!(batch(&many(1_000), old), Ok(vec![Err(R::NotAnObject); 1_000]));
    assert_eq!(batch(&many(1_001), old), Err(R::LongBatch { limit: 1_000 }));
    assert!(matches!(batch("[{},]", old), Err(R::Json(_))));
    assert!(matches!(batch("[1] [", old), Err(R::Json(_))));

    let hello = r#"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}"#;
    let found = batch(&format!("[1,[{PING}],{hello},{PING}]"), old);
    assert_eq!(found, Ok(vec![Err(R::NotAnObject), Err(R::Batch), Err(R::InitializeInBatch), good(PING)]));
    assert_eq!(batch(hello, old), Ok(vec![good(hello)]));
}

/// One bad message leaves the others their answers, and has one of its own.
#[test]
fn a_bad_message_in_a_batch_is_answered_in_its_place() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let parsed = parse(text.into(), Some(Version::V2025_03_26), &Limits::default()).unwrap();
    let Parsed::Batch(messages) = parsed else { panic!("{parsed:?}") };
    let answers: Vec<_> =
        messages.iter().map(|message| message.as_ref().map_err(Refusal::answer).err()).collect();
    let [Some(Some(answer)), None] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(answer.starts_with(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"#), "{answer}");
}

#[test]
fn modern_metadata() {
    let check = |meta: &str, expected: Result<&str, R>| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":"q","method":"tools/list","params":{{{meta}}}}}"#);
        let message = message(&text);
        let Shape::Request(request) = message.shape() else { panic!("{text}") };
        match (crate::modern_meta(&request), expected) {
            (Ok(meta), Ok(version)) => assert_eq!(meta.protocol_version, version),
            (Err(refusal), Err(kind)) => {
                assert_eq!(refusal.kind, kind, "{text}");
                assert_eq!((refusal.code, refusal.id), (-32602, Some("q".into())));
            }
            (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
        }
    };
    const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    let missing = |key| R::MissingMember { place: Place::Meta, key };
    let wrong = |key, expected| R::InvalidMember { place: Place::Meta, key, expected };
    let good = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    let able = r#""io.modelcontextprotocol/clientCapabilities":{}"#;
    check(&format!(r#""_meta":{{{good},{able}}}"#), Ok("2026-07-28"));
    check(&format!(r#""_meta":{{{},{able}}}"#, good.replace("28", "29")), Ok("2026-07-29"));
    check("", Err(R::MissingMember { place: Place::Params, key: "_meta" }));
    check(r#""_meta":{}"#, Err(missing(VERSION)));
    check(&format!(r#""_meta":{{{good}}}"#), Err(missing(CAPABILITIES)));
    check(&format!(r#""_meta":{{{able}}}"#), Err(missing(VERSION)));
    check(
        &format!(r#""_meta":{{{good},{}}}"#, able.replace("{}", "[]")),
        Err(wrong(CAPABILITIES, "an object")),
    );
    check(&format!(r#""_meta":{{{able},"{VERSION}":20260728}}"#), Err(wrong(VERSION, "a string")));
}
