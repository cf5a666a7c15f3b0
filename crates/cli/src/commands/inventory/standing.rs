//! What policies say of a tool before anybody calls it.

use interlock_policy::{
    Call, Facts, ItemKind, Judgement, RuleName, Section, ToolFacts, ToolList, Trace, TraceStep, Verdict,
    explain,
};
use serde::Serialize;

use super::callers::Caller;
use super::pinned::{Pins, Quarantine};
use crate::configured::asked::Offered;
use crate::rehearsal::verdict;

/// Where a tool stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Standing {
    /// `allow`, `deny` or `await_approval`, whatever the arguments are.
    pub(super) verdict: &'static str,
    /// What decides that.
    pub(super) rule: String,
    /// Whether rules look at its arguments, counters or circumstances too.
    pub(super) conditions: bool,
    /// The limits that its calls are counted in.
    pub(super) limits: Vec<String>,
    /// Why it is in quarantine, where it is: hidden and denied, whatever the policy says.
    pub(super) quarantine: Option<Quarantine>,
}

impl Standing {
    fn quarantined(why: Quarantine) -> Self {
        let rule = format!("(quarantined: {})", why.words());
        Self { verdict: "deny", rule, conditions: false, limits: Vec::new(), quarantine: Some(why) }
    }
}

/// Nobody stands between the client and the server.
const NO_POLICY: &str = "(no policy)";

/// What a caller may do with a tool.
pub(super) fn standing(
    caller: &Caller,
    server: &str,
    offer: (&Offered, &ToolList),
    pins: &Pins,
) -> Result<Standing, String> {
    let policies = caller.policies.as_ref().map_err(Clone::clone)?;
    let (Offered { definition, judgement }, list) = offer;
    let tool = definition.tool.as_str();
    let Some(grant) = &caller.grant else {
        let rule = NO_POLICY.to_owned();
        let limits = Vec::new();
        return Ok(Standing { verdict: "allow", rule, conditions: false, limits, quarantine: None });
    };
    if let Some(why) = pins.quarantine(tool)? {
        return Ok(Standing::quarantined(why));
    }
    let call = Call { section: Section::Tools, server, name: tool, arguments: None };
    let now = crate::instance::wall_ms();
    let facts = Facts {
        labels: &caller.labels,
        tool: list.get(tool).map_or(ToolFacts::Absent, |definition| ToolFacts::Known { definition }),
        category: Some(judgement.category.name()),
        severity: Some(judgement.severity.name()),
        ..Facts::new(grant, "session", now)
    };
    Ok(of_trace(&explain(&policies.stack(), &call, &facts)))
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
        quarantine: None,
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
