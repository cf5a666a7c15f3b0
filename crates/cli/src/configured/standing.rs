//! What policies say of a tool before anybody calls it.

use interlock_policy::{
    Call, Facts, ItemKind, Judgement, Origin, Policy, RuleName, Section, ToolList, Trace, TraceStep, Verdict,
    explain,
};
use serde::Serialize;

use crate::rehearsal::tools::with_tool;
use crate::rehearsal::verdict;

/// Where a tool stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Standing {
    /// `allow`, `deny` or `await_approval`, whatever the arguments are.
    pub(crate) verdict: &'static str,
    /// What decides that.
    pub(crate) rule: String,
    /// Whether rules look at its arguments, counters or circumstances too.
    pub(crate) conditions: bool,
    /// The limits that its calls are counted in.
    pub(crate) limits: Vec<String>,
}

/// On whose behalf a tool is called, and what decides.
#[derive(Clone, Copy)]
pub(crate) struct Standpoint<'s> {
    pub(crate) policies: &'s [(Origin, &'s Policy)],
    pub(crate) grant: &'s str,
    pub(crate) labels: &'s [(String, String)],
}

impl Standpoint<'_> {
    /// What may be done with a tool of a server.
    pub(crate) fn standing(&self, server: &str, tool: &str, list: &ToolList) -> Standing {
        let call = Call { section: Section::Tools, server, name: tool, arguments: None };
        let now = crate::instance::wall_ms();
        let facts = Facts { labels: self.labels, ..Facts::new(self.grant, "session", now) };
        let facts = with_tool(facts, Some(list), server, tool);
        of_trace(&explain(self.policies, &call, &facts))
    }
}

fn of_trace(trace: &Trace) -> Standing {
    let enforced = || trace.steps.iter().filter(|step| !step.shadow);
    let limits: Vec<String> =
        enforced().filter_map(|step| Some(step.need.as_ref()?.words.to_string())).collect();
    let conditions = enforced().any(is_conditional);
    let said = |verdict: Verdict, rule: &RuleName| Standing {
        verdict: self::verdict(verdict),
        rule: rule.text(),
        conditions: conditions && verdict != Verdict::Deny,
        limits: if verdict == Verdict::Deny { Vec::new() } else { limits.clone() },
    };
    if let Judgement::Decided(decision) = &trace.judgement
        && !matches!(decision.rule, RuleName::At { .. })
    {
        return said(decision.verdict, &decision.rule);
    }
    for verdict in [Verdict::Deny, Verdict::Ask] {
        let always = |step: &&TraceStep| step.verdict == verdict && is_unconditional(step);
        if let Some(step) = enforced().find(always) {
            return said(verdict, &step.rule);
        }
    }
    match trace.entries.first() {
        Some(entry) => said(Verdict::Proceed, entry),
        None => said(Verdict::Deny, &RuleName::DefaultDeny),
    }
}

/// It looks at something of the call.
fn is_conditional(step: &TraceStep) -> bool {
    step.kind == ItemKind::Validate || !step.seen.is_empty()
}

fn is_unconditional(step: &TraceStep) -> bool {
    !is_conditional(step) && step.kind != ItemKind::Limit
}
