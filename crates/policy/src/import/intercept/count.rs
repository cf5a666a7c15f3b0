//! What Intercept counts: `rate_limit` and `state`.

use super::put;
use crate::diagnostic::quoted;
use crate::import::translation::{Translation, member_at, text_at};
use crate::tree::{Node, Value, member};

const BY_CALENDAR: &str = "Intercept counts by the calendar in UTC and for all callers together: `align: calendar` and \
    `scope: server` say so. Without them a rate slides, and each grant is counted for itself.";
const GIVEN_BACK: &str = "Intercept gives a count back when the server answers with a JSON-RPC error, and keeps it when a \
    result says that it failed: `refund: on_protocol_error` says so. Without it both stay counted.";
const EXACT_AMOUNTS: &str = "Amounts are counted exactly and are never negative. Intercept cuts their fractions off, and a \
    negative amount lowers its counter.";

/// `5/hour` counts by the calendar there and would slide here. What the dialect's reference does not have, such as
/// `{ max: 10, window: 60 }`, is left as it is.
pub(super) fn rate_limit(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    if let Value::Map(_) = node.value {
        translation.only(node, pointer, &["max", "window"], &["scope", "align", "timezone", "refund"]);
        let message = "Any span of the window's length is meant here, counted for each grant. Intercept's reference does \
                       not have this form.";
        translation.chose(pointer, &node.mark(), true, message);
        return;
    }
    let Value::Text(text) = &node.value else { return };
    let Some((max, window @ ("minute" | "hour" | "day"))) = text.split_once('/') else { return };
    // A number that is none is left for the reader of the result to report.
    if max.is_empty() || !max.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let max = max.trim_start_matches('0');
    let range = node.range.clone();
    let max =
        Node { value: Value::Number(if max.is_empty() { "0" } else { max }.into()), range: range.clone() };
    let members = [
        ("max", max),
        ("window", text_at(window, &range)),
        ("scope", text_at("server", &range)),
        ("align", text_at("calendar", &range)),
        ("refund", text_at("on_protocol_error", &range)),
    ];
    node.value = Value::Map(members.map(|(key, value)| member_at(key, value)).into());
    translation.generally(false, BY_CALENDAR);
    translation.generally(false, GIVEN_BACK);
}

/// A `state` block; its counter's name.
pub(super) fn state(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) -> Option<String> {
    let known = ["counter", "window", "increment", "increment_from"];
    translation.only(node, pointer, &known, &["scope", "align", "timezone", "refund"]);
    let counter = match &member(node, "counter")?.value {
        Value::Text(counter) => counter.clone(),
        _ => return None,
    };
    if counter.starts_with("_rate_") {
        let message =
            format!("{} is a name that limits without a name of their own have here", quoted(&counter));
        let range = node.mark();
        translation.refuse(range, pointer, message, "call the counter something else, in its conditions too");
        return None;
    }
    let amounts = member(node, "increment_from").is_some();
    let mark = node.mark();
    if let Value::Map(members) = &mut node.value {
        if amounts && let Some(at) = members.iter().position(|member| member.key == "increment") {
            members.remove(at);
            let message = "`increment` is left out: with `increment_from` Intercept takes no notice of it.";
            translation.chose(pointer, &mark, false, message);
        }
        let zero = |node: &Node| matches!(&node.value, Value::Number(number) if number == "0");
        if let Some(member) =
            members.iter_mut().find(|member| member.key == "increment" && zero(&member.value))
        {
            member.value.value = Value::Number("1".into());
            let message = "It was 0, which Intercept takes for one that was left out: 1.";
            translation.chose(&format!("{pointer}/increment"), &mark, false, message);
        }
    }
    put(node, "scope", "server");
    put(node, "align", "calendar");
    put(node, "refund", "on_protocol_error");
    translation.generally(false, BY_CALENDAR);
    translation.generally(false, GIVEN_BACK);
    if amounts {
        translation.generally(true, EXACT_AMOUNTS);
        super::condition::path(node, "increment_from", pointer, translation);
    }
    Some(counter.into())
}
