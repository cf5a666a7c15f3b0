//! One call's way through the steps: judge, reserve, record. What comes out is a ticket to forward it, or a
//! denial that has been recorded.

mod consent;

use std::sync::Arc;
use std::time::Instant;

use interlock_audit::{AuditError, Finding, Mode, Seq, Staged};
use interlock_policy::{
    Closed, CounterValues, Decision, Facts, Judgement, Need, Origin, Policy, RuleName, Section, ToolFacts,
    Verdict,
};

pub(crate) use consent::Consent;
use consent::{Called, Consented};

use crate::approvals::{Asks, Exact, Granted};
use crate::continuation::{Leg, Retry};
use crate::definitions::{DefinitionsError, ToolList};
use crate::denial::Denial;
use crate::gateway::{Gateway, OnFailure};
use crate::judge::{self, CounterSnapshot};
use crate::pins::PinnedServer;
use crate::record::{About, Ruled, now_ms};
use crate::reserve::{self, Held, Reserved};
use crate::route::Target;
use crate::settle::Ticket;
use crate::snapshot::Snapshot;

/// Where the definitions of the called server's tools come from.
pub(crate) trait DefinitionSource: Sync {
    /// The last complete list.
    fn current(&self) -> impl Future<Output = Result<Arc<ToolList>, DefinitionsError>> + Send;

    /// The same, where it is at hand.
    fn fresh(&self) -> Option<Arc<ToolList>> {
        None
    }

    /// What is accepted of them, where that is kept.
    fn pins(&self) -> Option<&PinnedServer> {
        None
    }
}

/// A call that may be forwarded: its ticket, the number of its intent, what was reserved for it, and the policies
/// that it was judged by.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) ticket: Ticket,
    pub(crate) intent: Option<Seq>,
    pub(crate) held: Option<Held>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The approval that it passes by.
    pub(crate) approval: Option<Granted>,
}

/// Why a call does not pass.
#[derive(Debug)]
pub(crate) enum Halted<'m> {
    /// It is refused.
    Refused(Refused),
    /// A person is to be asked first.
    Asks(Box<Asks<'m>>),
}

/// A refusal on its way out, with the policies that it was judged by.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) denial: Denial,
    pub(crate) snapshot: Arc<Snapshot>,
}

impl Gateway {
    /// Decides a call by one snapshot from beginning to end, whatever is reloaded meanwhile. Several targets (a subscription that names several resources) pass together or not
    /// at all. A retry of a call whose server asked for something first is judged again and takes over what was
    /// reserved for the leg before, but for what that leg has paid. A refusal has been recorded when this returns,
    /// and so has the intent of what may pass.
    pub(crate) async fn decide<'m>(
        self: &Arc<Self>,
        snapshot: Arc<Snapshot>,
        mut about: About,
        targets: &[Target<'m>],
        definitions: &impl DefinitionSource,
        retry: &Retry,
        consent: Consent<'_>,
    ) -> Result<Passage, Halted<'m>> {
        let _company = self.recorder.company();
        let arguments = targets.first().and_then(|target| target.arguments);
        let judged = self.judge_and_reserve(&snapshot, &about, targets, definitions, retry, consent).await;
        let judged = match judged {
            Ok(passed) => self.take_approval(passed, consent).await,
            stopped => stopped,
        };
        match judged {
            Ok(passed) => self.with_intent(snapshot, about, arguments, passed).await.map_err(Halted::Refused),
            Err(stopped) => {
                let Stopped { mut denial, decision, target, asks } = stopped;
                let (decision, target) = match (decision, asks, targets.first()) {
                    (Some(decision), Some(exact), Some(target)) => {
                        let target = target.clone();
                        let asks = Asks { about, target, decision, exact: *exact, snapshot };
                        return Err(Halted::Asks(Box::new(asks)));
                    }
                    (decision, ..) => (decision, target),
                };
                if let Some(target) =
                    target.and_then(|target| targets.get(target)).filter(|_| targets.len() > 1)
                {
                    denial.concerns(target.section, &target.name);
                    about.subject = Some((target.section, target.name.to_string()));
                }
                let findings = decision.as_deref().map(findings).unwrap_or_default();
                self.recorder.denied(&about, arguments, &denial, snapshot.digest(), &borrowed(&findings));
                Err(Halted::Refused(Refused { denial: *denial, snapshot }))
            }
        }
    }

    /// Decides a completion: whoever may not use a prompt or a resource learns nothing of its arguments.
    /// Its conditions and limits are for its use, not for this.
    pub(crate) async fn decide_completion(
        self: &Arc<Self>,
        snapshot: Arc<Snapshot>,
        about: About,
        targets: &[Target<'_>],
        definitions: &impl DefinitionSource,
    ) -> Result<Passage, Refused> {
        let stack = snapshot.stack();
        let closed = |target| interlock_policy::closed(&stack, &judge::call(&about.server, target));
        if let Some(Closed { rule, name, reason }) = targets.iter().find_map(closed) {
            let denial = Denial { name, ..Denial::policy(&rule.text(), reason) };
            self.recorder.denied(&about, None, &denial, snapshot.digest(), &[]);
            return Err(Refused { denial, snapshot });
        }
        for target in targets {
            if let Err(denial) = as_accepted(definitions, target).await {
                self.recorder.denied(&about, None, &denial, snapshot.digest(), &[]);
                return Err(Refused { denial, snapshot });
            }
        }
        self.with_intent(snapshot, about, None, Passed::unjudged()).await
    }

    /// Records the intent of what no policy section judges: a task's request, a method beyond the protocol that
    /// the operator listed, a question of the server's to the client.
    pub(crate) async fn unjudged(
        self: &Arc<Self>,
        snapshot: Arc<Snapshot>,
        about: About,
    ) -> Result<Passage, Refused> {
        self.with_intent(snapshot, about, None, Passed::unjudged()).await
    }

    /// Records the intent; a call whose intent is not in the log is not made.
    async fn with_intent(
        self: &Arc<Self>,
        snapshot: Arc<Snapshot>,
        about: About,
        arguments: Option<interlock_json::Value<'_>>,
        passed: Passed,
    ) -> Result<Passage, Refused> {
        let staged = self.stage_intent(&snapshot, &about, arguments, &passed);
        let held = passed.reserved.held;
        let on_its_way = staged.as_ref().ok().copied();
        let mut ticket = Ticket::new(Arc::clone(self), about, held.clone(), passed.taken, on_its_way);
        let intent = match ticket.record(staged).await {
            Ok(intent) => Some(intent),
            Err(error) if self.options.on_audit_failure == OnFailure::Allow => {
                tracing::error!("a call passes without a record, as `audit.on_failure: allow` says: {error}");
                None
            }
            // Under `durability: power_loss` the intent may have been written and only not flushed. The error
            // does not tell, and an outcome for a number that another record has would be worse than a refusal
            // beside an intent that ends `unknown`: the refusal says that the call was not made.
            Err(error) => {
                tracing::error!("calls are denied because the audit log cannot be written: {error}");
                let denial =
                    Denial::unavailable("(audit)", "the call cannot be recorded, so it is not made", &error);
                let refused =
                    |about: &About| self.recorder.denied(about, arguments, &denial, snapshot.digest(), &[]);
                ticket.refuse(refused).await;
                return Err(Refused { denial, snapshot });
            }
        };
        let approval = passed.approval.map(|approval| approval.granted);
        Ok(Passage { ticket, intent, held, snapshot, approval })
    }

    fn stage_intent(
        &self,
        snapshot: &Snapshot,
        about: &About,
        arguments: Option<interlock_json::Value<'_>>,
        passed: &Passed,
    ) -> Result<Staged, AuditError> {
        let mut findings: Vec<_> = passed.decisions.iter().flat_map(findings).collect();
        let over = passed.reserved.over.iter().cloned();
        findings.extend(over.map(|(rule, name, words)| (rule, name, interlock_audit::Verdict::Deny, words)));
        let decision = passed.decisions.first();
        let rule = decision.map_or_else(|| "(not judged)".to_owned(), |decision| decision.rule.text());
        let ruled = Ruled {
            approval: passed.approval.as_ref().map(|approval| approval.granted.id.as_str()),
            mode: decision.map(mode).unwrap_or_default(),
            rule: &rule,
            name: decision.and_then(|decision| decision.name.as_deref()),
            reason: passed.note.as_deref(),
            policy: Some(snapshot.digest()),
            counters: &passed.reserved.changes(),
            shadow: &borrowed(&findings),
        };
        self.recorder.intent(about, arguments, &ruled)
    }

    async fn judge_and_reserve(
        &self,
        snapshot: &Snapshot,
        about: &About,
        targets: &[Target<'_>],
        definitions: &impl DefinitionSource,
        retry: &Retry,
        consent: Consent<'_>,
    ) -> Result<Passed, Stopped> {
        let first = retry.first.as_ref().filter(|first| first.holds_under(snapshot));
        let stack = snapshot.stack();
        let since = Instant::now();
        let limits = &self.options.limits;
        let earlier = first.and_then(|first| first.held.as_ref());
        let request = about.request.as_deref();
        let mut looks = 0;
        // Counters that many callers share may move many times in a moment: only time says that it is too much.
        while looks < limits.rejudgements || since.elapsed() < limits.rejudging {
            looks += 1;
            let mut decisions = Vec::with_capacity(targets.len());
            let mut approval = None;
            for (place, target) in targets.iter().enumerate() {
                let labels = snapshot.labels();
                let decision = self.judge(&stack, labels, about, target, definitions, retry).await;
                let decision = decision.map_err(|stopped| stopped.at(place))?;
                if decision.verdict == Verdict::Ask {
                    let called = Called { snapshot, about, targets, place };
                    let consenting = self.consented(called, &decision, definitions, retry, consent);
                    approval = Some(Box::pin(consenting).await?);
                }
                decisions.push(*decision);
            }
            let all = decisions.iter().flat_map(|decision| &decision.needs).enumerate();
            let (places, needs): (Vec<usize>, Vec<&Need>) =
                all.filter(|(_, need)| is_due(need, first, retry)).unzip();
            let reads: Vec<_> = decisions.iter().flat_map(|decision| &decision.read).collect();
            if let Some(trace) = &about.trace {
                trace.reserves();
            }
            let reserved = reserve::reserve(self.counters.as_ref(), request, &needs, &reads, earlier).await;
            if let Some(trace) = &about.trace {
                trace.reserved();
            }
            match reserved {
                Ok(Some(reserved)) => {
                    let note = first.map(Leg::note);
                    return Ok(Passed { decisions, reserved, note, approval, taken: None });
                }
                // A counter moved between judging and reserving: judge again on what it says now.
                Ok(None) => {}
                Err(reserve::Failed::Limit { denial, need }) => {
                    let place = places.get(need).map_or(0, |need| target_of(&decisions, *need));
                    let decision = decisions.into_iter().next().map(Box::new);
                    return Err(Stopped { decision, target: Some(place), ..denial.into() });
                }
                Err(reserve::Failed::Store(error)) => {
                    return self.without_store(decisions, approval, &error);
                }
            }
        }
        let denial = Denial::unavailable(
            "(ledger)",
            "the counters this call depends on keep changing; try again",
            &"judged too often",
        );
        Err(denial.into())
    }

    fn without_store(
        &self,
        decisions: Vec<Decision>,
        approval: Option<Consented>,
        error: &interlock_store::StoreError,
    ) -> Result<Passed, Stopped> {
        match self.options.on_store_failure {
            OnFailure::Allow => {
                let note = Some(format!("not counted, as `on_store_failure: allow` says: {error}"));
                Ok(Passed { decisions, reserved: Reserved::none(), note, approval, taken: None })
            }
            OnFailure::Deny => {
                tracing::error!("calls with limits are denied because the ledger does not answer: {error}");
                let denial =
                    Denial::unavailable("(ledger)", "the limits of this call cannot be kept now", error);
                let decision = decisions.into_iter().next().map(Box::new);
                Err(Stopped { decision, ..denial.into() })
            }
        }
    }

    /// Judges one target; reads counters and definitions where its rules look at them.
    async fn judge(
        &self,
        stack: &[(Origin, &Policy)],
        labels: &[(String, String)],
        about: &About,
        target: &Target<'_>,
        definitions: &impl DefinitionSource,
        retry: &Retry,
    ) -> Result<Box<Decision>, Stopped> {
        let call = judge::call(&about.server, target);
        let list = match interlock_policy::requires_definition(stack, &call) {
            false => None,
            true => Some(Box::pin(definitions.current()).await.map_err(|error| {
                let reason = format!("the arguments of `{}` cannot be validated", target.name);
                Stopped::from(Denial::unavailable("(definitions)", &reason, &error))
            })?),
        };
        // What a rule looks at of a definition was accepted.
        if let (Some(list), Section::Tools) = (&list, target.section) {
            as_listed(definitions, list, &target.name).map_err(|denial| *denial)?;
        }
        let tool = match &list {
            None => ToolFacts::Unknown,
            Some(list) => {
                list.get(&target.name).map_or(ToolFacts::Absent, |definition| ToolFacts::Known { definition })
            }
        };
        let judged = list.as_ref().and_then(|list| list.judged(&about.server, &target.name));
        let (category, severity) =
            judged.map(|(category, severity)| (category.name(), severity.name())).unzip();
        let client = about.identity.client.as_ref().map(|client| client.name.as_str());
        let now_ms = now_ms();
        let mut counters: Option<CounterSnapshot> = None;
        // The second look has every counter that the first one asked for; rules cannot ask for more.
        for _ in 0..2 {
            let judgement = {
                let counters = counters.as_ref().map(|counters| counters as &dyn CounterValues);
                let known = Facts::new(&about.identity.grant, &about.identity.session, now_ms);
                let payment = retry.payment();
                let facts = Facts { labels, client, tool, category, severity, counters, payment, ..known };
                interlock_policy::judge(stack, &call, &facts)
            };
            match judgement {
                Judgement::Decided(decision) => {
                    let decision = decided(decision)?;
                    if list.is_none()
                        && let Err(denial) = as_accepted(definitions, target).await
                    {
                        return Err(Stopped { decision: Some(decision), ..denial.into() });
                    }
                    return Ok(decision);
                }
                Judgement::Read(keys) => {
                    let read = CounterSnapshot::read(self.counters.as_ref(), keys).await;
                    counters = Some(read.map_err(|error| {
                        Denial::unavailable(
                            "(ledger)",
                            "a counter that a rule looks at cannot be read",
                            &error,
                        )
                    })?);
                }
            }
        }
        Err(Denial::unavailable("(ledger)", "a rule looks at a counter that cannot be read", &"asked twice")
            .into())
    }
}

/// Whether a tool is listed and defined as it was accepted.
fn as_listed(definitions: &impl DefinitionSource, list: &ToolList, tool: &str) -> Result<(), Box<Denial>> {
    if list.is_malformed(tool) {
        return Err(Box::new(Denial::unlisted(list.missing(tool))));
    }
    definitions.pins().map_or(Ok(()), |pins| pins.judge(list, tool))
}

/// The same, of a tool whose list is not at hand.
async fn as_accepted(definitions: &impl DefinitionSource, target: &Target<'_>) -> Result<(), Denial> {
    let Some(pins) = definitions.pins().filter(|_| target.section == Section::Tools) else { return Ok(()) };
    let list = match definitions.fresh() {
        Some(list) => list,
        None => Box::pin(definitions.current()).await.map_err(|error| {
            let reason =
                format!("it cannot be told whether the definition of `{}` is the accepted one", target.name);
            Denial::unavailable("(definitions)", &reason, &error)
        })?,
    };
    pins.judge(&list, &target.name).map_err(|denial| *denial)
}

/// What judging and reserving let pass.
struct Passed {
    decisions: Vec<Decision>,
    reserved: Reserved,
    note: Option<String>,
    /// The approval that it passes by.
    approval: Option<Consented>,
    /// The approval that was taken for it just now.
    taken: Option<Granted>,
}

impl Passed {
    fn unjudged() -> Self {
        Self { decisions: Vec::new(), reserved: Reserved::none(), note: None, approval: None, taken: None }
    }
}

/// Whether a need is to be reserved. A retry whose first leg was let through by another policy is a new call for its
/// limits; it is still no repetition of that leg.
fn is_due(need: &Need, first: Option<&Leg>, retry: &Retry) -> bool {
    let continues_under_another = retry.first.is_some() && first.is_none();
    !(continues_under_another && need.key.is_of_one_call())
}

/// What judging or reserving stopped.
struct Stopped {
    denial: Box<Denial>,
    decision: Option<Box<Decision>>,
    /// Which of the targets it was, by its place among them.
    target: Option<usize>,
    /// The exact call that a person is to be asked about.
    asks: Option<Box<Exact>>,
}

impl Stopped {
    fn at(self, place: usize) -> Self {
        Self { target: Some(place), ..self }
    }
}

/// The target whose judging asked for the need at this place.
fn target_of(decisions: &[Decision], need: usize) -> usize {
    let ends = decisions.iter().scan(0, |end, decision| {
        *end += decision.needs.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= need).count()
}

impl From<Denial> for Stopped {
    fn from(denial: Denial) -> Self {
        Self { denial: Box::new(denial), decision: None, target: None, asks: None }
    }
}

fn decided(decision: Box<Decision>) -> Result<Box<Decision>, Stopped> {
    let denial = match decision.verdict {
        Verdict::Proceed | Verdict::Ask => return Ok(decision),
        Verdict::Deny => Denial::policy(&decision.rule.text(), decision.reason.as_str()),
    };
    let denial = Denial { name: decision.name.clone(), ..denial };
    Err(Stopped { decision: Some(decision), ..denial.into() })
}

/// What shadow constraints would have done, in the log's terms.
pub(crate) type FindingText = (String, Option<String>, interlock_audit::Verdict, String);

pub(crate) fn findings(decision: &Decision) -> Vec<FindingText> {
    let verdict = |verdict| match verdict {
        Verdict::Deny => interlock_audit::Verdict::Deny,
        Verdict::Ask => interlock_audit::Verdict::Ask,
        Verdict::Proceed => interlock_audit::Verdict::Proceed,
    };
    let finding = |finding: &interlock_policy::ShadowFinding| {
        let (name, reason) = (finding.name.clone(), finding.reason.clone());
        (finding.rule.to_string(), name, verdict(finding.verdict), reason)
    };
    decision.shadow.iter().map(finding).collect()
}

/// What would deny, and lets pass all the same, only shows what it would do.
fn mode(decision: &Decision) -> Mode {
    match (decision.verdict, &decision.rule) {
        (
            Verdict::Proceed,
            RuleName::NoPolicy | RuleName::Hidden | RuleName::DefaultDeny | RuleName::Ambiguous,
        ) => Mode::Shadow,
        _ => Mode::Enforce,
    }
}

pub(crate) fn borrowed(findings: &[FindingText]) -> Vec<Finding<'_>> {
    let mut borrowed = Vec::with_capacity(findings.len());
    for (rule, name, verdict, reason) in findings {
        borrowed.push(Finding { rule, name: name.as_deref(), verdict: *verdict, reason });
    }
    borrowed
}

#[cfg(test)]
mod tests;
