//! How often each part of the language decided something: agreement on nothing is none.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::condition::Four;
use super::judge::Phase;

thread_local! {
    static HITS: RefCell<BTreeMap<String, u64>> = RefCell::default();
}

pub(super) fn hit(what: String) {
    HITS.with_borrow_mut(|hits| *hits.entry(what).or_default() += 1);
}

pub(super) fn leaf(operator: &str, value: Four) {
    hit(format!("operator {operator} {value:?}"));
}

pub(super) fn constraint(phase: Phase, objects: bool, shadow: bool) {
    let mode = if shadow { "shadow" } else { "enforce" };
    hit(format!("phase {phase:?} {mode} {}", if objects { "objects" } else { "passes" }));
}

pub(super) fn hits() -> BTreeMap<String, u64> {
    HITS.with_borrow(BTreeMap::clone)
}

/// The kind of what decided: `(hidden)`, `deny_if`, `rules`, or the entry itself.
pub(super) fn kind(rule: &str) -> &str {
    let parts = ["rules", "deny_if", "require", "approve_if", "limits", "validate"];
    if rule.starts_with('(') {
        return rule;
    }
    parts.into_iter().find(|part| rule.contains(&format!("/{part}"))).unwrap_or("entry")
}
