//! People decide with `interlock approvals`, in processes of their own.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::desk::{Desk, asks, payment, verdict};

/// Standard output, standard error, and the exit code.
async fn approvals(desk: &Desk, arguments: &[&str]) -> Result<(String, String, i32)> {
    let output = desk.interlock.command(&[&["approvals"], arguments].concat())?.output().await?;
    let code = output.status.code().context("it was killed")?;
    Ok((String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?, code))
}

#[tokio::test]
async fn what_is_shown_is_what_is_made_once_it_is_approved() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let exact = json!({ "to": "acme \u{430}\u{202e}", "amount": 9_007_199_254_740_993_u64 });
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": exact })).await?;
    let id = desk.asked(1).await?.question.id;
    let beginning = id.get(..8).context("a name")?;

    let (out, err, exit) = approvals(&desk, &["list"]).await?;
    ensure!(
        exit == 0 && out.contains(beginning) && out.contains("pay") && out.contains("bank"),
        "{out}{err}"
    );
    let (out, err, exit) = approvals(&desk, &["show", beginning]).await?;
    ensure!(exit == 0, "{err}");
    for expected in [
        "Server       bank\n",
        "Calls        pay\n",
        "Grant        local\n",
        "  │ The tool pay.\n",
        "\"amount\": 9007199254740993",
        "\"acme \\u{430}\\u{202e}\"",
        "Warning:",
    ] {
        ensure!(out.contains(expected), "{expected:?} in\n{out}");
    }
    ensure!(desk.paid()?.is_empty(), "looking decides nothing");
    let (out, err, exit) = approvals(&desk, &["approve", beginning, "--reason", "checked"]).await?;
    ensure!(exit == 0 && out.starts_with("approved: pay at bank for local"), "{out}{err}");
    let answer = agent.response(&json!(call)).await?;
    assert_eq!(verdict(&answer)?.0, "done", "{answer}");
    assert_eq!(desk.paid()?, [exact]);

    let records = desk.interlock.records_of("approval").await?;
    let step = |step: &str| records.iter().find(|record| record["details"]["step"] == step);
    let said = step("approved").context("it is recorded who approved")?;
    assert_eq!((&said["details"]["approval"], &said["details"]["why"]), (&json!(id), &json!("checked")));
    ensure!(said["details"]["by"].as_str().is_some_and(|by| by.starts_with("user:")), "{said}");
    let (_, err, exit) = approvals(&desk, &["deny", beginning]).await?;
    ensure!(exit == 1 && err.contains("too late: it is used already"), "{err}");
    Ok(())
}

#[tokio::test]
async fn a_refusal_tells_the_agent_why() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    let (out, err, exit) = approvals(&desk, &["deny", &id, "--reason", "ask acme first"]).await?;
    ensure!(exit == 0 && out.starts_with("denied: pay at bank"), "{out}{err}");
    let answer = agent.response(&json!(call)).await?;
    let (verdict, words) = verdict(&answer)?;
    ensure!(verdict == "deny" && words.contains("denied this call: ask acme first"), "{answer}");
    ensure!(desk.paid()?.is_empty());
    Ok(())
}

/// The benign twin is each of the other tests: there the policy names nobody.
#[tokio::test]
async fn who_is_not_named_decides_nothing() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s, approvers: [nobody-here, \"operator:root\"]"))?;
    let mut agent = desk.connect().await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let id = desk.asked(1).await?.question.id;
    for verb in ["approve", "deny"] {
        let (_, err, exit) = approvals(&desk, &[verb, &id]).await?;
        ensure!(exit == 1 && err.contains("may not; nobody-here, operator:root may"), "{err}");
    }
    desk.asked(1).await?;
    ensure!(desk.paid()?.is_empty());
    let records = desk.interlock.records_of("approval").await?;
    let refused = |record: &&Value| record["details"]["step"] == "not allowed";
    assert_eq!(records.iter().filter(refused).count(), 2, "{records:#?}");
    // Whoever is named can.
    assert_eq!(desk.say(&id, "user:nobody-here", true).await?, interlock_store::Standing::Approved);
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    Ok(())
}
