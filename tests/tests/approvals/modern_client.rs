//! `approve: client` for clients of 2026-07-28: they are asked by what their call is answered with, and bring the answer
//! when it comes again.

use anyhow::{Context, Result, ensure};
use interlock_store::Standing;
use interlock_testkit::http::Request;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::desk::{Desk, People, asks, payment, verdict};
use crate::scene::{Scene, modern, records, with_token};

const KEY: &str = "interlock-approval";

async fn scene(approvals: &str, more: &str) -> Result<(Scene, People)> {
    let scene = Scene::with_policy(&Script::with_tools(&["look", "pay"]), &asks(approvals), more).await?;
    let people = People { data: scene.site.path().join("data") };
    Ok((scene, people))
}

/// A call of `pay` by a client that can show forms, which comes again with a state and an answer.
fn pay(scene: &Scene, arguments: &Value, brings: Option<(&str, Value)>) -> Request {
    let mut params = json!({ "name": "pay", "arguments": arguments });
    if let Some((state, answer)) = brings {
        params["requestState"] = json!(state);
        params["inputResponses"] = json!({ KEY: answer });
    }
    able(modern(&scene.serving.address, 1, "tools/call", &params))
}

fn able(request: Request) -> Request {
    let declared = "\"io.modelcontextprotocol/clientCapabilities\":";
    request.replacing(&format!("{declared}{{}}"), &format!("{declared}{{\"elicitation\":{{\"form\":{{}}}}}}"))
}

async fn sent(scene: &Scene, request: Request) -> Result<Value> {
    scene.send(&request).await?.answer()
}

fn says(decision: &str) -> Value {
    json!({ "action": "accept", "content": { "decision": decision } })
}

/// The state, and what its client is asked; null for nothing.
fn asked(answer: &Value) -> Result<(String, Value)> {
    ensure!(answer["result"]["resultType"] == "input_required", "{answer}");
    let state = answer["result"]["requestState"].as_str().context("no state")?;
    Ok((state.to_owned(), answer["result"]["inputRequests"][KEY].clone()))
}

#[tokio::test]
async fn it_is_asked_at_once_and_brings_a_yes() -> Result<()> {
    // Whether or not a call is held.
    for hold in ["60s", "0s"] {
        let (scene, people) = scene(&format!("approve: client, hold: {hold}"), "anonymous: team\n").await?;
        let (state, question) = asked(&sent(&scene, pay(&scene, &payment(), None)).await?)?;
        assert_eq!(question["method"], "elicitation/create");
        ensure!(question["params"]["message"].as_str().is_some_and(|text| text.contains("\"amount\": 500")));
        assert_eq!(question["params"]["requestedSchema"]["required"], json!(["decision"]));
        ensure!(scene.server.calls()?.is_empty());
        people.asked(1).await?;
        let done = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
        assert_eq!(verdict(&done)?.0, "done", "{done}");
        let arrived = scene.server.received_method("tools/call")?;
        ensure!(arrived.len() == 1 && arrived[0]["params"]["arguments"] == payment(), "{arrived:?}");
        for member in ["requestState", "inputResponses"] {
            ensure!(arrived[0]["params"][member].is_null(), "its server asked nothing: {arrived:?}");
        }
        // Once used it is of no use.
        let again = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
        ensure!(verdict(&again)?.1.contains("let through"), "{again}");
        assert_eq!(scene.server.calls()?.len(), 1);
        let log = records(scene.site.path(), "approval").await?;
        let steps: Vec<&str> = log.iter().filter_map(|one| one["details"]["step"].as_str()).collect();
        ensure!(steps.starts_with(&["asked", "asked client", "approving", "approved", "taken"]), "{steps:?}");
        assert_eq!(log[3]["details"]["by"], "client:team");
    }
    Ok(())
}

#[tokio::test]
async fn it_brings_a_no() -> Result<()> {
    for no in [says("deny"), json!({ "action": "decline" })] {
        let (scene, people) = scene("approve: client, hold: 60s", "anonymous: team\n").await?;
        let (state, _) = asked(&sent(&scene, pay(&scene, &payment(), None)).await?)?;
        let denied = sent(&scene, pay(&scene, &payment(), Some((&state, no)))).await?;
        ensure!(verdict(&denied)?.1.contains("a person denied"), "{denied}");
        // A yes after it is too late.
        let late = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
        assert_eq!(verdict(&late)?.0, "deny", "{late}");
        ensure!(people.questions().await?[0].standing == Standing::Denied);
        ensure!(scene.server.calls()?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_decision_waits_on_for_others() -> Result<()> {
    for brought in [
        json!({ "action": "cancel" }),
        json!({ "action": "accept", "content": { "decision": "yes" } }),
        json!({ "action": "accept" }),
        json!("approve"),
        json!(null),
    ] {
        let (scene, people) = scene("approve: client, hold: 1s", "anonymous: team\n").await?;
        let (state, _) = asked(&sent(&scene, pay(&scene, &payment(), None)).await?)?;
        let held = sent(&scene, pay(&scene, &payment(), Some((&state, brought.clone())))).await?;
        let (state, question) = asked(&held)?;
        ensure!(question.is_null(), "it is asked once: {held}");
        ensure!(scene.server.calls()?.is_empty(), "{brought}");
        // Nobody asked this time: what it brings is nobody's answer.
        let refused = records(scene.site.path(), "refusal").await?.len();
        let held = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
        let (state, _) = asked(&held)?;
        // That, and that the call still waits.
        assert_eq!(records(scene.site.path(), "refusal").await?.len(), refused + 2);
        ensure!(scene.server.calls()?.is_empty(), "{brought}");
        people.approve(&people.asked(1).await?.question.id).await?;
        let done = sent(&scene, pay(&scene, &payment(), Some((&state, json!({}))))).await?;
        assert_eq!(verdict(&done)?.0, "done", "{done}");
        assert_eq!(scene.server.calls()?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn what_was_decided_elsewhere_stays_decided() -> Result<()> {
    for (approves, brought, expected) in [(false, "approve", "deny"), (true, "deny", "done")] {
        let (scene, people) = scene("approve: client, hold: 60s", "anonymous: team\n").await?;
        let (state, _) = asked(&sent(&scene, pay(&scene, &payment(), None)).await?)?;
        people.say(&people.asked(1).await?.question.id, "user:alice", approves).await?;
        let told = sent(&scene, pay(&scene, &payment(), Some((&state, says(brought))))).await?;
        assert_eq!(verdict(&told)?.0, expected, "{told}");
        assert_eq!(scene.server.calls()?.len(), usize::from(approves));
        let log = records(scene.site.path(), "approval").await?;
        ensure!(log.iter().any(|one| one["details"]["step"] == "too late"), "{log:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_yes_without_the_question_that_it_answers_is_none() -> Result<()> {
    let more = "  others: { servers: { recording: allow.yaml } }\n";
    let (scene, people) = scene("approve: client, hold: 1s", more).await?;
    let [team, others] = [scene.site.token("team").await?, scene.site.token("others").await?];
    let by = |request: Request, token: &str| with_token(request, Some(token));
    let (state, _) = asked(&sent(&scene, by(pay(&scene, &payment(), None), &team)).await?)?;
    let more = json!({ "amount": 5_000, "to": "acme" });
    let (of_more, _) = asked(&sent(&scene, by(pay(&scene, &more, None), &team)).await?)?;
    // A state that it was given to wait on, not to decide.
    let cancelled = pay(&scene, &more, Some((&of_more, json!({ "action": "cancel" }))));
    let (waits, _) = asked(&sent(&scene, by(cancelled, &team)).await?)?;
    ensure!(waits.contains(".wait."), "{waits}");
    let mut altered = state.clone();
    let last = altered.pop();
    altered.push(if last == Some('0') { '1' } else { '0' });
    for (what, arguments, state, token) in [
        ("altered", payment(), &*altered, &team),
        ("made a form of it", more.clone(), &*waits.replace(".wait.", ".form."), &team),
        ("of another call", payment(), &*of_more, &team),
        ("of other arguments", more, &*state, &team),
        ("of another grant", payment(), &*state, &others),
        ("made up", payment(), "interlock-approval.1.1.form.2", &team),
        ("cut off", payment(), "interlock-approval.1.1", &team),
    ] {
        let before = records(scene.site.path(), "refusal").await?.len();
        let request = by(pay(&scene, &arguments, Some((state, says("approve")))), token);
        let told = sent(&scene, request).await?;
        ensure!(told["error"]["code"] == -32602, "{what}: {told}");
        assert_eq!(records(scene.site.path(), "refusal").await?.len(), before + 1, "{what}");
    }
    ensure!(people.questions().await?.iter().all(|one| one.opinions.is_empty()));
    // Without any state it is another call, which waits like any.
    let mut params =
        json!({ "name": "pay", "arguments": payment(), "inputResponses": { KEY: says("approve") } });
    params["_meta"] = json!({});
    let bare = able(modern(&scene.serving.address, 1, "tools/call", &params));
    asked(&sent(&scene, by(bare, &team)).await?)?;
    ensure!(scene.server.calls()?.is_empty());
    let yes = pay(&scene, &payment(), Some((&state, says("approve"))));
    let done = sent(&scene, by(yes, &team)).await?;
    assert_eq!(verdict(&done)?.0, "done", "{done}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}

#[tokio::test]
async fn another_policy_takes_no_word_for_it() -> Result<()> {
    let (scene, people) = scene("approve: client, hold: 1s", "anonymous: team\n").await?;
    let (state, _) = asked(&sent(&scene, pay(&scene, &payment(), None)).await?)?;
    scene.site.write("allow.yaml", &asks("hold: 1s"))?;
    let begun = std::time::Instant::now();
    while records(scene.site.path(), "policy_reload").await?.is_empty() {
        ensure!(begun.elapsed() < interlock_testkit::client::PATIENCE, "the policy is not read");
    }
    let told = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
    let (_, question) = asked(&told)?;
    ensure!(question.is_null() && scene.server.calls()?.is_empty(), "{told}");
    ensure!(people.questions().await?.iter().all(|one| one.opinions.is_empty()));
    Ok(())
}

#[tokio::test]
async fn who_cannot_show_forms_waits_as_ever() -> Result<()> {
    let (scene, _people) = scene("approve: client, hold: 1s", "anonymous: team\n").await?;
    let params = json!({ "name": "pay", "arguments": payment() });
    let (state, question) =
        asked(&sent(&scene, modern(&scene.serving.address, 1, "tools/call", &params)).await?)?;
    ensure!(question.is_null(), "{question}");
    // Not even one that says so later.
    let held = sent(&scene, pay(&scene, &payment(), Some((&state, says("approve"))))).await?;
    ensure!(asked(&held)?.1.is_null() && scene.server.calls()?.is_empty(), "{held}");
    Ok(())
}

#[tokio::test]
async fn it_is_asked_through_a_pipe_too() -> Result<()> {
    let desk = Desk::new(&asks("approve: client, hold: 60s"))?;
    let mut agent = desk.spawn("local")?;
    let mut params = json!({ "name": "pay", "arguments": payment(), "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } } } });
    let (state, question) = asked(&agent.ask("tools/call", params.clone()).await?)?;
    ensure!(question.is_object() && desk.paid()?.is_empty());
    params["requestState"] = json!(state);
    params["inputResponses"] = json!({ KEY: says("approve") });
    let done = agent.ask("tools/call", params).await?;
    assert_eq!(verdict(&done)?.0, "done", "{done}");
    assert_eq!(desk.paid()?, [payment()]);
    Ok(())
}
