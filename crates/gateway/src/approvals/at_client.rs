//! Deciding at the client that makes a call (`approve: client`), in the name of whoever sits there.

use interlock_store::Approval;

use super::desk::{Decided, NotDecided, Saying, decide, note};
use super::elicitation::Word;
use super::{Account, word};
use crate::gateway::Gateway;
use crate::identify::Identity;

impl Gateway {
    /// Notes what the person at the client said about this call.
    pub(crate) async fn said_at_client(&self, approval: &Approval, who: &Identity, said: &Word) {
        let (approves, reason) = match said {
            Word::Yes(reason) => (true, reason.as_deref()),
            Word::No(reason) => (false, reason.as_deref()),
            Word::Later => return self.asked_at_client(approval, who, "put off"),
            Word::NotUnderstood => return self.asked_at_client(approval, who, "not understood"),
        };
        let Some(people) = self.people() else { return };
        let by = Account::Client(approval.question.asker.grant.clone());
        let saying = Saying { by: &by, approves, reason, through: Some(who) };
        match decide(people.store.as_ref(), self, &approval.question.id, &saying).await {
            Ok(Decided::Counted(now)) => tracing::debug!("a call is {} at its client", word(now.standing)),
            // It is in the log.
            Ok(_) => {}
            Err(error @ NotDecided::Unrecorded { .. }) => tracing::error!("{error}"),
            Err(error) => tracing::error!("what was said at a client about a call does not count: {error}"),
        }
    }

    /// Where people decide about a call, where there is such a place. Who opens it has to log in.
    pub(crate) fn console_of(&self, approval: &str) -> Option<String> {
        let base = self.options.console.as_ref()?;
        Some(format!("{base}/console/approvals/{approval}"))
    }

    /// Records what came of asking the person at the client, short of a decision.
    pub(crate) fn asked_at_client(&self, approval: &Approval, who: &Identity, step: &str) {
        let by = Account::Client(approval.question.asker.grant.clone());
        let saying = Saying { by: &by, approves: false, reason: None, through: Some(who) };
        if let Err(error) = note(self, approval, &saying, step) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
    }
}
