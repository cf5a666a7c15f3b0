//! Arrays.

use std::collections::HashSet;

use interlock_json::Value;

use super::scalar::plural;
use super::{Looked, Validation};
use crate::schema::node::{ArrayRules, Contains, Index, Node};
use crate::schema::place::Place;
use crate::schema::{Rejection, identity};

impl Validation<'_> {
    pub(super) fn array(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let Some(rules) = &node.array else { return Ok(()) };
        self.length(rules, value, place)?;
        if rules.unique {
            self.unique(value, place)?;
        }
        for (position, item) in value.items().enumerate() {
            let Some(part) = rules.first.get(position).copied().or(rules.rest) else { break };
            self.part(part, item, &place.index(position), None)?;
            if let Some(looked) = looked.as_deref_mut().and_then(|looked| looked.get_mut(position)) {
                *looked = true;
            }
        }
        match rules.contains {
            Some(contains) => self.contains(contains, value, place, looked),
            None => Ok(()),
        }
    }

    fn length(&mut self, rules: &ArrayRules, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        let length = value.len();
        let wrong = match (rules.fewest, rules.most) {
            (Some(fewest), _) if length < fewest => ("at least", fewest),
            (_, Some(most)) if length > most => ("at most", most),
            _ => return Ok(()),
        };
        Err(self
            .fault(place, |subject| format!("{subject} must have {} {}", wrong.0, plural(wrong.1, "item"))))
    }

    fn unique(&mut self, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        self.account.spend(value.len() + value.raw().len() / 16)?;
        let mut seen = HashSet::with_capacity(value.len());
        for item in value.items() {
            let mut identity = String::new();
            identity::write(item, &mut identity).map_err(|_| self.out_of_range(place))?;
            if !seen.insert(identity) {
                return Err(self.fault(place, |subject| format!("{subject} must not hold an item twice")));
            }
        }
        Ok(())
    }

    fn contains(
        &mut self,
        contains: Contains,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let (mut found, mut unclear) = (0, None);
        for (position, item) in value.items().enumerate() {
            match self.try_part(contains.item, item, None) {
                Ok(()) => {
                    found += 1;
                    let looked = looked.as_deref_mut().filter(|_| contains.evaluates);
                    if let Some(looked) = looked.and_then(|looked| looked.get_mut(position)) {
                        *looked = true;
                    }
                }
                Err(rejection) if rejection.unjudgeable => unclear = unclear.or(Some(rejection)),
                Err(_) => {}
            }
        }
        if let Some(rejection) = unclear {
            return Err(self.unclear(rejection, place));
        }
        if found < contains.fewest {
            return Err(self.fault(place, |subject| {
                format!(
                    "{subject} must hold at least {} that the schema asks for",
                    plural(contains.fewest, "item")
                )
            }));
        }
        if let Some(most) = contains.most.filter(|most| found > *most) {
            return Err(self.fault(place, |subject| {
                format!("{subject} must hold at most {} that the schema asks for", plural(most, "item"))
            }));
        }
        Ok(())
    }

    /// What no other keyword has looked at.
    pub(super) fn unevaluated(
        &mut self,
        part: Index,
        value: Value<'_>,
        place: &Place<'_>,
        looked: &[bool],
    ) -> Result<(), Rejection> {
        let unseen = |position: usize| !looked.get(position).copied().unwrap_or_default();
        for (position, item) in value.items().enumerate().filter(|(position, _)| unseen(*position)) {
            self.part(part, item, &place.index(position), None)?;
        }
        for (position, (key, member)) in value.members().enumerate() {
            if unseen(position) {
                let name = key.text();
                self.undeclared_or(part, member, &place.key(&name))?;
            }
        }
        Ok(())
    }
}
