//! What two policies decide differently.

use super::policy;
use crate::{Difference, Effort, Origin, Policy, ToolList};

fn diff(old: &Policy, new: &Policy, tools: Option<&ToolList>, effort: Effort) -> Difference {
    crate::diff(&[(Origin::Server, old)], &[(Origin::Server, new)], tools, effort)
}

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
    check(&lte("10"), &lte("9.5"), &["Narrow tool \"t\": allowed before by /tools/t, denied now by /tools/t/require/0, when argument \"a\" is 10"]);
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

/// Nobody knows how an expression turns out, but it turns out the same on both sides.
#[test]
fn one_expression_is_one_unknown() {
    let rule = |action: &str, when: &str| {
        policy(&entry("t", &format!("{{ rules: [{{ action: {action}, when: \"{when}\" }}] }}")))
    };
    let told = |old: &Policy, new: &Policy| {
        let found = diff(old, new, None, Effort::default());
        let directions = found.changes.iter().map(|change| format!("{:?}", change.direction));
        let doubts = found.doubts.iter().map(|doubt| format!("may {:?}", doubt.directions));
        directions.chain(doubts).collect::<Vec<_>>()
    };
    let asks = rule("require_approval", "args.a > 81");
    for blanks in ["args.a > 81", "args.a  >  81", "args.a>81"] {
        let denies = rule("deny", blanks);
        assert_eq!(told(&asks, &denies), ["Narrow"], "{blanks}");
        assert_eq!(told(&denies, &asks), ["Widen"], "{blanks}");
        assert_eq!(told(&asks, &rule("require_approval", blanks)), [""; 0], "{blanks}");
    }
    // What means something else is another unknown, and so is what is tested beside other conditions.
    for other in ["args.a > 82", "args.a > 81 || args.b", "args.a >= 81", "args.b > 81"] {
        assert!(diff(&asks, &rule("deny", other), None, Effort::default()).may_widen(), "{other}");
    }
    let beside = policy(&entry(
        "t",
        "{ rules: [{ action: deny, when: 'args.a > 81', conditions: [{ path: args.b, op: exists }] }] }",
    ));
    assert!(diff(&asks, &beside, None, Effort::default()).may_widen());
    // A second rule with the same expression asks for nothing that is not denied already.
    let both = "{ rules: [{ action: deny, when: 'args.a > 81' }, { action: require_approval, when: 'args.a > 81' }] }";
    assert_eq!(told(&rule("deny", "args.a > 81"), &policy(&entry("t", both))), [""; 0]);
}

/// What a limit no longer denies is asked about or let through as the rules beside it say, and each is told.
#[test]
fn a_limit_that_is_gone_lets_each_verdict_through() {
    let check = |when: &str, [before, after]: [&str; 2], expected: &[&str]| {
        let of = |more: &str| {
            let asks = format!("{{ action: require_approval, mode: enforce, when: \"{when}\" }}");
            policy(&entry("'get_*'", &format!("{{ rules: [{asks}]{more} }}")))
        };
        let found = diff(&of(before), &of(after), None, Effort::default());
        let changes = (found.changes.iter())
            .map(|change| format!("{:?} to {:?}", change.before.verdict, change.after.verdict));
        let doubts = found.doubts.iter().map(|doubt| format!("may {:?}", doubt.directions));
        assert_eq!(
            changes.chain(doubts).collect::<Vec<_>>(),
            expected,
            "{when} {before} {after}: {found:#?}"
        );
        for doubt in &found.doubts {
            let said = "what the limit /tools/get_*/limits/0 has counted could make a difference";
            assert!(doubt.why.iter().any(|why| why == said), "{doubt:#?}");
        }
    };
    let limit = ", limits: [{ window: minute, max: 1 }]";
    let shadowed = &*format!("{limit}, mode: shadow");
    for without in [shadowed, ""] {
        check("args.a == 'a'", [limit, without], &["Deny to Ask", "Deny to Proceed"]);
        check("args.a == 'a'", [without, limit], &["Ask to Deny", "Proceed to Deny"]);
        // No text is made up that the expression is not met by, and there may be one.
        check("!args.a.matches('[b-d]x')", [limit, without], &["Deny to Ask", "may [Widen]"]);
        check("!args.a.matches('[b-d]x')", [without, limit], &["Ask to Deny", "may [Narrow]"]);
    }
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

#[test]
fn patterns_are_compared_as_sets_of_texts() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        let one = |test: &str| policy(&entry("t", &format!("{{ require: [{{ path: args.a, {test} }}] }}")));
        let found = diff(&one(old), &one(new), None, Effort::default());
        assert!(found.doubts.is_empty(), "{old} -> {new}: {found:#?}");
        let told: Vec<String> = found
            .changes
            .iter()
            .map(|change| format!("{:?} {}", change.direction, change.example.arguments.as_deref().unwrap()))
            .collect();
        assert_eq!(told, expected, "{old} -> {new}");
    };
    let matches = |pattern: &str| format!("op: matches, value: '{pattern}'");
    check(&matches("[a-z]+"), &matches("[a-z][a-z]*"), &[]);
    check(&matches("a|ab"), &matches("ab?"), &[]);
    check(&matches("[a-c]x"), &matches("[a-d]x"), &[r#"Widen {"a": "dx"}"#]);
    check(&matches("\\d{4}"), &matches("[0-9]{4}"), &[r#"Narrow {"a": "000٠"}"#]);
    check("op: regex, value: '^a'", &matches("a.*"), &[r#"Narrow {"a": "a\n"}"#]);
    check("op: regex, value: '^a'", "op: starts_with, value: a", &[]);
    check("op: matches_glob, value: ['a*', '*b']", "op: regex, value: '^a|b$'", &[]);
    check("op: matches_glob, value: 'a*b'", "op: starts_with, value: a", &[r#"Widen {"a": "a"}"#]);
    // Arrays have a length, too.
    check("op: length_lte, value: 5", &matches("(?s).{0,5}"), &[r#"Narrow {"a": []}"#]);
    check("op: in, value: [read, write]", &matches("read|write|list"), &[r#"Widen {"a": "list"}"#]);
    check("op: length_lte, value: 5", "op: length_lte, value: 6", &[r#"Widen {"a": "aaaaaa"}"#]);
}

#[test]
#[rustfmt::skip]
fn directories_domains_and_moments_lie_inside_and_beside_each_other() {
    let check = |op: &str, old: &str, new: &str, expected: &[&str]| {
        let one = |value: &str| policy(&entry("t", &format!("{{ require: [{{ path: args.a, op: {op}, value: {value} }}] }}")));
        let found = diff(&one(old), &one(new), None, Effort::default());
        assert!(found.doubts.is_empty(), "{op} {old} -> {new}: {found:#?}");
        let told = found.changes.iter().map(|change| format!("{:?} {}", change.direction, change.example.arguments.as_deref().unwrap()));
        assert_eq!(told.collect::<Vec<_>>(), expected, "{op} {old} -> {new}");
    };
    check("within_path", "[/data]", "[/data, /data/x]", &[]);
    check("within_path", "[/data]", "[/data, /srv]", &[r#"Widen {"a": "/srv/x7q"}"#]);
    check("within_path", "[/data, /srv]", "[/data]", &[r#"Narrow {"a": "/srv/x7q"}"#]);
    check("within_path", "[/data]", "[/data/x]", &[r#"Narrow {"a": "/data/x7q"}"#]);
    check("email_domain_in", "[example.com]", "[Example.com]", &[]);
    check("url_host_in", "[a.example.com]", "['*.example.com']", &[r#"Widen {"a": "https://x7q.example.com/"}"#]);
    check("ip_in", "['10.0.0.0/9', '10.128.0.0/9']", "['10.0.0.0/8']", &[]);
    check("ip_in", "['10.0.0.0/8']", "['10.0.0.0/9']", &[r#"Narrow {"a": "10.255.255.255"}"#]);
    check("argv_in", "[git status]", "[git]", &[r#"Widen {"a": "git x7q"}"#]);
    check("before", "2026-01-31", "2026-02-01", &[r#"Widen {"a": "2026-01-31"}"#]);
}

#[test]
fn patterns_that_are_too_large_may_differ() {
    let one = |pattern: &str| {
        policy(&entry("t", &format!("{{ require: [{{ path: args.a, op: matches, value: '{pattern}' }}] }}")))
    };
    let found = diff(&one("(a|b)*a(a|b){14}"), &one("(a|b)*a(a|b){14}|x{100}"), None, Effort::default());
    assert!(found.may_widen(), "{found:#?}");
}

#[test]
fn a_grants_policy_is_in_force_beside_both() {
    let [old, new] = ["5", "10"].map(|most| {
        policy(&entry("t", &format!("{{ require: [{{ path: args.a, op: lte, value: {most} }}] }}")))
    });
    let grant = |most: &str| {
        policy(&entry(
            "t",
            &format!("{{ deny_if: [{{ conditions: [{{ path: args.a, op: gt, value: {most} }}] }}] }}"),
        ))
    };
    let with = |grant: &Policy| {
        crate::diff(
            &[(Origin::Server, &old), (Origin::Grant, grant)],
            &[(Origin::Server, &new), (Origin::Grant, grant)],
            None,
            Effort::default(),
        )
    };
    assert!(with(&grant("5")).is_empty());
    assert_eq!(
        told(&with(&grant("7"))),
        [
            "Widen tool \"t\": denied before by server:/tools/t/require/0, allowed now by server:/tools/t, when argument \"a\" is 6"
        ]
    );
}

#[test]
#[rustfmt::skip]
fn what_is_no_verdict_is_told_beside() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        let of = |text: &str| policy(&format!("version: \"1\"\ndefault: deny\n{text}\n"));
        let found = diff(&of(old), &of(new), None, Effort::default());
        let told: Vec<String> = found.settings.iter().map(|change| format!("{:?} {}", change.direction, change.words)).collect();
        assert_eq!(told, expected, "{old} -> {new}");
        assert!(!found.is_empty());
    };
    check("tell_agent: nothing", "tell_agent: full",
        &["Some(Widen) /tell_agent: a denied agent learned only that it was denied before, and also by which rule now"]);
    check("approvals: { timeout: 10m, approvers: [ann] }", "approvals: { timeout: 5m, approvers: [ann, bob] }", &[
        "Some(Narrow) /approvals/timeout: a request waited for a person for 10 minutes before, for 5 minutes now",
        "Some(Widen) /approvals/approvers: \"bob\" may approve now",
    ]);
    let hook = |more: &str| format!("approvals: {{ notify: {{ webhook: {{ url: \"${{HOOK}}\", secret: \"${{A}}\"{more} }} }} }}");
    check(&hook(""), &hook(", decide_as: ada, arguments: full, format: slack"), &[
        "None /approvals/notify/webhook/format: requests for approval look otherwise",
        "None /approvals/notify/webhook/arguments: calls are announced with all their arguments now",
        "Some(Widen) /approvals/notify/webhook/decide_as: whoever has a link of a message decides as \"ada\" now",
    ]);
    check(&hook(", decide_as: ada"), "approvals: {}", &[
        "None /approvals/notify/webhook: requests for approval are announced elsewhere",
        "Some(Narrow) /approvals/notify/webhook/decide_as: nobody decides by a link of a message any more",
    ]);
    check("approvals: { approvers: [ann], hold: 30s }", "approvals: { approvers: [bob] }", &[
        "None /approvals/hold: a caller was kept waiting for 30 seconds before, for the usual time now",
        "None /approvals/approvers: \"bob\" may approve now; \"ann\" may no longer approve",
    ]);
    check("approvals: { approve: people }", "approvals: { approve: client }",
        &["Some(Widen) /approvals/approve: whoever sits at the client may approve a call"]);
    check("approvals: { approve: client }", "approvals: {}",
        &["Some(Narrow) /approvals/approve: whoever sits at the client may no longer approve a call"]);
    let limit = |more: &str| format!("tools: {{ t: {{ limits: [{{ counter: c, window: day, max: 5, {more} }}] }} }}");
    check(&limit("refund: keep"), &limit("refund: on_error"),
        &["Some(Widen) /tools/t/limits/0: what a call counted is given back on errors, and was kept on errors"]);
    check(&limit("amount: args.a"), &limit("amount: args.b"),
        &["None /tools/t/limits/0: a call counted argument \"a\" before, and counts argument \"b\" now"]);
    let asks = |timeout: &str| format!("tools: {{ t: {{ rules: [{{ action: require_approval, approval_timeout: {timeout} }}] }} }}");
    check(&asks("1h"), &asks("2h"),
        &["Some(Widen) /tools/t/rules/0: a request waited for a person for 1 hour before, for 2 hours now"]);
}

#[test]
#[rustfmt::skip]
fn another_counter_is_told_with_the_calls_that_it_lets_through() {
    let check = |old: &str, new: &str, expected: &str| {
        let [old, new] = [old, new].map(|more| policy(&entry("t", &format!("{{ limits: [{{ counter: c, window: day, max: 5, {more} }}] }}"))));
        let found = diff(&old, &new, None, Effort::default());
        assert_eq!(found.changes.len(), 2, "{found:#?}");
        for change in &found.changes {
            assert_eq!(change.note.as_deref(), Some(&*format!("the limit starts a new counter, which holds nothing: {expected}")));
        }
        assert!(found.settings.is_empty(), "{found:#?}");
    };
    check("scope: grant", "scope: session", r#"it was "5 calls per day, for each grant" and is "5 calls per day, for each grant and session""#);
    check("align: sliding", "align: calendar", r#"it was "5 calls per day, sliding" and is "5 calls per day, by the calendar""#);
    check("amount: args.a", "amount: args.a, timezone: Europe/Berlin",
        r#"it was "5 in all of argument "a" per day" and is "5 in all of argument "a" per day in Europe/Berlin""#);
    check("refund: keep", "shared: all", r#"it was "5 calls per day" and is "5 calls per day, shared as "all"""#);
}

/// Many rules, of which one is otherwise.
fn many(number: usize, [changed, same]: [&str; 2], all_tools: &str) -> Policy {
    let tools = (0..number).map(|number| {
        let name = if number % 2 == 0 { format!("svc{number}_read") } else { format!("svc{number}_*") };
        let body = if number == 101 { changed } else { same };
        format!("  \"{name}\": {body}\n")
    });
    policy(&format!(
        "version: \"1\"\ndefault: deny\nall_tools: {all_tools}\ntools:\n{}",
        tools.collect::<String>()
    ))
}

#[test]
fn what_two_large_policies_have_in_common_is_passed_over() {
    let same = "{ require: [{ path: args.a, op: lte, value: 5 }] }";
    let old = many(2_000, [same; 2], "{}");
    let found = diff(
        &old,
        &many(2_000, ["{ require: [{ path: args.a, op: lte, value: 6 }] }", same], "{}"),
        None,
        Effort::default(),
    );
    assert_eq!(
        told(&found),
        [
            "Widen any other tool that `svc101_*` matches, such as \"svc101_\": denied before by /tools/svc101_*/require/0, allowed now by /tools/svc101_*, when argument \"a\" is 6"
        ]
    );
    // What differs for all is searched once and told once, with limits of their own, too.
    let limited = "{ limits: [{ counter: c, window: day, max: 3 }] }";
    for same in [same, limited] {
        let denied = "{ deny_if: [{ conditions: [{ path: args.a, op: lt, value: 0 }] }] }";
        let found = diff(&many(200, [same; 2], "{}"), &many(200, [same; 2], denied), None, Effort::default());
        assert_eq!(found.changes.len(), 1, "{:#?}", told(&found));
        assert_eq!(found.changes[0].also.len(), 199);
        assert!(found.doubts.is_empty());
    }
}
