//! Conditions to nodes.

use super::{Map, list, number, text};
use crate::document::{Condition, Leaf, Listed, OnMissing, Scalar, Test};
use crate::tree::{Node, Value};
use crate::zone::Zone;

pub(super) fn condition(of: &Condition) -> Node {
    let mut map = Map::default();
    match of {
        Condition::Leaf(of) => leaf(of, &mut map),
        Condition::Any(inner) => map.put("any", list(inner, condition)),
        Condition::All(inner) => map.put("all", list(inner, condition)),
        Condition::Not(inner) => map.put("not", condition(inner)),
    }
    map.node()
}

fn leaf(leaf: &Leaf, map: &mut Map) {
    map.put("path", text(&leaf.path.to_string()));
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

fn operand(test: &Test) -> Node {
    match test {
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => scalar(value),
        Test::In(values) | Test::NotIn(values) => listed(values, scalar),
        Test::Lt(value) | Test::Lte(value) | Test::Gt(value) | Test::Gte(value) => number(*value),
        Test::Regex(regular) => text(regular.as_str()),
        Test::Exists(value) => Node::new(Value::Bool(*value)),
        Test::Reading(reading) => reading.written(),
    }
}

/// The values as they were written: by themselves, or by the name of their list.
fn listed<T>(values: &Listed<T>, node: impl Fn(&T) -> Node) -> Node {
    match &values.name {
        None => list(values, node),
        Some(name) => {
            let mut map = Map::default();
            map.put("list", text(name));
            map.node()
        }
    }
}

pub(super) fn scalar(value: &Scalar) -> Node {
    match value {
        Scalar::Text(value) => text(value),
        Scalar::Number(value) => number(*value),
        Scalar::Bool(value) => Node::new(Value::Bool(*value)),
    }
}
