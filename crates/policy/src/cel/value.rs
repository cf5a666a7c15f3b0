//! Values while an expression is judged.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use interlock_json::{Decimal, Kind, Value};

use super::number::{self, Number};
use crate::condition::{Why, kind_words};

/// A value; what comes from the call is looked at where it stands.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// An array or object of the call.
    Json(Value<'a>),
    List(Rc<Vec<Val<'a>>>),
}

/// Why an expression cannot be judged: the end of a sentence whose subject the caller knows better.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// About the value itself: `is missing`.
    Value(Why),
    /// A whole sentence.
    Sentence(String),
    /// The counters were not supplied.
    Unread,
}

impl Fault {
    pub(super) fn sentence(text: impl Into<String>) -> Fault {
        Fault::Sentence(text.into())
    }
}

impl<'a> Val<'a> {
    pub(super) fn of(value: Value<'a>) -> Result<Val<'a>, Fault> {
        Ok(match value.kind() {
            Kind::Null => Val::Null,
            Kind::Bool => Val::Bool(value.as_bool().unwrap_or_default()),
            Kind::Number => match value.decimal() {
                Some(Ok(number)) => Val::decimal(number)?,
                Some(Err(_)) | None => return Err(Fault::Value(Why::OutOfRange)),
            },
            Kind::String => Val::Text(value.as_str().unwrap_or_default()),
            Kind::Array | Kind::Object => Val::Json(value),
        })
    }

    pub(super) fn decimal(number: Decimal) -> Result<Val<'a>, Fault> {
        number::exact(number).map(Val::Number).ok_or(Fault::Value(Why::OutOfRange))
    }

    /// What the value is, in words.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "true or false",
            Val::Number(_) => "a number",
            Val::Text(_) => "text",
            Val::Json(value) => kind_words(value.kind()),
            Val::List(_) => "an array",
        }
    }

    /// How many steps a look at all of it is worth.
    pub(super) fn weight(&self) -> usize {
        match self {
            Val::Null | Val::Bool(_) | Val::Number(_) => 1,
            Val::Text(text) => 1 + text.len() / 64,
            Val::Json(value) => 1 + value.raw().len() / 64,
            Val::List(items) => items.iter().map(Val::weight).fold(1, usize::saturating_add),
        }
    }

    /// The number of items or members.
    fn len(&self) -> usize {
        match self {
            Val::List(items) => items.len(),
            Val::Json(value) => value.len(),
            Val::Null | Val::Bool(_) | Val::Number(_) | Val::Text(_) => 0,
        }
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self, Val::List(_)) || matches!(self, Val::Json(value) if value.is_array())
    }

    /// The items of an array, or the keys of an object: what a comprehension goes through.
    pub(super) fn items(&self) -> Option<Vec<Result<Val<'a>, Fault>>> {
        match self {
            Val::List(items) => Some(items.iter().cloned().map(Ok).collect()),
            Val::Json(value) if value.is_array() => Some(value.items().map(Val::of).collect()),
            Val::Json(value) => Some(value.members().map(|(key, _)| Ok(Val::Text(key.text()))).collect()),
            Val::Null | Val::Bool(_) | Val::Number(_) | Val::Text(_) => None,
        }
    }
}

/// Whether two values are equal; `None` where their types are not, so that nobody can say. A call that sends null for a
/// value leaves it to the server what that is, as one does that leaves it out.
pub(super) fn equal(a: &Val<'_>, b: &Val<'_>) -> Result<Option<bool>, Fault> {
    Ok(match (a, b) {
        (Val::Null, Val::Null) => Some(true),
        (Val::Bool(a), Val::Bool(b)) => Some(a == b),
        (Val::Number(a), Val::Number(b)) => number::compare(*a, *b).map(|order| order == Ordering::Equal),
        (Val::Text(a), Val::Text(b)) => Some(a == b),
        (Val::Json(a), Val::Json(b)) if a.is_object() && b.is_object() => same_members(*a, *b)?,
        (a, b) if a.is_array() && b.is_array() => same_items(a, b)?,
        _ => None,
    })
}

fn same_items(a: &Val<'_>, b: &Val<'_>) -> Result<Option<bool>, Fault> {
    if a.len() != b.len() {
        return Ok(Some(false));
    }
    let (a, b) = (a.items().unwrap_or_default(), b.items().unwrap_or_default());
    all(a.into_iter().zip(b).map(|(a, b)| equal(&a?, &b?)))
}

fn same_members(a: Value<'_>, b: Value<'_>) -> Result<Option<bool>, Fault> {
    if a.len() != b.len() {
        return Ok(Some(false));
    }
    let others: HashMap<_, _> = b.members().map(|(key, value)| (key.text(), value)).collect();
    all(a.members().map(|(key, value)| match others.get(&key.text()) {
        None => Ok(Some(false)),
        Some(other) => equal(&Val::of(value)?, &Val::of(*other)?),
    }))
}

/// One that differs settles it.
fn all(each: impl Iterator<Item = Result<Option<bool>, Fault>>) -> Result<Option<bool>, Fault> {
    let mut result = Ok(Some(true));
    for one in each {
        match one {
            Ok(Some(false)) => return Ok(Some(false)),
            Ok(Some(true)) => {}
            other => result = other,
        }
    }
    result
}

/// The order of two values; `None` where they have none.
pub(super) fn order(a: &Val<'_>, b: &Val<'_>) -> Option<Ordering> {
    match (a, b) {
        (Val::Number(a), Val::Number(b)) => number::compare(*a, *b),
        (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
        (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
