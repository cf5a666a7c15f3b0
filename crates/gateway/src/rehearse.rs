//! Judging and reserving without a client, a server or a record: for trying policies before they are live.

use interlock_json::Decimal;
use interlock_policy::{
    Call, CounterKey, CounterValues, Decision, Facts, Judgement, Origin, Policy, ShadowFinding, Verdict,
};
use interlock_store::{Bound, Counters, Need, Refund, ReserveAnswer, ReserveRequest, Settle, StoreError};

use crate::judge::CounterSnapshot;
use crate::reserve::{self, Failed, Held, counter_of};

/// What would become of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// Whether the call would go through.
    pub verdict: Verdict,
    /// What decided: a rule's pointer with its policy, or a name in parentheses.
    pub rule: String,
    /// The rule's `name`.
    pub name: Option<String>,
    /// Why, in words for the agent.
    pub reason: String,
    /// For a limit that is used up: when the same call would pass.
    pub retry_after_ms: Option<u64>,
    /// What constraints in shadow mode would have done, limits among them.
    pub shadow: Vec<ShadowFinding>,
    /// Each counter of the call, before and after; empty where nothing is counted.
    pub changes: Vec<(CounterKey, Decimal, Decimal)>,
    /// What the policies alone decided.
    pub decision: Decision,
}

/// Why nothing can be said about a call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RehearseError {
    /// The ledger does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rules want a counter that was supplied already.
    #[error("a rule looks at a counter that cannot be read")]
    Unread,
}

/// Judges a call as the gateway does, and counts it where it goes through. A call that waits for a person is
/// denied where its limits are used up, and counts nothing otherwise.
///
/// # Errors
/// When the ledger cannot answer.
pub async fn decide(
    stack: &[(Origin, &Policy)],
    call: &Call<'_>,
    facts: &Facts<'_>,
    counters: &dyn Counters,
) -> Result<Rehearsed, RehearseError> {
    let decision = judged(stack, call, facts, counters).await?;
    let needs: Vec<_> = decision.needs.iter().collect();
    let reads: Vec<_> = decision.read.iter().collect();
    let reserved = match decision.verdict {
        Verdict::Deny => return Ok(Rehearsed::of(decision)),
        Verdict::Ask | Verdict::Proceed => reserve::reserve(counters, None, &needs, &reads, None).await,
    };
    match reserved {
        Ok(Some(reserved)) => {
            let keys = decision.needs.iter().map(|need| need.key.clone());
            let changes = keys.zip(reserved.changes).map(|(key, (_, before, after))| (key, before, after));
            let changes: Vec<_> = changes.collect();
            let mut rehearsed = Rehearsed::of(decision);
            rehearsed.add_over(&reserved.over);
            if rehearsed.verdict == Verdict::Ask {
                if let Some(Held { id, .. }) = reserved.held {
                    counters.settle(id, Settle::Release).await?;
                }
            } else {
                rehearsed.changes = changes;
            }
            Ok(rehearsed)
        }
        // Nobody else counts here, so that nothing moves between judging and reserving.
        Ok(None) => Err(RehearseError::Unread),
        Err(Failed::Limit { denial, .. }) => Ok(Rehearsed {
            verdict: Verdict::Deny,
            rule: denial.rule,
            name: denial.name,
            reason: denial.reason,
            retry_after_ms: denial.retry_after_ms,
            ..Rehearsed::of(decision)
        }),
        Err(Failed::Store(error)) => Err(error.into()),
    }
}

async fn judged(
    stack: &[(Origin, &Policy)],
    call: &Call<'_>,
    facts: &Facts<'_>,
    counters: &dyn Counters,
) -> Result<Decision, RehearseError> {
    match interlock_policy::judge(stack, call, facts) {
        Judgement::Decided(decision) => Ok(*decision),
        Judgement::Read(keys) => {
            let values = CounterSnapshot::read(counters, keys).await?;
            let facts = Facts { counters: Some(&values), ..*facts };
            match interlock_policy::judge(stack, call, &facts) {
                Judgement::Decided(decision) => Ok(*decision),
                Judgement::Read(_) => Err(RehearseError::Unread),
            }
        }
    }
}

/// What counters hold.
///
/// # Errors
/// When the ledger cannot answer.
pub async fn values(
    counters: &dyn Counters,
    keys: Vec<CounterKey>,
) -> Result<impl CounterValues + use<>, StoreError> {
    CounterSnapshot::read(counters, keys).await
}

/// Has a counter hold so much more, whatever its limit.
///
/// # Errors
/// When the ledger cannot answer, or the amount cannot be counted.
pub async fn count(counters: &dyn Counters, key: &CounterKey, amount: Decimal) -> Result<(), StoreError> {
    let counter = counter_of(key);
    let held = counters.read(vec![counter.clone()]).await?.into_iter().next().unwrap_or_default();
    // Under a bound that just holds it, so that time is kept as exactly as a limit would.
    let bound = held.checked_add(amount).map_or(Bound::None, Bound::AtMost);
    let (label, refund) = (String::new(), Refund::Never);
    let need = Need { counter, amount, bound, label, shadow: false, refund, pays: false };
    let request = ReserveRequest { needs: vec![need], ..ReserveRequest::default() };
    match counters.reserve(request).await? {
        ReserveAnswer::Reserved(_) => Ok(()),
        ReserveAnswer::Exhausted(_) | ReserveAnswer::Stale => {
            let message = format!("{amount} is no amount that can be counted");
            Err(StoreError::Failed { action: "count", message })
        }
    }
}

impl Rehearsed {
    fn of(decision: Decision) -> Self {
        Self {
            verdict: decision.verdict,
            rule: decision.rule.text(),
            name: decision.name.clone(),
            reason: decision.reason.clone(),
            retry_after_ms: None,
            shadow: decision.shadow.clone(),
            changes: Vec::new(),
            decision,
        }
    }

    /// Limits in shadow mode that would have denied the call.
    fn add_over(&mut self, over: &[(String, Option<String>, String)]) {
        for (rule, name, reason) in over {
            let is_its = |need: &&interlock_policy::Need| need.shadow && need.rule.text() == *rule;
            let Some(need) = self.decision.needs.iter().find(is_its) else { continue };
            self.shadow.push(ShadowFinding {
                rule: need.rule.clone(),
                name: name.clone(),
                verdict: Verdict::Deny,
                reason: reason.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use interlock_policy::{Section, Source, Syntax, compile};
    use interlock_store::InMemory;

    use super::*;

    const POLICY: &str = "
version: '1'
default: deny
tools:
  ask: { rules: [{ action: require_approval }, { name: once, rate_limit: 1/hour }] }
  try: { rules: [{ name: watched, mode: shadow, rate_limit: 1/hour }] }
  cap: { rules: [{ conditions: [{ path: state.cap.n, op: lt, value: 2 }], state: { counter: n, window: day } }] }
  look: { deny_if: [{ conditions: [{ path: state.cap.n, op: gte, value: 1 }] }] }
";

    async fn decided(policy: &Policy, ledger: &InMemory, name: &str) -> Rehearsed {
        let call = Call { section: Section::Tools, server: "s", name, arguments: None };
        let facts = Facts::new("g", "n", 0);
        decide(&[(Origin::Server, policy)], &call, &facts, ledger).await.unwrap()
    }

    #[tokio::test]
    async fn calls_are_counted_as_in_earnest() {
        let source = Source { name: "policy", text: POLICY, syntax: Syntax::Yaml };
        let policy = compile(&source).0.unwrap();
        let ledger = InMemory::new(0).unwrap();
        // Each call with its verdict, what decided, what was counted, and what shadows found.
        for (name, verdict, rule, counted, shadow) in [
            ("ask", Verdict::Ask, "server:/tools/ask/rules/0", 0, 0),
            ("ask", Verdict::Ask, "server:/tools/ask/rules/0", 0, 0),
            ("try", Verdict::Proceed, "server:/tools/try", 1, 0),
            ("try", Verdict::Proceed, "server:/tools/try", 1, 1),
            ("look", Verdict::Proceed, "server:/tools/look", 0, 0),
            ("cap", Verdict::Proceed, "server:/tools/cap", 1, 0),
            ("look", Verdict::Deny, "server:/tools/look/deny_if/0", 0, 0),
            ("cap", Verdict::Deny, "server:/tools/cap/rules/0", 0, 0),
            ("none", Verdict::Deny, "(default deny)", 0, 0),
        ] {
            let found = decided(&policy, &ledger, name).await;
            assert_eq!((found.verdict, found.rule.as_str()), (verdict, rule), "{name}");
            assert_eq!((found.changes.len(), found.shadow.len()), (counted, shadow), "{name}");
        }
        // A limit that is used up denies before anybody is asked.
        let call = Call { section: Section::Tools, server: "s", name: "ask", arguments: None };
        let facts = Facts::new("g", "n", 0);
        let key = policy.counters_named("ask._rate_hour_0", &call, &facts).remove(0);
        count(&ledger, &key, Decimal::ONE).await.unwrap();
        let found = decided(&policy, &ledger, "ask").await;
        assert_eq!((found.verdict, found.name.as_deref()), (Verdict::Deny, Some("once")));
        assert_eq!(
            (found.reason.as_str(), found.retry_after_ms),
            ("1 call per hour reached", Some(3_600_001))
        );
        let minus = "-1".parse().unwrap();
        assert!(count(&ledger, &key, minus).await.is_err());
    }
}
