//! Amounts: exact, and whatever is sent never makes room.

use anyhow::Result;
use serde_json::Value;

use super::budget::{Budget, Caller, outcome};

const LIMIT: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { limits: [{ counter: sum, window: day, max: 100, amount: args.n }] }\n";
const STATE: &str = "version: \"1\"\ndefault: allow\ntools:\n  a:\n    rules:\n      - conditions: [{ path: state.a.sum, op: lte, value: 100 }]\n        state: { counter: sum, window: day, increment_from: args.n }\n";
const SLIDING: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { limits: [{ counter: sum, window: hour, max: 100, amount: args.n, align: sliding }] }\n";

/// Calls with these arguments, as they are written; numbers that serde would round are not.
async fn pay(caller: &mut Caller, id: &mut u64, arguments: &str) -> Result<bool> {
    *id += 1;
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"a","arguments":{arguments}}}}}"#
    );
    caller.client.send(call).await?;
    let answer: Value = caller.client.response(&serde_json::json!(*id)).await?;
    Ok(outcome(&answer)?.is_none())
}

/// What never passes and never changes what is left.
const NEVER: &[&str] = &[
    r#"{"n":-1}"#,
    r#"{"n":-100}"#,
    r#"{"n":-0.0000001}"#,
    r#"{"n":-1e400}"#,
    r#"{"n":-1e30}"#,
    r#"{"n":1e400}"#,
    r#"{"n":99999999999999999999999999999999999999999999}"#,
    r#"{"n":-99999999999999999999999999999999999999999999}"#,
    r#"{"n":170141183460469231731687303715884105727}"#,
    r#"{"n":101}"#,
    r#"{"n":"1"}"#,
    r#"{"n":"-5"}"#,
    r#"{"n":""}"#,
    r#"{"n":null}"#,
    r#"{"n":true}"#,
    r#"{"n":[1]}"#,
    r#"{"n":{"n":1}}"#,
    r#"{}"#,
    r#"{"N":1}"#,
    r#"{"n ":1}"#,
];

#[tokio::test]
async fn nothing_enlarges_a_budget() -> Result<()> {
    for policy in [LIMIT, STATE, SLIDING] {
        let budget = Budget::new(policy)?;
        let mut caller = budget.connect().await?;
        let mut id = 1000;
        assert!(pay(&mut caller, &mut id, r#"{"n":40}"#).await?);
        for arguments in NEVER {
            assert!(!pay(&mut caller, &mut id, arguments).await?, "{arguments} passed under {policy}");
        }
        // Sixty are left, to the last fraction and not one more.
        for (arguments, passes) in [
            (r#"{"n":60.00000000000000000001}"#, false),
            (r#"{"n":59.5}"#, true),
            (r#"{"n":0.50000000000000000001}"#, false),
            (r#"{"n":0}"#, true),
            (r#"{"n":-0}"#, true),
            (r#"{"n":5e-1}"#, true),
            (r#"{"n":1e-20}"#, false),
            (r#"{"n":0.0}"#, true),
        ] {
            assert_eq!(pay(&mut caller, &mut id, arguments).await?, passes, "{arguments} under {policy}");
        }
        for arguments in NEVER {
            assert!(!pay(&mut caller, &mut id, arguments).await?, "{arguments} passed under {policy}");
        }
        assert_eq!(budget.arrived()?, 6, "{policy}");
    }
    Ok(())
}

/// Ten tenths are one, which no sum of doubles is.
#[tokio::test]
async fn fractions_are_exact() -> Result<()> {
    for policy in [LIMIT, STATE, SLIDING] {
        let budget = Budget::new(&policy.replace("100", "1"))?;
        let mut caller = budget.connect().await?;
        let mut id = 1000;
        for n in 0..10 {
            assert!(pay(&mut caller, &mut id, r#"{"n":0.1}"#).await?, "{n} under {policy}");
        }
        assert!(!pay(&mut caller, &mut id, r#"{"n":0.1}"#).await?, "{policy}");
        assert!(!pay(&mut caller, &mut id, r#"{"n":1e-30}"#).await?, "{policy}");
    }
    Ok(())
}

/// A smallest amount, and a bound that must not be reached.
#[tokio::test]
async fn at_least_and_below() -> Result<()> {
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  a: { limits: [{ counter: sum, window: day, max: 10, amount: args.n, min: 2 }] }\n";
    let budget = Budget::new(policy)?;
    let mut caller = budget.connect().await?;
    let mut id = 0;
    for (arguments, passes) in [
        (r#"{"n":0}"#, false),
        (r#"{"n":1.99}"#, false),
        (r#"{"n":2}"#, true),
        (r#"{"n":8}"#, true),
        (r#"{"n":2}"#, false),
    ] {
        assert_eq!(pay(&mut caller, &mut id, arguments).await?, passes, "{arguments}");
    }
    let budget = Budget::new(&STATE.replace("lte", "lt"))?;
    let mut caller = budget.connect().await?;
    for (arguments, passes) in
        [(r#"{"n":100}"#, false), (r#"{"n":99.9}"#, true), (r#"{"n":0.1}"#, false), (r#"{"n":0.09}"#, true)]
    {
        assert_eq!(pay(&mut caller, &mut id, arguments).await?, passes, "{arguments}");
    }
    Ok(())
}

/// Two processes pay from one budget.
#[tokio::test]
async fn from_two_processes() -> Result<()> {
    let budget = Budget::new(LIMIT)?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    let mut id = 1000;
    let mut passed = 0;
    for _ in 0..10 {
        passed += u32::from(pay(&mut one, &mut id, r#"{"n":7}"#).await?);
        passed += u32::from(pay(&mut two, &mut id, r#"{"n":7}"#).await?);
    }
    assert_eq!(passed, 14);
    assert!(pay(&mut two, &mut id, r#"{"n":2}"#).await?);
    assert!(!pay(&mut one, &mut id, r#"{"n":1}"#).await?);
    Ok(())
}
