//! What people say, and what the agent hears of it.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::desk::{Desk, approval_of, asks, payment, verdict};

#[tokio::test]
async fn an_approved_call_is_made_once() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let question = desk.asked(1).await?;
    ensure!(desk.paid()?.is_empty(), "nothing is made while it waits");
    // Others are not held up.
    assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
    let details: Value = serde_json::from_str(&question.question.details)?;
    assert_eq!(details["arguments"], payment());
    assert_eq!(details["definition"]["description"], "The tool pay.");
    desk.approve(&question.question.id).await?;
    let answer = agent.response(&json!(call)).await?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    assert_eq!(desk.paid()?, [payment()]);
    let again = agent.call("pay", payment()).await?;
    let (verdict, words) = verdict(&again)?;
    ensure!(verdict == "deny" && words.contains("let through"), "{again}");
    assert_eq!(desk.paid()?.len(), 1);
    let steps = ["asked", "taken"].map(|step| (step.to_owned(), question.question.id.clone()));
    assert_eq!(desk.steps().await?, steps);
    let taken = desk.interlock.records_of("approval").await?.pop().unwrap_or_default();
    assert_eq!(taken["details"]["by"], json!(["user:alice"]), "the log tells who let it through");
    let intents = desk.interlock.records_of("intent").await?;
    let by: Vec<&Value> =
        intents.iter().filter(|one| one["tool"] == "pay").map(|one| &one["approval"]).collect();
    assert_eq!(by, [&json!(question.question.id)], "the log tells by what it was let through");
    Ok(())
}

#[tokio::test]
async fn a_denied_call_is_not_made_nor_asked_about_again() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    assert_eq!(desk.say(&id, "user:alice", false).await?, Standing::Denied);
    let answers = [agent.response(&json!(call)).await?, agent.call("pay", payment()).await?];
    for answer in &answers {
        let (verdict, words) = verdict(answer)?;
        ensure!(
            verdict == "deny"
                && words.contains("a person denied this call: as agreed")
                && !words.contains("alice"),
            "{answer}"
        );
    }
    ensure!(desk.paid()?.is_empty());
    assert_eq!(desk.questions().await?.len(), 1);
    let refusals = desk.interlock.records_of("refusal").await?;
    assert_eq!(refusals.iter().filter(|one| one["category"] == "approval").count(), 2, "{refusals:#?}");
    Ok(())
}

#[tokio::test]
async fn who_waited_too_long_comes_again() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    let answer = agent.call("pay", payment()).await?;
    let (first, words) = verdict(&answer)?;
    ensure!(first == "await_approval" && words.starts_with("[INTERLOCK APPROVAL NEEDED] "), "{answer}");
    let id = approval_of(&answer)?;
    ensure!(words.contains(&id), "{words}");
    // To come again changes nothing, however often.
    assert_eq!(approval_of(&agent.call("pay", payment()).await?)?, id);
    assert_eq!(desk.asked(1).await?.question.id, id);
    desk.approve(&id).await?;
    ensure!(desk.paid()?.is_empty(), "nobody makes it in its place");
    let line = r#"{"jsonrpc":"2.0","id":"again","method":"tools/call","params":{"_meta":{"progressToken":7},"arguments":{"to":"acme","amount":500},"name":"pay"}}"#;
    agent.send(line).await?;
    let answer = agent.response(&json!("again")).await?;
    assert_eq!(verdict(&answer)?.0, "done", "the order of keys makes no difference: {answer}");
    assert_eq!(desk.paid()?.len(), 1);
    let refusals = desk.interlock.records_of("refusal").await?;
    let asked: Vec<&Value> = refusals.iter().filter(|one| one["verdict"] == "ask").collect();
    ensure!(asked.len() == 2 && asked.iter().all(|one| one["approval"] == json!(id)), "{refusals:#?}");
    Ok(())
}

#[tokio::test]
async fn nobody_decides_in_time() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s, timeout: 1s"))?;
    let mut agent = desk.connect().await?;
    let answer = agent.call("pay", payment()).await?;
    let (verdict, words) = verdict(&answer)?;
    ensure!(verdict == "deny" && words.contains("nobody decided in time"), "{answer}");
    ensure!(desk.paid()?.is_empty());
    // That is recorded once, and too late is too late.
    let id = desk.questions().await?.remove(0).question.id;
    ensure!(desk.say(&id, "user:alice", true).await.is_err());
    let limit = interlock_testkit::client::PATIENCE;
    let expired = |found: &[Value]| found.iter().any(|one| one["details"]["step"] == "expired");
    desk.interlock.wait_for_records("approval", limit, expired).await?;
    assert_eq!(desk.steps().await?, [("asked".to_owned(), id.clone()), ("expired".to_owned(), id)]);
    Ok(())
}

#[tokio::test]
async fn as_many_people_as_needed_have_to_agree() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s, needed: 2"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    assert_eq!(desk.say(&id, "user:alice", true).await?, Standing::Waiting);
    ensure!(desk.say(&id, "user:alice", true).await.is_err(), "one person is one person");
    ensure!(desk.paid()?.is_empty());
    assert_eq!(desk.say(&id, "operator:bob", true).await?, Standing::Approved);
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    assert_eq!(desk.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_used_up_limit_troubles_nobody() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\napprovals: { hold: 0s }\ntools:\n  pay:\n    rules:\n      - { rate_limit: 1/hour }\n      - { action: require_approval }\n";
    let desk = Desk::new(policy)?;
    let mut agent = desk.connect().await?;
    let id = approval_of(&agent.call("pay", payment()).await?)?;
    // What waits has taken nothing of the limit.
    let other = json!({ "amount": 1, "to": "acme" });
    assert_eq!(verdict(&agent.call("pay", other.clone()).await?)?.0, "await_approval");
    desk.approve(&id).await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "done");
    let third = agent.call("pay", json!({ "amount": 2, "to": "acme" })).await?;
    ensure!(verdict(&third)?.0 == "deny" && verdict(&third)?.1.contains("reached"), "{third}");
    assert_eq!(desk.questions().await?.len(), 2, "nobody is asked about it");
    // Approved is not enough where the limit has been used up since.
    let waiting = desk.asked(1).await?.question.id;
    desk.approve(&waiting).await?;
    let late = agent.call("pay", other).await?;
    ensure!(verdict(&late)?.0 == "deny" && verdict(&late)?.1.contains("reached"), "{late}");
    assert_eq!(desk.paid()?, [payment()]);
    Ok(())
}

#[tokio::test]
async fn who_wants_to_hear_of_progress_does() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let params = json!({ "name": "pay", "arguments": payment(), "_meta": { "progressToken": "mine" } });
    let call = agent.request("tools/call", params).await?;
    let news = agent.wait_for("progress", |message| message["method"] == "notifications/progress").await?;
    assert_eq!(news["params"]["progressToken"], "mine");
    ensure!(news["params"]["message"].as_str().is_some_and(|words| words.contains("person")), "{news}");
    let id = desk.asked(1).await?.question.id;
    desk.approve(&id).await?;
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    Ok(())
}

/// Groups and a grant's own approvers are the settings' to say; where that changes, another question is asked.
#[tokio::test]
async fn a_group_stands_for_its_members() -> Result<()> {
    let policy = asks("hold: 0s, approvers: [\"group:finance\", dee]");
    let groups = "groups: { finance: [bo, \"operator:cy\"] }\n";
    let desk = Desk::with_settings(&policy, groups, &Script::with_tools(&["look", "pay"]))?;
    let settings = desk.data.with_file_name("settings.yaml");
    ensure!(std::fs::read_to_string(&settings)? == groups);
    let mut agent = desk.connect().await?;
    agent.call("pay", payment()).await?;
    assert_eq!(desk.asked(1).await?.question.approvers, ["bo", "operator:cy", "dee"]);
    agent.finish().await?;
    let own = "grants: { local: { approvers: [\"user:bo\", dee, eve] } }\n";
    std::fs::write(&settings, format!("{groups}{own}"))?;
    let mut agent = desk.connect().await?;
    agent.call("pay", payment()).await?;
    assert_eq!(desk.asked(2).await?.question.approvers, ["bo", "dee"]);
    agent.finish().await?;
    ensure!(desk.paid()?.is_empty());
    std::fs::write(&settings, "groups: { finanse: [bo] }\n")?;
    ensure!(desk.connect().await.is_err(), "it starts without the group");
    Ok(())
}

/// Where the members of a group are too few, nobody waits for what cannot come.
#[tokio::test]
async fn too_few_people_are_not_asked() -> Result<()> {
    let policy = asks("hold: 0s, approvers: [\"group:finance\"], needed: 2");
    for (members, asked) in [("[bo, \"user:bo\"]", 0), ("[bo, dee]", 1)] {
        let groups = format!("groups: {{ finance: {members} }}\n");
        let desk = Desk::with_settings(&policy, &groups, &Script::with_tools(&["look", "pay"]))?;
        let mut agent = desk.connect().await?;
        let answer = agent.call("pay", payment()).await?;
        let said = verdict(&answer)?;
        let expected = if asked == 0 { "deny" } else { "await_approval" };
        ensure!(said.0 == expected && (asked == 1 || said.1.contains("fewer people may decide")), "{answer}");
        assert_eq!(desk.questions().await?.len(), asked);
        ensure!(desk.paid()?.is_empty());
    }
    Ok(())
}
