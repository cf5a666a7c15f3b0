//! The policies in force: one immutable snapshot that a call sees from beginning to end.

use std::sync::Arc;

use interlock_policy::{Origin, Policy, TellAgent};
use interlock_store::Target;
use sha2::{Digest as _, Sha256};

use crate::approvals::{Approvers, NotNamed, Webhook};
use crate::parts::Parts;

/// The compiled policies that apply to one server for one grant.
#[derive(Debug)]
pub struct Snapshot {
    policies: Vec<(Origin, Arc<Policy>)>,
    digest: String,
    /// The grant's labels, which its rules may look at.
    labels: Arc<[(String, String)]>,
    /// To whom it is announced what people are asked.
    webhooks: Vec<Arc<Webhook>>,
    /// Who may decide beside what the policies say.
    approvers: Approvers,
}

impl Snapshot {
    /// The snapshot of one policy file, as `interlock run -c` uses it.
    pub fn of_server(policy: Policy) -> Self {
        Self::new(Some(Arc::new(policy)), None)
    }

    /// The snapshot of a server's policy and a grant's. Where there is neither, every call is denied.
    pub fn new(server: Option<Arc<Policy>>, grant: Option<Arc<Policy>>) -> Self {
        let policies: Vec<_> = server
            .map(|policy| (Origin::Server, policy))
            .into_iter()
            .chain(grant.map(|policy| (Origin::Grant, policy)))
            .collect();
        let digest = match policies.as_slice() {
            [(Origin::Server, policy)] => policy.digest().to_owned(),
            several => digest(several),
        };
        Self {
            policies,
            digest,
            labels: Arc::default(),
            webhooks: Vec::new(),
            approvers: Approvers::default(),
        }
    }

    /// The same, for a grant with these labels.
    #[must_use]
    pub fn labelled(self, labels: Arc<[(String, String)]>) -> Self {
        Self { labels, ..self }
    }

    /// The same, with what people are asked announced to these.
    #[must_use]
    pub fn announcing(self, webhooks: Vec<Arc<Webhook>>) -> Self {
        Self { webhooks, ..self }
    }

    /// The same, with these who may decide.
    ///
    /// # Errors
    /// [`NotNamed`] where a policy names a group that there is not.
    pub fn decided_by(self, approvers: Approvers) -> Result<Self, NotNamed> {
        for (_, policy) in &self.policies {
            let said = policy.document().approvals.as_ref();
            approvers.knows(said.map(|said| said.approvers.as_slice()).unwrap_or_default())?;
        }
        Ok(Self { approvers, ..self })
    }

    /// Who may decide beside what the policies say.
    pub(crate) fn approvers(&self) -> &Approvers {
        &self.approvers
    }

    /// To whom it is announced what people are asked, each once.
    pub(crate) fn announce_to(&self) -> Vec<Target> {
        let mut targets: Vec<Target> = self.webhooks.iter().map(|webhook| webhook.target()).collect();
        targets.sort();
        targets.dedup();
        targets
    }

    /// The grant's labels, each with its value.
    pub(crate) fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// Whether calls are decided by the same, and announced to the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.digest == other.digest
            && self.labels == other.labels
            && self.announce_to() == other.announce_to()
            && self.approvers == other.approvers
    }

    /// By what calls are decided: policies, labels, and who may decide (SHA-256). To whom that is announced is no part
    /// of it.
    pub(crate) fn judged_by(&self) -> [u8; 32] {
        let mut parts = Parts::of("judged by");
        parts.add(self.digest.as_bytes());
        for (label, value) in self.labels.iter() {
            parts.add(label.as_bytes());
            parts.add(value.as_bytes());
        }
        self.approvers.add_to(&mut parts);
        parts.digest()
    }

    /// The policies in the order in which they are judged, the server's first.
    pub fn stack(&self) -> Vec<(Origin, &Policy)> {
        self.policies.iter().map(|(origin, policy)| (*origin, policy.as_ref())).collect()
    }

    /// SHA-256 (hexadecimal) over the canonical form of the policies.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How much a denied agent learns: the least that any of the policies allows.
    pub(crate) fn tell_agent(&self) -> TellAgent {
        let tell = |policy: &Arc<Policy>| policy.document().tell_agent.unwrap_or_default();
        let openness = |tell: &TellAgent| match tell {
            TellAgent::Nothing => 0,
            TellAgent::Reason => 1,
            TellAgent::Full => 2,
        };
        self.policies.iter().map(|(_, policy)| tell(policy)).min_by_key(openness).unwrap_or_default()
    }
}

/// One digest over several policies, each with where it is from.
fn digest(policies: &[(Origin, Arc<Policy>)]) -> String {
    let mut hash = Sha256::new();
    for (origin, policy) in policies {
        hash.update(format!("{origin:?}:{}\n", policy.digest()));
    }
    hex::encode(hash.finalize())
}
