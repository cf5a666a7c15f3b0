//! What a server may ask depends on what its client declared: the rest is refused in the client's place.

use anyhow::Result;
use interlock_testkit::client::PATIENCE;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{LEGACY, Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

/// Connects a client that declares `capabilities` to a server that asks one thing during the call of `ask`.
async fn connect(version: &str, capabilities: Value, method: &str, params: Value) -> Result<Wrapped> {
    let ask = Step::Ask { id: "\"q\"".to_owned(), method: method.to_owned(), params };
    let script = Script::with_tools(&["ask"]).on("tools/call:ask", [ask, Step::Answer]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    initialize(&mut wrapped, version, capabilities).await?;
    Ok(wrapped)
}

async fn initialize(wrapped: &mut Wrapped, version: &str, capabilities: Value) -> Result<()> {
    let params = json!({
        "protocolVersion": version,
        "capabilities": capabilities,
        "clientInfo": { "name": "c", "version": "1" },
    });
    wrapped.client.ask("initialize", params).await?;
    wrapped.client.notify("notifications/initialized", json!({})).await
}

/// The server's question does not reach the client; the server gets this error and the log one record.
async fn refused(version: &str, capabilities: &Value, method: &str, params: &Value, code: i64) -> Result<()> {
    let mut wrapped = connect(version, capabilities.clone(), method, params.clone()).await?;
    let answer = wrapped.client.call("ask", json!({})).await?;
    assert!(answer["result"].is_object(), "{version} {method}: {answer}");
    let unasked = wrapped.client.unclaimed();
    assert!(unasked.is_empty(), "{version} {method}: {unasked:#?}");
    assert_eq!(answered(&wrapped.server)?["error"]["code"], code, "{version} {method}");
    wrapped.finish().await?;
    let refusals = wrapped.refusals(1).await?;
    assert_eq!(
        (&refusals[0]["category"], &refusals[0]["method"], &refusals[0]["code"]),
        (&json!("server"), &json!(method), &json!(code)),
        "{refusals:#?}"
    );
    assert!(refusals[0]["reason"].as_str().is_some_and(|why| why.contains("did not declare")));
    let intents = wrapped.interlock.records(&["--kind", "intent", "--text", method]).await?;
    assert!(intents.is_empty(), "{intents:#?}");
    Ok(())
}

/// The question reaches the client, and its answer the server.
async fn asked(version: &str, capabilities: &Value, method: &str, params: &Value) -> Result<()> {
    let mut wrapped = connect(version, capabilities.clone(), method, params.clone()).await?;
    let call = wrapped.client.request("tools/call", json!({ "name": "ask" })).await?;
    let question = wrapped.client.wait_for(method, |message| message["method"] == *method).await?;
    wrapped.client.send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": {} }).to_string()).await?;
    wrapped.client.response(&json!(call)).await?;
    assert!(answered(&wrapped.server)?["result"].is_object(), "{version} {method}");
    wrapped.finish().await?;
    wrapped.refusals(0).await.map(drop)
}

/// What the server was answered.
fn answered(server: &RecordingServer) -> Result<Value> {
    let lines = server.received()?;
    let mut messages = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages.find(|message| message["id"] == "q").unwrap_or_default())
}

#[tokio::test]
async fn a_capability_that_was_not_declared() -> Result<()> {
    let all = json!({ "roots": {}, "sampling": {}, "elicitation": {} });
    for version in LEGACY {
        let mut questions = vec![("roots/list", "roots"), ("sampling/createMessage", "sampling")];
        if *version >= "2025-06-18" {
            questions.push(("elicitation/create", "elicitation"));
        }
        for (method, capability) in questions {
            let mut others = all.clone();
            others[capability] = Value::Null;
            refused(version, &others, method, &json!({}), -32_601).await?;
            asked(version, &json!({ capability: {} }), method, &json!({})).await?;
        }
    }
    Ok(())
}

/// 2025-11-25 has capabilities inside capabilities.
#[tokio::test]
async fn a_way_of_asking_that_was_not_declared() -> Result<()> {
    let version = "2025-11-25";
    for (method, params, without, with) in [
        (
            "sampling/createMessage",
            json!({ "tools": [] }),
            json!({ "sampling": {} }),
            json!({ "sampling": { "tools": {} } }),
        ),
        (
            "elicitation/create",
            json!({ "mode": "url" }),
            json!({ "elicitation": {} }),
            json!({ "elicitation": { "url": {} } }),
        ),
        (
            "elicitation/create",
            json!({}),
            json!({ "elicitation": { "url": {} } }),
            json!({ "elicitation": { "form": {} } }),
        ),
        (
            "sampling/createMessage",
            json!({ "includeContext": "allServers" }),
            json!({ "sampling": {} }),
            json!({ "sampling": { "context": {} } }),
        ),
        (
            "sampling/createMessage",
            json!({ "task": {} }),
            json!({ "sampling": {}, "tasks": {} }),
            json!({ "sampling": {}, "tasks": { "requests": { "sampling": { "createMessage": {} } } } }),
        ),
    ] {
        refused(version, &without, method, &params, -32_602).await?;
        asked(version, &with, method, &params).await?;
    }
    refused(version, &json!({}), "tasks/get", &json!({ "taskId": "t" }), -32_601).await?;
    asked(version, &json!({ "tasks": {} }), "tasks/get", &json!({ "taskId": "t" })).await
}

/// A way of asking that a version does not have is not declared in it either.
#[tokio::test]
async fn a_way_of_asking_of_a_later_version() -> Result<()> {
    let (version, able) = ("2025-06-18", json!({ "elicitation": {}, "sampling": {} }));
    refused(version, &able, "elicitation/create", &json!({ "mode": "url" }), -32_602).await?;
    asked(version, &able, "elicitation/create", &json!({ "mode": "form" })).await?;
    refused(version, &able, "sampling/createMessage", &json!({ "tools": [] }), -32_602).await?;
    // Everybody could be asked this before it had a capability.
    asked(version, &able, "sampling/createMessage", &json!({ "includeContext": "allServers" })).await
}

/// An error can ask to open URLs as well.
#[tokio::test]
async fn an_error_that_asks() -> Result<()> {
    let elicitation = r#"{"mode":"url","elicitationId":"e","url":"https://example.com/","message":"m"}"#;
    let error = |code: i64, key: &str| {
        // That it asks to be paid as well makes nothing else of it.
        let charge = r#"{"id":"c","intent":"charge","request":{"amount":"1","currency":"usd"}}"#;
        format!(
            r#"{{"jsonrpc":"2.0","id":$ID,"error":{{"code":{code},"message":"m","data":{{"challenges":[{charge}],"{key}":[{elicitation}]}}}}}}"#
        )
    };
    let url = json!({ "elicitation": { "url": {} } });
    for (version, capabilities, key, code, passes) in [
        ("2025-11-25", json!({ "sampling": {} }), "elicitations", -32_042, false),
        ("2025-11-25", json!({ "elicitation": {} }), "elicitations", -32_042, false),
        ("2025-06-18", json!({ "elicitation": {} }), "elicitations", -32_042, false),
        ("2025-11-25", json!({}), "Elicitations", -32_042, false),
        ("2025-11-25", url, "elicitations", -32_042, true),
        ("2025-11-25", json!({}), "elicitations", -32_041, true),
    ] {
        let script =
            Script::with_tools(&["ask"]).on("tools/call:ask", [Step::Line { text: error(code, key) }]);
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
        initialize(&mut wrapped, version, capabilities.clone()).await?;
        let answer = wrapped.client.call("ask", json!({})).await?;
        let expected = if passes { code } else { 50_201 };
        assert_eq!(answer["error"]["code"], expected, "{version} {capabilities}: {answer}");
        assert_eq!(answer.to_string().contains("example.com"), passes, "{answer}");
        wrapped.finish().await?;
        wrapped.refusals(usize::from(!passes)).await?;
        let outcomes = wrapped.outcomes(1).await?;
        assert_eq!(outcomes[0]["status"], if passes { "error" } else { "blocked" }, "{outcomes:#?}");
    }
    Ok(())
}

/// While no request of the client's is under way: no legacy version forbids it.
#[tokio::test]
async fn at_any_time() -> Result<()> {
    for version in LEGACY {
        let ask = |id: &str, method: &str| Step::Ask {
            id: format!("\"{id}\""),
            method: method.to_owned(),
            params: json!({}),
        };
        let script = Script::default()
            .on("notifications/initialized", [ask("p", "ping"), ask("q", "sampling/createMessage")]);
        let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
        initialize(&mut wrapped, version, json!({ "sampling": {} })).await?;
        for method in ["ping", "sampling/createMessage"] {
            let question = wrapped.client.wait_for(method, |message| message["method"] == method).await?;
            let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": {} });
            wrapped.client.send(answer.to_string()).await?;
        }
        let reached = |server: &RecordingServer| Ok(answered(server)?["result"].is_object());
        wrapped.server.wait_until("the answer", PATIENCE, reached).await?;
        wrapped.finish().await?;
        wrapped.refusals(0).await?;
    }
    Ok(())
}
