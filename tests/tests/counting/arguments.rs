//! Counters that are kept for each value of an argument.

use anyhow::Result;
use serde_json::{Value, json};

use super::budget::Budget;

const FOR_EACH: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: { max: 2, window: hour, scope: { arg: args.customer } } }] }\n";

/// What another value, another type and another grant are, and what is only written in another way.
#[tokio::test]
async fn each_value_has_a_limit_of_its_own() -> Result<()> {
    let budget = Budget::new(FOR_EACH)?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    let long = "x".repeat(5_000);
    for (arguments, passes) in [
        (json!({ "customer": 1 }), true),
        (json!({ "customer": 1.0 }), true),
        (json!({ "customer": 1, "other": 7 }), false),
        (json!({ "customer": "1" }), true),
        (json!({ "customer": "1" }), true),
        (json!({ "customer": "1" }), false),
        (json!({ "customer": true }), true),
        (json!({ "customer": long }), true),
        (json!({ "customer": long }), true),
        (json!({ "customer": long }), false),
        (json!({ "customer": format!("{long}x") }), true),
        (json!({ "customer": "a/b=c%\n" }), true),
        (json!({}), false),
        (json!({ "customer": null }), false),
        (json!({ "customer": [1] }), false),
        (json!({ "customer": { "id": 1 } }), false),
        (json!({ "Customer": 1 }), false),
    ] {
        let denied = one.call("a", arguments.clone()).await?;
        assert_eq!(denied.is_none(), passes, "{}: {denied:?}", shortened(&arguments));
    }
    // Another process of the same grant finds them used, another grant has its own.
    assert!(two.call("a", json!({ "customer": 1 })).await?.is_some_and(|words| words.contains("reached")));
    assert_eq!(two.call("a", json!({ "customer": true })).await?, None);
    let mut other = budget.connect_as("one", "other").await?;
    assert_eq!(other.call("a", json!({ "customer": 1 })).await?, None);
    let words = one.call("a", json!({})).await?.unwrap_or_default();
    assert!(words.contains("argument \"customer\" is missing"), "{words}");
    assert_eq!(budget.arrived()?, 11);
    Ok(())
}

fn shortened(arguments: &Value) -> String {
    arguments.to_string().chars().take(60).collect()
}

/// Whoever makes up values does not get a limit for each without end: past the cap new ones are denied, and those
/// that are there go on.
#[tokio::test]
async fn made_up_values_end_at_the_cap() -> Result<()> {
    let budget = Budget::with(FOR_EACH, "limits: { counters: 3 }\n")?;
    let mut caller = budget.connect().await?;
    for value in 0..3 {
        assert_eq!(caller.call("a", json!({ "customer": value })).await?, None, "{value}");
    }
    for value in 3..9 {
        let words = caller.call("a", json!({ "customer": value })).await?;
        assert!(words.as_ref().is_some_and(|words| words.contains("no new one is opened")), "{words:?}");
    }
    assert_eq!(caller.call("a", json!({ "customer": 0 })).await?, None);
    assert!(caller.call("a", json!({ "customer": 0 })).await?.is_some());
    assert_eq!(budget.arrived()?, 4);
    Ok(())
}

/// Two servers under one name for what they share, and each for itself without.
#[tokio::test]
async fn what_two_servers_share() -> Result<()> {
    for (shared, expected) in [("", [3, 3]), (", shared: all", [3, 0])] {
        let policy = format!(
            "version: \"1\"\ndefault: allow\ntools:\n  a: {{ limits: [{{ counter: c, window: day, max: 6, amount: args.n, scope: [{{ arg: args.c }}]{shared} }}] }}\n"
        );
        let budget = Budget::new(&policy)?;
        let mut passed = Vec::new();
        for server in ["one", "two"] {
            let mut caller = budget.connect_as(server, "local").await?;
            let mut count = 0;
            for _ in 0..5 {
                count += i32::from(caller.call("a", json!({ "n": 2, "c": "x" })).await?.is_none());
            }
            passed.push(count);
        }
        assert_eq!(passed, expected, "{shared}");
    }
    Ok(())
}

/// A day that begins in another zone is another counter, and the record says so.
#[tokio::test]
async fn a_day_of_another_zone() -> Result<()> {
    let policy = |zone: &str| {
        format!(
            "version: \"1\"\ndefault: allow\ntools:\n  a: {{ rules: [{{ rate_limit: {{ max: 2, window: day, align: calendar{zone} }} }}] }}\n"
        )
    };
    let budget = Budget::new(&policy(""))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 3).await?, 2);
    // UTC is what it was all along.
    budget.reload(&policy(", timezone: UTC")).await?;
    assert_eq!(caller.passed("a", 3).await?, 0);
    budget.reload(&policy(", timezone: Asia/Kathmandu")).await?;
    assert_eq!(caller.passed("a", 3).await?, 2);
    let intents = budget.interlock.records_of("intent").await?;
    let key = intents.last().and_then(|last| last["counters"][0]["key"].as_str()).unwrap_or_default();
    assert!(key.contains("/day/calendar@Asia%2FKathmandu/"), "{key}");
    let answer = caller.client.call("a", json!({})).await?;
    let wait = answer["result"]["_meta"]["interlock/decision"]["retryAfterMs"].as_u64().unwrap_or_default();
    // Midnight there comes at 18:15 UTC.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let day = 86_400_000;
    let end = (now + u128::from(wait)) % day;
    let expected = (18 * 60 + 15) * 60_000;
    assert!(end.abs_diff(expected) < 5_000, "{end} and not {expected}");
    Ok(())
}
