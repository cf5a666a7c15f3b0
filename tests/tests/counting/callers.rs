//! Many callers at once, from several processes.

use anyhow::{Context, Result};
use interlock_testkit::client::PATIENCE;
use serde_json::json;
use tokio::task::JoinSet;

use super::budget::{Budget, Caller, outcome};

const PROCESSES: usize = 4;
const CALLERS: usize = 50;
const LIMIT: usize = 50;

/// How often the whole is repeated; `INTERLOCK_TEST_RUNS` chooses another number.
fn runs() -> Result<usize> {
    match std::env::var("INTERLOCK_TEST_RUNS") {
        Ok(runs) => runs.parse().context("INTERLOCK_TEST_RUNS is not a number"),
        Err(_) => Ok(20),
    }
}

fn policy() -> String {
    format!("version: \"1\"\ndefault: allow\ntools:\n  a: {{ rules: [{{ rate_limit: {LIMIT}/hour }}] }}\n")
}

/// Sends all calls before it reads an answer: they are under way at once. Gives how many passed.
async fn all_at_once(caller: &mut Caller) -> Result<usize> {
    let mut ids = Vec::new();
    for _ in 0..CALLERS {
        ids.push(caller.client.request("tools/call", json!({ "name": "a", "arguments": {} })).await?);
    }
    let mut passed = 0;
    for id in ids {
        passed += usize::from(outcome(&caller.client.response(&json!(id)).await?)?.is_none());
    }
    Ok(passed)
}

/// 200 callers in 4 processes against a limit of 50: exactly 50 get through, each time.
#[tokio::test]
async fn exactly_the_limit_gets_through() -> Result<()> {
    for run in 0..runs()? {
        check("{}").await.with_context(|| format!("run {run}"))?;
    }
    // What is on the disk before it is answered counts the same.
    check("durability: power_loss\n").await
}

async fn check(settings: &str) -> Result<()> {
    let budget = Budget::with(&policy(), settings)?;
    let mut processes = JoinSet::new();
    for _ in 0..PROCESSES {
        let command = budget.interlock.before_as(Some("one"), Some("local"), &budget.server.command()?)?;
        processes.spawn(async move {
            let client = interlock_testkit::client::ScriptedClient::spawn(&command)?;
            let mut caller = Caller { client: client.patience(3 * PATIENCE) };
            let passed = all_at_once(&mut caller).await?;
            caller.finish().await?;
            anyhow::Ok(passed)
        });
    }
    let mut passed = 0;
    while let Some(one) = processes.join_next().await {
        passed += one??;
    }
    assert_eq!((passed, budget.arrived()?), (LIMIT, LIMIT), "passed and arrived");
    let intents = budget.interlock.records_of("intent").await?.len();
    let refusals = budget.interlock.records_of("refusal").await?.len();
    assert_eq!((intents, refusals), (LIMIT, PROCESSES * CALLERS - LIMIT), "intents and refusals");
    Ok(())
}
