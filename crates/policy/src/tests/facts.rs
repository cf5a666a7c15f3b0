//! What paths find besides arguments and counters: labels, the client, the time, the tool's definition.

use super::{call, facts, policy};
use crate::{Facts, Judgement, Origin, ToolFacts, Verdict, judge, requires_definition};

const HINTS: &str =
    r#"{"readOnlyHint": true, "title": "Read it", "destructiveHint": null, "openWorldHint": "yes"}"#;

/// Whether a call passes `condition` as a guard, and as an objection with each `on_missing`.
fn passes(condition: &str, facts: &Facts<'_>) -> [bool; 3] {
    let evaluate = format!("{{ conditions: [{{ {condition} }}] }}");
    let deny = format!("{{ action: deny, conditions: [{{ {condition} }}] }}");
    let object = format!("{{ action: deny, conditions: [{{ {condition}, on_missing: object }}] }}");
    [evaluate, deny, object].map(|rule| {
        let policy = policy(&format!("version: '1'\ndefault: deny\ntools: {{ t: {{ rules: [{rule}] }} }}\n"));
        match judge(&[(Origin::Server, &policy)], &call("t", None), facts) {
            Judgement::Decided(decision) => decision.verdict == Verdict::Proceed,
            other => panic!("{other:?}"),
        }
    })
}

const TRUE: [bool; 3] = [true, false, false];
const FALSE: [bool; 3] = [false, true, true];
const MISSING: [bool; 3] = [false, true, false];
const UNKNOWN: [bool; 3] = [false, false, false];

#[test]
#[rustfmt::skip]
fn every_fact_in_four_values() {
    let labels = [("team".to_owned(), "ops".to_owned()), ("a b".to_owned(), String::new())];
    let [hinted, plain, listing] = [HINTS, "null", "[]"].map(super::annotated);
    let nothing = Facts { tool: ToolFacts::Unknown, ..facts() };
    let known = ToolFacts::Known { definition: &hinted };
    let bare = Facts { tool: ToolFacts::Known { definition: &plain }, ..nothing };
    let odd = Facts { tool: ToolFacts::Known { definition: &listing }, ..nothing };
    // A Monday, 00:00 in UTC.
    let all = Facts {
        labels: &labels, client: Some("claude"), now_ms: 1_772_409_600_000, tool: known, category: Some("Read"),
        severity: Some("low"), ..nothing
    };
    let never = Facts { now_ms: i64::MAX, ..nothing };
    let table = [
        ("path: grant.labels.team, op: eq, value: ops", &all, TRUE),
        ("path: grant.labels.team, op: eq, value: OPS", &all, FALSE),
        ("path: grant.labels.team, op: eq, value: OPS, compare: ci", &all, TRUE),
        ("path: grant.labels.team, op: eq, value: ops", &nothing, MISSING),
        ("path: 'grant.labels[\"a b\"]', op: eq, value: ''", &all, TRUE),
        ("path: /grant/labels/team, op: in, value: [dev, ops]", &all, TRUE),
        ("path: grant.labels.none, op: neq, value: a", &all, MISSING),
        ("path: client.name, op: eq, value: claude", &all, TRUE),
        ("path: client.name, op: regex, value: '^cl'", &all, TRUE),
        ("path: client.name, op: neq, value: claude", &nothing, MISSING),
        ("path: time.hour, op: eq, value: 0", &all, TRUE),
        ("path: time.hour, op: eq, value: 1, timezone: Europe/Berlin", &all, TRUE),
        ("path: time.hour, op: eq, value: 19, timezone: america/new_york", &all, TRUE),
        ("path: time.weekday, op: eq, value: monday", &all, TRUE),
        ("path: time.weekday, op: eq, value: sunday, timezone: America/New_York", &all, TRUE),
        ("path: time.weekday, op: not_in, value: [saturday, sunday]", &all, TRUE),
        ("path: time.weekday, op: eq, value: MONDAY, compare: ci", &all, TRUE),
        ("path: time.weekday, op: eq, value: thursday", &nothing, TRUE),
        ("path: time.hour, op: gte, value: 0", &never, UNKNOWN),
        ("path: time.weekday, op: neq, value: monday", &never, UNKNOWN),
        ("path: tool.category, op: eq, value: Read", &all, TRUE),
        ("path: tool.category, op: neq, value: Read", &all, FALSE),
        ("path: tool.category, op: neq, value: Destructive", &nothing, UNKNOWN),
        ("path: tool.severity, op: in, value: [low, medium]", &all, TRUE),
        ("path: tool.severity, op: eq, value: critical", &nothing, UNKNOWN),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", &all, TRUE),
        ("path: tool.annotations.readOnlyHint, op: eq, value: false", &all, FALSE),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", &bare, MISSING),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", &nothing, UNKNOWN),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", &facts(), UNKNOWN),
        ("path: tool.annotations.readOnlyHint, op: eq, value: true", &odd, UNKNOWN),
        ("path: tool.annotations.destructiveHint, op: eq, value: true", &all, MISSING),
        ("path: tool.annotations.openWorldHint, op: eq, value: true", &all, UNKNOWN),
        ("path: tool.annotations.title, op: contains, value: Read", &all, TRUE),
    ];
    for (condition, facts, expected) in table {
        assert_eq!(passes(condition, facts), expected, "{condition} {facts:?}");
    }
}

/// Only what reads the definition makes the gateway fetch it, wherever the test stands.
#[test]
#[rustfmt::skip]
fn what_reads_the_definition_asks_for_it() {
    let table = [
        ("require: [{ path: args.a, op: exists }]", false),
        ("require: [{ path: grant.labels.a, op: exists }]", false),
        ("require: [{ path: tool.category, op: eq, value: Read }]", true),
        ("require: [{ any: [{ path: args.a, op: exists }, { not: { path: tool.annotations.readOnlyHint, op: eq, value: true } }] }]", true),
        ("deny_if: [{ conditions: [{ path: tool.severity, op: eq, value: critical }] }]", true),
        ("deny_if: [{ mode: shadow, conditions: [{ path: tool.severity, op: eq, value: critical }] }]", true),
    ];
    for (entry, expected) in table {
        let policy = policy(&format!("version: '1'\ndefault: deny\ntools:\n  t: {{ {entry} }}\n"));
        let stack = [(Origin::Server, &policy)];
        assert_eq!(requires_definition(&stack, &call("t", None)), expected, "{entry}");
        assert!(!requires_definition(&stack, &call("other", None)), "a call that is not permitted needs none");
    }
}

/// A call that is denied without a look at the definition leaves no finding that would need one.
#[test]
fn shadow_says_nothing_of_a_definition_that_nobody_fetched() {
    let policy = policy(
        "version: '1'\ndefault: deny\nhide: [t]\ntools:\n  t: { mode: shadow, deny_if: [{ conditions: \
         [{ path: tool.annotations.readOnlyHint, op: neq, value: true, on_missing: object }] }] }\n",
    );
    let unknown = Facts { tool: ToolFacts::Unknown, ..facts() };
    let Judgement::Decided(decision) = judge(&[(Origin::Server, &policy)], &call("t", None), &unknown) else {
        panic!("no counters are read")
    };
    assert_eq!((decision.verdict, decision.shadow.len()), (Verdict::Deny, 0));
}
