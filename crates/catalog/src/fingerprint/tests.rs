//! Every value changes a fingerprint, and no spelling does.

use interlock_json::{Limits, scan};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn canonical(text: &str) -> Canonical {
    Canonical::of(scan(text, &Limits::default()).unwrap().root())
}

const TOOL: &str = r#"{"name":"read","title":"Read","description":"Reads a file.","inputSchema":{"type":"object","properties":{"path":{"type":"string","maxLength":100}},"required":["path"]},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"v":1},"x":null}"#;

#[test]
fn no_spelling_of_the_same_values_is_another_definition() {
    for other in [
        TOOL.replace(':', " : ").replace(',', "\n,\t"),
        TOOL.replace("100", "1.00e2"),
        TOOL.replace("\"v\":1", "\"v\":1.0"),
        TOOL.replace("Reads", "R\\u0065ads"),
        TOOL.replace("\"name\"", "\"n\\u0061me\""),
        TOOL.replace(r#""_meta":{"v":1},"x":null"#, r#""x":null,"_meta":{"v":1}"#),
    ] {
        assert_eq!(canonical(&other).fingerprint, canonical(TOOL).fingerprint, "{other}");
    }
}

#[test]
fn every_member_counts() {
    for (part, other) in [
        ("\"read\"", "\"Read\""),
        ("\"title\":\"Read\"", "\"title\":\"Read \""),
        ("Reads a file.", "Reads a file. "),
        ("Reads", "Re\\u0430ds"),
        ("\"string\"", "\"number\""),
        ("100", "101"),
        ("[\"path\"]", "[]"),
        ("\"outputSchema\":{\"type\":\"object\"}", "\"outputSchema\":{}"),
        ("true", "false"),
        ("\"v\":1", "\"v\":\"1\""),
        ("\"v\":1", "\"v\":9007199254740993"),
        (",\"x\":null", ""),
        ("\"x\":null", "\"x\":null,\"y\":null"),
    ] {
        let changed = TOOL.replace(part, other);
        assert_ne!(changed, TOOL, "{part}");
        assert_ne!(canonical(&changed).fingerprint, canonical(TOOL).fingerprint, "{changed}");
        let found = difference(&canonical(TOOL).text, &canonical(&changed).text).unwrap();
        assert!(!found.is_empty(), "{changed}");
    }
}

#[test]
fn what_changed_is_said_by_its_path() {
    let long = "Exports a study. ".repeat(20);
    let before = json!({ "name": "t", "description": format!("{long}To a bucket."), "inputSchema": {
        "properties": { "a b": { "type": "string" }, "gone": {} }, "required": ["a", "b", "d"] } });
    let after = json!({ "name": "t", "description": format!("{long}To our bucket."), "title": "T", "inputSchema": {
        "properties": { "a b": { "type": "integer" } }, "required": ["a", "c", "b", "d"] } });
    let found = difference(&before.to_string(), &after.to_string()).unwrap();
    let lines: Vec<String> = found
        .into_iter()
        .map(|Difference { path, change }| match change {
            Change::Added { to } => format!("+ {path} {to}"),
            Change::Removed { from } => format!("- {path} {from}"),
            Change::Changed { from, to } => format!("~ {path} {from} {to}"),
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"~ description "…dy. Exports a study. To a bucket." "…dy. Exports a study. To our bucket.""#,
            r#"~ inputSchema.properties["a b"].type "string" "integer""#,
            "- inputSchema.properties.gone {}",
            r#"+ inputSchema.required[1] "c""#,
            r#"+ title "T""#,
        ]
    );
    assert_eq!(difference(TOOL, &canonical(TOOL).text).unwrap(), []);
    assert!(difference("{", "{}").is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zé\"\\\\\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Writes a value with its members in another order, and with white space that `seed` chooses.
fn spelled(value: &Value, seed: u64, out: &mut String) {
    let space = |n: u64| [" ", "", "\n", "\t "].get(usize::try_from(n % 4).unwrap()).copied().unwrap();
    out.push_str(space(seed));
    match value {
        Value::Object(members) => {
            let mut order: Vec<_> = members.iter().collect();
            let turn = usize::try_from(seed).unwrap_or(1) % order.len().max(1);
            order.rotate_left(turn);
            out.push('{');
            for (index, (name, value)) in order.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(space(seed / 2));
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                spelled(value, seed / 3 + 1, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, value) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                spelled(value, seed / 3 + 1, out);
            }
            out.push(']');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
    out.push_str(space(seed / 5));
}

/// The value with its leaf of this number put in the place of by another; counts the leaves that it passes.
fn with_other_leaf(value: &Value, left: &mut usize) -> Value {
    match value {
        Value::Object(members) if !members.is_empty() => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), with_other_leaf(value, left)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|value| with_other_leaf(value, left)).collect()
        }
        leaf if *left == 0 => {
            *left = usize::MAX;
            json!(["another", leaf])
        }
        leaf => {
            *left = left.saturating_sub(1);
            leaf.clone()
        }
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) if !members.is_empty() => members.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

proptest! {
    #[test]
    fn spelling_changes_nothing_and_any_leaf_does(value in value(), seed: u64, which: usize) {
        let mut text = String::new();
        spelled(&value, seed, &mut text);
        let plain = canonical(&value.to_string());
        prop_assert_eq!(&canonical(&text), &plain);
        prop_assert_eq!(difference(&text, &plain.text).unwrap(), []);
        let mut which = which % leaves(&value);
        let other = canonical(&with_other_leaf(&value, &mut which).to_string());
        prop_assert_ne!(other.fingerprint, plain.fingerprint);
        prop_assert!(!difference(&plain.text, &other.text).unwrap().is_empty());
    }
}

#[test]
fn a_fingerprint_is_read_as_it_is_written() {
    let fingerprint = Fingerprint::from([0x0f; 32]);
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    assert_eq!("0F".repeat(32).parse(), Ok(fingerprint));
    for text in [String::new(), "0f".repeat(31), "0f".repeat(33), "+f".repeat(32), "é".repeat(32)] {
        assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
    }
}
