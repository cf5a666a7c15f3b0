//! What a server asks its client: sampling, elicitation, roots, ping. Each side numbers its requests for itself,
//! and no number of one is taken for the other's.

use anyhow::Result;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{LEGACY, Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

fn ask(id: &str, method: &str) -> Step {
    Step::Ask { id: id.to_owned(), method: method.to_owned(), params: json!({ "of": id }) }
}

fn line(text: &str) -> Step {
    Step::Line { text: text.to_owned() }
}

async fn connect(version: &str, steps: Vec<Step>) -> Result<Wrapped> {
    let script = Script::with_tools(&["ask", "echo"]).on("tools/call:ask", steps);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "limits: { answer_seconds: 20 }\n", &script)?;
    wrapped.shake_hands(version).await?;
    Ok(wrapped)
}

/// The questions a version has.
fn questions(version: &str) -> Vec<&'static str> {
    let mut all = vec!["ping", "roots/list", "sampling/createMessage"];
    if version >= "2025-06-18" {
        all.push("elicitation/create");
    }
    all
}

/// The responses that the server received, as they were written.
fn responses(wrapped: &Wrapped) -> Result<Vec<Value>> {
    let lines = wrapped.server.received()?;
    let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(parsed.filter(|message| message["method"].is_null()).collect())
}

/// Under ids that are also those of the client's requests and those that the gateway gives them.
#[tokio::test]
async fn with_ids_that_collide() -> Result<()> {
    for version in LEGACY {
        let ids = ["1", "2", "\"1\"", "3", "4", "-1", "0", "\"\"", "5"];
        let methods = questions(version);
        let steps: Vec<Step> =
            ids.iter().zip(methods.iter().cycle()).map(|(id, method)| ask(id, method)).collect();
        let mut wrapped = connect(version, steps.into_iter().chain([Step::Answer]).collect()).await?;
        let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
        for (id, method) in ids.iter().zip(methods.iter().cycle()) {
            let question = wrapped.client.wait_for(method, |message| message["method"] == **method).await?;
            assert_eq!(question["params"]["of"], *id, "{version}: {question}");
            // A request of the client's between question and answer, under whatever number comes next.
            wrapped.client.call("echo", json!({})).await?;
            let answer =
                format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"to":{id},"n":1.0}}}}"#, question["id"]);
            wrapped.client.send(answer).await?;
        }
        wrapped.client.response(&json!(call)).await?;
        for (response, id) in responses(&wrapped)?.iter().zip(ids) {
            let own: Value = serde_json::from_str(id)?;
            assert_eq!((&response["id"], &response["result"]["to"]), (&own, &own), "{version}: {response}");
        }
        assert_eq!(responses(&wrapped)?.len(), ids.len());
        // The bytes of the answer are the client's, but for the id.
        assert!(
            wrapped
                .server
                .received()?
                .contains(&r#"{"jsonrpc":"2.0","id":-1,"result":{"to":-1,"n":1.0}}"#.to_owned())
        );
        wrapped.refusals(0).await?;
        wrapped.finish().await?;
    }
    Ok(())
}

/// Several at once, answered in another order, one of them with an error.
#[tokio::test]
async fn at_once_and_answered_in_another_order() -> Result<()> {
    let request = |id: u64| {
        line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list","params":{{"of":{id}}}}}"#))
    };
    let last = Step::AwaitLine { contains: "the last one".to_owned() };
    let mut wrapped =
        connect("2025-11-25", vec![request(7), request(8), request(9), last, Step::Answer]).await?;
    let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?);
    }
    assert_eq!(asked.iter().map(|question| &question["params"]["of"]).collect::<Vec<_>>(), [7, 8, 9]);
    for (place, outcome) in [
        (2, r#""result":{"roots":[]}"#),
        (0, r#""error":{"code":-1,"message":"no"}"#),
        (1, r#""result":{"x":"the last one"}"#),
    ] {
        wrapped.client.send(format!(r#"{{"jsonrpc":"2.0","id":{},{outcome}}}"#, asked[place]["id"])).await?;
    }
    wrapped.client.response(&json!(call)).await?;
    let received = responses(&wrapped)?;
    assert_eq!(received.iter().map(|response| &response["id"]).collect::<Vec<_>>(), [9, 7, 8]);
    assert_eq!(received[1]["error"]["code"], -1);
    // A question has its two records, as a call has.
    let intents = wrapped.interlock.records(&["--kind", "intent", "--text", "roots/list"]).await?;
    assert_eq!(intents.len(), 3, "{intents:#?}");
    wrapped.finish().await
}

/// The client's second answer is nobody's, and so is one under the server's own id.
#[tokio::test]
async fn answered_twice() -> Result<()> {
    let mut wrapped = connect("2025-11-25", vec![ask("\"own\"", "roots/list"), Step::Answer]).await?;
    let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
    let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
    let answer = |id: &Value, n: u8| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"n":{n}}}}}"#);
    wrapped.client.send(answer(&json!("own"), 0)).await?;
    wrapped.client.send(answer(&question["id"], 1)).await?;
    wrapped.client.send(answer(&question["id"], 2)).await?;
    wrapped.client.response(&json!(call)).await?;
    wrapped.client.call("echo", json!({})).await?;
    assert_eq!(responses(&wrapped)?, [json!({ "jsonrpc": "2.0", "id": "own", "result": { "n": 1 } })]);
    wrapped.refusals(2).await?;
    wrapped.finish().await
}

/// An answer of the client's that is refused fails the question: the server does not wait for a better one.
#[tokio::test]
async fn answered_in_a_way_that_is_refused() -> Result<()> {
    for bad in [r#""result":{"roots":[],"roots":[]}"#, r#""result":{"Result":1}"#, r#""result":[]"#] {
        let mut wrapped = connect("2025-11-25", vec![ask("\"own\"", "roots/list"), Step::Answer]).await?;
        let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
        let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
        wrapped.client.send(format!(r#"{{"jsonrpc":"2.0","id":{},{bad}}}"#, question["id"])).await?;
        wrapped.client.response(&json!(call)).await?;
        let received = responses(&wrapped)?;
        assert_eq!(received.len(), 1, "{received:#?}");
        assert_eq!(
            (&received[0]["id"], received[0]["error"]["code"].as_i64()),
            (&json!("own"), Some(50_201))
        );
        wrapped.refusals(1).await?;
        wrapped.finish().await?;
    }
    Ok(())
}

/// So does one that is too long to be kept; and a question that is too long is answered itself.
#[tokio::test]
async fn in_lines_that_are_too_long() -> Result<()> {
    let settings = "limits: { message_bytes: 65536 }\n";
    let long = "x".repeat(70_000);
    let (question, own) = (
        ask("\"own\"", "roots/list"),
        format!(r#"{{"jsonrpc":"2.0","id":"long","method":"roots/list","params":{{"a":"{long}"}}}}"#),
    );
    let wait = Step::AwaitLine { contains: "\"long\"".to_owned() };
    let script =
        Script::with_tools(&["ask"]).on("tools/call:ask", [line(&own), wait, question, Step::Answer]);
    for (bad, refusals) in [(long.as_str(), 2), ("short", 1)] {
        let mut wrapped = Wrapped::connect(ALLOW_ALL, settings, &script).await?;
        let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
        let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
        assert!(question["params"]["a"].is_null(), "the long one was not asked");
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"a":"{bad}"}}}}"#, question["id"]);
        wrapped.client.send(answer).await?;
        wrapped.client.response(&json!(call)).await?;
        let received = responses(&wrapped)?;
        let found: Vec<_> =
            received.iter().map(|response| (&response["id"], response["error"]["code"].as_i64())).collect();
        let failed = (refusals == 2).then_some(50_201);
        assert_eq!(found, [(&json!("long"), Some(-32_600)), (&json!("own"), failed)]);
        wrapped.finish().await?;
        wrapped.refusals(refusals).await?;
    }
    Ok(())
}

/// A question that nobody answers ends with an error, and an answer that comes later is ignored.
#[tokio::test]
async fn never_answered() -> Result<()> {
    let script = Script::with_tools(&["ask"]).on("tools/call:ask", [ask("5", "roots/list"), Step::Answer]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "limits: { answer_seconds: 1 }\n", &script).await?;
    wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
    let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
    let answered = |server: &interlock_testkit::recording::RecordingServer| {
        Ok(server.received()?.iter().any(|line| line.contains("50400")))
    };
    wrapped.server.wait_until("the error", interlock_testkit::client::PATIENCE, answered).await?;
    wrapped.client.send(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, question["id"])).await?;
    wrapped.client.ask("prompts/list", json!({})).await?;
    assert_eq!(responses(&wrapped)?.len(), 1);
    wrapped.finish().await?;
    // The call itself took as long: the server's answer to it is late too.
    wrapped.refusals(0).await.map(drop)
}

/// An id that the server has in flight is not taken twice; the first question goes on. One refusal, one record.
#[tokio::test]
async fn under_an_id_in_flight() -> Result<()> {
    let second = r#"{"jsonrpc":"2.0","id":5,"method":"roots/list","params":{"of":"second"}}"#;
    let first = r#"{"jsonrpc":"2.0","id":5,"method":"roots/list","params":{"of":"first"}}"#;
    let wait = Step::AwaitLine { contains: "\"n\":1".to_owned() };
    let mut wrapped = connect("2025-11-25", vec![line(first), line(second), wait, Step::Answer]).await?;
    let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
    let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
    assert_eq!(question["params"]["of"], "first");
    wrapped.client.call("echo", json!({})).await?;
    wrapped.client.send(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"n":1}}}}"#, question["id"])).await?;
    wrapped.client.response(&json!(call)).await?;
    assert!(wrapped.client.unclaimed().is_empty(), "the second was not asked");
    wrapped.refusals(1).await?;
    wrapped.finish().await?;
    let intents = wrapped.interlock.records(&["--kind", "intent", "--text", "roots/list"]).await?;
    assert_eq!(intents.len(), 1, "{intents:#?}");
    Ok(())
}

/// Methods that the version does not have, or has the other way round, are not asked.
#[tokio::test]
async fn of_another_version() -> Result<()> {
    for version in &LEGACY[..2] {
        let mut wrapped = connect(version, vec![ask("5", "elicitation/create"), Step::Answer]).await?;
        wrapped.client.call("ask", json!({})).await?;
        assert_eq!(responses(&wrapped)?[0]["error"]["code"], -32_601);
        assert!(wrapped.client.unclaimed().is_empty());
        wrapped.refusals(1).await?;
        wrapped.finish().await?;
    }
    Ok(())
}

/// Progress under the call's own token, log messages, updates and list changes pass as they are.
#[tokio::test]
async fn notifications_pass_as_they_are() -> Result<()> {
    let notes = [
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"Id":1.0,"vendor":[1e2]}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"doc:///a","x":1}}"#,
        r#"{"method":"notifications/tools/list_changed" , "jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$TOKEN,"progress":0.50,"message":"half"}}"#,
    ];
    for version in LEGACY {
        let steps: Vec<Step> =
            notes.iter().map(|note| line(note)).chain([Step::Progress { total: 2 }, Step::Answer]).collect();
        let mut wrapped = connect(version, steps).await?;
        for token in ["\"a token\"", "7"] {
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":"p{}","method":"tools/call","params":{{"_meta":{{"progressToken":{token}}},"name":"ask"}}}}"#,
                token.len()
            );
            wrapped.client.send(&call).await?;
            let answer = wrapped.client.response(&json!(format!("p{}", token.len()))).await?;
            assert!(answer["error"].is_null(), "{answer}");
            let came = wrapped.client.take_unclaimed();
            let expected: Vec<String> = notes.iter().map(|note| note.replace("$TOKEN", token)).collect();
            assert_eq!(came[..4], expected, "{version}");
            assert!(came[5].contains(&format!(r#""progressToken":{token},"progress":2"#)), "{came:#?}");
        }
        wrapped.refusals(0).await?;
        wrapped.finish().await?;
    }
    Ok(())
}
