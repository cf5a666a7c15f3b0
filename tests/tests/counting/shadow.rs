//! Shadow mode: nothing is stopped, everything that would have been is recorded, and what is counted is counted
//! apart.

use anyhow::Result;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use super::budget::Budget;

fn findings(records: &[Value]) -> usize {
    records.iter().filter(|record| record["shadow"].as_array().is_some_and(|found| !found.is_empty())).count()
}

#[tokio::test]
async fn limits_in_shadow_count_apart() -> Result<()> {
    let policy = |mode: &str| {
        format!(
            "version: \"1\"\ndefault: allow\ntools:\n  a: {{ rules: [{{ rate_limit: 2/hour, mode: {mode} }}] }}\n"
        )
    };
    let budget = Budget::new(&policy("shadow"))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 5).await?, 5);
    let intents = budget.interlock.records_of("intent").await?;
    assert_eq!(findings(&intents), 3, "{intents:#?}");
    assert_eq!(budget.interlock.records_of("refusal").await?.len(), 0);
    // What was counted in shadow is not held against anyone when it is enforced.
    budget.reload(&policy("enforce")).await?;
    // The record of the change says as much as the one of the start.
    let [loaded, reloaded] = [
        budget.interlock.records_of("policy_load").await?,
        budget.interlock.records_of("policy_reload").await?,
    ];
    for member in ["server", "details"] {
        assert_eq!(reloaded[0][member], loaded[0][member], "{:#}", reloaded[0]);
    }
    assert!(loaded[0]["details"]["file"].is_string() && reloaded[0]["policy"] != loaded[0]["policy"]);
    assert_eq!(caller.passed("a", 5).await?, 2);
    assert_eq!(budget.arrived()?, 7);
    Ok(())
}

#[tokio::test]
async fn rules_entries_and_whole_documents() -> Result<()> {
    for policy in [
        "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ action: deny, mode: shadow }] }\n",
        "version: \"1\"\ndefault: allow\ntools:\n  a: { mode: shadow, rules: [{ action: deny }] }\n",
        "version: \"1\"\ndefault: allow\nmode: shadow\ntools:\n  a: { rules: [{ action: deny }] }\n",
        "version: \"1\"\ndefault: allow\nmode: shadow\ntools:\n  a: { rules: [{ action: require_approval }] }\n",
        "version: \"1\"\ndefault: allow\nmode: shadow\ntools:\n  a: { require: [{ conditions: [{ path: args.x, op: eq, value: 1 }] }] }\n",
        "version: \"1\"\ndefault: allow\nmode: shadow\ntools:\n  a: { deny_if: [{ conditions: [] }] }\n",
    ] {
        let budget = Budget::new(policy)?;
        let mut caller = budget.connect().await?;
        assert_eq!(caller.passed("a", 1).await?, 1, "{policy}");
        assert_eq!(findings(&budget.interlock.records_of("intent").await?), 1, "{policy}");
        assert_eq!(caller.passed("b", 1).await?, 1, "{policy}");
        assert_eq!(findings(&budget.interlock.records_of("intent").await?), 1, "{policy}");
    }
    Ok(())
}

/// The most specific mode wins: one rule is enforced in a document in shadow.
#[tokio::test]
async fn one_enforced_rule_in_shadow() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\nmode: shadow\ntools:\n  a:\n    rules:\n      - { name: soft, rate_limit: 1/hour }\n      - { name: real, mode: enforce, rate_limit: 3/hour }\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 6).await?, 3);
    let refusals = budget.interlock.records_of("refusal").await?;
    assert_eq!(refusals.len(), 3);
    assert_eq!(refusals[0]["name"], "real", "{:#}", refusals[0]);
    // What would have objected has its author's name for it, as what did object has.
    let intents = budget.interlock.records_of("intent").await?;
    assert_eq!(intents[1]["shadow"][0]["name"], "soft", "{:#}", intents[1]);
    Ok(())
}

/// Strict parsing is never in shadow, nor is what is hidden shown as though it were.
#[tokio::test]
async fn strictness_is_not_in_shadow() -> Result<()> {
    let budget = Budget::new("version: \"1\"\ndefault: allow\nmode: shadow\n")?;
    let mut caller = budget.connect().await?;
    caller
        .client
        .send(r#"{"jsonrpc":"2.0","id":500,"method":"tools/call","params":{"name":"a","name":"b"}}"#)
        .await?;
    let answer = caller.client.response(&json!(500)).await?;
    assert_eq!(answer["error"]["code"], -32_600, "{answer}");
    assert_eq!(budget.arrived()?, 0);
    Ok(())
}

/// A record says of what passed only because nothing is enforced which rule would have denied it.
#[tokio::test]
async fn what_only_shadow_lets_pass_is_recorded_so() -> Result<()> {
    let policy = "version: \"1\"\ndefault: deny\nmode: shadow\nhide: [hidden]\ntools:\n  listed: {}\n";
    let budget = Budget::of(policy, "{}", &Script::with_tools(&["listed", "unlisted", "hidden"]))?;
    let mut caller = budget.connect().await?;
    for (tool, rule, mode) in [
        ("listed", "server:/tools/listed", "enforce"),
        ("unlisted", "(default deny)", "shadow"),
        ("hidden", "(hidden)", "shadow"),
    ] {
        assert_eq!(caller.passed(tool, 1).await?, 1, "{tool}");
        let intents = budget.interlock.records_of("intent").await?;
        let last = intents.last().cloned().unwrap_or_default();
        assert_eq!((&last["tool"], &last["rule"], &last["mode"]), (&json!(tool), &json!(rule), &json!(mode)));
    }
    Ok(())
}
