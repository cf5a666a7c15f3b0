//! What is counted, for whom, and what cannot be counted.

use super::{Given, check};
use crate::Price;

fn rule(part: &str) -> String {
    format!("version: \"1\"\ndefault: allow\nspend_currency: eur\ntools:\n  t: {{ rules: [{{ {part} }}] }}\n")
}

fn limit(part: &str) -> String {
    format!("version: \"1\"\ndefault: allow\ntools:\n  t: {{ limits: [{{ counter: c, max: 3, {part} }}] }}\n")
}

const PROCEED: &str = "proceed server:/tools/t: permitted\n";

fn proceeds(text: &str, arguments: &str, needs: &str) {
    check(text, "t", arguments, &Given::default(), &format!("{PROCEED}{needs}"));
}

fn denies(text: &str, arguments: &str, expected: &str) {
    check(text, "t", arguments, &Given::default(), &format!("deny server:/tools/t/{expected}"));
}

#[test]
fn a_calendar_belongs_to_its_zone() {
    for (part, expected) in [
        (
            "rate_limit: { max: 3, window: day, align: calendar, timezone: Europe/Berlin }",
            "day/calendar@Europe%2FBerlin",
        ),
        ("rate_limit: { max: 3, window: week, align: calendar, timezone: UTC }", "week/calendar"),
        ("rate_limit: { max: 3, window: month, align: calendar }", "month/calendar"),
        ("rate_limit: { max: 3, window: day }", "day/sliding"),
    ] {
        let window = expected.split('/').next().unwrap();
        let needs = format!("+ 1 server=s/tools/t/_rate_{window}_0/{expected}/grant=g <= 3");
        proceeds(&rule(part), "{}", &needs);
    }
    proceeds(
        &rule("state: { counter: c, window: month, timezone: Asia/Tokyo }"),
        "{}",
        "+ 1 server=s/tools/t/c/month/calendar@Asia%2FTokyo/grant=g",
    );
}

#[test]
fn what_is_given_back() {
    for (refund, expected) in [("", ""), (", refund: keep", ""), (", refund: on_error", " refunded")] {
        let needs = format!("+ 1 server=s/tools/t/c/day/sliding/grant=g <= 3{expected}");
        proceeds(&limit(&format!("window: day{refund}")), "{}", &needs);
        let needs = format!("+ 1 server=s/tools/t/_rate_day_0/day/sliding/grant=g <= 3{expected}");
        proceeds(&rule(&format!("rate_limit: {{ max: 3, window: day{refund} }}")), "{}", &needs);
        let needs = format!("+ 1 server=s/tools/t/c/day/calendar/grant=g{expected}");
        proceeds(&rule(&format!("state: {{ counter: c, window: day{refund} }}")), "{}", &needs);
        let needs = format!("+ 2 server=s/tools/t/_spend_eur_day_0/day/calendar/grant=g <= 5{expected}");
        proceeds(&rule(&format!("spend: {{ amount: args.n, daily: 5{refund} }}")), r#"{"n":2}"#, &needs);
    }
}

#[test]
fn one_counter_for_each_value_of_an_argument() {
    let needs = |scope: &str| format!("+ 1 server=s/tools/t/c/day/sliding/{scope} <= 3");
    let by = |scope: &str| limit(&format!("window: day, scope: {scope}"));
    let arguments = r#"{"a":"x/y","b":2.50,"c":{"d":true}}"#;
    for (scope, expected) in [
        ("{ arg: args.a }", r#"grant=g/arg=args.a="x%2Fy""#),
        ("[{ arg: args.b }]", "grant=g/arg=args.b=2.5"),
        ("[global, { arg: /args/b }]", "grant=g/arg=args.b=2.5"),
        (
            "[{ arg: args.c.d }, tool, { arg: args.a }]",
            r#"grant=g/tool=t/arg=args.a="x%2Fy"/arg=args.c.d=true"#,
        ),
        (
            "[{ arg: args.a }, { arg: args.c.d }, tool]",
            r#"grant=g/tool=t/arg=args.a="x%2Fy"/arg=args.c.d=true"#,
        ),
        ("[session, { arg: args.b }, { arg: args.b }]", "grant=g/session=n/arg=args.b=2.5"),
    ] {
        proceeds(&by(scope), arguments, &needs(expected));
    }
    for (arguments, why) in [
        ("", "is missing"),
        ("{}", "is missing"),
        (r#"{"a":null}"#, "is missing"),
        (r#"{"a":["x"]}"#, "must be text, a number, true or false, not an array"),
        (r#"{"a":{}}"#, "must be text, a number, true or false, not an object"),
    ] {
        let expected = format!("limits/0: argument \"a\" {why}: its limit is kept for each value");
        denies(&by("{ arg: args.a }"), arguments, &expected);
    }
}

/// A condition that names such a counter looks at the one for this call's value.
#[test]
fn conditions_on_counters_of_an_argument() {
    let text = "version: \"1\"\ndefault: allow\ntools:\n  t:\n    rules: [{ conditions: [{ path: state.u.c, op: lt, value: 3 }] }]\n  u: { limits: [{ counter: c, max: 3, window: day, scope: { arg: args.a } }] }\n";
    let given = |value| Given { counters: Some(vec![("arg=args.a=1", value)]), ..Given::default() };
    let read = "read server=s/tools/u/c/day/sliding/grant=g/arg=args.a=1";
    check(text, "t", r#"{"a":1}"#, &Given::default(), read);
    let expected = format!("{PROCEED}= 2 server=s/tools/u/c/day/sliding/grant=g/arg=args.a=1");
    check(text, "t", r#"{"a":1}"#, &given("2"), &expected);
    let unreadable = "deny server:/tools/t/rules/0: counter \"c\" of \"u\" could not be read";
    check(text, "t", "{}", &Given::default(), unreadable);
    check(text, "t", r#"{"a":[]}"#, &given("2"), unreadable);
}

#[test]
fn identical_calls_share_a_counter_of_one() {
    let text = rule("idempotency_window: 10m");
    let policy = super::policy(&text);
    let key = |arguments: &str| {
        let judgement = super::judged(&[(crate::Origin::Server, &policy)], "t", arguments, &Given::default());
        let shown = super::shown(&judgement);
        assert!(
            shown.starts_with(&format!(
                "{PROCEED}+ 1 server=s/tools/t/_once_600s_0/600s/sliding/grant=g/call="
            )),
            "{shown}"
        );
        assert!(shown.ends_with(" <= 1"), "{shown}");
        shown
    };
    assert_eq!(key(r#"{"a":1,"b":[2]}"#), key(r#"{"b":[2.0],"a":1e0}"#));
    assert_eq!(key(""), key("{}"));
    assert_ne!(key(r#"{"a":1}"#), key(r#"{"a":2}"#));
}

#[test]
fn money_in_an_argument() {
    let text = rule(
        "spend: { amount: args.pay.n, per_call: 50, daily: 100, monthly: 1000, timezone: Europe/Paris }",
    );
    let needs = |amount: &str| {
        format!(
            "+ {amount} server=s/tools/t/_spend_eur_day_0/day/calendar@Europe%2FParis/grant=g <= 100\n\
             + {amount} server=s/tools/t/_spend_eur_month_0/month/calendar@Europe%2FParis/grant=g <= 1000"
        )
    };
    for (arguments, amount) in [
        (r#"{"pay":{"n":12.340}}"#, "12.34"),
        (r#"{"pay":{"n":50}}"#, "50"),
        (r#"{"pay":{"n":0}}"#, "0"),
        (r#"{"pay":{"n":1,"currency":"EUR"}}"#, "1"),
        (r#"{"pay":{"n":1,"currency":null}}"#, "1"),
        (r#"{"pay":{"n":1},"currency":"usd"}"#, "1"),
    ] {
        proceeds(&text, arguments, &needs(amount));
    }
    let other = "must be \"eur\": the budget counts in no other currency";
    for (arguments, why) in [
        ("{}", "argument \"pay.n\" is missing"),
        (r#"{"pay":{"n":null}}"#, "argument \"pay.n\" is missing"),
        (r#"{"pay":{"n":"5"}}"#, "argument \"pay.n\" must be a number, not text"),
        (r#"{"pay":{"n":-0.01}}"#, "argument \"pay.n\" must not be negative"),
        (r#"{"pay":{"n":1e400000}}"#, "argument \"pay.n\" is out of the range of amounts"),
        (r#"{"pay":{"n":50.01}}"#, "50.01 eur is more than the 50 that one call may spend"),
        (r#"{"pay":{"n":1,"currency":"usd"}}"#, &format!("argument \"pay.currency\" {other}")),
        (r#"{"pay":{"n":1,"currency":"eur "}}"#, &format!("argument \"pay.currency\" {other}")),
        (r#"{"pay":{"n":1,"currency":978}}"#, "argument \"pay.currency\" must be text, not a number"),
    ] {
        denies(&text, arguments, &format!("rules/0: {why}"));
    }
}

#[test]
fn where_a_call_says_its_currency() {
    let text = rule(
        "name: n, on_deny: too dear, spend: { amount: args.n, currency: USD, currency_from: args.unit, monthly: 9 }",
    );
    proceeds(
        &text,
        r#"{"n":1,"unit":"usd"}"#,
        "+ 1 server=s/tools/t/_spend_usd_month_0/month/calendar/grant=g <= 9",
    );
    for (arguments, why) in [
        (r#"{"n":1}"#, "Argument \"unit\" is missing, so the currency is unknown"),
        (r#"{"n":1,"currency":"usd"}"#, "Argument \"unit\" is missing, so the currency is unknown"),
        (
            r#"{"n":1,"unit":"eur"}"#,
            "Argument \"unit\" must be \"USD\": the budget counts in no other currency",
        ),
    ] {
        denies(&text, arguments, &format!("rules/0 [n]: too dear. {why}"));
    }
    // Without a cap it only counts, and without a currency it counts whatever is said.
    let free = "version: \"1\"\ndefault: allow\ntools:\n  t: { rules: [{ spend: { amount: args.n } }] }\n";
    proceeds(free, r#"{"n":1,"currency":"x"}"#, "+ 1 server=s/tools/t/_spend_day_0/day/calendar/grant=g");
}

fn paid(amount: &str, currency: &str, network: Option<&str>) -> Given {
    let price = Price {
        amount: amount.parse().unwrap(),
        currency: currency.to_owned(),
        network: network.map(str::to_owned),
    };
    Given { paid: Some(Ok(price)), ..Given::default() }
}

#[test]
fn money_that_a_challenge_asks_for() {
    let text = |currency: &str| {
        rule(&format!("spend: {{ amount: challenge, per_call: 50, daily: 100, currency: \"{currency}\" }}"))
    };
    // A call that pays nothing spends nothing.
    check(&text("usd"), "t", "{}", &Given::default(), "proceed server:/tools/t: permitted");
    let unknown = Given { paid: Some(Err("it answers nothing")), ..Given::default() };
    check(&text("usd"), "t", "{}", &unknown, "deny server:/tools/t/rules/0: it answers nothing");
    let (base, token) = (Some("eip155:8453"), "0xA0b8");
    for (currency, given, counter) in [
        ("usd", paid("5", "USD", None), "usd"),
        ("0xa0B8", paid("5", token, base), "0xa0b8"),
        ("eip155:8453/0xa0b8", paid("5", token, base), "eip155:8453%2F0xa0b8"),
        (
            "eip155:8453/erc20:0xa0b8",
            paid("5", "eip155:8453/erc20:0xA0b8", None),
            "eip155:8453%2Ferc20:0xa0b8",
        ),
    ] {
        let needs =
            format!("{PROCEED}+ 5 server=s/tools/t/_spend_{counter}_day_0/day/calendar/grant=g <= 100");
        check(&text(currency), "t", "{}", &given, &needs);
    }
    for (currency, given, why) in [
        ("usd", paid("5", "eur", None), r#"the server asks for "eur", and the budget counts in "usd""#),
        ("usd", paid("5", token, base), r#"the server asks for "0xA0b8", and the budget counts in "usd""#),
        (
            "eip155:1/0xA0b8",
            paid("5", token, base),
            r#"the server asks for "0xA0b8", and the budget counts in "eip155:1/0xA0b8""#,
        ),
        (
            "eip155:1/0xA0b8",
            paid("5", token, None),
            r#"the server asks for "0xA0b8", and the budget counts in "eip155:1/0xA0b8""#,
        ),
        ("usd", paid("50.5", "usd", None), "50.5 usd is more than the 50 that one call may spend"),
    ] {
        check(&text(currency), "t", "{}", &given, &format!("deny server:/tools/t/rules/0: {why}"));
    }
}

/// In shadow everything of this is counted apart and said, and denies nothing.
#[test]
fn all_of_it_in_shadow() {
    let text = "version: \"1\"\ndefault: allow\nmode: shadow\nspend_currency: eur\ntools:\n  t:\n    rules:\n      - spend: { amount: args.n, per_call: 5, daily: 9 }\n      - rate_limit: { max: 1, window: day, scope: { arg: args.a }, refund: on_error }\n";
    proceeds(
        text,
        r#"{"n":4,"a":1}"#,
        "+ 4 server=s/tools/t/_spend_eur_day_0/day/calendar/grant=g/shadow <= 9\n\
         + 1 server=s/tools/t/_rate_day_0/day/sliding/grant=g/arg=args.a=1/shadow <= 1 refunded",
    );
    proceeds(
        text,
        r#"{"n":6}"#,
        "~ deny server:/tools/t/rules/0: 6 eur is more than the 5 that one call may spend\n\
         ~ deny server:/tools/t/rules/1: argument \"a\" is missing: its limit is kept for each value",
    );
}

#[test]
fn limits_in_words() {
    for (text, arguments, expected) in [
        (
            rule("rate_limit: { max: 3, window: day, align: calendar, timezone: Asia/Tokyo }"),
            "{}",
            "3 calls per day in Asia/Tokyo",
        ),
        (
            limit("window: hour, scope: [{ arg: args.b }, { arg: args.a }]"),
            r#"{"a":1,"b":2}"#,
            "3 calls per hour for each \"a\" for each \"b\"",
        ),
        (rule("spend: { amount: args.n, daily: 9.5 }"), r#"{"n":1}"#, "9.5 eur in all per day"),
        (rule("idempotency_window: 90"), "{}", "one identical call per 90 seconds"),
        (rule("idempotency_window: 60"), "{}", "one identical call per minute"),
        (rule("idempotency_window: 10m"), "{}", "one identical call per 10 minutes"),
        (rule("rate_limit: 5/24h"), "{}", "5 calls per 24 hours"),
        (rule("rate_limit: 5/3d"), "{}", "5 calls per 3 days"),
        (rule("rate_limit: 1/day"), "{}", "1 call per day"),
    ] {
        let policy = super::policy(&text);
        let crate::Judgement::Decided(decision) =
            super::judged(&[(crate::Origin::Server, &policy)], "t", arguments, &Given::default())
        else {
            panic!("{text}")
        };
        assert_eq!(&*decision.needs[0].words, expected, "{text}");
    }
}
