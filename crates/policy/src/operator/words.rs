//! Each operator in words, after its subject.

use crate::describe::quoted;
use crate::document::{Listed, Scalar, Test};

/// Most values of a list shown in a reason.
const MOST_LISTED: usize = 8;

/// What is required: `must be at most 5`.
pub(crate) fn requirement(test: &Test) -> String {
    match test {
        Test::Eq(value) => format!("must be {}", scalar(value)),
        Test::Neq(value) => format!("must not be {}", scalar(value)),
        Test::In(values) => format!("must be one of {}", list(values, scalar)),
        Test::NotIn(values) => format!("must not be one of {}", list(values, scalar)),
        Test::Lt(value) => format!("must be less than {value}"),
        Test::Lte(value) => format!("must be at most {value}"),
        Test::Gt(value) => format!("must be greater than {value}"),
        Test::Gte(value) => format!("must be at least {value}"),
        Test::Regex(regular) => format!("must match {}", quoted(regular.as_str())),
        Test::Contains(value) => format!("must contain {}", scalar(value)),
        Test::Exists(true) => "must be given".to_owned(),
        Test::Exists(false) => "must not be given".to_owned(),
        Test::Reading(reading) => reading.requirement(),
    }
}

/// What is the case: `is at most 5`.
pub(crate) fn statement(test: &Test) -> String {
    match test {
        Test::Eq(value) => format!("is {}", scalar(value)),
        Test::Neq(value) => format!("is not {}", scalar(value)),
        Test::In(values) => format!("is one of {}", list(values, scalar)),
        Test::NotIn(values) => format!("is none of {}", list(values, scalar)),
        Test::Lt(value) => format!("is less than {value}"),
        Test::Lte(value) => format!("is at most {value}"),
        Test::Gt(value) => format!("is greater than {value}"),
        Test::Gte(value) => format!("is at least {value}"),
        Test::Regex(regular) => format!("matches {}", quoted(regular.as_str())),
        Test::Contains(value) => format!("contains {}", scalar(value)),
        Test::Exists(true) => "is given".to_owned(),
        Test::Exists(false) => "is not given".to_owned(),
        Test::Reading(reading) => reading.statement(),
    }
}

pub(crate) fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
    }
}

/// The first values, and how many more there are.
pub(crate) fn list<T>(values: &Listed<T>, words: impl Fn(&T) -> String) -> String {
    let mut shown: Vec<String> = values.iter().take(MOST_LISTED).map(words).collect();
    if values.len() > MOST_LISTED {
        shown.push(format!("{} more", values.len() - MOST_LISTED));
    }
    shown.join(", ")
}
