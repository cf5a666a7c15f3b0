//! Constraints in words, for reasons that agents and people read.

use crate::document::{Condition, Scalar, Test};
use crate::path::{self, Path};
use crate::print::is_invisible;

/// Longest name or value shown in a reason, in characters.
const MOST_SHOWN: usize = 80;
/// Most values of a list shown in a reason.
const MOST_LISTED: usize = 8;

/// Text in double quotes, on one line and of bounded length: names come from callers.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MOST_SHOWN) + 2);
    out.push('"');
    for (count, character) in text.chars().enumerate() {
        if count == MOST_SHOWN {
            out.push('…');
            break;
        }
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() || is_invisible(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// What a path names: `argument "amount"`.
pub(crate) fn subject(path: &Path) -> String {
    match path {
        Path::Args(steps) => format!("argument {}", quoted(&path::argument_name(steps))),
        Path::CallTool => "the name called".to_owned(),
        Path::CallServer => "the server's name".to_owned(),
        Path::GrantName => "the grant's name".to_owned(),
        Path::State { entry, counter } => format!("counter {} of {}", quoted(counter), quoted(entry)),
    }
}

/// What must hold: `argument "amount" must be at most 50000`.
pub(crate) fn requirement(condition: &Condition) -> String {
    let subject = subject(&condition.path);
    let test = match &condition.test {
        Test::Eq(value) => format!("must be {}", scalar(value)),
        Test::Neq(value) => format!("must not be {}", scalar(value)),
        Test::In(values) => format!("must be one of {}", list(values)),
        Test::NotIn(values) => format!("must not be one of {}", list(values)),
        Test::Lt(value) => format!("must be less than {value}"),
        Test::Lte(value) => format!("must be at most {value}"),
        Test::Gt(value) => format!("must be greater than {value}"),
        Test::Gte(value) => format!("must be at least {value}"),
        Test::Regex(regular) => format!("must match {}", quoted(regular.as_str())),
        Test::Contains(value) => format!("must contain {}", scalar(value)),
        Test::Exists(true) => "must be given".to_owned(),
        Test::Exists(false) => "must not be given".to_owned(),
    };
    format!("{subject} {test}")
}

/// What is objected to: `argument "amount" is greater than 5`.
pub(crate) fn objection<'d>(conditions: impl Iterator<Item = &'d Condition>) -> String {
    let all: Vec<String> = conditions.map(state_of_affairs).collect();
    all.join(" and ")
}

fn state_of_affairs(condition: &Condition) -> String {
    let subject = subject(&condition.path);
    let test = match &condition.test {
        Test::Eq(value) => format!("is {}", scalar(value)),
        Test::Neq(value) => format!("is not {}", scalar(value)),
        Test::In(values) => format!("is one of {}", list(values)),
        Test::NotIn(values) => format!("is none of {}", list(values)),
        Test::Lt(value) => format!("is less than {value}"),
        Test::Lte(value) => format!("is at most {value}"),
        Test::Gt(value) => format!("is greater than {value}"),
        Test::Gte(value) => format!("is at least {value}"),
        Test::Regex(regular) => format!("matches {}", quoted(regular.as_str())),
        Test::Contains(value) => format!("contains {}", scalar(value)),
        Test::Exists(true) => "is given".to_owned(),
        Test::Exists(false) => "is not given".to_owned(),
    };
    format!("{subject} {test}")
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
    }
}

fn list(values: &[Scalar]) -> String {
    let mut shown: Vec<String> = values.iter().take(MOST_LISTED).map(scalar).collect();
    if values.len() > MOST_LISTED {
        shown.push(format!("{} more", values.len() - MOST_LISTED));
    }
    shown.join(", ")
}
