//! How people are asked, as the policies have it.

use std::time::Duration;

use interlock_policy::{Approvals, Approve, Decision};
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
    /// Whether there are as many people who may decide as are needed.
    pub(crate) has_enough: bool,
    /// Who may decide; empty: every operator.
    pub(crate) approvers: Vec<String>,
    /// Whether whoever sits at the client may decide, too.
    pub(crate) at_client: bool,
    /// How many different people have to say yes.
    pub(crate) needed: u32,
    /// How long the call itself waits.
    pub(crate) hold: Duration,
    /// How long the question stands.
    pub(crate) patience: Patience,
}

impl Settings {
    /// Those of all policies that the call was judged by: whoever decides has to be somebody whom each of them names, and
    /// the strictest number and shortest times hold.
    pub(crate) fn of(decision: &Decision, snapshot: &Snapshot, limits: &Limits) -> Self {
        let stack = snapshot.stack();
        let said: Vec<&Approvals> =
            stack.iter().filter_map(|(_, policy)| policy.document().approvals.as_ref()).collect();
        let shortest = |of: fn(&Approvals) -> Option<u64>, otherwise| {
            said.iter().filter_map(|said| of(said)).min().map_or(otherwise, Duration::from_secs)
        };
        let timeout = match decision.approval_timeout {
            Some(seconds) => Duration::from_secs(seconds),
            None => shortest(|said| said.timeout, TIMEOUT),
        };
        let named: Vec<&[String]> = said.iter().map(|said| said.approvers.as_slice()).collect();
        let approvers = snapshot.approvers().in_common(&named);
        let dedupe = said.iter().filter_map(|said| said.dedupe_window).max().map(Duration::from_secs);
        let needed = said.iter().filter_map(|said| said.needed).max().unwrap_or(1);
        Self {
            has_enough: approvers.as_ref().is_none_or(|approvers| are_enough(approvers.len(), needed)),
            at_client: approvers.is_none() && may_at_client(&said),
            approvers: approvers.unwrap_or_default(),
            needed,
            hold: shortest(|said| said.hold, HOLD),
            patience: Patience {
                timeout_ms: ms(timeout),
                dedupe_ms: ms(dedupe.unwrap_or(DEDUPE)),
                most: limits.questions_of_grant as u64,
                most_bytes: limits.question_bytes_of_grant as u64,
            },
        }
    }
}

/// Whether whoever sits at the client may decide: where all that is said allows it. They are nobody who is named, and
/// never two.
fn may_at_client(said: &[&Approvals]) -> bool {
    let may = |said: &&Approvals| {
        said.approve == Some(Approve::Client)
            && said.approvers.is_empty()
            && said.needed.is_none_or(|needed| needed == 1)
    };
    !said.is_empty() && said.iter().all(may)
}

fn are_enough(people: usize, needed: u32) -> bool {
    u32::try_from(people).is_ok_and(|people| people >= needed)
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_decides_where_every_policy_that_speaks_of_approvals_says_so() {
        let client = Approvals { approve: Some(Approve::Client), ..Approvals::default() };
        let people = Approvals { approve: Some(Approve::People), ..Approvals::default() };
        let silent = Approvals { hold: Some(1), ..Approvals::default() };
        let named = Approvals { approvers: vec!["ada".to_owned()], ..client.clone() };
        let two = Approvals { needed: Some(2), ..client.clone() };
        for (said, expected) in [
            (&[][..], false),
            (&[&client], true),
            (&[&client, &client], true),
            (&[&people], false),
            (&[&silent], false),
            (&[&client, &silent], false),
            (&[&people, &client], false),
            (&[&client, &named], false),
            (&[&two], false),
        ] {
            assert_eq!(may_at_client(said), expected, "{said:?}");
        }
    }
}
