//! A warning that something can never hold is true: no call of a small world contradicts it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::{
    Diagnostic, Facts, Judgement, Origin, Policy, Seen, Source, Syntax, ToolFacts, Verdict, compile, explain,
};

pub(super) fn read(document: &Value) -> (Policy, Vec<Diagnostic>) {
    let text = document.to_string();
    let (policy, found) = compile(&Source { name: "p", text: &text, syntax: Syntax::Json });
    (policy.unwrap_or_else(|| panic!("{text}: {found:#?}")), found)
}

pub(super) fn put(map: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map[key] = value;
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (0..5_i64).prop_map(Value::from),
        1 => Just(json!(2.5)),
        2 => select(vec!["a", "A", "x"]).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

fn test_of_argument() -> impl Strategy<Value = Value> {
    let test = prop_oneof![
        3 => (select(vec!["lt", "lte", "gt", "gte"]), 0..5_i64).prop_map(|(op, value)| json!({"op": op, "value": value})),
        2 => (select(vec!["eq", "neq"]), value()).prop_map(|(op, value)| json!({"op": op, "value": value})),
        1 => (select(vec!["in", "not_in"]), vec(value(), 1..4)).prop_map(|(op, value)| json!({"op": op, "value": value})),
        1 => any::<bool>().prop_map(|value| json!({"op": "exists", "value": value})),
        1 => select(vec!["^a$", "x"]).prop_map(|value| json!({"op": "regex", "value": value})),
        1 => Just(json!({"op": "eq", "value": "a", "compare": "ci"})),
        1 => select(vec!["a", "x"]).prop_map(|value| json!({"op": "contains", "value": value})),
    ];
    let on_missing = select(vec![None, Some("object"), Some("ignore")]);
    (select(vec!["args.a", "args.a", "args.b", "args.a[*]"]), test, on_missing).prop_map(
        |(path, mut test, on_missing)| {
            test["path"] = path.into();
            put(&mut test, "on_missing", on_missing.map(Value::from));
            test
        },
    )
}

fn test_of_hour() -> impl Strategy<Value = Value> {
    let zone = select(vec![None, Some("Asia/Tokyo")]);
    (select(vec!["lt", "lte", "gt", "gte", "eq"]), select(vec![0, 1, 9, 22, 23, 24]), zone).prop_map(
        |(op, value, zone)| {
            let mut test = json!({"path": "time.hour", "op": op, "value": value});
            put(&mut test, "timezone", zone.map(Value::from));
            test
        },
    )
}

fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![6 => test_of_argument(), 1 => test_of_hour()].prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|inner| json!({"any": inner})),
            vec(inner.clone(), 2..4).prop_map(|inner| json!({"all": inner})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
}

/// A policy of one entry for the tool `t`.
fn document() -> impl Strategy<Value = Value> {
    let mode = || select(vec![None, None, None, Some("shadow")]);
    let rule = (select(vec!["evaluate", "deny", "require_approval"]), vec(condition(), 0..4), mode())
        .prop_map(|(action, conditions, mode)| {
            let mut rule = json!({"action": action, "conditions": conditions});
            put(&mut rule, "mode", mode.map(Value::from));
            rule
        });
    let block = || {
        (vec(condition(), 0..4), mode()).prop_map(|(conditions, mode)| {
            let mut block = json!({"conditions": conditions});
            put(&mut block, "mode", mode.map(Value::from));
            block
        })
    };
    let require = prop_oneof![2 => test_of_argument(), 1 => condition(), 1 => block()];
    let hide = select(vec!["", "t", "*", "t*", "u"]);
    (vec(rule, 0..2), vec(require, 0..3), vec(block(), 0..2), mode(), mode(), hide).prop_map(
        |(rules, require, deny_if, mode, whole, hide)| {
            let mut entry = json!({"rules": rules, "require": require, "deny_if": deny_if});
            put(&mut entry, "mode", mode.map(Value::from));
            let hide: Vec<&str> = Some(hide).into_iter().filter(|hide| !hide.is_empty()).collect();
            let mut document =
                json!({"version": "1", "default": "deny", "hide": hide, "tools": {"t": entry}});
            put(&mut document, "mode", whole.map(Value::from));
            document
        },
    )
}

/// Every call of the small world: two arguments, and the hour.
fn calls() -> Vec<(String, i64)> {
    let values = [
        None,
        Some("null"),
        Some("-1"),
        Some("0"),
        Some("1"),
        Some("2.5"),
        Some("3"),
        Some("4"),
        Some("5"),
        Some("\"a\""),
        Some("\"A\""),
        Some("\"x\""),
        Some("true"),
        Some("false"),
        Some("[1, \"a\"]"),
        Some("{}"),
    ];
    let mut calls = Vec::new();
    for a in values {
        for b in [None, Some("1"), Some("4"), Some("\"a\""), Some("true")] {
            let members = [("a", a), ("b", b)];
            let members = members.iter().filter_map(|(key, value)| Some(format!("\"{key}\": {}", (*value)?)));
            calls.push((format!("{{{}}}", members.collect::<Vec<_>>().join(", ")), 9));
        }
    }
    calls.extend((0..24).map(|hour| ("{\"a\": 1}".to_owned(), hour)));
    calls
}

/// Whether everything in the list that the pointer's condition stands in holds, or the condition where it stands
/// alone.
fn holds(seen: &[(String, Vec<Seen>)], pointer: &str) -> bool {
    let found = |pointer: &str| -> Option<(Option<bool>, Vec<Option<bool>>)> {
        let (step, list) = seen.iter().find(|(step, _)| {
            pointer.strip_prefix(step.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })?;
        let mut path =
            pointer.strip_prefix(step.as_str())?.split('/').skip(1).filter(|part| *part != "conditions");
        let mut siblings: &[Seen] = list;
        let mut at = if step.contains("/require/") && !pointer.contains("/conditions") {
            siblings.first()?
        } else {
            siblings.get(path.next()?.parse::<usize>().ok()?)?
        };
        let mut join = "all";
        while let Some(part) = path.next() {
            let index = if part == "not" { 0 } else { path.next()?.parse().ok()? };
            (siblings, join) = (&at.inner, part.to_owned().leak());
            at = siblings.get(index)?;
        }
        let together =
            if join == "all" { siblings.iter().map(|one| one.holds).collect() } else { Vec::new() };
        Some((at.holds, together))
    };
    let (own, mut together) = found(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}"));
    let of_require = pointer.strip_prefix("/tools/t/require/").is_some_and(|rest| !rest.contains('/'));
    if of_require {
        let steps = seen.iter().filter(|(step, _)| step.starts_with("/tools/t/require/"));
        together = steps.flat_map(|(_, list)| list.iter().map(|one| one.holds)).collect();
    }
    own == Some(true) && together.iter().all(|one| *one == Some(true))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_never_holds_never_holds(document in document()) {
        let (policy, found) = read(&document);
        let told = |code: &str| found.iter().filter(|found| found.code == code).collect::<Vec<_>>();
        let (contradictions, hidden, always) = (told("contradiction"), told("hidden-entry"), told("always-denies"));
        if contradictions.len() + hidden.len() + always.len() == 0 {
            return Ok(());
        }
        for (arguments, hour) in calls() {
            let scanned = interlock_json::scan(arguments.as_str(), &interlock_json::Limits::default()).unwrap();
            let call = super::super::call("t", Some(scanned.root()));
            let facts = Facts { tool: ToolFacts::Absent, ..Facts::new("g", "n", hour * 3_600_000) };
            let trace = explain(&[(Origin::Server, &policy)], &call, &facts);
            let Judgement::Decided(decision) = &trace.judgement else { panic!("not decided") };
            let seen: Vec<(String, Vec<Seen>)> = trace.steps.iter()
                .map(|step| (step.rule.to_string().trim_start_matches("server:").to_owned(), step.seen.clone())).collect();
            for warning in &contradictions {
                prop_assert!(!holds(&seen, &warning.pointer), "{document}\n{arguments} {hour}: {warning:#?}");
                if warning.help.as_deref() == Some("as it stands every call is denied") {
                    prop_assert_eq!(decision.verdict, Verdict::Deny, "{}\n{}: {:#?}", document, arguments, warning);
                }
            }
            if let Some(warning) = hidden.iter().chain(&always).next() {
                prop_assert_eq!(decision.verdict, Verdict::Deny, "{}\n{}: {:#?}", document, arguments, warning);
            }
        }
    }
}
