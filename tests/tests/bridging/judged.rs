//! What a client says is judged, recorded and counted in its own era; the server gets only what was let through.

use anyhow::{Context, Result};
use interlock_testkit::script::{LEGACY, MODERN, Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use crate::over_stdio::params;

const ONCE: &str =
    "version: \"1\"\ndefault: deny\ntools:\n  ask: { rules: [{ rate_limit: 1/hour }] }\n  echo: {}\n";

fn is_denied(answer: &Value) -> bool {
    answer["result"]["isError"] == true
}

#[tokio::test]
async fn what_is_denied_reaches_no_server_of_the_other_era() -> Result<()> {
    let call = |tool: &str| json!({ "name": tool, "arguments": {} });
    for versions in [LEGACY, MODERN] {
        let script = Script::with_tools(&["echo", "secret"]).speaking(versions);
        let mut wrapped = Wrapped::start(ONCE, "{}", &script)?;
        let mut answers = Vec::new();
        for tool in ["secret", "echo"] {
            answers.push(if versions == LEGACY {
                wrapped.client.ask("tools/call", params(&call(tool), &json!({}))).await?
            } else {
                if tool == "secret" {
                    wrapped.client.initialize("2025-11-25").await?;
                }
                wrapped.client.ask("tools/call", call(tool)).await?
            });
        }
        assert!(is_denied(&answers[0]) && !is_denied(&answers[1]), "{answers:#?}");
        let called: Vec<String> = wrapped.server.calls()?.into_iter().map(|(tool, _)| tool).collect();
        assert_eq!(called, ["echo"]);
        wrapped.finish().await?;
        wrapped.refusals(1).await?;
        assert_eq!(wrapped.outcomes(1).await?.len(), 1);
    }
    Ok(())
}

/// A call that a legacy server asks something for is one call for its limits, however many requests it takes.
#[tokio::test]
async fn a_call_that_was_asked_for_something_counts_once() -> Result<()> {
    let ask = Step::Ask {
        id: "\"q\"".to_owned(),
        method: "elicitation/create".to_owned(),
        params: json!({ "message": "who?", "requestedSchema": { "type": "object", "properties": {} } }),
    };
    let script = Script::with_tools(&["ask"]).speaking(LEGACY).on("tools/call:ask", [ask, Step::Answer]);
    let mut wrapped = Wrapped::start(ONCE, "{}", &script)?;
    let able = json!({ "elicitation": {} });
    let call = json!({ "name": "ask", "arguments": { "a": 1 } });
    let asked = wrapped.client.ask("tools/call", params(&call, &able)).await?;
    let questions = asked["result"]["inputRequests"].as_object();
    let key = questions.and_then(|all| all.keys().next()).with_context(|| asked.to_string())?.clone();
    let mut again = call.clone();
    again["requestState"] = asked["result"]["requestState"].clone();
    again["inputResponses"] = json!({ key: { "action": "accept", "content": {} } });
    let mut changed = again.clone();
    changed["arguments"]["a"] = json!(2);
    let refused = wrapped.client.ask("tools/call", params(&changed, &able)).await?;
    assert_eq!(refused["error"]["code"], -32_602, "another call's: {refused}");
    let answered = wrapped.client.ask("tools/call", params(&again, &able)).await?;
    assert_eq!(answered["result"]["structuredContent"]["tool"], "ask", "{answered}");
    let used = wrapped.client.ask("tools/call", params(&again, &able)).await?;
    assert_eq!(used["error"]["code"], -32_602, "used once: {used}");
    assert!(
        is_denied(&wrapped.client.ask("tools/call", params(&call, &able)).await?),
        "the limit is used up"
    );
    assert_eq!(wrapped.server.calls()?.len(), 1);
    wrapped.finish().await?;
    wrapped.refusals(3).await?;
    let outcomes = wrapped.outcomes(2).await?;
    assert_eq!(outcomes.len(), 2, "one for each leg: {outcomes:#?}");
    Ok(())
}

/// A retry that policy refuses has used its state up: the server is told at once that nobody waits any more.
#[tokio::test]
async fn a_retry_that_is_denied_ends_what_it_held() -> Result<()> {
    let ask = Step::Ask {
        id: "\"q\"".to_owned(),
        method: "elicitation/create".to_owned(),
        params: json!({ "message": "who?", "requestedSchema": { "type": "object", "properties": {} } }),
    };
    let script = Script::with_tools(&["ask"]).speaking(LEGACY).on("tools/call:ask", [ask, Step::Answer]);
    let mut wrapped = Wrapped::start("version: \"1\"\ndefault: allow\n", "{}", &script)?;
    let able = json!({ "elicitation": {} });
    let mut call = json!({ "name": "ask", "arguments": {} });
    let asked = wrapped.client.ask("tools/call", params(&call, &able)).await?;
    call["requestState"] = asked["result"]["requestState"].clone();
    call["inputResponses"] = json!({});
    let known = wrapped.server.received_method("tools/call")?[0]["id"].clone();
    wrapped.interlock.replace_policy("version: \"1\"\ndefault: deny\n")?;
    let patience = interlock_testkit::client::PATIENCE;
    wrapped.interlock.wait_for_records("policy_reload", patience, |found| !found.is_empty()).await?;
    let denied = wrapped.client.ask("tools/call", params(&call, &able)).await?;
    assert!(is_denied(&denied), "{denied}");
    let told = |server: &interlock_testkit::recording::RecordingServer| {
        let told = server.received_method("notifications/cancelled")?;
        Ok(told.iter().any(|told| told["params"]["requestId"] == known))
    };
    wrapped.server.wait_until("the cancellation", patience, told).await?;
    let answered = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(server.received()?.iter().any(|line| line.contains("\"id\":\"q\"") && line.contains("error")))
    };
    wrapped.server.wait_until("an answer to its question", patience, answered).await?;
    wrapped.finish().await
}

/// The definitions that calls are judged by are read from the server in its own era.
#[tokio::test]
async fn arguments_are_held_to_the_schema_of_a_server_of_the_other_era() -> Result<()> {
    const POLICY: &str = "version: \"1\"\ndefault: deny\nall_tools:\n  validate: { schema: true, unknown_args: deny }\ntools: { charge: {} }\n";
    let charge = json!({ "name": "charge", "inputSchema": {
        "type": "object", "properties": { "amount": { "type": "integer" } }, "required": ["amount"] } });
    for versions in [LEGACY, MODERN] {
        let script = Script { tools: vec![charge.clone()], ..Script::default() }.speaking(versions);
        let mut wrapped = Wrapped::start(POLICY, "{}", &script)?;
        if versions == MODERN {
            wrapped.client.initialize("2025-11-25").await?;
        }
        for (arguments, fits) in [(json!({ "amount": "5" }), false), (json!({ "amount": 5 }), true)] {
            let call = json!({ "name": "charge", "arguments": arguments });
            let call = if versions == MODERN { call } else { params(&call, &json!({})) };
            let answer = wrapped.client.ask("tools/call", call).await?;
            assert_eq!(is_denied(&answer), !fits, "{versions:?}: {answer}");
        }
        assert_eq!(wrapped.server.calls()?.len(), 1);
        wrapped.finish().await?;
    }
    Ok(())
}

/// A client that gives up is heard by a server of the other era, under the name that this one knows.
#[tokio::test]
async fn a_cancellation_crosses() -> Result<()> {
    for versions in [LEGACY, MODERN] {
        let script = Script::with_tools(&["slow"]).speaking(versions).on("tools/call:slow", []);
        let mut wrapped = Wrapped::start("version: \"1\"\ndefault: allow\n", "{}", &script)?;
        if versions == MODERN {
            wrapped.client.initialize("2025-11-25").await?;
        }
        let call = json!({ "name": "slow", "arguments": {} });
        let call = if versions == MODERN { call } else { params(&call, &json!({})) };
        let id = wrapped.client.request("tools/call", call).await?;
        let patience = interlock_testkit::client::PATIENCE;
        wrapped.server.wait_until("the call", patience, |server| Ok(server.calls()?.len() == 1)).await?;
        wrapped.client.notify("notifications/cancelled", json!({ "requestId": id })).await?;
        let told = |server: &interlock_testkit::recording::RecordingServer| {
            Ok(!server.received_method("notifications/cancelled")?.is_empty())
        };
        wrapped.server.wait_until("the cancellation", patience, told).await?;
        let known = wrapped.server.received_method("tools/call")?[0]["id"].clone();
        let cancelled = wrapped.server.received_method("notifications/cancelled")?[0].clone();
        assert_eq!(cancelled["params"]["requestId"], known, "{cancelled}");
        wrapped.finish().await?;
        let outcomes = wrapped.outcomes(1).await?;
        assert_eq!(outcomes[0]["status"], "cancelled", "{outcomes:#?}");
    }
    Ok(())
}

/// A modern client that begins anew as a legacy one gives up what it has asked. The server has it all the same: it counts,
/// and nothing that the server still says to it answers anything else.
#[tokio::test]
async fn beginning_anew_gives_nothing_back() -> Result<()> {
    const REFUNDED: &str = "version: \"1\"\ndefault: deny\ntools:\n  \
        slow: { rules: [{ rate_limit: { max: 1, window: 1h, refund: on_error } }] }\n";
    let script = Script::with_tools(&["slow"]).speaking(LEGACY).on("tools/call:slow", []);
    let mut wrapped = Wrapped::start(REFUNDED, "{}", &script)?;
    let slow = json!({ "name": "slow", "arguments": {} });
    let given_up = wrapped.client.request("tools/call", params(&slow, &json!({}))).await?;
    let patience = interlock_testkit::client::PATIENCE;
    wrapped.server.wait_until("the call", patience, |server| Ok(server.calls()?.len() == 1)).await?;
    wrapped.client.initialize("2025-11-25").await?;
    let answer = wrapped.client.response(&json!(given_up)).await?;
    assert!(answer["error"].is_object(), "{answer}");
    assert!(is_denied(&wrapped.client.ask("tools/call", slow).await?), "it was given back");
    assert_eq!(wrapped.server.calls()?.len(), 1);
    wrapped.finish().await?;
    let outcomes = wrapped.outcomes(1).await?;
    assert_eq!(outcomes[0]["status"], "disconnected", "{outcomes:#?}");
    Ok(())
}
