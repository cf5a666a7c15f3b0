//! What could be otherwise about a call, so that one condition turns out the other way.

use interlock_json::Decimal;

use super::{Change, World, sample};
use crate::condition::CompiledLeaf;
use crate::counter::Caller;
use crate::decision::RuleName;
use crate::describe;
use crate::document::Test;
use crate::operator::words;
use crate::path::{self, Path, Step};

/// Most values that are tried for one condition.
const MOST_VALUES: usize = 8;

/// The call changed so that the condition probably holds, or does not.
pub(super) fn of_leaf(leaf: &CompiledLeaf, holds: bool, caller: &Caller<'_>, world: &World) -> Vec<World> {
    let test = &leaf.written.test;
    let values: Vec<String> = sample::values(test, holds).into_iter().take(MOST_VALUES).collect();
    match &leaf.written.path {
        Path::Args(steps) => arguments(leaf, steps, holds, &values, world),
        Path::GrantName => {
            values.iter().filter_map(|to| named(leaf, holds, to, world, "grant.name")).collect()
        }
        Path::CallServer => {
            values.iter().filter_map(|to| named(leaf, holds, to, world, "call.server")).collect()
        }
        // What the caller and the server are is not the call's to change.
        Path::CallTool
        | Path::GrantLabel(_)
        | Path::ClientName
        | Path::TimeHour
        | Path::TimeWeekday
        | Path::ToolCategory
        | Path::ToolSeverity
        | Path::ToolAnnotation(_) => Vec::new(),
        Path::State { .. } => {
            let Some(template) = &leaf.counter else { return Vec::new() };
            let Ok(key) = template.key(caller) else { return Vec::new() };
            let held = |to: &String| {
                let value = to.parse::<Decimal>().ok().filter(|value| !value.is_negative())?;
                let mut changed = world.with(Change {
                    words: wish(leaf, holds, to),
                    path: key.text(),
                    to: Some(to.clone()),
                });
                changed.hold(key.clone(), value);
                Some(changed)
            };
            values.iter().filter_map(held).collect()
        }
    }
}

fn arguments(
    leaf: &CompiledLeaf,
    steps: &[Step],
    holds: bool,
    values: &[String],
    world: &World,
) -> Vec<World> {
    let path = leaf.written.path.to_string();
    let mut all: Vec<World> = values
        .iter()
        .filter_map(|to| {
            let change = Change { words: wish(leaf, holds, to), path: path.clone(), to: Some(to.clone()) };
            world.with_argument(steps, Some(to), change)
        })
        .collect();
    let absence_helps = !holds || leaf.written.test == Test::Exists(false);
    if absence_helps {
        let words = format!("{} were not given", leaf.subject());
        all.extend(world.with_argument(steps, None, Change { words, path, to: None }));
    }
    all
}

fn named(leaf: &CompiledLeaf, holds: bool, to: &str, world: &World, path: &str) -> Option<World> {
    let document = interlock_json::scan(to, &interlock_json::Limits::default()).ok()?;
    let name = document.root().as_str()?.into_owned();
    let change = Change { words: wish(leaf, holds, to), path: path.to_owned(), to: Some(to.to_owned()) };
    let mut changed = world.with(change);
    match path {
        "grant.name" => changed.grant = name,
        _ => changed.server = name,
    }
    Some(changed)
}

/// The call with all the arguments that are missing.
pub(super) fn of_required(missing: &[String], world: &World) -> Option<World> {
    missing.iter().try_fold(world.clone(), |world, name| {
        let steps = [Step::Key(name.clone())];
        let to = sample::any();
        let change = Change {
            words: format!("argument {} were given", describe::quoted(&path::argument_name(&steps))),
            path: Path::Args(steps.to_vec()).to_string(),
            to: Some(to.clone()),
        };
        world.with_argument(&steps, Some(&to), change)
    })
}

/// The policies changed.
pub(super) fn policy_words(rule: &RuleName) -> String {
    format!("the policy were without `{rule}`")
}

/// The requirement, or its opposite, as a wish: `argument "amount" were at most 5`.
fn wish(leaf: &CompiledLeaf, holds: bool, to: &str) -> String {
    let words = subjunctive(&words::requirement(&leaf.written.test), &leaf.subject(), holds);
    let told: &[&str] = if holds { &["eq", "in", "lt", "lte", "gt", "gte"] } else { &["neq", "not_in"] };
    if told.contains(&leaf.written.test.operator()) { words } else { format!("{words}, such as {to}") }
}

fn subjunctive(requirement: &str, subject: &str, holds: bool) -> String {
    let (rest, positive) = match requirement.strip_prefix("must not ") {
        Some(rest) => (rest, false),
        None => (requirement.strip_prefix("must ").unwrap_or(requirement), true),
    };
    let not = if positive == holds { "" } else { "not " };
    match rest.strip_prefix("be ") {
        Some(state) => format!("{subject} were {not}{state}"),
        None => format!("{subject} did {not}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::subjunctive;

    #[test]
    fn requirements_become_wishes() {
        for (requirement, holds, expected) in [
            ("must be at most 5", true, "x were at most 5"),
            ("must be at most 5", false, "x were not at most 5"),
            ("must not be 1", true, "x were not 1"),
            ("must not be 1", false, "x were 1"),
            ("must match \"a\"", true, "x did match \"a\""),
            ("must not contain \"a\"", true, "x did not contain \"a\""),
            ("must not be given", true, "x were not given"),
            ("must be given", true, "x were given"),
        ] {
            assert_eq!(subjunctive(requirement, "x", holds), expected, "{requirement} {holds}");
        }
    }
}
