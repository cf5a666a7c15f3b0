//! `approve: client` for clients of before 2026-07-28: they are asked by a form while their call is held.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::script::{Script, Step};
use serde_json::{Value, json};

use crate::desk::{Desk, asks, payment, verdict};
use crate::scene::{Scene, initialize, records};

fn at_client(hold: &str) -> String {
    asks(&format!("approve: client, hold: {hold}"))
}

async fn call(agent: &mut ScriptedClient, arguments: Value) -> Result<u64> {
    agent.request("tools/call", json!({ "name": "pay", "arguments": arguments })).await
}

/// What the client is asked.
async fn form(agent: &mut ScriptedClient) -> Result<Value> {
    agent.wait_for("the form", |message| message["method"] == "elicitation/create").await
}

async fn answer(agent: &mut ScriptedClient, form: &Value, result: Value) -> Result<()> {
    agent.send(json!({ "jsonrpc": "2.0", "id": form["id"], "result": result }).to_string()).await
}

fn says(decision: &str) -> Value {
    json!({ "action": "accept", "content": { "decision": decision, "reason": "as agreed" } })
}

/// The steps of the log, without what they are about.
async fn steps(desk: &Desk) -> Result<Vec<String>> {
    Ok(desk.steps().await?.into_iter().map(|(step, _)| step).collect())
}

#[tokio::test]
async fn the_person_at_the_client_approves_exactly_this_call() -> Result<()> {
    for version in ["2025-06-18", "2025-11-25"] {
        let desk = Desk::new(&at_client("60s"))?;
        let mut agent = desk.connect_declaring(version, json!({ "elicitation": {} })).await?;
        let arguments = json!({ "amount": 500, "to": "\u{430}cme" });
        let called = call(&mut agent, arguments.clone()).await?;
        let asked = form(&mut agent).await?;
        let show = ["approvals", "show", &desk.asked(1).await?.question.id];
        let shown = desk.interlock.command(&show)?.output().await?.stdout;
        ensure!(String::from_utf8_lossy(&shown).contains("every operator, and whoever sits at the client\n"));
        let params = &asked["params"];
        let message = params["message"].as_str().unwrap_or_default();
        for shown in ["Server     bank", "Calls      pay", "\"amount\": 500", "\\u{430}cme", "looks like `a`"]
        {
            ensure!(message.contains(shown), "{shown} in {message}");
        }
        assert_eq!(params["requestedSchema"]["required"], json!(["decision"]));
        ensure!(params["mode"].is_null(), "2025-06-18 has no modes: {params}");
        ensure!(desk.paid()?.is_empty());
        answer(&mut agent, &asked, says("approve")).await?;
        assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "done");
        assert_eq!(desk.paid()?, [arguments]);
        let question = &desk.questions().await?[0];
        let opinion = &question.opinions[0];
        assert_eq!((&*opinion.by, opinion.reason.as_deref()), ("client:local", Some("as agreed")));
        agent.finish().await?;
        assert_eq!(steps(&desk).await?, ["asked", "asked client", "approving", "approved", "taken"]);
        let said = &desk.interlock.records_of("approval").await?[3];
        assert_eq!(said["details"]["by"], "client:local");
        assert_eq!((&said["grant"], &said["client"]), (&json!("local"), &json!("agent-sdk/2")));
        // Nothing of it reached the server.
        let heard = desk.server.received()?;
        ensure!(
            !heard.iter().any(|line| line.contains("decision") || line.contains("elicitation/")),
            "{heard:#?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_no_denies() -> Result<()> {
    for no in [says("deny"), json!({ "action": "decline" })] {
        let desk = Desk::new(&at_client("60s"))?;
        let mut agent =
            desk.connect_declaring("2025-11-25", json!({ "elicitation": { "form": {} } })).await?;
        let called = call(&mut agent, payment()).await?;
        let asked = form(&mut agent).await?;
        answer(&mut agent, &asked, no.clone()).await?;
        let told = agent.response(&json!(called)).await?;
        let (verdict_now, words) = verdict(&told)?;
        ensure!(verdict_now == "deny" && words.contains("a person denied this call"), "{told}");
        ensure!(words.contains("as agreed") == (no["action"] == "accept"), "{told}");
        // It is not asked about again.
        let again = agent.call("pay", payment()).await?;
        assert_eq!(verdict(&again)?.0, "deny", "{again}");
        ensure!(desk.paid()?.is_empty());
        assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_decision_decides_nothing() -> Result<()> {
    let yes = || json!({ "decision": "approve" });
    for (result, step) in [
        (json!({ "action": "cancel" }), "put off"),
        (json!({ "action": "accept" }), "not understood"),
        (json!({ "action": "accept", "content": { "decision": true } }), "not understood"),
        (
            json!({ "action": "accept", "content": { "decision": "approve", "to": "mallory" } }),
            "not understood",
        ),
        (json!({ "content": yes() }), "not understood"),
        (json!({ "action": "approve", "content": yes() }), "not understood"),
        (json!({}), "not understood"),
    ] {
        let desk = Desk::new(&at_client("60s"))?;
        let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
        let called = call(&mut agent, payment()).await?;
        let asked = form(&mut agent).await?;
        answer(&mut agent, &asked, result.clone()).await?;
        let noted = |found: &[Value]| found.iter().any(|one| one["details"]["step"] == step);
        desk.interlock.wait_for_records("approval", PATIENCE, noted).await?;
        // It goes on to wait for whoever else may decide.
        ensure!(desk.paid()?.is_empty(), "{result}");
        desk.approve(&desk.asked(1).await?.question.id).await?;
        assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "done", "{result}");
        assert_eq!(desk.paid()?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn an_error_and_a_broken_line_are_no_decisions() -> Result<()> {
    for line in [
        r#"{"jsonrpc":"2.0","id":$,"error":{"code":-32601,"message":"no such method"}}"#,
        r#"{"jsonrpc":"2.0","id":$,"result":{"action":"accept","content":{"decision":"deny","decision":"approve"}}}"#,
    ] {
        let desk = Desk::new(&at_client("60s"))?;
        let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
        let called = call(&mut agent, payment()).await?;
        let asked = form(&mut agent).await?;
        agent.send(line.replace('$', &asked["id"].to_string())).await?;
        let noted = |found: &[Value]| found.iter().any(|one| one["details"]["step"] == "not understood");
        desk.interlock.wait_for_records("approval", PATIENCE, noted).await?;
        ensure!(desk.paid()?.is_empty());
        ensure!(desk.say(&desk.asked(1).await?.question.id, "user:alice", false).await? == Standing::Denied);
        assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "deny", "{line}");
        ensure!(desk.paid()?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_withdrawn_and_a_late_yes_counts_for_nothing() -> Result<()> {
    for (approves, expected) in [(true, "done"), (false, "deny")] {
        let desk = Desk::new(&at_client("60s"))?;
        let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
        let called = call(&mut agent, payment()).await?;
        let asked = form(&mut agent).await?;
        desk.say(&desk.asked(1).await?.question.id, "user:alice", approves).await?;
        let withdrawn = |message: &Value| message["method"] == "notifications/cancelled";
        let withdrawn = agent.wait_for("that it is withdrawn", withdrawn).await?;
        assert_eq!(withdrawn["params"]["requestId"], asked["id"]);
        assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, expected);
        answer(&mut agent, &asked, says("approve")).await?;
        assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
        assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "deny");
        assert_eq!(desk.paid()?.len(), usize::from(approves));
    }
    Ok(())
}

#[tokio::test]
async fn answers_to_what_was_not_asked_are_refused() -> Result<()> {
    let desk = Desk::new(&at_client("60s"))?;
    let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
    let called = call(&mut agent, payment()).await?;
    let asked = form(&mut agent).await?;
    for id in [json!(9_999), json!(asked["id"].to_string()), json!("approval")] {
        agent.send(json!({ "jsonrpc": "2.0", "id": id, "result": says("approve") }).to_string()).await?;
    }
    let refused = |found: &[Value]| found.len() == 3;
    desk.interlock.wait_for_records("refusal", PATIENCE, refused).await?;
    ensure!(desk.paid()?.is_empty());
    answer(&mut agent, &asked, says("approve")).await?;
    assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "done");
    // A second time it is nobody's.
    answer(&mut agent, &asked, says("approve")).await?;
    desk.interlock.wait_for_records("refusal", PATIENCE, |found| found.len() == 4).await?;
    assert_eq!(desk.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_servers_own_questions_are_apart() -> Result<()> {
    let params = json!({ "message": "who?", "requestedSchema": { "type": "object", "properties": {} } });
    let ask = Step::Ask { id: "1".to_owned(), method: "elicitation/create".to_owned(), params };
    let script = Script::with_tools(&["look", "pay"]).on("tools/call:look", [ask, Step::Answer]);
    let desk = Desk::before(&at_client("60s"), &script)?;
    let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
    let paying = call(&mut agent, payment()).await?;
    let own = form(&mut agent).await?;
    let looking = agent.request("tools/call", json!({ "name": "look", "arguments": {} })).await?;
    let theirs = form(&mut agent).await?;
    ensure!(theirs["params"]["message"] == "who?" && theirs["id"] != own["id"], "{theirs}");
    // What approves a call answers the server's question, and nothing else.
    answer(&mut agent, &theirs, says("approve")).await?;
    assert_eq!(verdict(&agent.response(&json!(looking)).await?)?.0, "done");
    ensure!(desk.paid()?.is_empty());
    answer(&mut agent, &own, json!({ "action": "accept", "content": { "decision": "approve" } })).await?;
    assert_eq!(verdict(&agent.response(&json!(paying)).await?)?.0, "done");
    assert_eq!(desk.paid()?.len(), 1);
    let answers = desk.server.received()?.into_iter().filter(|line| line.contains("\"action\"")).count();
    assert_eq!(answers, 1, "it heard the answer to its own question alone");
    Ok(())
}

#[tokio::test]
async fn nobody_is_asked_who_cannot_be_or_whose_policy_does_not_say_so() -> Result<()> {
    let able = || json!({ "elicitation": {} });
    let long = json!({ "amount": 1, "to": "x".repeat(20_000) });
    for (what, policy, version, capabilities, arguments) in [
        ("it declared nothing", at_client("1s"), "2025-11-25", json!({}), payment()),
        ("urls alone", at_client("1s"), "2025-11-25", json!({ "elicitation": { "url": {} } }), payment()),
        ("no elicitation in its version", at_client("1s"), "2025-03-26", able(), payment()),
        ("its policy asks people", asks("hold: 1s"), "2025-11-25", able(), payment()),
        ("too long for a form", at_client("1s"), "2025-11-25", able(), long),
        ("it is not held", at_client("0s"), "2025-11-25", able(), payment()),
    ] {
        let desk = Desk::new(&policy)?;
        let mut agent = desk.connect_declaring(version, capabilities).await?;
        let told = agent.call("pay", arguments).await?;
        assert_eq!(verdict(&told)?.0, "await_approval", "{what}: {told}");
        let unasked = agent.unclaimed();
        ensure!(unasked.is_empty(), "{what}: {unasked:#?}");
        ensure!(desk.paid()?.is_empty());
        desk.approve(&desk.asked(1).await?.question.id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_never_answers_is_asked_again_with_the_next_call() -> Result<()> {
    let desk = Desk::new(&at_client("1s"))?;
    let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
    let told = agent.call("pay", payment()).await?;
    assert_eq!(verdict(&told)?.0, "await_approval", "{told}");
    let first = form(&mut agent).await?;
    let withdrawn = |message: &Value| message["params"]["requestId"] == first["id"];
    agent.wait_for("that it is withdrawn", withdrawn).await?;
    let called = call(&mut agent, payment()).await?;
    let second = form(&mut agent).await?;
    ensure!(second["id"] != first["id"]);
    // The first came too late.
    answer(&mut agent, &first, says("approve")).await?;
    answer(&mut agent, &second, says("deny")).await?;
    assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "deny");
    ensure!(desk.paid()?.is_empty());
    assert_eq!(desk.questions().await?.len(), 1, "it is one question");
    Ok(())
}

#[tokio::test]
async fn whoever_cancels_the_call_is_asked_no_more() -> Result<()> {
    let desk = Desk::new(&at_client("60s"))?;
    let mut agent = desk.connect_declaring("2025-11-25", json!({ "elicitation": {} })).await?;
    let called = call(&mut agent, payment()).await?;
    let asked = form(&mut agent).await?;
    agent.notify("notifications/cancelled", json!({ "requestId": called })).await?;
    let withdrawn = |message: &Value| message["params"]["requestId"] == asked["id"];
    agent.wait_for("that it is withdrawn", withdrawn).await?;
    answer(&mut agent, &asked, says("approve")).await?;
    assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
    ensure!(desk.paid()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn over_http_the_form_comes_on_the_stream_of_the_call() -> Result<()> {
    let tools = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&tools, &at_client("60s"), "anonymous: team\n").await?;
    let mut hello = initialize("2025-11-25");
    hello["params"]["capabilities"] = json!({ "elicitation": {} });
    let response = scene.send(&scene.post(&hello)).await?;
    let session = response.header("mcp-session-id").unwrap_or_default().to_owned();
    let in_session = |message: &Value| scene.post(message).header("Mcp-Session-Id", &session);
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    ensure!(scene.send(&in_session(&ready)).await?.status == 202);
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "pay", "arguments": payment() } });
    let mut stream = in_session(&message).open(&scene.serving.address).await?;
    // It ends so.
    let text = stream.until(r#""required":["decision"]}}}"#).await?.to_owned();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let asked = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let asked =
        asked.into_iter().find(|message| message["method"] == "elicitation/create").unwrap_or_default();
    ensure!(asked["id"].is_u64(), "{text}");
    let yes = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": says("approve") });
    // Of another session it is nobody's.
    let other = scene.initialize(None).await?;
    scene.send(&scene.post(&yes).header("Mcp-Session-Id", &other)).await?;
    ensure!(scene.server.calls()?.is_empty());
    ensure!(scene.send(&in_session(&yes)).await?.status == 202);
    let text = stream.to_end().await?;
    ensure!(text.contains(r#""id":7,"result""#) && !text.contains("isError"), "{text}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    let said = records(scene.site.path(), "approval").await?;
    ensure!(said.iter().any(|one| one["details"]["by"] == "client:team"), "{said:#?}");
    Ok(())
}

#[tokio::test]
async fn among_several_servers_the_form_is_of_the_call_alone() -> Result<()> {
    let tools = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&tools, &at_client("60s"), "anonymous: team\n").await?;
    let mut hello = initialize("2025-11-25");
    hello["params"]["capabilities"] = json!({ "elicitation": {} });
    let response = scene.send(&scene.post(&hello).at("/mcp")).await?;
    let session = response.header("mcp-session-id").unwrap_or_default().to_owned();
    let in_session = |message: &Value| scene.post(message).at("/mcp").header("Mcp-Session-Id", &session);
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    ensure!(scene.send(&in_session(&ready)).await?.status == 202);
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "recording__pay", "arguments": payment() } });
    let mut stream = in_session(&message).open(&scene.serving.address).await?;
    let text = stream.until(r#""required":["decision"]}}}"#).await?.to_owned();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut asked = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let asked = asked.find(|message| message["method"] == "elicitation/create").unwrap_or_default();
    let yes = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": says("approve") });
    ensure!(scene.send(&in_session(&yes)).await?.status == 202, "{text}");
    let text = stream.to_end().await?;
    ensure!(text.contains(r#""id":7,"result""#) && !text.contains("isError"), "{text}");
    assert_eq!(scene.server.calls()?, [("pay".to_owned(), payment())]);
    Ok(())
}
