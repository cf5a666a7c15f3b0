//! Limits at work: what a call adds to which counter.

use std::sync::Arc;

use interlock_json::{Decimal, Kind, Value};

use crate::condition::{Look, kind_words};
use crate::counter::CounterTemplate;
use crate::decision::{Need, Origin, RuleName};
use crate::describe;
use crate::path::{self, Step};
use crate::quantity::Bound;

/// A compiled limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) pointer: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) on_deny: Option<Arc<str>>,
    pub(crate) words: Arc<str>,
    pub(crate) template: CounterTemplate,
    pub(crate) amount: Amount,
    pub(crate) min: Option<Decimal>,
    pub(crate) bound: Bound,
}

/// What a call adds.
#[derive(Debug)]
pub(crate) enum Amount {
    Fixed(Decimal),
    /// The value of an argument.
    Argument(Vec<Step>),
}

impl Limit {
    /// What must be reserved for the call, or why its amount cannot be counted.
    pub(crate) fn need(&self, origin: Origin, look: &Look<'_>) -> Result<Need, String> {
        let amount = match &self.amount {
            Amount::Fixed(amount) => *amount,
            Amount::Argument(steps) => self.argument(steps, look)?,
        };
        Ok(Need {
            key: self.template.key(&look.caller),
            amount,
            bound: self.bound,
            rule: RuleName::At { origin, pointer: Arc::clone(&self.pointer) },
            name: self.name.clone(),
            on_deny: self.on_deny.clone(),
            words: Arc::clone(&self.words),
            shadow: self.template.shadow,
        })
    }

    /// No call can lower a counter, and none passes by leaving its amount out.
    fn argument(&self, steps: &[Step], look: &Look<'_>) -> Result<Decimal, String> {
        let refused = |why: &str| format!("argument {} {why}", describe::quoted(&path::argument_name(steps)));
        let value = look.call.arguments.and_then(|arguments| find(arguments, steps));
        let Some(value) = value.filter(|value| !value.is_null()) else { return Err(refused("is missing")) };
        let amount = match value.decimal() {
            None => return Err(refused(&format!("must be a number, not {}", kind_words(value.kind())))),
            Some(Err(_)) => return Err(refused("is out of the range of amounts")),
            Some(Ok(amount)) => amount,
        };
        if amount.is_negative() {
            return Err(refused("must not be negative"));
        }
        match self.min {
            Some(min) if amount < min => Err(refused(&format!("must be at least {min}"))),
            _ => Ok(amount),
        }
    }
}

fn find<'d>(value: Value<'d>, steps: &[Step]) -> Option<Value<'d>> {
    steps.iter().try_fold(value, |value, step| match (step, value.kind()) {
        (Step::Key(key), Kind::Object) => value.get(key),
        (Step::Key(key), Kind::Array) => value.items().nth(key.parse().ok()?),
        (Step::Index(index), Kind::Array) => value.items().nth(*index),
        _ => None,
    })
}
