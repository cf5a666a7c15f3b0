//! Subscriptions of 2026-07-28, which are named by the request that made them, and arrays of messages from a
//! server of 2025-03-26.

use anyhow::Result;
use interlock_testkit::client::PATIENCE;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn news(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"doc:///a","n":1.0,"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
    )
}

fn cancellation(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"x":1.0}}}}"#)
}

fn line(text: String) -> Step {
    Step::Line { text }
}

fn await_line(text: &str) -> Step {
    Step::AwaitLine { contains: text.to_owned() }
}

async fn listen(wrapped: &mut Wrapped, id: &str) -> Result<()> {
    let params = format!(r#"{{{META},"notifications":{{"resourceSubscriptions":["doc:///a"]}}}}"#);
    let request =
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{params}}}"#);
    wrapped.client.send(request).await
}

async fn ask(wrapped: &mut Wrapped) -> Result<Value> {
    let meta: Value = serde_json::from_str(&format!("{{{META}}}"))?;
    wrapped.client.ask("tools/list", meta).await
}

/// The server names a subscription by the number it knows, the client by the id it gave; news of any other is
/// nobody's.
#[tokio::test]
async fn news_reaches_its_subscriber() -> Result<()> {
    let steps = [
        line(news("$ID")),
        // By names that nobody gave it: the next number, and the client's own id.
        line(news("4000")),
        line(news("\"mine\"")),
        await_line("tools/list"),
        line(news("$ID")),
        line(cancellation("$ID")),
        line(news("$ID")),
    ];
    let script = Script::default().on("subscriptions/listen", steps);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    listen(&mut wrapped, "\"mine\"").await?;
    let expected = news("\"mine\"");
    for _ in 0..2 {
        wrapped.client.wait_for_line("news", |line| line == expected).await?;
        ask(&mut wrapped).await?;
    }
    wrapped.client.wait_for_line("the end", |line| line == cancellation("\"mine\"")).await?;
    ask(&mut wrapped).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await?;
    wrapped.refusals(3).await?;
    let outcomes = wrapped.outcomes(1).await?;
    assert_eq!((outcomes.len(), &outcomes[0]["status"]), (1, &json!("cancelled")), "{outcomes:#?}");
    Ok(())
}

/// The client ends one of two; the other goes on. A server cannot end what is no subscription.
#[tokio::test]
async fn ended_by_its_subscriber() -> Result<()> {
    let release = tempfile::tempdir()?;
    let path = release.path().join("release").display().to_string();
    let script = Script::with_tools(&["slow"])
        .on("subscriptions/listen", [await_line("notifications/cancelled"), line(news("$ID"))])
        .on(
            "tools/call:slow",
            [line(cancellation("$ID")), Step::AwaitFile { path: path.clone() }, Step::Answer],
        );
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    listen(&mut wrapped, "\"one\"").await?;
    listen(&mut wrapped, "\"two\"").await?;
    let call =
        format!(r#"{{"jsonrpc":"2.0","id":"call","method":"tools/call","params":{{{META},"name":"slow"}}}}"#);
    wrapped.client.send(call).await?;
    wrapped.server.wait_until("the call", PATIENCE, |server| Ok(server.calls()?.len() == 1)).await?;
    wrapped.client.send(cancellation("\"one\"")).await?;
    wrapped.client.wait_for_line("news of the other", |line| line == news("\"two\"")).await?;
    std::fs::write(path, "")?;
    let answer = wrapped.client.response(&json!("call")).await?;
    assert!(answer["result"].is_object(), "{answer}");
    let refusals = |found: &[Value]| found.len() == 2;
    wrapped.interlock.wait_for_records("refusal", PATIENCE, refusals).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await
}

/// Each element of a server's array is taken by itself, and reaches the client as a message of its own.
#[tokio::test]
async fn arrays_from_the_server() -> Result<()> {
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}"#;
    let result = r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"n":1e2}}"#;
    let array = format!(
        r#"[ {note} , 7, {{"jsonrpc":"2.0","id":4000,"result":{{}}}}, {result}, {{"jsonrpc":"2.0","id":1,"method":"roots/list"}} ]"#
    );
    let script = Script::with_tools(&["array"]).on("tools/call:array", [line(array)]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    wrapped.shake_hands("2025-03-26").await?;
    let id = wrapped.client.request("tools/call", json!({ "name": "array" })).await?;
    wrapped.client.wait_for_line("the note", |line| line == note).await?;
    let expected = result.replace("$ID", &id.to_string());
    wrapped.client.wait_for_line("the answer", |line| line == expected).await?;
    let question = wrapped.client.wait_for("roots", |message| message["method"] == "roots/list").await?;
    wrapped
        .client
        .send(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"roots":[]}}}}"#, question["id"]))
        .await?;
    let answered = r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#.to_owned();
    wrapped
        .server
        .wait_until("its answer", PATIENCE, |server| Ok(server.received()?.contains(&answered)))
        .await?;
    wrapped.refusals(2).await?;
    assert!(wrapped.client.unclaimed().is_empty());
    wrapped.finish().await
}

/// One request for several resources: its record names all of them, a denial the one that was refused.
#[tokio::test]
async fn to_several_resources() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\nresources:\n  \"doc:///a\": {}\n  \"doc:///b\": {}\n  \"doc:///no\": { rules: [{ action: deny, on_deny: not this one }] }\n  \"doc:///once\": { rules: [{ rate_limit: 1/hour, on_deny: enough }] }\n";
    let mut wrapped =
        Wrapped::start(policy, "{}", &Script::default().on("subscriptions/listen", [Step::Answer]))?;
    let mut listen = async |uris: Value| {
        let meta: Value = serde_json::from_str(&format!("{{{META}}}"))?;
        let params = json!({ "_meta": meta["_meta"], "notifications": { "resourceSubscriptions": uris } });
        wrapped.client.ask("subscriptions/listen", params).await
    };
    let once = json!(["doc:///a", "doc:///once"]);
    listen(once.clone()).await?;
    let mut denied = Vec::new();
    for uris in [json!(["doc:///a", "doc:///no", "doc:///b"]), once.clone(), json!(["doc:///b", "doc:///c"])]
    {
        let answer = listen(uris).await?;
        assert_eq!(answer["error"]["code"], 40_300, "{answer}");
        denied.push(answer["error"]["message"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(denied[0], "[INTERLOCK DENIED] resource \"doc:///no\": not this one");
    assert!(denied[1].starts_with("[INTERLOCK DENIED] resource \"doc:///once\": enough"), "{denied:#?}");
    assert!(denied[2].contains("\"doc:///c\""), "{denied:#?}");
    let too_many: Vec<String> = (0..1_001).map(|n| format!("doc:///{n}")).collect();
    assert_eq!(listen(json!(too_many)).await?["error"]["code"], -32_602);
    assert_eq!(wrapped.server.received_method("subscriptions/listen")?.len(), 1);
    wrapped.finish().await?;
    let refusals = wrapped.refusals(4).await?;
    let seen: Vec<_> = refusals.iter().map(|record| (&record["resource"], &record["resources"])).collect();
    let all = json!(["doc:///a", "doc:///no", "doc:///b"]);
    let unknown = json!(["doc:///b", "doc:///c"]);
    assert_eq!(
        seen,
        [
            (&json!("doc:///no"), &all),
            (&json!("doc:///once"), &once),
            (&json!("doc:///c"), &unknown),
            (&Value::Null, &Value::Null)
        ]
    );
    let intents = wrapped.interlock.records_of("intent").await?;
    assert_eq!((intents.len(), &intents[0]["resources"]), (1, &once), "{intents:#?}");
    assert_eq!(wrapped.outcomes(1).await?[0]["resources"], once);
    // Each of them is found by its name.
    for (name, count) in [("doc:///once", 3), ("doc:///a", 4), ("doc:///b", 2), ("doc:///d", 0)] {
        let found = wrapped.interlock.records(&["--tool", name]).await?;
        assert_eq!(found.len(), count, "{name}: {found:#?}");
    }
    Ok(())
}

/// A subscription ends with its permission: no news of the resource any more, and the client can still end it.
#[tokio::test]
async fn older_than_the_policy() -> Result<()> {
    let policy = |resources: &str| {
        format!(
            "version: \"1\"\ndefault: deny\nresources:\n  \"doc:///kept\": {{ rules: [{{ rate_limit: 1/hour }}] }}\n{resources}"
        )
    };
    let update = |uri: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"{uri}"}}}}"#
        )
    };
    // Nobody ever asked for the third.
    let uris = ["doc:///gone", "doc:///kept", "doc:///never"];
    let told: Vec<Step> = uris.iter().map(|uri| line(update(uri))).chain([Step::Answer]).collect();
    let script = Script::with_tools(&[]).on("prompts/list", told);
    let before = policy("  \"doc:///gone\": { rules: [{ rate_limit: 1/hour }] }\n");
    let mut wrapped = Wrapped::start(&before, "{}", &script)?;
    wrapped.client.initialize("2025-11-25").await?;
    for uri in ["doc:///gone", "doc:///kept"] {
        let answer = wrapped.client.ask("resources/subscribe", json!({ "uri": uri })).await?;
        assert!(answer["result"].is_object(), "{answer}");
    }
    wrapped.client.ask("prompts/list", json!({})).await?;
    assert_eq!(wrapped.client.take_unclaimed(), [update("doc:///gone"), update("doc:///kept")]);
    wrapped.refusals(1).await?;

    wrapped.interlock.replace_policy(&policy(""))?;
    let reloaded = |found: &[Value]| found.iter().any(|record| record["kind"] == "policy_reload");
    wrapped.interlock.wait_for_records("policy_reload", PATIENCE, reloaded).await?;
    wrapped.client.take_unclaimed();
    wrapped.client.ask("prompts/list", json!({})).await?;
    let told = wrapped.client.take_unclaimed();
    let told: Vec<&String> = told.iter().filter(|line| line.contains("updated")).collect();
    assert_eq!(told, [&update("doc:///kept")]);
    let refusals = wrapped.refusals(3).await?;
    let named = |refusal: &Value, uri: &str| refusal["reason"].as_str().is_some_and(|why| why.contains(uri));
    for (refusal, uri) in refusals.iter().zip(["doc:///never", "doc:///gone", "doc:///never"]) {
        assert!(named(refusal, uri) && refusal["category"] == "server", "{refusal:#}");
    }

    // The limits of both are used up, and one is not permitted any more.
    for uri in ["doc:///gone", "doc:///kept", "doc:///kept"] {
        let answer = wrapped.client.ask("resources/unsubscribe", json!({ "uri": uri })).await?;
        assert!(answer["result"].is_object(), "{answer}");
    }
    assert_eq!(wrapped.server.received_method("resources/unsubscribe")?.len(), 3);
    let answer = wrapped.client.ask("resources/subscribe", json!({ "uri": "doc:///gone" })).await?;
    assert_eq!(answer["error"]["code"], 40_300, "{answer}");
    wrapped.finish().await?;
    let ended = wrapped.interlock.records(&["--kind", "outcome", "--text", "resources/unsubscribe"]).await?;
    assert_eq!(ended.len(), 3, "{ended:#?}");
    assert!(
        ended.iter().all(|record| record["status"] == "ok" && record["resource"].is_string()),
        "{ended:#?}"
    );
    wrapped.refusals(4).await.map(drop)
}
