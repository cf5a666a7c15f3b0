//! Conditions at work, in four values.
//!
//! A leaf is true, false, missing (M) or unknown (U). What M becomes is known when a policy is compiled: unknown
//! where the condition must hold and under every `not`, false where it objects. From there on it is Kleene's logic
//! of three values, and what is unknown in the end never helps a call.
//!
//! `[*]` is read so that the whole condition, with every `not` around it, must hold for all items, or objects if it
//! does for any: each `not` turns one reading of the leaf inside into the other. `not: {path: args.to[*], op: eq,
//! value: prod}` as a guard therefore lets nothing through in which a single item is `prod`.

pub(crate) mod leaf;

use std::borrow::Cow;

use interlock_json::{Decimal, Kind};

use crate::counter::{Caller, CounterKey, CounterTemplate};
use crate::decision::Call;
use crate::document::Condition;
use crate::fact::Facts;
use crate::path::Path;

pub(crate) use leaf::CompiledLeaf;

/// What a condition is for, and with it what a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kindness {
    /// It must hold: a missing value never holds.
    Allow,
    /// It objects: a missing value is nothing to object to, unless `on_missing: object` says so.
    Deny,
}

/// The value of a leaf. A missing value (M) has become one of these already.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
    /// U: it cannot be judged, which never helps the call.
    Unknown(Why),
}

/// Why a condition cannot be judged.
#[derive(Debug, Clone, PartialEq)]
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
    /// The operator could read the value in more ways than one, or in none: `holds a backslash`.
    Unreadable(Cow<'static, str>),
    /// The number has more digits than can be compared exactly.
    OutOfRange,
    /// A fact that nobody has supplied.
    NotKnown,
    /// The counter's value was not supplied.
    CounterUnread,
    /// The counter's value could not be read.
    CounterUnreadable,
}

impl Why {
    /// The second half of a sentence about the value.
    pub(crate) fn words(&self) -> String {
        match self {
            Why::Missing => "is missing".to_owned(),
            Why::Type { wanted, found } => format!("must be {wanted}, not {}", kind_words(*found)),
            Why::NoSuchStep { found } => format!("cannot be looked up inside {}", kind_words(*found)),
            Why::NotAnArray { found } => format!("must be inside an array, not {}", kind_words(*found)),
            Why::Unreadable(words) => words.clone().into_owned(),
            Why::OutOfRange => "is out of the range of numbers that can be compared".to_owned(),
            Why::NotKnown => "is not known".to_owned(),
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

pub(crate) fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

pub(crate) fn negated(value: Truth) -> Truth {
    match value {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        unknown @ Truth::Unknown(_) => unknown,
    }
}

/// A condition made ready.
#[derive(Debug)]
pub(crate) enum Compiled {
    Leaf(Box<CompiledLeaf>),
    Any(Box<[Compiled]>),
    All(Box<[Compiled]>),
    Not(Box<Compiled>),
}

/// The value of a condition; what cannot be judged names the leaf.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<'p> {
    True,
    False,
    Unknown(&'p CompiledLeaf, Why),
}

/// Where a leaf stands, which says what missing values and `[*]` mean to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    kindness: Kindness,
    /// Under any `not`.
    nested: bool,
    /// Under an odd number of them.
    negated: bool,
}

impl Standing {
    pub(crate) fn of(kindness: Kindness) -> Standing {
        Standing { kindness, nested: false, negated: false }
    }

    /// One `not` further in.
    pub(crate) fn under_not(self) -> Standing {
        Standing { nested: true, negated: !self.negated, ..self }
    }

    /// Whether the leaf itself must hold, or not hold, for the call's good.
    pub(crate) fn leans(self) -> Kindness {
        match (self.kindness, self.negated) {
            (Kindness::Allow, false) | (Kindness::Deny, true) => Kindness::Allow,
            (Kindness::Deny, false) | (Kindness::Allow, true) => Kindness::Deny,
        }
    }

    /// Whether there is a `not` around it.
    pub(crate) fn is_negated(self) -> bool {
        self.nested
    }

    /// Whether `on_missing` has a say.
    pub(crate) fn minds_missing(self) -> bool {
        self.kindness == Kindness::Deny && !self.nested
    }
}

impl Compiled {
    /// Makes a condition ready; `counter` finds what a `state` path names.
    pub(crate) fn new(
        condition: &Condition,
        standing: Standing,
        counter: &impl Fn(&Path) -> Option<CounterTemplate>,
    ) -> Compiled {
        let all = |inner: &[Condition]| {
            inner.iter().map(|condition| Compiled::new(condition, standing, counter)).collect()
        };
        match condition {
            Condition::Leaf(leaf) => {
                Compiled::Leaf(Box::new(CompiledLeaf::new(leaf, standing, counter(&leaf.path))))
            }
            Condition::Any(inner) => Compiled::Any(all(inner)),
            Condition::All(inner) => Compiled::All(all(inner)),
            Condition::Not(inner) => {
                Compiled::Not(Box::new(Compiled::new(inner, standing.under_not(), counter)))
            }
        }
    }

    /// The condition's value for a call.
    pub(crate) fn judge(&self, look: &mut Look<'_>) -> Outcome<'_> {
        match self {
            Compiled::Leaf(leaf) => match leaf.judge(look) {
                Truth::True => Outcome::True,
                Truth::False => Outcome::False,
                Truth::Unknown(why) => Outcome::Unknown(leaf, why),
            },
            Compiled::All(inner) => all(inner, look),
            Compiled::Any(inner) => any(inner, look),
            Compiled::Not(inner) => match inner.judge(look) {
                Outcome::True => Outcome::False,
                Outcome::False => Outcome::True,
                unknown @ Outcome::Unknown(..) => unknown,
            },
        }
    }

    /// Every leaf, in the order of the document.
    pub(crate) fn leaves<'p>(&'p self, each: &mut impl FnMut(&'p CompiledLeaf)) {
        match self {
            Compiled::Leaf(leaf) => each(leaf),
            Compiled::Any(inner) | Compiled::All(inner) => inner.iter().for_each(|one| one.leaves(each)),
            Compiled::Not(inner) => inner.leaves(each),
        }
    }
}

/// Kleene's `all`: one that is false settles it, whatever cannot be judged.
pub(crate) fn all<'p>(conditions: &'p [Compiled], look: &mut Look<'_>) -> Outcome<'p> {
    let mut result = Outcome::True;
    for condition in conditions {
        match (condition.judge(look), &result) {
            (Outcome::False, _) => return Outcome::False,
            (unknown @ Outcome::Unknown(..), Outcome::True) => result = unknown,
            (Outcome::True | Outcome::Unknown(..), _) => {}
        }
    }
    result
}

/// Kleene's `any`: one that is true settles it, whatever cannot be judged.
fn any<'p>(conditions: &'p [Compiled], look: &mut Look<'_>) -> Outcome<'p> {
    let mut result = Outcome::False;
    for condition in conditions {
        match (condition.judge(look), &result) {
            (Outcome::True, _) => return Outcome::True,
            (unknown @ Outcome::Unknown(..), Outcome::False) => result = unknown,
            (Outcome::False | Outcome::Unknown(..), _) => {}
        }
    }
    result
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

    /// What a counter holds, noted as read.
    pub(crate) fn counter(&mut self, template: &CounterTemplate) -> Result<Decimal, Why> {
        // A call without the value that the counter is kept for has no such counter.
        let key = template.key(&self.caller).map_err(|_| Why::CounterUnreadable)?;
        let Some(counters) = self.facts.counters else {
            self.unread = true;
            return Err(Why::CounterUnread);
        };
        let value = counters.value(&key).ok_or(Why::CounterUnreadable)?;
        if !self.read.iter().any(|(known, _)| *known == key) {
            self.read.push((key, value));
        }
        Ok(value)
    }
}
