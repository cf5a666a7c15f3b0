//! `spend`: budgets of money.

use super::fields::Fields;
use super::{limit, scalar};
use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::{Section, Spend, SpendAmount};
use crate::tree::{Node, Value};

const KNOWN: &[&str] =
    &["amount", "per_call", "daily", "monthly", "currency", "currency_from", "scope", "timezone", "refund"];

/// The amount is what a server's challenge asks for.
const CHALLENGE: &str = "challenge";

pub(super) fn read(node: &Node, section: Section, at: &At<'_>, report: &mut Report<'_>) -> Option<Spend> {
    let fields = Fields::open(node, "`spend`", KNOWN, at, report)?;
    let amount = fields.need("amount", at, report, |node, at, report| amount(node, section, at, report));
    let cap = |key: &str, report: &mut Report<'_>| fields.read(key, at, report, scalar::amount);
    let (per_call, daily, monthly) = (cap("per_call", report), cap("daily", report), cap("monthly", report));
    let currency = fields.read("currency", at, report, scalar::name);
    let currency_from = fields.read("currency_from", at, report, limit::amount_path);
    if currency_from.is_some() && amount == Some(SpendAmount::Challenge) {
        let message = "a challenge names its currency itself";
        report
            .error("no-effect", fields.key_range("currency_from"), &at.key("currency_from"), message)
            .help("leave `currency_from` out");
    }
    let scope = fields.read("scope", at, report, limit::scope);
    let timezone = fields.read("timezone", at, report, scalar::timezone);
    let refund = fields.read("refund", at, report, limit::refund);
    Some(Spend {
        amount: amount?,
        per_call,
        daily,
        monthly,
        currency,
        currency_from,
        scope,
        timezone,
        refund,
    })
}

fn amount(node: &Node, section: Section, at: &At<'_>, report: &mut Report<'_>) -> Option<SpendAmount> {
    match &node.value {
        Value::Text(text) if text == CHALLENGE => {}
        Value::Text(text) if did_you_mean(text, [CHALLENGE]).is_some() => {
            let message = format!("{} is neither an argument nor `{CHALLENGE}`", quoted(text));
            let help = did_you_mean(text, [CHALLENGE]);
            report.error("unknown-word", node.mark(), at, message).maybe_help(help);
            return None;
        }
        _ => return limit::amount_path(node, at, report).map(SpendAmount::Argument),
    }
    if section != Section::Tools {
        let message = format!("only calls of tools are paid for, not those of a {}", section.noun());
        report
            .error("no-effect", node.mark(), at, message)
            .help("leave the budget out, or limit the uses with `rate_limit`");
        return None;
    }
    Some(SpendAmount::Challenge)
}
