//! Conditions that stand together and never hold together.

use interlock_json::Decimal;

use super::{Check, conditions};
use crate::condition::Kindness;
use crate::diagnostic::{At, quoted};
use crate::document::{Condition, Entry, Scalar, Test};

/// Conditions of one list that are compared with each other. A warning is not worth more time.
const MOST_COMPARED: usize = 50;

impl Check<'_, '_> {
    pub(super) fn contradictions(&mut self, entry: &Entry, pointer: &str) {
        for together in conditions::of_entry(entry).filter(|together| together.conditions.len() > 1) {
            let compared = together.conditions.iter().take(MOST_COMPARED).enumerate();
            for (index, condition) in compared {
                let mut before = together.conditions.iter().take(index);
                let Some(first) = before.position(|other| never_both(other, condition)) else { continue };
                let place = format!("{pointer}{}", together.pointer(index));
                let Some(range) = self.range(&place) else { return };
                if !self.known.is_sound(&place) {
                    continue;
                }
                let message = format!(
                    "no value of {} fulfils both this condition and condition {} of the list",
                    quoted(&condition.path.to_string()),
                    first + 1
                );
                let help = match together.kindness {
                    Kindness::Allow => {
                        "all conditions of a list must hold, so every call is denied; for alternatives use `op: in`"
                    }
                    Kindness::Deny => {
                        "all conditions of a list must hold before it objects; for alternatives write two rules"
                    }
                };
                self.report.warning("never-holds", range, &At::from_pointer(&place), message).help(help);
            }
        }
    }
}

/// Whether it is certain that no value fulfils both.
fn never_both(one: &Condition, other: &Condition) -> bool {
    if one.path != other.path || one.path.is_plural() || one.ignore_case || other.ignore_case {
        return false;
    }
    let (one, other) = (&one.test, &other.test);
    let absent = |test: &Test| matches!(test, Test::Exists(false));
    if absent(one) || absent(other) {
        return absent(one) != absent(other);
    }
    let excludes = |values: Option<&[Scalar]>, test: &Test| {
        values.is_some_and(|values| !values.iter().any(|value| fulfils(value, test)))
    };
    excludes(values(one), other)
        || excludes(values(other), one)
        || other_types(one, other)
        || apart(one, other)
        || apart(other, one)
}

/// The values that alone fulfil a test.
fn values(test: &Test) -> Option<&[Scalar]> {
    match test {
        Test::Eq(value) => Some(std::slice::from_ref(value)),
        Test::In(values) => Some(values),
        _ => None,
    }
}

/// Whether a value may fulfil a test. Where that is not plain, it may.
fn fulfils(value: &Scalar, test: &Test) -> bool {
    match (test, value) {
        (Test::Eq(wanted), _) => wanted == value,
        (Test::Neq(unwanted), _) => unwanted != value,
        (Test::In(wanted), _) => wanted.contains(value),
        (Test::NotIn(unwanted), _) => !unwanted.contains(value),
        (Test::Lt(bound), Scalar::Number(number)) => number < bound,
        (Test::Lte(bound), Scalar::Number(number)) => number <= bound,
        (Test::Gt(bound), Scalar::Number(number)) => number > bound,
        (Test::Gte(bound), Scalar::Number(number)) => number >= bound,
        (Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_), _) => false,
        (Test::Regex(regular), Scalar::Text(text)) => regular.is_match(text),
        (Test::Regex(_), _) => false,
        (Test::Exists(wanted), _) => *wanted,
        (Test::Contains(_), _) => true,
    }
}

/// One is about numbers and the other about text.
fn other_types(one: &Test, other: &Test) -> bool {
    let number = |test: &Test| matches!(test, Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_));
    let text = |test: &Test| matches!(test, Test::Regex(_));
    number(one) && text(other) || text(one) && number(other)
}

/// Everything that fulfils `one` lies above everything that fulfils `other`.
fn apart(one: &Test, other: &Test) -> bool {
    let above: Option<(Decimal, bool)> = match one {
        Test::Gt(bound) => Some((*bound, false)),
        Test::Gte(bound) => Some((*bound, true)),
        _ => None,
    };
    let below = match other {
        Test::Lt(bound) => Some((*bound, false)),
        Test::Lte(bound) => Some((*bound, true)),
        _ => None,
    };
    above.zip(below).is_some_and(|((least, with_least), (most, with_most))| {
        least > most || least == most && !(with_least && with_most)
    })
}
