//! Objects.

use interlock_json::Value;

use super::scalar::plural;
use super::{Looked, Validation};
use crate::schema::Rejection;
use crate::schema::node::{Index, Node, ObjectRules};
use crate::schema::place::Place;

impl Validation<'_> {
    pub(super) fn object(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let Some(rules) = &node.object else { return Ok(()) };
        self.size(rules, value, place)?;
        self.presence(rules, value, place)?;
        for (name, part) in &rules.applied_with {
            if value.get(name).is_some() {
                self.part(*part, value, place, looked.as_deref_mut())?;
            }
        }
        self.members(rules, value, place, looked)
    }

    fn size(&mut self, rules: &ObjectRules, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        let size = value.len();
        let wrong = match (rules.fewest, rules.most) {
            (Some(fewest), _) if size < fewest => ("at least", fewest),
            (_, Some(most)) if size > most => ("at most", most),
            _ => return Ok(()),
        };
        Err(self
            .fault(place, |subject| format!("{subject} must have {} {}", wrong.0, plural(wrong.1, "member"))))
    }

    fn presence(
        &mut self,
        rules: &ObjectRules,
        value: Value<'_>,
        place: &Place<'_>,
    ) -> Result<(), Rejection> {
        // Looking for a member may walk all of them.
        let with: usize = rules.required_with.iter().map(|(_, names)| names.len() + 1).sum();
        let asked = rules.required.len() + with + rules.applied_with.len();
        self.account.spend(asked.saturating_mul(1 + value.len() / 4))?;
        for name in &rules.required {
            if value.get(name).is_none() {
                return Err(self.missing(&place.key(name)));
            }
        }
        for (given, names) in &rules.required_with {
            if value.get(given).is_none() {
                continue;
            }
            if let Some(name) = names.iter().find(|name| value.get(name).is_none()) {
                return Err(self.missing(&place.key(name)));
            }
        }
        Ok(())
    }

    fn missing(&self, place: &Place<'_>) -> Rejection {
        self.fault(place, |_| format!("required argument {} is missing", place.name()))
    }

    fn members(
        &mut self,
        rules: &ObjectRules,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        for (position, (key, member)) in value.members().enumerate() {
            self.account.spend(1 + key.raw().len() / 16)?;
            let name = key.text();
            let inside = place.key(&name);
            let mut declared = false;
            if let Some(part) = rules.member(&name) {
                self.part(part, member, &inside, None)?;
                declared = true;
            }
            for (pattern, part) in &rules.patterns {
                if self.matches(pattern, &name)? {
                    self.part(*part, member, &inside, None)?;
                    declared = true;
                }
            }
            if let Some(part) = rules.rest.filter(|_| !declared) {
                self.undeclared_or(part, member, &inside)?;
                declared = true;
            }
            if let Some(names) = rules.names {
                self.name(names, key.raw(), &inside)?;
            }
            if let Some(looked) =
                looked.as_deref_mut().and_then(|looked| looked.get_mut(position)).filter(|_| declared)
            {
                *looked = true;
            }
        }
        Ok(())
    }

    /// A member that only the rest of a schema is about: where that is `false`, it is unknown.
    pub(super) fn undeclared_or(
        &mut self,
        part: Index,
        member: Value<'_>,
        place: &Place<'_>,
    ) -> Result<(), Rejection> {
        if self.schema.part(part).is_some_and(|node| node.never) {
            return Err(self.fault(place, |subject| format!("{subject} is not declared by the tool")));
        }
        self.part(part, member, place, None)
    }

    /// `propertyNames` looks at a name as if it were a value.
    fn name(&mut self, part: Index, raw: &str, place: &Place<'_>) -> Result<(), Rejection> {
        self.account.spend(raw.len() / 16)?;
        let scanned = interlock_json::scan(raw, &interlock_json::Limits::default());
        let tried = scanned.map(|name| self.try_part(part, name.root(), None));
        match tried {
            Ok(Ok(())) => Ok(()),
            Ok(Err(rejection)) if rejection.unjudgeable => Err(self.unclear(rejection, place)),
            Ok(Err(_)) | Err(_) => {
                Err(self
                    .fault(place, |subject| format!("{subject} has a name that the tool does not permit")))
            }
        }
    }
}
