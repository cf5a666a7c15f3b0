//! The four-valued logic again, in the plainest way: every `not` is pushed down to the tests, and each test is asked
//! of each item with the `not` upon it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::{Given, judged, policy, shown};
use crate::Origin;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Four {
    False,
    Unknown,
    True,
}

impl Four {
    fn not_if(self, negated: bool) -> Four {
        match (self, negated) {
            (Four::True, true) => Four::False,
            (Four::False, true) => Four::True,
            (value, _) => value,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Use {
    guard: bool,
    negated: bool,
    nested: bool,
}

fn value(condition: &Value, arguments: &Value, now: Use) -> Four {
    let several =
        |key: &str| condition[key].as_array().unwrap().iter().map(|inner| value(inner, arguments, now));
    let (least, most) = (|key| several(key).min().unwrap(), |key| several(key).max().unwrap());
    if condition.get("not").is_some() {
        let inner = Use { negated: !now.negated, nested: true, ..now };
        return value(&condition["not"], arguments, inner);
    }
    match (condition.get("all").is_some(), condition.get("any").is_some(), now.negated) {
        (true, _, false) => least("all"),
        (true, _, true) => most("all"),
        (_, true, false) => most("any"),
        (_, true, true) => least("any"),
        _ => test(condition, arguments, now),
    }
}

fn test(leaf: &Value, arguments: &Value, now: Use) -> Four {
    let found = match leaf["path"].as_str().unwrap() {
        "args.items[*]" => match arguments.get("items") {
            Some(Value::Array(items)) => {
                let each = items.iter().map(|item| one(leaf, Some(item), now));
                let (none, found) =
                    if now.guard { (Four::True, each.min()) } else { (Four::False, each.max()) };
                return found.unwrap_or(none);
            }
            Some(Value::Null) | None => None,
            Some(_) => return Four::Unknown,
        },
        path => arguments.get(path.strip_prefix("args.").unwrap()),
    };
    one(leaf, found, now)
}

/// A test of one value, with the `not`s around it.
fn one(leaf: &Value, found: Option<&Value>, now: Use) -> Four {
    let wanted = &leaf["value"];
    let plain = match (leaf["op"].as_str().unwrap(), found.filter(|value| !value.is_null())) {
        ("exists", found) => Some(found.is_some() == wanted.as_bool().unwrap()),
        (_, None) if !now.guard && !now.nested && leaf.get("on_missing") != Some(&json!("object")) => {
            Some(false)
        }
        (_, None) => None,
        ("eq", Some(found)) if found.is_string() == wanted.is_string() && !found.is_array() => {
            Some(found == wanted)
        }
        ("lt", Some(Value::Number(found))) => Some(found.as_i64().unwrap() < wanted.as_i64().unwrap()),
        _ => None,
    };
    let plain = match plain {
        Some(true) => Four::True,
        Some(false) => Four::False,
        None => Four::Unknown,
    };
    plain.not_if(now.negated)
}

fn tree() -> impl Strategy<Value = Value> {
    let test = prop_oneof![
        (0..3_i64).prop_map(|value| json!({"op": "eq", "value": value})),
        select(vec!["x", "y"]).prop_map(|value| json!({"op": "eq", "value": value})),
        (0..3_i64).prop_map(|value| json!({"op": "lt", "value": value})),
        any::<bool>().prop_map(|value| json!({"op": "exists", "value": value})),
    ];
    let on_missing = select(vec![None, Some("object"), Some("ignore")]);
    let leaf = (select(vec!["args.a", "args.b", "args.items[*]"]), test, on_missing).prop_map(
        |(path, mut test, on_missing)| {
            test["path"] = path.into();
            super::generate::put(&mut test, "on_missing", on_missing.map(Value::from));
            test
        },
    );
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|inner| json!({"any": inner})),
            vec(inner.clone(), 1..4).prop_map(|inner| json!({"all": inner})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Value> {
    let scalar = || prop_oneof![3 => (0..3_i64).prop_map(Value::from), 2 => select(vec!["x", "y"]).prop_map(Value::from), 1 => Just(Value::Null)];
    let items = prop_oneof![4 => vec(scalar(), 0..4).prop_map(Value::from), 1 => scalar()];
    use proptest::option::of as maybe;
    (maybe(scalar()), maybe(scalar()), maybe(items)).prop_map(|(a, b, items)| {
        let mut arguments = json!({});
        super::generate::put(&mut arguments, "a", a);
        super::generate::put(&mut arguments, "b", b);
        super::generate::put(&mut arguments, "items", items);
        arguments
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nested_conditions_mean_what_the_plain_model_means(conditions in vec(tree(), 1..3), arguments in arguments()) {
        for (action, guard) in [("evaluate", true), ("deny", false), ("require_approval", false)] {
            let now = Use { guard, negated: false, nested: false };
            let whole = conditions.iter().map(|condition| value(condition, &arguments, now)).min().unwrap();
            let passes = if guard { whole == Four::True } else { whole == Four::False };
            let policy = policy(&json!({ "version": "1", "default": "deny", "tools": {
                "t": { "rules": [{ "action": action, "conditions": conditions }] } } }).to_string());
            let decision = shown(&judged(&[(Origin::Server, &policy)], "t", &arguments.to_string(), &Given::default()));
            prop_assert_eq!(decision.starts_with("proceed"), passes, "{} {:?}: {}", action, whole, decision);
        }
    }
}
