//! Paths, and what they find.

use super::json::Json;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// `[*]`
    Every,
    /// Part of a JSON pointer: a key of an object, an index of an array.
    Token(String),
}

/// `args.a["b.c"][0][*]` or `/args/a/b.c/0`.
pub(super) fn parse(path: &str) -> Vec<Step> {
    if let Some(pointer) = path.strip_prefix('/') {
        return pointer
            .split('/')
            .map(|token| Step::Token(token.replace("~1", "/").replace("~0", "~")))
            .collect();
    }
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = next(rest);
        steps.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

fn next(rest: &str) -> (Step, &str) {
    if let Some(quoted) = rest.strip_prefix("[\"") {
        let (key, after) = quoted.split_once("\"]").unwrap();
        return (Step::Key(serde_json::from_str(&format!("\"{key}\"")).unwrap()), after);
    }
    if let Some(index) = rest.strip_prefix('[') {
        let (index, after) = index.split_once(']').unwrap();
        return (if index == "*" { Step::Every } else { Step::Index(index.parse().unwrap()) }, after);
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    (Step::Key(rest[..end].to_owned()), &rest[end..])
}

/// The name of the thing that a step without index names.
pub(super) fn key(step: &Step) -> &str {
    match step {
        Step::Key(key) | Step::Token(key) => key,
        Step::Index(_) | Step::Every => panic!("only arguments have items"),
    }
}

/// The last name in a path.
pub(super) fn last_key(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap().split('[').next().unwrap()
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// Not there, or null.
    Missing,
    /// The path asks something for a part that has none.
    Unfit,
    /// `[*]` of something that is not an array.
    NoArray,
    Value(Json),
    /// What `[*]` finds in each item.
    Each(Vec<Found>),
}

pub(super) fn find(value: Option<&Json>, steps: &[Step]) -> Found {
    let value = match value {
        None | Some(Json::Null) => return Found::Missing,
        Some(value) => value,
    };
    let Some((step, rest)) = steps.split_first() else { return Found::Value(value.clone()) };
    match (step, value) {
        (Step::Key(key) | Step::Token(key), Json::Object(_)) => find(value.get(key), rest),
        (Step::Index(index), Json::Array(items)) => find(items.get(*index), rest),
        (Step::Token(token), Json::Array(items)) => match index(token) {
            Some(index) => find(items.get(index), rest),
            None => Found::Unfit,
        },
        (Step::Every, Json::Array(items)) => {
            Found::Each(items.iter().map(|item| find(Some(item), rest)).collect())
        }
        (Step::Every, _) => Found::NoArray,
        _ => Found::Unfit,
    }
}

/// Decimal digits without a zero before them.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+', '-']);
    token.parse().ok().filter(|_| plain)
}

#[test]
fn what_paths_find() {
    let value =
        Json::from(serde_json::json!({"a": {"b": 1, "b.c": [5, {"x": 2}, null]}, "n": null, "~/": 3}));
    let one = |path: &str| find(Some(&value), &parse(path));
    let number = |text: &str| Found::Value(Json::number(text));
    assert_eq!(one("a.b"), number("1"));
    assert_eq!(one("a[\"b.c\"][1].x"), number("2"));
    assert_eq!(one("/a/b.c/1/x"), number("2"));
    assert_eq!(one("/~0~1"), number("3"));
    assert_eq!(one("/a/b.c/01"), Found::Unfit);
    assert_eq!(one("a.b.c"), Found::Unfit);
    assert_eq!(one("a[0]"), Found::Unfit);
    assert_eq!(one("n.x"), Found::Missing);
    assert_eq!(one("a[\"b.c\"][7]"), Found::Missing);
    assert_eq!(one("a[\"b.c\"][*].x"), Found::Each(vec![Found::Unfit, number("2"), Found::Missing]));
    assert_eq!(one("a[*]"), Found::NoArray);
}
