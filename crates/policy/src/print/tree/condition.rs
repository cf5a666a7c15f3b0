//! Conditions to nodes.

use super::{Map, Out, list, made, number, text};
use crate::document::{Condition, Leaf, Listed, OnMissing, Scalar, Test};
use crate::zone::Zone;

pub(super) fn condition(of: &Condition) -> Out<'_> {
    let mut map = Map::default();
    match of {
        Condition::Leaf(of) => leaf(of, &mut map),
        Condition::Any(inner) => map.put("any", list(inner, condition)),
        Condition::All(inner) => map.put("all", list(inner, condition)),
        Condition::Not(inner) => map.put("not", condition(inner)),
    }
    map.out()
}

fn leaf<'d>(leaf: &'d Leaf, map: &mut Map<'d>) {
    map.put("path", made(&leaf.path));
    map.put("op", text(leaf.test.operator()));
    map.put("value", operand(&leaf.test));
    map.text(
        "on_missing",
        leaf.on_missing.map(|on_missing| match on_missing {
            OnMissing::Object => "object",
            OnMissing::Ignore => "ignore",
        }),
    );
    if leaf.ignore_case {
        map.put("compare", text("ci"));
    }
    map.text("timezone", leaf.timezone.map(Zone::name));
}

fn operand(test: &Test) -> Out<'_> {
    match test {
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => scalar(value),
        Test::In(values) | Test::NotIn(values) => listed(values, scalar),
        Test::Lt(value) | Test::Lte(value) | Test::Gt(value) | Test::Gte(value) => number(*value),
        Test::Regex(regular) => text(regular.as_str()),
        Test::Exists(value) => Out::Bool(*value),
        Test::Reading(reading) => Out::Node(reading.written()),
    }
}

/// The values as they were written: by themselves, or by the name of their list.
fn listed<'d, T>(values: &'d Listed<T>, out: impl Fn(&'d T) -> Out<'d>) -> Out<'d> {
    match &values.name {
        None => list(values, out),
        Some(name) => {
            let mut map = Map::default();
            map.put("list", text(name));
            map.out()
        }
    }
}

pub(super) fn scalar(value: &Scalar) -> Out<'_> {
    match value {
        Scalar::Text(value) => text(value),
        Scalar::Number(value) => number(*value),
        Scalar::Bool(value) => Out::Bool(*value),
    }
}
