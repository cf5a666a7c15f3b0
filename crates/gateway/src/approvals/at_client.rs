//! Deciding at the client that makes a call (`approve: client`), in the name of whoever sits there.

use std::sync::Arc;

use interlock_audit::{AuditError, Identity as Who, Lifecycle};
use interlock_store::Approval;

use super::desk::{decide, note};
use super::elicitation::Word;
use super::{Account, Book, Saying};
use crate::gateway::Gateway;
use crate::identify::Identity;

/// The chain of a gateway, whose records say which client it was.
struct AtClient<'a> {
    gateway: &'a Gateway,
    who: &'a Identity,
}

impl Book for AtClient<'_> {
    fn record(&self, event: Lifecycle<'_>) -> Result<(), AuditError> {
        let client = self.who.client.as_ref().map(|client| client.text.as_str());
        let identity = Who { session: Some(&self.who.session), client, ..event.identity };
        Book::record(self.gateway, Lifecycle { identity, ..event })
    }

    fn decided(&self, approval: &Approval) {
        Book::decided(self.gateway, approval);
    }
}

impl Gateway {
    /// Notes what the person at the client said about this call.
    pub(crate) async fn said_at_client(self: &Arc<Self>, approval: &Approval, who: &Identity, word: &Word) {
        let by = Account::Client(approval.question.asker.grant.clone());
        let (approves, reason) = match word {
            Word::Yes(reason) => (true, reason),
            Word::No(reason) => (false, reason),
            Word::Later => return self.at_client(approval, who, "put off"),
            Word::NotUnderstood => return self.at_client(approval, who, "not understood"),
        };
        if approval.question.needed != 1 {
            return self.at_client(approval, who, "not allowed");
        }
        let (gateway, id, who) = (Arc::clone(self), approval.question.id.clone(), who.clone());
        let reason = reason.clone();
        // The call may end meanwhile: what is begun is done, and recorded, all the same.
        let deciding = tokio::spawn(async move {
            let saying = Saying { by: &by, approves, reason: reason.as_deref() };
            let book = AtClient { gateway: &gateway, who: &who };
            let Some(people) = gateway.people() else { return };
            if let Err(error) = decide(people.store.as_ref(), &book, &id, &saying).await {
                tracing::error!("what was said at a client about a call: {error}");
            }
        });
        if let Err(error) = deciding.await {
            tracing::error!("what was said at a client about a call: {error}");
        }
    }

    /// Records a step at a client that decides nothing.
    pub(crate) fn at_client(&self, approval: &Approval, who: &Identity, step: &str) {
        let by = Account::Client(approval.question.asker.grant.clone());
        let book = AtClient { gateway: self, who };
        if let Err(error) = note(&book, approval, &by, None, step) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
    }

    /// Where people decide about a call, where there is such a place. Who opens it has to log in.
    pub(crate) fn console_of(&self, approval: &str) -> Option<String> {
        self.places.as_ref().map(|places| places.page(approval))
    }
}
