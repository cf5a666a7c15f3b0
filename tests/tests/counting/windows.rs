//! Time: a sliding window, and what a denied agent is told of it.

use std::time::{Duration, Instant};

use anyhow::Result;
use interlock_testkit::script::{Script, Step};
use serde_json::json;

use super::budget::Budget;

/// No interval of the window's length holds more than the limit, however hard it is tried from two processes.
#[tokio::test]
async fn no_interval_holds_more_than_the_limit() -> Result<()> {
    const MAX: usize = 3;
    const WINDOW: Duration = Duration::from_secs(2);
    let budget = Budget::new(
        "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: { max: 3, window: 2 } }] }\n",
    )?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    // Each call was counted somewhere between these two moments.
    let mut passed: Vec<(Instant, Instant)> = Vec::new();
    let mut denied = 0;
    let deadline = Instant::now() + 20 * WINDOW;
    while passed.len() < 3 * MAX {
        assert!(Instant::now() < deadline, "{} passed, {denied} were denied", passed.len());
        let caller = if denied % 2 == 0 { &mut one } else { &mut two };
        let sent = Instant::now();
        match caller.call("a", json!({})).await? {
            None => passed.push((sent, Instant::now())),
            Some(_) => denied += 1,
        }
    }
    assert!(denied > 0);
    for four in passed.windows(MAX + 1) {
        let apart = four[MAX].1 - four[0].0;
        assert!(apart >= WINDOW, "{} calls within {apart:?}", MAX + 1);
    }
    assert_eq!(budget.arrived()?, passed.len());
    Ok(())
}

/// The agent learns when to try again, and then it passes.
#[tokio::test]
async fn the_time_to_wait() -> Result<()> {
    let budget = Budget::new(
        "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: { max: 1, window: 2 } }] }\n",
    )?;
    let mut caller = budget.connect().await?;
    let before = Instant::now();
    assert_eq!(caller.call("a", json!({})).await?, None);
    let answer = caller.client.call("a", json!({})).await?;
    let told = answer["result"]["_meta"]["interlock/decision"]["retryAfterMs"].as_u64();
    let wait = Duration::from_millis(told.unwrap_or_else(|| panic!("no time to wait: {answer}")));
    // The window is over when its last millisecond is.
    assert!(wait <= Duration::from_millis(2_001) && wait > Duration::ZERO, "{wait:?}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("(try again in ") && text.contains("reached"), "{text}");
    let at_the_earliest = Instant::now() + wait;
    while caller.call("a", json!({})).await?.is_some() {
        assert!(Instant::now() < at_the_earliest + Duration::from_secs(10), "it never passed again");
    }
    assert!(before.elapsed() >= Duration::from_secs(2));
    Ok(())
}

/// A failed call counts as well: what the server did with it nobody knows.
#[tokio::test]
async fn failed_calls_count() -> Result<()> {
    let fails = Step::Error { code: -32_602, message: "unknown tool".to_owned() };
    let budget = Budget::of(
        "version: \"1\"\ndefault: allow\ntools:\n  missing: { rules: [{ rate_limit: 2/hour }] }\n",
        "{}",
        &Script::with_tools(&["missing"]).on("tools/call:missing", [fails]),
    )?;
    let mut caller = budget.connect().await?;
    for n in 0..4 {
        let words = caller.client.call("missing", json!({})).await?.to_string();
        assert_eq!(words.contains("unknown tool"), n < 2, "{words}");
    }
    assert_eq!(budget.arrived()?, 2);
    Ok(())
}
