//! One edit of a document, as pull requests make them.

use proptest::prelude::prop::sample::Index;
use serde_json::{Value, json};

/// Operators of which one is easily written for another.
const SWAPS: [&[&str]; 8] = [
    &["lt", "lte", "gt", "gte"],
    &["eq", "neq", "contains"],
    &["in", "not_in"],
    &["regex", "matches"],
    &["starts_with", "ends_with"],
    &["length_lte", "length_gte"],
    &["before", "after"],
    &["all", "any"],
];
const WORDS: [(&str, &[&str]); 7] = [
    ("default", &["allow", "deny"]),
    ("list", &["permitted", "all"]),
    ("action", &["allow", "evaluate", "deny", "require_approval"]),
    ("on_missing", &["object", "ignore"]),
    ("window", &["minute", "day", "hour"]),
    ("path", &["args.a", "args.b"]),
    ("counter", &["c", "d"]),
];

/// The document with one thing otherwise.
pub(super) fn mutated(document: &Value, site: Index, how: u8) -> Value {
    let mut sites = Vec::new();
    collect(document, String::new(), &mut sites);
    let mut document = document.clone();
    let at = site.index(sites.len());
    // What cannot be edited there is tried at the next place.
    for pointer in sites.iter().cycle().skip(at).take(sites.len()) {
        if edit(&mut document, pointer, usize::from(how)) {
            break;
        }
    }
    document
}

fn collect(value: &Value, pointer: String, sites: &mut Vec<String>) {
    let step = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(value, step(key), sites)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| collect(value, step(&at.to_string()), sites));
        }
        _ => {}
    }
    sites.push(pointer);
}

fn edit(document: &mut Value, pointer: &str, how: usize) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(value) = document.pointer_mut(pointer) else { return false };
    match value {
        Value::Number(number) => {
            let by = [1.0, -1.0, 0.5][how % 3];
            let moved = number.as_f64().unwrap() + by;
            *value = if moved.fract() == 0.0 { json!(moved as i64) } else { json!(moved) };
            true
        }
        Value::String(text) => match edited_text(&key, text, how) {
            Some(edited) => {
                *value = edited.into();
                true
            }
            None => false,
        },
        Value::Bool(flag) => {
            *value = (!*flag).into();
            true
        }
        Value::Array(items) => edit_list(&key, items, how),
        Value::Object(_) => edit_object(value, &key, how),
        Value::Null => false,
    }
}

fn edited_text(key: &str, text: &str, how: usize) -> Option<String> {
    let other = |words: &[&str]| {
        let others: Vec<&str> = words.iter().copied().filter(|word| *word != text).collect();
        others.get(how % others.len().max(1)).map(|word| (*word).to_owned())
    };
    if key == "op" {
        return SWAPS.into_iter().find(|group| group.contains(&text)).and_then(other);
    }
    if let Some((_, words)) = WORDS.into_iter().find(|(known, _)| *known == key) {
        return other(words);
    }
    let value = key == "value" || key.parse::<usize>().is_ok();
    value.then(|| if how.is_multiple_of(2) { format!("{text}b") } else { "a".to_owned() })
}

fn edit_list(key: &str, items: &mut Vec<Value>, how: usize) -> bool {
    if items.is_empty() {
        if key != "hide" {
            return false;
        }
        items.push("t".into());
        return true;
    }
    match how % 4 {
        0 => drop(items.remove(how % items.len())),
        1 => items.reverse(),
        2 if key == "value" || key == "l" => {
            items.push([json!("b"), json!(2), json!("ab")][how / 4 % 3].clone())
        }
        2 if key == "hide" => items.push("get_*".into()),
        2 => items.insert(0, items[how % items.len()].clone()),
        _ => drop(items.pop()),
    }
    true
}

fn edit_object(value: &mut Value, key: &str, how: usize) -> bool {
    let Some(map) = value.as_object_mut() else { return false };
    match key {
        "tools" | "prompts" | "resources" => {
            let names: Vec<String> = map.keys().cloned().collect();
            let to = if key == "resources" { "file:///*" } else { ["get_*", "u", "*_a"][how % 3] };
            match names.get(how % names.len().max(1)) {
                Some(name) if how.is_multiple_of(2) => {
                    let entry = map.remove(name).unwrap();
                    map.insert(to.to_owned(), entry);
                }
                Some(name) => drop(map.remove(name)),
                None => drop(map.insert(to.to_owned(), json!({}))),
            }
            true
        }
        _ if map.contains_key("op") || map.contains_key("any") || map.contains_key("all") => {
            match how % 3 {
                0 => *value = json!({"not": value.clone()}),
                1 if map.contains_key("any") => *value = json!({"all": map["any"]}),
                1 if map.contains_key("all") => *value = json!({"any": map["all"]}),
                1 => *value = json!({"any": [value.clone(), {"path": "args.b", "op": "eq", "value": 1}]}),
                _ => drop(map.insert("on_missing".to_owned(), "object".into())),
            }
            true
        }
        _ if map.contains_key("conditions") || map.contains_key("rules") || map.contains_key("max") => {
            let shadow = map.get("mode").is_some_and(|mode| mode == "shadow");
            map.insert("mode".to_owned(), if shadow { "enforce" } else { "shadow" }.into());
            true
        }
        _ => false,
    }
}
