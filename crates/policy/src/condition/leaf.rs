//! A test of one value: where the value is, and what it is when there is none.

use std::sync::Arc;

use interlock_json::{Decimal, Value};

use super::{Kindness, Look, Standing, Truth, Why, truth};
use crate::counter::CounterTemplate;
use crate::document::{Leaf, OnMissing};
use crate::fact::{self, Found};
use crate::operator::Operator;
use crate::path::{Entered, Path, Step, enter};

/// Most values of one path that a trace shows.
const MOST_SEEN: usize = 8;

/// A leaf made ready.
#[derive(Debug)]
pub(crate) struct CompiledLeaf {
    pub(crate) written: Arc<Leaf>,
    operator: Operator,
    /// For `state` paths: the counter that the path names.
    pub(crate) counter: Option<CounterTemplate>,
    /// What a missing value is.
    missing: Truth,
    /// `[*]`: whether the test must hold for all items, or for any.
    all: bool,
}

impl CompiledLeaf {
    pub(super) fn new(
        leaf: &Arc<Leaf>,
        standing: Standing,
        counter: Option<CounterTemplate>,
    ) -> CompiledLeaf {
        let operator = Operator::new(leaf);
        let missing = match operator.exists() {
            Some(wanted) => truth(!wanted),
            None if standing.minds_missing() && leaf.on_missing != Some(OnMissing::Object) => Truth::False,
            None => Truth::Unknown(Why::Missing),
        };
        CompiledLeaf {
            missing,
            operator,
            counter,
            all: standing.leans() == Kindness::Allow,
            written: Arc::clone(leaf),
        }
    }

    /// `argument "amount"`
    pub(crate) fn subject(&self) -> String {
        crate::describe::subject(&self.written)
    }

    /// Whether it must hold, or not hold, for the call's good.
    pub(crate) fn wanted(&self) -> bool {
        self.all
    }

    /// The test's value for a text, wherever it is.
    pub(crate) fn of_text(&self, text: &str) -> Truth {
        self.operator.text(text)
    }

    /// The test's value for a number.
    pub(crate) fn of_number(&self, number: Decimal) -> Truth {
        self.operator.number(number)
    }

    /// The test's value for a call.
    pub(crate) fn judge(&self, look: &mut Look<'_>) -> Truth {
        match &self.written.path {
            Path::Args(steps) => match look.call.arguments {
                Some(arguments) => self.walk(arguments, steps),
                None => self.missing.clone(),
            },
            Path::State { .. } => self.state(look),
            path => match fact::find(path, self.written.timezone, look.call, look.facts) {
                Some(Found::Text(text)) => self.operator.text(text),
                Some(Found::Number(number)) => self.operator.number(number),
                Some(Found::Value(value)) => self.operator.value(value),
                Some(Found::Missing) => self.missing.clone(),
                Some(Found::NotKnown) | None => Truth::Unknown(Why::NotKnown),
            },
        }
    }

    fn state(&self, look: &mut Look<'_>) -> Truth {
        let Some(template) = &self.counter else { return Truth::Unknown(Why::CounterUnreadable) };
        look.counter(template).map_or_else(Truth::Unknown, |value| self.operator.number(value))
    }

    fn walk(&self, value: Value<'_>, steps: &[Step]) -> Truth {
        if value.is_null() {
            return self.missing.clone();
        }
        let Some((step, rest)) = steps.split_first() else { return self.operator.value(value) };
        match (step, enter(value, step)) {
            (Step::Each, _) if value.is_array() => self.each(value, rest),
            (Step::Each, _) => Truth::Unknown(Why::NotAnArray { found: value.kind() }),
            (_, Entered::At(next)) => self.walk(next, rest),
            (_, Entered::Nothing) => self.missing.clone(),
            (_, Entered::Astray) => self.astray(value),
        }
    }

    fn each(&self, array: Value<'_>, rest: &[Step]) -> Truth {
        let (settles, otherwise) =
            if self.all { (Truth::False, Truth::True) } else { (Truth::True, Truth::False) };
        let mut result = otherwise;
        for item in array.items() {
            let truth = self.walk(item, rest);
            if truth == settles {
                return truth;
            }
            if matches!(truth, Truth::Unknown(_)) && !matches!(result, Truth::Unknown(_)) {
                result = truth;
            }
        }
        result
    }

    /// The path leads nowhere it could lead. For `exists` of a single value that is an answer.
    fn astray(&self, value: Value<'_>) -> Truth {
        match self.operator.exists() {
            Some(wanted) => truth(!wanted),
            None => Truth::Unknown(Why::NoSuchStep { found: value.kind() }),
        }
    }

    /// The values that the test looks at, as far as a trace shows them.
    pub(crate) fn seen(&self, look: &Look<'_>) -> Vec<String> {
        let mut seen = Vec::new();
        match &self.written.path {
            Path::Args(steps) => {
                if let Some(arguments) = look.call.arguments {
                    collect(arguments, steps, &mut seen);
                }
            }
            Path::State { .. } => {
                let key = self.counter.as_ref().and_then(|template| template.key(&look.caller).ok());
                let value = key.zip(look.facts.counters).and_then(|(key, counters)| counters.value(&key));
                seen.extend(value.map(|value| value.to_string()));
            }
            path => match fact::find(path, self.written.timezone, look.call, look.facts) {
                Some(Found::Text(text)) => seen.push(crate::describe::quoted(text)),
                Some(Found::Number(number)) => seen.push(number.to_string()),
                Some(Found::Value(value)) => seen.push(crate::describe::shortened(value.raw())),
                Some(Found::Missing | Found::NotKnown) | None => {}
            },
        }
        seen
    }
}

fn collect(value: Value<'_>, steps: &[Step], seen: &mut Vec<String>) {
    if seen.len() >= MOST_SEEN {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        seen.push(crate::describe::shortened(value.raw()));
        return;
    };
    match (step, enter(value, step)) {
        (Step::Each, _) => value.items().take(MOST_SEEN).for_each(|item| collect(item, rest, seen)),
        (_, Entered::At(next)) => collect(next, rest, seen),
        (_, Entered::Nothing | Entered::Astray) => {}
    }
}
