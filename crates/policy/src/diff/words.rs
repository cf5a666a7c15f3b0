//! Differences in words.

use super::world::World;
use super::{Direction, Doubt, Ruled, ShownChange, Who};
use crate::decision::{RuleName, Verdict};
use crate::document::Section;

/// `tool "pay": allowed before, denied now, when argument "amount" is 60000 (/tools/pay/rules/0)`
pub(super) fn changed(who: &Who, [before, after]: [&Ruled; 2], world: &World, alone: bool) -> String {
    let conditions = world.words();
    let when = match conditions.as_slice() {
        [] => String::new(),
        conditions => format!(", when {}", conditions.join(" and ")),
    };
    let (was, is) = (was(before.verdict), is(after.verdict));
    let (old, new) = (rule(&before.rule, alone), rule(&after.rule, alone));
    format!("{}: {was} before by {old}, {is} now by {new}{when}", who.words)
}

fn was(verdict: Verdict) -> &'static str {
    if verdict == Verdict::Ask { "a person was asked" } else { is(verdict) }
}

fn is(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Deny => "denied",
        Verdict::Ask => "a person is asked",
        Verdict::Proceed => "allowed",
    }
}

/// Whose a rule is need not be said of a policy that stands alone.
fn rule(rule: &RuleName, alone: bool) -> String {
    match rule {
        RuleName::At { pointer, .. } if alone => pointer.to_string(),
        other => other.text(),
    }
}

/// Whether lists show the names.
pub(super) fn shown(who: &Who, [before, after]: [bool; 2]) -> Option<ShownChange> {
    let (direction, change) = match (before, after) {
        (false, true) => (Direction::Widen, "left out of lists before, shown now"),
        (true, false) => (Direction::Narrow, "shown in lists before, left out now"),
        _ => return None,
    };
    let words = format!("{}: {change}", who.words);
    Some(ShownChange { who: who.clone(), also: Vec::new(), direction, words })
}

/// What may differ, and why that is not known.
pub(super) fn doubt(who: &Who, directions: &[Direction], why: &[String]) -> String {
    let how = match directions {
        [Direction::Widen] => "more may be let through",
        [Direction::Narrow] => "less may be let through",
        _ => "more or less may be let through",
    };
    let why = if why.is_empty() { "not every combination could be met".to_owned() } else { why.join("; ") };
    format!("{}: {how}: {why}", who.words)
}

/// Patterns that are too many to be told apart.
pub(super) fn tangled(section: Section, globs: &[String]) -> Doubt {
    let words = format!("any {} that several patterns match", section.noun());
    let who = Who { section, exact: false, words, name: String::new() };
    let why = vec![format!("the patterns {} overlap in too many ways to try them all", globs.join(", "))];
    let directions = vec![Direction::Widen, Direction::Narrow];
    let words = doubt(&who, &directions, &why);
    Doubt { who, also: Vec::new(), why, directions, words, example: None }
}
