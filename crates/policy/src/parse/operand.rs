//! Operands as documents write them.

use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report};
use crate::reading::{
    Affix, Commands, Dialect, EmailDomains, Flaw, Hosts, Length, Moment, Operand, Ranges, Reading, Roots,
    Schemes, Shape, Types, Whole,
};
use crate::tree::{Node, Value};

/// Reads the operand of an operator by its name; `None` where it is wrong, and that is among the findings.
pub(crate) fn read(
    name: &str,
    node: &Node,
    ignore_case: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Reading> {
    let operand = match name {
        "matches" => Operand::Matches(whole(node, ignore_case, at, report)?),
        "starts_with" => Operand::StartsWith(one(node, at, report, |text| Affix::new(text, ignore_case))?),
        "ends_with" => Operand::EndsWith(one(node, at, report, |text| Affix::new(text, ignore_case))?),
        "matches_glob" => Operand::MatchesGlob(one(node, at, report, |text| Shape::new(text, ignore_case))?),
        "length_lte" => Operand::LengthLte(length(node, at, report)?),
        "length_gte" => Operand::LengthGte(length(node, at, report)?),
        "one_of_types" => Operand::OneOfTypes(several(node, at, report, Types::new)?),
        "within_path" => {
            Operand::WithinPath(several(node, at, report, |texts| Roots::new(texts, ignore_case))?)
        }
        "url_host_in" => Operand::UrlHostIn(hosts(node, at, report)?),
        "url_scheme_in" => Operand::UrlSchemeIn(several(node, at, report, Schemes::new)?),
        "ip_in" => Operand::IpIn(several(node, at, report, Ranges::new)?),
        "sql_readonly" => Operand::SqlReadonly(dialect(node, at, report)?),
        "argv_in" => Operand::ArgvIn(several(node, at, report, Commands::new)?),
        "email_domain_in" => Operand::EmailDomainIn(several(node, at, report, EmailDomains::new)?),
        "before" => Operand::Before(one(node, at, report, Moment::new)?),
        "after" => Operand::After(one(node, at, report, Moment::new)?),
        _ => return None,
    };
    Some(Reading(operand))
}

fn length(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Length> {
    let number = scalar::amount(node, at, report)?;
    if !number.is_integer() {
        report.error("not-whole", node.mark(), at, "a length is a whole number");
        return None;
    }
    Some(Length::new(number))
}

fn whole(node: &Node, ignore_case: bool, at: &At<'_>, report: &mut Report<'_>) -> Option<Whole> {
    let text = scalar::text(node, at, report)?;
    match Whole::new(&text, ignore_case, &mut report.regexes) {
        Ok(whole) => Some(whole),
        Err(why) => {
            report.error("bad-regex", node.mark(), at, format!("the regular expression {why}"));
            None
        }
    }
}

fn one<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    new: impl FnOnce(&str) -> Result<T, Flaw>,
) -> Option<T> {
    let text = scalar::text(node, at, report)?;
    match new(&text) {
        Ok(operand) => Some(operand),
        Err(flaw) => tell(flaw, node, at, report),
    }
}

/// One text or a list of them.
fn several<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    new: impl FnOnce(&[String]) -> Result<T, (usize, Flaw)>,
) -> Option<T> {
    let Value::List(items) = &node.value else {
        return one(node, at, report, |text| new(&[text.to_owned()]).map_err(|(_, flaw)| flaw));
    };
    if items.is_empty() {
        report.error("empty-list", node.mark(), at, "an empty list lets nothing through");
        return None;
    }
    let texts = scalar::list(node, at, report, scalar::text)?;
    if texts.len() != items.len() {
        return None;
    }
    match new(&texts) {
        Ok(operand) => Some(operand),
        Err((index, flaw)) => tell(flaw, items.get(index).unwrap_or(node), &at.index(index), report),
    }
}

fn tell<T>(flaw: Flaw, node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<T> {
    report.error("bad-operand", node.mark(), at, flaw.message).maybe_help(flaw.help);
    None
}

/// `[example.com]`, or `{ hosts: [example.com], schemes: [https, ssh] }`.
fn hosts(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Hosts> {
    if !matches!(node.value, Value::Map(_)) {
        return several(node, at, report, |texts| Hosts::new(texts, None));
    }
    let fields = Fields::open(node, "`url_host_in`", &["hosts", "schemes"], &[], at, report)?;
    let schemes = match fields.get("schemes") {
        Some(_) => Some(
            fields.read("schemes", at, report, |node, at, report| several(node, at, report, Schemes::new))?,
        ),
        None => None,
    };
    fields.need("hosts", at, report, |node, at, report| {
        several(node, at, report, |texts| Hosts::new(texts, schemes))
    })
}

/// `{ dialect: postgres }`
fn dialect(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Dialect> {
    let name =
        |node: &Node, at: &At<'_>, report: &mut Report<'_>| scalar::one_of(node, &Dialect::NAMES, at, report);
    if let Value::Text(text) = &node.value {
        report
            .error("wrong-type", node.mark(), at, "`sql_readonly` takes a map that says the dialect")
            .help(format!("write `{{ dialect: {text} }}`"));
        return None;
    }
    let fields = Fields::open(node, "`sql_readonly`", &["dialect"], &[], at, report)?;
    fields.need("dialect", at, report, name)
}
