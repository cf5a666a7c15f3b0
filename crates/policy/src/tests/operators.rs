//! Every operator against values of every type, as a guard (`evaluate`) and as an objection (`deny`).

use interlock_json::canonical::write_str;

use super::{Given, judged, policy, shown};
use crate::Origin;

/// What the two uses make of a condition: true, false, or one of the two that never help a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    True,
    False,
    /// M: missing or null.
    Missing,
    /// U: cannot be judged.
    Unknown,
}

/// Judges `{path: args.v, op, value}` for the arguments, as a guard and as an objection without `on_missing`.
pub(super) fn value_of(condition: &str, arguments: &str) -> Is {
    let passes = |action: &str, on_missing: &str| {
        let text = format!(
            "{{\"version\": \"1\", \"default\": \"deny\", \"tools\": {{\"t\": {{\"rules\": [\
             {{\"action\": \"{action}\", \"conditions\": [{{{condition}{on_missing}}}]}}]}}}}}}"
        );
        let policy = policy(&text);
        shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default())).starts_with("proceed")
    };
    let object = ", \"on_missing\": \"object\"";
    match (passes("evaluate", ""), passes("deny", ""), passes("deny", object)) {
        (true, false, false) => Is::True,
        (false, true, true) => Is::False,
        (false, true, false) => Is::Missing,
        (false, false, false) => Is::Unknown,
        other => panic!("no value gives {other:?}: {condition} {arguments}"),
    }
}

fn check_all(table: &[(&str, &str, Is)]) {
    for (test, value, expected) in table {
        let condition = format!("\"path\": \"args.v\", {test}");
        let arguments = if value.is_empty() { "{}".to_owned() } else { format!("{{\"v\": {value}}}") };
        assert_eq!(value_of(&condition, &arguments), *expected, "{test} on {arguments}");
    }
}

use Is::{False, Missing, True, Unknown};

#[test]
#[rustfmt::skip]
fn equality_is_by_type_and_exact() {
    check_all(&[
        (r#""op": "eq", "value": "1""#, r#""1""#, True),
        (r#""op": "eq", "value": "1""#, "1", Unknown),
        (r#""op": "eq", "value": 1"#, r#""1""#, Unknown),
        (r#""op": "eq", "value": 1"#, "1.0", True),
        (r#""op": "eq", "value": 1"#, "1e0", True),
        (r#""op": "eq", "value": 1"#, "10e-1", True),
        (r#""op": "eq", "value": 1"#, "1.0000000000000000000000000001", False),
        (r#""op": "eq", "value": 9007199254740993"#, "9007199254740992", False),
        (r#""op": "eq", "value": 9007199254740993"#, "9007199254740993", True),
        (r#""op": "eq", "value": 0"#, "-0", True),
        (r#""op": "eq", "value": 0.1"#, "0.1000000000000000055511151231257827", False),
        (r#""op": "eq", "value": 1"#, "1e400", False),
        (r#""op": "eq", "value": 1"#, "1234567890123456789012345678901234567890", Unknown),
        (r#""op": "eq", "value": true"#, "true", True),
        (r#""op": "eq", "value": true"#, "1", Unknown),
        (r#""op": "eq", "value": true"#, r#""true""#, Unknown),
        (r#""op": "eq", "value": "a""#, "", Missing),
        (r#""op": "eq", "value": "a""#, "null", Missing),
        (r#""op": "eq", "value": "a""#, r#"["a"]"#, Unknown),
        (r#""op": "eq", "value": "a""#, r#"{"a": 1}"#, Unknown),
        (r#""op": "eq", "value": "a""#, r#""A""#, False),
        (r#""op": "eq", "value": "a""#, r#""\u0061""#, True),
        (r#""op": "eq", "value": "é""#, r#""e\u0301""#, False),
        (r#""op": "neq", "value": "a""#, r#""b""#, True),
        (r#""op": "neq", "value": "a""#, r#""a""#, False),
        (r#""op": "neq", "value": "a""#, "5", Unknown),
        (r#""op": "neq", "value": "a""#, "", Missing),
    ]);
}

#[test]
#[rustfmt::skip]
fn lists() {
    check_all(&[
        (r#""op": "in", "value": ["usd", "eur"]"#, r#""eur""#, True),
        (r#""op": "in", "value": ["usd", "eur"]"#, r#""EUR""#, False),
        (r#""op": "in", "value": ["usd", "eur"]"#, r#"["eur"]"#, Unknown),
        (r#""op": "in", "value": ["usd", "eur"]"#, "7", Unknown),
        (r#""op": "in", "value": ["usd", 7]"#, "7.0", True),
        (r#""op": "in", "value": ["usd", 7]"#, "8", False),
        (r#""op": "in", "value": ["usd", 7]"#, "true", Unknown),
        (r#""op": "in", "value": ["usd"]"#, "null", Missing),
        (r#""op": "not_in", "value": ["usd", "eur"]"#, r#""gbp""#, True),
        (r#""op": "not_in", "value": ["usd", "eur"]"#, r#""usd""#, False),
        (r#""op": "not_in", "value": ["usd", "eur"]"#, "7", Unknown),
        (r#""op": "not_in", "value": ["usd"]"#, "", Missing),
    ]);
}

#[test]
#[rustfmt::skip]
fn order_is_of_numbers_only() {
    check_all(&[
        (r#""op": "lt", "value": 500"#, "499.999999999999999999999999", True),
        (r#""op": "lt", "value": 500"#, "500", False),
        (r#""op": "lte", "value": 500"#, "500.0", True),
        (r#""op": "lte", "value": 500"#, "500.000000000000000000000001", False),
        (r#""op": "lte", "value": 500"#, r#""500""#, Unknown),
        (r#""op": "lte", "value": 500"#, r#""5""#, Unknown),
        (r#""op": "lte", "value": 500"#, "-1e400", True),
        (r#""op": "lte", "value": 500"#, "1e400", False),
        (r#""op": "lte", "value": 500"#, "1e99999", Unknown),
        (r#""op": "lte", "value": 500"#, "true", Unknown),
        (r#""op": "lte", "value": 500"#, "[1]", Unknown),
        (r#""op": "lte", "value": 500"#, "{}", Unknown),
        (r#""op": "lte", "value": 500"#, "null", Missing),
        (r#""op": "gt", "value": 9007199254740992"#, "9007199254740993", True),
        (r#""op": "gt", "value": 0"#, "-0", False),
        (r#""op": "gte", "value": 0"#, "-0", True),
        (r#""op": "gte", "value": 1e3"#, "1000", True),
        (r#""op": "gte", "value": -1"#, "-1.5", False),
        (r#""op": "gte", "value": 1"#, "", Missing),
    ]);
}

#[test]
#[rustfmt::skip]
fn text() {
    check_all(&[
        (r#""op": "regex", "value": "^SELECT""#, r#""SELECT 1""#, True),
        (r#""op": "regex", "value": "^SELECT""#, r#""select 1""#, False),
        (r#""op": "regex", "value": "^SELECT""#, "1", Unknown),
        (r#""op": "regex", "value": "^SELECT""#, r#"["SELECT 1"]"#, Unknown),
        (r#""op": "regex", "value": "^a$""#, r#""a\n""#, False),
        (r#""op": "regex", "value": "^a$""#, "", Missing),
        (r#""op": "regex", "value": "^a$", "compare": "ci""#, r#""A""#, True),
        (r#""op": "regex", "value": "drop""#, r#""a drop b""#, True),
        (r#""op": "contains", "value": "prod""#, r#""my-prod-db""#, True),
        (r#""op": "contains", "value": "prod""#, r#""my-PROD-db""#, False),
        (r#""op": "contains", "value": "prod", "compare": "ci""#, r#""my-PROD-db""#, True),
        (r#""op": "contains", "value": "prod""#, "5", Unknown),
        (r#""op": "contains", "value": "prod""#, r#"{"prod": 1}"#, Unknown),
        (r#""op": "contains", "value": "prod""#, "null", Missing),
        (r#""op": "contains", "value": 5"#, r#""5""#, Unknown),
        (r#""op": "contains", "value": "a""#, r#"["b", "a"]"#, True),
        (r#""op": "contains", "value": "a""#, r#"["ab"]"#, False),
        (r#""op": "contains", "value": "a""#, "[]", False),
        (r#""op": "contains", "value": "a""#, r#"[["a"]]"#, Unknown),
        (r#""op": "contains", "value": "a""#, r#"[1, "a"]"#, True),
        (r#""op": "contains", "value": "a""#, r#"[1, "b"]"#, Unknown),
        (r#""op": "contains", "value": 1"#, "[1.0]", True),
        (r#""op": "contains", "value": true"#, "[false, true]", True),
        (r#""op": "contains", "value": "A", "compare": "ci""#, r#"["a"]"#, True),
        (r#""op": "eq", "value": "straße", "compare": "ci""#, r#""STRASSE""#, True),
        (r#""op": "eq", "value": "kiss", "compare": "ci""#, "\"\u{212A}I\u{17F}S\"", True),
        (r#""op": "neq", "value": "prod", "compare": "ci""#, r#""PROD""#, False),
        (r#""op": "in", "value": ["Prod", "Stage"], "compare": "ci""#, r#""stage""#, True),
        (r#""op": "not_in", "value": ["Prod", "Stage"], "compare": "ci""#, r#""stage""#, False),
    ]);
}

#[test]
#[rustfmt::skip]
fn existence_is_definite() {
    check_all(&[
        (r#""op": "exists""#, "0", True),
        (r#""op": "exists""#, "false", True),
        (r#""op": "exists""#, r#""""#, True),
        (r#""op": "exists""#, "[]", True),
        (r#""op": "exists""#, "null", False),
        (r#""op": "exists""#, "", False),
        (r#""op": "exists", "value": true"#, "1", True),
        (r#""op": "exists", "value": false"#, "1", False),
        (r#""op": "exists", "value": false"#, "null", True),
        (r#""op": "exists", "value": false"#, "", True),
    ]);
}

#[test]
#[rustfmt::skip]
fn paths() {
    let table = [
        ("args.a.b", r#"{"a": {"b": 1}}"#, True),
        ("args.a.b", r#"{"a": {"b": 2}}"#, False),
        ("args.a.b", r#"{"a": {}}"#, Missing),
        ("args.a.b", r#"{"a": null}"#, Missing),
        ("args.a.b", r#"{"a": "b"}"#, Unknown),
        ("args.a.b", r#"{"a": [1]}"#, Unknown),
        ("args.a.b", r#"{"a.b": 1}"#, Missing),
        (r#"args["a.b"]"#, r#"{"a.b": 1}"#, True),
        (r#"args["a\u002eb"]"#, r#"{"a.b": 1}"#, True),
        ("args.a[1]", r#"{"a": [0, 1]}"#, True),
        ("args.a[2]", r#"{"a": [0, 1]}"#, Missing),
        ("args.a[0]", r#"{"a": {"0": 1}}"#, Unknown),
        ("/args/a/1", r#"{"a": [0, 1]}"#, True),
        ("/args/a/1", r#"{"a": {"1": 1}}"#, True),
        ("/args/a/01", r#"{"a": [0, 1]}"#, Unknown),
        ("/args/a~1b/~0", r#"{"a/b": {"~": 1}}"#, True),
        ("args.a[*]", r#"{"a": [1, 1]}"#, True),
        ("args.a[*].b", r#"{"a": [{"b": 1}, {"b": 1}]}"#, True),
        ("args.a[*]", r#"{"a": 1}"#, Unknown),
        ("args.a[*]", r#"{"a": {}}"#, Unknown),
        ("args.a[*]", r#"{"a": null}"#, Missing),
        ("args.a[*]", "{}", Missing),
        ("args.a[*].b", r#"{"a": [{"b": 1}, 7]}"#, Unknown),
        ("args.a", "", Missing),
    ];
    for (path, arguments, expected) in table {
        let mut quoted = String::new();
        write_str(path, &mut quoted);
        let condition = format!("\"path\": {quoted}, \"op\": \"eq\", \"value\": 1");
        assert_eq!(value_of(&condition, arguments), expected, "{path} {arguments}");
    }
}

/// `[*]`: all must hold, any objects; on an empty array a guard holds and an objection does not.
#[test]
#[rustfmt::skip]
fn each_item() {
    let table = [
        ("evaluate", r#"{"a": [1, 1]}"#, true), ("evaluate", r#"{"a": [1, 2]}"#, false),
        ("evaluate", r#"{"a": [1, "1"]}"#, false), ("evaluate", r#"{"a": [1, null]}"#, false),
        ("evaluate", r#"{"a": []}"#, true), ("evaluate", "{}", false),
        ("deny", r#"{"a": [2, 1]}"#, false), ("deny", r#"{"a": [2, 3]}"#, true),
        ("deny", r#"{"a": [2, "1"]}"#, false), ("deny", r#"{"a": [2, null]}"#, true),
        ("deny", r#"{"a": []}"#, true), ("deny", "{}", true),
    ];
    for (action, arguments, passes) in table {
        let text = format!("
version: '1'
default: deny
tools: {{ t: {{ rules: [{{ action: {action}, conditions: [{{ path: 'args.a[*]', op: eq, value: 1 }}] }}] }} }}
");
        let policy = policy(&text);
        let decision = shown(&judged(&[(Origin::Server, &policy)], "t", arguments, &Given::default()));
        assert_eq!(decision.starts_with("proceed"), passes, "{action} {arguments}: {decision}");
    }
}

#[test]
#[rustfmt::skip]
fn names_of_the_call() {
    for (path, value, expected) in [
        ("call.tool", "t", True), ("call.tool", "u", False), ("call.server", "s", True), ("grant.name", "g", True),
        ("grant.name", "h", False),
    ] {
        let condition = format!(r#""path": "{path}", "op": "eq", "value": "{value}""#);
        assert_eq!(value_of(&condition, "{}"), expected, "{path}");
    }
}

/// A list by its name is the list itself; the document keeps the name.
#[test]
#[rustfmt::skip]
fn named_lists() {
    let text = "
version: '1'
default: deny
lists: { buckets: [a, b, 7], other: [c] }
tools:
  t:
    require: [{ path: args.v, op: in, value: { list: buckets } }]
    deny_if: [{ conditions: [{ path: 'args.w[*]', op: in, value: { list: other } }] }]
";
    let named = policy(text);
    let stack = [(Origin::Server, &named)];
    for (arguments, expected) in [
        (r#"{"v": "a"}"#, "proceed server:/tools/t: permitted"),
        (r#"{"v": 7.0}"#, "proceed server:/tools/t: permitted"),
        (r#"{"v": "c"}"#, "deny server:/tools/t/require/0: argument \"v\" must be one of \"a\", \"b\", 7"),
        (r#"{"v": true}"#, "deny server:/tools/t/require/0: argument \"v\" must be text, not true or false"),
        (r#"{"v": "a", "w": ["a", "c"]}"#, "deny server:/tools/t/deny_if/0: argument \"w[*]\" is one of \"c\""),
    ] {
        assert_eq!(shown(&judged(&stack, "t", arguments, &Given::default())), expected, "{arguments}");
    }
    let yaml = named.document().to_yaml();
    assert!(yaml.contains("list: buckets"), "{yaml}");
    assert_eq!(policy(&yaml).document(), named.document());
    // The digest names what is said: other values, or the same ones written out, are another document.
    let digests = [text, &text.replace("b, 7", "b, 8"), &text.replace("{ list: other }", "[c]"), &text.replace("other: [c]", "other: [d]")];
    let digests: std::collections::BTreeSet<String> = digests.iter().map(|text| policy(text).digest().to_owned()).collect();
    assert_eq!(digests.len(), 4);
}
