//! What documents ask of a call.

use std::ops::Deref;
use std::sync::Arc;

use interlock_json::Decimal;

use crate::path::Path;
use crate::reading::Reading;
use crate::regular::Regular;
use crate::zone::Zone;

/// What is asked of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A test of one value.
    Leaf(Arc<Leaf>),
    /// `any`: one of them must hold; never empty.
    Any(Vec<Condition>),
    /// `all`: each of them must hold; never empty.
    All(Vec<Condition>),
    /// `not`: it must not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// The test, where the condition is a single one.
    pub fn as_leaf(&self) -> Option<&Leaf> {
        match self {
            Condition::Leaf(leaf) => Some(leaf),
            Condition::Any(_) | Condition::All(_) | Condition::Not(_) => None,
        }
    }

    /// The key under which documents hold the conditions inside this one, and those conditions.
    pub fn inner(&self) -> Option<(&'static str, &[Condition])> {
        match self {
            Condition::Leaf(_) => None,
            Condition::Any(inner) => Some(("any", inner)),
            Condition::All(inner) => Some(("all", inner)),
            Condition::Not(inner) => Some(("not", std::slice::from_ref(inner.as_ref()))),
        }
    }

    /// How many tests there are in it.
    pub fn tests(&self) -> usize {
        self.inner().map_or(1, |(_, inner)| inner.iter().map(Condition::tests).sum())
    }
}

/// A test of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// `path`
    pub path: Path,
    /// `op` and `value`
    pub test: Test,
    /// `on_missing`
    pub on_missing: Option<OnMissing>,
    /// `compare: ci`
    pub ignore_case: bool,
    /// `timezone` of `time` paths; `None` is UTC.
    pub timezone: Option<Zone>,
}

/// What a missing value does to a condition that objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// The call is objected to.
    Object,
    /// There is nothing to object to.
    Ignore,
}

/// An operator with its operand. `operator` says what each does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `eq`
    Eq(Scalar),
    /// `neq`
    Neq(Scalar),
    /// `in`
    In(Listed<Scalar>),
    /// `not_in`
    NotIn(Listed<Scalar>),
    /// `lt`
    Lt(Decimal),
    /// `lte`
    Lte(Decimal),
    /// `gt`
    Gt(Decimal),
    /// `gte`
    Gte(Decimal),
    /// `regex`: matches anywhere in the text.
    Regex(Regular),
    /// `contains`: a part of a text or an item of an array.
    Contains(Scalar),
    /// `exists`: present and not null, or the opposite.
    Exists(bool),
    /// One of the operators that parse what they judge.
    Reading(Reading),
}

impl Test {
    /// The operator's name.
    pub const fn operator(&self) -> &'static str {
        match self {
            Test::Eq(_) => "eq",
            Test::Neq(_) => "neq",
            Test::In(_) => "in",
            Test::NotIn(_) => "not_in",
            Test::Lt(_) => "lt",
            Test::Lte(_) => "lte",
            Test::Gt(_) => "gt",
            Test::Gte(_) => "gte",
            Test::Regex(_) => "regex",
            Test::Contains(_) => "contains",
            Test::Exists(_) => "exists",
            Test::Reading(reading) => reading.name(),
        }
    }
}

/// The values of an operator that takes several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The named list that they come from; `None` where they are written out.
    pub name: Option<Arc<str>>,
    /// The values, never none; those of a named list are shared.
    pub items: Arc<[T]>,
}

impl<T> Deref for Listed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

/// A value that arguments are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Text, compared code point by code point.
    Text(String),
    /// A number, compared exactly.
    Number(Decimal),
    /// true or false
    Bool(bool),
}
