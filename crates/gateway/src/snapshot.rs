//! The policies in force: one immutable snapshot that a call sees from beginning to end.

use interlock_policy::{Origin, Policy, TellAgent};

/// The compiled policies that apply to a wrapped server.
#[derive(Debug)]
pub struct Snapshot {
    policies: Vec<(Origin, Policy)>,
    digest: String,
}

impl Snapshot {
    /// The snapshot of one policy file, as `interlock run -c` uses it.
    pub fn of_server(policy: Policy) -> Self {
        let digest = policy.digest().to_owned();
        Self { policies: vec![(Origin::Server, policy)], digest }
    }

    /// The policies in the order in which they are judged, the server's first.
    pub fn stack(&self) -> Vec<(Origin, &Policy)> {
        self.policies.iter().map(|(origin, policy)| (*origin, policy)).collect()
    }

    /// SHA-256 (hexadecimal) over the canonical form of the policies.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How much a denied agent learns: the least that any of the policies allows.
    pub(crate) fn tell_agent(&self) -> TellAgent {
        let tell = |policy: &Policy| policy.document().tell_agent.unwrap_or_default();
        let openness = |tell: &TellAgent| match tell {
            TellAgent::Nothing => 0,
            TellAgent::Reason => 1,
            TellAgent::Full => 2,
        };
        self.policies.iter().map(|(_, policy)| tell(policy)).min_by_key(openness).unwrap_or_default()
    }
}
