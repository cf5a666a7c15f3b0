//! A gateway that ends in the middle: what people said is not lost, and nothing is made twice.

use anyhow::{Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::script::{Script, Step};
use rustix::process::Signal;
use serde_json::json;

use crate::desk::{Desk, asks, payment, verdict};

#[tokio::test]
async fn an_approval_outlives_the_process_that_asked() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    // The editor is closed, opened again, and its agent does what it was at.
    let status = agent.finish().await?;
    ensure!(status.success(), "{status}");
    desk.approve(&id).await?;
    ensure!(desk.paid()?.is_empty());
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "done");
    assert_eq!(desk.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_approval_outlives_a_kill() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    agent.group().signal(Signal::KILL)?;
    agent.wait().await?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    desk.approve(&id).await?;
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    assert_eq!(desk.paid()?.len(), 1);
    assert_eq!(desk.questions().await?.len(), 1, "it is the same question");
    Ok(())
}

/// Nobody knows whether the server did it: it is not made again by the same approval.
#[tokio::test]
async fn a_call_that_was_made_when_the_gateway_was_killed_is_not_made_again() -> Result<()> {
    let script = Script::with_tools(&["look", "pay"])
        .on("tools/call:pay", vec![Step::AwaitFile { path: "/nowhere".to_owned() }]);
    let desk = Desk::before(&asks("hold: 60s"), &script)?;
    let mut agent = desk.connect().await?;
    agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    desk.approve(&id).await?;
    desk.server.wait_until("the payment", PATIENCE, |_| Ok(!desk.paid()?.is_empty())).await?;
    agent.group().signal(Signal::KILL)?;
    agent.wait().await?;
    let mut agent = desk.connect().await?;
    let answer = agent.call("pay", payment()).await?;
    let (said, why) = verdict(&answer)?;
    ensure!(said == "deny" && why.contains("was approved and let through"), "{answer}");
    assert_eq!((desk.paid()?.len(), desk.let_through().await?), (1, vec![id]));
    Ok(())
}
