//! Conditions: four values for a test, Kleene's logic above them.

use super::counters;
use super::json::Json;
use super::operator;
use super::path::Found;
use super::policy::Policy;
use super::scene::Scene;

/// What a test makes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Four {
    True,
    False,
    /// M: the value is missing or null.
    Missing,
    /// U: it cannot be judged.
    Unjudgeable,
}

/// What comes of a condition. Kleene's `all` is the least, `any` the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Three {
    False,
    Unknown,
    True,
}

impl Three {
    fn not(self) -> Three {
        match self {
            Three::False => Three::True,
            Three::Unknown => Three::Unknown,
            Three::True => Three::False,
        }
    }
}

/// Whether the condition must hold, or objects where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Allow,
    Deny,
}

/// How a condition is looked at: its type, how many `not`s are around it, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) policy: &'a Policy,
    pub(super) scene: &'a Scene<'a>,
    pub(super) kind: Type,
    nots: usize,
}

/// Whether a list of conditions and the rule's expression stand in the way of the call, and what decided that: the
/// first that must hold and does not, or all together that object.
pub(super) fn objects(
    policy: &Policy,
    scene: &Scene<'_>,
    kind: Type,
    conditions: &[&Json],
    when: Option<&str>,
) -> (bool, Three) {
    let look = Look { policy, scene, kind, nots: 0 };
    let conditions = conditions.iter().map(|condition| value(condition, look));
    let mut values = conditions.chain(when.map(|when| super::expression::value(when, scene)));
    // A final U never helps the call.
    match kind {
        Type::Allow => match values.find(|value| *value != Three::True) {
            Some(first) => (true, first),
            None => (false, Three::True),
        },
        Type::Deny => {
            let whole = least(values);
            (whole != Three::False, whole)
        }
    }
}

fn value(condition: &Json, look: Look<'_>) -> Three {
    let value = value_of(condition, look);
    if let [(joins, _)] = condition.members() {
        super::coverage::nested(joins, look.kind, value);
    }
    value
}

fn value_of(condition: &Json, look: Look<'_>) -> Three {
    if let Some(inner) = condition.get("not") {
        return value(inner, Look { nots: look.nots + 1, ..look }).not();
    }
    if condition.get("all").is_some() {
        return least(condition.items_at("all").iter().map(|inner| value(inner, look)));
    }
    if condition.get("any").is_some() {
        return any(condition.items_at("any"), look);
    }
    test(condition, look)
}

/// What is settled is not looked at further, so that no counter is read for nothing.
fn least(values: impl Iterator<Item = Three>) -> Three {
    let mut least = Three::True;
    for value in values {
        least = least.min(value);
        if least == Three::False {
            break;
        }
    }
    least
}

fn any(conditions: &[Json], look: Look<'_>) -> Three {
    let mut most = Three::False;
    for condition in conditions {
        most = most.max(value(condition, look));
        if most == Three::True {
            break;
        }
    }
    most
}

fn test(leaf: &Json, look: Look<'_>) -> Three {
    match found(leaf, look) {
        None => settle(Four::Unjudgeable, leaf, look),
        Some(found) => test_of(leaf, &found, look),
    }
}

/// What the path of a test finds; `None` for what is not known.
fn found(leaf: &Json, look: Look<'_>) -> Option<Found> {
    let path = leaf.text_at("path").unwrap();
    if path.starts_with("time.") {
        return Some(Found::Value(look.scene.time(path, leaf.text_at("timezone").unwrap_or("UTC"))));
    }
    if path.starts_with("state") {
        let counter = counters::named(look.policy, path, look.scene)?;
        let value = look.scene.ask(counter)?;
        return Some(Found::Value(Json::Number(value.to_string())));
    }
    look.scene.find(path)
}

fn test_of(leaf: &Json, found: &Found, look: Look<'_>) -> Three {
    let value = match found {
        Found::Each(items) => return each(leaf, items, look),
        // Whether something exists is always definite: where no member can be, none is.
        Found::Unfit if leaf.says("op", "exists") => operator::test(leaf, None, look.policy),
        Found::Unfit | Found::NoArray => Four::Unjudgeable,
        Found::Missing => operator::test(leaf, None, look.policy),
        Found::Value(value) => operator::test(leaf, Some(value), look.policy),
    };
    settle(value, leaf, look)
}

/// The whole, with the `not`s around it, must hold for all items; or it objects if it does for any.
fn each(leaf: &Json, items: &[Found], look: Look<'_>) -> Three {
    let values = items.iter().map(|item| test_of(leaf, item, look));
    let negated = look.nots % 2 == 1;
    if (look.kind == Type::Allow) != negated {
        values.min().unwrap_or(Three::True)
    } else {
        values.max().unwrap_or(Three::False)
    }
}

fn settle(value: Four, leaf: &Json, look: Look<'_>) -> Three {
    super::coverage::leaf(leaf.text_at("op").unwrap(), value);
    let minds = leaf.says("on_missing", "object");
    match value {
        Four::True => Three::True,
        Four::False => Three::False,
        Four::Unjudgeable => Three::Unknown,
        Four::Missing if look.nots == 0 && look.kind == Type::Deny && !minds => Three::False,
        Four::Missing => Three::Unknown,
    }
}
