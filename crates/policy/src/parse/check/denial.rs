//! What denies every call, beside constraints that then have no say.

use super::Check;
use crate::diagnostic::At;
use crate::document::{Action, Entry, Requirement, Rule};

impl Check<'_, '_, '_> {
    /// Where rules are read as a list of which the first that applies decides, a `deny` at its end is the rest. Here
    /// every rule must hold.
    pub(super) fn always_denies(&mut self, entry: &Entry, pointer: &str) {
        let always = |rule: &Rule| {
            rule.action == Some(Action::Deny) && rule.conditions.is_empty() && rule.when.is_none()
        };
        let rule = entry.rules.iter().position(|rule| always(rule) && self.is_enforced(rule.mode, entry));
        let mut blocks = entry.deny_if.iter();
        let block =
            blocks.position(|block| block.conditions.is_empty() && self.is_enforced(block.mode, entry));
        let place = match (rule, block) {
            (Some(index), _) => format!("{pointer}/rules/{index}"),
            (None, Some(index)) => format!("{pointer}/deny_if/{index}"),
            (None, None) => return,
        };
        if self.constraints(entry) < 2 || !self.known.is_sound(pointer) {
            return;
        }
        let Some(range) = self.range(&place) else { return };
        let message = "this denies every call, so nothing else in its entry makes a difference";
        self.report
            .warning("always-denies", range, &At::from_pointer(&place), message)
            .help("rules are no alternatives, all of them must hold: give this one conditions, or remove it");
    }

    fn constraints(&self, entry: &Entry) -> usize {
        let rules = entry.rules.iter().map(|rule| rule.mode);
        let blocks = entry.deny_if.iter().chain(&entry.approve_if).map(|block| block.mode);
        let required = entry.require.iter().map(|requirement| match requirement {
            Requirement::Block(block) => block.mode,
            Requirement::Condition(_) => None,
        });
        let limits = entry.limits.iter().map(|limit| limit.mode);
        let all = rules.chain(blocks).chain(required).chain(limits);
        all.filter(|mode| self.is_enforced(*mode, entry)).count()
    }
}
