//! Calls that wait for a person at a gateway, by HTTP, in both eras.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_testkit::http::Request;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::desk::{People, approval_of, asks, payment, verdict};
use crate::scene::{Scene, modern, records, with_token};

pub async fn scene(approvals: &str, more: &str) -> Result<(Scene, People)> {
    let scene = Scene::with_policy(&Script::with_tools(&["look", "pay"]), &asks(approvals), more).await?;
    let people = People { data: scene.site.path().join("data") };
    Ok((scene, people))
}

/// A modern call of `pay`, which comes again with `state`.
pub fn pay(scene: &Scene, id: u64, arguments: &Value, state: Option<&str>) -> Request {
    let mut params = json!({ "name": "pay", "arguments": arguments });
    if let Some(state) = state {
        params["requestState"] = json!(state);
        params["inputResponses"] = json!({});
    }
    modern(&scene.serving.address, id, "tools/call", &params)
}

pub fn state_of(answer: &Value) -> Result<String> {
    ensure!(answer["result"]["resultType"] == "input_required", "{answer}");
    ensure!(answer["result"]["inputRequests"].is_null(), "{answer}");
    Ok(answer["result"]["requestState"].as_str().context("no state")?.to_owned())
}

#[tokio::test]
async fn a_legacy_client_waits() -> Result<()> {
    let (scene, people) = scene("hold: 60s", "anonymous: team\n").await?;
    let session = scene.initialize(None).await?;
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "pay", "arguments": payment(), "_meta": { "progressToken": "mine" } } });
    let request = scene.post(&message).header("Mcp-Session-Id", &session);
    let mut stream = request.open(&scene.serving.address).await?;
    // It hears of progress, which opens the stream.
    stream.until("waiting for a person").await?;
    let question = people.asked(1).await?.question;
    ensure!(question.asker.grant == "team" && question.asker.session.is_some(), "{question:?}");
    ensure!(scene.server.calls()?.is_empty());
    let metrics = Request::new(&scene.serving.admin, "GET", "/metrics").send(&scene.serving.admin).await?;
    for line in ["interlock_approvals_total{step=\"asked\"} 1", "interlock_approvals_held 1"] {
        ensure!(metrics.body.lines().any(|found| found == line), "{line} in {}", metrics.body);
    }
    people.approve(&question.id).await?;
    let text = stream.to_end().await?;
    ensure!(text.contains(r#""id":7,"result""#) && !text.contains("isError"), "{text}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}

#[tokio::test]
async fn a_modern_client_comes_again_and_waits_on() -> Result<()> {
    let (scene, people) = scene("hold: 1s", "anonymous: team\n").await?;
    let first = scene.send(&pay(&scene, 1, &payment(), None)).await?.answer()?;
    let state = state_of(&first)?;
    let second = scene.send(&pay(&scene, 2, &payment(), Some(&state))).await?.answer()?;
    let state = state_of(&second)?;
    let id = people.asked(1).await?.question.id;
    ensure!(scene.server.calls()?.is_empty());
    people.approve(&id).await?;
    let answer = scene.send(&pay(&scene, 3, &payment(), Some(&state))).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    let arrived = scene.server.received_method("tools/call")?;
    ensure!(arrived.len() == 1, "{arrived:?}");
    ensure!(arrived[0]["params"]["requestState"].is_null(), "its server gave none: {arrived:?}");
    ensure!(arrived[0]["params"]["inputResponses"].is_null(), "{arrived:?}");
    // Once used it is of no use.
    let again = scene.send(&pay(&scene, 4, &payment(), Some(&state))).await?.answer()?;
    ensure!(verdict(&again)?.1.contains("let through"), "{again}");
    assert_eq!(scene.server.calls()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_client_that_comes_too_often_is_told_in_words() -> Result<()> {
    let (scene, people) = scene("hold: 1s", "anonymous: team\n").await?;
    let mut state = None;
    let mut rounds = 0;
    let last = loop {
        let answer = scene.send(&pay(&scene, 1, &payment(), state.as_deref())).await?.answer()?;
        if answer["result"]["resultType"] != "input_required" {
            break answer;
        }
        state = Some(state_of(&answer)?);
        rounds += 1;
        ensure!(rounds < 20);
    };
    ensure!(verdict(&last)?.0 == "await_approval", "{last}");
    assert_eq!(approval_of(&last)?, people.asked(1).await?.question.id);
    Ok(())
}

#[tokio::test]
async fn a_state_that_was_not_given_for_this_is_refused() -> Result<()> {
    let more = "  others: { servers: { recording: allow.yaml } }\n";
    let (scene, people) = scene("hold: 1s", more).await?;
    let [team, others] = [scene.site.token("team").await?, scene.site.token("others").await?];
    let sent = |request: Request, token: &str| with_token(request, Some(token));
    let first = scene.send(&sent(pay(&scene, 1, &payment(), None), &team)).await?.answer()?;
    let state = state_of(&first)?;
    people.approve(&people.asked(1).await?.question.id).await?;
    let mut altered = state.clone().into_bytes();
    let last = altered.last_mut().context("empty")?;
    *last = if *last == b'0' { b'1' } else { b'0' };
    let altered = String::from_utf8(altered)?;
    let counted = state.replacen(".1.", ".2.", 1);
    let other = json!({ "amount": 5000, "to": "acme" });
    for (what, request) in [
        ("altered", sent(pay(&scene, 2, &payment(), Some(&altered)), &team)),
        ("counted anew", sent(pay(&scene, 3, &payment(), Some(&counted)), &team)),
        ("cut off", sent(pay(&scene, 4, &payment(), Some("interlock-approval.1")), &team)),
        ("of other arguments", sent(pay(&scene, 5, &other, Some(&state)), &team)),
        ("of another grant", sent(pay(&scene, 6, &payment(), Some(&state)), &others)),
    ] {
        let before = records(scene.site.path(), "refusal").await?.len();
        let answer = scene.send(&request).await?.answer()?;
        ensure!(answer["error"]["code"] == -32602, "{what}: {answer}");
        assert_eq!(records(scene.site.path(), "refusal").await?.len(), before + 1, "{what}");
    }
    ensure!(scene.server.calls()?.is_empty());
    let answer = scene.send(&sent(pay(&scene, 7, &payment(), Some(&state)), &team)).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_starts_anew_knows_what_it_asked() -> Result<()> {
    let (mut scene, people) = scene("hold: 1s", "anonymous: team\n").await?;
    let first = scene.send(&pay(&scene, 1, &payment(), None)).await?.answer()?;
    let state = state_of(&first)?;
    let session = scene.initialize(None).await?;
    let other = json!({ "amount": 7, "to": "acme" });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "pay", "arguments": other } });
    let legacy = scene.post(&message).header("Mcp-Session-Id", &session);
    let legacy = scene.send(&legacy).await?.answer()?;
    assert_eq!(verdict(&legacy)?.0, "await_approval", "{legacy}");
    let serving = scene.site.serve(|command| command);
    scene.serving.stop().await?;
    scene.serving = serving.await?;
    for question in people.questions().await? {
        people.approve(&question.question.id).await?;
    }
    let answer = scene.send(&pay(&scene, 2, &payment(), Some(&state))).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    // Its session ended with the gateway, and another one of the same grant goes on with what it asked.
    let session = scene.initialize(None).await?;
    let again = scene.send(&scene.post(&message).header("Mcp-Session-Id", &session)).await?.answer()?;
    assert_eq!(verdict(&again)?.0, "done", "{again}");
    assert_eq!(scene.server.calls()?.len(), 2);
    assert_eq!(people.questions().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn what_a_call_carries_besides_is_bound_and_shown() -> Result<()> {
    let (scene, people) = scene("hold: 0s", "anonymous: team\n").await?;
    let session = scene.initialize(None).await?;
    let call = |id: u64, more: &Value| {
        let mut params = json!({ "name": "pay", "arguments": payment() });
        for (name, value) in more.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        scene.post(&message).header("Mcp-Session-Id", &session)
    };
    let plain = scene.send(&call(1, &json!({}))).await?.answer()?;
    let approved = approval_of(&plain)?;
    people.approve(&approved).await?;
    for (id, more) in [
        json!({ "inputResponses": { "to": "mallory" } }),
        json!({ "requestState": "mine" }),
        json!({ "_meta": { "account": "mallory" } }),
        json!({ "account": "mallory" }),
    ]
    .iter()
    .enumerate()
    {
        let answer = scene.send(&call(id as u64 + 2, more)).await?.answer()?;
        let id = approval_of(&answer)?;
        ensure!(id != approved, "{more}: {answer}");
        let asked = people.asked(waiting(&people).await?).await?;
        let details: Value = serde_json::from_str(&asked.question.details)?;
        assert_eq!(&details["besides"], more, "it is shown");
    }
    ensure!(scene.server.calls()?.is_empty());
    let answer = scene.send(&call(9, &json!({}))).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    // Another session of the same grant makes it no second time, and does not ask about it.
    let other = scene.initialize(None).await?;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "pay", "arguments": payment() } });
    let again = scene.send(&scene.post(&message).header("Mcp-Session-Id", &other)).await?.answer()?;
    ensure!(verdict(&again)?.0 == "deny" && verdict(&again)?.1.contains("let through"), "{again}");
    assert_eq!(scene.server.calls()?.len(), 1);
    Ok(())
}

/// How many questions wait.
async fn waiting(people: &People) -> Result<usize> {
    let waiting = people.questions().await?;
    Ok(waiting.iter().filter(|one| one.standing == interlock_store::Standing::Waiting).count())
}

/// Whoever waits when the gateway ends is told so, and comes again with what it was given.
#[tokio::test]
async fn a_gateway_that_ends_keeps_nobody_waiting() -> Result<()> {
    let (mut scene, people) = scene("hold: 60s", "anonymous: team\n").await?;
    let (held, address) = (pay(&scene, 1, &payment(), None), scene.serving.address.clone());
    let held = tokio::spawn(async move { held.send(&address).await });
    let id = people.asked(1).await?.question.id;
    let begun = Instant::now();
    scene.serving.stop().await?;
    let state = state_of(&held.await??.answer()?)?;
    ensure!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    people.approve(&id).await?;
    scene.serving = scene.site.serve(|command| command).await?;
    let answer = scene.send(&pay(&scene, 2, &payment(), Some(&state))).await?.answer()?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}
