//! Arguments with one value replaced, added or taken out; everything else stays as it was written.

use interlock_json::{Value, canonical};

use crate::path::Step;

/// The text of `value` with what `steps` lead to set, or taken out where `to` is `None`. `None` where the steps
/// lead nowhere that can be set.
pub(super) fn set(value: Option<Value<'_>>, steps: &[Step], to: Option<&str>) -> Option<String> {
    let Some((step, rest)) = steps.split_first() else { return to.map(str::to_owned) };
    match step {
        Step::Key(key) => match value {
            Some(array) if array.is_array() => item(array, key.parse().ok()?, rest, to),
            object => member(object.filter(|value| value.is_object()), key, rest, to),
        },
        Step::Index(index) => item(value.filter(|value| value.is_array())?, *index, rest, to),
        Step::Each => every(value.filter(|value| value.is_array())?, rest, to),
    }
}

fn member(object: Option<Value<'_>>, key: &str, rest: &[Step], to: Option<&str>) -> Option<String> {
    let old = object.and_then(|object| object.get(key));
    let new = set(old, rest, to);
    if new.is_none() && to.is_some() {
        return None;
    }
    let mut parts = Vec::new();
    for (name, value) in object.into_iter().flat_map(Value::members) {
        if !name.is(key) {
            parts.push(format!("{}: {}", name.raw(), value.raw()));
        } else if let Some(new) = &new {
            parts.push(format!("{}: {new}", name.raw()));
        }
    }
    if let (None, Some(new)) = (old, new) {
        let mut name = String::new();
        canonical::write_str(key, &mut name);
        parts.push(format!("{name}: {new}"));
    }
    Some(format!("{{{}}}", parts.join(", ")))
}

fn item(array: Value<'_>, index: usize, rest: &[Step], to: Option<&str>) -> Option<String> {
    let mut parts: Vec<String> = Vec::with_capacity(array.len());
    for (place, value) in array.items().enumerate() {
        if place == index {
            parts.extend(set(Some(value), rest, to));
        } else {
            parts.push(value.raw().to_owned());
        }
    }
    if index == array.len() {
        parts.push(set(None, rest, to)?);
    }
    (index <= array.len()).then(|| format!("[{}]", parts.join(", ")))
}

fn every(array: Value<'_>, rest: &[Step], to: Option<&str>) -> Option<String> {
    let parts: Vec<String> = array.items().filter_map(|value| set(Some(value), rest, to)).collect();
    (to.is_none() || parts.len() == array.len()).then(|| format!("[{}]", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    #[test]
    fn one_value_changes_and_the_rest_stays() {
        let source = r#"{"a": 1.50, "b": {"c": [1, {"x": 2}, 3]}, "k.y": "é"}"#;
        let document = interlock_json::scan(source, &interlock_json::Limits::default()).unwrap();
        for (path, to, expected) in [
            ("args.a", Some("2"), Some(r#"{"a": 2, "b": {"c": [1, {"x": 2}, 3]}, "k.y": "é"}"#)),
            ("args.a", None, Some(r#"{"b": {"c": [1, {"x": 2}, 3]}, "k.y": "é"}"#)),
            (
                "args.n.m",
                Some("1"),
                Some(r#"{"a": 1.50, "b": {"c": [1, {"x": 2}, 3]}, "k.y": "é", "n": {"m": 1}}"#),
            ),
            ("args.b.c[1].x", Some("9"), Some(r#"{"a": 1.50, "b": {"c": [1, {"x": 9}, 3]}, "k.y": "é"}"#)),
            ("args.b.c[3]", Some("4"), Some(r#"{"a": 1.50, "b": {"c": [1, {"x": 2}, 3, 4]}, "k.y": "é"}"#)),
            ("args.b.c[*]", Some("0"), Some(r#"{"a": 1.50, "b": {"c": [0, 0, 0]}, "k.y": "é"}"#)),
            ("args.b.c[*]", None, Some(r#"{"a": 1.50, "b": {"c": []}, "k.y": "é"}"#)),
            (
                r#"args["k.y"]"#,
                Some("null"),
                Some(r#"{"a": 1.50, "b": {"c": [1, {"x": 2}, 3]}, "k.y": null}"#),
            ),
            ("/args/b/c/0", Some("5"), Some(r#"{"a": 1.50, "b": {"c": [5, {"x": 2}, 3]}, "k.y": "é"}"#)),
            ("args.none", None, Some(r#"{"a": 1.50, "b": {"c": [1, {"x": 2}, 3]}, "k.y": "é"}"#)),
        ] {
            let Ok(Path::Args(steps)) = Path::parse(path) else { panic!("{path}") };
            assert_eq!(set(Some(document.root()), &steps, to).as_deref(), expected, "{path}");
        }
        for path in ["args.a[2]", "args.b.c[4]", "args.a[*]", "args.a[0].x"] {
            let Ok(Path::Args(steps)) = Path::parse(path) else { panic!("{path}") };
            assert_eq!(set(Some(document.root()), &steps, Some("1")), None, "{path}");
        }
    }
}
