//! Messages arrive, whatever happens to their receivers and to the gateway.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_testkit::answering::{Answer, Answering, Arrived};
use interlock_testkit::client::PATIENCE;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::desk::{Desk, asks, payment, verdict};
use crate::receiver::{SECRET, kinds, receiver, saying, verified};

/// A policy that announces to this address, with these `approvals` besides.
pub fn announcing(url: &str, more: &str) -> String {
    asks(&format!("notify: {{ webhook: {{ url: \"{url}\", secret: \"${{file:secret}}\" }} }}, {more}"))
}

/// A server behind this policy, beside which the secret lies.
pub fn desk(policy: &str) -> Result<Desk> {
    let desk = Desk::new(policy)?;
    let folder = desk.interlock.policy().parent().unwrap_or(desk.interlock.policy()).to_owned();
    std::fs::write(folder.join("secret"), format!("{SECRET}\n"))?;
    Ok(desk)
}

/// The records of what was announced, or was not. What a process held that was killed is another's only after a while.
async fn announced(desk: &Desk, step: &str, count: usize) -> Result<Vec<Value>> {
    let of_step = |found: &[Value]| {
        found.iter().filter(|one| one["details"]["step"] == step).cloned().collect::<Vec<_>>()
    };
    desk.interlock.wait_for_records("approval", 3 * PATIENCE, |found| of_step(found).len() >= count).await?;
    Ok(of_step(&desk.interlock.records_of("approval").await?))
}

#[tokio::test]
async fn what_is_asked_and_decided_is_announced() -> Result<()> {
    let receiver = receiver().await?;
    let desk = desk(&announcing(&receiver.url("/hook?of=interlock"), "hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let question = desk.asked(1).await?.question;
    receiver.wait_until("the question", |arrived| arrived.len() == 1).await?;
    let message = verified(&receiver.arrived_at("/hook?of=interlock")[0])?;
    assert_eq!(message["type"], "approval.asked");
    assert_eq!(message["id"], format!("approval_{}_asked", question.id));
    let approval = &message["approval"];
    for (key, expected) in [
        ("id", json!(question.id)),
        ("state", json!("waiting")),
        ("grant", json!("local")),
        ("server", json!("bank")),
        ("section", json!("tools")),
        ("name", json!("pay")),
        ("rule", json!("server:/tools/pay/rules/0")),
        ("needed", json!(1)),
        ("argument_names", json!(["amount", "to"])),
        ("decisions", json!([])),
        // What may be a secret is not told, and where there is no console nothing leads there.
        ("arguments", Value::Null),
        ("link", Value::Null),
        ("decide", Value::Null),
    ] {
        assert_eq!(approval[key], expected, "{key} of {approval}");
    }
    ensure!(!receiver.arrived()[0].text().contains("acme"), "{approval}");

    desk.approve(&question.id).await?;
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    receiver.wait_until("the decision", |arrived| arrived.len() == 2).await?;
    let message = verified(&receiver.arrived()[1])?;
    assert_eq!(message["type"], "approval.decided");
    let decision = &message["approval"]["decisions"][0];
    assert_eq!((&decision["by"], &decision["approves"]), (&json!("user:alice"), &json!(true)));
    let records = announced(&desk, "announced", 2).await?;
    let events: Vec<&Value> = records.iter().map(|one| &one["details"]["event"]).collect();
    assert_eq!(events, ["asked", "decided"]);
    assert_eq!(records[0]["details"]["to"], "127.0.0.1");
    assert_eq!(records[0]["grant"], "local");
    ensure!(agent.finish().await?.success());
    assert_eq!(receiver.arrived().len(), 2, "each is told once");
    assert_eq!(desk.paid()?, [payment()]);
    Ok(())
}

#[tokio::test]
async fn what_expires_is_announced() -> Result<()> {
    let receiver = receiver().await?;
    let desk = desk(&announcing(&receiver.url("/"), "hold: 60s, timeout: 1s"))?;
    let mut agent = desk.connect().await?;
    let answer = agent.call("pay", payment()).await?;
    assert_eq!(verdict(&answer)?.0, "deny");
    receiver.wait_until("both", |arrived| arrived.len() == 2).await?;
    assert_eq!(kinds(&receiver.arrived()), ["approval.asked", "approval.expired"]);
    assert_eq!(verified(&receiver.arrived()[1])?["approval"]["state"], "expired");
    Ok(())
}

/// The receiver sends elsewhere, and hangs up; then it takes the message.
#[tokio::test]
async fn a_message_is_sent_until_it_is_taken() -> Result<()> {
    let elsewhere = receiver().await?;
    let redirect =
        Answer::Now(307, vec![("Location", elsewhere.url("/elsewhere"))], "go elsewhere".to_owned());
    let receiver = saying(vec![redirect, Answer::Close]).await?;
    let desk = desk(&announcing(&receiver.url("/hook"), "hold: 120s, timeout: 10m"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    receiver.wait_until("the third attempt", |arrived| arrived.len() == 3).await?;
    let record = announced(&desk, "announced", 1).await?.remove(0);
    assert_eq!(record["details"]["tries"], 3);
    let sent: Vec<Value> = receiver.arrived().iter().map(verified).collect::<Result<_>>()?;
    ensure!(sent.iter().all(|message| *message == sent[0]), "it is the same message: {sent:#?}");
    ensure!(elsewhere.arrived().is_empty(), "redirections are not followed");
    desk.approve(&id).await?;
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    receiver.wait_until("the decision", |arrived| arrived.len() == 4).await?;
    Ok(())
}

/// One whose receiver never answers delays neither calls nor other webhooks, nor the end of a run.
#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody() -> Result<()> {
    let hanging = Answering::start(|_| Answer::Never).await?;
    let desk = desk(&announcing(&hanging.url("/"), "hold: 0s"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "await_approval");
    hanging.wait_until("the question", |arrived| arrived.len() == 1).await?;
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(verdict(&agent.call("look", json!({})).await?)?.0, "done");
    }
    ensure!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Others of the same receiver go beside it, up to a limit.
    for amount in 0..6 {
        agent.call("pay", json!({ "amount": amount, "to": "acme" })).await?;
    }
    hanging.wait_until("three more", |arrived| arrived.len() == 4).await?;
    let begun = Instant::now();
    ensure!(agent.finish().await?.success());
    ensure!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    ensure!(hanging.arrived().len() <= 8, "four are on their way, and four once more at the end");
    Ok(())
}

/// The process that asked is killed while nobody answers; another one tells what it could not.
#[tokio::test]
async fn another_process_announces_what_a_killed_one_asked() -> Result<()> {
    let receiver = saying(vec![Answer::status(503), Answer::status(503)]).await?;
    let desk = desk(&announcing(&receiver.url("/"), "hold: 0s, timeout: 1h"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "await_approval");
    receiver.wait_until("two attempts", |arrived| arrived.len() == 2).await?;
    agent.group().signal(Signal::KILL)?;
    agent.wait().await?;
    assert_eq!(receiver.arrived().len(), 2);
    let _others = [desk.connect().await?, desk.connect().await?];
    let record = announced(&desk, "announced", 1).await?;
    assert_eq!(record.len(), 1, "{record:#?}");
    let ids: Vec<Value> = receiver
        .arrived()
        .iter()
        .map(|arrived| Ok(verified(arrived)?["id"].clone()))
        .collect::<Result<_>>()?;
    ensure!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    Ok(())
}

/// Where nobody takes it for as long as the question stands, that is recorded.
#[tokio::test]
async fn what_nobody_takes_is_given_up() -> Result<()> {
    let receiver = Answering::start(|_| Answer::status(500)).await?;
    let desk = desk(&announcing(&receiver.url("/T0KEN"), "hold: 60s, timeout: 3s"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "deny");
    let record = announced(&desk, "not announced", 1).await?.remove(0);
    assert_eq!(record["details"]["event"], "asked");
    ensure!(record["details"]["why"].as_str().is_some_and(|why| why.contains("500")), "{record}");
    let tries = record["details"]["tries"].as_u64().unwrap_or_default();
    ensure!((2..=3).contains(&tries), "{record}");
    let said = agent.stderr();
    ensure!(said.contains("webhook at `127.0.0.1` fails") && !said.contains("T0KEN"), "{said}");
    Ok(())
}

/// One that has too much to do is left alone for as long as it says.
#[tokio::test]
async fn who_wants_to_be_left_alone_is() -> Result<()> {
    let receiver =
        saying(vec![Answer::Now(429, vec![("Retry-After", "3".to_owned())], String::new())]).await?;
    let desk = desk(&announcing(&receiver.url("/"), "hold: 0s"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "await_approval");
    receiver.wait_until("two attempts", |arrived| arrived.len() == 2).await?;
    let at = |arrived: &Arrived| -> Result<u64> {
        Ok(arrived.header("webhook-timestamp").context("no time")?.parse()?)
    };
    let arrived = receiver.arrived();
    // The seconds are cut off.
    ensure!(at(&arrived[1])? - at(&arrived[0])? >= 2, "{arrived:?}");
    Ok(())
}
