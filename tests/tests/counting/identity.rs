//! Which calls share a counter.

use anyhow::Result;

use super::budget::Budget;

const RATE: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: 3/hour }] }\n";

#[tokio::test]
async fn tools_named_alike_on_two_servers_do_not_share() -> Result<()> {
    let budget = Budget::new(RATE)?;
    let mut one = budget.connect_as("one", "local").await?;
    let mut two = budget.connect_as("two", "local").await?;
    assert_eq!((one.passed("a", 2).await?, two.passed("a", 5).await?, one.passed("a", 3).await?), (2, 3, 1));
    assert_eq!(budget.arrived()?, 6);
    // The same server again shares, however often it is started.
    let mut again = budget.connect_as("one", "local").await?;
    assert_eq!(again.passed("a", 2).await?, 0);
    assert_eq!(budget.arrived()?, 6);
    Ok(())
}

/// Names that could be joined to the same text are different names all the same.
#[tokio::test]
async fn names_are_not_run_together() -> Result<()> {
    let budget = Budget::new(RATE)?;
    for (server, grant) in
        [("one", "a/local"), ("one/a", "local"), ("one", "a:local"), ("one:a", "local"), ("one@a", "local")]
    {
        let mut caller = budget.connect_as(server, grant).await?;
        assert_eq!(caller.passed("a", 4).await?, 3, "{server} {grant}");
        caller.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn two_unnamed_limits_on_one_tool_are_two() -> Result<()> {
    let policy = |second: u32| {
        format!(
            "version: \"1\"\ndefault: allow\ntools:\n  a:\n    rules: [{{ rate_limit: 5/hour }}, {{ rate_limit: {second}/hour }}]\n"
        )
    };
    let budget = Budget::new(&policy(3))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 6).await?, 3);
    // What the second denied took nothing of the first: two of its five are left.
    budget.reload(&policy(100)).await?;
    assert_eq!(caller.passed("a", 6).await?, 2);
    assert_eq!(budget.arrived()?, 5);
    Ok(())
}

#[tokio::test]
async fn unnamed_limits_of_other_windows() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a:\n    rules: [{ rate_limit: 2/hour }]\n    limits: [{ counter: own, window: day, max: 4 }]\n  b:\n    rules: [{ rate_limit: 9/minute }, { rate_limit: 4/day }]\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    assert_eq!((caller.passed("a", 5).await?, caller.passed("b", 6).await?), (2, 4));
    Ok(())
}

/// One counter for the entry, whatever tool matched; `scope: tool` makes one for each.
#[tokio::test]
async fn limits_on_a_glob_and_on_all() -> Result<()> {
    for (matcher, scope, expected) in [
        ("\"*\"", "", [4, 0, 0]),
        ("\"file_*\"", "", [4, 0, 9]),
        ("\"*\"", ", scope: tool", [4, 4, 4]),
        ("\"file_*\"", ", scope: tool", [4, 4, 9]),
        ("\"*\"", ", scope: server", [4, 0, 0]),
        ("\"*\"", ", scope: global", [4, 0, 0]),
    ] {
        let limit = format!("limits: [{{ counter: c, window: hour, max: 4{scope} }}]");
        let budget =
            Budget::new(&format!("version: \"1\"\ndefault: allow\ntools:\n  {matcher}: {{ {limit} }}\n"))?;
        let mut caller = budget.connect().await?;
        let mut passed = Vec::new();
        for tool in ["file_1", "file_2", "other"] {
            passed.push(caller.passed(tool, 9).await?);
        }
        assert_eq!(passed, expected, "{matcher} {scope}");
        assert_eq!(budget.arrived()?, expected.iter().sum::<usize>());
    }
    // `all_tools` is an entry of its own beside `"*"`.
    let budget = Budget::new(
        "version: \"1\"\ndefault: allow\nall_tools: { rules: [{ rate_limit: 5/hour }] }\ntools: { \"*\": { rules: [{ rate_limit: 7/hour }] } }\n",
    )?;
    assert_eq!(budget.connect().await?.passed("a", 9).await?, 5);
    Ok(())
}

/// A call that needs several counters takes all or none.
#[tokio::test]
async fn all_or_none() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: 2/hour }] }\n  \"*\": { rules: [{ rate_limit: 6/hour }] }\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 10).await?, 2);
    assert_eq!(caller.passed("b", 10).await?, 4, "the eight denied calls took nothing of the common limit");
    Ok(())
}

/// A call that is denied for another cause uses up nothing.
#[tokio::test]
async fn a_denied_call_uses_up_nothing() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a:\n    rules: [{ rate_limit: 2/hour }]\n    require: [{ conditions: [{ path: args.ok, op: eq, value: true }] }]\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 5).await?, 0);
    let mut passed = 0;
    for _ in 0..5 {
        passed += usize::from(caller.call("a", serde_json::json!({ "ok": true })).await?.is_none());
    }
    assert_eq!((passed, budget.arrived()?), (2, 2));
    Ok(())
}

#[tokio::test]
async fn scopes_across_processes_and_grants() -> Result<()> {
    // Calls of: two processes of one grant, then one of another grant; four each.
    for (scope, expected) in [
        ("grant", [3, 0, 3]),
        ("session", [3, 3, 3]),
        ("tool", [3, 0, 3]),
        ("server", [3, 0, 0]),
        ("global", [3, 0, 0]),
        ("[grant, session]", [3, 3, 3]),
    ] {
        let budget = Budget::new(&format!(
            "version: \"1\"\ndefault: allow\ntools:\n  a: {{ limits: [{{ counter: c, window: hour, max: 3, scope: {scope} }}] }}\n"
        ))?;
        let mut passed = Vec::new();
        let mut callers = Vec::new();
        for grant in ["x", "x", "y"] {
            let mut caller = budget.connect_as("one", grant).await?;
            passed.push(caller.passed("a", 4).await?);
            callers.push(caller);
        }
        assert_eq!(passed, expected, "{scope}");
        assert_eq!(budget.arrived()?, expected.iter().sum::<usize>(), "{scope}");
    }
    Ok(())
}

/// Reconnecting refreshes nothing but what belongs to a session.
#[tokio::test]
async fn reconnecting() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a: { limits: [{ counter: kept, window: hour, max: 5 }, { counter: fresh, window: hour, max: 2, scope: session }] }\n";
    let budget = Budget::new(policy)?;
    let mut passed = Vec::new();
    for _ in 0..4 {
        let mut caller = budget.connect().await?;
        passed.push(caller.passed("a", 4).await?);
        caller.finish().await?;
    }
    assert_eq!(passed, [2, 2, 1, 0]);
    Ok(())
}

/// More counters than the operator allows: new ones are denied, not merged; those that are there go on.
#[tokio::test]
async fn more_counters_than_the_limit() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  \"*\": { limits: [{ counter: c, window: hour, max: 3, scope: tool }] }\n";
    let budget = Budget::with(policy, "limits: { counters: 2 }\n")?;
    let mut caller = budget.connect().await?;
    assert_eq!((caller.passed("a", 1).await?, caller.passed("b", 4).await?), (1, 3));
    let words = caller.call("other", serde_json::json!({})).await?;
    assert!(words.as_ref().is_some_and(|words| words.contains("no new one is opened")), "{words:?}");
    assert_eq!(caller.passed("a", 4).await?, 2);
    assert_eq!(budget.arrived()?, 6);
    Ok(())
}
