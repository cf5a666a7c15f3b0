//! Conditions at work: what a leaf makes of a call.

use std::sync::Arc;

use interlock_json::{Decimal, Kind, Value};

use crate::counter::{Caller, CounterKey, CounterTemplate};
use crate::decision::{Call, Facts};
use crate::document::{Condition, OnMissing, Scalar, Test};
use crate::path::{Path, Step};

/// What a condition is for, and with it what a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kindness {
    /// It must hold: a missing value never holds.
    Allow,
    /// It objects: a missing value is nothing to object to, unless `on_missing: object` says so.
    Deny,
}

/// The value of a condition. A missing value (M) has become one of these by the condition's kind already.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
    /// U: it cannot be judged, which never helps the call.
    Unknown(Why),
}

/// Why a condition cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Why {
    Missing,
    /// The value is of another type than the condition's.
    Type {
        wanted: &'static str,
        found: Kind,
    },
    /// A step of the path leads into something that has no members or items.
    NoSuchStep {
        found: Kind,
    },
    /// `[*]` on something that is no array.
    NotAnArray {
        found: Kind,
    },
    /// The number has more digits than can be compared exactly.
    OutOfRange,
    /// The counter's value was not supplied.
    CounterUnread,
    /// The counter's value could not be read.
    CounterUnreadable,
}

impl Why {
    /// The second half of a sentence about the value.
    pub(crate) fn words(self) -> String {
        match self {
            Why::Missing => "is missing".to_owned(),
            Why::Type { wanted, found } => format!("must be {wanted}, not {}", kind_words(found)),
            Why::NoSuchStep { found } => format!("cannot be looked up inside {}", kind_words(found)),
            Why::NotAnArray { found } => format!("must be inside an array, not {}", kind_words(found)),
            Why::OutOfRange => "is out of the range of numbers that can be compared".to_owned(),
            Why::CounterUnread | Why::CounterUnreadable => "could not be read".to_owned(),
        }
    }
}

pub(crate) fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "true or false",
        Kind::Number => "a number",
        Kind::String => "text",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

/// A condition made ready.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) condition: Condition,
    /// For `state` paths: the counter that the path names.
    pub(crate) counter: Option<CounterTemplate>,
    /// For `compare: ci`: the operand's texts, folded.
    folded: Vec<String>,
    /// `argument "amount"`
    pub(crate) subject: Arc<str>,
    /// `argument "amount" must be at most 5`
    pub(crate) requirement: Arc<str>,
}

/// What a judgement looks at, and what it has looked at so far.
pub(crate) struct Look<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) caller: Caller<'a>,
    pub(crate) read: Vec<(CounterKey, Decimal)>,
    /// A condition wanted a counter, and none was supplied.
    pub(crate) unread: bool,
}

impl<'a> Look<'a> {
    pub(crate) fn new(call: &'a Call<'a>, facts: &'a Facts<'a>) -> Look<'a> {
        Look { call, facts, caller: Caller::new(call, facts), read: Vec::new(), unread: false }
    }
}

impl Leaf {
    pub(crate) fn new(condition: &Condition, counter: Option<CounterTemplate>) -> Leaf {
        let texts: &[Scalar] = match &condition.test {
            Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => std::slice::from_ref(value),
            Test::In(values) | Test::NotIn(values) => values,
            _ => &[],
        };
        let folded = texts.iter().filter(|_| condition.ignore_case).map(|value| match value {
            Scalar::Text(text) => fold(text),
            Scalar::Number(_) | Scalar::Bool(_) => String::new(),
        });
        Leaf {
            folded: folded.collect(),
            counter,
            subject: crate::describe::subject(&condition.path).into(),
            requirement: crate::describe::requirement(condition).into(),
            condition: condition.clone(),
        }
    }

    /// The condition's value for a call.
    pub(crate) fn judge(&self, kindness: Kindness, look: &mut Look<'_>) -> Truth {
        match &self.condition.path {
            Path::Args(steps) => match look.call.arguments {
                Some(arguments) => self.walk(arguments, steps, kindness),
                None => self.missing(kindness),
            },
            Path::CallTool => self.text(look.call.name),
            Path::CallServer => self.text(look.call.server),
            Path::GrantName => self.text(look.facts.grant),
            Path::State { .. } => self.state(look),
        }
    }

    fn state(&self, look: &mut Look<'_>) -> Truth {
        let Some(template) = &self.counter else { return Truth::Unknown(Why::CounterUnreadable) };
        // A call without the value that the counter is kept for has no such counter.
        let Ok(key) = template.key(&look.caller) else { return Truth::Unknown(Why::CounterUnreadable) };
        let Some(counters) = look.facts.counters else {
            look.unread = true;
            return Truth::Unknown(Why::CounterUnread);
        };
        let Some(value) = counters.value(&key) else { return Truth::Unknown(Why::CounterUnreadable) };
        if !look.read.iter().any(|(known, _)| *known == key) {
            look.read.push((key, value));
        }
        self.number(value)
    }

    fn walk(&self, value: Value<'_>, steps: &[Step], kindness: Kindness) -> Truth {
        let Some((step, rest)) = steps.split_first() else {
            return if value.is_null() { self.missing(kindness) } else { self.value(value) };
        };
        if value.is_null() {
            return self.missing(kindness);
        }
        let next = match step {
            Step::Key(key) if value.is_object() => value.get(key),
            // A JSON pointer does not say whether it means a key or an index.
            Step::Key(key) if value.is_array() && is_index(key) => {
                key.parse().ok().and_then(|index: usize| value.items().nth(index))
            }
            Step::Index(index) if value.is_array() => value.items().nth(*index),
            Step::Each if value.is_array() => return self.each(value, rest, kindness),
            Step::Each => return self.astray(Why::NotAnArray { found: value.kind() }),
            Step::Key(_) | Step::Index(_) => return self.astray(Why::NoSuchStep { found: value.kind() }),
        };
        match next {
            Some(next) => self.walk(next, rest, kindness),
            None => self.missing(kindness),
        }
    }

    /// `[*]`: what must hold must hold for all, what objects objects if any does.
    fn each(&self, array: Value<'_>, rest: &[Step], kindness: Kindness) -> Truth {
        let (settles, otherwise) = match kindness {
            Kindness::Allow => (Truth::False, Truth::True),
            Kindness::Deny => (Truth::True, Truth::False),
        };
        let mut result = otherwise;
        for item in array.items() {
            let truth = self.walk(item, rest, kindness);
            if truth == settles {
                return truth;
            }
            if matches!(truth, Truth::Unknown(_)) && !matches!(result, Truth::Unknown(_)) {
                result = truth;
            }
        }
        result
    }

    /// M. `exists` is definite.
    fn missing(&self, kindness: Kindness) -> Truth {
        match (&self.condition.test, kindness, self.condition.on_missing) {
            (Test::Exists(wanted), ..) => truth(!wanted),
            (_, Kindness::Deny, None | Some(OnMissing::Ignore)) => Truth::False,
            (_, Kindness::Allow, _) | (_, Kindness::Deny, Some(OnMissing::Object)) => {
                Truth::Unknown(Why::Missing)
            }
        }
    }

    /// The path leads nowhere it could lead. For `exists` of a single value that is an answer.
    fn astray(&self, why: Why) -> Truth {
        match (&self.condition.test, why) {
            (Test::Exists(wanted), Why::NoSuchStep { .. }) => truth(!wanted),
            _ => Truth::Unknown(why),
        }
    }

    fn text(&self, text: &str) -> Truth {
        match &self.condition.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Regex(regular) => truth(regular.is_match(text)),
            Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => wrong("a number", Kind::String),
            _ if self.condition.ignore_case => self.folded_text(&fold(text)),
            Test::Contains(Scalar::Text(part)) => truth(text.contains(part.as_str())),
            Test::Contains(_) => wrong("an array", Kind::String),
            Test::Eq(value) => same_text(value, text),
            Test::Neq(value) => negated(same_text(value, text)),
            Test::In(values) => any(values, |value| same_text(value, text)),
            Test::NotIn(values) => negated(any(values, |value| same_text(value, text))),
        }
    }

    fn folded_text(&self, text: &str) -> Truth {
        let equal = self.folded.iter().any(|folded| folded == text);
        match &self.condition.test {
            Test::Neq(_) | Test::NotIn(_) => truth(!equal),
            Test::Contains(_) => truth(self.folded.iter().any(|part| text.contains(part.as_str()))),
            _ => truth(equal),
        }
    }

    fn number(&self, number: Decimal) -> Truth {
        match &self.condition.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Lt(bound) => truth(number < *bound),
            Test::Lte(bound) => truth(number <= *bound),
            Test::Gt(bound) => truth(number > *bound),
            Test::Gte(bound) => truth(number >= *bound),
            Test::Regex(_) => wrong("text", Kind::Number),
            Test::Contains(_) => wrong("text or an array", Kind::Number),
            Test::Eq(value) => same_number(value, number),
            Test::Neq(value) => negated(same_number(value, number)),
            Test::In(values) => any(values, |value| same_number(value, number)),
            Test::NotIn(values) => negated(any(values, |value| same_number(value, number))),
        }
    }

    fn boolean(&self, boolean: bool) -> Truth {
        let same = |value: &Scalar| match value {
            Scalar::Bool(wanted) => truth(*wanted == boolean),
            other => wrong(scalar_kind(other), Kind::Bool),
        };
        match &self.condition.test {
            Test::Exists(wanted) => truth(*wanted),
            Test::Eq(value) => same(value),
            Test::Neq(value) => negated(same(value)),
            Test::In(values) => any(values, same),
            Test::NotIn(values) => negated(any(values, same)),
            Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => wrong("a number", Kind::Bool),
            Test::Regex(_) => wrong("text", Kind::Bool),
            Test::Contains(_) => wrong("text or an array", Kind::Bool),
        }
    }

    /// The test of a value that is there.
    fn value(&self, value: Value<'_>) -> Truth {
        match (value.kind(), &self.condition.test) {
            (_, Test::Exists(wanted)) => truth(*wanted),
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

fn is_index(key: &str) -> bool {
    key == "0" || (!key.starts_with('0') && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

fn negated(value: Truth) -> Truth {
    match value {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        unknown @ Truth::Unknown(_) => unknown,
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

fn wanted_kind(test: &Test) -> &'static str {
    match test {
        Test::Eq(value) | Test::Neq(value) => scalar_kind(value),
        Test::In(values) | Test::NotIn(values) => values.first().map_or("a value", scalar_kind),
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => "a number",
        Test::Regex(_) => "text",
        Test::Contains(_) => "text or an array",
        Test::Exists(_) => "a value",
    }
}

/// Text without its case: up and down again, so that letters with several lower-case forms (`ſ` and `s`, `K` and
/// `k`) become one.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
