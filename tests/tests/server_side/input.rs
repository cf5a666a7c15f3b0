//! A server of 2026-07-28 that asks for input before it answers: the retry is the same call for its limits, and
//! for nothing else.

use std::time::Instant;

use anyhow::Result;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

const ONCE: &str = "version: \"1\"\ndefault: deny\ntools:\n  ask: { rules: [{ rate_limit: 1/hour }] }\n  other: { rules: [{ rate_limit: 1/hour }] }\n";

/// A server that asks under a `requestState` of its own for each call.
fn asking(input: &str) -> Script {
    let text = format!(
        r#"{{"resultType":"input_required","inputRequests":{{{input}}},"requestState":"state \u0041 $ID"}}"#
    );
    Script::with_tools(&["ask", "other"]).on("tools/call:ask", [Step::Result { text }])
}

fn meta(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

async fn call(wrapped: &mut Wrapped, tool: &str, arguments: Value, state: Option<&Value>) -> Result<Value> {
    let mut params = json!({ "_meta": meta(&json!({})), "name": tool, "arguments": arguments });
    if let Some(state) = state {
        params["requestState"] = state.clone();
        params["inputResponses"] = json!({});
    }
    wrapped.client.ask("tools/call", params).await
}

fn is_denied(answer: &Value) -> bool {
    answer["result"]["isError"] == true
}

#[tokio::test]
async fn a_retry_counts_with_its_first_leg() -> Result<()> {
    let mut wrapped = Wrapped::start(ONCE, "{}", &asking(""))?;
    let arguments = json!({ "a": 1, "b": [true] });
    let first = call(&mut wrapped, "ask", arguments.clone(), None).await?;
    let state = &first["result"]["requestState"];
    assert!(state.as_str().is_some_and(|state| !state.contains("state")), "it is sealed: {first}");
    let second = call(&mut wrapped, "ask", arguments.clone(), Some(state)).await?;
    assert_eq!(second["result"]["resultType"], "input_required", "{second}");
    // The server asks again: so may the client.
    let again = &second["result"]["requestState"];
    let third = call(&mut wrapped, "ask", arguments.clone(), Some(again)).await?;
    assert!(!is_denied(&third), "{third}");
    assert_eq!(wrapped.server.calls()?.len(), 3);
    let arrived = wrapped.server.received_method("tools/call")?;
    for (again, before) in arrived[1..].iter().zip(&arrived) {
        let own = json!(format!("state A {}", before["id"]));
        assert_eq!(again["params"]["requestState"], own, "the server gets its own back: {arrived:#?}");
    }
    wrapped.finish().await?;
    wrapped.refusals(0).await?;
    let intents = wrapped.interlock.records_of("intent").await?;
    assert_eq!(intents[0]["counters"].as_array().map(Vec::len), Some(1), "{intents:#?}");
    for (intent, continued) in intents[1..].iter().zip(&intents) {
        let expected =
            format!("continues the call of record {} and takes its place in the limits", continued["seq"]);
        assert_eq!(intent["reason"], expected, "{intents:#?}");
        assert_eq!(intent["counters"], intents[0]["counters"], "the call is counted once: {intents:#?}");
    }
    assert_eq!(wrapped.outcomes(3).await?.len(), 3);
    Ok(())
}

/// Calls that wait for their retry, and retried all at once, bring no more into a window than its limit.
#[tokio::test]
async fn retries_that_were_hoarded_do_not_exceed_the_limit() -> Result<()> {
    const TWO: &str =
        "version: \"1\"\ndefault: deny\ntools:\n  ask: { rules: [{ rate_limit: { max: 2, window: 2 } }] }\n";
    let mut wrapped = Wrapped::start(TWO, "{}", &asking(""))?;
    let mut states = Vec::new();
    while states.len() < 6 {
        let answer = call(&mut wrapped, "ask", json!({}), None).await?;
        if !is_denied(&answer) {
            states.push(answer["result"]["requestState"].clone());
        }
    }
    let since = Instant::now();
    let mut passed = 0;
    for state in &states {
        passed += u64::from(!is_denied(&call(&mut wrapped, "ask", json!({}), Some(state)).await?));
    }
    // Those of the present window have their place in it. A machine that takes longer has seen more windows.
    let windows = 1 + since.elapsed().as_secs() / 2;
    assert!((2..=2 * windows).contains(&passed), "{passed} in {windows} windows");
    wrapped.finish().await?;
    Ok(())
}

/// A state that was not given for this very call, or was taken before, is refused, and reaches no server.
#[tokio::test]
async fn a_state_is_for_one_call_and_for_once() -> Result<()> {
    let mut wrapped = Wrapped::start(ONCE, "{}", &asking(""))?;
    let arguments = json!({ "a": 1 });
    let first = call(&mut wrapped, "ask", arguments.clone(), None).await?;
    let state = first["result"]["requestState"].clone();
    let text = state.as_str().unwrap_or_default();
    let changed = json!(format!("{text}00"));
    let mut other = Wrapped::start(ONCE, "{}", &asking(""))?;
    let others = call(&mut other, "ask", arguments.clone(), None).await?["result"]["requestState"].clone();
    for (tool, arguments, state, reason) in [
        ("ask", json!({ "a": 2 }), &state, "for this very call"),
        ("ask", json!({ "a": "1" }), &state, "for this very call"),
        ("other", arguments.clone(), &state, "for this very call"),
        ("ask", arguments.clone(), &changed, "for this very call"),
        ("ask", arguments.clone(), &json!(""), "given here"),
        ("ask", arguments.clone(), &json!("state A 1"), "given here"),
        ("ask", arguments.clone(), &json!(1), "given here"),
        ("ask", arguments.clone(), &others, "make the call again without it"),
    ] {
        let answer = call(&mut wrapped, tool, arguments, Some(state)).await?;
        assert_eq!(answer["error"]["code"], -32_602, "{state}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|said| said.contains(reason)), "{answer}");
    }
    // Without one it is a new call, and the limit is used up.
    for none in [None, Some(&json!(null))] {
        assert!(is_denied(&call(&mut wrapped, "ask", arguments.clone(), none).await?));
    }
    assert_eq!(wrapped.server.calls()?.len(), 1);
    // The twin: the retry as it was asked for, once.
    let retried = call(&mut wrapped, "ask", arguments.clone(), Some(&state)).await?;
    assert_eq!(retried["result"]["resultType"], "input_required", "{retried}");
    let used = call(&mut wrapped, "ask", arguments, Some(&state)).await?;
    assert!(used.to_string().contains("used before"), "{used}");
    assert_eq!(wrapped.server.calls()?.len(), 2);
    other.finish().await?;
    wrapped.finish().await?;
    wrapped.refusals(11).await.map(drop)
}

/// A retry is judged by the policy of its own time.
#[tokio::test]
async fn a_retry_is_judged_again() -> Result<()> {
    let mut wrapped = Wrapped::start(ONCE, "{}", &asking(""))?;
    let first = call(&mut wrapped, "ask", json!({}), None).await?;
    let state = first["result"]["requestState"].clone();
    let stricter =
        "version: \"1\"\ndefault: deny\ntools:\n  ask: { rules: [{ action: deny, on_deny: no more }] }\n";
    wrapped.interlock.replace_policy(stricter)?;
    let reloaded = |found: &[Value]| found.iter().any(|record| record["kind"] == "policy_reload");
    wrapped
        .interlock
        .wait_for_records("policy_reload", interlock_testkit::client::PATIENCE, reloaded)
        .await?;
    let answer = call(&mut wrapped, "ask", json!({}), Some(&state)).await?;
    assert!(is_denied(&answer), "{answer}");
    assert_eq!(wrapped.server.calls()?.len(), 1);
    wrapped.finish().await?;
    wrapped.refusals(1).await.map(drop)
}

/// An answer that asks what the client did not declare does not reach it.
#[tokio::test]
async fn only_what_was_declared_is_asked() -> Result<()> {
    let question = |method: &str, params: &str| format!(r#""q":{{"method":"{method}","params":{params}}}"#);
    for (input, declared) in [
        (question("elicitation/create", "{}"), json!({ "elicitation": {} })),
        (question("elicitation/create", r#"{"mode":"url"}"#), json!({ "elicitation": { "url": {} } })),
        (question("sampling/createMessage", r#"{"tools":[]}"#), json!({ "sampling": { "tools": {} } })),
        (question("roots/list", "{}"), json!({ "roots": {} })),
    ] {
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &asking(&input))?;
        for (capabilities, passes) in [(json!({}), false), (declared, true)] {
            let params = json!({ "_meta": meta(&capabilities), "name": "ask" });
            let answer = wrapped.client.ask("tools/call", params).await?;
            if passes {
                assert_eq!(answer["result"]["resultType"], "input_required", "{input}: {answer}");
            } else {
                assert_eq!(answer["error"]["code"], 50_201, "{input}: {answer}");
                assert!(!answer.to_string().contains("state A"), "{answer}");
            }
        }
        wrapped.finish().await?;
        let refusals = wrapped.refusals(1).await?;
        assert_eq!(refusals[0]["category"], "server", "{refusals:#?}");
        let outcomes = wrapped.outcomes(2).await?;
        assert_eq!(outcomes[0]["status"], "blocked", "{outcomes:#?}");
    }
    Ok(())
}

/// What a server asked for is no repetition; whatever else looks like the call is.
#[tokio::test]
async fn a_retry_is_no_repetition() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  ask: { rules: [{ idempotency_window: 10m }] }\n";
    let mut wrapped = Wrapped::start(policy, "{}", &asking(""))?;
    let arguments = json!({ "a": 1 });
    let first = call(&mut wrapped, "ask", arguments.clone(), None).await?;
    let state = first["result"]["requestState"].clone();
    let repeated = call(&mut wrapped, "ask", arguments.clone(), None).await?;
    assert!(is_denied(&repeated) && repeated.to_string().contains("an identical call"), "{repeated}");
    assert!(!is_denied(&call(&mut wrapped, "ask", arguments.clone(), Some(&state)).await?));
    let used = call(&mut wrapped, "ask", arguments.clone(), Some(&state)).await?;
    assert_eq!(used["error"]["code"], -32_602, "used once: {used}");
    assert_eq!(wrapped.server.calls()?.len(), 2);
    wrapped.finish().await?;
    wrapped.refusals(2).await.map(drop)
}

/// A server whose tool `make` becomes the task `t`.
fn making_tasks() -> Script {
    let made = r#"{"resultType":"task","taskId":"t","status":"working","ttlMs":null}"#.to_owned();
    Script::with_tools(&["echo", "make"]).on("tools/call:make", [Step::Result { text: made }])
}

/// What its caller calls it.
async fn make_task(wrapped: &mut Wrapped) -> Result<Value> {
    let able = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let params = json!({ "name": "make", "_meta": meta(&able) });
    Ok(wrapped.client.ask("tools/call", params).await?["result"]["taskId"].take())
}

/// Only three methods are answered by asking for input, and a task's state asks no more than its client declared.
#[tokio::test]
async fn by_whatever_answer() -> Result<()> {
    let question = r#""inputRequests":{"q":{"method":"elicitation/create","params":{"mode":"url"}}}"#;
    let able = json!({ "elicitation": { "url": {} } });
    let asking = format!(r#"{{"resultType":"input_required",{question}}}"#);
    let state = format!(r#"{{"resultType":"complete","taskId":"t","status":"input_required",{question}}}"#);
    let reference = json!({ "ref": { "type": "ref/prompt", "name": "p" }, "argument": {} });
    for (method, params, answer, passes_declared) in [
        ("completion/complete", reference, &asking, false),
        ("tools/list", json!({}), &asking, false),
        ("resources/templates/list", json!({}), &asking, false),
        ("server/discover", json!({}), &asking, false),
        ("tasks/cancel", json!({ "taskId": "t" }), &asking, false),
        ("tasks/get", json!({ "taskId": "t" }), &state, true),
        ("tools/call", json!({ "name": "echo" }), &asking, true),
    ] {
        for (declared, text, passes) in [
            (json!({}), answer.as_str(), false),
            (able.clone(), answer.as_str(), passes_declared),
            (json!({}), r#"{"resultType":"complete","x":[{"inputRequests":{}}]}"#, true),
        ] {
            let script = making_tasks().on(method, [Step::Result { text: text.to_owned() }]);
            let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
            let mut params = params.clone();
            if params["taskId"].is_string() {
                params["taskId"] = make_task(&mut wrapped).await?;
            }
            params["_meta"] = meta(&declared);
            let answer = wrapped.client.ask(method, params).await?;
            assert_eq!(answer["result"].is_object(), passes, "{method} {declared}: {answer}");
            assert_eq!(answer["error"]["code"] == 50_201, !passes, "{method} {declared}: {answer}");
            assert!(passes || !answer.to_string().contains("\"url\""), "{answer}");
            wrapped.finish().await?;
            let refusals = wrapped.refusals(usize::from(!passes)).await?;
            assert!(refusals.iter().all(|refusal| refusal["category"] == "server"), "{refusals:#?}");
        }
    }
    Ok(())
}

/// The news of a task holds its questions too.
#[tokio::test]
async fn by_the_news_of_a_task() -> Result<()> {
    let question = r#""inputRequests":{"q":{"method":"roots/list"}}"#;
    let news = |subscription: &str| {
        let meta = format!(r#""_meta":{{"io.modelcontextprotocol/subscriptionId":{subscription}}}"#);
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tasks","params":{{"taskId":"t",{question},{meta}}}}}"#
        )
    };
    let nobodys =
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/tasks","params":{{"taskId":"t",{question}}}}}"#);
    for (declared, passes) in [(json!({}), false), (json!({ "roots": {} }), true)] {
        let line = |text: &str| Step::Line { text: text.to_owned() };
        let script = making_tasks().on(
            "subscriptions/listen",
            [line(&news("$ID")), line(&nobodys), Step::Result { text: "{}".to_owned() }],
        );
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
        let name = make_task(&mut wrapped).await?;
        let params = json!({ "_meta": meta(&declared), "notifications": { "taskIds": [name] } });
        let answer = wrapped.client.ask("subscriptions/listen", params).await?;
        assert!(answer["result"].is_object(), "{answer}");
        let told = news(&answer["id"].to_string()).replace(r#""taskId":"t""#, &format!(r#""taskId":{name}"#));
        let expected = if passes { vec![told] } else { Vec::new() };
        assert_eq!(wrapped.client.unclaimed(), expected, "{declared}");
        wrapped.finish().await?;
        wrapped.refusals(if passes { 1 } else { 2 }).await?;
    }
    Ok(())
}
