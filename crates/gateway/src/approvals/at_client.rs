//! Deciding at the client that makes a call (`approve: client`), in the name of whoever sits there.

use interlock_audit::{AuditError, Detail, Identity as Who, Lifecycle, LifecycleKind};
use interlock_store::{Approval, Opinion, Standing, StoreError, Told};

use super::elicitation::Word;
use crate::gateway::Gateway;
use crate::identify::Identity;

/// What stands before the names of grants whose clients decide; no other kind of account is called so.
const KIND: &str = "client:";

/// Why a word of the person at a client was not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("what is not in the log is not done: {0}")]
    Log(#[from] AuditError),
}

impl Gateway {
    /// Notes what the person at the client said about this call. It is recorded what is meant before it is done, and
    /// what came of it after.
    pub(crate) async fn said_at_client(&self, approval: &Approval, who: &Identity, word: &Word) {
        if let Err(error) = self.keep(approval, who, word).await {
            tracing::error!("what was said at a client about a call does not count: {error}");
        }
    }

    async fn keep(&self, approval: &Approval, who: &Identity, word: &Word) -> Result<(), NotKept> {
        let Some(people) = self.people() else { return Ok(()) };
        let (approves, reason, meant) = match word {
            Word::Yes(reason) => (true, reason, "approving"),
            Word::No(reason) => (false, reason, "denying"),
            Word::Later => return Ok(self.note(approval, who, "put off", None)?),
            Word::NotUnderstood => return Ok(self.note(approval, who, "not understood", None)?),
        };
        let question = &approval.question;
        // Who sits at a client is nobody in particular.
        if !question.approvers.is_empty() || question.needed != 1 {
            return Ok(self.note(approval, who, "not allowed", reason.as_deref())?);
        }
        self.note(approval, who, meant, reason.as_deref())?;
        let by = account(&question.asker.grant);
        let opinion = Opinion { by, approves, reason: reason.clone(), at_ms: 0 };
        let (now, step) = match people.store.tell(&question.id, opinion).await? {
            Told::Counted(now) => {
                let step = if approves { "approved" } else { "denied" };
                self.metrics.approval(step);
                (now, step)
            }
            Told::Again(now) => (now, "repeated"),
            Told::TooLate(now) => (now, "too late"),
            Told::Unknown => return Ok(()),
        };
        // Whoever waits hears of it whether or not this can be written.
        let noted = self.note(&now, who, step, reason.as_deref());
        if now.standing != Standing::Waiting {
            people.tell(&question.id, now.standing);
        }
        Ok(noted?)
    }

    /// Where people decide about a call, where there is such a place. Who opens it has to log in.
    pub(crate) fn console_of(&self, approval: &str) -> Option<String> {
        let base = self.options.console.as_ref()?;
        Some(format!("{base}/console/approvals/{approval}"))
    }

    /// Records that the person at the client was asked, or that they were sent to where it is decided.
    pub(crate) fn asked_at_client(&self, approval: &Approval, who: &Identity, step: &str) {
        if let Err(error) = self.note(approval, who, step, None) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
    }

    fn note(
        &self,
        approval: &Approval,
        who: &Identity,
        step: &str,
        why: Option<&str>,
    ) -> Result<(), AuditError> {
        let question = &approval.question;
        let by = account(&question.asker.grant);
        let approvals = approval.opinions.iter().filter(|opinion| opinion.approves).count();
        let mut details = vec![
            ("approval", Detail::Text(&question.id)),
            ("step", Detail::Text(step)),
            ("by", Detail::Text(&by)),
            ("section", Detail::Text(&question.section)),
            ("name", Detail::Text(&question.name)),
            ("approvals", Detail::Number(i64::try_from(approvals).unwrap_or(i64::MAX))),
            ("needed", Detail::Number(question.needed.into())),
            ("state", Detail::Text(state(approval.standing))),
        ];
        details.extend(why.map(|why| ("why", Detail::Text(why))));
        let event = Lifecycle {
            identity: Who {
                grant: Some(&question.asker.grant),
                session: Some(&who.session),
                client: who.client.as_ref().map(|client| client.text.as_str()),
                ..Who::default()
            },
            server: Some(&question.server),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Approval)
        };
        self.recorder.lifecycle(event).map(drop)
    }
}

/// Under this name opinions of whoever sits at the clients of a grant are kept.
fn account(grant: &str) -> String {
    format!("{KIND}{grant}")
}

fn state(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::Approved => "approved",
        Standing::Denied => "denied",
        Standing::Expired => "expired",
        Standing::Used => "used",
    }
}
