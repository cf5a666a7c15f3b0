//! Operands of the operators that parse what they judge.

use std::sync::Arc;

use super::fields::Fields;
use super::lists::listed;
use super::scalar;
use crate::diagnostic::{At, Report};
use crate::document::Listed;
use crate::reading::{
    Affixes, Commands, Dialect, EmailDomains, Flaw, Hosts, Length, Moment, Operand, Ranges, Reading, Roots,
    Schemes, Shapes, Types, Whole,
};
use crate::tree::{Node, Value};

/// An operand, and the named list that it comes from.
type From<T> = (T, Option<Arc<str>>);

/// Reads the operand of an operator by its name; `None` where it is wrong, and that is among the findings.
pub(crate) fn read(
    name: &str,
    node: &Node,
    ignore_case: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<Reading> {
    if name == "url_host_in" {
        return hosts(node, at, report);
    }
    let (operand, list) = match name {
        "matches" => (Operand::Matches(whole(node, ignore_case, at, report)?), None),
        "length_lte" => (Operand::LengthLte(length(node, at, report)?), None),
        "length_gte" => (Operand::LengthGte(length(node, at, report)?), None),
        "sql_readonly" => (Operand::SqlReadonly(dialect(node, at, report)?), None),
        "before" => (Operand::Before(moment(node, at, report)?), None),
        "after" => (Operand::After(moment(node, at, report)?), None),
        _ => several(node, at, report, |texts| of_texts(name, texts, ignore_case))?,
    };
    Some(Reading { operand, list, schemes_list: None })
}

/// The operators that take one text or several.
fn of_texts(name: &str, texts: &[String], ignore_case: bool) -> Result<Operand, (usize, Flaw)> {
    match name {
        "starts_with" => Affixes::new(texts, ignore_case).map(Operand::StartsWith),
        "ends_with" => Affixes::new(texts, ignore_case).map(Operand::EndsWith),
        "matches_glob" => Shapes::new(texts, ignore_case).map(Operand::MatchesGlob),
        "one_of_types" => Types::new(texts).map(Operand::OneOfTypes),
        "within_path" => Roots::new(texts, ignore_case).map(Operand::WithinPath),
        "url_scheme_in" => Schemes::new(texts).map(Operand::UrlSchemeIn),
        "ip_in" => Ranges::new(texts).map(Operand::IpIn),
        "argv_in" => Commands::new(texts).map(Operand::ArgvIn),
        "email_domain_in" => EmailDomains::new(texts).map(Operand::EmailDomainIn),
        _ => Err((0, Flaw::unknown_operator())),
    }
}

fn length(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Length> {
    let number = scalar::amount(node, at, report)?;
    if !number.is_integer() {
        report
            .error("not-whole", node.mark(), at, "a length is a whole number")
            .help("leave the fraction out");
        return None;
    }
    Some(Length::new(number))
}

fn whole(node: &Node, ignore_case: bool, at: &At<'_>, report: &mut Report<'_>) -> Option<Whole> {
    let text = scalar::text(node, at, report)?;
    match Whole::new(&text, ignore_case, &mut report.regexes) {
        Ok(whole) => Some(whole),
        Err(why) => {
            scalar::bad_regex(&why, node, at, report);
            None
        }
    }
}

fn moment(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Moment> {
    let text = scalar::text(node, at, report)?;
    Moment::new(&text).map_or_else(|flaw| tell(flaw, node, at, report), Some)
}

/// One text, a list of them, or a list by its name.
fn several<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    new: impl FnOnce(&[String]) -> Result<T, (usize, Flaw)>,
) -> Option<From<T>> {
    let Listed { name, items } = match &node.value {
        Value::List(_) | Value::Map(_) => listed(node, at, report, scalar::text)?,
        _ => Listed { name: None, items: [scalar::text(node, at, report)?].into() },
    };
    match (new(&items), &node.value) {
        (Ok(operand), _) => Some((operand, name)),
        (Err((index, flaw)), Value::List(written)) => {
            tell(flaw, written.get(index).unwrap_or(node), &at.index(index), report)
        }
        (Err((_, flaw)), _) => tell(flaw, node, at, report),
    }
}

fn tell<T>(flaw: Flaw, node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<T> {
    report.error("bad-operand", node.mark(), at, flaw.message).maybe_help(flaw.help);
    None
}

/// `[example.com]`, or `{ hosts: [example.com], schemes: [https, ssh] }`.
fn hosts(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Reading> {
    let by_name = |members: &[crate::tree::Member]| members.iter().any(|member| member.key == "list");
    if !matches!(&node.value, Value::Map(members) if !by_name(members)) {
        let (hosts, list) = several(node, at, report, |texts| Hosts::new(texts, None))?;
        return Some(Reading { operand: Operand::UrlHostIn(hosts), list, schemes_list: None });
    }
    let fields = Fields::open(node, "`url_host_in`", &["hosts", "schemes"], at, report)?;
    let schemes =
        fields.read("schemes", at, report, |node, at, report| several(node, at, report, Schemes::new));
    let lost = schemes.is_none() && fields.get("schemes").is_some();
    let (schemes, schemes_list) = schemes.unzip();
    let (hosts, list) = fields.need("hosts", at, report, |node, at, report| {
        several(node, at, report, |texts| Hosts::new(texts, schemes))
    })?;
    if lost {
        return None;
    }
    Some(Reading { operand: Operand::UrlHostIn(hosts), list, schemes_list: schemes_list.flatten() })
}

/// `{ dialect: postgres }`
fn dialect(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Dialect> {
    if let Value::Text(text) = &node.value {
        report
            .error("wrong-type", node.mark(), at, "`sql_readonly` takes a map that says the dialect")
            .help(format!("write `{{ dialect: {text} }}`"));
        return None;
    }
    let fields = Fields::open(node, "`sql_readonly`", &["dialect"], at, report)?;
    fields.need("dialect", at, report, |node, at, report| scalar::one_of(node, &Dialect::NAMES, at, report))
}
