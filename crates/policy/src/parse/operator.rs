//! Operators and their operands.

use super::fields::Fields;
use super::lists::listed_scalars;
use super::{operand, scalar};
use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::{Scalar, Test};
use crate::reading;
use crate::regular::Regular;
use crate::tree::{Node, Value};

const OPERATORS: [&str; 11] =
    ["eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "exists"];
const SPELLINGS: [(&str, &str); 16] = [
    ("equals", "eq"),
    ("equal", "eq"),
    ("not_equals", "neq"),
    ("not_eq", "neq"),
    ("less_than", "lt"),
    ("greater_than", "gt"),
    ("=", "eq"),
    ("==", "eq"),
    ("!=", "neq"),
    ("ne", "neq"),
    ("<", "lt"),
    ("<=", "lte"),
    ("le", "lte"),
    (">", "gt"),
    (">=", "gte"),
    ("ge", "gte"),
];

/// The operator with its operand.
pub(crate) fn read(
    fields: &Fields<'_>,
    ignore_case: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Test> {
    let operator = fields.need("op", at, report, operator)?;
    value(fields, operator, ignore_case, at, report)
}

fn operator(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<&'static str> {
    let text = scalar::text(node, at, report)?;
    if let Some(known) = OPERATORS.iter().chain(&reading::NAMES).find(|known| **known == text) {
        return Some(known);
    }
    let spelling = SPELLINGS.iter().find(|(spelling, _)| *spelling == text);
    let help = match spelling {
        Some((_, operator)) => Some(format!("write `{operator}`")),
        None => {
            let known = || OPERATORS.into_iter().chain(reading::NAMES);
            did_you_mean(&text, known()).or_else(|| Some(scalar::known_are(known())))
        }
    };
    report
        .error("unknown-operator", node.mark(), at, format!("unknown operator {}", quoted(&text)))
        .maybe_help(help);
    None
}

fn value(
    fields: &Fields<'_>,
    operator: &'static str,
    ignore_case: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Test> {
    if operator == "exists" && fields.get("value").is_none() {
        return Some(Test::Exists(true));
    }
    fields.need("value", at, report, |node, at, report| {
        Some(match operator {
            "eq" => Test::Eq(scalar_value(node, at, report)?),
            "neq" => Test::Neq(scalar_value(node, at, report)?),
            "in" => Test::In(listed_scalars(node, at, report)?),
            "not_in" => Test::NotIn(listed_scalars(node, at, report)?),
            "lt" => Test::Lt(scalar::decimal(node, at, report)?),
            "lte" => Test::Lte(scalar::decimal(node, at, report)?),
            "gt" => Test::Gt(scalar::decimal(node, at, report)?),
            "gte" => Test::Gte(scalar::decimal(node, at, report)?),
            "regex" => Test::Regex(regular(node, ignore_case, at, report)?),
            "contains" => Test::Contains(scalar_value(node, at, report)?),
            "exists" => Test::Exists(scalar::boolean(node, at, report)?),
            _ => Test::Reading(operand::read(operator, node, ignore_case, at, report)?),
        })
    })
}

/// One value to compare with.
pub(crate) fn scalar_value(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Scalar> {
    match &node.value {
        Value::Text(text) => Some(Scalar::Text(text.as_str().to_owned())),
        Value::Bool(value) => Some(Scalar::Bool(*value)),
        Value::Number(_) => scalar::decimal(node, at, report).map(Scalar::Number),
        Value::Null => {
            report
                .error(
                    "wrong-type",
                    node.mark(),
                    at,
                    "nothing is equal to null: a null argument counts as missing",
                )
                .help("use `op: exists` with `value: false`");
            None
        }
        Value::List(_) | Value::Map(_) => {
            let message = format!("expected text, a number, true or false, found {}", node.kind());
            let help =
                if names_several(node) { "for several values use `op: in`" } else { "write one such value" };
            report.error("wrong-type", node.mark(), at, message).help(help);
            None
        }
    }
}

/// A list, or a reference to one.
fn names_several(node: &Node) -> bool {
    match &node.value {
        Value::List(_) => true,
        Value::Map(members) => members.iter().any(|member| member.key == "list"),
        _ => false,
    }
}

fn regular(node: &Node, ignore_case: bool, at: &At<'_>, report: &mut Report<'_>) -> Option<Regular> {
    let text = scalar::text(node, at, report)?;
    match Regular::new(&text, ignore_case, &mut report.regexes) {
        Ok(regular) => Some(regular),
        Err(why) => {
            scalar::bad_regex(&why, node, at, report);
            None
        }
    }
}

/// Whether the operator can judge numbers.
pub(crate) fn numeric(test: &Test) -> bool {
    let number = |value: &Scalar| matches!(value, Scalar::Number(_));
    match test {
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => true,
        Test::Eq(value) | Test::Neq(value) => number(value),
        Test::In(values) | Test::NotIn(values) => values.iter().all(number),
        Test::Regex(_) | Test::Contains(_) | Test::Exists(_) | Test::Reading(_) => false,
    }
}

/// Whether the operator can judge text.
pub(crate) fn textual(test: &Test) -> bool {
    let text = |value: &Scalar| matches!(value, Scalar::Text(_));
    match test {
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => text(value),
        Test::In(values) | Test::NotIn(values) => values.iter().all(text),
        Test::Regex(_) | Test::Reading(_) => true,
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) | Test::Exists(_) => false,
    }
}

/// Whether `compare: ci` means something to the operator.
pub(crate) fn folds(test: &Test) -> bool {
    match test {
        Test::Reading(reading) => reading.folds(),
        _ => textual(test),
    }
}

/// Every operator, for the test that compares them with the schema's.
#[cfg(test)]
pub(crate) fn all() -> Vec<&'static str> {
    OPERATORS.into_iter().chain(reading::NAMES).collect()
}
