//! Every refusal beside a twin that differs only in what is refused.

use interlock_json::{Limits, ScanError, ScanErrorKind as S};

use super::super::*;
use crate::refusal::{Place, RefusalKind as R};

fn refusal(text: &[u8]) -> Refusal {
    match Message::parse(text.to_vec(), &Limits { bytes: 600, depth: 8 }) {
        Ok(message) => panic!("accepted: {message:?}"),
        Err(refusal) => refusal,
    }
}

/// The refusal's kind, code, and whom it answers; then the twin, which passes.
#[track_caller]
fn check(bad: &str, kind: &R, code: i64, id: Option<&str>, twin: &str) {
    let found = refusal(bad.as_bytes());
    assert_eq!(&found.kind, kind, "{bad}");
    assert_eq!(found.code, code, "{bad}");
    assert_eq!(found.id.as_ref().map(|id| id.raw()), id, "{bad}");
    let answer = found.answer();
    assert_eq!(answer.is_some(), id.is_some());
    if let (Some(answer), Some(id)) = (answer, id) {
        assert!(
            answer.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"#)),
            "{answer}"
        );
    }
    if let Err(refusal) = Message::parse(twin.as_bytes().to_vec(), &Limits { bytes: 600, depth: 8 }) {
        panic!("{twin}: {refusal}");
    }
}

/// A call with these params.
fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
}

fn variant(place: Place, key: &str, of: &'static str) -> R {
    R::CaseVariant { place, key: key.into(), of }
}

fn json(kind: S, offset: usize) -> R {
    R::Json(ScanError { kind, offset })
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[test]
fn broken_text_has_nobody_to_answer() {
    for bad in
        ["", "{", "hello", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"", "{'id':1}", "\u{feff}{}"]
    {
        let found = refusal(bad.as_bytes());
        assert_eq!((found.code, found.id, found.method), (-32700, None, None), "{bad}");
    }
    let trailing = format!("{PING}{PING}");
    check(&trailing, &json(S::TrailingData, PING.len()), -32700, None, PING);
    let nan = call(r#"{"name":"x","arguments":{"n":NaN}}"#);
    check(&nan, &json(S::NotFinite, nan.find("NaN").unwrap()), -32700, None, &nan.replace("NaN", "1e400"));
    assert_eq!(refusal(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}").code, -32700);
    assert_eq!(refusal(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}").id, None);
}

#[test]
fn size() {
    let long =
        |length: usize| call(&format!(r#"{{"name":"x","arguments":{{"a":"{}"}}}}"#, "a".repeat(length)));
    let fits = long(600 - long(0).len());
    let too_long = long(601 - long(0).len());
    check(&too_long, &json(S::TooLarge { limit: 600 }, 600), -32600, None, &fits);
}

/// JSON by its grammar, so the id is certain where it stands alone.
#[test]
fn ambiguous_text_is_answered_where_the_id_is_certain() {
    let duplicate = |text: &str, key: &str, id: Option<&str>, twin: &str| {
        let at = text.rfind(&format!("\"{key}\"")).unwrap();
        check(text, &json(S::DuplicateKey { key: key.to_owned() }, at), -32600, id, twin);
    };
    duplicate(
        &call(r#"{"name":"x","arguments":{"a":1,"a":2}}"#),
        "a",
        Some("1"),
        &call(r#"{"name":"x","arguments":{"a":1,"A":2}}"#),
    );
    duplicate(&call(r#"{"name":"x","name":"y"}"#), "name", Some("1"), &call(r#"{"name":"x"}"#));
    duplicate(r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}"#, "method", Some("1"), PING);
    duplicate(r#"{"jsonrpc":"2.0","id":1,"method":"ping","id":1}"#, "id", None, PING);
    duplicate(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping","x":1,"x":1}"#, "x", None, PING);
    duplicate(r#"{"jsonrpc":"2.0","id":1,"ID":2,"method":"ping","x":1,"x":1}"#, "x", None, PING);
    // A response is never answered.
    duplicate(
        r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#,
        "a",
        None,
        r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#,
    );

    let deep = |depth: usize| {
        call(&format!(r#"{{"name":"x","arguments":{{"a":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth)))
    };
    let at = deep(6).find('[').unwrap() + 5;
    check(&deep(6), &json(S::TooDeep { limit: 8 }, at), -32600, Some("1"), &deep(5));

    let lone_id = r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#;
    check(lone_id, &json(S::LoneSurrogate, 23), -32600, None, PING);
    let lone = call(r#"{"name":"x\ud83d"}"#);
    let at = lone.find("\\ud83d").unwrap();
    check(&lone, &json(S::LoneSurrogate, at), -32600, Some("1"), &call(r#"{"name":"x\ud83d\ude00"}"#));
}

#[test]
fn refused_responses_name_the_request_that_waits() {
    let check = |text: &str, expected: Option<&str>| {
        let found = refusal(text.as_bytes());
        assert_eq!(found.response_to.as_ref().map(|id| id.raw()), expected, "{text}");
        assert_eq!((found.answer(), found.id), (None, None));
    };
    check(r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#, Some("1"));
    check(r#"{"jsonrpc":"2.0","id":"a","result":[]}"#, Some(r#""a""#));
    check(r#"{"jsonrpc":"2.0","id":1,"error":1}"#, Some("1"));
    check(r#"{"id":1,"result":{}}"#, Some("1"));
    check(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, Some("1"));
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, None);
    check(r#"{"jsonrpc":"2.0","id":1,"id":1,"result":{}}"#, None);
    check(r#"{"jsonrpc":"2.0","result":{}}"#, None);
}

#[test]
fn envelopes() {
    check("1", &R::NotAnObject, -32600, None, PING);
    check("null", &R::NotAnObject, -32600, None, PING);
    check(r#""ping""#, &R::NotAnObject, -32600, None, PING);
    check("[]", &R::Batch, -32600, None, PING);
    check(&format!("[{PING}]"), &R::Batch, -32600, None, PING);
    check("{}", &R::Jsonrpc, -32600, None, PING);
    check(r#"{"id":1,"method":"ping"}"#, &R::Jsonrpc, -32600, Some("1"), PING);
    for version in [r#""1.0""#, "2.0", r#""2""#, r#""2.00""#, "null", r#"["2.0"]"#] {
        check(&PING.replace(r#""2.0""#, version), &R::Jsonrpc, -32600, Some("1"), PING);
    }
    check(r#"{"jsonrpc":"2.0","id":1}"#, &R::NoMethod, -32600, Some("1"), PING);
    for method in ["1", "null", r#"["ping"]"#] {
        check(&PING.replace(r#""ping""#, method), &R::InvalidMethod, -32600, Some("1"), PING);
    }
    for id in ["1.0", "1e0", "1.5", "null", "true", "[1]", "{}", "18446744073709551616"] {
        let bad = PING.replace(":1,", &format!(":{id},"));
        check(&bad, &R::InvalidId, -32600, None, PING);
    }
    // A server of payments may take a credential from there.
    for meta in ["{}", "null", r#"{"org.paymentauth/credential":{}}"#] {
        let beside = call(r#"{"name":"x"}"#).replace(r#""id":1,"#, &format!(r#""id":1,"_meta":{meta},"#));
        assert!(beside.contains("_meta"));
        check(&beside, &R::MisplacedMeta, -32600, Some("1"), &call(r#"{"name":"x","_meta":{}}"#));
    }
    for params in ["[]", "null", r#""x""#, "1"] {
        check(&call(params), &R::InvalidParams, -32602, Some("1"), &call(r#"{"name":"x"}"#));
    }
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#;
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}"#,
        &R::Ambiguous,
        -32600,
        None,
        error,
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, &R::Ambiguous, -32600, None, result);
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m"}}"#,
        &R::Ambiguous,
        -32600,
        None,
        error,
    );
    check(r#"{"jsonrpc":"2.0","result":{}}"#, &R::MissingId, -32600, None, result);
    check(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, &R::InvalidId, -32600, None, result);
    for bad in ["[]", "null", "1", r#""x""#] {
        check(&result.replace("{}", bad), &R::InvalidResult, -32600, None, result);
        check(&error.replace(r#"{"code":1,"message":"m"}"#, bad), &R::InvalidError, -32600, None, error);
    }
    for bad in ["1.5", r#""1""#, "null", "99999999999999999999"] {
        check(&error.replace(":1,\"m", &format!(":{bad},\"m")), &R::InvalidError, -32600, None, error);
    }
    check(&error.replace(r#""m""#, "1"), &R::InvalidError, -32600, None, error);
    check(&error.replace(r#""code":1,"#, ""), &R::InvalidError, -32600, None, error);
    check(&error.replace("\"id\":1", "\"id\":1.5"), &R::InvalidId, -32600, None, error);
}

#[test]
fn requests_are_not_notifications() {
    let methods =
        ["tools/call", "ping", "initialize", "resources/read", "sampling/createMessage", "tasks/update"];
    for method in methods {
        let bad = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
        check(&bad, &R::MissingId, -32600, None, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled"}"#,
        &R::UnexpectedId,
        -32600,
        Some("1"),
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
    );
    // A method nobody knows could be either.
    check("{}", &R::Jsonrpc, -32600, None, r#"{"jsonrpc":"2.0","method":"x/y"}"#);
    check("{}", &R::Jsonrpc, -32600, None, r#"{"jsonrpc":"2.0","id":1,"method":"x/y"}"#);
}

#[test]
fn keys_that_could_be_taken_for_others() {
    let twin = call(r#"{"name":"x","arguments":{"Name":1,"ID":2,"METHOD":{"Result":1}}}"#);
    let check = |bad: &str, place: Place, key: &str, of: &'static str, id: Option<&str>| {
        check(bad, &variant(place, key, of), -32600, id, &twin);
    };
    check(r#"{"jsonrpc":"2.0","id":1,"Id":2,"method":"ping"}"#, Place::Message, "Id", "id", None);
    check(r#"{"jsonrpc":"2.0","ID":2,"method":"ping"}"#, Place::Message, "ID", "id", None);
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}"#,
        Place::Message,
        "Method",
        "method",
        Some("1"),
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","JSONRPC":"2.0"}"#,
        Place::Message,
        "JSONRPC",
        "jsonrpc",
        Some("1"),
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}"#,
        Place::Message,
        "paramſ",
        "params",
        Some("1"),
    );
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Result":{}}"#,
        Place::Message,
        "Result",
        "result",
        None,
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","Error":{}}"#, Place::Message, "Error", "error", None);
    check(&call(r#"{"name":"x","Name":"y"}"#), Place::Params, "Name", "name", Some("1"));
    check(&call(r#"{"name":"x","\u0041rguments":{}}"#), Place::Params, "Arguments", "arguments", Some("1"));
    check(&call(r#"{"name":"x","argumentſ":{}}"#), Place::Params, "argumentſ", "arguments", Some("1"));
    check(&call(r#"{"name":"x","_META":{}}"#), Place::Params, "_META", "_meta", Some("1"));
    check(&call(r#"{"name":"x","URI":"u"}"#), Place::Params, "URI", "uri", Some("1"));
    check(&call(r#"{"name":"x","_meta":{"Name":"y"}}"#), Place::Meta, "Name", "name", Some("1"));
    check(r#"{"jsonrpc":"2.0","id":1,"result":{"Result":1}}"#, Place::Result, "Result", "result", None);
    check(r#"{"jsonrpc":"2.0","id":1,"result":{"_meta":{"iD":1}}}"#, Place::Meta, "iD", "id", None);
    check(
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","Error":1}}"#,
        Place::Error,
        "Error",
        "error",
        None,
    );
    let listen = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{params}}}"#)
    };
    let complete = |reference: &str| {
        let params = format!(r#"{{"ref":{reference},"argument":{{"Name":"a","Type":"b"}}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{params}}}"#)
    };
    for (key, of) in [
        ("Notifications", "notifications"),
        ("REF", "ref"),
        ("requestid", "requestId"),
        ("RequestState", "requestState"),
        ("Cursor", "cursor"),
        ("taſkId", "taskId"),
        ("Mode", "mode"),
        ("TASK", "task"),
    ] {
        check(&listen(&format!(r#"{{"notifications":{{}},"{key}":1}}"#)), Place::Params, key, of, Some("1"));
    }
    check(
        &listen(r#"{"notifications":{"ResourceSubscriptions":["u"]}}"#),
        Place::Notifications,
        "ResourceSubscriptions",
        "resourceSubscriptions",
        Some("1"),
    );
    check(
        &complete(r#"{"type":"ref/prompt","name":"a","Name":"b"}"#),
        Place::Reference,
        "Name",
        "name",
        Some("1"),
    );
    check(
        &complete(r#"{"type":"ref/prompt","Type":"ref/resource","name":"a"}"#),
        Place::Reference,
        "Type",
        "type",
        Some("1"),
    );
    let answer = |members: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}}}}}"#);
    for (members, place, key, of) in [
        (r#""ResultType":"input_required""#, Place::Result, "ResultType", "resultType"),
        (r#""InputRequests":{}"#, Place::Result, "InputRequests", "inputRequests"),
        (r#""tools":[],"Tools":[]"#, Place::Result, "Tools", "tools"),
        (r#""inputRequests":{"Id":{"method":"a","Method":"b"}}"#, Place::InputRequest, "Method", "method"),
        (
            r#""inputRequests":{"q":{"method":"a","params":{"mode":"form","Mode":"url"}}}"#,
            Place::InputRequest,
            "Mode",
            "mode",
        ),
    ] {
        check(&answer(members), place, key, of, None);
    }

    // The same keys where they are ordinary, and the protocol's own where they are not expected.
    let type_and_name = call(r#"{"name":"x","arguments":{"Type":1,"Ref":{"Name":1},"Notifications":[]}}"#);
    let listened = listen(r#"{"notifications":{"resourceSubscriptions":[],"other":{"Name":1}}}"#);
    let completed = complete(r#"{"type":"ref/prompt","name":"a","title":"b"}"#);
    let asked =
        answer(r#""inputRequests":{"Name":{"method":"a","params":{"mode":"form"}}},"tools":[{"Name":1}]"#);
    for good in [type_and_name, listened, completed, asked] {
        assert!(Message::parse(good.clone().into(), &Limits::default()).is_ok(), "{good}");
    }
    for good in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"Name":1,"ID":2}],"structuredContent":{"Id":1}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":{"ID":1}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"id":1,"method":"x","result":2}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","name":"x","uri":"y"}"#,
    ] {
        assert!(Message::parse(good.into(), &Limits::default()).is_ok(), "{good}");
    }
}

#[test]
fn params_of_the_wrong_type() {
    let request = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let wrong = |method: &str, bad: &str, key: &'static str, expected: &'static str, good: &str| {
        let kind = R::InvalidMember { place: Place::Params, key, expected };
        check(&request(method, bad), &kind, -32602, Some("1"), &request(method, good));
    };
    for method in ["tools/call", "prompts/get"] {
        for name in ["1", "null", r#"["x"]"#, r#"{"a":1}"#, "true"] {
            wrong(method, &format!(r#"{{"name":{name}}}"#), "name", "a string", r#"{"name":"x"}"#);
        }
        for arguments in ["[]", r#"[{"a":1}]"#, "null", r#""{}""#, "1"] {
            let bad = format!(r#"{{"name":"x","arguments":{arguments}}}"#);
            wrong(method, &bad, "arguments", "an object", r#"{"name":"x","arguments":{}}"#);
        }
    }
    for method in ["resources/read", "resources/subscribe", "resources/unsubscribe"] {
        wrong(method, r#"{"uri":["u"]}"#, "uri", "a string", r#"{"uri":"u"}"#);
    }
    wrong("tools/list", r#"{"cursor":1}"#, "cursor", "a string", r#"{"cursor":"1"}"#);
    wrong("tasks/get", r#"{"taskId":1}"#, "taskId", "a string", r#"{"taskId":"1"}"#);
    wrong(
        "completion/complete",
        r#"{"ref":"x","argument":{}}"#,
        "ref",
        "an object",
        r#"{"ref":{},"argument":{}}"#,
    );
    wrong("ping", r#"{"_meta":[]}"#, "_meta", "an object", r#"{"_meta":{}}"#);
    wrong(
        "initialize",
        r#"{"protocolVersion":1}"#,
        "protocolVersion",
        "a string",
        r#"{"protocolVersion":"1"}"#,
    );

    let token =
        R::InvalidMember { place: Place::Meta, key: "progressToken", expected: "a string or a number" };
    let with_token = |token: &str| request("ping", &format!(r#"{{"_meta":{{"progressToken":{token}}}}}"#));
    check(&with_token("{}"), &token, -32602, Some("1"), &with_token("0"));
    check(&with_token("[1]"), &token, -32602, Some("1"), &with_token(r#""t""#));

    let cancel = |id: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
    };
    let kind =
        R::InvalidMember { place: Place::Params, key: "requestId", expected: "a string or an integer" };
    check(&cancel("1.0"), &kind, -32602, None, &cancel("1"));
}

#[test]
fn params_that_are_missing() {
    let missing = |method: &str, params: &str, key: &'static str, good: &str| {
        let text = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"{params}}}"#);
        let kind = R::MissingMember { place: Place::Params, key };
        check(&text(params), &kind, -32602, Some("1"), &text(&format!(r#","params":{good}"#)));
    };
    missing("tools/call", "", "name", r#"{"name":"x"}"#);
    missing("tools/call", r#","params":{}"#, "name", r#"{"name":""}"#);
    missing("prompts/get", "", "name", r#"{"name":"x"}"#);
    missing("resources/read", "", "uri", r#"{"uri":"x"}"#);
    missing("tasks/result", "", "taskId", r#"{"taskId":"x"}"#);
    missing("initialize", "", "protocolVersion", r#"{"protocolVersion":"x"}"#);
}

#[test]
fn methods_are_remembered_where_they_are_certain() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(refusal(text.as_bytes()).method.as_deref(), expected, "{text}");
    };
    check(&call("[]"), Some("tools/call"));
    check(&call(r#"{"a":1,"a":1}"#), Some("tools/call"));
    check(r#"{"method":"a","method":"b"}"#, None);
    check(r#"{"method":"a","Method":"b"}"#, None);
    check(r#"{"method":1}"#, None);
    let long = format!(r#"{{"method":"{}"}}"#, "m".repeat(500));
    check(&long, Some(&"m".repeat(256)));
}
