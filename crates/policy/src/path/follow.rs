//! From a value to the one that a path names inside it.

use interlock_json::Value;

use super::Step;

/// The value that the steps lead to; `None` where there is none, or for a path that may name several.
pub(crate) fn find<'d>(value: Value<'d>, steps: &[Step]) -> Option<Value<'d>> {
    steps.iter().try_fold(value, |value, step| match enter(value, step) {
        Entered::At(next) => Some(next),
        Entered::Nothing | Entered::Astray => None,
    })
}

/// Where one step leads.
pub(crate) enum Entered<'d> {
    At(Value<'d>),
    /// There could be something, and there is not.
    Nothing,
    /// The value has nothing that the step could name.
    Astray,
}

pub(crate) fn enter<'d>(value: Value<'d>, step: &Step) -> Entered<'d> {
    let next = match step {
        Step::Key(key) if value.is_object() => value.get(key),
        // A JSON pointer does not say whether it means a key or an index.
        Step::Key(key) if value.is_array() && is_index(key) => {
            key.parse().ok().and_then(|index: usize| value.items().nth(index))
        }
        Step::Index(index) if value.is_array() => value.items().nth(*index),
        Step::Key(_) | Step::Index(_) | Step::Each => return Entered::Astray,
    };
    next.map_or(Entered::Nothing, Entered::At)
}

/// RFC 6901 §4: digits without leading zeros.
fn is_index(key: &str) -> bool {
    key == "0" || (!key.starts_with('0') && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use interlock_json::{Limits, scan};

    use crate::path::{Path, find};

    #[test]
    fn only_digits_without_leading_zeros_are_an_index() {
        let arguments =
            scan(r#"{"a": ["x", "y"], "o": {"01": "z", "+1": "p"}}"#, &Limits::default()).unwrap();
        for (path, expected) in [
            ("/args/a/1", Some("y")),
            ("/args/a/0", Some("x")),
            ("args.a[1]", Some("y")),
            ("args.a.1", Some("y")),
            ("/args/a/01", None),
            ("/args/a/00", None),
            ("/args/a/+1", None),
            ("/args/a/-0", None),
            ("/args/a/-", None),
            ("/args/a/2", None),
            ("/args/a/", None),
            ("/args/a/99999999999999999999999", None),
            ("/args/o/01", Some("z")),
            ("/args/o/+1", Some("p")),
            ("args.o[1]", None),
            ("args.a[*]", None),
        ] {
            let Ok(Path::Args(steps)) = Path::parse(path) else { panic!("{path}") };
            let found = find(arguments.root(), &steps);
            assert_eq!(found.and_then(|found| found.as_str()).as_deref(), expected, "{path}");
        }
    }
}
