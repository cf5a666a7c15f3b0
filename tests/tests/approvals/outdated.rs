//! Policies that change while a call waits: it is judged by the new ones, and nobody is asked any more what was asked
//! by the old.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use serde_json::{Value, json};

use crate::desk::{Desk, approval_of, asks, payment, verdict};

const ALLOWED: &str = "version: \"1\"\ndefault: deny\ntools: { look: {}, pay: {} }\n";
const CLOSED: &str = "version: \"1\"\ndefault: deny\n";

struct Waiting {
    desk: Desk,
    agent: ScriptedClient,
    held: u64,
}

/// An agent whose call waits, with the name of the question.
async fn waiting() -> Result<(Waiting, String)> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let held = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    Ok((Waiting { desk, agent, held }, id))
}

impl Desk {
    /// How a question stands, as soon as it does not wait.
    async fn ended(&self, id: &str) -> Result<Standing> {
        let withdrawn = |record: &&Value| {
            let details = &record["details"];
            details["step"] == "withdrawn" && details["approval"] == id
        };
        let recorded = |found: &[Value]| found.iter().filter(withdrawn).count() == 1;
        self.interlock.wait_for_records("approval", PATIENCE, recorded).await?;
        let questions = self.questions().await?;
        Ok(questions.iter().find(|one| one.question.id == id).map_or(Standing::Used, |one| one.standing))
    }
}

#[tokio::test]
async fn one_that_asks_otherwise_asks_anew() -> Result<()> {
    let (Waiting { desk, mut agent, held }, old) = waiting().await?;
    desk.interlock.replace_policy(&asks("hold: 60s, timeout: 2h"))?;
    assert_eq!(desk.ended(&old).await?, Standing::Withdrawn);
    let new = desk.asked(1).await?.question.id;
    ensure!(new != old && desk.paid()?.is_empty());
    ensure!(desk.approve(&old).await.is_err(), "nobody decides about it any more");
    desk.approve(&new).await?;
    assert_eq!(verdict(&agent.response(&json!(held)).await?)?.0, "done");
    assert_eq!(desk.paid()?, [payment()]);
    assert_eq!(desk.let_through().await?, [new]);
    Ok(())
}

#[tokio::test]
async fn one_that_allows_lets_the_call_through() -> Result<()> {
    let (Waiting { desk, mut agent, held }, old) = waiting().await?;
    desk.interlock.replace_policy(ALLOWED)?;
    assert_eq!(verdict(&agent.response(&json!(held)).await?)?.0, "done");
    assert_eq!(desk.ended(&old).await?, Standing::Withdrawn);
    assert_eq!((desk.paid()?, desk.let_through().await?), (vec![payment()], vec!["none".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn one_that_denies_denies_the_call() -> Result<()> {
    let (Waiting { desk, mut agent, held }, old) = waiting().await?;
    desk.interlock.replace_policy(CLOSED)?;
    assert_eq!(verdict(&agent.response(&json!(held)).await?)?.0, "deny");
    assert_eq!(desk.ended(&old).await?, Standing::Withdrawn);
    ensure!(desk.paid()?.is_empty());
    assert_eq!(desk.refused().await?, [("deny".to_owned(), None)]);
    Ok(())
}

#[tokio::test]
async fn a_call_that_was_sent_away_asks_anew_when_it_comes_again() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    agent.call("pay", payment()).await?;
    let old = desk.asked(1).await?.question.id;
    let other = json!({ "amount": 1, "to": "acme" });
    agent.call("pay", other).await?;
    desk.asked(2).await?;
    desk.interlock.replace_policy(&asks("hold: 0s, timeout: 2h"))?;
    assert_eq!(desk.ended(&old).await?, Standing::Withdrawn);
    let answer = agent.call("pay", payment()).await?;
    assert_eq!(verdict(&answer)?.0, "await_approval");
    // What the other call asked was asked under the same policy.
    assert_eq!(desk.asked(1).await?.question.id, approval_of(&answer)?);
    assert_eq!(desk.questions().await?.len(), 3);
    Ok(())
}

/// Whatever was approved under other policies is no approval under those that come back.
#[tokio::test]
async fn what_was_approved_and_not_made_is_withdrawn() -> Result<()> {
    for between in [ALLOWED, CLOSED] {
        let desk = Desk::new(&asks("hold: 0s"))?;
        let mut agent = desk.connect().await?;
        let answer = agent.call("pay", payment()).await?;
        let old = approval_of(&answer)?;
        desk.approve(&old).await?;
        desk.interlock.replace_policy(between)?;
        assert_eq!(desk.ended(&old).await?, Standing::Withdrawn);
        let made = verdict(&agent.call("pay", payment()).await?)?.0 == "done";
        assert_eq!(made, between == ALLOWED);
        desk.interlock.replace_policy(&asks("hold: 0s"))?;
        desk.interlock.wait_for_records("policy_reload", PATIENCE, |found| found.len() == 2).await?;
        let answer = loop {
            // It is recorded just before it is in force.
            let answer = agent.call("pay", payment()).await?;
            if verdict(&answer)?.0 == "await_approval" {
                break answer;
            }
        };
        ensure!(approval_of(&answer)? != old, "{answer}");
        assert_eq!(desk.let_through().await?.iter().filter(|by| **by == old).count(), 0);
    }
    Ok(())
}

/// However often people change their minds, the call waits on.
#[tokio::test]
async fn each_change_asks_anew_and_the_last_question_counts() -> Result<()> {
    let (Waiting { desk, mut agent, held }, mut last) = waiting().await?;
    for hours in 1..=10 {
        desk.interlock.replace_policy(&asks(&format!("hold: 60s, timeout: {hours}h")))?;
        assert_eq!(desk.ended(&last).await?, Standing::Withdrawn);
        let next = desk.asked(1).await?.question.id;
        ensure!(next != last);
        last = next;
    }
    desk.approve(&last).await?;
    assert_eq!(verdict(&agent.response(&json!(held)).await?)?.0, "done");
    assert_eq!((desk.paid()?, desk.let_through().await?), (vec![payment()], vec![last]));
    agent.finish().await?;
    let steps = desk.steps().await?;
    let many = |what: &str| steps.iter().filter(|(step, _)| step == what).count();
    assert_eq!((many("asked"), many("withdrawn"), many("taken")), (11, 10, 1), "{steps:?}");
    Ok(())
}
