//! Every condition of an entry, with its place and what it is for.

use crate::condition::Kindness;
use crate::document::{Action, Condition, Entry, Requirement};

/// Conditions that stand together: all of them hold, or the whole does not.
pub(super) struct Together<'c> {
    pub(super) conditions: &'c [Condition],
    pub(super) kindness: Kindness,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    Rule(usize),
    Required(usize),
    Block(&'static str, usize),
    /// A condition that stands by itself.
    Alone(usize),
}

impl Together<'_> {
    /// The pointer of one of the conditions, below that of the entry.
    pub(super) fn pointer(&self, index: usize) -> String {
        match self.place {
            Place::Rule(rule) => format!("/rules/{rule}/conditions/{index}"),
            Place::Required(block) => format!("/require/{block}/conditions/{index}"),
            Place::Block(key, block) => format!("/{key}/{block}/conditions/{index}"),
            Place::Alone(at) => format!("/require/{at}"),
        }
    }
}

/// The entry's conditions, list by list.
pub(super) fn of_entry(entry: &Entry) -> impl Iterator<Item = Together<'_>> {
    let rules = entry.rules.iter().enumerate().map(|(index, rule)| Together {
        conditions: &rule.conditions,
        kindness: match rule.effective_action() {
            Action::Allow | Action::Evaluate => Kindness::Allow,
            Action::Deny | Action::RequireApproval => Kindness::Deny,
        },
        place: Place::Rule(index),
    });
    let required = entry.require.iter().enumerate().map(|(index, requirement)| match requirement {
        Requirement::Condition(condition) => Together {
            conditions: std::slice::from_ref(condition),
            kindness: Kindness::Allow,
            place: Place::Alone(index),
        },
        Requirement::Block(block) => Together {
            conditions: &block.conditions,
            kindness: Kindness::Allow,
            place: Place::Required(index),
        },
    });
    let blocks = [("deny_if", &entry.deny_if), ("approve_if", &entry.approve_if)].into_iter();
    let blocks = blocks.flat_map(|(key, blocks)| {
        blocks.iter().enumerate().map(move |(index, block)| Together {
            conditions: &block.conditions,
            kindness: Kindness::Deny,
            place: Place::Block(key, index),
        })
    });
    rules.chain(required).chain(blocks)
}
