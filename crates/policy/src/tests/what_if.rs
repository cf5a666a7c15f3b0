//! What would have changed a decision. Every answer is judged again here, too.

use interlock_json::Decimal;

use super::policy;
use crate::{
    Bound, Call, CounterKey, Facts, Judgement, Origin, Outcome, Policy, Section, ToolFacts, Trial, Verdict,
    alternatives, judge, objections,
};

/// Judges with limits, in the simplest way: each need by itself.
fn outcome(trial: &Trial<'_>) -> Outcome {
    let Judgement::Decided(decision) = judge(trial.stack, &trial.call, &trial.facts) else {
        panic!("all counters are given")
    };
    let held = |key: &CounterKey| {
        trial.counters.iter().find(|(known, _)| known == key).map_or(Decimal::ZERO, |(_, value)| *value)
    };
    let over = decision.needs.iter().find(|need| {
        let sum = held(&need.key).checked_add(need.amount).unwrap();
        match need.bound {
            Bound::None => false,
            Bound::AtMost(most) => sum > most,
            Bound::Below(below) => sum >= below,
        }
    });
    match over {
        Some(need) if decision.verdict != Verdict::Deny => {
            Outcome { verdict: Verdict::Deny, rule: need.rule.clone() }
        }
        _ => Outcome { verdict: decision.verdict, rule: decision.rule },
    }
}

type Search = fn(&Trial<'_>, &mut dyn FnMut(&Trial<'_>) -> Outcome) -> Vec<crate::Alternative>;

fn told(
    search: Search,
    policy: &Policy,
    name: &str,
    arguments: &str,
    counters: &[(&str, &str)],
) -> Vec<String> {
    let document = interlock_json::scan(arguments, &interlock_json::Limits::default()).unwrap();
    let call = Call { section: Section::Tools, server: "s", name, arguments: Some(document.root()) };
    let definition = super::defined(r#"{"required": ["first", "second"]}"#);
    let tool = ToolFacts::Known { definition: &definition };
    let facts = Facts { tool, ..Facts::new("g", "n", 0) };
    let counters: Vec<(CounterKey, Decimal)> = counters
        .iter()
        .flat_map(|(name, value)| {
            let keys = policy.counters_named(name, &call, &facts);
            assert!(!keys.is_empty(), "{name} is none of {:?}", policy.counter_names());
            keys.into_iter().map(|key| (key, value.parse().unwrap()))
        })
        .collect();
    let stack = [(Origin::Server, policy)];
    let trial = Trial { stack: &stack, call, facts, counters: &counters };
    let found = search(&trial, &mut outcome);
    found
        .iter()
        .map(|alternative| {
            let words: Vec<_> = alternative.changes.iter().map(|change| change.words.as_str()).collect();
            format!("{} -> {}", words.join(" and "), alternative.outcome.rule)
        })
        .collect()
}

const POLICY: &str = r#"
version: "1"
default: deny
hide: [secret_*]
tools:
  pay:
    rules:
      - { name: cap, conditions: [{ path: args.amount, op: lte, value: 50000 }, { path: args.currency, op: in, value: [usd, eur] }] }
      - { name: to us, conditions: [{ path: args.to, op: regex, value: "^[a-z]+@example\\.com$" }], on_deny: only to us }
      - { name: not me, action: deny, conditions: [{ path: grant.name, op: neq, value: boss }, { path: args.urgent, op: eq, value: true }] }
      - { name: budget, conditions: [{ path: state.pay.spent, op: lte, value: 60000 }], state: { counter: spent, window: day, increment_from: args.amount } }
  wipe: { rules: [{ action: deny }] }
  job: { rules: [{ validate: { required_args: true }, rate_limit: 10/minute }] }
  items: { require: [{ path: "args.items[*].n", op: lt, value: 3 }] }
  ask: { approve_if: [{ conditions: [{ path: args.big, op: exists }] }] }
  frozen: { deny_if: [{ conditions: [{ path: state.pay.spent, op: gte, value: 100 }] }] }
"#;

#[test]
#[rustfmt::skip]
fn what_would_let_a_call_pass() {
    let policy = policy(POLICY);
    let pay = "server:/tools/pay";
    let check = |name: &str, arguments: &str, counters: &[(&str, &str)], expected: &[String]| {
        assert_eq!(told(alternatives, &policy, name, arguments, counters), expected, "{name} {arguments}");
    };
    check("pay", r#"{"amount": 60000, "currency": "usd", "to": "a@example.com"}"#, &[],
        &[format!("argument \"amount\" were at most 50000 -> {pay}")]);
    check("pay", r#"{"amount": 60000, "to": "a@example.org"}"#, &[],
        &[format!("argument \"amount\" were at most 50000 and argument \"currency\" were one of \"usd\", \"eur\" and \
            argument \"to\" did match \"^[a-z]+@example\\\\.com$\", such as \"a@example.com\" -> {pay}")]);
    check("pay", r#"{"amount": 5, "currency": "eur", "to": "a@example.com", "urgent": true}"#, &[], &[
        format!("the grant's name were \"boss\" -> {pay}"),
        format!("argument \"urgent\" were not true, such as false -> {pay}"),
        format!("argument \"urgent\" were not given -> {pay}"),
    ]);
    check("pay", r#"{"amount": 20000, "currency": "usd", "to": "a@example.com"}"#, &[("pay.spent", "45000")],
        &[format!("argument \"amount\" were at most 15000 -> {pay}")]);
    check("wipe", "{}", &[], &["the policy were without `server:/tools/wipe/rules/0` -> server:/tools/wipe".to_owned()]);
    check("nothing", "{}", &[], &["tool \"nothing\" were listed in `tools` -> server:/tools/nothing".to_owned()]);
    check("secret_x", "{}", &[], &["tool \"secret_x\" were listed and not hidden -> server:/tools/secret_x".to_owned()]);
    check("job", "{}", &[],
        &["argument \"first\" were given and argument \"second\" were given -> server:/tools/job".to_owned()]);
    check("job", r#"{"first": 1, "second": 2}"#, &[("job._rate_minute_0", "10")],
        &["the policy were without `server:/tools/job/rules/0` -> server:/tools/job".to_owned()]);
    check("items", r#"{"items": [{"n": 1}, {"n": 7}]}"#, &[],
        &["argument \"items[*].n\" were less than 3 -> server:/tools/items".to_owned()]);
    check("ask", r#"{"big": 1}"#, &[], &["argument \"big\" were not given -> server:/tools/ask".to_owned()]);
    check("frozen", "{}", &[("pay.spent", "100")],
        &["counter \"spent\" of \"pay\" were not at least 100, such as 99 -> server:/tools/frozen".to_owned()]);
}

/// What may still be spent is told as an amount; of a counter that the call has not, nothing is.
#[test]
#[rustfmt::skip]
fn what_may_still_be_spent() {
    let policy = policy("version: \"1\"\ndefault: allow\ntools:\n  pay: { rules: [{ spend: { amount: args.n, per_call: 30, daily: 50, scope: [{ arg: args.to }] } }] }\n");
    let check = |arguments: &str, counters: &[(&str, &str)], expected: &[&str]| {
        assert_eq!(told(alternatives, &policy, "pay", arguments, counters), expected, "{arguments} {counters:?}");
    };
    let spent = "pay._spend_day_0";
    let without = "the policy were without `server:/tools/pay/rules/0` -> server:/tools/pay";
    check(r#"{"n": 40, "to": "a"}"#, &[(spent, "0")], &["argument \"n\" were at most 30 -> server:/tools/pay"]);
    check(r#"{"n": 40, "to": "a"}"#, &[(spent, "45")], &["argument \"n\" were at most 5 -> server:/tools/pay"]);
    check(r#"{"n": 20, "to": "a"}"#, &[(spent, "45")], &["argument \"n\" were at most 5 -> server:/tools/pay"]);
    check(r#"{"n": 20, "to": "a"}"#, &[(spent, "50")], &[without]);
    check(r#"{"n": 20}"#, &[], &[without]);
}

#[test]
#[rustfmt::skip]
fn what_would_stop_a_call() {
    let policy = policy(POLICY);
    let check = |name: &str, arguments: &str, expected: &[&str]| {
        assert_eq!(told(objections, &policy, name, arguments, &[]), expected, "{name} {arguments}");
    };
    check("pay", r#"{"amount": 5, "currency": "usd", "to": "a@example.com"}"#, &[
        "argument \"urgent\" were true -> server:/tools/pay/rules/2",
        "argument \"amount\" were not at most 50000, such as 50001 -> server:/tools/pay/rules/0",
        "argument \"to\" did not match \"^[a-z]+@example\\\\.com$\", such as \"example\" -> server:/tools/pay/rules/1",
        "the limit of 60000 in all of argument \"amount\" per day had counted 59996 or more already -> server:/tools/pay/rules/3",
    ]);
    check("job", r#"{"first": 1, "second": 2}"#, &[
        "argument \"first\" were not given -> server:/tools/job/rules/0",
        "the limit of 10 calls per minute had counted 10 or more already -> server:/tools/job/rules/0",
    ]);
    check("ask", "{}", &["argument \"big\" were given, such as \"example\" -> server:/tools/ask/approve_if/0"]);
}

/// Of a call that goes through, each limit tells the least that it would not let through.
#[test]
#[rustfmt::skip]
fn what_a_limit_would_stop() {
    let check = |entry: &str, counters: &[(&str, &str)], expected: &[&str]| {
        let policy = policy(&format!("version: \"1\"\ndefault: allow\ntools:\n  t: {entry}\n"));
        assert_eq!(told(objections, &policy, "t", r#"{"a": 3}"#, counters), expected, "{entry} {counters:?}");
    };
    let rule = |body: &str| format!("{{ rules: [{{ {body} }}] }}");
    check(&rule("spend: { amount: args.a, daily: 5 }"), &[], &["argument \"a\" were more than 5, such as 6 -> server:/tools/t/rules/0"]);
    check(&rule("spend: { amount: args.a, daily: 5 }"), &[("t._spend_day_0", "1.5")],
        &["argument \"a\" were more than 3.5, such as 4.5 -> server:/tools/t/rules/0"]);
    check(&rule("spend: { amount: args.a, per_call: 4, daily: 50 }"), &[],
        &["argument \"a\" were more than 4, such as 5 -> server:/tools/t/rules/0"]);
    check(&rule("spend: { amount: args.a, per_call: 4 }"), &[], &["argument \"a\" were more than 4, such as 5 -> server:/tools/t/rules/0"]);
    // The tighter one of two is told as an amount; the other by what would have to be counted.
    check(&rule("spend: { amount: args.a, daily: 50, monthly: 60 }"), &[("t._spend_month_0", "55")], &[
        "argument \"a\" were more than 5, such as 6 -> server:/tools/t/rules/0",
        "the limit of 50 in all per day had counted 48 or more already -> server:/tools/t/rules/0",
    ]);
    check(&rule("conditions: [{ path: state.t.c, op: lt, value: 5 }], state: { counter: c, window: day, increment_from: args.a }"), &[],
        &["argument \"a\" were at least 5 -> server:/tools/t/rules/0"]);
    check("{ limits: [{ counter: c, window: day, max: 5, amount: args.a }] }", &[],
        &["argument \"a\" were more than 5, such as 6 -> server:/tools/t/limits/0"]);
    check(&rule("conditions: [{ path: state.t.c, op: lte, value: 10 }], state: { counter: c, window: day, increment: 3 }"), &[],
        &["the limit of 10 in all per day had counted 8 or more already -> server:/tools/t/rules/0"]);
    check(&rule("conditions: [{ path: state.t.c, op: lte, value: 10 }], state: { counter: c, window: day, increment: 0.5 }"), &[],
        &["the limit of 10 in all per day had counted 10 or more already -> server:/tools/t/rules/0"]);
    check(&rule("rate_limit: 1/minute"), &[], &["the limit of 1 call per minute had counted 1 or more already -> server:/tools/t/rules/0"]);
    check(&rule("rate_limit: 2/minute"), &[("t._rate_minute_0", "1")],
        &["the limit of 2 calls per minute had counted 2 or more already -> server:/tools/t/rules/0"]);
    // A condition of the same rule is one thing, its limit another.
    check(&rule("conditions: [{ path: args.a, op: lt, value: 4 }], rate_limit: 1/minute"), &[], &[
        "argument \"a\" were not less than 4, such as 4 -> server:/tools/t/rules/0",
        "the limit of 1 call per minute had counted 1 or more already -> server:/tools/t/rules/0",
    ]);
    check(&rule("conditions: [{ path: args.a, op: lt, value: 4 }], spend: { amount: args.a, daily: 5 }"), &[], &[
        "argument \"a\" were not less than 4, such as 4 -> server:/tools/t/rules/0",
        "the limit of 5 in all per day had counted 3 or more already -> server:/tools/t/rules/0",
    ]);
    // A limit in shadow denies nothing, nor does a counter without a bound.
    check(&rule("rate_limit: 1/minute, mode: shadow"), &[], &[]);
    check(&rule("state: { counter: c, window: day, increment_from: args.a }"), &[], &[]);
}

#[test]
#[rustfmt::skip]
fn nested_conditions_turn_as_a_whole() {
    let policy = policy(
        r#"
version: "1"
default: deny
tools:
  one: { require: [{ any: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 2 }] }] }
  two: { deny_if: [{ conditions: [{ any: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 2 }] }] }] }
  not: { require: [{ not: { path: args.a, op: gt, value: 3 } }] }
"#,
    );
    let check = |name: &str, arguments: &str, expected: &[&str]| {
        assert_eq!(told(alternatives, &policy, name, arguments, &[]), expected, "{name} {arguments}");
    };
    check(
        "one",
        r#"{"a": 5, "b": 5}"#,
        &["argument \"a\" were 1 -> server:/tools/one", "argument \"b\" were 2 -> server:/tools/one"],
    );
    check("two", r#"{"a": 1, "b": 2}"#, &[
        "argument \"a\" were not 1, such as 2 and argument \"b\" were not 2, such as 3 -> server:/tools/two",
        "argument \"a\" were not 1, such as 2 and argument \"b\" were not given -> server:/tools/two",
        "argument \"b\" were not 2, such as 3 and argument \"a\" were not given -> server:/tools/two",
    ]);
    check("not", r#"{"a": 9}"#, &["argument \"a\" were not greater than 3, such as 3 -> server:/tools/not"]);
}
