//! Where questions are announced. Addresses and secrets may be references, which whoever puts the policy in force
//! reads: here they are text.

use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report};
use crate::document::{AnnouncedArguments, AnnouncementFormat, Webhook};
use crate::tree::Node;

/// What begins a reference.
const REFERENCE: &str = "${";
/// Hosts that no other machine is reached by.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

pub(super) fn read(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Webhook> {
    const KNOWN: &[&str] = &["url", "secret", "format", "decide_as", "arguments"];
    let fields = Fields::open(node, "`webhook`", KNOWN, at, report)?;
    let url = fields.need("url", at, report, address);
    let secret = fields.read("secret", at, report, secret);
    let format = fields.read("format", at, report, format);
    let decide_as = fields.read("decide_as", at, report, scalar::name);
    let arguments = fields.read("arguments", at, report, arguments);
    let webhook = Webhook { url: url?, secret, format, decide_as, arguments };
    warn(&webhook, &fields, at, report);
    Some(webhook)
}

fn format(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<AnnouncementFormat> {
    use AnnouncementFormat::{Json, Slack, Teams};
    scalar::one_of(node, &[("json", Json), ("slack", Slack), ("teams", Teams)], at, report)
}

fn arguments(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<AnnouncedArguments> {
    use AnnouncedArguments::{Full, Keys};
    scalar::one_of(node, &[("keys", Keys), ("full", Full)], at, report)
}

/// An address that a request can be sent to, and that nobody on the way can read.
fn address(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = scalar::name(node, at, report)?;
    let help = match mistake(&text) {
        None => return Some(text),
        Some(Mistake::Reference) => return not_a_reference(node, at, report),
        Some(Mistake::NoAddress) => "such as `url: https://approvals.example.com/hook`",
        Some(Mistake::User) => "leave them out; messages are signed with `secret`",
    };
    let message = match mistake(&text) {
        Some(Mistake::User) => "the address of a webhook holds no user name and no password",
        _ => {
            "the address of a webhook begins with `https://` and a host; `http://` is for `localhost`, `127.0.0.1` and \
             `[::1]` alone"
        }
    };
    report.error("bad-value", node.mark(), at, message).help(help);
    None
}

enum Mistake {
    Reference,
    NoAddress,
    User,
}

/// What is wrong with an address, as far as it stands there.
fn mistake(text: &str) -> Option<Mistake> {
    if !has_whole_references(text) {
        return Some(Mistake::Reference);
    }
    if text.starts_with(REFERENCE) {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Some(Mistake::NoAddress) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.split_once(']') {
        Some((host, _)) => format!("{host}]"),
        None => authority.split(':').next().unwrap_or_default().to_owned(),
    };
    let is_safe = match scheme.to_ascii_lowercase().as_str() {
        "https" => !host.is_empty(),
        "http" => LOOPBACK.contains(&host.as_str()),
        _ => false,
    };
    match authority.contains('@') {
        true => Some(Mistake::User),
        false if is_safe && !text.contains(char::is_whitespace) => None,
        false => Some(Mistake::NoAddress),
    }
}

/// What messages are signed with: everybody knows the empty one.
fn secret(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = scalar::text(node, at, report)?;
    if text.trim().is_empty() {
        report
            .error("bad-value", node.mark(), at, "an empty secret keeps nobody from forging messages")
            .help("write a reference to a long random text, or leave `secret` out");
        return None;
    }
    if !has_whole_references(&text) {
        return not_a_reference(node, at, report);
    }
    Some(text)
}

fn not_a_reference(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let message = "a `${` has no `}` with a name before it";
    report
        .error("bad-value", node.mark(), at, message)
        .help("`${NAME}` reads the environment, `${file:path}` a file");
    None
}

/// Whether each reference says what it refers to.
fn has_whole_references(text: &str) -> bool {
    text.split(REFERENCE).skip(1).all(|rest| rest.split_once('}').is_some_and(|(name, _)| !name.is_empty()))
}

/// Whoever reads the policy reads what stands in it.
fn warn(webhook: &Webhook, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let is_literal = |text: &str| !text.contains(REFERENCE);
    let help = "write `${NAME}` for a variable of the environment, or `${file:path}` for a file";
    if webhook.secret.as_deref().is_some_and(is_literal) {
        let message = "whoever can read this policy can forge messages with this secret";
        report.warning("literal-secret", fields.key_range("secret"), &at.key("secret"), message).help(help);
    }
    match webhook.format.unwrap_or_default() {
        AnnouncementFormat::Json if webhook.secret.is_none() => {
            let message =
                "without a `secret` messages are not signed, and whoever knows the address can forge them";
            report
                .warning("unsigned", fields.key_range("url"), at, message)
                .help("add `secret: ${NAME}`, a long random text");
        }
        AnnouncementFormat::Slack | AnnouncementFormat::Teams if is_literal(&webhook.url) => {
            let message =
                "whoever can read this policy can write to the channel: such an address is a secret";
            report.warning("literal-secret", fields.key_range("url"), &at.key("url"), message).help(help);
        }
        _ => {}
    }
}
