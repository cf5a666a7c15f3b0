//! Paths of fields to redact, written as a policy writes them: `args.a.b`, `args.items[*].x`, `args["a.b"]`,
//! `/args/a/b`.

use std::str::FromStr;

/// One field, or all items of a list, below a call's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
    /// In a JSON Pointer a number may be a key or an index (RFC 6901 §4).
    Either(String),
    EveryItem,
}

/// Not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a path of an argument: write `args.name`, `args.items[*].name`, `args[\"a.b\"]` or \
     `/args/name`"
)]
pub struct RedactPathError {
    text: String,
}

impl RedactPath {
    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl FromStr for RedactPath {
    type Err = RedactPathError;

    fn from_str(text: &str) -> Result<Self, RedactPathError> {
        let steps = if text.starts_with('/') { pointer(text) } else { dotted(text) };
        steps.map(Self).ok_or_else(|| RedactPathError { text: text.to_owned() })
    }
}

impl Step {
    pub(crate) fn takes_key(&self, key: &str) -> bool {
        matches!(self, Self::Key(name) | Self::Either(name) if name == key)
    }

    pub(crate) fn takes_index(&self, index: usize) -> bool {
        match self {
            Self::EveryItem => true,
            Self::Index(wanted) => *wanted == index,
            Self::Either(text) => text.parse() == Ok(index),
            Self::Key(_) => false,
        }
    }
}

fn pointer(text: &str) -> Option<Vec<Step>> {
    let mut parts = text.split('/').skip(1);
    if parts.next()? != "args" {
        return None;
    }
    Some(parts.map(|part| Step::Either(part.replace("~1", "/").replace("~0", "~"))).collect())
}

fn dotted(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix("args")?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) =
            if let Some(name) = rest.strip_prefix('.') { name_step(name) } else { bracket(rest) }?;
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn name_step(rest: &str) -> Option<(Step, &str)> {
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    (!name.is_empty()).then(|| (Step::Key(name.to_owned()), after))
}

fn bracket(rest: &str) -> Option<(Step, &str)> {
    let inner = rest.strip_prefix('[')?;
    if let Some(after) = inner.strip_prefix("*]") {
        return Some((Step::EveryItem, after));
    }
    if let Some(quoted) = inner.strip_prefix('"') {
        let (name, after) = quoted.split_once("\"]")?;
        return Some((Step::Key(name.to_owned()), after));
    }
    let (number, after) = inner.split_once(']')?;
    Some((Step::Index(number.parse().ok()?), after))
}
