//! Intercept's conditions.

use compact_str::ToCompactString;
use interlock_json::Decimal;

use crate::diagnostic::quoted;
use crate::import::re2;
use crate::import::translation::{CONDITION, OURS_IN_CONDITION, Translation, below, member_mut};
use crate::path::{Path, Step};
use crate::tree::{Node, Value, member};

const BY_TYPE: &str = "Values are compared by type: `\"1\"` is not `1`, and what cannot be compared never helps a call; null \
    counts as missing. Intercept compares their texts.";
const BY_KIND: &str = "`gt`, `gte`, `lt` and `lte` judge numbers alone, digit for digit, and `regex` text: a value of another type \
    never helps a call. In Intercept it only fails the condition, and numbers are rounded to doubles.";
const INSIDE: &str =
    "What is looked for inside what is no object never helps a call; Intercept takes it for missing.";
const SPELT_OUT: &str = "The pattern says in full what Intercept understands: `\\d`, `\\w`, `\\s` and `\\b` know ASCII only, \
    and in a class every bracket is a character.";

/// `own` is the path of the counter of the rule's `state`.
pub(super) fn translate(
    node: &mut Node,
    own: Option<&str>,
    pointer: &str,
    translation: &mut Translation<'_, '_>,
) {
    translation.only(node, pointer, &CONDITION, &OURS_IN_CONDITION);
    let text = |key: &str| match &member(node, key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let (at, operator) = (text("path"), text("op"));
    if operator.as_deref() == Some("not_in") {
        translation.one_kind(node, pointer);
    }
    match operator.as_deref() {
        Some("regex") => regex(node, pointer, translation),
        Some("eq" | "neq" | "in" | "not_in" | "contains") => translation.generally(true, BY_TYPE),
        Some("lt" | "lte") if own.is_some() && own == at.as_deref() => {
            whole_bound(node, pointer, translation)
        }
        _ => {}
    }
    let argument = at.as_deref().and_then(|at| at.strip_prefix("args."));
    if argument.is_some() && matches!(operator.as_deref(), Some("gt" | "gte" | "lt" | "lte" | "regex")) {
        translation.generally(true, BY_KIND);
    }
    if argument.is_some_and(|names| names.contains('.')) && operator.as_deref() != Some("exists") {
        translation.generally(true, INSIDE);
    }
    path(node, "path", pointer, translation);
}

/// Intercept bounds counters by whole numbers: `lt 10.5` lets 9 through and not 10.
fn whole_bound(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    let Some(Node { value: Value::Number(number), range }) = member(node, "value") else { return };
    let Some(bound) = Decimal::parse(number).ok().filter(|bound| !bound.is_integer()) else { return };
    let (range, text) = (range.clone(), bound.to_string());
    let Some(whole) = text.split('.').next().and_then(|whole| whole.parse::<i128>().ok()) else { return };
    let below = matches!(member(node, "op"), Some(Node { value: Value::Text(op), .. }) if op == "lt");
    if let Some(op) = member_mut(node, "op") {
        op.value = Value::Text("lte".into());
    }
    if let Some(value) = member_mut(node, "value") {
        value.value = Value::Number(if below { whole - 1 } else { whole }.to_compact_string());
    }
    let operator = if below { "lt" } else { "lte" };
    let message =
        format!("It was `{operator}` {number}; Intercept's counters stop at whole numbers.", number = text);
    translation.chose(pointer, &range, false, &message);
}

fn regex(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    let Some(value) = member_mut(node, "value") else { return };
    let Value::Text(pattern) = &value.value else { return };
    match re2::translated(pattern) {
        Ok(same) if same == *pattern => {}
        Ok(other) => {
            value.value = Value::Text(other.into());
            let range = value.range.clone();
            translation.chose(pointer, &range, false, SPELT_OUT);
        }
        Err(why) => {
            let (message, range) = (format!("this pattern cannot be kept: {why}"), value.range.clone());
            translation.refuse(range, &below(pointer, "value"), message, "write the pattern without it");
        }
    }
}

/// A dotted path: there each part between dots is a name, whatever it looks like.
pub(super) fn path(node: &mut Node, key: &str, pointer: &str, translation: &mut Translation<'_, '_>) {
    let Some(value) = member_mut(node, key) else { return };
    let Value::Text(text) = &value.value else { return };
    let (range, pointer) = (value.range.clone(), below(pointer, key));
    if let Some(counter) = text.strip_prefix("state.") {
        let name = counter.split_once('.').map_or("", |(_, name)| name);
        if name.starts_with("_rate_") {
            let message = format!("the counter {} of a `rate_limit` has another name here", quoted(name));
            let advice = "write that limit as a `state` with a counter of its own and a condition on it";
            translation.refuse(range, &pointer, message, advice);
        }
        return;
    }
    let Some(names) = text.strip_prefix("args.") else { return };
    let is_index = |name: &str| name.contains('[') || name.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(name) = names.split('.').find(|name| is_index(name)) {
        let message = format!(
            "Intercept takes {} for the name of an argument, not for an item of an array",
            quoted(name)
        );
        let advice = "nobody sends such an argument, so the rule has denied every call: delete the condition, import, and \
                      write it anew with `args.items[0]` or `args.items[*]`";
        translation.refuse(range, &pointer, message, advice);
        return;
    }
    let steps = names.split('.').map(|name| Step::Key(name.to_owned())).collect();
    value.value = Value::Text(Path::Args(steps).to_compact_string());
}
