use super::*;
use crate::bridge::scripts::{message, play};

fn bridge() -> ModernToLegacy {
    bridge_within(Limits::default())
}

fn bridge_within(limits: Limits) -> ModernToLegacy {
    let mut count = 0;
    let tokens = move || {
        count += 1;
        format!("t{count}")
    };
    ModernToLegacy::new(limits, Box::new(tokens))
}

/// Every capability of a server that matters.
const SERVER: &str = r#"{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{}}"#;

/// A bridge that has agreed on 2025-11-25, with a client that can be asked everything. The next number is 2.
fn ready(mut bridge: ModernToLegacy) -> ModernToLegacy {
    let script = r#"
C> {"jsonrpc":"2.0","id":0,"method":"server/discover","params":{"_meta":{$ALL}}}
S< {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}},"clientInfo":{"name":"interlock","version":"$VERSION"}}}
S> {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":$SERVER,"serverInfo":{"name":"s","version":"1"}}}
S< {"jsonrpc":"2.0","method":"notifications/initialized"}
C< {"jsonrpc":"2.0","id":0,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":$SERVER,"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}
"#;
    play(&mut bridge, &script.replace("$VERSION", env!("CARGO_PKG_VERSION")).replace("$SERVER", SERVER));
    bridge
}

fn check(script: &str) {
    play(&mut ready(bridge()), script);
}

#[test]
fn one_handshake_before_the_first_request() {
    play(
        &mut bridge(),
        r#"
C> {"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"tasks":{},"extensions":{"x.y/z":{}}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1e400","n":1.0}}}}
S< {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1e400","n":1.0}}}
# Everything else waits, and what is cancelled meanwhile never goes.
C> {"jsonrpc":"2.0","id":6,"method":"prompts/list","params":{"_meta":{$META}}}
C> {"jsonrpc":"2.0","id":7,"method":"server/discover","params":{"_meta":{$META}}}
C> {"jsonrpc":"2.0","id":8,"method":"resources/list","params":{"_meta":{$META}}}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":6}}
client closes 8
S> {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-03-26","capabilities":{"prompts":{},"tasks":{}},"serverInfo":{"name":"s","version":"1"},"instructions":"read \u0061"}}
S< {"jsonrpc":"2.0","method":"notifications/initialized"}
S< {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{}}}
C< {"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"prompts":{}},"instructions":"read \u0061","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}
C> {"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"_meta":{$META}}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{}}}
"#,
    );
}

#[test]
fn a_handshake_that_fails_fails_every_request() {
    let begin = r#"
C> {"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"_meta":{$META}}}
S< {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"interlock","version":"$VERSION"}}}
"#
    .replace("$VERSION", env!("CARGO_PKG_VERSION"));
    for (then, reason) in [
        (
            r#"S> {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2026-07-28","capabilities":{}}}"#,
            "the server chose protocol version `2026-07-28`, which is not spoken here",
        ),
        (
            r#"S> {"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#,
            "the server refused `initialize` with error -1: no",
        ),
        ("at 60000", "the server did not answer `initialize` in time"),
        ("server closes 1", "the server closed the stream of `initialize` without an answer"),
        ("server gone", "the server ended before it agreed on a version"),
    ] {
        let error = |id| {
            format!(r#"C< {{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"{reason}"}}}}"#)
        };
        let later = r#"C> {"jsonrpc":"2.0","id":6,"method":"tools/list","params":{"_meta":{$META}}}"#;
        play(&mut bridge(), &format!("{begin}\n{then}\n{}\n{later}\n{}", error(5), error(6)));
    }
}

#[test]
fn requests_and_answers() {
    check(
        r#"
# Bytes survive; what is modern goes, and comes.
C> {"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"_meta":{"x":1e400,$META,"progressToken":"p"},"name":"n\u0061","arguments":{"big":12345678901234567890.10, "d":{}},"inputResponses":{}}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"x":1e400,"progressToken":2},"name":"n\u0061","arguments":{"big":12345678901234567890.10, "d":{}}}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":0.50}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.50}}
S> {"jsonrpc":"2.0","id":2,"result":{"content":[],"structuredContent":{"n":1.0},"resultType":"input_required"}}
C< {"jsonrpc":"2.0","id":"a","result":{"resultType":"complete","content":[],"structuredContent":{"n":1.0}}}
# A second answer is nobody's, and so is progress of what has ended.
S> {"jsonrpc":"2.0","id":2,"result":{}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1}}
S> {"jsonrpc":"2.0","id":"a","result":{}}
# What may be cached says for how long.
C> {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{$META},"cursor":"c"}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{},"cursor":"c"}}
S> {"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"a","execution":{"taskSupport":"required"}},{"name":"b","execution":{"taskSupport":"optional"}}],"ttlMs":"x","nextCursor":"d"}}
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{"name":"b","execution":{"taskSupport":"optional"}}],"nextCursor":"d"}}
C> {"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"_meta":{$META},"uri":"u"}}
S< {"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"_meta":{},"uri":"u"}}
S> {"jsonrpc":"2.0","id":4,"error":{"code":-32002,"message":"none","data":{"uri":"u"}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"none","data":{"uri":"u"}}}
C> {"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"_meta":{$META},"name":"p"}}
S< {"jsonrpc":"2.0","id":5,"method":"prompts/get","params":{"_meta":{},"name":"p"}}
S> {"jsonrpc":"2.0","id":5,"error":{"code":-32000,"message":"x"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}
# Unknown extensions are for whoever let them through.
C> {"jsonrpc":"2.0","id":1,"method":"vendor/x","params":{"_meta":{$META},"requestState":"kept"}}
S< {"jsonrpc":"2.0","id":6,"method":"vendor/x","params":{"_meta":{},"requestState":"kept"}}
S> {"jsonrpc":"2.0","id":6,"result":{"resultType":"complete"}}
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}
S> {"jsonrpc":"2.0","id":"s","method":"ping"}
S< {"jsonrpc":"2.0","id":"s","result":{}}
"#,
    );
}

#[test]
fn what_cannot_be_carried_is_refused_with_the_reason() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"_meta":{$META},"taskId":"t"}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the server's tasks are those of 2025-11-25, which cannot be carried to 2026-07-28"}}
C> {"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{$META}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the method does not exist in 2026-07-28"}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/list"}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"`_meta` is missing in `params`"}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{$META,"io.modelcontextprotocol/logLevel":"loud"}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"the log level is not one"}}
S> {"jsonrpc":"2.0","id":9,"method":"tasks/list"}
S< {"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"the client speaks 2026-07-28, which has no such request of a server"}}
S> {"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}
"#,
    );
}

#[test]
fn cancellation_by_word_and_by_closed_streams() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"b"}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{},"name":"b"}}
S3> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"wh\u0079"}}
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"wh\u0079"}}
S> {"jsonrpc":"2.0","id":2,"result":{}}
client closes 2
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
client closes 2
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}
C> {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{$META}}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"_meta":{}}}
server closes 5
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"the server closed the stream of the request without an answer"}}
"#,
    );
}

#[test]
fn log_levels_of_requests() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$META},"name":"quiet"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"quiet"}}
S> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"emergency","data":1.0}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$META,"io.modelcontextprotocol/logLevel":"warning"},"name":"loud"}}
S< {"jsonrpc":"2.0","id":4,"method":"logging/setLevel","params":{"level":"warning"}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{},"name":"loud"}}
S> {"jsonrpc":"2.0","id":4,"result":{}}
S> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":1.0}}
C< {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":1.0}}
S> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}
S2> {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":1.0}}
# Less is not asked for: it is left out here. More is.
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$META,"io.modelcontextprotocol/logLevel":"alert"},"name":"x"}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":{},"name":"x"}}
C> {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{$META,"io.modelcontextprotocol/logLevel":"debug"},"name":"x"}}
S< {"jsonrpc":"2.0","id":7,"method":"logging/setLevel","params":{"level":"debug"}}
S< {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"_meta":{},"name":"x"}}
S> {"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}
"#,
    );
}

#[test]
fn a_question_is_an_answer_and_the_retry_answers_it() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL,"progressToken":1},"name":"a","arguments":{"x":1.0}}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":2},"name":"a","arguments":{"x":1.0}}}
# Two questions of one moment are asked at once.
S> {"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"_meta":{"progressToken":1},"message":"m","requestedSchema":{"big":1e400}}}
S> {"jsonrpc":"2.0","id":70,"method":"roots/list"}
at 19
at 20
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"question-3":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"big":1e400}}},"question-4":{"method":"roots/list"}},"requestState":"t1.5"}}
# Progress while nobody waits is nobody's.
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1}}
C> {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"_meta":{$ALL,"progressToken":"new"},"name":"a","arguments":{ "x":1.0 },"inputResponses":{"question-3":{"action":"accept","content":{"n":2.00}},"question-4":{"roots":[]},"other":{}},"requestState":"t1.5"}}
S< {"jsonrpc":"2.0","id":"q1","result":{"action":"accept","content":{"n":2.00}}}
S< {"jsonrpc":"2.0","id":70,"result":{"roots":[]}}
S> {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":2}}
C< {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"new","progress":2}}
S> {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
C< {"jsonrpc":"2.0","id":9,"result":{"resultType":"complete","content":[]}}
# A state is used once.
C> {"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","arguments":{"x":1.0},"requestState":"t1.5"}}
C< {"jsonrpc":"2.0","id":10,"error":{"code":-32602,"message":"`requestState` is not one that waits for this call: it was never given, or used, or is too old"}}
"#,
    );
}

/// The beginning of a call that was asked one question: the state is `t1.4`, the question `question-3`.
const ASKED: &str = r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
at 20
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"question-3":{"method":"roots/list"}},"requestState":"t1.4"}}
"#;

#[test]
fn what_a_retry_leaves_open_is_asked_again() {
    check(&format!(
        "{ASKED}{}",
        r#"
# The server asks more while the client gathers.
S> {"jsonrpc":"2.0","id":"r","method":"sampling/createMessage","params":{"maxTokens":1}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","inputResponses":{"question-3":null},"requestState":"t1.4"}}
C< {"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"question-3":{"method":"roots/list"},"question-5":{"method":"sampling/createMessage","params":{"maxTokens":1}}},"requestState":"t2.6"}}
# It gives one question up.
S> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","inputResponses":{"question-3":{},"question-5":{"role":"assistant"}},"requestState":"t2.6"}}
S< {"jsonrpc":"2.0","id":"r","result":{"role":"assistant"}}
S> {"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"x"}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"x"}}
"#
    ));
}

#[test]
fn a_state_is_for_the_call_that_it_was_given_for() {
    let refused = r#","error":{"code":-32602,"message":"`requestState` is not one that waits for this call: it was never given, or used, or is too old"}}"#;
    for other in [
        r#""method":"tools/call","params":{"_meta":{$ALL},"name":"b","requestState":"t1.4"}"#,
        r#""method":"prompts/get","params":{"_meta":{$ALL},"name":"a","requestState":"t1.4"}"#,
        r#""method":"tools/call","params":{"_meta":{$ALL},"name":"a","arguments":{"x":1},"requestState":"t1.4"}"#,
        r#""method":"tools/call","params":{"_meta":{$ALL},"name":"a","requestState":"t1.5"}"#,
        r#""method":"tools/call","params":{"_meta":{$ALL},"name":"a","requestState":""}"#,
    ] {
        check(&format!(
            "{ASKED}\nC> {{\"jsonrpc\":\"2.0\",\"id\":2,{other}}}\nC< {{\"jsonrpc\":\"2.0\",\"id\":2{refused}{}",
            r#"
# And that one is still good.
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","inputResponses":{"question-3":{"roots":[]}},"requestState":"t1.4"}}
S< {"jsonrpc":"2.0","id":"q","result":{"roots":[]}}
"#
        ));
    }
}

#[test]
fn an_answer_that_came_too_early_waits_for_the_retry() {
    check(&format!(
        "{ASKED}{}",
        r#"
S> {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
# What has an answer asks nothing more.
S> {"jsonrpc":"2.0","id":"r","method":"roots/list"}
S< {"jsonrpc":"2.0","id":"r","error":{"code":-32603,"message":"the client speaks 2026-07-28, where a question is part of the answer to a call, and no call can take it"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","inputResponses":{"question-3":{"roots":[]}},"requestState":"t1.4"}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
C< {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}
"#
    ));
}

#[test]
fn a_call_that_is_never_resumed_is_cancelled() {
    let mut bridge = ready(bridge());
    play(
        &mut bridge,
        &format!(
            "{ASKED}{}",
            r#"
at 3600019
at 3600020
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","requestState":"t1.4"}}
C< {"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"`requestState` is not one that waits for this call: it was never given, or used, or is too old"}}
S> {"jsonrpc":"2.0","id":2,"result":{}}
"#
        ),
    );
    assert!(bridge.waits_for_nothing());
    assert_eq!(bridge.next_tick(), None);
}

#[test]
fn questions_go_where_they_can_be_answered() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$META},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32601,"message":"the client did not declare the capability `roots`"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{$ALL}}}
S< {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{}}}
S3> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the client speaks 2026-07-28, where a question is part of the answer to a call, and no call can take it"}}
C> {"jsonrpc":"2.0","id":3,"method":"prompts/get","params":{"_meta":{$ALL},"name":"p"}}
S< {"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"_meta":{},"name":"p"}}
S> {"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"task":{},"message":"m"}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32601,"message":"the client speaks 2026-07-28, which answers no question by a task"}}
S> {"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"mode":"url","elicitationId":"e","url":"u","message":"m"}}
S> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32600,"message":"the id is in use by a question"}}
at 20
C< {"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","inputRequests":{"question-5":{"method":"elicitation/create","params":{"mode":"url","url":"u","message":"m"}}},"requestState":"t1.6"}}
"#,
    );
}

#[test]
fn questions_before_there_is_a_call() {
    let mut bridge = ready(bridge());
    play(
        &mut bridge,
        r#"
S> {"jsonrpc":"2.0","id":1,"method":"roots/list"}
S> {"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{"maxTokens":1}}
S> {"jsonrpc":"2.0","id":3,"method":"elicitation/create","params":{"message":"m"}}
S> {"jsonrpc":"2.0","id":3,"method":"roots/list"}
S< {"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"the id is in use by a question"}}
S> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
# What may ask nothing passes, and who cannot be asked.
C> {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{$ALL}}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"_meta":{}}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$META},"name":"a"}}
S< {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"_meta":{},"name":"a"}}
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$ALL,"progressToken":"p","io.modelcontextprotocol/logLevel":"info"},"name":"b"}}
C< {"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","inputRequests":{"question-2":{"method":"roots/list"},"question-4":{"method":"elicitation/create","params":{"message":"m"}}},"requestState":"t1.8"}}
S> {"jsonrpc":"2.0","id":7,"result":{}}
C> {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{$ALL},"name":"b","inputResponses":{"question-2":{"roots":[]}},"requestState":"t1.8"}}
S< {"jsonrpc":"2.0","id":1,"result":{"roots":[]}}
C< {"jsonrpc":"2.0","id":4,"result":{"resultType":"input_required","inputRequests":{"question-4":{"method":"elicitation/create","params":{"message":"m"}}},"requestState":"t2.9"}}
C> {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":{$ALL,"progressToken":"q","io.modelcontextprotocol/logLevel":"info"},"name":"b","inputResponses":{"question-4":{"action":"decline"}},"requestState":"t2.9"}}
S< {"jsonrpc":"2.0","id":10,"method":"logging/setLevel","params":{"level":"info"}}
S< {"jsonrpc":"2.0","id":3,"result":{"action":"decline"}}
S< {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"progressToken":7},"name":"b"}}
S> {"jsonrpc":"2.0","id":7,"result":{"content":[]}}
C< {"jsonrpc":"2.0","id":5,"result":{"resultType":"complete","content":[]}}
S> {"jsonrpc":"2.0","id":6,"result":{"content":[]}}
C< {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}
S> {"jsonrpc":"2.0","id":5,"result":{"tools":[]}}
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[]}}
# A call that the server has not seen is not cancelled there.
S> {"jsonrpc":"2.0","id":4,"method":"roots/list"}
C> {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"_meta":{$ALL},"name":"b"}}
C< {"jsonrpc":"2.0","id":6,"result":{"resultType":"input_required","inputRequests":{"question-11":{"method":"roots/list"}},"requestState":"t3.13"}}
S> {"jsonrpc":"2.0","id":5,"method":"sampling/createMessage","params":{"maxTokens":1}}
at 3600000
S< {"jsonrpc":"2.0","id":4,"error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
S< {"jsonrpc":"2.0","id":5,"error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
S> {"jsonrpc":"2.0","id":6,"method":"roots/list"}
at 7200000
S< {"jsonrpc":"2.0","id":6,"error":{"code":-32603,"message":"the client called nothing that could have been answered with the question"}}
"#,
    );
    assert!(bridge.waits_for_nothing());
}

#[test]
fn limits_of_questions() {
    let limits = Limits { rounds: 1, questions: 1, held: 1, gather: Duration::ZERO, ..Limits::default() };
    play(
        &mut ready(bridge_within(limits)),
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"question-3":{"method":"roots/list"}},"requestState":"t1.4"}}
# One question a call at a time.
S> {"jsonrpc":"2.0","id":"r","method":"roots/list"}
S< {"jsonrpc":"2.0","id":"r","error":{"code":-32603,"message":"the client speaks 2026-07-28, where a question is part of the answer to a call, and no call can take it"}}
# One call that waits for its client.
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"b"}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":{},"name":"b"}}
S> {"jsonrpc":"2.0","id":"r","method":"roots/list"}
C< {"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"too many calls wait for their clients"}}
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}
S< {"jsonrpc":"2.0","id":"r","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
# One round a call.
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","requestState":"t1.4"}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"the server asked too often during one call"}}
S< {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
"#,
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let mut bridge = ready(bridge());
    bridge.limits = Limits { kept_bytes: 40, watched_bytes: 3, ..Limits::default() };
    play(
        &mut bridge,
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","arguments":{"x":"0123456789 0123456789 0123456789"}}}
C< {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"too many requests wait for the server"}}
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"0123456789 0123456789"}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"too much waits for the client"}}
S> {"jsonrpc":"2.0","id":"q","method":"roots/list"}
at 20
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"question-3":{"method":"roots/list"}},"requestState":"t1.4"}}
# The answer cannot be kept: the call is lost, and so is its state.
S> {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
S< {"jsonrpc":"2.0","id":"q","error":{"code":-32603,"message":"the request that the question belonged to has ended"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","requestState":"t1.4"}}
C< {"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"`requestState` is not one that waits for this call: it was never given, or used, or is too old"}}
C> {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"_meta":{$META},"notifications":{"resourceSubscriptions":["long"]}}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"the name of a resource is too long"}}
"#,
    );
}

#[test]
fn urls_to_open_before_a_call_is_made_anew() {
    check(
        r#"
C> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":2,"error":{"code":-32042,"message":"x","data":{"elicitations":[{"mode":"url","elicitationId":"e","url":"u","message":"m"}]}}}
C< {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"url-0":{"method":"elicitation/create","params":{"mode":"url","url":"u","message":"m"}}},"requestState":"t1.3"}}
C> {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{$ALL},"name":"a","inputResponses":{"url-0":{"action":"accept"}},"requestState":"t1.3"}}
S< {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":4,"result":{"content":[]}}
C< {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}
# A client that cannot open any, and a code that means something else.
C> {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{$META},"name":"a"}}
S< {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":5,"error":{"code":-32042,"message":"x","data":{"elicitations":[{"url":"u"}]}}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32021,"message":"the server wants the client's user to open a URL, which the client did not declare","data":{"requiredCapabilities":{"elicitation":{"url":{}}}}}}
C> {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":6,"error":{"code":-32042,"message":"x","data":{"elicitations":[]}}}
C< {"jsonrpc":"2.0","id":4,"error":{"code":-32603,"message":"x","data":{"elicitations":[]}}}
C> {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":{$ALL},"name":"a"}}
S< {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{},"name":"a"}}
S> {"jsonrpc":"2.0","id":7,"error":{"code":-32042,"message":"x","data":{"challenges":[{"id":"c","intent":"charge","request":{"amount":"1","currency":"usd"}}]}}}
C< {"jsonrpc":"2.0","id":5,"error":{"code":-32042,"message":"x","data":{"challenges":[{"id":"c","intent":"charge","request":{"amount":"1","currency":"usd"}}]}}}
"#,
    );
}

#[test]
fn subscriptions() {
    check(
        r#"
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}
changed Tools
C> {"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"_meta":{$META},"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["a:/x","b:/y"]}}}
S< {"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"a:/x"}}
S< {"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"b:/y"}}
S> {"jsonrpc":"2.0","id":3,"error":{"code":-32002,"message":"none"}}
# News before the acknowledgment comes after it.
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x/part","n":1.0}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x/part","n":1.0}}
S> {"jsonrpc":"2.0","id":2,"result":{}}
C< {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:/x"]}}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"uri":"a:/x/part","n":1.0}}
# Another one for the same resource.
C> {"jsonrpc":"2.0","id":"two","method":"subscriptions/listen","params":{"_meta":{$META},"notifications":{"resourceSubscriptions":["a:/x"]}}}
C< {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"two"},"notifications":{"resourceSubscriptions":["a:/x"]}}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x","_meta":{"k":1}}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x","_meta":{"io.modelcontextprotocol/subscriptionId":"two","k":1}}}
C< {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x","_meta":{"io.modelcontextprotocol/subscriptionId":1,"k":1}}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/xy"}}
S> {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}
changed Tools
C< {"params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}},"jsonrpc":"2.0","method":"notifications/tools/list_changed"}
S> {"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}
changed Prompts
client closes 1
C> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"two"}}
S< {"jsonrpc":"2.0","id":4,"method":"resources/unsubscribe","params":{"uri":"a:/x"}}
S> {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:/x"}}
C> {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"_meta":{$META},"notifications":{"resourceSubscriptions":"a"}}}
C< {"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"`resourceSubscriptions` must be an array of strings"}}
# A server that does not say whether it watches.
C> {"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"_meta":{$META},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["c:"]}}}
S< {"jsonrpc":"2.0","id":5,"method":"resources/subscribe","params":{"uri":"c:"}}
at 30000
C< {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":3},"notifications":{"toolsListChanged":true}}}
S< {"jsonrpc":"2.0","id":6,"method":"resources/unsubscribe","params":{"uri":"c:"}}
server gone
C< {"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":3}}}
"#,
    );
}

#[test]
fn what_headers_need_goes_with_every_message() {
    let mut bridge = ready(bridge());
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{$META},"name":"a"}}"#;
    let actions = bridge.client_sent(&message(call), Duration::ZERO);
    let [Action::ToServer(sent)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((sent.request, sent.version), (Some(2), Some(Version::V2025_11_25)));
    assert_eq!((sent.method.as_deref(), sent.name.as_deref()), (Some("tools/call"), Some("a")));
    let actions =
        bridge.server_sent(&message(r#"{"jsonrpc":"2.0","id":2,"result":{}}"#), Some(2), Duration::ZERO);
    let [Action::ToClient(sent)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(sent.on, Some(RequestId::from(1)));
}
