//! A decision with everything that was looked at: for people, not for the way of a call.

use crate::compile::{Constraint, ConstraintTest};
use crate::condition::{Kindness, Look, Truth};
use crate::decision::{Call, Facts, Judgement, Origin, RuleName, Verdict};
use crate::judge::{Applied, Phase, Walk, judge};
use crate::{CounterKey, Policy};

/// The judgement of a call and what every constraint that applies made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The judgement, exactly as [`judge`] gives it.
    pub judgement: Judgement,
    /// Every constraint that applies, in the order in which they are judged: enforced ones, then shadow ones.
    pub steps: Vec<TraceStep>,
}

/// One constraint of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceStep {
    /// `validate`, `deny`, `require`, `approve` or `limit`.
    pub phase: &'static str,
    /// The constraint.
    pub rule: RuleName,
    /// The rule's `name`.
    pub name: Option<String>,
    /// In shadow mode.
    pub shadow: bool,
    /// What it would do on its own: `Proceed` where it is content.
    pub verdict: Verdict,
    /// Why it objects or asks.
    pub reason: Option<String>,
    /// Its conditions.
    pub seen: Vec<Seen>,
    /// For limits: the counter.
    pub counter: Option<CounterKey>,
}

/// What one condition saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The condition in words.
    pub condition: String,
    /// `Some(holds)`, or `None` where it cannot be judged.
    pub holds: Option<bool>,
    /// Why it cannot be judged.
    pub why: Option<String>,
}

/// Judges a call and tells what every constraint that applies made of it, also those after the one that decided.
pub fn explain(stack: &[(Origin, &Policy)], call: &Call<'_>, facts: &Facts<'_>) -> Trace {
    let mut walk = Walk::new(stack, call, facts);
    let mut steps = Vec::new();
    for shadow in [false, true] {
        for phase in Phase::ALL {
            for index in 0..walk.applied.len() {
                let Some(applied) = walk.applied.get(index).copied() else { continue };
                let constraints = if shadow { &applied.entry.shadowed } else { &applied.entry.enforced };
                for constraint in phase.of(constraints) {
                    steps.push(step(constraint, phase, applied.origin, shadow, &mut walk.look));
                }
            }
        }
        for applied in &walk.applied {
            limits(applied, shadow, &walk.look, &mut steps);
        }
    }
    Trace { judgement: judge(stack, call, facts), steps }
}

fn step(
    constraint: &Constraint,
    phase: Phase,
    origin: Origin,
    shadow: bool,
    look: &mut Look<'_>,
) -> TraceStep {
    let reason = constraint.objection(phase, look);
    TraceStep {
        phase: match phase {
            Phase::Validate => "validate",
            Phase::Deny => "deny",
            Phase::Hold => "require",
            Phase::Ask => "approve",
        },
        rule: RuleName::At { origin, pointer: constraint.pointer.clone() },
        name: constraint.name.as_deref().map(str::to_owned),
        shadow,
        verdict: if reason.is_some() { phase.verdict() } else { Verdict::Proceed },
        reason,
        seen: seen(constraint, look),
        counter: None,
    }
}

fn seen(constraint: &Constraint, look: &mut Look<'_>) -> Vec<Seen> {
    let kindness = match &constraint.test {
        ConstraintTest::Arguments(_) => return Vec::new(),
        ConstraintTest::Conditions { kindness, .. } => *kindness,
    };
    let see = |leaf: &crate::condition::Leaf| {
        let (holds, why) = match leaf.judge(kindness, look) {
            Truth::True => (Some(true), None),
            Truth::False => (Some(false), None),
            Truth::Unknown(why) => (None, Some(format!("{} {}", leaf.subject, why.words()))),
        };
        let condition = match kindness {
            Kindness::Allow => leaf.requirement.to_string(),
            Kindness::Deny => crate::describe::objection(std::iter::once(&leaf.condition)),
        };
        Seen { condition, holds, why }
    };
    constraint.leaves().iter().map(see).collect()
}

fn limits(applied: &Applied<'_>, shadow: bool, look: &Look<'_>, steps: &mut Vec<TraceStep>) {
    let constraints = if shadow { &applied.entry.shadowed } else { &applied.entry.enforced };
    for limit in &constraints.limits {
        let need = limit.need(applied.origin, look);
        steps.push(TraceStep {
            phase: "limit",
            rule: RuleName::At { origin: applied.origin, pointer: limit.pointer.clone() },
            name: limit.name.as_deref().map(str::to_owned),
            shadow,
            verdict: if need.is_ok() { Verdict::Proceed } else { Verdict::Deny },
            reason: need.as_ref().err().cloned(),
            seen: Vec::new(),
            counter: need.ok().map(|need| need.key),
        });
    }
}
