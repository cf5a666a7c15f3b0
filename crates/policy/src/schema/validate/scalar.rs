//! Numbers and texts.

use interlock_json::{Decimal, Value};

use super::Validation;
use crate::describe::quoted;
use crate::schema::Rejection;
use crate::schema::node::{Node, NumberRules};
use crate::schema::pattern::Pattern;
use crate::schema::place::Place;

impl Validation<'_> {
    pub(super) fn number(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
    ) -> Result<(), Rejection> {
        let Some(rules) = &node.number else { return Ok(()) };
        self.account.spend(value.raw().len() / 16)?;
        let number = value.decimal().and_then(Result::ok).ok_or_else(|| self.out_of_range(place))?;
        match broken(rules, number) {
            None => Ok(()),
            Some((words, bound)) => {
                Err(self.fault(place, |subject| format!("{subject} must be {words} {bound}")))
            }
        }
    }

    pub(super) fn text(&mut self, node: &Node, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        let Some(rules) = &node.text else { return Ok(()) };
        self.account.spend(value.raw().len() / 16)?;
        let text = value.as_str().unwrap_or_default();
        if rules.shortest.is_some() || rules.longest.is_some() {
            let length = text.chars().count();
            if let Some(least) = rules.shortest.filter(|least| length < *least) {
                return Err(self.fault(place, |subject| {
                    format!("{subject} must have at least {}", plural(least, "character"))
                }));
            }
            if let Some(most) = rules.longest.filter(|most| length > *most) {
                return Err(self.fault(place, |subject| {
                    format!("{subject} must have at most {}", plural(most, "character"))
                }));
            }
        }
        let Some(pattern) = &rules.pattern else { return Ok(()) };
        if self.matches(pattern, &text)? {
            return Ok(());
        }
        Err(self.fault(place, |subject| format!("{subject} must match {}", quoted(pattern.as_str()))))
    }

    pub(super) fn matches(&mut self, pattern: &Pattern, text: &str) -> Result<bool, Rejection> {
        self.account.spend(text.len().saturating_mul(pattern.weight))?;
        Ok(pattern.is_match(text))
    }
}

fn broken(rules: &NumberRules, number: Decimal) -> Option<(&'static str, Decimal)> {
    let broken = |bound: Option<Decimal>, breaks: fn(Decimal, Decimal) -> bool, words| {
        bound.filter(|bound| breaks(number, *bound)).map(|bound| (words, bound))
    };
    broken(rules.minimum, |number, bound| number < bound, "at least")
        .or_else(|| broken(rules.above, |number, bound| number <= bound, "greater than"))
        .or_else(|| broken(rules.maximum, |number, bound| number > bound, "at most"))
        .or_else(|| broken(rules.below, |number, bound| number >= bound, "less than"))
        .or_else(|| broken(rules.multiple_of, |number, step| !number.is_multiple_of(step), "a multiple of"))
}

pub(super) fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
