//! Tests by one operator whose operands lie inside or beside each other, such as directories and domains: a text for
//! each operand that lies in no smaller one, one beside them all, and one that cannot be read stand for all texts.

use std::net::Ipv4Addr;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::condition::{CompiledLeaf, Truth};
use crate::document::Test;
use crate::reading::Operand;

/// A name that no policy gives to anything.
const NAMELESS: &str = "x7q";

/// Texts that meet every way in which the tests can turn out; `None` where they are of several kinds, or of one whose
/// operands overlap otherwise.
pub(super) fn samples(leaves: &[&CompiledLeaf]) -> Option<Vec<String>> {
    let first = leaves.first()?;
    let operands: Vec<&Operand> = leaves.iter().map(|leaf| operand(leaf)).collect::<Option<_>>()?;
    let alike = leaves.iter().all(|leaf| {
        leaf.written.ignore_case == first.written.ignore_case
            && leaf.written.test.operator() == first.written.test.operator()
    });
    if let Some(moments) = moments(&operands) {
        return Some(moments);
    }
    let schemes = |operand: &&&Operand| match operand {
        Operand::UrlHostIn(hosts) => {
            hosts.schemes().map(|of| of.texts().map(str::to_owned).collect::<Vec<_>>())
        }
        _ => None,
    };
    let same_schemes =
        operands.windows(2).all(|two| two.first().as_ref().map(schemes) == two.get(1).as_ref().map(schemes));
    if !alike || !same_schemes {
        return None;
    }
    let mut all: Vec<String> = Vec::new();
    for (leaf, operand) in leaves.iter().zip(&operands) {
        let inside = inside(operand)?;
        // Every operand must be met by the text that is made up for it.
        if inside.iter().any(|text| leaf.of_text(text) != Truth::True) {
            return None;
        }
        all.extend(inside);
        all.extend(beside(operand));
    }
    all.push("a\u{0}b".to_owned());
    Some(all)
}

fn operand(leaf: &CompiledLeaf) -> Option<&Operand> {
    match &leaf.written.test {
        Test::Reading(reading) => Some(&reading.operand),
        _ => None,
    }
}

/// For each text of the operand one that is in it, and in nothing that lies inside it.
fn inside(operand: &Operand) -> Option<Vec<String>> {
    Some(match operand {
        Operand::WithinPath(roots) => roots.texts().map(|root| below(root.trim_end_matches('/'))).collect(),
        Operand::ArgvIn(commands) => commands.texts().map(|text| format!("{text} {NAMELESS}")).collect(),
        Operand::EmailDomainIn(domains) => {
            domains.texts().map(|domain| format!("{NAMELESS}@{}", named(domain))).collect()
        }
        Operand::UrlSchemeIn(schemes) => {
            schemes.texts().map(|scheme| format!("{scheme}://{NAMELESS}.example/")).collect()
        }
        Operand::UrlHostIn(hosts) => {
            // Ports and addresses lie across names.
            if hosts.texts().any(|host| host.contains([':', '/']) || host.parse::<Ipv4Addr>().is_ok()) {
                return None;
            }
            let scheme = hosts.schemes().and_then(|of| of.texts().next()).unwrap_or("https");
            hosts.texts().map(|host| format!("{scheme}://{}/", named(host))).collect()
        }
        Operand::IpIn(ranges) => {
            let ranges: Vec<(u32, u32)> = ranges.texts().map(range).collect::<Option<_>>()?;
            ranges.iter().flat_map(|(from, to)| [*from, *to]).map(address).collect()
        }
        _ => return None,
    })
}

/// Texts that can be read and are in none, or just beside it.
fn beside(operand: &Operand) -> Vec<String> {
    match operand {
        Operand::WithinPath(_) => vec![format!("/{NAMELESS}"), NAMELESS.to_owned()],
        Operand::ArgvIn(_) => vec![NAMELESS.to_owned()],
        Operand::EmailDomainIn(_) => vec![format!("{NAMELESS}@{NAMELESS}.example")],
        Operand::UrlSchemeIn(_) => vec![format!("{NAMELESS}://{NAMELESS}.example/")],
        Operand::UrlHostIn(hosts) => {
            let scheme = hosts.schemes().and_then(|of| of.texts().next()).unwrap_or("https");
            vec![format!("{scheme}://{NAMELESS}.example/")]
        }
        Operand::IpIn(ranges) => {
            let ranges = ranges.texts().filter_map(range);
            let ends = ranges.flat_map(|(from, to)| [from.checked_sub(1), to.checked_add(1)]);
            ends.flatten().map(address).chain(["2001:db8::1".to_owned()]).collect()
        }
        _ => Vec::new(),
    }
}

fn below(root: &str) -> String {
    format!("{root}/{NAMELESS}")
}

fn named(domain: &str) -> String {
    match domain.strip_prefix("*.") {
        Some(domain) => format!("{NAMELESS}.{domain}"),
        None => domain.to_owned(),
    }
}

/// The first and the last address of a range.
fn range(text: &str) -> Option<(u32, u32)> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
    let from = address.parse::<Ipv4Addr>().ok()?.to_bits();
    let rest = u32::MAX.checked_shr(prefix.parse().ok()?).unwrap_or(0);
    Some((from, from | rest))
}

fn address(bits: u32) -> String {
    Ipv4Addr::from_bits(bits).to_string()
}

/// Each date and moment with what comes just before and after it. The two are never compared with each other.
fn moments(operands: &[&Operand]) -> Option<Vec<String>> {
    let mut all = vec!["2026-01-31".to_owned(), "2026-01-31T12:00:00Z".to_owned(), String::new()];
    for operand in operands {
        let (Operand::Before(moment) | Operand::After(moment)) = operand else { return None };
        let text = moment.as_str();
        if let Ok(at) = text.parse::<Timestamp>() {
            let near = |by: SignedDuration| at.checked_add(by).ok().map(|at| at.to_string());
            all.push(at.to_string());
            all.push(near(SignedDuration::from_nanos(-1))?);
            all.push(near(SignedDuration::from_nanos(1))?);
        } else {
            let date: Date = text.parse().ok()?;
            let near = |by: i32| date.checked_add(by.days()).ok().map(|date| date.to_string());
            all.extend([near(-1)?, date.to_string(), near(1)?]);
        }
    }
    Some(all)
}
