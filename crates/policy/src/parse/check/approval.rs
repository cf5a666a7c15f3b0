//! Approvals, which this version cannot ask for.

use super::Check;
use crate::diagnostic::At;
use crate::document::{Action, Entry, Mode};

impl Check<'_, '_, '_> {
    /// In shadow nobody is asked and nothing is denied.
    pub(super) fn approvals(&mut self, entry: &Entry, pointer: &str) {
        let enforced = |mode: Option<Mode>, document: Option<Mode>| {
            mode.or(entry.mode).or(document) != Some(Mode::Shadow)
        };
        let document = self.document.mode;
        for (index, rule) in entry.rules.iter().enumerate() {
            if rule.action == Some(Action::RequireApproval) && enforced(rule.mode, document) {
                self.cannot_ask(&format!("{pointer}/rules/{index}"), "/action");
            }
        }
        for (index, block) in entry.approve_if.iter().enumerate() {
            if enforced(block.mode, document) {
                self.cannot_ask(&format!("{pointer}/approve_if/{index}"), "");
            }
        }
    }

    fn cannot_ask(&mut self, place: &str, key: &str) {
        let Some(range) = self.range(&format!("{place}{key}")) else { return };
        self.report
            .warning(
                "cannot-ask",
                range,
                &At::from_pointer(place),
                "no person can be asked yet, so this call is denied, with a reason that says so",
            )
            .help("`mode: shadow` records such calls and lets them pass");
    }
}
