//! Conditions: a path, an operator and its operand, or several conditions together.

mod advice;

use std::sync::Arc;

use super::fields::Fields;
use super::operator;
use super::scalar;
use crate::condition::{Kindness, Standing};
use crate::diagnostic::{At, Report, quoted};
use crate::document::{Condition, Leaf, OnMissing, Test};
use crate::path::{self, Path, PathError};
use crate::tree::{Member, Node, Value};

const KNOWN: [&str; 9] = ["path", "op", "value", "on_missing", "compare", "timezone", "any", "all", "not"];
/// The keys of conditions that hold others.
const JOINS: [&str; 3] = ["any", "all", "not"];
/// Deepest nesting of conditions.
const MOST_DEEP: usize = 16;
/// Most tests in one list of conditions.
const MOST_TESTS: usize = 1_000;

/// A list of conditions, for rules and blocks.
pub(crate) fn list(
    node: &Node,
    kindness: Kindness,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Condition>> {
    let place = Place { standing: Standing::of(kindness), deep: 0 };
    let conditions = inner(node, place, at, report)?;
    bounded(&conditions, node, at, report).then_some(conditions)
}

/// A condition that stands for itself.
pub(crate) fn read(
    node: &Node,
    kindness: Kindness,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Condition> {
    let condition = condition(node, Place { standing: Standing::of(kindness), deep: 0 }, at, report)?;
    bounded(std::slice::from_ref(&condition), node, at, report).then_some(condition)
}

/// Where a condition stands in its tree.
#[derive(Clone, Copy)]
struct Place {
    standing: Standing,
    deep: usize,
}

fn bounded(conditions: &[Condition], node: &Node, at: &At<'_>, report: &mut Report<'_>) -> bool {
    let tests: usize = conditions.iter().map(Condition::tests).sum();
    if tests > MOST_TESTS {
        let message = format!("there are {tests} tests here; the most is {MOST_TESTS}");
        report
            .error("too-many-conditions", node.mark(), at, message)
            .help("for many values use `op: in`, or several rules");
    }
    tests <= MOST_TESTS
}

fn inner(node: &Node, place: Place, at: &At<'_>, report: &mut Report<'_>) -> Option<Vec<Condition>> {
    let stand_in = || {
        Condition::Leaf(Arc::new(Leaf {
            path: Path::Args(Vec::new()),
            test: Test::Exists(true),
            on_missing: None,
            ignore_case: false,
            timezone: None,
        }))
    };
    scalar::list_in_place(node, at, report, stand_in, |item, at, report| condition(item, place, at, report))
}

fn condition(node: &Node, place: Place, at: &At<'_>, report: &mut Report<'_>) -> Option<Condition> {
    let fields = Fields::open(node, "a condition", &KNOWN, at, report)?;
    match JOINS.into_iter().find(|key| fields.meant(key).is_some()) {
        Some(join) => joined(join, &fields, place, at, report),
        None => leaf(&fields, place.standing, at, report).map(Arc::new).map(Condition::Leaf),
    }
}

fn joined(
    join: &'static str,
    fields: &Fields<'_>,
    place: Place,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Condition> {
    if let Some(beside) = KNOWN.into_iter().find(|key| *key != join && fields.get(key).is_some()) {
        report
            .error(
                "exclusive-keys",
                fields.key_range(beside),
                &at.key(beside),
                format!("`{join}` stands alone in its condition, without `{beside}`"),
            )
            .help("make it a condition of its own, and join both with `all` or `any`");
    }
    let deep = place.deep + 1;
    if deep > MOST_DEEP {
        let message = format!("conditions are nested more than {MOST_DEEP} deep");
        report.error("too-deep", fields.key_range(join), &at.key(join), message).help(
            "write the same with fewer levels: `all` inside `all` and `not` inside `not` say nothing more",
        );
        return None;
    }
    let place = Place { deep, ..place };
    let Member { key, value: node, .. } = fields.meant(join)?;
    let at = at.key(key);
    if join == "not" {
        let place = Place { standing: place.standing.under_not(), deep };
        return negated(node, place, &at, report);
    }
    let conditions = inner(node, place, &at, report)?;
    if conditions.is_empty() {
        let (holds, instead) = if join == "any" { ("never", "one of") } else { ("always", "all of") };
        let message = format!("an empty `{join}` {holds} holds");
        report
            .error("empty-list", node.mark(), &at, message)
            .help(format!("list the conditions {instead} which must hold"));
        return None;
    }
    Some(if join == "any" { Condition::Any(conditions) } else { Condition::All(conditions) })
}

fn negated(node: &Node, place: Place, at: &At<'_>, report: &mut Report<'_>) -> Option<Condition> {
    if matches!(node.value, Value::List(_)) {
        report
            .error("wrong-type", node.mark(), at, "`not` takes one condition, not a list")
            .help("write `not: { any: [...] }` or `not: { all: [...] }`");
        return None;
    }
    condition(node, place, at, report).map(|inner| Condition::Not(Box::new(inner)))
}

fn leaf(fields: &Fields<'_>, standing: Standing, at: &At<'_>, report: &mut Report<'_>) -> Option<Leaf> {
    let path = fields.need("path", at, report, path);
    let ignore_case = fields
        .read("compare", at, report, |node, at, report| scalar::one_of(node, &[("ci", true)], at, report))
        .unwrap_or_default();
    let test = operator::read(fields, ignore_case, at, report);
    let on_missing = fields.read("on_missing", at, report, |node, at, report| {
        scalar::one_of(node, &[("object", OnMissing::Object), ("ignore", OnMissing::Ignore)], at, report)
    });
    let timezone = fields.read("timezone", at, report, scalar::timezone);
    let leaf = Leaf { path: path?, test: test?, on_missing, ignore_case, timezone };
    advice::advise(&leaf, standing, fields, at, report)?;
    Some(leaf)
}

/// A path, as conditions and amounts name it.
pub(crate) fn path(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Path> {
    let text = scalar::text(node, at, report)?;
    match Path::parse(&text) {
        Ok(path) => return Some(path),
        Err(PathError::Malformed(why)) => {
            report.error("bad-path", node.mark(), at, format!("{} is not a path", quoted(&text))).help(why);
        }
        Err(PathError::UnknownRoot(root)) => {
            report
                .error("bad-path", node.mark(), at, format!("nothing is called {} here", quoted(&root)))
                .help(path::advise_root(&root, &text));
        }
    }
    None
}
