//! What each operator makes of one value.

use super::condition::Four;
use super::json::Json;
use super::number::Number;
use super::policy::Policy;
use super::reading;

/// A test of a value that is there, or of nothing.
pub(super) fn test(leaf: &Json, value: Option<&Json>, policy: &Policy) -> Four {
    let operator = leaf.text_at("op").unwrap();
    let wanted = leaf.get("value").map(|wanted| policy.listed(wanted));
    if operator == "exists" {
        let given = value.is_some_and(|value| *value != Json::Null);
        return truth(given != (wanted == Some(&Json::Bool(false))));
    }
    let Some(value) = value.filter(|value| **value != Json::Null) else { return Four::Missing };
    let (wanted, fold) = (wanted.unwrap(), leaf.says("compare", "ci"));
    match operator {
        "eq" => equal(value, wanted, fold),
        "neq" => not(equal(value, wanted, fold)),
        "in" => one_of(value, wanted.items(), fold),
        "not_in" => not(one_of(value, wanted.items(), fold)),
        "lt" => compare(value, wanted, |a, b| a < b),
        "lte" => compare(value, wanted, |a, b| a <= b),
        "gt" => compare(value, wanted, |a, b| a > b),
        "gte" => compare(value, wanted, |a, b| a >= b),
        "contains" => contains(value, wanted, fold),
        _ => reading::test(operator, value, wanted, policy, fold),
    }
}

pub(super) fn truth(value: bool) -> Four {
    if value { Four::True } else { Four::False }
}

fn not(value: Four) -> Four {
    match value {
        Four::True => Four::False,
        Four::False => Four::True,
        other => other,
    }
}

/// Letters that differ in case only become the same.
pub(super) fn folded(text: &str, fold: bool) -> String {
    if !fold {
        return text.to_owned();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// By type, numbers exactly.
fn equal(value: &Json, wanted: &Json, fold: bool) -> Four {
    match (value, wanted) {
        (Json::Text(a), Json::Text(b)) => truth(folded(a, fold) == folded(b, fold)),
        (Json::Bool(a), Json::Bool(b)) => truth(a == b),
        (Json::Number(a), Json::Number(b)) => match (Number::parse(a), Number::parse(b)) {
            (Some(a), Some(b)) => truth(a == b),
            _ => Four::Unjudgeable,
        },
        _ => Four::Unjudgeable,
    }
}

/// One that is equal is enough; otherwise one of the same type is, to say that it is none of them.
fn one_of(value: &Json, wanted: &[Json], fold: bool) -> Four {
    let values: Vec<Four> = wanted.iter().map(|wanted| equal(value, wanted, fold)).collect();
    let said = |is: Four| values.contains(&is);
    match (said(Four::True), said(Four::False)) {
        (true, _) => Four::True,
        (false, true) => Four::False,
        (false, false) => Four::Unjudgeable,
    }
}

fn compare(value: &Json, wanted: &Json, holds: fn(&Number, &Number) -> bool) -> Four {
    let (Json::Number(value), Json::Number(wanted)) = (value, wanted) else { return Four::Unjudgeable };
    Number::parse(value).map_or(Four::Unjudgeable, |value| truth(holds(&value, &Number::of(wanted))))
}

/// A part of a text, or an item of an array.
fn contains(value: &Json, wanted: &Json, fold: bool) -> Four {
    match (value, wanted) {
        (Json::Text(whole), Json::Text(part)) => truth(folded(whole, fold).contains(&folded(part, fold))),
        (Json::Array(items), _) => {
            let values: Vec<Four> = items.iter().map(|item| equal(item, wanted, fold)).collect();
            if values.contains(&Four::True) {
                Four::True
            } else if values.contains(&Four::Unjudgeable) {
                Four::Unjudgeable
            } else {
                Four::False
            }
        }
        _ => Four::Unjudgeable,
    }
}
