//! A warning that a limit is never reached, or lets nothing through, is true: no sequence of calls contradicts it, as
//! a plain ledger counts them.

use std::collections::{BTreeMap, BTreeSet};

use interlock_json::Decimal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::warnings::{put, read};
use crate::{Bound, CounterKey, Facts, Judgement, Need, Origin, ToolFacts, Verdict, judge};

fn maybe(words: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![2 => Just(None), 1 => select(words).prop_map(|word| Some(Value::from(word)))]
}

fn scope() -> impl Strategy<Value = Option<Value>> {
    select(vec![
        None,
        None,
        Some(json!("session")),
        Some(json!("tool")),
        Some(json!("global")),
        Some(json!({"arg": "args.a"})),
        Some(json!(["session", {"arg": "/args/a"}])),
        Some(json!([{"arg": "args.a"}, {"arg": "args.b"}])),
    ])
}

fn limit() -> impl Strategy<Value = Value> {
    let window = select(vec!["5s", "10s", "20s", "minute"]);
    let amount = prop_oneof![4 => Just(None), 1 => Just(Some(json!("args.b")))];
    let counter = select(vec![None, None, Some("c"), Some("d")]);
    (
        window,
        0..8_u64,
        scope(),
        maybe(&["sliding", "calendar"]),
        maybe(&["on_error"]),
        amount,
        counter,
        0..6_u8,
    )
        .prop_map(|(window, max, scope, align, refund, amount, counter, odd)| {
            let mut limit = json!({"window": window, "max": max});
            put(&mut limit, "scope", scope);
            put(&mut limit, "align", align);
            put(&mut limit, "refund", refund);
            put(&mut limit, "min", amount.as_ref().filter(|_| odd < 3).map(|_| json!(odd)));
            put(&mut limit, "amount", amount);
            put(&mut limit, "counter", counter.map(Value::from));
            put(&mut limit, "mode", (odd == 5).then(|| json!("shadow")));
            limit
        })
}

/// A counter of its own with a bound on it, in an entry `*`.
fn budget() -> impl Strategy<Value = Value> {
    let adds =
        select(vec![json!({"increment": 0}), json!({"increment": 3}), json!({"increment_from": "args.b"})]);
    (adds, select(vec!["lt", "lte"]), 0..5_u8).prop_map(|(adds, op, most)| {
        let mut state = json!({"counter": "s", "window": "minute"});
        state.as_object_mut().unwrap().extend(adds.as_object().unwrap().clone());
        json!({"conditions": [{"path": "state._global.s", "op": op, "value": most}], "state": state})
    })
}

fn document() -> impl Strategy<Value = Value> {
    let limits = || vec(limit(), 1..5);
    let rate = (select(vec!["3/10s", "12/minute", "18/minute", "0/10s"]), maybe(&["shadow"])).prop_map(
        |(rate, mode)| {
            let mut rule = json!({"rate_limit": rate});
            put(&mut rule, "mode", mode);
            rule
        },
    );
    let every = (limits(), vec(rate, 0..2), proptest::option::of(budget()));
    (every, proptest::option::weighted(0.4, limits())).prop_map(|((limits, mut rules, budget), all_tools)| {
        rules.extend(budget);
        let mut document =
            json!({"version": "1", "default": "allow", "tools": {"*": {"limits": limits, "rules": rules}}});
        put(&mut document, "all_tools", all_tools.map(|limits| json!({ "limits": limits })));
        document
    })
}

/// A call: when after the last, in which session, of which tool, with which arguments, and whether it fails.
type Step = (i64, usize, usize, usize, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause = select(vec![0_i64, 0, 0, 1, 2, 5, 10, 30]);
    let quick = vec((pause, 0..2_usize, 0..2_usize, 0..6_usize, any::<bool>()), 1..60);
    // Most sequences that reach a limit are of one caller.
    let one = (vec(select(vec![0_i64, 0, 1, 5, 10]), 1..60), 0..6_usize, any::<bool>()).prop_map(
        |(pauses, arguments, fails)| {
            pauses.into_iter().map(|pause| (pause, 0, 0, arguments, fails)).collect()
        },
    );
    prop_oneof![quick, one]
}

const ARGUMENTS: [&str; 6] = [
    "{}",
    r#"{"a": 1}"#,
    r#"{"a": 1, "b": 1}"#,
    r#"{"a": 2, "b": 1}"#,
    r#"{"a": 1, "b": 0}"#,
    r#"{"a": 1, "b": 5}"#,
];

/// What has been counted: by counter, when and how much.
#[derive(Default)]
struct Ledger(BTreeMap<String, Vec<(i64, Decimal)>>);

impl Ledger {
    fn holds(&self, key: &CounterKey, now: i64) -> Decimal {
        let length = i64::try_from(key.window.sliding_seconds()).unwrap();
        let counts = |at: i64| match key.align {
            crate::Align::Sliding => now - at < length,
            _ => now / length == at / length,
        };
        let counted = self.0.get(&key.to_string()).into_iter().flatten();
        let counted = counted.filter(|(at, _)| counts(*at)).map(|(_, amount)| *amount);
        counted.fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
    }

    /// The limits that a call would exceed. What it adds to one counter is added up.
    fn exceeded<'n>(&self, needs: &'n [Need], now: i64) -> Vec<&'n Need> {
        let exceeds = |need: &&Need| {
            let same = needs.iter().filter(|other| other.key == need.key);
            let adds =
                same.fold(self.holds(&need.key, now), |sum, other| sum.checked_add(other.amount).unwrap());
            match need.bound {
                Bound::None => false,
                Bound::AtMost(most) => adds > most,
                Bound::Below(below) => adds >= below,
            }
        };
        needs.iter().filter(|need| !need.shadow).filter(exceeds).collect()
    }
}

fn pointer(need: &Need) -> String {
    need.rule.to_string().trim_start_matches("server:").to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_is_never_reached_is_never_reached(document in document(), steps in steps()) {
        let (policy, found) = read(&document);
        let told = |code: &str| -> BTreeSet<String> {
            found.iter().filter(|found| found.code == code).map(|found| found.pointer.clone()).collect()
        };
        let (never, nothing) = (told("unreachable-limit"), told("never-permits"));
        if never.len() + nothing.len() == 0 {
            return Ok(());
        }
        let (mut ledger, mut now) = (Ledger::default(), 1_000_000_007_i64);
        for (pause, session, tool, arguments, fails) in steps {
            now += pause;
            let scanned = interlock_json::scan(ARGUMENTS[arguments], &interlock_json::Limits::default()).unwrap();
            let call = super::super::call(["t", "u"][tool], Some(scanned.root()));
            let facts = Facts { tool: ToolFacts::Absent, ..Facts::new("g", ["m", "n"][session], now * 1_000) };
            let Judgement::Decided(decision) = judge(&[(Origin::Server, &policy)], &call, &facts) else { panic!("not decided") };
            if decision.verdict != Verdict::Proceed {
                continue;
            }
            let exceeded = ledger.exceeded(&decision.needs, now);
            let only_these = !exceeded.is_empty() && exceeded.iter().all(|need| never.contains(&pointer(need)));
            prop_assert!(!only_these, "{document}\nreached: {exceeded:#?}");
            if !exceeded.is_empty() {
                continue;
            }
            for need in &decision.needs {
                prop_assert!(need.shadow || !nothing.contains(&pointer(need)), "{document}\npassed: {need:#?}");
                // What is given back was there for no time: it is counted for the others only.
                if !fails || need.refund == crate::Refund::Keep {
                    ledger.0.entry(need.key.to_string()).or_default().push((now, need.amount));
                }
            }
        }
    }
}
