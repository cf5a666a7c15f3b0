//! The items of `rules`.

use super::condition;
use super::fields::Fields;
use super::{entry, limit, scalar, spend};
use crate::cel::{self, Expression};
use crate::condition::Kindness;
use crate::diagnostic::{At, Report};
use crate::document::{Action, Rule, Section};
use crate::tree::Node;

const KNOWN: [&str; 13] = [
    "name",
    "action",
    "conditions",
    "when",
    "rate_limit",
    "state",
    "spend",
    "validate",
    "idempotency_window",
    "on_deny",
    "reason",
    "approval_timeout",
    "mode",
];
/// What stands beside an action that lets calls through.
const CONSTRAINTS: [&str; 5] = ["rate_limit", "state", "spend", "validate", "idempotency_window"];

pub(crate) fn read(node: &Node, section: Section, at: &At<'_>, report: &mut Report<'_>) -> Option<Rule> {
    let errors = report.errors();
    let fields = Fields::open(node, "a rule", &KNOWN, at, report)?;
    let action = fields.read("action", at, report, |node, at, report| {
        let words = [
            ("evaluate", Action::Evaluate),
            ("allow", Action::Allow),
            ("deny", Action::Deny),
            ("require_approval", Action::RequireApproval),
        ];
        scalar::one_of(node, &words, at, report)
    });
    let objects = matches!(action, Some(Action::Deny | Action::RequireApproval));
    let kindness = if objects { Kindness::Deny } else { Kindness::Allow };
    // What conditions are for is not known beside an action that says nothing.
    let is_unknown = action.is_none() && fields.get("action").is_some();
    let conditions = fields
        .read("conditions", at, report, |node, at, report| {
            let read = |report: &mut Report<'_>| condition::list(node, kindness, at, report);
            if is_unknown { report.without_warnings(read) } else { read(report) }
        })
        .unwrap_or_default();
    let rule = Rule {
        name: fields.read("name", at, report, scalar::name),
        action,
        conditions,
        when: fields.read("when", at, report, expression),
        rate_limit: fields.read("rate_limit", at, report, limit::rate_limit).map(Box::new),
        state: fields.read("state", at, report, limit::state).map(Box::new),
        spend: fields
            .read("spend", at, report, |node, at, report| spend::read(node, section, at, report))
            .map(Box::new),
        idempotency_window: fields.read("idempotency_window", at, report, scalar::duration),
        validate: fields
            .read("validate", at, report, |node, at, report| entry::validate(node, section, at, report))
            .unwrap_or_default(),
        on_deny: told(&fields, at, report),
        approval_timeout: fields.read("approval_timeout", at, report, scalar::duration),
        mode: fields.read("mode", at, report, scalar::mode),
    };
    if !is_unknown {
        together(&rule, objects, &fields, at, report);
    }
    // What could not be read may well have been a constraint.
    let all_read = report.errors() == errors || fields.only(&["name", "on_deny", "reason", "mode"]);
    if all_read && rule.constrains_nothing() {
        report
            .warning("no-effect", fields.key_range(""), at, "this rule constrains nothing")
            .help("give it `conditions` or another constraint, or leave it out");
    }
    Some(rule)
}

/// A CEL expression.
fn expression(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Expression> {
    let text = scalar::text(node, at, report)?;
    match cel::read(&text, &mut report.expressions, &mut report.regexes) {
        Ok(expression) => Some(expression),
        Err(wrong) => {
            report.error(wrong.code, node.mark(), at, wrong.message).maybe_help(wrong.help);
            None
        }
    }
}

/// The text for the agent, under either dialect's key.
fn told(fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let on_deny = fields.read("on_deny", at, report, scalar::text);
    let reason = fields.read("reason", at, report, scalar::text);
    if on_deny.is_some() && reason.is_some() {
        report
            .error(
                "exclusive-keys",
                fields.key_range("reason"),
                at,
                "`on_deny` and `reason` are the same key",
            )
            .help("keep one of them");
    }
    on_deny.or(reason)
}

/// What the keys of a rule mean together.
fn together(rule: &Rule, objects: bool, fields: &Fields<'_>, at: &At<'_>, report: &mut Report<'_>) {
    if objects {
        for key in CONSTRAINTS.into_iter().filter(|key| fields.get(key).is_some()) {
            let action = if rule.action == Some(Action::Deny) { "deny" } else { "require_approval" };
            let message = format!("`{key}` says nothing on a rule whose action is `{action}`");
            report
                .error("constraint-on-objection", fields.key_range(key), &at.key(key), message)
                .help("put it on a rule of its own");
        }
    }
    if fields.get("approval_timeout").is_some() && rule.action != Some(Action::RequireApproval) {
        let message = "`approval_timeout` says nothing without `action: require_approval`";
        report
            .error("no-effect", fields.key_range("approval_timeout"), at, message)
            .help("leave it out, or write `action: require_approval`");
    }
    if rule.action == Some(Action::Allow) && rule.effective_action() == Action::Evaluate {
        report
            .warning(
                "allow-with-conditions",
                fields.key_range("action"),
                at,
                "`allow` with conditions is a guard, not an exception: the conditions must hold for every call",
            )
            .help("write `action: evaluate`, which says the same");
    }
}
