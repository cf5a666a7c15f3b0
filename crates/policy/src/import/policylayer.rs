//! PolicyLayer grant policies: `tools.<name>.{require,deny_if,limits}` and `all_tools`.

use super::re2;
use super::translation::{
    CONDITION, OURS_IN_CONDITION, Translation, below, items_mut, member_at, member_mut, members_mut,
    put_first,
};
use crate::tree::{Member, Node, Value, member};

const DOCUMENT: [&str; 6] = ["version", "description", "default", "hide", "tools", "all_tools"];
const OURS_IN_DOCUMENT: [&str; 8] =
    ["mode", "list", "tell_agent", "resources", "prompts", "approvals", "lists", "spend_currency"];
const ENTRY: [&str; 3] = ["require", "deny_if", "limits"];
const OURS_IN_ENTRY: [&str; 5] = ["rules", "approve_if", "validate", "mode", "hide"];

const SLIDING: &str = "A limit on calls slides: no span of the window's length, wherever it begins, holds more. PolicyLayer's \
    documents leave open where its windows begin.";
const BY_TYPE: &str = "Values are compared by type: `\"1\"` is not `1`, and what cannot be compared, or is looked for inside \
    what is no object, never helps a call; null counts as missing.";

pub(super) fn translate(root: &mut Node, translation: &mut Translation<'_, '_>) {
    translation.only(root, "", &DOCUMENT, &OURS_IN_DOCUMENT);
    translation.hidden_patterns(root);
    if let Some(tools) = member_mut(root, "tools") {
        for tool in members_mut(tools) {
            let pointer = below("/tools", &tool.key);
            if tool.key == "*" {
                let message = "PolicyLayer takes `*` under `tools` for the name of a tool".to_owned();
                translation.refuse(tool.key_range.clone(), &pointer, message, "use `all_tools`");
            }
            translation.literal_name(tool, &pointer);
            entry(&mut tool.value, &pointer, translation);
        }
    }
    if let Some(every) = member_mut(root, "all_tools") {
        entry(every, "/all_tools", translation);
    }
    head(root, translation);
}

fn head(root: &mut Node, translation: &mut Translation<'_, '_>) {
    if member(root, "default").is_none() {
        let start = root.range.start..root.range.start;
        let message =
            "The file named no default, which PolicyLayer requires: deny is the one that permits less.";
        translation.chose("/default", &start, true, message);
        put_first(root, "default", "deny");
    }
    translation.listing(root);
    translation.beyond_tools(root);
    if member(root, "version").is_none() {
        put_first(root, "version", "1");
    }
}

fn entry(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    translation.only(node, pointer, &ENTRY, &OURS_IN_ENTRY);
    for key in ["require", "deny_if"] {
        let Some(items) = member_mut(node, key) else { continue };
        let pointer = below(pointer, key);
        for (index, item) in items_mut(items).iter_mut().enumerate() {
            requirement(item, &format!("{pointer}/{index}"), translation);
        }
    }
    let Some(limits) = member_mut(node, "limits") else { return };
    let (known, ours) =
        (["counter", "window", "max", "scope"], ["align", "timezone", "min", "mode", "shared", "refund"]);
    for (index, limit) in items_mut(limits).iter_mut().enumerate() {
        translation.only(limit, &format!("{pointer}/limits/{index}"), &known, &ours);
        told(limit);
        if member(limit, "amount").is_none() {
            translation.generally(true, SLIDING);
        }
    }
}

/// A condition, or a block of them.
fn requirement(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    if member(node, "conditions").is_none() {
        condition(node, pointer, translation);
        block_of_one(node);
        return;
    }
    told(node);
    if let Some(conditions) = member_mut(node, "conditions") {
        for (index, node) in items_mut(conditions).iter_mut().enumerate() {
            condition(node, &format!("{pointer}/conditions/{index}"), translation);
        }
    }
}

/// A condition that has a text for the agent becomes a block that has it.
fn block_of_one(node: &mut Node) {
    let range = node.range.clone();
    let Value::Map(members) = &mut node.value else { return };
    let is_text = |member: &Member| matches!(member.key.as_str(), "reason" | "on_deny");
    let Some(at) = members.iter().position(is_text) else { return };
    let text = members.remove(at);
    let condition = Node { value: std::mem::replace(&mut node.value, Value::Null), range: range.clone() };
    let conditions = Node { value: Value::List(vec![condition]), range };
    node.value =
        Value::Map(vec![member_at("conditions", conditions), Member { key: "on_deny".into(), ..text }]);
}

/// The text for the agent has one name here.
fn told(node: &mut Node) {
    if member(node, "on_deny").is_some() {
        return;
    }
    if let Some(member) = members_mut(node).iter_mut().find(|member| member.key == "reason") {
        member.key = "on_deny".into();
    }
}

fn condition(node: &mut Node, pointer: &str, translation: &mut Translation<'_, '_>) {
    translation.only(node, pointer, &CONDITION, &OURS_IN_CONDITION);
    let operator = match member(node, "op") {
        Some(Node { value: Value::Text(operator), .. }) => operator.clone(),
        _ => return,
    };
    if matches!(operator.as_str(), "in" | "not_in") {
        translation.one_kind(node, pointer);
    }
    if operator != "exists" {
        translation.generally(true, BY_TYPE);
    }
    if operator != "regex" {
        return;
    }
    let Some(value) = member_mut(node, "value") else { return };
    let Value::Text(pattern) = &value.value else { return };
    match re2::translated(pattern) {
        Ok(same) if same == *pattern => {}
        Ok(other) => {
            value.value = Value::Text(other.into());
            let range = value.range.clone();
            let message = r"In the pattern `\d`, `\w`, `\s` and `\b` know ASCII only.";
            translation.chose(pointer, &range, false, message);
        }
        Err(why) => {
            let (message, range) = (format!("this pattern cannot be kept: {why}"), value.range.clone());
            translation.refuse(range, &below(pointer, "value"), message, "write the pattern without it");
        }
    }
}
