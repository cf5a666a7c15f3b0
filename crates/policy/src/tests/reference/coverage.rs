//! How often each part of the language decided something: agreement on nothing is none.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::condition::{Four, Three, Type};
use super::counters::Adds;
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

pub(super) fn nested(joins: &str, kind: Type, value: Three) {
    hit(format!("nested {joins} {kind:?} {value:?}"));
}

pub(super) fn limit(adds: &Adds<'_>, outcome: &str) {
    let kind = match adds {
        Adds::One => "calls",
        Adds::Number(_) => "number",
        Adds::Argument(_) => "argument",
        Adds::Money => "money",
        Adds::Once => "once",
    };
    hit(format!("limit of {kind} {outcome}"));
}

pub(super) fn constraint(phase: Phase, objects: bool, shadow: bool) {
    let mode = if shadow { "shadow" } else { "enforce" };
    hit(format!("phase {phase:?} {mode} {}", if objects { "objects" } else { "passes" }));
}

/// What was hit in fewer than so many of ten thousand cases, though the language has it.
pub(super) fn rare(cases: u64, least: u64) -> Vec<String> {
    let hits = hits();
    let enough = |what: &String| hits.get(what).copied().unwrap_or_default() * 10_000 >= least * cases;
    everything().into_iter().filter(|what| !enough(what)).collect()
}

const OPERATORS: [&str; 27] = [
    "eq",
    "neq",
    "in",
    "not_in",
    "lt",
    "lte",
    "gt",
    "gte",
    "regex",
    "contains",
    "matches",
    "starts_with",
    "ends_with",
    "matches_glob",
    "length_lte",
    "length_gte",
    "one_of_types",
    "within_path",
    "url_host_in",
    "url_scheme_in",
    "ip_in",
    "sql_readonly",
    "argv_in",
    "email_domain_in",
    "before",
    "after",
    "exists",
];

fn everything() -> Vec<String> {
    let mut all = Vec::new();
    for operator in OPERATORS {
        let values = ["True", "False", "Missing", "Unjudgeable"].into_iter();
        let has = |value: &&str| operator != "exists" || *value != "Missing";
        all.extend(values.filter(has).map(|value| format!("operator {operator} {value}")));
    }
    for joins in ["any", "all", "not"] {
        for kind in ["Allow", "Deny"] {
            all.extend(["True", "False", "Unknown"].map(|value| format!("nested {joins} {kind} {value}")));
        }
    }
    for phase in ["Validate", "Deny", "Require", "Approve", "Limits"] {
        for mode in ["enforce", "shadow"] {
            all.extend(["objects", "passes"].map(|outcome| format!("phase {phase} {mode} {outcome}")));
        }
    }
    all.extend(
        ["calls", "number", "argument", "money", "once"].map(|kind| format!("limit of {kind} counts")),
    );
    all.extend(
        ["argument fails", "money fails", "money spends nothing"].map(|what| format!("limit of {what}")),
    );
    all.extend(["merged", "counters read", "something visible"].map(str::to_owned));
    all.extend(["Deny", "Ask", "Proceed"].map(|verdict| format!("verdict {verdict}")));
    let rules = ["(no policy)", "(hidden)", "(default deny)", "(ambiguous)", "(default allow)", "entry"];
    let parts = ["rules", "deny_if", "require", "approve_if", "limits", "validate"];
    all.extend(rules.iter().chain(&parts).map(|rule| format!("decided by {rule}")));
    all
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
