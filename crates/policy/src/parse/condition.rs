//! Conditions: a path, an operator and its operand.

use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::{Condition, OnMissing, Scalar, Test};
use crate::path::{Path, PathError, ROOTS};
use crate::regular::Regular;
use crate::tree::{Node, Value};

/// What a condition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    /// It must hold.
    Allow,
    /// Where it holds, it objects.
    Deny,
}

const KNOWN: [&str; 9] = ["path", "op", "value", "on_missing", "compare", "timezone", "any", "all", "not"];
const UNSUPPORTED: [&str; 4] = ["timezone", "any", "all", "not"];
const OPERATORS: [&str; 11] =
    ["eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "exists"];
const LATER_OPERATORS: [&str; 16] = [
    "matches",
    "starts_with",
    "ends_with",
    "matches_glob",
    "length_lte",
    "length_gte",
    "one_of_types",
    "within_path",
    "url_host_in",
    "url_scheme_in",
    "ip_in",
    "sql_readonly",
    "argv_in",
    "email_domain_in",
    "before",
    "after",
];
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

pub(crate) fn list(
    node: &Node,
    polarity: Polarity,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<Condition>> {
    let stand_in = || Condition {
        path: Path::Args(Vec::new()),
        test: Test::Exists(true),
        on_missing: None,
        ignore_case: false,
    };
    scalar::list_in_place(node, at, report, stand_in, |item, at, report| read(item, polarity, at, report))
}

pub(crate) fn read(
    node: &Node,
    polarity: Polarity,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Condition> {
    let fields = Fields::open(node, "a condition", &KNOWN, &UNSUPPORTED, at, report)?;
    if ["any", "all", "not"].iter().any(|key| fields.get(key).is_some()) {
        return None;
    }
    let path = fields.need("path", at, report, path);
    let ignore_case = fields
        .read("compare", at, report, |node, at, report| scalar::one_of(node, &[("ci", true)], at, report))
        .unwrap_or_default();
    let operator = fields.need("op", at, report, operator);
    let test = operator.and_then(|operator| operand(&fields, operator, ignore_case, at, report));
    let on_missing = fields.read("on_missing", at, report, |node, at, report| {
        scalar::one_of(node, &[("object", OnMissing::Object), ("ignore", OnMissing::Ignore)], at, report)
    });
    let condition = Condition { path: path?, test: test?, on_missing, ignore_case };
    advise(&condition, polarity, &fields, at, report)?;
    Some(condition)
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
            let help = did_you_mean(&root, ROOTS).unwrap_or_else(|| format!("did you mean `args.{text}`?"));
            report
                .error("bad-path", node.mark(), at, format!("nothing is called {} here", quoted(&root)))
                .help(help);
        }
        Err(PathError::Unsupported) => {
            let message = format!("the path {} is not supported by this version", quoted(&text));
            report.error("unsupported", node.mark(), at, message);
        }
    }
    None
}

fn operator(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<&'static str> {
    let text = scalar::text(node, at, report)?;
    if let Some(known) = OPERATORS.iter().find(|known| **known == text) {
        return Some(known);
    }
    if LATER_OPERATORS.contains(&text.as_str()) {
        let message = format!("the operator `{text}` is not supported by this version");
        report.error("unsupported", node.mark(), at, message);
        return None;
    }
    let spelling = SPELLINGS.iter().find(|(spelling, _)| *spelling == text);
    let help = match spelling {
        Some((_, operator)) => Some(format!("write `{operator}`")),
        None => did_you_mean(&text, OPERATORS.into_iter().chain(LATER_OPERATORS)),
    };
    report
        .error("unknown-operator", node.mark(), at, format!("unknown operator {}", quoted(&text)))
        .maybe_help(help);
    None
}

fn operand(
    fields: &Fields<'_>,
    operator: &'static str,
    ignore_case: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Test> {
    if operator == "exists" && fields.get("value").is_none() {
        return Some(Test::Exists(true));
    }
    if let Some(Node { value: Value::Map(members), .. }) = fields.get("value")
        && members.iter().any(|member| member.key == "list")
    {
        let message = "named lists are not supported by this version";
        report.error("unsupported", fields.key_range("value"), &at.key("value"), message);
        return None;
    }
    fields.need("value", at, report, |node, at, report| {
        Some(match operator {
            "eq" => Test::Eq(scalar_value(node, at, report)?),
            "neq" => Test::Neq(scalar_value(node, at, report)?),
            "in" => Test::In(values(node, at, report)?),
            "not_in" => Test::NotIn(values(node, at, report)?),
            "lt" => Test::Lt(scalar::decimal(node, at, report)?),
            "lte" => Test::Lte(scalar::decimal(node, at, report)?),
            "gt" => Test::Gt(scalar::decimal(node, at, report)?),
            "gte" => Test::Gte(scalar::decimal(node, at, report)?),
            "regex" => Test::Regex(regular(node, ignore_case, at, report)?),
            "contains" => Test::Contains(scalar_value(node, at, report)?),
            _ => Test::Exists(scalar::boolean(node, at, report)?),
        })
    })
}

fn scalar_value(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Scalar> {
    match &node.value {
        Value::Text(text) => Some(Scalar::Text(text.clone())),
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
                matches!(node.value, Value::List(_)).then(|| "for several values use `op: in`".to_owned());
            report.error("wrong-type", node.mark(), at, message).maybe_help(help);
            None
        }
    }
}

fn values(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Vec<Scalar>> {
    let values = scalar::list(node, at, report, scalar_value)?;
    if matches!(&node.value, Value::List(items) if items.len() != values.len()) {
        return None;
    }
    if values.is_empty() {
        report.error("empty-list", node.mark(), at, "an empty list compares with nothing");
        return None;
    }
    Some(values)
}

fn regular(node: &Node, ignore_case: bool, at: &At<'_>, report: &mut Report<'_>) -> Option<Regular> {
    let text = scalar::text(node, at, report)?;
    match Regular::new(&text, ignore_case, &mut report.regexes) {
        Ok(regular) => Some(regular),
        Err(why) => {
            report.error("bad-regex", node.mark(), at, format!("the regular expression {why}"));
            None
        }
    }
}

/// What the parts of a condition mean together. `None` where they can never be judged.
fn advise(
    condition: &Condition,
    polarity: Polarity,
    fields: &Fields<'_>,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<()> {
    if condition.on_missing.is_some() && polarity == Polarity::Allow {
        report
            .warning(
                "no-effect",
                fields.key_range("on_missing"),
                at,
                "`on_missing` has no effect on a condition that must hold: a missing value never holds",
            )
            .help("leave it out");
    }
    if let (Test::Regex(regular), Polarity::Allow) = (&condition.test, polarity)
        && !regular.anchored()
    {
        let message = "this regular expression may match any part of the value, and lets the rest through";
        report
            .warning("unanchored-regex", fields.key_range("value"), at, message)
            .help("begin it with `^` and end it with `$`");
    }
    let expects = match &condition.path {
        Path::State { .. } => ("a number", numeric as fn(&Test) -> bool),
        Path::CallTool | Path::CallServer | Path::GrantName => ("text", textual as fn(&Test) -> bool),
        Path::Args(_) => return case(condition, fields, at, report),
    };
    if !expects.1(&condition.test) {
        let message = format!(
            "`{}` is {}, which `{}` never compares with this value",
            condition.path,
            expects.0,
            condition.test.operator()
        );
        report.error("never-judgeable", fields.key_range("op"), at, message);
        return None;
    }
    case(condition, fields, at, report)
}

/// `compare: ci` is about text.
fn case(condition: &Condition, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> Option<()> {
    if condition.ignore_case && !textual(&condition.test) {
        report.error("no-effect", fields.key_range("compare"), at, "`compare: ci` compares text only");
        return None;
    }
    Some(())
}

fn numeric(test: &Test) -> bool {
    let number = |value: &Scalar| matches!(value, Scalar::Number(_));
    match test {
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => true,
        Test::Eq(value) | Test::Neq(value) => number(value),
        Test::In(values) | Test::NotIn(values) => values.iter().all(number),
        Test::Regex(_) | Test::Contains(_) | Test::Exists(_) => false,
    }
}

fn textual(test: &Test) -> bool {
    let text = |value: &Scalar| matches!(value, Scalar::Text(_));
    match test {
        Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => text(value),
        Test::In(values) | Test::NotIn(values) => values.iter().all(text),
        Test::Regex(_) => true,
        Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) | Test::Exists(_) => false,
    }
}
