//! How people are asked, as the policy whose rule asks has it.

use std::time::Duration;

use interlock_policy::{Decision, RuleName};
use interlock_store::Patience;

use crate::limits::Limits;
use crate::snapshot::Snapshot;

/// How long a question stands where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How long a call waits for its answer where nothing is said: clients give up after a minute.
const HOLD: Duration = Duration::from_secs(45);
/// How long a call that was denied, or made, is not asked about again where nothing is said.
const DEDUPE: Duration = Duration::from_secs(5 * 60);

/// How people are asked about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Who may decide.
    pub(crate) approvers: Vec<String>,
    /// How many different people have to say yes.
    pub(crate) needed: u32,
    /// How long the call itself waits.
    pub(crate) hold: Duration,
    /// How long the question stands.
    pub(crate) patience: Patience,
}

impl Settings {
    /// Those of the policy whose rule decided.
    pub(crate) fn of(decision: &Decision, snapshot: &Snapshot, limits: &Limits) -> Self {
        let asking = match &decision.rule {
            RuleName::At { origin, .. } => Some(*origin),
            _ => None,
        };
        let stack = snapshot.stack();
        let policy = stack.iter().find(|(origin, _)| Some(*origin) == asking).map(|(_, policy)| policy);
        let said = policy.and_then(|policy| policy.document().approvals.as_ref());
        let seconds = |said: Option<u64>, otherwise| said.map_or(otherwise, Duration::from_secs);
        let timeout = decision.approval_timeout.or(said.and_then(|said| said.timeout));
        Self {
            approvers: said.map(|said| said.approvers.clone()).unwrap_or_default(),
            needed: said.and_then(|said| said.needed).unwrap_or(1),
            hold: seconds(said.and_then(|said| said.hold), HOLD),
            patience: Patience {
                timeout_ms: ms(seconds(timeout, TIMEOUT)),
                dedupe_ms: ms(seconds(said.and_then(|said| said.dedupe_window), DEDUPE)),
                most: limits.questions_of_grant as u64,
            },
        }
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
