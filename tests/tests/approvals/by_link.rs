//! Clients that can send their users to an address are sent to where the call is decided.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::desk::{Desk, People, approval_of, asks, payment, verdict};
use crate::scene::{Scene, modern};

const CONSOLE: &str = "console: { url: 'https://ops.example.com/' }\n";
const ABOVE: &str = "https://ops.example.com/console/approvals/";

fn desk(approvals: &str, settings: &str) -> Result<Desk> {
    Desk::with_settings(&asks(approvals), settings, &Script::with_tools(&["look", "pay"]))
}

fn able() -> Value {
    json!({ "elicitation": { "url": {} } })
}

async fn link(agent: &mut ScriptedClient) -> Result<Value> {
    agent.wait_for("the link", |message| message["method"] == "elicitation/create").await
}

async fn pay(agent: &mut ScriptedClient) -> Result<u64> {
    agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await
}

#[tokio::test]
async fn a_link_brings_somebody_there_and_decides_nothing() -> Result<()> {
    // Also where its user might decide and it has no forms.
    for approvals in ["hold: 60s", "hold: 60s, approve: client"] {
        let desk = desk(approvals, CONSOLE)?;
        let mut agent = desk.connect_declaring("2025-11-25", able()).await?;
        let called = pay(&mut agent).await?;
        let shown = link(&mut agent).await?;
        let id = desk.asked(1).await?.question.id;
        let params = &shown["params"];
        assert_eq!((&params["mode"], &params["url"]), (&json!("url"), &json!(format!("{ABOVE}{id}"))));
        ensure!(params["elicitationId"].is_string() && params["requestedSchema"].is_null(), "{params}");
        // That it was opened approves nothing, whatever it says besides.
        let opened = json!({ "action": "accept", "content": { "decision": "approve" } });
        agent.send(json!({ "jsonrpc": "2.0", "id": shown["id"], "result": opened }).to_string()).await?;
        assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
        ensure!(desk.paid()?.is_empty() && desk.asked(1).await?.opinions.is_empty());
        desk.approve(&id).await?;
        let complete = |message: &Value| message["method"] == "notifications/elicitation/complete";
        let complete = agent.wait_for("that it is complete", complete).await?;
        assert_eq!(complete["params"]["elicitationId"], params["elicitationId"]);
        assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "done");
        assert_eq!(desk.paid()?.len(), 1);
        agent.finish().await?;
        let steps: Vec<String> = desk.steps().await?.into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, ["asked", "sent link", "taken"]);
        ensure!(!desk.server.received()?.iter().any(|line| line.contains("elicitation/")));
    }
    Ok(())
}

#[tokio::test]
async fn a_link_that_is_not_answered_is_withdrawn() -> Result<()> {
    let desk = desk("hold: 60s", CONSOLE)?;
    let mut agent = desk.connect_declaring("2025-11-25", able()).await?;
    let called = pay(&mut agent).await?;
    let shown = link(&mut agent).await?;
    desk.say(&desk.asked(1).await?.question.id, "user:alice", false).await?;
    let withdrawn = |message: &Value| message["params"]["requestId"] == shown["id"];
    agent.wait_for("that it is withdrawn", withdrawn).await?;
    assert_eq!(verdict(&agent.response(&json!(called)).await?)?.0, "deny");
    Ok(())
}

#[tokio::test]
async fn a_link_is_shown_once_in_a_session() -> Result<()> {
    let desk = desk("hold: 1s", CONSOLE)?;
    let mut agent = desk.connect_declaring("2025-11-25", able()).await?;
    let called = pay(&mut agent).await?;
    let shown = link(&mut agent).await?;
    let declined = json!({ "jsonrpc": "2.0", "id": shown["id"], "result": { "action": "decline" } });
    agent.send(declined.to_string()).await?;
    let told = agent.response(&json!(called)).await?;
    assert_eq!(verdict(&told)?.0, "await_approval", "{told}");
    let again = agent.call("pay", payment()).await?;
    assert_eq!(approval_of(&again)?, approval_of(&told)?);
    let unasked = agent.unclaimed();
    ensure!(unasked.is_empty(), "{unasked:#?}");
    Ok(())
}

#[tokio::test]
async fn the_words_name_the_place_where_there_is_one() -> Result<()> {
    for (version, capabilities, settings) in [
        ("2025-11-25", json!({}), CONSOLE),
        ("2025-11-25", json!({ "elicitation": { "form": {} } }), CONSOLE),
        // It has no mode but forms.
        ("2025-06-18", able(), CONSOLE),
        ("2025-06-18", json!({ "elicitation": {} }), CONSOLE),
        ("2025-11-25", able(), "{}"),
    ] {
        let desk = desk("hold: 1s", settings)?;
        let mut agent = desk.connect_declaring(version, capabilities.clone()).await?;
        let told = agent.call("pay", payment()).await?;
        let (verdict, words) = verdict(&told)?;
        assert_eq!(verdict, "await_approval", "{told}");
        let url = format!("{ABOVE}{}", approval_of(&told)?);
        let decision = &told["result"]["_meta"]["interlock/decision"];
        if settings == CONSOLE {
            ensure!(words.ends_with(&format!("People decide at {url}")), "{words}");
            assert_eq!(decision["url"], url);
        } else {
            ensure!(!words.contains("People decide at") && decision["url"].is_null(), "{told}");
        }
        let unasked = agent.unclaimed();
        ensure!(unasked.is_empty(), "{version} {capabilities}: {unasked:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_modern_client_gets_it_with_what_it_gets_anyway() -> Result<()> {
    let more = format!("anonymous: team\n{CONSOLE}");
    let tools = Script::with_tools(&["look", "pay"]);
    let scene = Scene::with_policy(&tools, &asks("hold: 1s"), &more).await?;
    let people = People { data: scene.site.path().join("data") };
    let call = |state: Option<&str>| {
        let mut params = json!({ "name": "pay", "arguments": payment() });
        if let Some(state) = state {
            params["requestState"] = json!(state);
            let opened = json!({ "action": "accept", "content": { "decision": "approve" } });
            params["inputResponses"] = json!({ "interlock-approval": opened });
        }
        let declared = "\"io.modelcontextprotocol/clientCapabilities\":";
        modern(&scene.serving.address, 1, "tools/call", &params)
            .replacing(&format!("{declared}{{}}"), &format!("{declared}{{\"elicitation\":{{\"url\":{{}}}}}}"))
    };
    let first = scene.send(&call(None)).await?.answer()?;
    let id = people.asked(1).await?.question.id;
    let question = &first["result"]["inputRequests"]["interlock-approval"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["url"], format!("{ABOVE}{id}"));
    assert_eq!(question["params"]["mode"], "url");
    ensure!(question["params"]["elicitationId"].is_null(), "{question}");
    let state = first["result"]["requestState"].as_str().context("no state")?;
    // Opened, which approves nothing; and it is shown once.
    let second = scene.send(&call(Some(state))).await?.answer()?;
    assert_eq!(second["result"]["resultType"], "input_required", "{second}");
    ensure!(second["result"]["inputRequests"].is_null() && scene.server.calls()?.is_empty(), "{second}");
    people.approve(&id).await?;
    let state = second["result"]["requestState"].as_str().context("no state")?;
    let done = scene.send(&call(Some(state))).await?.answer()?;
    assert_eq!(verdict(&done)?.0, "done", "{done}");
    assert_eq!(scene.server.calls()?.len(), 1);
    Ok(())
}
