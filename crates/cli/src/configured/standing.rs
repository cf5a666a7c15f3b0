//! What policies say of a tool before anybody calls it.

use interlock_policy::{
    Call, Facts, ItemKind, Judgement, Origin, Policy, RuleName, Section, ToolFacts, ToolList, Trace,
    TraceStep, Verdict, explain,
};
use serde::Serialize;

use crate::configured::asked::Offered;
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
    /// Why it is in quarantine, where it is: hidden and denied, whatever the policy says.
    pub(crate) quarantine: Option<Quarantine>,
}

/// Why a tool is hidden and its calls are denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Quarantine {
    /// Nobody has accepted any definition of it.
    New,
    /// Its definition is another than the accepted one.
    Changed,
    /// It was another for a time, and is the accepted one again.
    Back,
}

impl Quarantine {
    /// As `interlock pins list` has it.
    const fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Back => "was another",
        }
    }
}

impl Standing {
    pub(crate) fn quarantined(why: Quarantine) -> Self {
        let rule = format!("(quarantined: {})", why.words());
        Self { verdict: "deny", rule, conditions: false, limits: Vec::new(), quarantine: Some(why) }
    }
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
    pub(crate) fn standing(&self, server: &str, tool: &Offered, list: &ToolList) -> Standing {
        let Offered { definition, judgement } = tool;
        let name = definition.tool.as_str();
        let call = Call { section: Section::Tools, server, name, arguments: None };
        let facts = Facts {
            labels: self.labels,
            tool: list.get(name).map_or(ToolFacts::Absent, |definition| ToolFacts::Known { definition }),
            category: Some(judgement.category.name()),
            severity: Some(judgement.severity.name()),
            ..Facts::new(self.grant, "session", crate::instance::wall_ms())
        };
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
