//! `validate` of rules and entries, by the tool's own schema.

use super::{Given, check, judged, policy, shown};
use crate::Origin;

const POLICY: &str = "
version: '1'
default: deny
tools:
  by_entry: { validate: { schema: true } }
  by_rule: { rules: [{ name: sound, validate: { schema: true, unknown_args: deny }, on_deny: not like this }] }
  strict: { validate: { unknown_args: deny } }
  all: { validate: { required_args: true, schema: true, unknown_args: deny } }
  shadowed: { mode: shadow, validate: { schema: true } }
";

const SCHEMA: &str = r#"{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 9007199254740992}}}"#;

#[test]
#[rustfmt::skip]
fn by_the_schema() {
    let given = Given { schema: Some(SCHEMA), ..Given::default() };
    let table = [
        ("by_entry", r#"{"n": 1}"#, "proceed server:/tools/by_entry: permitted"),
        ("by_entry", r#"{"n": 1, "x": 1}"#, "proceed server:/tools/by_entry: permitted"),
        ("by_entry", r#"{"n": "1"}"#, "deny server:/tools/by_entry/validate: argument \"n\" must be a whole number, not text"),
        ("by_entry", r#"{"n": 9007199254740993}"#, "deny server:/tools/by_entry/validate: argument \"n\" must be at most 9007199254740992"),
        ("by_entry", r#"{"n": 1e99999}"#, "deny server:/tools/by_entry/validate: argument \"n\" holds a number out of the range that can be compared"),
        ("by_entry", "{}", "deny server:/tools/by_entry/validate: required argument \"n\" is missing"),
        // No arguments at all are none of them.
        ("by_entry", "", "deny server:/tools/by_entry/validate: required argument \"n\" is missing"),
        ("by_rule", r#"{"n": 1}"#, "proceed server:/tools/by_rule: permitted"),
        ("by_rule", r#"{"n": 1, "x": 1}"#, "deny server:/tools/by_rule/rules/0 [sound]: not like this. Argument \"x\" is not declared by the tool"),
        ("by_rule", r#"{"n": 1.5}"#, "deny server:/tools/by_rule/rules/0 [sound]: not like this. Argument \"n\" must be a whole number"),
        ("strict", r#"{"n": "1"}"#, "proceed server:/tools/strict: permitted"),
        ("strict", "", "proceed server:/tools/strict: permitted"),
        ("strict", r#"{"N": "1"}"#, "deny server:/tools/strict/validate: argument \"N\" is not declared by the tool"),
        ("all", r#"{"x": 1}"#, "deny server:/tools/all/validate: required argument \"n\" is missing"),
        ("all", r#"{"n": null, "x": 1}"#, "deny server:/tools/all/validate: argument \"x\" is not declared by the tool"),
        ("all", r#"{"n": null}"#, "deny server:/tools/all/validate: argument \"n\" must be a whole number, not null"),
        ("shadowed", r#"{"n": "1"}"#, "proceed server:/tools/shadowed: permitted\n~ deny server:/tools/shadowed/validate: argument \"n\" must be a whole number, not text"),
    ];
    for (name, arguments, expected) in table {
        check(POLICY, name, arguments, &given, expected);
    }
}

/// Without a definition, or with one that cannot be judged by, nothing passes.
#[test]
#[rustfmt::skip]
fn without_a_usable_schema() {
    let absent = Given { absent: true, ..Given::default() };
    let with = |schema| Given { schema: Some(schema), ..Given::default() };
    let table = [
        (Given::default(), "deny server:/tools/by_entry/validate: the arguments that the tool requires are not known yet"),
        (absent, "deny server:/tools/by_entry/validate: tool \"by_entry\" is not permitted"),
        (with(r#"{"$ref": "https://example.com/x.json"}"#), "deny server:/tools/by_entry/validate: the tool's schema cannot be used: it refers to \"https://example.com/x.json\", which it does not hold"),
        (with(r#"{"type": "integr"}"#), "deny server:/tools/by_entry/validate: the tool's schema cannot be used: its `type` is not one of the seven types of JSON Schema, or a list of them"),
        (with(r##"{"$ref": "#"}"##), "deny server:/tools/by_entry/validate: the arguments take too much work to compare with the tool's schema"),
        (with("true"), "proceed server:/tools/by_entry: permitted"),
    ];
    for (given, expected) in table {
        check(POLICY, "by_entry", r#"{"n": 1}"#, &given, expected);
    }
}

/// A server and a caller who work together cannot make a call take for ever.
#[test]
fn many_required_arguments_are_each_looked_for_once() {
    let names: Vec<String> = (0..150_000).map(|index| format!("k{index}")).collect();
    let members: Vec<String> = names.iter().rev().map(|name| format!("{name:?}:1")).collect();
    let policy = policy("version: '1'\ndefault: deny\ntools: { t: { validate: { required_args: true } } }\n");
    let given = Given { required: Some(names), ..Given::default() };
    let line = |members: &[String]| {
        let arguments = format!("{{{}}}", members.join(","));
        shown(&judged(&[(Origin::Server, &policy)], "t", &arguments, &given))
    };
    assert!(line(&members).starts_with("proceed"));
    assert!(line(&members[1..]).ends_with("required argument \"k149999\" is missing"));
}
