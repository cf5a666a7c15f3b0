//! Giving up, in both directions: the other side is told under the number it knows, and nothing else is touched.

use anyhow::Result;
use interlock_testkit::client::PATIENCE;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{LEGACY, Script, Step, tool};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

fn await_line(text: &str) -> Step {
    Step::AwaitLine { contains: text.to_owned() }
}

fn cancellation(id: &Value) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"no \u0041 more"}}}}"#
    )
}

/// The client gives up on one of two calls: the server hears of that one, its late answer is ignored as the
/// specification says, the other call goes on. A second late answer is one that nobody asked for.
#[tokio::test]
async fn a_call_by_its_caller() -> Result<()> {
    for version in LEGACY {
        let script = Script::with_tools(&["slow", "echo"]).on(
            "tools/call:slow",
            [await_line("notifications/cancelled"), Step::Answer, await_line("tools/list"), Step::Answer],
        );
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
        wrapped.shake_hands(version).await?;
        // Two ids that are one text: only the number is meant.
        for id in ["77", "\"77\""] {
            let call =
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"slow"}}}}"#);
            wrapped.client.send(call).await?;
        }
        wrapped.server.wait_until("both calls", PATIENCE, |server| Ok(server.calls()?.len() == 2)).await?;
        wrapped.client.send(cancellation(&json!(77))).await?;
        wrapped.client.response(&json!("77")).await?;
        wrapped.client.call("echo", json!({})).await?;
        assert!(wrapped.client.unclaimed().is_empty(), "a call that was given up is not answered");
        let calls = wrapped.server.received_method("tools/call")?;
        let told: Vec<String> =
            wrapped.server.received()?.into_iter().filter(|line| line.contains("cancelled")).collect();
        assert_eq!(told, [cancellation(&calls[0]["id"])]);
        // Both have been answered by now, one of them late; this makes the server answer both once more.
        wrapped.client.ask("tools/list", json!({})).await?;
        let twice = |found: &[Value]| found.len() >= 2;
        wrapped.interlock.wait_for_records("refusal", PATIENCE, twice).await?;
        wrapped.finish().await?;
        let statuses: Vec<Value> =
            wrapped.outcomes(3).await?.iter().map(|outcome| outcome["status"].clone()).collect();
        assert_eq!(statuses, ["cancelled", "ok", "ok"]);
        wrapped.refusals(2).await?;
    }
    Ok(())
}

/// An id that is not in flight: nobody is told anything.
#[tokio::test]
async fn what_is_not_under_way() -> Result<()> {
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &Script::default()).await?;
    wrapped.client.call("echo", json!({})).await?;
    for id in [json!(1), json!(2), json!(3), json!(99), json!("x")] {
        wrapped.client.send(cancellation(&id)).await?;
    }
    wrapped.client.call("echo", json!({})).await?;
    assert_eq!(wrapped.server.received_method("notifications/cancelled")?, [json!(null); 0]);
    wrapped.finish().await
}

/// A call that is still being judged is not made, and what was reserved for it is given back.
#[tokio::test]
async fn a_call_that_is_still_being_judged() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\ntools:\n  once:\n    rules:\n      - { rate_limit: 1/hour, validate: { required_args: true } }\n";
    let release = tempfile::tempdir()?;
    let path = release.path().join("release");
    let mut script = Script::default()
        .on("tools/list", [Step::AwaitFile { path: path.display().to_string() }, Step::Answer]);
    script.tools = vec![tool("once", &["a"])];
    let mut wrapped = Wrapped::connect(policy, "{}", &script).await?;
    let call = json!({ "name": "once", "arguments": { "a": "1" } });
    let given_up = wrapped.client.request("tools/call", call.clone()).await?;
    let asked = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(!server.received_method("tools/list")?.is_empty())
    };
    wrapped.server.wait_until("the gateway's own question", PATIENCE, asked).await?;
    wrapped.client.send(cancellation(&json!(given_up))).await?;
    // Behind this the cancellation has been seen.
    wrapped.client.ask("ping", json!({})).await?;
    std::fs::write(&path, "")?;
    wrapped.outcomes(1).await?;
    let second = wrapped.client.ask("tools/call", call).await?;
    assert!(second["result"]["structuredContent"].is_object(), "the limit was given back: {second}");
    assert_eq!(wrapped.server.calls()?.len(), 1);
    assert_eq!(wrapped.server.received_method("notifications/cancelled")?.len(), 0);
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await?;
    let outcomes = wrapped.outcomes(2).await?;
    let seen: Vec<_> = outcomes.iter().map(|outcome| (&outcome["status"], &outcome["settled"])).collect();
    assert_eq!(seen, [(&json!("not_sent"), &json!("release")), (&json!("ok"), &json!("commit"))]);
    Ok(())
}

/// The server gives up on its question, whose id is also the number of a call under way: the client hears of the
/// question, and the call is answered.
#[tokio::test]
async fn a_question_by_its_server() -> Result<()> {
    for version in LEGACY {
        let ask = |id: u64| Step::Line {
            text: format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list","params":{{"of":{id}}}}}"#),
        };
        let give_up = |id: u64| Step::Line { text: cancellation(&json!(id)) };
        // The gateway's numbers are small: these are among them, and the call's own is.
        let numbers = 1..=9;
        let steps: Vec<Step> = numbers
            .clone()
            .map(ask)
            .chain([await_line("notifications/roots/list_changed")])
            .chain(numbers.clone().map(give_up))
            .chain([await_line("\"name\":\"echo\""), Step::Answer])
            .collect();
        let script = Script::with_tools(&["ask", "echo"]).on("tools/call:ask", steps);
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
        wrapped.shake_hands(version).await?;
        let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
        let mut asked = Vec::new();
        for number in numbers.clone() {
            let of = |message: &Value| message["method"] == "roots/list" && message["params"]["of"] == number;
            asked.push(wrapped.client.wait_for("a question", of).await?["id"].take());
        }
        wrapped.client.notify("notifications/roots/list_changed", json!({})).await?;
        for id in &asked {
            let expected = cancellation(id);
            wrapped.client.wait_for_line("the cancellation", |line| line == expected).await?;
        }
        // A late answer is ignored; a second one is nobody's.
        for _ in 0..2 {
            wrapped.client.send(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, asked[0])).await?;
        }
        wrapped.client.call("echo", json!({})).await?;
        let answer = wrapped.client.response(&json!(call)).await?;
        assert!(answer["result"].is_object(), "{version}: {answer}");
        wrapped.refusals(1).await?;
        wrapped.finish().await?;
    }
    Ok(())
}
