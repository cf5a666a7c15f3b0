//! What each operator makes of a value.
//!
//! One `match` for each kind of value; an operator with more to it than a comparison has a module of its own. `words`
//! says each operator in words.

mod members;
pub(crate) mod words;

use std::sync::Arc;

use interlock_json::{Decimal, Kind, Value};

use crate::condition::{Truth, Why, negated, truth};
use crate::document::{Leaf, Scalar, Test};
use crate::reading::{Judged, Unjudgeable};

use members::Members;

/// A list that is longer than this is searched by hash; a shorter one is faster read from its beginning.
const MANY: usize = 64;

/// An operator made ready.
#[derive(Debug)]
pub(crate) struct Operator {
    leaf: Arc<Leaf>,
    /// For `compare: ci`: the operand's texts, folded.
    folded: Vec<String>,
    /// The operand's values, where there are many.
    members: Option<Members>,
}

impl Operator {
    pub(crate) fn new(leaf: &Arc<Leaf>) -> Operator {
        let texts: &[Scalar] = match &leaf.test {
            Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => std::slice::from_ref(value),
            Test::In(values) | Test::NotIn(values) => values,
            _ => &[],
        };
        let folded = texts.iter().filter(|_| leaf.ignore_case).map(|value| match value {
            Scalar::Text(text) => fold(text),
            Scalar::Number(_) | Scalar::Bool(_) => String::new(),
        });
        let folded: Vec<String> = folded.collect();
        let members = (texts.len() > MANY).then(|| Members::new(texts, &folded));
        Operator { folded, members, leaf: Arc::clone(leaf) }
    }

    /// `exists` is definite about values that are not there.
    pub(crate) fn exists(&self) -> Option<bool> {
        match self.leaf.test {
            Test::Exists(wanted) => Some(wanted),
            _ => None,
        }
    }

    pub(crate) fn text(&self, text: &str) -> Truth {
        match &self.leaf.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Regex(regular) => truth(regular.is_match(text)),
            Test::Reading(reading) => read(reading.judge_text(text), Kind::String),
            Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => wrong("a number", Kind::String),
            _ if self.leaf.ignore_case => self.folded_text(&fold(text)),
            Test::Contains(Scalar::Text(part)) => truth(text.contains(part.as_str())),
            Test::Contains(_) => wrong("an array", Kind::String),
            Test::Eq(value) => same_text(value, text),
            Test::Neq(value) => negated(same_text(value, text)),
            Test::In(values) => self.among(values, text),
            Test::NotIn(values) => negated(self.among(values, text)),
        }
    }

    /// Whether a text is one of the values.
    fn among(&self, values: &[Scalar], text: &str) -> Truth {
        match &self.members {
            Some(members) => members.text(text).unwrap_or_else(|| wrong(first_kind(values), Kind::String)),
            None => any(values, |value| same_text(value, text)),
        }
    }

    /// Whether a number is one of the values.
    fn counts_among(&self, values: &[Scalar], number: Decimal) -> Truth {
        match &self.members {
            Some(members) => {
                members.number(number).unwrap_or_else(|| wrong(first_kind(values), Kind::Number))
            }
            None => any(values, |value| same_number(value, number)),
        }
    }

    fn folded_text(&self, text: &str) -> Truth {
        let equal = match &self.members {
            Some(members) => members.holds_folded(text),
            None => self.folded.iter().any(|folded| folded == text),
        };
        match &self.leaf.test {
            Test::Neq(_) | Test::NotIn(_) => truth(!equal),
            Test::Contains(_) => truth(self.folded.iter().any(|part| text.contains(part.as_str()))),
            _ => truth(equal),
        }
    }

    pub(crate) fn number(&self, number: Decimal) -> Truth {
        match &self.leaf.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Lt(bound) => truth(number < *bound),
            Test::Lte(bound) => truth(number <= *bound),
            Test::Gt(bound) => truth(number > *bound),
            Test::Gte(bound) => truth(number >= *bound),
            Test::Regex(_) | Test::Reading(_) => wrong("text", Kind::Number),
            Test::Contains(_) => wrong("text or an array", Kind::Number),
            Test::Eq(value) => same_number(value, number),
            Test::Neq(value) => negated(same_number(value, number)),
            Test::In(values) => self.counts_among(values, number),
            Test::NotIn(values) => negated(self.counts_among(values, number)),
        }
    }

    fn boolean(&self, boolean: bool) -> Truth {
        let same = |value: &Scalar| match value {
            Scalar::Bool(wanted) => truth(*wanted == boolean),
            other => wrong(scalar_kind(other), Kind::Bool),
        };
        match &self.leaf.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Eq(value) => same(value),
            Test::Neq(value) => negated(same(value)),
            Test::In(values) => any(values, same),
            Test::NotIn(values) => negated(any(values, same)),
            Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => wrong("a number", Kind::Bool),
            Test::Regex(_) | Test::Reading(_) => wrong("text", Kind::Bool),
            Test::Contains(_) => wrong("text or an array", Kind::Bool),
        }
    }

    /// The test of a value that is there.
    pub(crate) fn value(&self, value: Value<'_>) -> Truth {
        match (value.kind(), &self.leaf.test) {
            (_, Test::Exists(wanted)) => truth(*wanted),
            (found, Test::Reading(reading)) => read(reading.judge(value), found),
            (Kind::String, _) => match value.as_str() {
                Some(text) => self.text(&text),
                None => Truth::Unknown(Why::Missing),
            },
            (Kind::Number, _) => match value.decimal() {
                Some(Ok(number)) => self.number(number),
                Some(Err(_)) | None => Truth::Unknown(Why::OutOfRange),
            },
            (Kind::Bool, _) => self.boolean(value.as_bool().unwrap_or_default()),
            (Kind::Array, Test::Contains(wanted)) => self.holds(value, wanted),
            (found, test) => wrong(wanted_kind(test), found),
        }
    }

    /// `contains` on an array. An item of another type cannot be compared, unless another one settles it.
    fn holds(&self, array: Value<'_>, wanted: &Scalar) -> Truth {
        let mut result = Truth::False;
        for item in array.items() {
            let truth = self.same(item, wanted);
            match truth {
                Truth::True => return truth,
                Truth::Unknown(_) => result = truth,
                Truth::False => {}
            }
        }
        result
    }

    fn same(&self, item: Value<'_>, wanted: &Scalar) -> Truth {
        match (item.kind(), wanted) {
            (Kind::String, Scalar::Text(text)) => match self.folded.first() {
                Some(folded) => truth(item.as_str().is_some_and(|item| fold(&item) == *folded)),
                None => truth(item.is_str(text)),
            },
            (Kind::Number, Scalar::Number(number)) => match item.decimal() {
                Some(Ok(item)) => truth(item == *number),
                Some(Err(_)) | None => Truth::Unknown(Why::OutOfRange),
            },
            (Kind::Bool, Scalar::Bool(wanted)) => truth(item.as_bool() == Some(*wanted)),
            (found, wanted) => wrong(scalar_kind(wanted), found),
        }
    }
}

fn read(judged: Judged, found: Kind) -> Truth {
    match judged {
        Ok(holds) => truth(holds),
        Err(Unjudgeable::Type(wanted)) => wrong(wanted, found),
        Err(Unjudgeable::Value(words)) => Truth::Unknown(Why::Unreadable(words)),
    }
}

fn wrong(wanted: &'static str, found: Kind) -> Truth {
    Truth::Unknown(Why::Type { wanted, found })
}

/// A list of alternatives: true if one is equal, unknown if none is of the value's type.
fn any(values: &[Scalar], same: impl Fn(&Scalar) -> Truth) -> Truth {
    let mut result = None;
    for value in values {
        match (same(value), &result) {
            (Truth::True, _) => return Truth::True,
            (Truth::False, _) => result = Some(Truth::False),
            (unknown, None) => result = Some(unknown),
            (Truth::Unknown(_), Some(_)) => {}
        }
    }
    result.unwrap_or(Truth::False)
}

fn same_text(value: &Scalar, text: &str) -> Truth {
    match value {
        Scalar::Text(wanted) => truth(wanted == text),
        other => wrong(scalar_kind(other), Kind::String),
    }
}

fn same_number(value: &Scalar, number: Decimal) -> Truth {
    match value {
        Scalar::Number(wanted) => truth(*wanted == number),
        other => wrong(scalar_kind(other), Kind::Number),
    }
}

fn scalar_kind(value: &Scalar) -> &'static str {
    match value {
        Scalar::Text(_) => "text",
        Scalar::Number(_) => "a number",
        Scalar::Bool(_) => "true or false",
    }
}

fn first_kind(values: &[Scalar]) -> &'static str {
    values.first().map_or("a value", scalar_kind)
}

fn wanted_kind(test: &Test) -> &'static str {
    match test {
        Test::Eq(value) | Test::Neq(value) => scalar_kind(value),
        Test::In(values) | Test::NotIn(values) => first_kind(values),
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => "a number",
        Test::Regex(_) | Test::Reading(_) => "text",
        Test::Contains(_) => "text or an array",
        Test::Exists(_) => "a value",
    }
}

/// Text without its case: down, up and down again, so that letters with several forms of one case (`ſ` and `s`, `K`
/// and `k`, `ẞ` and `SS`) become one.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn no_letter_keeps_anything_of_its_case() {
        for character in ('\0'..=char::MAX).filter(|character| character.is_alphabetic()) {
            let folded = fold(&character.to_string());
            let cases =
                [character.to_uppercase().to_string(), character.to_lowercase().to_string(), folded.clone()];
            for case in cases {
                assert_eq!(fold(&case), folded, "{character:?} as {case:?}");
            }
        }
    }
}
