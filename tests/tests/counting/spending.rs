//! `spend`: money from an argument, and what a server asks to be paid.

use anyhow::Result;
use interlock_testkit::script::{Script, Step};
use serde_json::{Value, json};

use super::budget::{Budget, Caller, outcome};

const ARGUMENT: &str = "version: \"1\"\ndefault: allow\nspend_currency: eur\ntools:\n  a: { rules: [{ spend: { amount: args.n, per_call: 60, daily: 100, monthly: 150, timezone: Europe/Berlin } }] }\n";

#[tokio::test]
async fn money_of_an_argument_from_two_processes() -> Result<()> {
    let budget = Budget::new(ARGUMENT)?;
    let (mut one, mut two) = (budget.connect().await?, budget.connect().await?);
    for (arguments, expected) in [
        (json!({ "n": 60.01 }), Some("60.01 eur is more than the 60 that one call may spend")),
        (json!({ "n": 59.5 }), None),
        (json!({ "n": 40.6 }), Some("100 eur in all per day in Europe/Berlin reached")),
        (json!({ "n": 40, "currency": "usd" }), Some("argument \"currency\" must be \"eur\"")),
        (json!({ "n": "40" }), Some("argument \"n\" must be a number")),
        (json!({ "n": -40 }), Some("argument \"n\" must not be negative")),
        (json!({}), Some("argument \"n\" is missing")),
        (json!({ "n": 40.5, "currency": "EUR" }), None),
        (json!({ "n": 0.01 }), Some("100 eur in all per day")),
    ] {
        let words = two.call("a", arguments.clone()).await?;
        match expected {
            None => assert_eq!(words, None, "{arguments}"),
            Some(part) => {
                assert!(words.as_ref().is_some_and(|words| words.contains(part)), "{arguments}: {words:?}")
            }
        }
        std::mem::swap(&mut one, &mut two);
    }
    assert_eq!(budget.arrived()?, 2);
    let intents = budget.interlock.records_of("intent").await?;
    let after: Vec<_> =
        intents[1]["counters"].as_array().into_iter().flatten().map(|of| &of["after"]).collect();
    assert_eq!(after, ["100", "100"], "{intents:#?}");
    Ok(())
}

const OFFER: &str =
    r#"{"scheme":"exact","network":"eip155:84532","amount":"30","asset":"0xA0b8","payTo":"0x1"}"#;
const CHARGE: &str =
    r#"{"id":"c-1","realm":"r","method":"m","intent":"charge","request":{"amount":"30","currency":"usd"}}"#;

/// A server that wants to be paid for each call, whatever comes with it.
fn charging() -> Script {
    let offers = format!(r#"{{"x402Version":2,"accepts":[{OFFER}]}}"#);
    let text = format!(
        r#"{{"isError":true,"structuredContent":{offers},"content":[{{"type":"text","text":"pay"}}]}}"#
    );
    let error = format!(
        r#"{{"jsonrpc":"2.0","id":$ID,"error":{{"code":-32042,"message":"pay","data":{{"challenges":[{CHARGE}]}}}}}}"#
    );
    let strange =
        r#"{"isError":true,"structuredContent":{"price":30},"content":[{"type":"text","text":"pay"}]}"#;
    Script::with_tools(&["paid", "charged", "strange", "free"])
        .on("tools/call:paid", [Step::Result { text }])
        .on("tools/call:charged", [Step::Line { text: error }])
        .on("tools/call:strange", [Step::Result { text: strange.to_owned() }])
}

fn policy(currency: &str, rest: &str) -> String {
    format!(
        "version: \"1\"\ndefault: allow\ntools:\n  \"*\": {{ rules: [{{ spend: {{ amount: challenge, per_call: 50, daily: 70, currency: \"{currency}\" }}{rest} }}] }}\n"
    )
}

fn x402() -> Value {
    let accepted: Value = serde_json::from_str(OFFER).unwrap_or_default();
    json!({ "x402/payment": { "x402Version": 2, "accepted": accepted, "payload": { "authorization": { "value": "30" } } } })
}

fn credential() -> Value {
    let challenge: Value = serde_json::from_str(CHARGE).unwrap_or_default();
    json!({ "org.paymentauth/credential": { "challenge": challenge, "payload": {} } })
}

/// The words of a denial; `None` for a call that reached the server.
async fn call(
    caller: &mut Caller,
    tool: &str,
    arguments: Value,
    meta: Option<&Value>,
) -> Result<Option<String>> {
    let mut params = json!({ "name": tool, "arguments": arguments });
    if let Some(meta) = meta {
        params["_meta"] = meta.clone();
    }
    let answer = caller.client.ask("tools/call", params).await?;
    if answer["error"]["code"] == -32_042 { Ok(None) } else { outcome(&answer) }
}

#[tokio::test]
async fn a_challenge_is_paid_from_the_budget() -> Result<()> {
    for (tool, currency, meta) in [
        ("paid", "0xa0B8", x402()),
        ("paid", "eip155:84532/0xA0b8", x402()),
        ("charged", "USD", credential()),
    ] {
        let budget = Budget::of(&policy(currency, ""), "{}", &charging())?;
        let mut caller = budget.connect().await?;
        let order = json!({ "item": 1 });
        // Nothing was asked for yet.
        let words = call(&mut caller, tool, order.clone(), Some(&meta)).await?.unwrap_or_default();
        assert!(words.contains("answers nothing that the server has asked for"), "{words}");
        // Asked and paid twice: each challenge is paid once, and each payment is counted.
        for _ in 0..2 {
            assert_eq!(call(&mut caller, tool, order.clone(), None).await?, None);
            assert_eq!(call(&mut caller, tool, order.clone(), Some(&meta)).await?, None, "{tool}");
        }
        // The server asks again after each payment: a third one does not fit.
        let words = call(&mut caller, tool, order.clone(), Some(&meta)).await?.unwrap_or_default();
        assert!(words.contains(&format!("70 {currency} in all per day reached")), "{words}");
        // Calls that pay nothing go on, and another grant has a budget of its own.
        assert_eq!(call(&mut caller, tool, order.clone(), None).await?, None);
        let mut other = budget.connect_as("one", "other").await?;
        let words = call(&mut other, tool, order.clone(), Some(&meta)).await?.unwrap_or_default();
        assert!(words.contains("answers nothing"), "what one grant was asked is not another's: {words}");
        assert_eq!(call(&mut other, tool, order.clone(), None).await?, None);
        assert_eq!(call(&mut other, tool, order.clone(), Some(&meta)).await?, None);
        assert_eq!(budget.arrived()?, 7, "{tool}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_priced_is_denied() -> Result<()> {
    let changed = |from: &str, to: &str| -> Result<Value> {
        Ok(serde_json::from_str(&x402().to_string().replace(from, to))?)
    };
    let budget = Budget::of(&policy("0xA0b8", ""), "{}", &charging())?;
    let mut caller = budget.connect().await?;
    let order = json!({ "item": 1 });
    assert_eq!(call(&mut caller, "paid", order.clone(), None).await?, None);
    for (arguments, meta, expected) in [
        (order.clone(), changed(r#""amount":"30""#, r#""amount":"1""#)?, "takes none of the offers"),
        (order.clone(), changed("0xA0b8", "0xFFFF")?, "takes none of the offers"),
        (order.clone(), changed(r#""value":"30""#, r#""value":"31""#)?, "permits more to be taken"),
        (order.clone(), changed("x402/payment", "other/payment")?, "is of a kind that is not known"),
        (order.clone(), credential(), "takes none of the offers"),
        (json!({ "item": 2 }), x402(), "answers nothing that the server has asked for"),
    ] {
        let words = call(&mut caller, "paid", arguments, Some(&meta)).await?.unwrap_or_default();
        assert!(words.contains(expected), "{meta}: {words}");
    }
    // The twin: the offer stands as it was made.
    assert_eq!(call(&mut caller, "paid", order.clone(), Some(&x402())).await?, None);
    // A challenge of another shape is none.
    assert_eq!(call(&mut caller, "strange", order.clone(), None).await?, None);
    let words = call(&mut caller, "strange", order.clone(), Some(&x402())).await?.unwrap_or_default();
    assert!(words.contains("answers nothing"), "{words}");
    assert_eq!(budget.arrived()?, 3);
    // Another currency than the policy's, and more than one call may spend.
    for (policy, expected) in [
        (policy("0xBEEF", ""), "the server asks for \"0xA0b8\", and the budget counts in \"0xBEEF\""),
        (policy("eip155:1/0xA0b8", ""), "and the budget counts in \"eip155:1/0xA0b8\""),
        (policy("0xA0b8", "").replace("per_call: 50", "per_call: 29"), "30 0xA0b8 is more than the 29"),
    ] {
        let budget = Budget::of(&policy, "{}", &charging())?;
        let mut caller = budget.connect().await?;
        assert_eq!(call(&mut caller, "paid", order.clone(), None).await?, None);
        let words = call(&mut caller, "paid", order.clone(), Some(&x402())).await?.unwrap_or_default();
        assert!(words.contains(expected), "{words}");
        assert_eq!(budget.arrived()?, 1);
    }
    Ok(())
}

/// The call that pays is the one that was asked to: it counts once, and is no repetition of itself.
#[tokio::test]
async fn the_paid_retry_is_the_same_call() -> Result<()> {
    let rest = ", rate_limit: 1/hour, idempotency_window: 10m";
    let budget = Budget::of(&policy("0xA0b8", rest), "{}", &charging())?;
    let mut caller = budget.connect().await?;
    let order = json!({ "item": 1 });
    assert_eq!(call(&mut caller, "paid", order.clone(), None).await?, None);
    assert!(
        call(&mut caller, "paid", order.clone(), None)
            .await?
            .is_some_and(|words| words.contains("identical"))
    );
    assert_eq!(call(&mut caller, "paid", order.clone(), Some(&x402())).await?, None);
    let words = call(&mut caller, "paid", json!({ "item": 2 }), None).await?.unwrap_or_default();
    assert!(words.contains("1 call per hour reached"), "{words}");
    assert_eq!(budget.arrived()?, 2);
    let intents = budget.interlock.records_of("intent").await?;
    assert!(
        intents[1]["reason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with("continues the call of record"))
    );
    let counted = intents[0]["counters"].as_array().zip(intents[1]["counters"].as_array());
    let (first, paid) = counted.ok_or_else(|| anyhow::anyhow!("nothing is counted: {intents:#?}"))?;
    assert!(paid.starts_with(first), "the call is counted once: {intents:#?}");
    assert_eq!((first.len(), paid.len()), (2, 3), "and what is paid: {intents:#?}");
    Ok(())
}

/// In shadow nothing is denied, and what was spent, or cannot be said, is recorded.
#[tokio::test]
async fn spending_in_shadow() -> Result<()> {
    let budget = Budget::of(&policy("0xA0b8", ", mode: shadow"), "{}", &charging())?;
    let mut caller = budget.connect().await?;
    let order = json!({});
    assert_eq!(call(&mut caller, "paid", order.clone(), Some(&x402())).await?, None);
    for _ in 0..3 {
        assert_eq!(call(&mut caller, "paid", order.clone(), Some(&x402())).await?, None);
    }
    let intents = budget.interlock.records_of("intent").await?;
    let reasons: Vec<String> =
        intents.iter().map(|intent| intent["shadow"][0]["reason"].to_string()).collect();
    assert!(reasons[0].contains("answers nothing"), "{reasons:?}");
    assert_eq!(reasons[1..3], ["null", "null"], "{reasons:?}");
    assert!(reasons[3].contains("70 0xA0b8 in all per day reached"), "{reasons:?}");
    Ok(())
}
