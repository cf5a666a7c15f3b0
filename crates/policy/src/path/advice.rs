//! What was probably meant by a path that names nothing.

use std::borrow::Cow;

use super::ROOTS;
use crate::diagnostic::{nearest, quoted};

/// Second names, each with what a third one stands for.
type Names = &'static [(&'static str, Option<&'static str>)];

/// The names under each root that has a fixed number of them.
const FACTS: [(&str, Names); 5] = [
    ("call", &[("tool", None), ("server", None)]),
    ("grant", &[("name", None), ("labels", Some("<label>"))]),
    ("client", &[("name", None)]),
    ("time", &[("hour", None), ("weekday", None)]),
    ("tool", &[("category", None), ("severity", None), ("annotations", Some("<hint>"))]),
];

/// What to write where a root has no such name under it.
pub(super) fn fact(root: &str, keys: &[&str]) -> Cow<'static, str> {
    let names = FACTS.iter().find(|(known, _)| *known == root).map_or(&[][..], |(_, names)| *names);
    let near = keys.first().and_then(|key| nearest(key, names.iter().map(|(name, _)| *name)));
    let meant = names.iter().find(|(name, _)| Some(*name) == near && keys.first() != Some(name));
    match (meant, keys) {
        (Some((name, None)), [_]) => format!("did you mean `{root}.{name}`?").into(),
        (Some((name, Some(_))), [_, rest]) => {
            format!("did you mean {}?", quoted(&format!("{root}.{name}.{rest}"))).into()
        }
        _ => all(root, names).into(),
    }
}

fn all(root: &str, names: Names) -> String {
    let shown = names.iter().map(|(name, then)| match then {
        None => format!("`{root}.{name}`"),
        Some(then) => format!("`{root}.{name}.{then}`"),
    });
    let shown: Vec<String> = shown.collect();
    match shown.split_last() {
        Some((last, [])) => format!("known is {last}"),
        Some((last, others)) => format!("known are {} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// What to write where a path begins with a name that none begins with.
pub(crate) fn root(written: &str, whole: &str) -> String {
    let meant = match (nearest(written, ROOTS), whole.strip_prefix('/')) {
        (Some(near), None) => format!("{near}{}", whole.strip_prefix(written).unwrap_or_default()),
        (Some(near), Some(pointer)) => {
            format!("/{near}{}", pointer.strip_prefix(written).unwrap_or_default())
        }
        (None, None) => format!("args.{whole}"),
        (None, Some(_)) => format!("/args{whole}"),
    };
    format!("did you mean {}?", quoted(&meant))
}
