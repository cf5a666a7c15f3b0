//! Tasks of the extension, which the server decides on.

use anyhow::Result;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::Step;
use interlock_tests::wrapped::Wrapped;
use serde_json::{Value, json};

use crate::told::{OWN, able, about, asked, make_modern, modern, modern_server, result};

#[tokio::test]
async fn a_task_has_a_name_of_its_caller_s_own() -> Result<()> {
    let done = result(&json!({ "resultType": "complete" }));
    let script = modern_server()
        .on("tasks/get", [result(&modern("complete", "working", &json!({})))])
        .on("tasks/update", [done.clone()])
        .on("tasks/cancel", [done]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let name = make_modern(&mut wrapped).await?;
    assert!(!name.contains(OWN), "{name}");
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        for wrong in [OWN, &name[1..]] {
            let answer = wrapped.client.ask(method, about(wrong)).await?;
            assert_eq!(answer["error"]["code"], -32_602, "{method} {wrong}: {answer}");
        }
        let answer = wrapped.client.ask(method, about(&name)).await?;
        assert_eq!(answer["result"]["resultType"], "complete", "{method}: {answer}");
        assert!(!answer.to_string().contains(OWN), "{method}: {answer}");
        assert_eq!(asked(&wrapped, method)?[0], OWN, "{method}");
    }
    wrapped.finish().await?;
    wrapped.refusals(6).await.map(drop)
}

/// A client that did not say that it can take tasks gets none, and neither does one that asked for something else.
#[tokio::test]
async fn a_task_is_for_a_client_that_can_take_it() -> Result<()> {
    let made = result(&modern("task", "working", &json!({})));
    let script = modern_server().on("completion/complete", [made.clone()]).on("tools/list", [made]);
    let mut wrapped =
        Wrapped::start(ALLOW_ALL, "servers: { recording: { trust: allow_changes } }\n", &script)?;
    let reference =
        json!({ "ref": { "type": "ref/prompt", "name": "p" }, "argument": {}, "_meta": able(&json!({})) });
    let unable = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "extensions": { "io.modelcontextprotocol/tasks": true } },
    });
    for (method, params) in [
        ("tools/call", json!({ "name": "research", "arguments": {}, "_meta": unable })),
        ("completion/complete", reference),
        ("tools/list", json!({ "_meta": able(&json!({})) })),
    ] {
        let answer = wrapped.client.ask(method, params).await?;
        assert_eq!(answer["error"]["code"], 50_201, "{method}: {answer}");
        assert!(!answer.to_string().contains(OWN), "{method}: {answer}");
    }
    make_modern(&mut wrapped).await?;
    wrapped.finish().await?;
    wrapped.refusals(3).await.map(drop)
}

#[tokio::test]
async fn news_is_told_to_those_who_listen_for_their_own() -> Result<()> {
    let subscription = json!({ "io.modelcontextprotocol/subscriptionId": "$SUBSCRIPTION" });
    let line = |method: &str, params: Value| {
        let text = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        Step::Line { text: text.replace("\"$SUBSCRIPTION\"", "$ID") }
    };
    let news = |task: &str| {
        let mut params = modern("complete", "working", &json!({ "_meta": subscription }));
        params["taskId"] = json!(task);
        line("notifications/tasks", params)
    };
    let agreed = json!({ "notifications": { "taskIds": [OWN, "somebody-else-s"] }, "_meta": subscription });
    let script = modern_server().on(
        "subscriptions/listen",
        [
            line("notifications/subscriptions/acknowledged", agreed),
            news("somebody-else-s"),
            news(OWN),
            Step::Answer,
        ],
    );
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let name = make_modern(&mut wrapped).await?;
    let listen = |ids: Value| json!({ "notifications": { "taskIds": ids }, "_meta": able(&json!({})) });
    for wrong in [json!([OWN]), json!([name, OWN]), json!(name), json!([1])] {
        let answer = wrapped.client.ask("subscriptions/listen", listen(wrong)).await?;
        assert_eq!(answer["error"]["code"], -32_602, "{answer}");
    }
    wrapped.client.request("subscriptions/listen", listen(json!([name]))).await?;
    let told =
        wrapped.client.wait_for("the news", |message| message["method"] == "notifications/tasks").await?;
    assert_eq!(told["params"]["taskId"], name, "{told}");
    let agreed = wrapped
        .client
        .wait_for("that it listens", |message| {
            message["method"] == "notifications/subscriptions/acknowledged"
        })
        .await?;
    assert_eq!(agreed["params"]["notifications"]["taskIds"], json!([name]), "{agreed}");
    let arrived = wrapped.server.received_method("subscriptions/listen")?;
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0]["params"]["notifications"]["taskIds"], json!([OWN]));
    wrapped.finish().await?;
    wrapped.refusals(5).await.map(drop)
}

/// A task's questions are the server's: no more is asked than the client declared, and a policy that has closed the tool
/// since lets no more input through to it.
#[tokio::test]
async fn input_for_a_task_is_judged() -> Result<()> {
    let asking =
        json!({ "inputRequests": { "q": { "method": "elicitation/create", "params": { "message": "?" } } } });
    let script = modern_server()
        .on("tasks/get", [result(&modern("complete", "input_required", &asking))])
        .on("tasks/update", [result(&json!({ "resultType": "complete" }))]);
    let mut wrapped = Wrapped::start(ALLOW_ALL, "{}", &script)?;
    let name = make_modern(&mut wrapped).await?;
    for (declared, passes) in [(json!({}), false), (json!({ "elicitation": {} }), true)] {
        let params = json!({ "taskId": name, "_meta": able(&declared) });
        let answer = wrapped.client.ask("tasks/get", params).await?;
        assert_eq!(answer["result"].is_object(), passes, "{declared}: {answer}");
    }
    let mut input = about(&name);
    input["inputResponses"] = json!({ "q": { "action": "accept", "content": {} } });
    assert!(wrapped.client.ask("tasks/update", input.clone()).await?["result"].is_object());
    let closed = "version: \"1\"\ndefault: deny\ntools: { echo: {} }\n";
    wrapped.interlock.replace_policy(closed)?;
    let patience = interlock_testkit::client::PATIENCE;
    wrapped.interlock.wait_for_records("policy_reload", patience, |found| !found.is_empty()).await?;
    let refused = wrapped.client.ask("tasks/update", input).await?;
    assert_eq!(refused["error"]["code"], 40_300, "{refused}");
    assert_eq!(wrapped.server.received_method("tasks/update")?.len(), 1);
    wrapped.finish().await?;
    wrapped.refusals(2).await.map(drop)
}
