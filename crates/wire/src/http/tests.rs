use interlock_json::{Limits, scan};

use super::*;
use crate::id::RequestId;
use crate::{Era, Message, Version};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec(), &Limits::default())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn modern(method: &str, params: &str) -> Message {
    message(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{META}}}}}"#))
}

fn fields<'h>(fields: &'h [(&'h str, &'h str)]) -> Vec<(&'h str, &'h [u8])> {
    fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

#[test]
fn the_version_that_a_message_is_judged_by() {
    const MODERN: (&str, &str) = (PROTOCOL_VERSION, "2026-07-28");
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let claimed = modern("tools/list", "");
    let claimed = claimed.source();
    let unknown = claimed.replace("2026-07-28", "2099-01-01");
    let poor = claimed.replace(r#","io.modelcontextprotocol/clientCapabilities":{}"#, "");
    let initialize = |version: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"{version}"}}}}"#
        )
    };
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let on = Some(Version::V2025_06_18);
    let check = |text: &str, headers: &[(&str, &str)], session, expected: Result<Version, (u16, i64)>| {
        let headers = fields(headers);
        let supported = [Version::V2025_11_25, Version::V2026_07_28];
        let found = version_of(&message(text), Fields::new(&headers), session, &supported);
        let found = found.map_err(|rejection| (rejection.status, rejection.code));
        assert_eq!(found, expected, "{text} {headers:?} {session:?}");
    };
    let mismatch = Err((400, -32_020));
    // Modern, strictly.
    check(claimed, &[MODERN], None, Ok(Version::V2026_07_28));
    check(claimed, &[MODERN], on, Ok(Version::V2026_07_28));
    check(claimed, &[("mcp-protocol-version", " 2026-07-28 ")], None, Ok(Version::V2026_07_28));
    check(claimed, &[], None, mismatch);
    check(claimed, &[], on, mismatch);
    check(claimed, &[(PROTOCOL_VERSION, "2025-11-25")], None, mismatch);
    check(claimed, &[MODERN, MODERN], None, mismatch);
    check(claimed, &[(PROTOCOL_VERSION, "2026-07-28\u{e9}")], None, mismatch);
    check(&unknown, &[MODERN], None, mismatch);
    check(&unknown, &[(PROTOCOL_VERSION, "2099-01-01")], None, Err((400, -32_022)));
    check(&poor, &[MODERN], None, Err((400, -32_602)));
    check(list, &[MODERN], None, Err((400, -32_602)));
    check(list, &[(METHOD, "tools/list")], None, Err((400, -32_602)));
    check(list, &[(PROTOCOL_VERSION, "2099-01-01")], None, Err((400, -32_602)));
    check(&initialize("2025-11-25"), &[MODERN], None, Err((400, -32_602)));
    check(note, &[MODERN], None, Ok(Version::V2026_07_28));
    check(note, &[(PROTOCOL_VERSION, "2099-01-01")], None, Err((400, -32_022)));
    // A session.
    check(list, &[], on, Ok(Version::V2025_06_18));
    check(list, &[(PROTOCOL_VERSION, "2025-06-18")], on, Ok(Version::V2025_06_18));
    check(list, &[(PROTOCOL_VERSION, "2025-11-25")], on, Err((400, -32_600)));
    check(list, &[(PROTOCOL_VERSION, "2025-03-26")], on, Err((400, -32_600)));
    check(list, &[(METHOD, "tools/list")], on, Ok(Version::V2025_06_18));
    check(note, &[], on, Ok(Version::V2025_06_18));
    // Neither.
    check(&initialize("2024-11-05"), &[], None, Ok(Version::V2024_11_05));
    check(&initialize("2026-07-28"), &[], None, Ok(Version::V2025_11_25));
    check(&initialize("x"), &[], None, Ok(Version::V2025_11_25));
    check(list, &[], None, Ok(Version::V2025_03_26));
    check(list, &[(PROTOCOL_VERSION, "2025-06-18")], None, Ok(Version::V2025_06_18));
    check(list, &[(PROTOCOL_VERSION, "")], None, Err((400, -32_600)));
}

#[test]
fn batches_are_of_one_version() {
    for (headers, session, expected) in [
        (&[][..], None, Version::V2025_03_26),
        (&[], Some(Version::V2025_11_25), Version::V2025_11_25),
        (&[(PROTOCOL_VERSION, "2025-06-18")], None, Version::V2025_06_18),
        (&[(PROTOCOL_VERSION, "x")], None, Version::V2026_07_28),
    ] {
        assert_eq!(batch_version(Fields::new(&fields(headers)), session), expected, "{headers:?}");
    }
}

#[test]
fn headers_say_what_the_body_says() {
    let call = modern("tools/call", r#""name":"räd","#);
    let read = modern("resources/read", r#""uri":"file:///a b","#);
    let list = modern("tools/list", r#""name":"x","#);
    for (message, headers, expected) in [
        (&call, &[(METHOD, "tools/call"), (NAME, "=?base64?csOkZA==?=")][..], None),
        (&call, &[("mcp-method", "tools/call"), ("MCP-NAME", " =?base64?csOkZA==?= ")], None),
        (&call, &[(NAME, "=?base64?csOkZA==?=")], Some("the header `Mcp-Method` is missing")),
        (&call, &[(METHOD, "tools/call")], Some("the header `Mcp-Name` is missing")),
        (
            &call,
            &[(METHOD, "Tools/call"), (NAME, "=?base64?csOkZA==?=")],
            Some("the header `Mcp-Method` does not say what the body says"),
        ),
        (
            &call,
            &[(METHOD, "tools/call"), (NAME, "=?base64?csOkZB==?=")],
            Some("the header `Mcp-Name` is not the base64 that it says it is"),
        ),
        (
            &call,
            &[(METHOD, "tools/call"), (NAME, "rad")],
            Some("the header `Mcp-Name` does not say what the body says"),
        ),
        (
            &call,
            &[(METHOD, "tools/call"), (NAME, "räd")],
            Some("the header `Mcp-Name` holds characters other than visible ASCII and spaces"),
        ),
        (
            &call,
            &[(METHOD, "tools/call"), (METHOD, "tools/call"), (NAME, "=?base64?csOkZA==?=")],
            Some("the header `Mcp-Method` is there more than once"),
        ),
        (&read, &[(METHOD, "resources/read"), (NAME, "file:///a b")], None),
        (&list, &[(METHOD, "tools/list")], None),
        // What no method needs is not looked at.
        (&list, &[(METHOD, "tools/list"), (NAME, "y")], None),
    ] {
        let headers = fields(headers);
        let rejection = check_request(message, Fields::new(&headers)).err();
        assert_eq!(rejection.as_ref().map(|rejection| &*rejection.reason), expected, "{headers:?}");
        assert!(rejection.is_none_or(|rejection| (rejection.status, rejection.code) == (400, -32_020)));
    }
    let note = message(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#);
    assert_eq!(check_request(&note, Fields::new(&[])), Ok(()));
}

#[test]
fn headers_are_made_of_the_message_as_it_is_sent() {
    let schema =
        scan(r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#, &Limits::default())
            .unwrap();
    let params = ParamHeaders::of_schema(schema.root()).unwrap();
    let call = modern("tools/call", r#""name":"srv__read","arguments":{"region":"Zürich"},"#);
    let check = |message: &Message, version, expected: &[(&str, &str)]| {
        let headers = headers(message, version, &params).unwrap();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(headers, expected, "{}", message.source());
    };
    let (version, region) =
        ((PROTOCOL_VERSION, "2026-07-28"), ("Mcp-Param-Region", "=?base64?WsO8cmljaA==?="));
    check(&call, Version::V2026_07_28, &[version, (METHOD, "tools/call"), (NAME, "srv__read"), region]);
    let renamed = message(&call.source().replace("srv__read", "read"));
    check(&renamed, Version::V2026_07_28, &[version, (METHOD, "tools/call"), (NAME, "read"), region]);
    check(&call, Version::V2025_11_25, &[(PROTOCOL_VERSION, "2025-11-25")]);
    check(&call, Version::V2025_03_26, &[]);
    let initialize = message(
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#,
    );
    check(&initialize, Version::V2025_11_25, &[]);
    check(
        &message(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        Version::V2025_11_25,
        &[(PROTOCOL_VERSION, "2025-11-25")],
    );
}

#[test]
fn marks_in_schemas() {
    let string = |mark: &str| format!(r#"{{"type":"string","x-mcp-header":{mark}}}"#);
    let property = |schema: &str| format!(r#"{{"type":"object","properties":{{"a":{schema}}}}}"#);
    let one = string(r#""A""#);
    for (schema, expected) in [
        ("{}".to_owned(), Ok(0)),
        (property(&one), Ok(1)),
        (property(&property(&one)), Ok(1)),
        (property(r#"{"type":"integer","x-mcp-header":"A"}"#), Ok(1)),
        (property(r#"{"type":"number","x-mcp-header":"A"}"#), Err(SchemaError::Type)),
        (property(r#"{"type":["string"],"x-mcp-header":"A"}"#), Err(SchemaError::Type)),
        (property(r#"{"x-mcp-header":"A"}"#), Err(SchemaError::Type)),
        (property(&string(r#""""#)), Err(SchemaError::Name)),
        (property(&string(r#""A b""#)), Err(SchemaError::Name)),
        (property(&string(r#""A\r\nB""#)), Err(SchemaError::Name)),
        (property(&string("1")), Err(SchemaError::Name)),
        (format!(r#"{{"properties":{{"a":{one},"b":{}}}}}"#, string(r#""a""#)), Err(SchemaError::Duplicate)),
        (one.clone(), Err(SchemaError::Place)),
        (property(&format!(r#"{{"items":{one}}}"#)), Err(SchemaError::Place)),
        (format!(r#"{{"oneOf":[{}]}}"#, property(&one)), Err(SchemaError::Place)),
        (format!(r#"{{"$defs":{{"d":{one}}}}}"#), Err(SchemaError::Place)),
        (format!(r#"{{"if":{}}}"#, property(&one)), Err(SchemaError::Place)),
        // A property of this name, and data: no marks.
        (r#"{"properties":{"x-mcp-header":{"type":"string"}}}"#.to_owned(), Ok(0)),
        (property(&format!(r#"{{"default":{one},"enum":[{one}]}}"#)), Ok(0)),
    ] {
        let document = scan(schema.as_str(), &Limits::default()).unwrap();
        let found = ParamHeaders::of_schema(document.root());
        assert_eq!(
            found.as_ref().map(ParamHeaders::is_empty),
            expected.as_ref().map(|count| *count == 0),
            "{schema}"
        );
    }
}

#[test]
fn headers_say_what_the_arguments_say() {
    let schema = r#"{"properties":{"s":{"type":"string","x-mcp-header":"S"},"o":{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}},"b":{"type":"boolean","x-mcp-header":"B"}}}"#;
    let document = scan(schema, &Limits::default()).unwrap();
    let params = ParamHeaders::of_schema(document.root()).unwrap();
    let named = |text: &str| Cow::Owned::<str>(text.to_owned());
    let mismatch = |name: &str| Some(HeaderError::Mismatch { name: named(name) });
    let check = |arguments: &str, headers: &[(&str, &str)], expected: Option<HeaderError>| {
        let arguments = scan(arguments, &Limits::default()).unwrap();
        let headers = fields(headers);
        let found = params.check(Some(arguments.root()), Fields::new(&headers)).err();
        assert_eq!(found, expected, "{} {headers:?}", arguments.source());
        if let Ok(written) = params.write(Some(arguments.root())) {
            let written: Vec<(&str, &[u8])> =
                written.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
            assert_eq!(params.check(Some(arguments.root()), Fields::new(&written)), Ok(()), "{written:?}");
        }
    };
    check("{}", &[], None);
    check(r#"{"s":null,"o":{"n":null},"b":null}"#, &[], None);
    check(
        r#"{"s":"a","o":{"n":42},"b":true}"#,
        &[("mcp-param-s", "a"), ("Mcp-Param-N", "42"), ("Mcp-Param-B", "true")],
        None,
    );
    check(r#"{"s":" a"}"#, &[("Mcp-Param-S", "=?base64?IGE=?=")], None);
    check(r#"{"s":" a"}"#, &[("Mcp-Param-S", " a")], mismatch("Mcp-Param-S"));
    check(r#"{"s":"a"}"#, &[], Some(HeaderError::Missing { name: named("Mcp-Param-S") }));
    check("{}", &[("Mcp-Param-S", "a")], Some(HeaderError::Unexpected { name: named("Mcp-Param-S") }));
    check(
        r#"{"s":{}}"#,
        &[("Mcp-Param-S", "{}")],
        Some(HeaderError::Unexpected { name: named("Mcp-Param-S") }),
    );
    check(
        r#"{"s":"a"}"#,
        &[("Mcp-Param-S", "a"), ("mcp-param-s", "a")],
        Some(HeaderError::Duplicate { name: named("Mcp-Param-S") }),
    );
    check(
        r#"{"s":"a"}"#,
        &[("Mcp-Param-S", "=?base64?YR==?=")],
        Some(HeaderError::Base64 { name: named("Mcp-Param-S") }),
    );
    check(r#"{"s":"42"}"#, &[("Mcp-Param-S", "42.0")], mismatch("Mcp-Param-S"));
    check(r#"{"b":true}"#, &[("Mcp-Param-B", "True")], mismatch("Mcp-Param-B"));
    check(r#"{"o":{"n":42}}"#, &[("Mcp-Param-N", "42.0")], None);
    check(r#"{"o":{"n":4.2e1}}"#, &[("Mcp-Param-N", "42")], None);
    check(r#"{"o":{"n":42}}"#, &[("Mcp-Param-N", "4.2e1")], mismatch("Mcp-Param-N"));
    check(r#"{"o":{"n":42}}"#, &[("Mcp-Param-N", "43")], mismatch("Mcp-Param-N"));
    let range = Some(HeaderError::Range { name: named("Mcp-Param-N") });
    check(r#"{"o":{"n":9007199254740991}}"#, &[("Mcp-Param-N", "9007199254740991")], None);
    check(r#"{"o":{"n":9007199254740992}}"#, &[("Mcp-Param-N", "9007199254740992")], range.clone());
    check(r#"{"o":{"n":-9007199254740992}}"#, &[("Mcp-Param-N", "-9007199254740992")], range.clone());
    check(r#"{"o":{"n":1.5}}"#, &[("Mcp-Param-N", "1.5")], range);
    // What the tool does not mark is nobody's business.
    check("{}", &[("Mcp-Param-Other", "a"), ("Mcp-Param-Other", "b")], None);
}

#[test]
fn media_types() {
    let content =
        |headers: &[(&str, &str)]| check_content(Fields::new(&fields(headers))).err().map(MediaError::status);
    for (value, expected) in [
        ("application/json", None),
        ("Application/JSON ; charset=UTF-8", None),
        ("application/json;charset=\"utf-8\"", None),
        ("application/json; charset=latin1", Some(415)),
        ("application/json; boundary=x", Some(415)),
        ("application/json; charset=utf-8; charset=utf-8", Some(415)),
        ("application/json;", Some(415)),
        ("application/json, text/plain", Some(415)),
        ("application/problem+json", Some(415)),
        ("text/plain", Some(415)),
        ("", Some(415)),
    ] {
        assert_eq!(content(&[("content-type", value)]), expected, "{value}");
    }
    assert_eq!(content(&[]), Some(415));
    let json = ("Content-Type", "application/json");
    assert_eq!(content(&[json, json]), Some(415));
    assert_eq!(content(&[json, ("Content-Encoding", "identity")]), None);
    assert_eq!(content(&[json, ("Content-Encoding", "gzip")]), Some(415));
    assert_eq!(content(&[json, ("Content-Encoding", "identity"), ("Content-Encoding", "br")]), Some(415));

    let accept = |values: &[&str]| {
        let headers: Vec<(&str, &[u8])> = values.iter().map(|value| ("accept", value.as_bytes())).collect();
        (check_accept(Fields::new(&headers)).is_ok(), check_accept_stream(Fields::new(&headers)).is_ok())
    };
    for (values, expected) in [
        (&["application/json, text/event-stream"][..], (true, true)),
        (&["application/json", "Text/Event-Stream;q=0.1"], (true, true)),
        (&["*/*"], (true, true)),
        (&["application/*;q=0.5, text/*"], (true, true)),
        (&["text/event-stream"], (false, true)),
        (&["application/json"], (false, false)),
        (&["application/json, text/event-stream;q=0"], (false, false)),
        (&["*/*, application/json;q=0.000"], (false, true)),
        (&["application/json, text/event-stream;q=0, */*"], (false, false)),
        (&["*/*;q=0, application/json, text/event-stream"], (true, true)),
        (&[], (false, false)),
        (&[""], (false, false)),
    ] {
        assert_eq!(accept(values), expected, "{values:?}");
    }
}

#[test]
fn identifiers_of_sessions_and_events() {
    let long = "x".repeat(MOST_SESSION_ID);
    let longer = "x".repeat(MOST_SESSION_ID + 1);
    for (value, expected) in [
        ("abc-123", true),
        ("!~", true),
        (&*long, true),
        (&*longer, false),
        ("", false),
        ("a b", false),
        ("a\tb", false),
        ("ä", false),
        ("a\u{7f}", false),
    ] {
        let session = [(SESSION_ID, value.as_bytes())];
        assert_eq!(session_id(Fields::new(&session)).ok().flatten(), expected.then_some(value), "{value}");
        let event = [("last-event-id", value.as_bytes())];
        assert_eq!(event_id(Fields::new(&event)).ok().flatten(), expected.then_some(value), "{value}");
    }
    assert_eq!(session_id(Fields::new(&[])), Ok(None));
    let of_stream = |id: &[(&'static str, &'static [u8])]| {
        session_of_stream(Fields::new(id)).map(str::to_owned).map_err(|rejection| rejection.status)
    };
    assert_eq!(of_stream(&[(SESSION_ID, b"a")]), Ok("a".to_owned()));
    assert_eq!(of_stream(&[]), Err(405));
    assert_eq!(of_stream(&[(SESSION_ID, b"a b")]), Err(400));
    assert_eq!((Rejection::no_session().status, Rejection::unknown_session().status), (400, 404));
    let twice = [(SESSION_ID, &b"a"[..]), ("MCP-SESSION-ID", b"a")];
    assert!(session_id(Fields::new(&twice)).is_err());
}

#[test]
fn what_a_refused_request_is_answered() {
    let id = RequestId::from("a");
    let version = Rejection::unsupported_version("1900-01-01", &[Version::V2025_11_25, Version::V2026_07_28]);
    assert_eq!(
        version.body(Some(&id)),
        r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32022,"message":"the protocol version is not spoken here","data":{"supported":["2025-11-25","2026-07-28"],"requested":"1900-01-01"}}}"#
    );
    let missing = Rejection::missing_capability(r#"{"elicitation":{}}"#);
    assert_eq!(
        missing.body(None),
        r#"{"jsonrpc":"2.0","error":{"code":-32021,"message":"the request needs a capability that the client did not declare","data":{"requiredCapabilities":{"elicitation":{}}}}}"#
    );
    let unknown = |era| {
        let rejection = Rejection::unknown_method("x", era);
        (rejection.status, rejection.code)
    };
    assert_eq!((unknown(Era::Modern), unknown(Era::Legacy)), ((404, -32_601), (200, -32_601)));
    for (code, modern) in [
        (None, 200),
        (Some(-32_601), 404),
        (Some(-32_600), 400),
        (Some(-32_700), 400),
        (Some(-32_020), 400),
        (Some(-32_021), 400),
        (Some(-32_022), 400),
        (Some(-32_602), 200),
        (Some(-32_603), 200),
        (Some(40_300), 200),
    ] {
        assert_eq!(status_of_answer(code, Era::Modern), modern, "{code:?}");
        assert_eq!(status_of_answer(code, Era::Legacy), 200, "{code:?}");
    }
    let media = |error: MediaError| {
        let rejection = Rejection::from(error);
        (rejection.status, rejection.code)
    };
    assert_eq!(media(MediaError::ContentEncoding), (415, -32_600));
    assert_eq!(media(MediaError::Accept { needed: "" }), (406, -32_600));
    let tiny = Limits { bytes: 4, depth: 2 };
    for (text, status) in [("{\"a\":1}", 413), ("{{", 400)] {
        let refusal = Message::parse(text.as_bytes().to_vec(), &tiny).unwrap_err();
        assert_eq!(status_of_refusal(&refusal), status, "{text}");
    }
}
