//! Arguments, conditions on them, and what the dialects' documents say of both.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

pub(super) fn argument() -> impl Strategy<Value = Value> {
    select(vec![
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(5),
        json!(-1),
        json!(1.5),
        json!("a"),
        json!("ab"),
        json!("b"),
        json!("1"),
        json!("true"),
        json!(true),
        json!(false),
        Value::Null,
        json!(["a", "b"]),
        json!([1, 2]),
        json!([]),
        json!({ "z": "a" }),
        json!({ "z": 1 }),
        json!({ "z": null }),
    ])
}

/// A condition on an argument.
pub(super) fn condition() -> impl Strategy<Value = Value> {
    let scalar = || select(vec![json!(1), json!(2), json!(1.5), json!("a"), json!("ab"), json!(true)]);
    let list = select(vec![json!(["a", "b"]), json!([1, 2])]);
    let test = prop_oneof![
        (select(vec!["eq", "neq", "contains"]), scalar()),
        (select(vec!["in", "not_in"]), list),
        (select(vec!["lt", "lte", "gt", "gte"]), select(vec![json!(1), json!(2), json!(1.5)])),
        (Just("regex"), select(vec![json!("^a"), json!("b$"), json!(r"^\w$"), json!("")])),
        (Just("exists"), any::<bool>().prop_map(Value::Bool)),
    ];
    (select(vec!["args.x", "args.y", "args.o.z"]), test)
        .prop_map(|(path, (op, value))| json!({ "path": path, "op": op, "value": value }))
}

/// The value at a path of names.
pub(super) fn find<'v>(arguments: &'v Value, path: &str) -> Option<&'v Value> {
    path.strip_prefix("args.")?.split('.').try_fold(arguments, |value, name| value.get(name))
}

/// Whether a condition holds: numbers are compared as numbers and everything else as text, and what is missing
/// satisfies nothing but that it is.
pub(super) fn holds(op: &str, actual: Option<&Value>, expected: &Value) -> bool {
    let is_there = actual.is_some_and(|actual| !actual.is_null());
    if op == "exists" {
        return Some(is_there) == expected.as_bool();
    }
    let Some(actual) = actual else { return false };
    let ordered = |holds: fn(f64, f64) -> bool| match (actual.as_f64(), expected.as_f64()) {
        (Some(actual), Some(expected)) => holds(actual, expected),
        _ => false,
    };
    let is_in = || expected.as_array().is_some_and(|list| list.iter().any(|item| equal(actual, item)));
    match op {
        "eq" => equal(actual, expected),
        "neq" => !equal(actual, expected),
        "in" => is_in(),
        "not_in" => !is_in(),
        "lt" => ordered(|actual, expected| actual < expected),
        "lte" => ordered(|actual, expected| actual <= expected),
        "gt" => ordered(|actual, expected| actual > expected),
        "gte" => ordered(|actual, expected| actual >= expected),
        "regex" => match (actual.as_str(), expected.as_str()) {
            (Some(text), Some(pattern)) => regex::Regex::new(pattern).unwrap().is_match(text),
            _ => false,
        },
        "contains" => match (actual, expected) {
            (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
            (Value::Array(items), _) => items.iter().any(|item| equal(item, expected)),
            _ => false,
        },
        other => panic!("no operator is called {other}"),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => text(left) == text(right),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a path leads through what is no object.
pub(super) fn is_astray(arguments: &Value, path: &str) -> bool {
    let mut holder = path.to_owned();
    while let Some((above, _)) = holder.rsplit_once('.') {
        holder = above.to_owned();
        if find(arguments, &holder).is_some_and(|held| !held.is_object() && !held.is_null()) {
            return true;
        }
    }
    false
}

/// Whether values of two kinds meet, or null: what is never compared here.
pub(super) fn is_odd(op: &str, actual: Option<&Value>, expected: &Value) -> bool {
    let Some(actual) = actual else { return false };
    let alike = |left: &Value, right: &Value| {
        std::mem::discriminant(left) == std::mem::discriminant(right)
            && !matches!(left, Value::Null | Value::Array(_) | Value::Object(_))
    };
    match (op, actual, expected) {
        ("exists", ..) => false,
        ("contains", Value::Array(items), _) => !items.iter().all(|item| alike(item, expected)),
        ("in" | "not_in", _, Value::Array(items)) => !items.iter().all(|item| alike(actual, item)),
        _ => !alike(actual, expected),
    }
}
