//! Policies with one thing otherwise.

use crate::compile::Policy;
use crate::decision::{Origin, RuleName};
use crate::diagnostic::push_pointer_segment;
use crate::document::{Block, Document, Entry, Matcher, Mode, Requirement, Section};

/// The policy with the name listed where it is not.
pub(super) fn listing(policy: &Policy, section: Section, name: &str) -> Option<Policy> {
    if crate::judge::listed(policy, section, name) {
        return None;
    }
    Some(naming(policy, section, name))
}

/// The policy with an entry that names exactly this.
pub(super) fn naming(policy: &Policy, section: Section, name: &str) -> Policy {
    let mut document = policy.document().clone();
    section_of(&mut document, section).push((Matcher::Exact(name.to_owned()), Entry::default()));
    Policy::new(document)
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
    let mut silenced = false;
    for section in Section::ALL {
        for (matcher, entry) in section_of(&mut document, section) {
            let mut start = format!("/{}", section.key());
            push_pointer_segment(&mut start, matcher.as_str());
            silenced |= pointer.strip_prefix(&start).is_some_and(|rest| silence(entry, rest));
        }
    }
    if let (Some(entry), Some(rest)) = (&mut document.all_tools, pointer.strip_prefix("/all_tools")) {
        silenced |= silence(entry, rest);
    }
    silenced.then(|| Policy::new(document))
}

fn section_of(document: &mut Document, section: Section) -> &mut crate::document::Entries {
    match section {
        Section::Tools => &mut document.tools,
        Section::Resources => &mut document.resources,
        Section::Prompts => &mut document.prompts,
    }
}

/// What is only in shadow mode stands in nobody's way, and the others keep their numbers.
fn silence(entry: &mut Entry, pointer: &str) -> bool {
    if pointer == "/validate" {
        entry.validate = Default::default();
        return true;
    }
    let Some((list, index)) = pointer.trim_start_matches('/').split_once('/') else { return false };
    let Ok(index) = index.parse::<usize>() else { return false };
    let mode = match list {
        "rules" => entry.rules.get_mut(index).map(|rule| &mut rule.mode),
        "deny_if" => entry.deny_if.get_mut(index).map(|block| &mut block.mode),
        "approve_if" => entry.approve_if.get_mut(index).map(|block| &mut block.mode),
        "limits" => entry.limits.get_mut(index).map(|limit| &mut limit.mode),
        "require" => {
            let requirement = entry.require.get_mut(index);
            return requirement.map(|old| *old = Requirement::Block(Block::default())).is_some();
        }
        _ => None,
    };
    mode.map(|mode| *mode = Some(Mode::Shadow)).is_some()
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
