//! What two policies decide differently.

use super::policy;
use crate::{Difference, Effort, ToolList, diff};

fn told(found: &Difference) -> Vec<String> {
    let changes = found.changes.iter().map(|change| format!("{:?} {}", change.direction, change.words));
    let shown = found.shown.iter().map(|change| format!("{:?} {}", change.direction, change.words));
    changes.chain(shown).chain(found.doubts.iter().map(|doubt| doubt.words.clone())).collect()
}

fn entry(name: &str, body: &str) -> String {
    format!("version: \"1\"\ndefault: deny\ntools:\n  {name}: {body}\n")
}

#[test]
#[rustfmt::skip]
fn what_changes_is_told_with_a_call() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        let found = diff(&policy(&entry("t", old)), &policy(&entry("t", new)), None, Effort::default());
        assert_eq!(told(&found), expected, "{old} -> {new}");
    };
    let lte = |bound: &str| format!("{{ require: [{{ path: args.a, op: lte, value: {bound} }}] }}");
    check(&lte("5"), &lte("5.0"), &[]);
    check(&lte("5"), &lte("10"), &["Widen tool \"t\": denied before by /tools/t/require/0, allowed now by /tools/t, when argument \"a\" is 6"]);
    check(&lte("10"), &lte("9.5"), &["Narrow tool \"t\": allowed before by /tools/t, denied now by /tools/t/require/0, when argument \"a\" is 9.6"]);
    check("{}", "{ rules: [{ action: deny }] }", &["Narrow tool \"t\": allowed before by /tools/t, denied now by /tools/t/rules/0"]);
    check("{ rules: [{ action: require_approval }] }", "{}",
        &["Widen tool \"t\": a person was asked before by /tools/t/rules/0, allowed now by /tools/t"]);
    check("{ rules: [{ rate_limit: 10/minute }] }", "{ rules: [{ rate_limit: 20/minute }] }",
        &["Widen tool \"t\": denied before by /tools/t/rules/0, allowed now by /tools/t, when counter \"_rate_minute_0\" of \"t\" holds 10 already"]);
    // The texts of rules are no verdict, nor is their order.
    check("{ rules: [{ name: x, action: deny, conditions: [{ path: args.a, op: exists }], on_deny: no }] }",
        "{ deny_if: [{ conditions: [{ path: args.a, op: exists }] }] }", &[]);
    // What is always denied is denied whatever else is said.
    check("{ deny_if: [{ conditions: [] }] }", "{ rules: [{ action: deny }, { when: 'args.a == 1' }] }", &[]);
}

#[test]
fn what_is_not_seen_into_may_differ() {
    let found = |old: &str, new: &str| {
        diff(&policy(&entry("t", old)), &policy(&entry("t", new)), None, Effort::default())
    };
    // A statement that is a new requirement can only deny more, and that is shown.
    let narrowed =
        found("{}", "{ require: [{ path: args.q, op: sql_readonly, value: { dialect: generic } }] }");
    assert!(!narrowed.may_widen(), "{narrowed:#?}");
    assert_eq!(narrowed.changes.len(), 1);
    // Two expressions are not compared: either could let pass what the other does not.
    let rewritten =
        found("{ rules: [{ when: 'args.a <= 5' }] }", "{ rules: [{ when: 'args.a < 6 && args.a != 2' }] }");
    assert_eq!(rewritten.doubts.len() + rewritten.changes.len(), 2, "{rewritten:#?}");
    assert!(rewritten.may_widen());
    let validated = found("{}", "{ validate: { schema: true } }");
    assert_eq!(told(&validated).len(), 1);
    assert!(validated.doubts[0].words.contains("less may be let through"), "{validated:#?}");
}

#[test]
fn names_are_compared_by_classes() {
    let old = policy("version: \"1\"\ndefault: deny\ntools: { 'get_*': {}, get_secret: {} }\n");
    let new =
        policy("version: \"1\"\ndefault: deny\nhide: [get_secret]\ntools: { '*_all': {}, 'get_*': {} }\n");
    let found = diff(&old, &new, None, Effort::default());
    let mut names: Vec<&str> = found.changes.iter().map(|change| change.who.name.as_str()).collect();
    names.sort();
    assert_eq!(names, ["_all", "get_secret"], "{found:#?}");
    assert_eq!(found.shown.len(), 2);
    let list = ToolList::read(r#"[{"name": "get_a"}, {"name": "put_all"}]"#).unwrap();
    let listed = diff(&old, &new, Some(&list), Effort::default());
    assert_eq!(listed.changes.iter().map(|change| change.who.name.as_str()).collect::<Vec<_>>(), ["put_all"]);
}

#[test]
fn a_changed_window_starts_a_new_counter() {
    let [old, new] = ["minute", "hour"].map(|window| {
        policy(&entry("t", &format!("{{ limits: [{{ counter: c, window: {window}, max: 5 }}] }}")))
    });
    let found = diff(&old, &new, None, Effort::default());
    assert_eq!(found.changes.len(), 2, "{found:#?}");
    for change in &found.changes {
        assert!(change.note.as_ref().unwrap().contains("starts a new counter"), "{change:#?}");
    }
}
