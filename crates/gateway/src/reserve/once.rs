//! Identical calls: how the first one is remembered with its counter, and named to those after it.

use interlock_policy::{Need, RuleName, Window};
use interlock_store::Exhausted;

use crate::answer;

/// The longest identifier of a request that is remembered; it is the client's choice.
const MOST_SHOWN: usize = 64;

/// The label of the counter: the rule, and the request that it has let through.
pub(super) fn label(rule: &RuleName, request: &str) -> String {
    let shown: String = request.chars().take(MOST_SHOWN).collect();
    format!("{rule} (request {shown})")
}

/// Why a call is denied that is identical to one before it.
pub(super) fn reason(need: &Need, exhausted: &Exhausted) -> String {
    let first = exhausted.last.strip_prefix(&need.rule.text()).map(str::trim).unwrap_or_default();
    let first = if first.is_empty() { String::new() } else { format!(" {first}") };
    let window_ms = match need.key.window {
        Window::Seconds(seconds) => seconds.saturating_mul(1_000),
        Window::Day | Window::Week | Window::Month => need.key.window.sliding_seconds().saturating_mul(1_000),
    };
    let within = answer::duration(window_ms);
    // It leaves the window a millisecond after the window's length.
    let ago = exhausted.retry_after_ms.map(|left| window_ms.saturating_add(1).saturating_sub(left));
    let ago = ago.map(|ago| format!(" {} ago", answer::duration(ago))).unwrap_or_default();
    format!("an identical call{first} was let through{ago}, and within {within} none is repeated")
}
