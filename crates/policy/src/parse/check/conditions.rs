//! Every test of an entry's conditions, with its place.

use crate::condition::Kindness;
use crate::document::{Action, Condition, Entry, Leaf, Requirement};

/// A test, wherever it is nested.
pub(super) struct Placed<'c> {
    pub(super) leaf: &'c Leaf,
    /// The pointer, below that of the entry.
    pub(super) pointer: String,
    /// Whether a missing value is nothing to object to, unless the test says otherwise.
    pub(super) overlooks: bool,
}

/// The entry's tests, in the order of the text.
pub(super) fn of_entry(entry: &Entry) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    for (index, rule) in entry.rules.iter().enumerate() {
        let kindness = match rule.effective_action() {
            Action::Allow | Action::Evaluate => Kindness::Allow,
            Action::Deny | Action::RequireApproval => Kindness::Deny,
        };
        list(&rule.conditions, kindness, &format!("/rules/{index}/conditions"), &mut found);
    }
    for (index, requirement) in entry.require.iter().enumerate() {
        let pointer = format!("/require/{index}");
        match requirement {
            Requirement::Condition(condition) => one(condition, false, pointer, &mut found),
            Requirement::Block(block) => {
                list(&block.conditions, Kindness::Allow, &format!("{pointer}/conditions"), &mut found);
            }
        }
    }
    for (key, blocks) in [("deny_if", &entry.deny_if), ("approve_if", &entry.approve_if)] {
        for (index, block) in blocks.iter().enumerate() {
            list(&block.conditions, Kindness::Deny, &format!("/{key}/{index}/conditions"), &mut found);
        }
    }
    found
}

fn list<'c>(conditions: &'c [Condition], kindness: Kindness, pointer: &str, found: &mut Vec<Placed<'c>>) {
    each(conditions, kindness == Kindness::Deny, pointer, found);
}

fn each<'c>(conditions: &'c [Condition], overlooks: bool, pointer: &str, found: &mut Vec<Placed<'c>>) {
    for (index, condition) in conditions.iter().enumerate() {
        one(condition, overlooks, format!("{pointer}/{index}"), found);
    }
}

fn one<'c>(condition: &'c Condition, overlooks: bool, pointer: String, found: &mut Vec<Placed<'c>>) {
    match condition {
        Condition::Leaf(leaf) => found.push(Placed { leaf, pointer, overlooks }),
        Condition::Any(inner) => each(inner, overlooks, &format!("{pointer}/any"), found),
        Condition::All(inner) => each(inner, overlooks, &format!("{pointer}/all"), found),
        // What is missing under a `not` cannot be judged.
        Condition::Not(inner) => one(inner, false, format!("{pointer}/not"), found),
    }
}
