//! One part of a compiled schema: what its keywords say, grouped by what they look at.

use std::collections::HashSet;

use interlock_json::{Decimal, Kind};

use super::pattern::Pattern;

/// A part's place among the parts of its schema.
pub(super) type Index = usize;

#[derive(Debug, Default)]
pub(super) struct Node {
    /// The schema `false`.
    pub(super) never: bool,
    pub(super) types: Option<Types>,
    /// `enum` and `const`; a value must be one of each.
    pub(super) values: Vec<Values>,
    pub(super) number: Option<Box<NumberRules>>,
    pub(super) text: Option<Box<TextRules>>,
    pub(super) array: Option<Box<ArrayRules>>,
    pub(super) object: Option<Box<ObjectRules>>,
    /// `$ref` and what is like it, and `allOf`.
    pub(super) all: Vec<Index>,
    pub(super) any: Vec<Index>,
    pub(super) one: Vec<Index>,
    pub(super) not: Option<Index>,
    pub(super) condition: Option<Conditional>,
    pub(super) unevaluated_members: Option<Index>,
    pub(super) unevaluated_items: Option<Index>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditional {
    pub(super) condition: Index,
    pub(super) then: Option<Index>,
    pub(super) otherwise: Option<Index>,
}

#[derive(Debug, Default)]
pub(super) struct NumberRules {
    pub(super) minimum: Option<Decimal>,
    pub(super) above: Option<Decimal>,
    pub(super) maximum: Option<Decimal>,
    pub(super) below: Option<Decimal>,
    pub(super) multiple_of: Option<Decimal>,
}

#[derive(Debug, Default)]
pub(super) struct TextRules {
    pub(super) shortest: Option<usize>,
    pub(super) longest: Option<usize>,
    pub(super) pattern: Option<Pattern>,
}

#[derive(Debug, Default)]
pub(super) struct ArrayRules {
    pub(super) fewest: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) unique: bool,
    pub(super) first: Vec<Index>,
    pub(super) rest: Option<Index>,
    pub(super) contains: Option<Contains>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Contains {
    pub(super) item: Index,
    pub(super) fewest: usize,
    pub(super) most: Option<usize>,
    /// Whether items that are found count as looked at (since 2020-12).
    pub(super) evaluates: bool,
}

#[derive(Debug, Default)]
pub(super) struct ObjectRules {
    pub(super) fewest: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) required: Vec<Box<str>>,
    /// `dependentRequired`: with the first, all the others.
    pub(super) required_with: Vec<(Box<str>, Vec<Box<str>>)>,
    /// `dependentSchemas`
    pub(super) applied_with: Vec<(Box<str>, Index)>,
    /// Sorted by name.
    pub(super) members: Vec<(Box<str>, Index)>,
    pub(super) patterns: Vec<(Pattern, Index)>,
    pub(super) rest: Option<Index>,
    /// Whether `rest` says something, so that the object is a map.
    pub(super) is_map: bool,
    pub(super) names: Option<Index>,
}

impl ObjectRules {
    pub(super) fn member(&self, name: &str) -> Option<Index> {
        let found = self.members.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        self.members.get(found).map(|(_, index)| *index)
    }
}

/// The values of an `enum` or `const`.
#[derive(Debug)]
pub(super) struct Values {
    /// Their identities.
    pub(super) all: HashSet<Box<str>>,
    /// The first of them as people read them.
    pub(super) shown: Vec<Box<str>>,
    /// The texts, and whether there are other values.
    pub(super) texts: Vec<Box<str>>,
    pub(super) only_texts: bool,
}

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u8);

impl Types {
    const INTEGER: u8 = 1 << 6;
    /// Names as schemas write them, with the words of messages.
    const NAMES: [(&'static str, u8, &'static str); 7] = [
        ("string", 1 << Kind::String as u8, "text"),
        ("integer", Self::INTEGER, "a whole number"),
        ("number", 1 << Kind::Number as u8, "a number"),
        ("boolean", 1 << Kind::Bool as u8, "true or false"),
        ("array", 1 << Kind::Array as u8, "an array"),
        ("object", 1 << Kind::Object as u8, "an object"),
        ("null", 1 << Kind::Null as u8, "null"),
    ];

    pub(crate) fn named(name: &str) -> Option<Types> {
        Self::NAMES.iter().find(|(known, ..)| *known == name).map(|(_, bit, _)| Types(*bit))
    }

    pub(crate) fn with(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    pub(crate) fn of(kind: Kind) -> Types {
        Types(1 << kind as u8)
    }

    pub(crate) fn holds(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub(crate) fn holds_integers(self) -> bool {
        self.0 & Self::INTEGER != 0
    }

    pub(crate) fn intersects(self, other: Types) -> bool {
        let numbers = |types: Types| types.holds(Kind::Number) || types.holds_integers();
        self.0 & other.0 != 0 || numbers(self) && numbers(other)
    }

    /// `text or null`
    pub(crate) fn words(self) -> String {
        let named = Self::NAMES.iter().filter(|(_, bit, _)| self.0 & bit != 0);
        let words: Vec<&str> = named.map(|(.., words)| *words).collect();
        words.join(" or ")
    }
}
