//! A decision with everything that was looked at: for people, not for the way of a call.

use crate::compile::{CompiledWhen, Constraint, ConstraintTest};
use crate::condition::{Compiled, Kindness, Look, Outcome};
use crate::decision::{Call, Judgement, Origin, RuleName, Verdict};
use crate::describe;
use crate::fact::Facts;
use crate::judge::{Applied, Phase, Walk, judge};
use crate::{ItemKind, Need, Policy};

/// The judgement of a call and what every constraint that applies made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The judgement, exactly as [`judge`] gives it.
    pub judgement: Judgement,
    /// The entries that apply: the server's policy before the grant's, exact names before globs before `"*"`.
    pub entries: Vec<RuleName>,
    /// Every constraint that applies, in the order in which they are judged: enforced ones, then shadow ones.
    pub steps: Vec<TraceStep>,
}

/// One constraint of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceStep {
    /// The phase in which it is judged.
    pub kind: ItemKind,
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
    /// For limits: what would be reserved.
    pub need: Option<Need>,
}

/// What one condition saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The condition in words.
    pub condition: String,
    /// Where it looks: `args.amount`; `None` where conditions are inside it.
    pub path: Option<String>,
    /// `Some(holds)`, or `None` where it cannot be judged.
    pub holds: Option<bool>,
    /// Why it cannot be judged.
    pub why: Option<String>,
    /// The values that it looked at, as they are written, the first few of many; empty where there is none.
    pub values: Vec<String>,
    /// `any`, `all` or `not`, where conditions are inside it.
    pub joins: Option<&'static str>,
    /// The conditions inside it.
    pub inner: Vec<Seen>,
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
                for constraint in phase.of(constraints).iter().filter(|constraint| !constraint.is_idle()) {
                    steps.push(step(constraint, phase, applied.origin, shadow, &mut walk.look));
                }
            }
        }
        for applied in &walk.applied {
            limits(applied, shadow, &walk.look, &mut steps);
        }
    }
    let name = |applied: &Applied<'_>| RuleName::At {
        origin: applied.origin,
        pointer: applied.entry.pointer.clone(),
    };
    let entries = walk.applied.iter().map(name).collect();
    Trace { judgement: judge(stack, call, facts), entries, steps }
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
        kind: phase.kind(),
        rule: RuleName::At { origin, pointer: constraint.pointer.clone() },
        name: constraint.name.as_deref().map(str::to_owned),
        shadow,
        verdict: if reason.is_some() { phase.verdict() } else { Verdict::Proceed },
        reason,
        seen: seen(constraint, look),
        need: None,
    }
}

fn seen(constraint: &Constraint, look: &mut Look<'_>) -> Vec<Seen> {
    match &constraint.test {
        ConstraintTest::Arguments(_) => Vec::new(),
        ConstraintTest::Conditions { kindness, conditions, when, .. } => {
            let words = match kindness {
                Kindness::Allow => describe::requirement,
                Kindness::Deny => describe::statement,
            };
            let mut seen: Vec<Seen> =
                conditions.iter().map(|condition| see(condition, words, look)).collect();
            seen.extend(when.iter().map(|when| see_expression(when, look)));
            seen
        }
    }
}

fn see_expression(when: &CompiledWhen, look: &mut Look<'_>) -> Seen {
    let (holds, why) = match when.judge(look) {
        Ok(holds) => (Some(holds), None),
        Err(why) => (None, Some(why)),
    };
    let condition = when.expression.as_str().to_owned();
    Seen { condition, path: None, holds, why, values: Vec::new(), joins: None, inner: Vec::new() }
}

/// Every condition is judged for itself, also those that the others have settled.
fn see(condition: &Compiled, words: fn(&Compiled) -> String, look: &mut Look<'_>) -> Seen {
    let (holds, why) = match condition.judge(look) {
        Outcome::True => (Some(true), None),
        Outcome::False => (Some(false), None),
        Outcome::Unknown(leaf, why) => (None, Some(format!("{} {}", leaf.subject(), why.words()))),
    };
    let (joins, inner): (_, &[Compiled]) = match condition {
        Compiled::Leaf(_) => (None, &[]),
        Compiled::Any(inner) => (Some("any"), inner),
        Compiled::All(inner) => (Some("all"), inner),
        Compiled::Not(inner) => (Some("not"), std::slice::from_ref(inner)),
    };
    let (path, values) = match condition {
        Compiled::Leaf(leaf) => (Some(leaf.written.path.to_string()), leaf.seen(look)),
        Compiled::Any(_) | Compiled::All(_) | Compiled::Not(_) => (None, Vec::new()),
    };
    let inner = inner.iter().map(|inner| see(inner, describe::statement, look)).collect();
    Seen { condition: words(condition), path, holds, why, values, joins, inner }
}

fn limits(applied: &Applied<'_>, shadow: bool, look: &Look<'_>, steps: &mut Vec<TraceStep>) {
    let constraints = if shadow { &applied.entry.shadowed } else { &applied.entry.enforced };
    for limit in &constraints.limits {
        let need = limit.need(applied.origin, look);
        steps.push(TraceStep {
            kind: ItemKind::Limit,
            rule: RuleName::At { origin: applied.origin, pointer: limit.pointer.clone() },
            name: limit.name.as_deref().map(str::to_owned),
            shadow,
            verdict: if need.is_ok() { Verdict::Proceed } else { Verdict::Deny },
            reason: need.as_ref().err().cloned(),
            seen: Vec::new(),
            need: need.ok().flatten(),
        });
    }
}
