//! `unknown_args: deny`: arguments that no part of the schema declares.

use std::collections::BTreeSet;

use interlock_json::{Kind, Value};

use super::node::{Index, ObjectRules};
use super::{Account, MOST_DEEP, Place, Rejection, Schema};

pub(super) fn refuse_undeclared(schema: &Schema, arguments: Value<'_>) -> Result<(), Rejection> {
    let mut search = Search { schema, account: Account::new() };
    let applying = search.applying([0])?;
    search.value(arguments, &applying, &Place::ROOT, 0)
}

struct Search<'s> {
    schema: &'s Schema,
    account: Account,
}

impl<'s> Search<'s> {
    /// The parts that may apply to the value that these apply to. What is inside `not` declares nothing.
    fn applying(&mut self, from: impl IntoIterator<Item = Index>) -> Result<BTreeSet<Index>, Rejection> {
        let mut waiting: Vec<Index> = from.into_iter().collect();
        let mut applying = BTreeSet::new();
        while let Some(index) = waiting.pop() {
            self.account.spend(1)?;
            if !applying.insert(index) {
                continue;
            }
            let Some(node) = self.schema.part(index) else { continue };
            let conditional = node.condition.iter().flat_map(|conditional| {
                [Some(conditional.condition), conditional.then, conditional.otherwise].into_iter().flatten()
            });
            let with = node.object.iter().flat_map(|rules| rules.applied_with.iter().map(|(_, part)| *part));
            let listed = node.all.iter().chain(&node.any).chain(&node.one).copied();
            waiting.extend(listed.chain(conditional).chain(with));
        }
        Ok(applying)
    }

    fn value(
        &mut self,
        value: Value<'_>,
        applying: &BTreeSet<Index>,
        place: &Place<'_>,
        deep: usize,
    ) -> Result<(), Rejection> {
        if deep > MOST_DEEP {
            return Err(Rejection::too_much_work());
        }
        match value.kind() {
            Kind::Object => self.object(value, applying, place, deep),
            Kind::Array => self.array(value, applying, place, deep),
            _ => Ok(()),
        }
    }

    fn object(
        &mut self,
        value: Value<'_>,
        applying: &BTreeSet<Index>,
        place: &Place<'_>,
        deep: usize,
    ) -> Result<(), Rejection> {
        let schema = self.schema;
        let rules: Vec<&ObjectRules> = applying
            .iter()
            .filter_map(|index| schema.part(*index).and_then(|node| node.object.as_deref()))
            .collect();
        let declares = |rules: &&ObjectRules| !rules.members.is_empty() || !rules.patterns.is_empty();
        let strict = deep == 0 || rules.iter().any(declares);
        for (key, member) in value.members() {
            let name = key.text();
            let inside = place.key(&name);
            let parts = self.declaring(&rules, &name)?;
            if parts.is_empty() && strict {
                let reason = format!("{} is not declared by the tool", inside.subject());
                return Err(Rejection { reason, unjudgeable: false });
            }
            if !parts.is_empty() && matches!(member.kind(), Kind::Object | Kind::Array) {
                let applying = self.applying(parts)?;
                self.value(member, &applying, &inside, deep + 1)?;
            }
        }
        Ok(())
    }

    /// The parts that are about a member of this name.
    fn declaring(&mut self, rules: &[&ObjectRules], name: &str) -> Result<Vec<Index>, Rejection> {
        let mut parts = Vec::new();
        for rules in rules {
            self.account.spend(1)?;
            let before = parts.len();
            parts.extend(rules.member(name));
            for (pattern, part) in &rules.patterns {
                self.account.spend(name.len().saturating_mul(pattern.weight))?;
                if pattern.is_match(name) {
                    parts.push(*part);
                }
            }
            if parts.len() == before && rules.is_map {
                parts.extend(rules.rest);
            }
        }
        // `false` says that there is no such member.
        parts.retain(|part| !self.schema.part(*part).is_some_and(|node| node.never));
        Ok(parts)
    }

    fn array(
        &mut self,
        value: Value<'_>,
        applying: &BTreeSet<Index>,
        place: &Place<'_>,
        deep: usize,
    ) -> Result<(), Rejection> {
        let schema = self.schema;
        for (position, item) in value.items().enumerate() {
            if !matches!(item.kind(), Kind::Object | Kind::Array) {
                continue;
            }
            let rules = applying
                .iter()
                .filter_map(|index| schema.part(*index).and_then(|node| node.array.as_deref()));
            let parts: Vec<Index> =
                rules.filter_map(|rules| rules.first.get(position).copied().or(rules.rest)).collect();
            if !parts.is_empty() {
                let applying = self.applying(parts)?;
                self.value(item, &applying, &place.index(position), deep + 1)?;
            }
        }
        Ok(())
    }
}
