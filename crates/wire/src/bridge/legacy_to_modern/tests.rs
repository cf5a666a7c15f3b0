use super::*;
use crate::bridge::scripts::{message, play};

/// What every request to the server says.
const SAYS: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"elicitation":{"url":{},"form":{}}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}"#;

/// A bridge whose client was told `version`. The next number is 2.
fn ready_in(version: &str, limits: Limits, cancels: Cancels) -> LegacyToModern {
    let mut bridge = LegacyToModern::new(limits, cancels);
    let script = r#"
C> {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"$VERSION","capabilities":{"roots":{},"elicitation":{"url":{},"form":{}},"tasks":{}},"clientInfo":{"name":"c","version":"1"}}}
S< {"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{$SAYS}}}
S> {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"resources":{"subscribe":true},"logging":{},"extensions":{"io.modelcontextprotocol/tasks":{}}},"instructions":"r\u0061","ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2","n":1.0}}}}
C< {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"$VERSION","capabilities":{"extensions":{},"tools":{},"resources":{"subscribe":true},"logging":{}},"serverInfo":{"name":"s","version":"2","n":1.0},"instructions":"r\u0061"}}
C> {"jsonrpc":"2.0","method":"notifications/initialized"}
"#;
    play(&mut bridge, &script.replace("$VERSION", version).replace("$SAYS", SAYS));
    bridge
}

fn check_in(version: &str, script: &str) {
    let mut bridge = ready_in(version, Limits::default(), Cancels::ByNotification);
    play(&mut bridge, &script.replace("$SAYS", SAYS));
}

fn check(script: &str) {
    check_in("2025-11-25", script);
}

#[test]
fn versions_that_are_asked_for() {
    for (asked, told) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2026-07-28", "2025-11-25"),
        ("x", "2025-11-25"),
    ] {
        let script = r#"
C> {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"$ASKED"}}
S< {"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{$META}}}
S> {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2025-11-25","2026-07-28"],"capabilities":{}}}
C< {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"$TOLD","capabilities":{},"serverInfo":{"name":"server","version":"0"}}}
"#;
        let mut bridge = LegacyToModern::new(Limits::default(), Cancels::ByClosing);
        play(&mut bridge, &script.replace("$ASKED", asked).replace("$TOLD", told));
        assert_eq!(bridge.negotiated(), Version::parse(told));
    }
}

#[test]
fn a_server_that_cannot_be_spoken_to() {
    for (then, reason) in [
        (
            r#"S> {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
            "the server refused `server/discover` with error -32601: no",
        ),
        (
            r#"S> {"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2099-01-01"],"capabilities":{}}}"#,
            "the server does not speak 2026-07-28",
        ),
        ("at 60000", "the server did not answer `server/discover` in time"),
        ("server closes 1", "the server closed the stream of the request without an answer"),
        ("server gone", "the server ended before it answered"),
    ] {
        let script = format!(
            r#"
C> {{"jsonrpc":"2.0","id":5,"method":"tools/list"}}
C< {{"jsonrpc":"2.0","id":5,"error":{{"code":-32600,"message":"`initialize` must come first, and be answered"}}}}
C> {{"jsonrpc":"2.0","id":6,"method":"ping"}}
C< {{"jsonrpc":"2.0","id":6,"result":{{}}}}
C> {{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"2025-11-25"}}}}
S< {{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{"_meta":{{$META}}}}}}
{then}
C< {{"jsonrpc":"2.0","id":0,"error":{{"code":-32603,"message":"{reason}"}}}}
"#
        );
        play(&mut LegacyToModern::new(Limits::default(), Cancels::ByClosing), &script);
    }
}

#[test]
fn requests_and_answers() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"n\u0061","arguments":{"big":12345678901234567890.10},"task":{"ttl":1},"requestState":"forged","_meta":{"progressToken":"p","x":1e400,"io.modelcontextprotocol/logLevel":"debug"}}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"n\u0061","arguments":{"big":12345678901234567890.10},"_meta":{$SAYS,"progressToken":2,"x":1e400}}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":0.50}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.50}}
S> {"jsonrpc":"2.0","id":2,"result":{"content":[],"resultType":"complete","ttlMs":1.0}}
C< {"jsonrpc":"2.0","id":"a","result":{"content":[],"ttlMs":1.0}}
S> {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/list"}
S< {"params":{"_meta":{$SAYS}},"jsonrpc":"2.0","id":3,"method":"tools/list"}
S> {"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"private","_meta":{}}}
C< {"jsonrpc":"2.0","id":1,"result":{"tools":[],"_meta":{}}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":4,"result":{"resultType":"task","taskId":"t"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the server answered with a result of type `task`, which no legacy version has"}}
C> {"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the server's tasks, if any, are those of 2026-07-28, which cannot be carried to a legacy version"}}
C> {"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the method does not exist in 2025-11-25"}}
C> {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"`initialize` begins a session, and this one has begun"}}
C> {"jsonrpc":"2.0","id":1,"method":"vendor/x","params":{"requestState":"its own"}}
S< {"jsonrpc":"2.0","id":5,"method":"vendor/x","params":{"_meta":{$SAYS},"requestState":"its own"}}
server closes 5
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the server closed the stream of the request without an answer"}}
# What 2026-07-28 took away goes nowhere.
C> {"jsonrpc":"2.0","method":"notifications/roots/list_changed"}
S> {"jsonrpc":"2.0","id":1,"method":"roots/list"}
"#,
    );
}

#[test]
fn structured_content_that_is_no_object() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{$SAYS}}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","tools":[{"name":"a","outputSchema":{"type":"array"}},{"outputSchema":{"type":"object"},"name":"b"},{"outputSchema":{"anyOf":[]},"name":"c"},{"name":"d"}]}}
C< {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"outputSchema":{"type":"object"},"name":"b"},{"name":"c"},{"name":"d"}]}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","content":[],"structuredContent":[1.0]}}
C< {"jsonrpc":"2.0","id":1,"result":{"content":[]}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"b"}}
S< {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{$SAYS},"name":"b"}}
S> {"jsonrpc":"2.0","id":4,"result":{"resultType":"complete","content":[],"structuredContent":{"n":1.0}}}
C< {"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"n":1.0}}}
"#,
    );
}

#[test]
fn a_resource_that_is_not_there() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"u:\u0061"}}
S< {"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"_meta":{$SAYS},"uri":"u:\u0061"}}
S> {"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"none","data":{"uri":"u:a"}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"none","data":{"uri":"u:a"}}}
# Not certain: it may be something else.
C> {"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"u:a"}}
S< {"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"_meta":{$SAYS},"uri":"u:a"}}
S> {"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"none"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"none"}}
C> {"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"u:a"}}
S< {"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"_meta":{$SAYS},"name":"u:a"}}
S> {"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"none","data":{"uri":"u:a"}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"none","data":{"uri":"u:a"}}}
"#,
    );
}

#[test]
fn the_log_level_is_remembered() {
    check(
        r#"
S> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"alert","data":1.0}}
C> {"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"loud"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"the log level is not one"}}
C> {"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}}
C< {"jsonrpc":"2.0","id":1,"result":{}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS,"io.modelcontextprotocol/logLevel":"warning"},"name":"a"}}
S2> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning","data":1.0}}
C< {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning","data":1.0}}
S2> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}
"#,
    );
}

#[test]
fn questions_become_requests_and_their_answers_a_retry() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"x":1.0},"_meta":{"progressToken":7}}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","arguments":{"x":1.0},"_meta":{$SAYS,"progressToken":2}}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"k\u0031":{"method":"elicitation/create","params":{"mode":"url","url":"u","message":"m"}},"r":{"method":"roots/list"}},"requestState":"s\u0031"}}
C< {"jsonrpc":"2.0","id":3,"method":"elicitation/create","params":{"elicitationId":"interlock-3","mode":"url","url":"u","message":"m"}}
C< {"jsonrpc":"2.0","id":4,"method":"roots/list"}
C> {"jsonrpc":"2.0","id":4,"result":{"roots":[],"n":1.0}}
# A second answer, one of another's, and one of the server's out of turn change nothing.
C> {"jsonrpc":"2.0","id":4,"result":{"roots":[1]}}
C> {"jsonrpc":"2.0","id":99,"result":{}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete"}}
C> {"jsonrpc":"2.0","id":3,"result":{"action":"accept"}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"inputResponses":{"r":{"roots":[],"n":1.0},"k\u0031":{"action":"accept"}},"requestState":"s\u0031","name":"a","arguments":{"x":1.0},"_meta":{$SAYS,"progressToken":5}}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5,"progress":1}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1}}
# It wants to be asked again, with its own state or none.
S> {"jsonrpc":"2.0","id":5,"result":{"resultType":"input_required","requestState":"s2"}}
at 250
S< {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"requestState":"s2","name":"a","arguments":{"x":1.0},"_meta":{$SAYS,"progressToken":6}}}
S> {"jsonrpc":"2.0","id":6,"result":{"resultType":"input_required","inputRequests":{"r":{"method":"roots/list","params":{}}}}}
C< {"jsonrpc":"2.0","id":7,"method":"roots/list","params":{}}
C> {"jsonrpc":"2.0","id":7,"result":{"roots":[]}}
S< {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"inputResponses":{"r":{"roots":[]}},"name":"a","arguments":{"x":1.0},"_meta":{$SAYS,"progressToken":8}}}
S> {"jsonrpc":"2.0","id":8,"result":{"resultType":"complete","content":[]}}
C< {"jsonrpc":"2.0","id":7,"result":{"content":[]}}
"#,
    );
}

/// A call whose client was asked two things, under 3 and 4.
const ASKED: &str = r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"b":{"method":"roots/list"}}}}
C< {"jsonrpc":"2.0","id":3,"method":"roots/list"}
C< {"jsonrpc":"2.0","id":4,"method":"roots/list"}
"#;

#[test]
fn questions_that_are_not_answered() {
    for end in [
        r#"
C> {"jsonrpc":"2.0","id":4,"error":{"code":-1,"message":"no \u0061"}}
C< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"the server asked for `roots/list`, which the client refused with error -1: no a"}}
"#,
        // The server has nothing to cancel: it has answered.
        r#"
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}
C< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}
C< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}
"#,
        r#"
C> {"jsonrpc":"2.0","id":4,"result":{}}
at 3599999
at 3600000
C< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"the client did not answer in time what the server asked"}}
"#,
    ] {
        check(&format!("{ASKED}{end}\nC> {}", r#"{"jsonrpc":"2.0","id":3,"result":{}}"#));
    }
}

#[test]
fn questions_that_cannot_be_asked() {
    for (version, required, reason) in [
        (
            "2025-11-25",
            r#""inputRequests":{"a":{"method":"tasks/list"}}"#,
            "the server asked something that no client can be asked",
        ),
        (
            "2025-11-25",
            r#""inputRequests":{"a":{"method":"roots/list","params":[]}}"#,
            "the server asked for `roots/list` with `params` that are not an object",
        ),
        (
            "2025-11-25",
            r#""inputRequests":[]"#,
            "the server asked too much at once, or nothing that can be asked",
        ),
        ("2025-11-25", r#""inputRequests":{}"#, "the server asked for input and did not say for what"),
        ("2025-11-25", r#""requestState":1"#, "the server's `requestState` is not a string"),
        (
            "2025-03-26",
            r#""inputRequests":{"a":{"method":"elicitation/create"}}"#,
            "the server asked for `elicitation/create` as it does not exist in 2025-03-26",
        ),
        (
            "2025-06-18",
            r#""inputRequests":{"a":{"method":"elicitation/create","params":{"mode":"url"}}}"#,
            "the server asked for `elicitation/create` as it does not exist in 2025-06-18",
        ),
    ] {
        let script = r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required",$REQUIRED}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"$REASON"}}
"#;
        check_in(version, &script.replace("$REQUIRED", required).replace("$REASON", reason));
    }
    check(
        r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{$SAYS}}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","requestState":"s"}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"only a call, a resource or a prompt is answered by asking for input"}}
"#,
    );
    // What was the only way in a version has no name there.
    check_in(
        "2025-06-18",
        r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"mode":"form","message":"m"}}}}}
C< {"jsonrpc":"2.0","id":3,"method":"elicitation/create","params":{"message":"m"}}
"#,
    );
}

#[test]
fn a_server_that_asks_without_end() {
    let limits = Limits { rounds: 2, ..Limits::default() };
    let script = r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","requestState":"s"}}
at 250
S< {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"requestState":"s","_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","requestState":"s"}}
at 500
S< {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"requestState":"s","_meta":{$SAYS},"name":"a"}}
S> {"jsonrpc":"2.0","id":4,"result":{"resultType":"input_required","requestState":"s"}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"the server asked too often during one call"}}
"#;
    play(&mut ready_in("2025-11-25", limits, Cancels::ByClosing), &script.replace("$SAYS", SAYS));
}

#[test]
fn what_is_kept_is_bounded() {
    // The request below is 73 bytes long; its answers may be 20.
    let limits = Limits { kept_bytes: 100, watched_bytes: 3, watched: 1, ..Limits::default() };
    let script = r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","x":0}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a","x":0}}
C> {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"b"}}
C< {"jsonrpc":"2.0","id":8,"error":{"code":-32603,"message":"too many requests wait for the server"}}
S> {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"b":{"method":"roots/list"}}}}
C< {"jsonrpc":"2.0","id":3,"method":"roots/list"}
C< {"jsonrpc":"2.0","id":4,"method":"roots/list"}
C> {"jsonrpc":"2.0","id":3,"result":{"r":1}}
C> {"jsonrpc":"2.0","id":4,"result":{"r":"too much of it"}}
C< {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"too much is kept of calls that wait for their clients"}}
C> {"jsonrpc":"2.0","id":9,"method":"resources/subscribe","params":{"uri":"long"}}
C< {"jsonrpc":"2.0","id":9,"error":{"code":-32603,"message":"too many resources are watched"}}
C> {"jsonrpc":"2.0","id":9,"method":"resources/subscribe","params":{"uri":"a:"}}
S< {"jsonrpc":"2.0","id":5,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
C> {"jsonrpc":"2.0","id":10,"method":"resources/subscribe","params":{"uri":"b:"}}
C< {"jsonrpc":"2.0","id":10,"error":{"code":-32603,"message":"too many resources are watched"}}
"#;
    play(&mut ready_in("2025-11-25", limits, Cancels::ByClosing), &script.replace("$SAYS", SAYS));
}

#[test]
fn cancellation_closes_a_stream_or_is_said() {
    let begin = r#"
C> {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$SAYS},"name":"a"}}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"wh\u0079"}}
"#
    .replace("$SAYS", SAYS);
    let late = "\nS> {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}";
    let mut bridge = ready_in("2025-11-25", Limits::default(), Cancels::ByClosing);
    play(&mut bridge, &format!("{begin}closes 2{late}"));
    let said = r#"S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"wh\u0079"}}"#;
    let mut bridge = ready_in("2025-11-25", Limits::default(), Cancels::ByNotification);
    play(&mut bridge, &format!("{begin}{said}{late}"));
}

#[test]
fn resources_are_watched_by_one_subscription() {
    let script = r#"
C> {"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:"}}
S< {"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
# While it is not acknowledged there is no news, and nothing else is opened.
S2> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:"}}
C> {"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"b:"}}
C> {"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"c:"}}
S> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2},"notifications":{"resourceSubscriptions":["a:"]}}}
C< {"jsonrpc":"2.0","id":1,"result":{}}
S< {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:","b:","c:"]},"_meta":{$SAYS}}}
# The one before still tells.
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:","n":1.0,"_meta":{"io.modelcontextprotocol/subscriptionId":2,"k":1}}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:","n":1.0,"_meta":{"k":1}}}
S3> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":["a:","b:"]}}}
closes 2
C< {"jsonrpc":"2.0","id":2,"result":{}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"the resource cannot be subscribed to: the server does not watch it"}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:","_meta":{"io.modelcontextprotocol/subscriptionId":2}}}
S3> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"b:"}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"b:"}}
C> {"jsonrpc":"2.0","id":4,"method":"resources/subscribe","params":{"uri":"b:"}}
C< {"jsonrpc":"2.0","id":4,"result":{}}
C> {"jsonrpc":"2.0","id":4,"method":"resources/unsubscribe","params":{"uri":"b:"}}
C< {"jsonrpc":"2.0","id":4,"result":{}}
S< {"jsonrpc":"2.0","id":4,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
S4> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":["a:"]}}}
closes 3
# The server ends it: by an answer, or otherwise. It is begun anew, later each time.
S> {"jsonrpc":"2.0","id":4,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":4}}}
at 4999
at 5000
S< {"jsonrpc":"2.0","id":5,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
server closes 5
at 14999
at 15000
S< {"jsonrpc":"2.0","id":6,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
C> {"jsonrpc":"2.0","id":5,"method":"resources/unsubscribe","params":{"uri":"a:"}}
C< {"jsonrpc":"2.0","id":5,"result":{}}
S6> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":["a:"]}}}
closes 6
"#;
    let mut bridge = ready_in("2025-11-25", Limits::default(), Cancels::ByClosing);
    play(&mut bridge, &script.replace("$SAYS", SAYS));
    assert!(bridge.waits_for_nothing());
    assert_eq!(bridge.next_tick(), None);
}

#[test]
fn subscriptions_that_do_not_come_about() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:"}}
S< {"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:"]},"_meta":{$SAYS}}}
at 30000
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the resource cannot be subscribed to: the server did not say in time whether it watches it"}}
C> {"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"b:"}}
S< {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["b:"]},"_meta":{$SAYS}}}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
S> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":3},"notifications":{"resourceSubscriptions":["b:"]}}}
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}
# Whoever comes while one is being opened does not wait for what becomes of it.
C> {"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"d:"}}
S< {"jsonrpc":"2.0","id":4,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["d:"]},"_meta":{$SAYS}}}
C> {"jsonrpc":"2.0","id":4,"method":"resources/subscribe","params":{"uri":"c:"}}
S> {"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"no"}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"the resource cannot be subscribed to: the server ended the subscription"}}
S< {"jsonrpc":"2.0","id":5,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["c:"]},"_meta":{$SAYS}}}
S> {"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"no"}}
C< {"jsonrpc":"2.0","id":4,"error":{"code":-32603,"message":"the resource cannot be subscribed to: the server has no subscriptions"}}
at 9000000
"#,
    );
}

#[test]
fn announcements_come_without_asking() {
    let mut bridge = LegacyToModern::new(Limits::default(), Cancels::ByNotification);
    play(
        &mut bridge,
        r#"
C> {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
S< {"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{$META}}}
S> {"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{}},"serverInfo":{"name":"old","version":"1"}}}
C< {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{}},"serverInfo":{"name":"old","version":"1"}}}
C> {"jsonrpc":"2.0","method":"notifications/initialized"}
S< {"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"promptsListChanged":true},"_meta":{$META}}}
S> {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2},"notifications":{"toolsListChanged":true}}}
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}
C< {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{}}}
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":77}}}
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}
C> {"jsonrpc":"2.0","method":"notifications/initialized"}
# What the server does not declare is refused here.
C> {"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the server does not declare `resources.subscribe`"}}
C> {"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the server does not declare `logging`"}}
S> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
at 5000
S< {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"promptsListChanged":true},"_meta":{$META}}}
"#,
    );
}

#[test]
fn what_headers_need_goes_with_every_message() {
    let mut bridge = ready_in("2025-03-26", Limits::default(), Cancels::ByClosing);
    let read = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"u"}}"#;
    let actions = bridge.client_sent(&message(read), Duration::ZERO);
    let [Action::ToServer(sent)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((sent.request, sent.version), (Some(2), Some(Version::V2026_07_28)));
    assert_eq!((sent.method.as_deref(), sent.name.as_deref()), (Some("resources/read"), Some("u")));
    let headers =
        crate::http::headers(&message(&sent.line), Version::V2026_07_28, &Default::default()).unwrap();
    assert_eq!(headers.len(), 3, "{headers:?}");
}
