//! PolicyLayer Intercept: `tools.<name>.rules[]`.

mod condition;
mod count;

use super::translation::{
    Translation, below, items_mut, member_at, member_mut, members_mut, put_first, text_at,
};
use crate::tree::{Member, Node, Value, member};

const DOCUMENT: [&str; 6] = ["version", "description", "default", "hide", "tools", "approvals"];
const OURS_IN_DOCUMENT: [&str; 8] =
    ["mode", "list", "tell_agent", "resources", "prompts", "all_tools", "lists", "spend_currency"];
const OURS_IN_ENTRY: [&str; 7] = ["require", "deny_if", "approve_if", "limits", "validate", "mode", "hide"];
const RULE: [&str; 9] = [
    "name",
    "action",
    "conditions",
    "rate_limit",
    "state",
    "on_deny",
    "reason",
    "validate",
    "approval_timeout",
];
const OURS_IN_RULE: [&str; 4] = ["when", "spend", "idempotency_window", "mode"];

const EVERY_BOUND: &str = "Every bound on the counter of a rule's own `state` is kept when the call is counted. Intercept keeps the \
    first, and compares the others with what was counted before.";

pub(super) fn translate(root: &mut Node, translation: &mut Translation<'_, '_>) {
    translation.only(root, "", &DOCUMENT, &OURS_IN_DOCUMENT);
    for key in ["version", "description"] {
        as_text(member_mut(root, key), translation);
    }
    if let Some(hide) = member_mut(root, "hide") {
        items_mut(hide).iter_mut().for_each(|item| as_text(Some(item), translation));
    }
    translation.hidden_patterns(root);
    if let Some(tools) = member_mut(root, "tools") {
        for tool in members_mut(tools) {
            let pointer = below("/tools", &tool.key);
            translation.literal_name(tool, &pointer);
            entry(tool, &pointer, translation);
        }
    }
    head(root, translation);
}

/// What is taken for granted at the top of the document.
fn head(root: &mut Node, translation: &mut Translation<'_, '_>) {
    let start = root.range.start..root.range.start;
    if member(root, "default").is_none() {
        let message = "The file named no default, which Intercept takes for allow. `default: deny` would permit only what is listed below.";
        translation.chose("/default", &start, false, message);
        put_first(root, "default", "allow");
    }
    translation.listing(root);
    translation.beyond_tools(root);
    if member(root, "version").is_none() {
        put_first(root, "version", "1");
    } else if let Value::Map(members) = &mut root.value
        && let Some(at) = members.iter().position(|member| member.key == "version")
    {
        members.get_mut(..=at).unwrap_or_default().rotate_right(1);
    }
}

fn entry(tool: &mut Member, pointer: &str, translation: &mut Translation<'_, '_>) {
    translation.only(&mut tool.value, pointer, &["rules"], &OURS_IN_ENTRY);
    let scope = if tool.key == "*" { "_global" } else { tool.key.as_str() }.to_owned();
    let Some(rules) = member_mut(&mut tool.value, "rules") else { return };
    for (index, node) in items_mut(rules).iter_mut().enumerate() {
        rule(node, &scope, &format!("{pointer}/rules/{index}"), translation);
    }
    if matches!(&rules.value, Value::List(items) if items.is_empty()) {
        tool.value.value = Value::Map(Vec::new());
    }
}

fn rule(node: &mut Node, scope: &str, pointer: &str, translation: &mut Translation<'_, '_>) {
    translation.only(node, pointer, &RULE, &OURS_IN_RULE);
    spend_limit(node, pointer, translation);
    for key in ["name", "on_deny", "reason"] {
        as_text(member_mut(node, key), translation);
    }
    if let Some(rate) = member_mut(node, "rate_limit") {
        count::rate_limit(rate, &below(pointer, "rate_limit"), translation);
    }
    let mut own_counter = None;
    if let Some(state) = member_mut(node, "state") {
        own_counter = count::state(state, &below(pointer, "state"), translation)
            .map(|counter| format!("state.{scope}.{counter}"));
    }
    if let Some(conditions) = member_mut(node, "conditions") {
        let is_own = |node: &&mut Node| {
            let path = member(node, "path");
            matches!(path, Some(Node { value: Value::Text(path), .. }) if Some(path.as_str()) == own_counter.as_deref())
        };
        if items_mut(conditions).iter_mut().filter(is_own).count() > 1 {
            translation.generally(true, EVERY_BOUND);
        }
        for (index, node) in items_mut(conditions).iter_mut().enumerate() {
            let pointer = format!("{pointer}/conditions/{index}");
            condition::translate(node, own_counter.as_deref(), &pointer, translation);
        }
    }
}

/// `spend_limit: $500/day` is shown now and then; the reference does not have it.
fn spend_limit(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    let Value::Map(members) = &mut node.value else { return };
    let Some(at) = members.iter().position(|member| member.key == "spend_limit") else { return };
    let member = members.remove(at);
    let message = "`spend_limit` does not say which argument is the amount".to_owned();
    let advice = "write `state: { counter: spend, window: day, increment_from: args.amount }` and a condition `lte` on \
                  `state.<tool>.spend`";
    translation.refuse(member.key_range, pointer, message, advice);
}

/// Where Go's reader of YAML wants text it takes a number, true or false for what is written.
fn as_text(node: Option<&mut Node>, translation: &Translation<'_, '_>) {
    if let Some(node) = node
        && matches!(node.value, Value::Bool(_) | Value::Number(_))
    {
        node.value = Value::Text(translation.written(node).into());
    }
}

/// Adds a key to a map.
fn put(node: &mut Node, key: &str, text: &str) {
    let range = node.mark();
    if let Value::Map(members) = &mut node.value {
        members.push(member_at(key, text_at(text, &range)));
    }
}
