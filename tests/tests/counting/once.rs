//! Identical calls within `idempotency_window`.

use anyhow::Result;
use interlock_testkit::client::PATIENCE;
use serde_json::json;

use super::budget::Budget;

const ONCE: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ idempotency_window: 10m }] }\n  b: { rules: [{ idempotency_window: 10m, on_deny: You have done that }] }\n";

#[tokio::test]
async fn an_identical_call_is_denied_and_names_the_first() -> Result<()> {
    let budget = Budget::new(ONCE)?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    let order = json!({ "item": "x", "count": 2, "to": { "street": "s", "zip": [1, 2] } });
    assert_eq!(one.call("a", order.clone()).await?, None);
    let first = budget.interlock.records_of("intent").await?;
    let request = first[0]["request"].to_string();
    // The same in another order and way of writing, from another process.
    let written = r#"{"to":{"zip":[1.0,2e0],"street":"\u0073"},"count":2,"item":"x"}"#;
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{{"name":"a","arguments":{written}}}}}"#
    );
    two.client.send(call).await?;
    let answer = two.client.response(&json!(900)).await?;
    let words = super::budget::outcome(&answer)?.unwrap_or_default();
    let named = format!("an identical call (request {}) was let through", request.trim_matches('"'));
    assert!(words.contains(&named), "{words} without {named}");
    assert!(words.contains(" ago, and within 10 min none is repeated (try again in "), "{words}");
    let wait = answer["result"]["_meta"]["interlock/decision"]["retryAfterMs"].as_u64().unwrap_or_default();
    assert!((590_000..=600_001).contains(&wait), "{wait}");
    // What differs in anything is no repetition.
    for arguments in [
        json!({ "item": "x", "count": 2, "to": { "street": "s", "zip": [2, 1] } }),
        json!({ "item": "x", "count": "2", "to": { "street": "s", "zip": [1, 2] } }),
        json!({ "item": "x", "count": 2 }),
        json!({}),
    ] {
        assert_eq!(two.call("a", arguments.clone()).await?, None, "{arguments}");
        assert!(one.call("a", arguments.clone()).await?.is_some(), "{arguments}");
    }
    assert_eq!(two.call("b", order.clone()).await?, None, "another tool");
    let words = one.call("b", order.clone()).await?.unwrap_or_default();
    assert!(words.starts_with("You have done that (an identical call (request "), "{words}");
    assert_eq!(
        budget.connect_as("one", "other").await?.call("a", order.clone()).await?,
        None,
        "another grant"
    );
    assert_eq!(budget.connect_as("two", "local").await?.call("a", order).await?, None, "another server");
    assert_eq!(budget.arrived()?, 8);
    Ok(())
}

/// Two processes at once: one of them.
#[tokio::test]
async fn of_many_at_once_one_gets_through() -> Result<()> {
    let budget = Budget::new(ONCE)?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    let mut ids = Vec::new();
    for n in 0..20 {
        let caller = if n % 2 == 0 { &mut one } else { &mut two };
        ids.push(caller.client.request("tools/call", json!({ "name": "a", "arguments": { "n": 1 } })).await?);
    }
    let mut passed = 0;
    for (n, id) in ids.into_iter().enumerate() {
        let caller = if n % 2 == 0 { &mut one } else { &mut two };
        passed += usize::from(super::budget::outcome(&caller.client.response(&json!(id)).await?)?.is_none());
    }
    assert_eq!((passed, budget.arrived()?), (1, 1));
    Ok(())
}

#[tokio::test]
async fn after_the_window_it_passes_again() -> Result<()> {
    let budget = Budget::new(&ONCE.replace("10m", "5s"))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.call("a", json!({})).await?, None);
    assert!(caller.call("a", json!({})).await?.is_some());
    let first = std::time::Instant::now();
    // What is denied meanwhile puts nothing off.
    while caller.call("a", json!({})).await?.is_some() {
        assert!(first.elapsed() < PATIENCE);
    }
    assert_eq!(budget.arrived()?, 2);
    Ok(())
}

/// A call that another limit denies has not been made: it is no repetition when it is.
#[tokio::test]
async fn a_denied_call_is_not_the_first() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ idempotency_window: 10m }, { rate_limit: { max: 1, window: 5 } }] }\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.call("a", json!({ "n": 1 })).await?, None);
    assert!(
        caller
            .call("a", json!({ "n": 2 }))
            .await?
            .is_some_and(|words| words.contains("1 call per 5 seconds"))
    );
    let denied = std::time::Instant::now();
    while caller.call("a", json!({ "n": 2 })).await?.is_some() {
        assert!(denied.elapsed() < PATIENCE);
    }
    assert_eq!(budget.arrived()?, 2);
    Ok(())
}

#[tokio::test]
async fn in_shadow_repetitions_pass_and_are_recorded() -> Result<()> {
    let budget = Budget::new(&ONCE.replace("10m }", "10m, mode: shadow }"))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 3).await?, 3);
    let intents = budget.interlock.records_of("intent").await?;
    let findings: Vec<_> = intents.iter().map(|intent| intent["shadow"][0]["reason"].clone()).collect();
    let expected = json!("one identical call per 10 minutes reached");
    assert_eq!(findings, [json!(null), expected.clone(), expected], "{intents:#?}");
    Ok(())
}
