//! The `approvals` block.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::{scalar, webhook};
use crate::diagnostic::{At, Report, quoted};
use crate::document::{Approvals, Approve, Webhook};
use crate::people;
use crate::tree::{Node, Value};

/// What stands before the name of a group where people are named.
const GROUP: &str = "group:";

pub(crate) fn read(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Approvals> {
    const KNOWN: &[&str] = &["timeout", "dedupe_window", "approvers", "needed", "hold", "approve", "notify"];
    let fields = Fields::open(node, "`approvals`", KNOWN, at, report)?;
    let before = report.errors();
    let approvals = Approvals {
        timeout: fields.read("timeout", at, report, scalar::duration),
        dedupe_window: fields.read("dedupe_window", at, report, scalar::duration),
        approvers: fields
            .read("approvers", at, report, |node, at, report| scalar::list(node, at, report, approver))
            .unwrap_or_default(),
        needed: fields.read("needed", at, report, people),
        hold: fields.read("hold", at, report, hold),
        approve: fields.read("approve", at, report, |node, at, report| {
            scalar::one_of(node, &[("people", Approve::People), ("client", Approve::Client)], at, report)
        }),
        webhook: fields.read("notify", at, report, notify).flatten(),
    };
    warn_of_links(&approvals, &fields, at, report);
    // Of people who cannot be read it is not known how many they are.
    if report.errors() == before {
        enough_people(&approvals, &fields, at, report);
    }
    at_client(&approvals, &fields, at, report);
    without_holding(&approvals, &fields, at, report);
    Some(approvals)
}

/// Somebody who may decide, or a group of them.
fn approver(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = scalar::name(node, at, report)?;
    if let Err(nobody) = people::approver(&name) {
        report.error("unknown-approver", node.mark(), at, nobody.to_string()).help(nobody.help());
        return None;
    }
    if let Some(why) = people::unlikely(&name) {
        let message = format!("{} is hardly the name of an account: {why}", quoted(&name));
        report
            .warning("unlikely-name", node.mark(), at, message)
            .help("name users as the system does, and operators as `interlock admin list` does");
    }
    Some(name)
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
            .help(format!("leave `{key}` out, or write `approve: people`"));
    };
    if !approvals.approvers.is_empty() {
        needs("approvers", "`approvers`");
    }
    if approvals.needed.is_some_and(|needed| needed > 1) {
        needs("needed", "`needed` above 1");
    }
}

/// Most clients can be asked only while their call is held.
fn without_holding(approvals: &Approvals, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    if approvals.approve == Some(Approve::Client) && approvals.hold == Some(0) {
        let message = "with `hold: 0`, `approve: client` has no effect for clients up to 2025-11-25: they are asked while \
                       their call is held";
        report
            .warning("no-effect", fields.key_range("hold"), &at.key("hold"), message)
            .help("leave `hold` out, or give the person at the client time to decide, such as `hold: 45s`");
    }
}

/// As many have to be named as are needed: each counts once. Who is in a group, the settings say.
fn enough_people(approvals: &Approvals, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let named = &approvals.approvers;
    let Some(needed) = approvals.needed.and_then(|needed| usize::try_from(needed).ok()) else { return };
    if named.is_empty() || named.iter().any(|name| name.starts_with(GROUP)) {
        return;
    }
    // A name that says of no kind what it is means a user.
    let accounts: BTreeSet<&str> =
        named.iter().map(|name| name.strip_prefix("user:").unwrap_or(name)).collect();
    let most = accounts.len();
    if most >= needed {
        return;
    }
    let people = if most == 1 { "one person" } else { &format!("{most} people") };
    let message = format!("nobody can ever approve: {needed} have to, and `approvers` names {people}");
    report
        .error("contradiction", fields.key_range("needed"), &at.key("needed"), message)
        .help(format!("write `needed: {most}`, name more people, or a group of the settings: `group:NAME`"));
}

/// Whoever follows a link of a message is an account of its own, which the policy has to name where it names any.
fn warn_of_links(approvals: &Approvals, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let person = approvals.webhook.as_ref().and_then(|webhook| webhook.decide_as.as_ref());
    let Some(account) = person.map(|person| format!("link:{person}")) else { return };
    // Who is in a group, the settings say.
    let is_named = |name: &String| *name == account || name.starts_with(GROUP);
    if !approvals.approvers.is_empty() && !approvals.approvers.iter().any(is_named) {
        let message = "the links of messages decide nothing: whoever follows one is none of the `approvers`";
        report
            .warning("no-effect", fields.key_range("notify"), &at.key("notify"), message)
            .help(format!("add {} to `approvers`, or leave `decide_as` out", quoted(&account)));
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
    Some(fields.read("webhook", at, report, webhook::read))
}
