//! `any`, `all` and `not`, with all four values, in both uses.

use super::{Given, judged, policy, shown};
use crate::{Judgement, Origin, Seen, explain};

/// What comes of one condition as a guard (`require`) and as an objection (`deny_if`).
fn uses(condition: &str, arguments: &str) -> [String; 2] {
    ["require: [COND]", "deny_if: [{ conditions: [COND] }]"].map(|entry| {
        let entry = entry.replace("COND", condition);
        let policy = policy(&format!("version: '1'\ndefault: deny\ntools:\n  t:\n    {entry}\n"));
        let decision = shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default()));
        let (_, reason) = decision.split_once(": ").unwrap();
        reason.to_owned()
    })
}

/// Each row: arguments, what the guard says, what the objection says.
fn check(condition: &str, table: &[(&str, &str, &str)]) {
    for (arguments, guard, objection) in table {
        assert_eq!(uses(condition, arguments), [*guard, *objection], "{condition} on {arguments}");
    }
}

const PASS: &str = "permitted";

#[test]
#[rustfmt::skip]
fn any_of_two() {
    let must = "argument \"a\" must be 1 or argument \"b\" must be 2";
    let is = "argument \"a\" is 1 or argument \"b\" is 2";
    check("{ any: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 2 }] }", &[
        (r#"{"a": 1, "b": 2}"#, PASS, is),
        (r#"{"a": 1, "b": 3}"#, PASS, is),
        (r#"{"a": 3, "b": 2}"#, PASS, is),
        (r#"{"a": 3, "b": 3}"#, must, PASS),
        // What cannot be judged does not matter beside what holds.
        (r#"{"a": "1", "b": 2}"#, PASS, is),
        (r#"{"a": 1, "b": "2"}"#, PASS, is),
        (r#"{"b": 2}"#, PASS, is),
        (r#"{"a": "1", "b": 3}"#, "argument \"a\" must be a number, not text", "argument \"a\" must be a number, not text"),
        (r#"{"a": 3, "b": [2]}"#, "argument \"b\" must be a number, not an array", "argument \"b\" must be a number, not an array"),
        (r#"{"a": 3}"#, "argument \"b\" is missing", PASS),
        (r#"{"a": "1"}"#, "argument \"a\" must be a number, not text", "argument \"a\" must be a number, not text"),
        ("{}", "argument \"a\" is missing", PASS),
        ("", "argument \"a\" is missing", PASS),
    ]);
}

#[test]
#[rustfmt::skip]
fn all_of_two() {
    let must = "argument \"a\" must be 1 and argument \"b\" must be 2";
    let is = "argument \"a\" is 1 and argument \"b\" is 2";
    check("{ all: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 2 }] }", &[
        (r#"{"a": 1, "b": 2}"#, PASS, is),
        (r#"{"a": 1, "b": 3}"#, must, PASS),
        (r#"{"a": "1", "b": 3}"#, must, PASS),
        (r#"{"b": 3}"#, must, PASS),
        (r#"{"a": "1", "b": 2}"#, "argument \"a\" must be a number, not text", "argument \"a\" must be a number, not text"),
        (r#"{"a": 1}"#, "argument \"b\" is missing", PASS),
        ("{}", "argument \"a\" is missing", PASS),
    ]);
}

/// What is missing under `not` counts against the call in both uses, whatever `on_missing` says.
#[test]
#[rustfmt::skip]
fn not_one() {
    let must = "it must not be that argument \"a\" is 1";
    let is = "it is not that argument \"a\" is 1";
    let missing = "argument \"a\" is missing";
    for on_missing in ["", ", on_missing: ignore", ", on_missing: object"] {
        check(&format!("{{ not: {{ path: args.a, op: eq, value: 1{on_missing} }} }}"), &[
            (r#"{"a": 1}"#, must, PASS),
            (r#"{"a": 2}"#, PASS, is),
            (r#"{"a": "1"}"#, "argument \"a\" must be a number, not text", "argument \"a\" must be a number, not text"),
            (r#"{"a": null}"#, missing, missing),
            ("{}", missing, missing),
        ]);
    }
    check("{ not: { not: { path: args.a, op: eq, value: 1 } } }", &[
        (r#"{"a": 1}"#, PASS, "it is not that it is not that argument \"a\" is 1"),
        (r#"{"a": 2}"#, "it must not be that it is not that argument \"a\" is 1", PASS),
        ("{}", missing, missing),
    ]);
    check("{ not: { path: args.a, op: exists } }", &[
        ("{}", PASS, "it is not that argument \"a\" is given"),
        (r#"{"a": 1}"#, "it must not be that argument \"a\" is given", PASS),
    ]);
}

#[test]
#[rustfmt::skip]
fn deeper() {
    let both = "{ all: [{ path: args.a, op: exists }, { any: [{ path: args.a, op: lt, value: 5 }, { not: { path: args.b, op: eq, value: x } }] }] }";
    let must = "argument \"a\" must be given and (argument \"a\" must be less than 5 or it must not be that argument \"b\" is \"x\")";
    let is = "argument \"a\" is given and (argument \"a\" is less than 5 or it is not that argument \"b\" is \"x\")";
    check(both, &[
        (r#"{"a": 1}"#, PASS, is),
        (r#"{"a": 9, "b": "y"}"#, PASS, is),
        (r#"{"a": 9, "b": "x"}"#, must, PASS),
        (r#"{"a": 9}"#, "argument \"b\" is missing", "argument \"b\" is missing"),
        (r#"{"a": "9", "b": "x"}"#, "argument \"a\" must be a number, not text", "argument \"a\" must be a number, not text"),
        (r#"{"b": 7}"#, must, PASS),
    ]);
    check("{ not: { any: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 2 }] } }", &[
        (r#"{"a": 3, "b": 3}"#, PASS, "it is not that (argument \"a\" is 1 or argument \"b\" is 2)"),
        (r#"{"a": 1}"#, "it must not be that (argument \"a\" is 1 or argument \"b\" is 2)", PASS),
        (r#"{"a": 3}"#, "argument \"b\" is missing", "argument \"b\" is missing"),
    ]);
}

/// Every item is judged for the call's good: no single bad one slips through a guard or an objection by a `not`.
#[test]
#[rustfmt::skip]
fn items_under_not() {
    let table = [
        // As a guard for all items, as an objection for any: the whole condition, with its `not`.
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [2, 3]}"#, true, false),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [2, 1]}"#, false, false),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [1, 1]}"#, false, true),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": []}"#, true, true),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [2, "x"]}"#, false, false),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [1, "x"]}"#, false, false),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, r#"{"a": [2, null]}"#, false, false),
        (r#"{ not: { path: "args.a[*]", op: eq, value: 1 } }"#, "{}", false, false),
        (r#"{ not: { not: { path: "args.a[*]", op: eq, value: 1 } } }"#, r#"{"a": [1, 2]}"#, false, false),
        (r#"{ not: { not: { path: "args.a[*]", op: eq, value: 1 } } }"#, r#"{"a": [1, 1]}"#, true, false),
        (r#"{ not: { not: { path: "args.a[*]", op: eq, value: 1 } } }"#, r#"{"a": [2, 2]}"#, false, true),
        (r#"{ any: [{ path: "args.a[*]", op: eq, value: 1 }, { path: "args.a[*]", op: eq, value: 2 }] }"#, r#"{"a": [1, 2]}"#, false, false),
        (r#"{ any: [{ path: "args.a[*]", op: eq, value: 1 }, { path: "args.a[*]", op: eq, value: 2 }] }"#, r#"{"a": [2, 2]}"#, true, false),
        (r#"{ not: { path: "args.a[*].b[*]", op: eq, value: 1 } }"#, r#"{"a": [{"b": [2]}, {"b": [2, 1]}]}"#, false, false),
        (r#"{ not: { path: "args.a[*].b[*]", op: eq, value: 1 } }"#, r#"{"a": [{"b": [2]}, {"b": []}]}"#, true, false),
    ];
    for (condition, arguments, guard, objection) in table {
        let passes = uses(condition, arguments).map(|reason| reason == PASS);
        assert_eq!(passes, [guard, objection], "{condition} on {arguments}");
    }
}

/// A counter inside a nested condition is asked for, and supplied, like any other.
#[test]
#[rustfmt::skip]
fn counters_inside() {
    let text = "
version: '1'
default: deny
tools:
  t:
    limits: [{ counter: c, window: day, max: 100 }]
    require: [{ any: [{ path: args.a, op: eq, value: 1 }, { not: { path: state.t.c, op: gte, value: 5 } }] }]
";
    let policy = policy(text);
    let stack = [(Origin::Server, &policy)];
    let key = "server=s/tools/t/c/day/sliding/grant=g";
    let line = |arguments: &str, counter: Option<&'static str>| {
        let given = Given { counters: counter.map(|value| vec![("/c/", value)]), ..Given::default() };
        shown(&judged(&stack, "t", arguments, &given))
    };
    let need = format!("\n+ 1 {key} <= 100");
    assert_eq!(line(r#"{"a": 1}"#, None), format!("proceed server:/tools/t: permitted{need}"));
    assert_eq!(line(r#"{"a": 2}"#, None), format!("read {key}"));
    assert_eq!(line(r#"{"a": 2}"#, Some("4")), format!("proceed server:/tools/t: permitted{need}\n= 4 {key}"));
    assert_eq!(
        line(r#"{"a": 2}"#, Some("5")),
        format!("deny server:/tools/t/require/0: argument \"a\" must be 1 or it must not be that counter \"c\" of \"t\" is at least 5\n= 5 {key}")
    );
    assert_eq!(
        line(r#"{"a": 2}"#, Some("unreadable")),
        "deny server:/tools/t/require/0: counter \"c\" of \"t\" could not be read"
    );
}

/// The trace shows what each test inside saw, also where the others have settled the whole.
#[test]
fn the_trace_is_nested() {
    let policy = policy(
        "{\"version\": \"1\", \"default\": \"deny\", \"tools\": {\"t\": {\"deny_if\": [{\"conditions\": [{\"any\": [\
         {\"path\": \"args.items[*].x\", \"op\": \"gt\", \"value\": 5}, {\"not\": {\"path\": \"args.b\", \"op\": \"eq\", \
         \"value\": \"z\"}}]}]}]}}}",
    );
    let arguments = r#"{"items": [{"x": 1}, {"y": 2}, {"x": 9}]}"#;
    let document = interlock_json::scan(arguments, &interlock_json::Limits::default()).unwrap();
    let call = super::call("t", Some(document.root()));
    let trace = explain(&[(Origin::Server, &policy)], &call, &super::facts());
    assert!(matches!(trace.judgement, Judgement::Decided(_)));
    let mut lines = Vec::new();
    trace.steps.iter().flat_map(|step| &step.seen).for_each(|seen| write(seen, 0, &mut lines));
    assert_eq!(
        lines,
        [
            "any true [] argument \"items[*].x\" is greater than 5 or it is not that argument \"b\" is \"z\"",
            "  true [\"1\", \"9\"] argument \"items[*].x\" is greater than 5",
            "  not unknown [] it is not that argument \"b\" is \"z\" (argument \"b\" is missing)",
            "    unknown [] argument \"b\" is \"z\" (argument \"b\" is missing)",
        ]
    );
}

fn write(seen: &Seen, depth: usize, lines: &mut Vec<String>) {
    let joins = seen.joins.map(|joins| format!("{joins} ")).unwrap_or_default();
    let holds = seen.holds.map_or("unknown".to_owned(), |holds| holds.to_string());
    let why = seen.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    lines.push(format!("{}{joins}{holds} {:?} {}{why}", "  ".repeat(depth), seen.values, seen.condition));
    seen.inner.iter().for_each(|inner| write(inner, depth + 1, lines));
}
