//! What a schema says of an argument before any call: for comparing a policy with a server's tools. Only what is
//! certain is said; where parts of a schema make something depend on something else, nothing is.

use std::collections::BTreeSet;

use super::Schema;
use super::node::{Index, Node, Types};
use crate::path::Step;

/// Parts that are looked at for one question.
const MOST_LOOKED_AT: usize = 1_000;

/// What a schema says of the argument that a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// It declares it.
    Declared(Form),
    /// The object that would hold it takes names that are not declared, or nothing is known of it.
    Open,
    /// Nothing declares it.
    Undeclared {
        /// The step of the path that nothing declares.
        step: usize,
        /// The names that are declared in its place.
        names: Vec<String>,
    },
}

/// What values an argument may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The types; `None` where any may be.
    pub(crate) types: Option<Types>,
    /// The texts, where it is one of a list of texts.
    pub(crate) texts: Option<Vec<String>>,
    /// Whether every call has it.
    pub(crate) required: bool,
}

impl Schema {
    /// What the schema says of the argument that these steps lead to.
    pub(crate) fn named(&self, steps: &[Step]) -> Named {
        let mut parts = BTreeSet::from([0]);
        let mut required = true;
        for (at, step) in steps.iter().enumerate() {
            let applying = self.applying(&parts);
            parts = match step {
                Step::Key(name) => {
                    required &= parts.iter().any(|part| self.requires(*part, name, &mut fuel()));
                    match self.member(&applying, name) {
                        Ok(parts) => parts,
                        Err(None) => return Named::Open,
                        Err(Some(names)) => return Named::Undeclared { step: at, names },
                    }
                }
                Step::Index(index) => {
                    required = false;
                    self.items(&applying, *index)
                }
                Step::Each => self.items(&applying, usize::MAX),
            };
            if parts.is_empty() {
                return Named::Open;
            }
        }
        let form = |part: &Index| (self.types(*part, &mut fuel()), self.texts(*part, &mut fuel()));
        // Several parts that are about one argument are rare; then nothing is certain.
        let (types, texts) = match parts.iter().next().filter(|_| parts.len() == 1) {
            Some(part) => form(part),
            None => (None, None),
        };
        Named::Declared(Form { types, texts, required })
    }

    fn applying(&self, parts: &BTreeSet<Index>) -> Vec<&Node> {
        let mut waiting: Vec<Index> = parts.iter().copied().collect();
        let mut seen = BTreeSet::new();
        let mut nodes = Vec::new();
        while let Some(index) = waiting.pop() {
            if seen.len() >= MOST_LOOKED_AT || !seen.insert(index) {
                continue;
            }
            let Some(node) = self.part(index) else { continue };
            waiting.extend(node.all.iter().chain(&node.any).chain(&node.one));
            waiting.extend(node.condition.iter().flat_map(|conditional| {
                [Some(conditional.condition), conditional.then, conditional.otherwise].into_iter().flatten()
            }));
            waiting
                .extend(node.object.iter().flat_map(|rules| rules.applied_with.iter().map(|(_, part)| part)));
            nodes.push(node);
        }
        nodes
    }

    /// The parts about a member; the names that are declared instead, if that is certain.
    fn member(&self, applying: &[&Node], name: &str) -> Result<BTreeSet<Index>, Option<Vec<String>>> {
        let objects = || applying.iter().filter_map(|node| node.object.as_deref());
        let mut found: BTreeSet<Index> = objects().filter_map(|rules| rules.member(name)).collect();
        let matching =
            objects().flat_map(|rules| &rules.patterns).filter(|(pattern, _)| pattern.is_match(name));
        found.extend(matching.map(|(_, part)| *part));
        found.retain(|part| !self.part(*part).is_some_and(|node| node.never));
        if !found.is_empty() {
            return Ok(found);
        }
        let maps = || objects().filter(|rules| rules.is_map);
        if maps().next().is_some() {
            return Ok(maps().filter_map(|rules| rules.rest).collect());
        }
        let names = self.member_names(applying);
        Err((!names.is_empty()).then_some(names))
    }

    fn member_names(&self, applying: &[&Node]) -> Vec<String> {
        let objects = applying.iter().filter_map(|node| node.object.as_deref());
        let names: BTreeSet<String> =
            objects.flat_map(|rules| rules.members.iter().map(|(name, _)| name.to_string())).collect();
        names.into_iter().collect()
    }

    fn items(&self, applying: &[&Node], position: usize) -> BTreeSet<Index> {
        let arrays = applying.iter().filter_map(|node| node.array.as_deref());
        arrays.filter_map(|rules| rules.first.get(position).copied().or(rules.rest)).collect()
    }

    fn requires(&self, part: Index, name: &str, fuel: &mut usize) -> bool {
        let Some(node) = self.looked_at(part, fuel) else { return false };
        let own =
            node.object.as_deref().is_some_and(|rules| rules.required.iter().any(|known| **known == *name));
        own || node.all.iter().any(|part| self.requires(*part, name, fuel))
    }

    /// The types that a value may have at most.
    fn types(&self, part: Index, fuel: &mut usize) -> Option<Types> {
        let node = self.looked_at(part, fuel)?;
        if node.types.is_some() {
            return node.types;
        }
        if let Some(types) = node.all.iter().find_map(|part| self.types(*part, fuel)) {
            return Some(types);
        }
        [&node.any, &node.one].into_iter().filter(|parts| !parts.is_empty()).find_map(|parts| {
            parts.iter().try_fold(Types::default(), |types, part| Some(types.with(self.types(*part, fuel)?)))
        })
    }

    /// The texts that a value may be at most, if it is text.
    fn texts(&self, part: Index, fuel: &mut usize) -> Option<Vec<String>> {
        let node = self.looked_at(part, fuel)?;
        if let Some(values) = node.values.iter().find(|values| values.only_texts && !values.texts.is_empty())
        {
            return Some(values.texts.iter().map(|text| text.to_string()).collect());
        }
        if let Some(texts) = node.all.iter().find_map(|part| self.texts(*part, fuel)) {
            return Some(texts);
        }
        let text = Types::of(interlock_json::Kind::String);
        [&node.any, &node.one].into_iter().filter(|parts| !parts.is_empty()).find_map(|parts| {
            let mut all = Vec::new();
            for part in parts {
                match self.texts(*part, fuel) {
                    Some(texts) => all.extend(texts),
                    None if self.types(*part, fuel).is_some_and(|types| !types.intersects(text)) => {}
                    None => return None,
                }
            }
            (!all.is_empty()).then_some(all)
        })
    }

    fn looked_at(&self, part: Index, fuel: &mut usize) -> Option<&Node> {
        *fuel = fuel.checked_sub(1)?;
        self.part(part)
    }
}

fn fuel() -> usize {
    MOST_LOOKED_AT
}
