//! Values for which a condition holds, or does not. They are guesses: each is tried before it is told.

use interlock_json::{Decimal, canonical};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::document::{Scalar, Test};

/// A text that stands for any.
const ANY_TEXT: &str = "example";
/// Longest text made up for a pattern, in bytes.
const LONGEST: usize = 256;

/// A value as JSON that stands for any.
pub(super) fn any() -> String {
    quoted(ANY_TEXT)
}

/// Values as JSON under which the test holds, or does not; the nearest to the test's own first.
pub(crate) fn values(test: &Test, holds: bool) -> Vec<String> {
    let is = |values: &[Scalar]| values.iter().map(json).collect::<Vec<_>>();
    match (test, holds) {
        (Test::Eq(value), true) | (Test::Neq(value), false) => vec![json(value)],
        (Test::In(values), true) | (Test::NotIn(values), false) => is(values),
        (Test::Neq(value), true) | (Test::Eq(value), false) => others(std::slice::from_ref(value)),
        (Test::NotIn(values), true) | (Test::In(values), false) => others(values),
        (Test::Lte(bound) | Test::Gte(bound), true) | (Test::Lt(bound) | Test::Gt(bound), false) => {
            vec![bound.to_string()]
        }
        (Test::Gt(bound), true) | (Test::Lte(bound), false) => moved(*bound, Decimal::checked_add),
        (Test::Lt(bound), true) | (Test::Gte(bound), false) => moved(*bound, Decimal::checked_sub),
        (Test::Regex(regular), true) => matching(regular.as_str()).iter().map(|text| quoted(text)).collect(),
        (Test::Regex(_), false) => vec![any(), quoted(""), quoted("0")],
        (Test::Contains(value), true) => vec![json(value), format!("[{}]", json(value))],
        (Test::Contains(_), false) => vec![any(), "[]".to_owned()],
        (Test::Exists(wanted), holds) if *wanted == holds => vec![any()],
        (Test::Exists(_), _) => Vec::new(),
        (Test::Reading(reading), true) => match reading.pattern() {
            Some(pattern) => matching(pattern).iter().map(|text| quoted(text)).collect(),
            None => reading.examples(),
        },
        (Test::Reading(reading), false) => reading.counterexamples(),
    }
}

fn moved(bound: Decimal, by: impl Fn(Decimal, Decimal) -> Option<Decimal>) -> Vec<String> {
    by(bound, Decimal::ONE).into_iter().map(|value| value.to_string()).collect()
}

/// Values that are none of these.
fn others(values: &[Scalar]) -> Vec<String> {
    let mut others: Vec<String> = values.iter().map(other).collect();
    others.push(any());
    others.dedup();
    others
}

fn other(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => quoted(&format!("another than {text}")),
        Scalar::Number(number) => {
            number.checked_add(Decimal::ONE).map_or_else(|| "0".to_owned(), |next| next.to_string())
        }
        Scalar::Bool(value) => (!value).to_string(),
    }
}

pub(crate) fn json(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
    }
}

/// Text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::new();
    canonical::write_str(text, &mut out);
    out
}

/// A short text that the pattern probably matches.
fn matching(pattern: &str) -> Option<String> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    let mut out = String::new();
    write_match(&parsed, &mut out);
    Some(out)
}

fn write_match(hir: &Hir, out: &mut String) {
    if out.len() > LONGEST {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(member_of(class)),
        HirKind::Capture(capture) => write_match(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_match(part, out)),
        HirKind::Alternation(parts) => parts.iter().take(1).for_each(|part| write_match(part, out)),
        HirKind::Repetition(repetition) => {
            (0..repetition.min).take(LONGEST).for_each(|_| write_match(&repetition.sub, out));
        }
    }
}

/// A character of the class, a plain one if it has any.
fn member_of(class: &Class) -> Option<char> {
    let plain = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    match class {
        Class::Unicode(class) => {
            let holds = |c: &char| class.iter().any(|range| (range.start()..=range.end()).contains(c));
            plain.into_iter().find(holds).or_else(|| class.iter().next().map(|range| range.start()))
        }
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    }
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn texts_that_match_their_pattern() {
        for (pattern, expected) in [
            ("^[a-z.]+@example\\.com$", "a@example.com"),
            ("^(read|write)$", "read"),
            ("x{3}y?z*", "xxx"),
            ("^\\d{4}-\\d\\d$", "0000-00"),
            ("[^a-z]", "A"),
            ("", ""),
        ] {
            let text = matching(pattern).unwrap();
            assert_eq!(text, expected, "{pattern}");
            assert!(regex::Regex::new(pattern).unwrap().is_match(&text), "{pattern}");
        }
    }
}
