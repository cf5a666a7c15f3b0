//! Policies with one thing otherwise.

use crate::compile::Policy;
use crate::decision::{Origin, RuleName};
use crate::diagnostic::push_pointer_segment;
use crate::document::{Document, Entry, Matcher, Section};

/// The policy with the name listed where it is not.
pub(super) fn listing(policy: &Policy, section: Section, name: &str) -> Option<Policy> {
    if crate::judge::listed(policy, section, name) {
        return None;
    }
    let mut document = policy.document().clone();
    section_of(&mut document, section).push((Matcher::Exact(name.to_owned()), Entry::default()));
    Some(Policy::new(document))
}

/// The policy with nothing that hides the name.
pub(super) fn showing(policy: &Policy, section: Section, name: &str) -> Policy {
    let mut document = policy.document().clone();
    document.hide.retain(|matcher| !matcher.matches(name));
    for (matcher, entry) in section_of(&mut document, section) {
        entry.hide &= !matcher.matches(name);
    }
    Policy::new(document)
}

/// The policy without one rule, block or limit.
pub(super) fn without(policy: &Policy, pointer: &str) -> Option<Policy> {
    let mut document = policy.document().clone();
    let mut removed = false;
    for section in Section::ALL {
        for (matcher, entry) in section_of(&mut document, section) {
            let mut start = format!("/{}", section.key());
            push_pointer_segment(&mut start, matcher.as_str());
            removed |= pointer.strip_prefix(&start).is_some_and(|rest| remove(entry, rest));
        }
    }
    if let (Some(entry), Some(rest)) = (&mut document.all_tools, pointer.strip_prefix("/all_tools")) {
        removed |= remove(entry, rest);
    }
    removed.then(|| Policy::new(document))
}

fn section_of(document: &mut Document, section: Section) -> &mut crate::document::Entries {
    match section {
        Section::Tools => &mut document.tools,
        Section::Resources => &mut document.resources,
        Section::Prompts => &mut document.prompts,
    }
}

fn remove(entry: &mut Entry, pointer: &str) -> bool {
    if pointer == "/validate" {
        entry.validate = Default::default();
        return true;
    }
    let Some((list, index)) = pointer.trim_start_matches('/').split_once('/') else { return false };
    let Ok(index) = index.parse() else { return false };
    match list {
        "rules" => take(&mut entry.rules, index),
        "require" => take(&mut entry.require, index),
        "deny_if" => take(&mut entry.deny_if, index),
        "approve_if" => take(&mut entry.approve_if, index),
        "limits" => take(&mut entry.limits, index),
        _ => false,
    }
}

fn take<T>(list: &mut Vec<T>, index: usize) -> bool {
    let there = index < list.len();
    if there {
        list.remove(index);
    }
    there
}

/// The policy of the stack that a rule is in, with its pointer.
pub(super) fn home<'a>(
    stack: &[(Origin, &'a Policy)],
    rule: &RuleName,
) -> Option<(usize, &'a Policy, std::sync::Arc<str>)> {
    let RuleName::At { origin, pointer } = rule else { return None };
    let place = stack.iter().position(|(known, _)| known == origin)?;
    stack.get(place).map(|(_, policy)| (place, *policy, pointer.clone()))
}
