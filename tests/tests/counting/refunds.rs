//! `refund`: what failed is given back, once, and the record says so.

use anyhow::Result;
use interlock_testkit::script::{Script, Step};
use serde_json::{Value, json};

use super::budget::Budget;

fn failing() -> Script {
    let failed = r#"{"isError":true,"content":[{"type":"text","text":"it did not work"}]}"#;
    let odd = r#"{"isError":"true","content":[{"type":"text","text":"it worked"}]}"#;
    Script::with_tools(&["good", "fails", "errs", "odd"])
        .on("tools/call:fails", [Step::Result { text: failed.to_owned() }])
        .on("tools/call:odd", [Step::Result { text: odd.to_owned() }])
        .on("tools/call:errs", [Step::Error { code: -32_000, message: "it did not work".to_owned() }])
}

/// Calls the tool so many times: how many reached the server.
async fn arrived(budget: &Budget, tool: &str, times: usize) -> Result<usize> {
    let before = budget.arrived()?;
    let mut caller = budget.connect().await?;
    for _ in 0..times {
        caller.client.ask("tools/call", json!({ "name": tool, "arguments": { "n": 1 } })).await?;
    }
    caller.finish().await?;
    Ok(budget.arrived()? - before)
}

/// A tool that has run and failed counts, a call that the server did not take does not.
#[tokio::test]
async fn errors_of_the_protocol_alone_can_be_given_back() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools: { \"*\": { rules: [{ rate_limit: { max: 2, window: hour, refund: on_protocol_error } }] } }\n";
    let budget = Budget::of(policy, "{}", &failing())?;
    assert_eq!(arrived(&budget, "errs", 5).await?, 5);
    assert_eq!(arrived(&budget, "fails", 5).await?, 2);
    let outcomes = budget.interlock.records_of("outcome").await?;
    let settled =
        |tool| outcomes.iter().filter(move |outcome| outcome["tool"] == tool).map(|one| &one["settled"]);
    assert!(settled("errs").all(|settled| settled == "refund"), "{outcomes:#?}");
    assert!(settled("fails").all(|settled| settled == "commit"), "{outcomes:#?}");
    Ok(())
}

#[tokio::test]
async fn failures_are_given_back_where_the_policy_says_so() -> Result<()> {
    for (limit, refunds) in [
        ("rules: [{ rate_limit: { max: 2, window: hour, refund: on_error } }]", true),
        ("rules: [{ rate_limit: { max: 2, window: hour, refund: keep } }]", false),
        ("rules: [{ rate_limit: 2/hour }]", false),
        ("limits: [{ counter: c, window: day, max: 2, amount: args.n, refund: on_error }]", true),
        (
            "rules: [{ conditions: [{ path: state._global.c, op: lte, value: 2 }], state: { counter: c, window: day, refund: on_error } }]",
            true,
        ),
        ("rules: [{ spend: { amount: args.n, daily: 2, refund: on_error } }]", true),
        ("rules: [{ spend: { amount: args.n, daily: 2 } }]", false),
        // All or none is reserved, and of it only what says so is given back.
        (
            "rules: [{ rate_limit: { max: 2, window: hour, refund: on_error } }, { rate_limit: 4/hour }]",
            false,
        ),
    ] {
        let policy = format!("version: \"1\"\ndefault: allow\ntools: {{ \"*\": {{ {limit} }} }}\n");
        let budget = Budget::of(&policy, "{}", &failing())?;
        let kept = if limit.contains("4/hour") { 4 } else { 2 };
        for tool in ["fails", "errs"] {
            let expected = if refunds {
                5
            } else if tool == "fails" {
                kept
            } else {
                0
            };
            assert_eq!(arrived(&budget, tool, 5).await?, expected, "{tool} under {limit}");
        }
        let left = if refunds { 2 } else { 0 };
        assert_eq!(arrived(&budget, "good", 5).await?, left, "{limit}");
    }
    Ok(())
}

/// Only an error gives back: not an answer that looks like one.
#[tokio::test]
async fn what_is_no_error_counts() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools: { \"*\": { rules: [{ rate_limit: { max: 2, window: hour, refund: on_error } }] } }\n";
    let budget = Budget::of(policy, "{}", &failing())?;
    assert_eq!(arrived(&budget, "odd", 5).await?, 2);
    Ok(())
}

#[tokio::test]
async fn the_record_says_what_became_of_it() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  \"*\": { rules: [{ rate_limit: { max: 9, window: hour, refund: on_error } }] }\n  fails: { rules: [{ mode: shadow, rate_limit: { max: 1, window: hour, refund: on_error } }] }\n";
    let budget = Budget::of(policy, "{}", &failing())?;
    for tool in ["good", "fails", "errs", "fails"] {
        assert_eq!(arrived(&budget, tool, 1).await?, 1, "{tool}");
    }
    let outcomes = budget.interlock.records_of("outcome").await?;
    let settled = |tool: &str| -> Vec<&Value> {
        outcomes.iter().filter(|outcome| outcome["tool"] == tool).map(|outcome| &outcome["settled"]).collect()
    };
    assert_eq!(settled("good"), ["commit"]);
    assert_eq!(settled("fails"), ["refund", "refund"]);
    assert_eq!(settled("errs"), ["refund"]);
    // What a limit in shadow counted is given back, too: the second was not over it.
    let intents = budget.interlock.records_of("intent").await?;
    assert!(
        intents.iter().all(|intent| intent["shadow"].as_array().is_none_or(Vec::is_empty)),
        "{intents:#?}"
    );
    Ok(())
}
