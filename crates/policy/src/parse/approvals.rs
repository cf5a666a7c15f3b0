//! The `approvals` block.

use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report};
use crate::document::{Approvals, Approve, Webhook};
use crate::tree::{Node, Value};

pub(crate) fn read(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Approvals> {
    const KNOWN: &[&str] = &["timeout", "dedupe_window", "approvers", "needed", "hold", "approve", "notify"];
    let fields = Fields::open(node, "`approvals`", KNOWN, at, report)?;
    let approvals = Approvals {
        timeout: fields.read("timeout", at, report, scalar::duration),
        dedupe_window: fields.read("dedupe_window", at, report, scalar::duration),
        approvers: fields
            .read("approvers", at, report, |node, at, report| scalar::list(node, at, report, scalar::name))
            .unwrap_or_default(),
        needed: fields.read("needed", at, report, people),
        hold: fields.read("hold", at, report, hold),
        approve: fields.read("approve", at, report, |node, at, report| {
            scalar::one_of(node, &[("people", Approve::People), ("client", Approve::Client)], at, report)
        }),
        webhook: fields.read("notify", at, report, notify).flatten(),
    };
    at_client(&approvals, &fields, at, report);
    Some(approvals)
}

/// Nobody knows who sits at a client: they are none of those who are named, and no two people.
fn at_client(approvals: &Approvals, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    if approvals.approve != Some(Approve::Client) {
        return;
    }
    let mut needs = |key: &str, what: &str| {
        let message =
            format!("`approve: client` and {what} cannot both hold: it is not known who sits at a client");
        report
            .error("contradiction", fields.key_range(key), &at.key(key), message)
            .help(&format!("leave `{key}` out, or write `approve: people`"));
    };
    if !approvals.approvers.is_empty() {
        needs("approvers", "`approvers`");
    }
    if approvals.needed.is_some_and(|needed| needed > 1) {
        needs("needed", "`needed` above 1");
    }
}

/// How long a caller waits, which may be not at all.
fn hold(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<u64> {
    let is_none = match &node.value {
        Value::Text(text) => text.trim_end_matches(['s', 'm', 'h', 'd']) == "0",
        Value::Number(number) => &**number == "0",
        _ => false,
    };
    if is_none { Some(0) } else { scalar::duration(node, at, report) }
}

/// More people than this are never asked about one call.
const MOST_PEOPLE: u32 = 100;

/// A number of people.
fn people(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<u32> {
    let count = scalar::count(node, at, report)?;
    let people = count.to_string().parse().ok().filter(|people| (1..=MOST_PEOPLE).contains(people));
    if people.is_none() {
        let words = format!("at least one person and at most {MOST_PEOPLE} have to approve a call");
        report.error("bad-value", node.mark(), at, &words);
    }
    people
}

fn notify(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Option<Webhook>> {
    let fields = Fields::open(node, "`notify`", &["webhook"], at, report)?;
    Some(fields.read("webhook", at, report, |node, at, report| {
        let fields = Fields::open(node, "`webhook`", &["url", "secret"], at, report)?;
        let url = fields.need("url", at, report, web_address);
        let secret = fields.read("secret", at, report, secret);
        Some(Webhook { url: url?, secret })
    }))
}

/// An address that a request can be sent to.
fn web_address(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = scalar::name(node, at, report)?;
    let rest = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let reached = rest.is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']));
    if !reached || text.contains(char::is_whitespace) {
        report
            .error(
                "bad-value",
                node.mark(),
                at,
                "the address of a webhook begins with `https://` or `http://` and a host",
            )
            .help("such as `url: https://approvals.example.com/hook`");
        return None;
    }
    Some(text)
}

/// What messages are signed with: everybody knows the empty one.
fn secret(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = scalar::text(node, at, report)?;
    if text.trim().is_empty() {
        report
            .error("bad-value", node.mark(), at, "an empty secret keeps nobody from forging messages")
            .help("write a long random text, or leave `secret` out");
        return None;
    }
    Some(text)
}
