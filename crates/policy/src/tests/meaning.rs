//! Phases, order, conditions together, hiding, limits, scopes, state, shadow.

use super::{Given, check, judged, policy, shown};
use crate::{Origin, Section, visible};

/// One document, several calls. The document's head is `version` and `default: deny` unless it has its own.
fn check_all(body: &str, table: &[(&str, &str, &str)]) {
    check_given(body, &Given::default(), table);
}

fn check_given(body: &str, given: &Given, table: &[(&str, &str, &str)]) {
    let text = if body.contains("default:") { body.to_owned() } else { format!("default: deny\n{body}") };
    for (name, arguments, expected) in table {
        check(&format!("version: '1'\n{text}"), name, arguments, given, expected);
    }
}

#[test]
#[rustfmt::skip]
fn the_first_phase_that_objects_gives_the_reason() {
    let body = "
tools:
  t:
    rules:
      - { name: limit, rate_limit: 5/minute }
      - { name: person, action: require_approval, conditions: [{ path: args.ask, op: exists }] }
      - { name: guard, conditions: [{ path: args.n, op: lte, value: 5 }] }
      - { name: no, action: deny, conditions: [{ path: args.no, op: exists }] }
      - { name: complete, validate: { required_args: true } }
    deny_if:
      - { name: also no, conditions: [{ path: args.also_no, op: exists }], on_deny: never }
    require:
      - { path: args.n, op: gte, value: 1 }
    approve_if:
      - { name: also person, conditions: [{ path: args.ask_too, op: exists }] }
";
    let given = Given { required: Some(vec!["n".to_owned()]), ..Given::default() };
    let counted = "\n+ 1 server=s/tools/t/_rate_minute_0/minute/sliding/grant=g <= 5";
    check_given(body, &given, &[
        ("t", r#"{"no": 1, "also_no": 1, "ask": 1}"#, "deny server:/tools/t/rules/4 [complete]: required argument \"n\" is missing"),
        ("t", r#"{"n": 9, "no": 1, "also_no": 1, "ask": 1}"#, "deny server:/tools/t/rules/3 [no]: argument \"no\" is given"),
        ("t", r#"{"n": 9, "also_no": 1, "ask": 1}"#, "deny server:/tools/t/deny_if/0 [also no]: never"),
        ("t", r#"{"n": 0, "ask": 1}"#, "deny server:/tools/t/require/0: argument \"n\" must be at least 1"),
        ("t", r#"{"n": 9, "ask": 1}"#, "deny server:/tools/t/rules/2 [guard]: argument \"n\" must be at most 5"),
        ("t", r#"{"n": 5, "ask": 1, "ask_too": 1}"#, &format!("ask server:/tools/t/rules/1 [person]: argument \"ask\" is given{counted}")),
        ("t", r#"{"n": 5, "ask_too": 1}"#, &format!("ask server:/tools/t/approve_if/0 [also person]: argument \"ask_too\" is given{counted}")),
        ("t", r#"{"n": 5}"#, &format!("proceed server:/tools/t: permitted{counted}")),
    ]);
}

#[test]
#[rustfmt::skip]
fn inside_a_phase_exact_globs_every_all_tools() {
    let rule = |name: &str| format!("{{ rules: [{{ name: {name}, action: deny, conditions: [{{ path: args.{name}, op: exists }}] }}] }}");
    let body = format!("
all_tools: {}
tools:
  '*': {}
  get_*: {}
  '*_thing': {}
  get_thing: {}
", rule("all"), rule("every"), rule("first"), rule("second"), rule("exact"));
    let deny = |place: &str, name: &str| format!("deny server:{place}/rules/0 [{name}]: argument \"{name}\" is given");
    check_all(&body, &[
        ("get_thing", r#"{"all": 1, "every": 1, "first": 1, "second": 1, "exact": 1}"#, &deny("/tools/get_thing", "exact")),
        ("get_thing", r#"{"all": 1, "every": 1, "first": 1, "second": 1}"#, &deny("/tools/get_*", "first")),
        ("get_thing", r#"{"all": 1, "every": 1, "second": 1}"#, &deny("/tools/*_thing", "second")),
        ("get_thing", r#"{"all": 1, "every": 1}"#, &deny("/tools/*", "every")),
        ("get_thing", r#"{"all": 1}"#, &deny("/all_tools", "all")),
        ("get_thing", "{}", "proceed server:/tools/get_thing: permitted"),
        ("get_other", "{}", "proceed server:/tools/get_*: permitted"),
        ("put_other", "{}", "deny (default deny): tool \"put_other\" is not permitted"),
    ]);
}

#[test]
#[rustfmt::skip]
fn conditions_together() {
    let body = "
tools:
  guard: { rules: [{ conditions: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 1 }] }] }
  objection: { rules: [{ action: deny, conditions: [{ path: args.a, op: eq, value: 1 }, { path: args.b, op: eq, value: 1 }] }] }
  always: { rules: [{ action: deny, reason: never }] }
  always_too: { deny_if: [{ conditions: [] }] }
  never: { require: [{ conditions: [] }] }
  person: { rules: [{ action: require_approval }] }
";
    check_all(body, &[
        ("guard", r#"{"a": 1, "b": 1}"#, "proceed server:/tools/guard: permitted"),
        ("guard", r#"{"a": 1, "b": 2}"#, "deny server:/tools/guard/rules/0: argument \"b\" must be 1"),
        ("guard", r#"{"a": 2}"#, "deny server:/tools/guard/rules/0: argument \"a\" must be 1"),
        ("guard", r#"{"b": 2}"#, "deny server:/tools/guard/rules/0: argument \"a\" is missing"),
        ("objection", r#"{"a": 1, "b": 1}"#, "deny server:/tools/objection/rules/0: argument \"a\" is 1 and argument \"b\" is 1"),
        ("objection", r#"{"a": 1, "b": 2}"#, "proceed server:/tools/objection: permitted"),
        ("objection", r#"{"a": "1", "b": 2}"#, "proceed server:/tools/objection: permitted"),
        ("objection", r#"{"a": 1, "b": "1"}"#, "deny server:/tools/objection/rules/0: argument \"b\" must be a number, not text"),
        ("objection", r#"{"a": 1}"#, "proceed server:/tools/objection: permitted"),
        ("always", "{}", "deny server:/tools/always/rules/0: never"),
        ("always_too", "{}", "deny server:/tools/always_too/deny_if/0: tool \"always_too\" is denied by policy"),
        ("never", "{}", "proceed server:/tools/never: permitted"),
        ("person", "{}", "ask server:/tools/person/rules/0: the policy asks a person every time"),
    ]);
}

#[test]
#[rustfmt::skip]
fn hidden_and_unlisted_names_get_the_same_words() {
    let body = "
hide: [secret, 'internal_*']
tools: { t: {}, secret: {}, gone: { hide: true }, 'drop_*': { hide: true } }
";
    check_all(body, &[
        ("secret", "{}", "deny (hidden): tool \"secret\" is not permitted"),
        ("internal_x", "{}", "deny (hidden): tool \"internal_x\" is not permitted"),
        ("gone", "{}", "deny (hidden): tool \"gone\" is not permitted"),
        ("drop_table", "{}", "deny (hidden): tool \"drop_table\" is not permitted"),
        ("unknown", "{}", "deny (default deny): tool \"unknown\" is not permitted"),
        ("T", "{}", "deny (default deny): tool \"T\" is not permitted"),
        ("bad\"\u{202e}\n", "{}", "deny (default deny): tool \"bad\\\"\\u{202e}\\u{a}\" is not permitted"),
        ("t", "{}", "proceed server:/tools/t: permitted"),
    ]);
    check_all(&format!("default: allow\n{body}"), &[
        ("unknown", "{}", "proceed (default allow): permitted"),
        ("internal_x", "{}", "deny (hidden): tool \"internal_x\" is not permitted"),
    ]);
}

#[test]
#[rustfmt::skip]
fn lists_show_what_calls_may_reach() {
    let body = "tools: { t: {}, no: { rules: [{ action: deny }] }, gone: { hide: true }, get_*: {}, '*': {} }\nhide: [get_secret]\n";
    let table = [
        ("default: deny", [("t", true), ("no", true), ("gone", false), ("get_a", true), ("get_secret", false), ("x", false)]),
        ("default: allow", [("t", true), ("no", true), ("gone", false), ("get_a", true), ("get_secret", false), ("x", true)]),
        ("default: deny\nlist: all", [("t", true), ("no", true), ("gone", false), ("get_a", true), ("get_secret", false), ("x", true)]),
        ("default: deny\nmode: shadow", [("t", true), ("no", true), ("gone", true), ("get_a", true), ("get_secret", true), ("x", true)]),
    ];
    for (head, names) in table {
        let policy = policy(&format!("version: '1'\n{head}\n{body}"));
        for (name, expected) in names {
            assert_eq!(visible(&[(Origin::Server, &policy)], Section::Tools, name), expected, "{head} {name}");
        }
    }
    assert!(!visible(&[], Section::Tools, "t"));
}

#[test]
#[rustfmt::skip]
fn resources_and_prompts() {
    let body = "
tools: { t: {} }
resources:
  'file:///public/*': {}
  'file:///public/secret.txt': { rules: [{ action: deny, on_deny: not that one }] }
  '*': { rules: [{ rate_limit: 5/minute }] }
prompts:
  review: { require: [{ path: args.language, op: in, value: [rust, python] }] }
hide: ['file:///etc/*']
";
    let of = |section| Given { section, ..Given::default() };
    let counted = "\n+ 1 server=s/resources/*/_rate_minute_0/minute/sliding/grant=g <= 5";
    check_given(body, &of(Section::Resources), &[
        ("file:///public/a.txt", "", &format!("proceed server:/resources/file:~1~1~1public~1*: permitted{counted}")),
        ("file:///public/secret.txt", "", "deny server:/resources/file:~1~1~1public~1secret.txt/rules/0: not that one"),
        ("file:///home/a.txt", "", "deny (default deny): resource \"file:///home/a.txt\" is not permitted"),
        ("file:///etc/passwd", "", "deny (hidden): resource \"file:///etc/passwd\" is not permitted"),
        ("t", "", "deny (default deny): resource \"t\" is not permitted"),
    ]);
    check_given(body, &of(Section::Prompts), &[
        ("review", r#"{"language": "rust"}"#, "proceed server:/prompts/review: permitted"),
        ("review", r#"{"language": "cobol"}"#, "deny server:/prompts/review/require/0: argument \"language\" must be one of \"rust\", \"python\""),
        ("review", "", "deny server:/prompts/review/require/0: argument \"language\" is missing"),
        ("other", "", "deny (default deny): prompt \"other\" is not permitted"),
    ]);
}

#[test]
#[rustfmt::skip]
fn counters_are_told_apart_by_what_identifies_them() {
    let body = "
tools:
  t:
    rules:
      - rate_limit: 5/minute
      - rate_limit: { max: 50, window: 60s }
      - rate_limit: { max: 500, window: day, scope: session }
      - rate_limit: { max: 9, window: week, align: calendar, scope: global }
    limits:
      - { window: 1m, max: 7, scope: [tool, session] }
      - { counter: 'mega/bytes', window: day, max: 1e9, amount: args.size, scope: server }
      - { counter: fleet, window: month, max: 100, shared: everybody, align: calendar }
  get_*: { rules: [{ rate_limit: 5/minute }] }
  '*': { rules: [{ rate_limit: 60/minute }] }
all_tools: { rules: [{ rate_limit: 70/minute }] }
";
    let every = "\n+ 1 server=s/tools/*/_rate_minute_0/minute/sliding/grant=g <= 60\
                 \n+ 1 server=s/tools/*/_rate_minute_1/minute/sliding/grant=g <= 70";
    check_all(body, &[
        ("t", r#"{"size": 3.5}"#, &format!("proceed server:/tools/t: permitted\
          \n+ 1 server=s/tools/t/_rate_minute_0/minute/sliding/grant=g <= 5\
          \n+ 1 server=s/tools/t/_rate_minute_1/minute/sliding/grant=g <= 50\
          \n+ 1 server=s/tools/t/_rate_day_0/day/sliding/grant=g/session=n <= 500\
          \n+ 1 server=s/tools/t/_rate_week_0/week/calendar <= 9\
          \n+ 1 server=s/tools/t/_rate_minute_2/minute/sliding/grant=g/session=n/tool=t <= 7\
          \n+ 3.5 server=s/tools/t/mega%2Fbytes/day/calendar <= 1000000000\
          \n+ 1 shared=everybody/tools/t/fleet/month/calendar/grant=g <= 100{every}")),
        ("get_a", "{}", &format!("proceed server:/tools/get_*: permitted\
          \n+ 1 server=s/tools/get_*/_rate_minute_0/minute/sliding/grant=g <= 5{every}")),
    ]);
}

#[test]
#[rustfmt::skip]
fn amounts_never_enlarge_a_budget() {
    let body = "
tools:
  t: { limits: [{ counter: c, window: day, max: 100, amount: args.n, min: 1, on_deny: say how much }] }
  u: { limits: [{ counter: c, window: day, max: 100, amount: 'args.items[0].n' }] }
  w: { limits: [{ window: minute, max: 5 }, { counter: c, window: day, max: 100, amount: args.n }] }
  v: { rules: [{ state: { counter: c, window: day, increment: 2.5 }, conditions: [{ path: state.v.c, op: lt, value: 9 }, { path: state.v.c, op: lte, value: 9 }] }] }
";
    let deny = |why: &str| format!("deny server:/tools/t/limits/0: say how much. Argument \"n\" {why}");
    let need = |amount: &str| format!("proceed server:/tools/t: permitted\n+ {amount} server=s/tools/t/c/day/calendar/grant=g <= 100");
    check_all(body, &[
        ("t", r#"{"n": 1}"#, &need("1")),
        ("t", r#"{"n": 1.25e1}"#, &need("12.5")),
        ("t", r#"{"n": 9007199254740993}"#, &need("9007199254740993")),
        ("t", r#"{"n": 0}"#, &deny("must be at least 1")),
        ("t", r#"{"n": 0.999}"#, &deny("must be at least 1")),
        ("t", r#"{"n": -0}"#, &deny("must be at least 1")),
        ("t", r#"{"n": -5}"#, &deny("must not be negative")),
        ("t", r#"{"n": -1e-400}"#, &deny("must not be negative")),
        ("t", r#"{"n": "5"}"#, &deny("must be a number, not text")),
        ("t", r#"{"n": true}"#, &deny("must be a number, not true or false")),
        ("t", r#"{"n": [5]}"#, &deny("must be a number, not an array")),
        ("t", r#"{"n": null}"#, &deny("is missing")),
        ("t", "{}", &deny("is missing")),
        ("t", "", &deny("is missing")),
        ("t", r#"{"n": 1e99999}"#, &deny("is out of the range of amounts")),
        ("t", r#"{"n": 12345678901234567890123456789012345678901}"#, &deny("is out of the range of amounts")),
        ("u", r#"{"items": [{"n": 0}]}"#, "proceed server:/tools/u: permitted\n+ 0 server=s/tools/u/c/day/calendar/grant=g <= 100"),
        ("u", r#"{"items": []}"#, "deny server:/tools/u/limits/0: argument \"items[0].n\" is missing"),
        ("w", r#"{"n": "x"}"#, "deny server:/tools/w/limits/1: argument \"n\" must be a number, not text"),
        ("v", "{}", "proceed server:/tools/v: permitted\n+ 2.5 server=s/tools/v/c/day/calendar/grant=g < 9"),
    ]);
}

#[test]
#[rustfmt::skip]
fn conditions_on_other_counters_read_them() {
    let body = "
tools:
  spend:
    rules:
      - { state: { counter: day, window: day, increment_from: args.n, scope: tool }, conditions: [{ path: state.spend.day, op: lte, value: 100 }] }
      - { name: person, action: require_approval, conditions: [{ path: state.spend.day, op: gt, value: 50 }] }
  refund:
    rules: [{ name: not more than spent, conditions: [{ path: state.spend.day, op: gte, value: 10 }, { path: state._global.calls, op: lt, value: 5 }] }]
  '*': { limits: [{ counter: calls, window: hour, max: 60 }] }
";
    let (day, calls) = ("server=s/tools/spend/day/day/calendar/grant=g/tool=spend", "server=s/tools/*/calls/hour/sliding/grant=g");
    let tail = format!("\n+ 1 {calls} <= 60");
    check_all(body, &[
        ("refund", "{}", &format!("read {day} {calls}")),
        ("spend", r#"{"n": 1}"#, &format!("read {day}")),
    ]);
    let with = |day: &'static str, calls: &'static str| Given { counters: Some(vec![("/day/", day), ("/calls/", calls)]), ..Given::default() };
    check_given(body, &with("10", "4"), &[("refund", "{}", &format!("proceed server:/tools/refund: permitted{tail}\n= 10 {day}\n= 4 {calls}"))]);
    check_given(body, &with("9.99", "4"), &[("refund", "{}",
        &format!("deny server:/tools/refund/rules/0 [not more than spent]: counter \"day\" of \"spend\" must be at least 10\n= 9.99 {day}"))]);
    check_given(body, &with("unreadable", "4"), &[("refund", "{}",
        "deny server:/tools/refund/rules/0 [not more than spent]: counter \"day\" of \"spend\" could not be read")]);
    check_given(body, &with("50", "0"), &[("spend", r#"{"n": 1}"#,
        &format!("proceed server:/tools/spend: permitted\n+ 1 {day} <= 100{tail}\n= 50 {day}"))]);
    check_given(body, &with("50.5", "0"), &[
        ("spend", r#"{"n": 1}"#, &format!("ask server:/tools/spend/rules/1 [person]: counter \"day\" of \"spend\" is greater than 50\n+ 1 {day} <= 100{tail}\n= 50.5 {day}")),
        // Before a person is asked the amount is looked at.
        ("spend", r#"{"n": -1}"#, &format!("deny server:/tools/spend/rules/0: argument \"n\" must not be negative\n= 50.5 {day}")),
    ]);
}

#[test]
#[rustfmt::skip]
fn shadow_is_recorded_and_stops_nothing() {
    let rule = "
tools:
  t:
    rules:
      - { name: off, action: deny, conditions: [{ path: args.no, op: exists }], mode: shadow }
      - { name: ask, action: require_approval, conditions: [{ path: args.ask, op: exists }], mode: shadow }
      - { name: rate, rate_limit: 1/minute, mode: shadow }
      - { name: on, action: deny, conditions: [{ path: args.really, op: exists }] }
    limits: [{ counter: c, window: day, max: 5, amount: args.n, mode: shadow }]
";
    let rate = "\n+ 1 server=s/tools/t/_rate_minute_0/minute/sliding/grant=g/shadow <= 1";
    let amount = "\n+ 2 server=s/tools/t/c/day/calendar/grant=g/shadow <= 5";
    let no = "\n~ deny server:/tools/t/rules/0: argument \"no\" is given";
    let missing = "\n~ deny server:/tools/t/limits/0: argument \"n\" is missing";
    check_all(rule, &[
        ("t", r#"{"n": 2}"#, &format!("proceed server:/tools/t: permitted{rate}{amount}")),
        ("t", r#"{"n": 2, "no": 1, "ask": 1}"#, &format!("proceed server:/tools/t: permitted{rate}{amount}{no}\n~ ask server:/tools/t/rules/1: argument \"ask\" is given")),
        ("t", r#"{"no": 1}"#, &format!("proceed server:/tools/t: permitted{rate}{no}{missing}")),
        ("t", r#"{"no": 1, "really": 1}"#, &format!("deny server:/tools/t/rules/3 [on]: argument \"really\" is given{no}{missing}")),
    ]);
    let document = "
mode: shadow
hide: [secret]
tools:
  t: { rules: [{ action: deny }] }
  u: { mode: enforce, rules: [{ action: deny, name: a }, { action: deny, name: b, mode: shadow }] }
  w: { mode: enforce, hide: true }
";
    check_all(document, &[
        ("t", "{}", "proceed server:/tools/t: permitted\n~ deny server:/tools/t/rules/0: tool \"t\" is denied by policy"),
        ("u", "{}", "deny server:/tools/u/rules/0 [a]: tool \"u\" is denied by policy\n~ deny server:/tools/u/rules/1: tool \"u\" is denied by policy"),
        ("w", "{}", "deny (hidden): tool \"w\" is not permitted"),
        ("x", "{}", "proceed (default deny): permitted\n~ deny (default deny): tool \"x\" is not permitted"),
        ("secret", "{}", "proceed (hidden): permitted\n~ deny (hidden): tool \"secret\" is not permitted"),
    ]);
}

#[test]
#[rustfmt::skip]
fn shadow_conditions_read_counters_only_for_calls_that_pass() {
    let body = "
tools:
  t:
    rules:
      - { name: on, action: deny, conditions: [{ path: args.no, op: exists }] }
      - { name: off, mode: shadow, conditions: [{ path: state.t.c, op: lt, value: 1 }] }
    limits: [{ counter: c, window: day, max: 5 }]
";
    check_all(body, &[
        ("t", "{}", "read server=s/tools/t/c/day/sliding/grant=g"),
        ("t", r#"{"no": 1}"#, "deny server:/tools/t/rules/0 [on]: argument \"no\" is given"),
    ]);
    let given = Given { counters: Some(vec![("/c/", "3")]), ..Given::default() };
    check_given(body, &given, &[("t", "{}", "proceed server:/tools/t: permitted\
        \n+ 1 server=s/tools/t/c/day/sliding/grant=g <= 5\
        \n~ deny server:/tools/t/rules/1: counter \"c\" of \"t\" must be less than 1")]);
}

#[test]
#[rustfmt::skip]
fn two_policies_judge_together() {
    let server = policy("
version: '1'
default: allow
hide: [hidden]
tools:
  t:
    rules:
      - { rate_limit: 10/minute }
      - { action: require_approval, conditions: [{ path: args.ask, op: exists }] }
  '*': { rules: [{ rate_limit: 60/minute }] }
");
    let grant = policy("
version: '1'
default: deny
tools:
  t:
    rules:
      - { rate_limit: 5/minute }
      - { action: deny, conditions: [{ path: args.no, op: exists }] }
  hidden: {}
  '*': { rules: [{ rate_limit: 90/minute }, { rate_limit: 9/minute }] }
");
    let table = [
        // Counted once a call, under the tighter bound of the two.
        ("t", "{}", "proceed server:/tools/t: permitted\
          \n+ 1 server=s/tools/t/_rate_minute_0/minute/sliding/grant=g <= 5\
          \n+ 1 server=s/tools/*/_rate_minute_0/minute/sliding/grant=g <= 60\
          \n+ 1 server=s/tools/*/_rate_minute_1/minute/sliding/grant=g <= 9"),
        ("t", r#"{"ask": 1, "no": 1}"#, "deny grant:/tools/t/rules/1: argument \"no\" is given"),
        ("u", "{}", "deny (default deny): tool \"u\" is not permitted"),
        ("hidden", "{}", "deny (hidden): tool \"hidden\" is not permitted"),
    ];
    let stack = [(Origin::Server, &server), (Origin::Grant, &grant)];
    for (name, arguments, expected) in table {
        let judgement = judged(&stack, name, arguments, &Given::default());
        assert_eq!(shown(&judgement), expected);
        let crate::Judgement::Decided(decision) = judgement else { panic!() };
        assert_eq!(decision.digest, format!("{}+{}", server.digest(), grant.digest()));
    }
    let judgement = judged(&[], "t", "{}", &Given::default());
    assert_eq!(shown(&judgement), "deny (no policy): tool \"t\" is not permitted");
}

/// What one of two policies keeps counted stays counted, whichever has the tighter bound.
#[test]
fn a_call_counted_for_two_policies_is_given_back_if_both_give_it_back() {
    let of = |max: u8, refund: &str| {
        policy(&format!(
            "version: '1'\ndefault: deny\ntools: {{ t: {{ rules: [{{ rate_limit: {{ max: {max}, window: day, refund: {refund} }} }}] }} }}"
        ))
    };
    for (server, grant, given_back) in
        [("keep", "on_error", ""), ("on_error", "keep", ""), ("on_error", "on_error", " refunded")]
    {
        for (server_max, grant_max, max) in [(5, 3, 3), (3, 5, 3)] {
            let (server, grant) = (of(server_max, server), of(grant_max, grant));
            let stack = [(Origin::Server, &server), (Origin::Grant, &grant)];
            let expected = format!(
                "proceed server:/tools/t: permitted\n+ 1 server=s/tools/t/_rate_day_0/day/sliding/grant=g <= {max}{given_back}"
            );
            assert_eq!(shown(&judged(&stack, "t", "{}", &Given::default())), expected);
        }
    }
}

/// One counter under two policies is one count only where both count the same.
#[test]
fn different_amounts_in_one_counter_are_both_reserved() {
    let of = |increment: u8| {
        policy(&format!(
            "version: '1'\ndefault: deny\ntools: {{ t: {{ rules: [{{ state: {{ counter: c, window: day, increment: {increment} }} }}] }} }}"
        ))
    };
    let (server, grant) = (of(1), of(2));
    let judgement =
        judged(&[(Origin::Server, &server), (Origin::Grant, &grant)], "t", "{}", &Given::default());
    let key = "server=s/tools/t/c/day/calendar/grant=g";
    assert_eq!(shown(&judgement), format!("proceed server:/tools/t: permitted\n+ 1 {key}\n+ 2 {key}"));
}

#[test]
fn names_from_callers_are_shown_in_part() {
    let judgement = judged(&[], &"x".repeat(1_000), "{}", &Given::default());
    let expected = format!("deny (no policy): tool \"{}…\" is not permitted", "x".repeat(80));
    assert_eq!(shown(&judgement), expected);
}

/// An edited `max` counts on in the same counter; another window begins a new one.
#[test]
fn editing_max_keeps_the_counter() {
    let key = |limit: &str| {
        let policy = policy(&format!(
            "version: '1'\ndefault: deny\ntools: {{ t: {{ rules: [{{ rate_limit: {limit} }}] }} }}"
        ));
        let judgement = judged(&[(Origin::Server, &policy)], "t", "{}", &Given::default());
        let crate::Judgement::Decided(decision) = judgement else { panic!() };
        decision.needs.into_iter().next().unwrap().key
    };
    assert_eq!(key("10/minute"), key("{ max: 20, window: 60 }"));
    assert_ne!(key("10/minute"), key("10/hour"));
    assert_ne!(key("10/minute"), key("{ max: 10, window: minute, align: calendar }"));
    assert_ne!(key("10/minute"), key("{ max: 10, window: minute, scope: session }"));
}

/// What is not permitted at all is not looked up; what may pass is, also for the sake of a shadow.
#[test]
fn definitions_are_needed_where_arguments_are_validated() {
    let policy = policy(
        "
version: '1'
default: deny
hide: [hidden]
tools:
  t: { rules: [{ validate: { required_args: true } }] }
  u: { mode: shadow, validate: { required_args: true } }
  hidden: { mode: shadow, validate: { required_args: true } }
  w: {}
",
    );
    let everywhere =
        self::policy("version: '1'\ndefault: deny\nall_tools: { validate: { required_args: true } }");
    let call = |name| crate::Call { section: Section::Tools, server: "s", name, arguments: None };
    let table = [("t", true), ("u", true), ("hidden", false), ("w", false), ("x", false)];
    for (name, expected) in table {
        assert_eq!(crate::requires_definition(&[(Origin::Server, &policy)], &call(name)), expected, "{name}");
    }
    assert!(!crate::requires_definition(&[(Origin::Server, &everywhere)], &call("t")));
    assert!(!crate::requires_definition(&[], &call("t")));
    let hidden = judged(&[(Origin::Server, &policy)], "hidden", "{}", &Given::default());
    assert_eq!(shown(&hidden), "deny (hidden): tool \"hidden\" is not permitted");
    let shadow = judged(&[(Origin::Server, &policy)], "u", "{}", &Given { absent: true, ..Given::default() });
    let expected =
        "proceed server:/tools/u: permitted\n~ deny server:/tools/u/validate: tool \"u\" is not permitted";
    assert_eq!(shown(&shadow), expected);
}

/// A URI that a server can read as another is permitted by its own text only.
#[test]
#[rustfmt::skip]
fn uris_that_can_be_read_as_others() {
    let resources = Given { section: Section::Resources, ..Given::default() };
    let words = |uri: &str| format!("resource \"{uri}\" is not permitted");
    let ambiguous = |uri: &str| format!("deny (ambiguous): {}: a server can read it as another", words(uri));
    let (up, other, plain) = ("file:///public/../etc/shadow", "file:///public/%73ecret", "file:///public/a.txt");
    check_given("default: deny\nresources: { 'file:///public/*': {}, 'file:///public/./exact': {} }", &resources, &[
        (plain, "", "proceed server:/resources/file:~1~1~1public~1*: permitted"),
        ("file:///public/./exact", "", "proceed server:/resources/file:~1~1~1public~1.~1exact: permitted"),
        (up, "", &ambiguous(up)),
        (other, "", &ambiguous(other)),
        // What is not listed at all is told apart from nothing.
        ("file:///../etc", "", &format!("deny (default deny): {}", words("file:///../etc"))),
    ]);
    check_given("default: allow\nhide: ['file:///public/secret']", &resources, &[
        (plain, "", "proceed (default allow): permitted"),
        ("file:///public/secret", "", &format!("deny (hidden): {}", words("file:///public/secret"))),
        (other, "", &ambiguous(other)),
        (up, "", &ambiguous(up)),
    ]);
    check_given("default: allow\nresources: { 'file:///etc/*': { rules: [{ action: deny }] } }", &resources, &[(up, "", &ambiguous(up))]);
    // Nothing depends on which resource it is.
    for body in ["default: allow", "default: allow\nresources: { '*': {} }", "default: allow\ntools: { x: { hide: true } }"] {
        check_given(body, &resources, &[(up, "", "proceed (default allow): permitted")]);
    }
    let allowed = Given { section: Section::Tools, ..Given::default() };
    check_given("default: allow\nhide: [x]", &allowed, &[("..", "", "proceed (default allow): permitted")]);
    check_given("mode: shadow\ndefault: allow\nhide: [x]", &resources, &[
        (up, "", &format!("proceed (ambiguous): permitted\n~ deny (ambiguous): {}: a server can read it as another", words(up))),
    ]);
    for (body, shown) in [("", false), ("list: all", true), ("mode: shadow", true)] {
        let policy = policy(&format!("version: '1'\ndefault: allow\nhide: [x]\n{body}"));
        assert_eq!(visible(&[(Origin::Server, &policy)], Section::Resources, up), shown, "{body}");
    }
}
