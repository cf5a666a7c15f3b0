//! The schema's table and the parser know the same keys, words and operators.
//!
//! Whether the schema is one, and takes the documents that it should, validators of editors decide: see the package
//! `interlock-tests`.

use std::collections::{BTreeMap, BTreeSet};

use super::compiled;
use crate::language_schema::operators;
use crate::language_schema::schema;
use crate::language_schema::table::{Of, SHAPES, Shape};
use crate::parse::fields::opened;
use crate::parse::operator;

/// Between them they open every map that the parser knows.
const EVERYTHING: [&str; 2] = [
    r#"
version: "1"
default: deny
mode: enforce
list: all
tell_agent: full
tools:
  t:
    validate: { required_args: true, unknown_args: deny }
    rules:
      - action: allow
        conditions: [{ path: args.x, op: in, value: { list: l } }]
        rate_limit: { max: 1, window: day, scope: [{ arg: args.x }], refund: on_error }
        spend: { amount: args.x }
      - conditions:
          - { path: args.u, op: url_host_in, value: { hosts: example.com, schemes: https } }
          - { path: args.q, op: sql_readonly, value: { dialect: postgres } }
      - state: { counter: c, window: day, scope: grant, align: calendar, refund: on_error }
    deny_if: [{ conditions: [{ path: args.x, op: eq, value: a, compare: ci, on_missing: object }] }]
    limits: [{ window: day, max: 1, scope: [grant, tool], align: sliding, mode: shadow, refund: on_error }]
lists: { l: [a] }
approvals: { approve: client, notify: { webhook: { url: "https://example.com/hook" } } }
"#,
    "mode: shadow\napprovals: { approve: people }\ntools: { t: { mode: shadow, rules: [{ mode: shadow, action: deny }], require: [{ conditions: [], mode: shadow }] } }\n",
];

fn read_everything() {
    for text in EVERYTHING {
        compiled(text);
    }
}

#[test]
fn the_same_keys() {
    read_everything();
    let opened = opened::all();
    for (what, known) in &opened {
        let shape = SHAPES.iter().find(|shape| shape.what == *what);
        let Some(shape) = shape else { panic!("the schema has nothing for {what}") };
        let parser: BTreeSet<&str> = known.iter().copied().collect();
        let table: BTreeSet<&str> = shape.keys.iter().map(|key| key.name).collect();
        assert_eq!(parser, table, "{what}");
    }
    for shape in SHAPES {
        assert!(opened.contains_key(shape.what), "{}: is it read?", shape.name);
    }
}

/// The words that a key may have, wherever the table says so.
fn words(of: &Of, out: &mut BTreeSet<&'static str>) {
    match of {
        Of::Words(words) => out.extend(words.iter().copied()),
        Of::Either(kinds) => kinds.iter().for_each(|kind| words(kind, out)),
        Of::Some(items) | Of::List(items) => words(items, out),
        _ => {}
    }
}

#[test]
fn the_same_words() {
    read_everything();
    let mut table: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for key in SHAPES.iter().flat_map(|shape: &Shape| shape.keys) {
        words(&key.of, table.entry(key.name).or_default());
    }
    let mut seen = BTreeSet::new();
    for (pointer, parser) in opened::words() {
        let mut segments = pointer.rsplit('/').skip_while(|segment| segment.parse::<usize>().is_ok());
        let key = segments.next().unwrap_or_default();
        assert_eq!(table.get(key), Some(&parser.into_iter().collect()), "{pointer}");
        seen.insert(key.to_owned());
    }
    for key in [
        "default",
        "mode",
        "list",
        "tell_agent",
        "action",
        "on_missing",
        "compare",
        "scope",
        "align",
        "refund",
    ] {
        assert!(seen.contains(key), "{key} was not read");
    }
}

#[test]
fn the_same_operators() {
    let parser: BTreeSet<&str> = operator::all().into_iter().collect();
    let table = operators::names();
    assert_eq!(table.iter().copied().collect::<BTreeSet<_>>(), parser);
    assert_eq!(table.len(), parser.len(), "an operator stands in the table twice");
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_described() {
    let text = schema();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"#/definitions/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(schema["definitions"][name].is_object(), "{name}");
    }
    for shape in SHAPES {
        for text in [shape.says].into_iter().chain(shape.keys.iter().map(|key| key.says)) {
            assert!(text.ends_with(['.', '…']) && text.len() > 5, "{}: {text}", shape.name);
        }
    }
}
