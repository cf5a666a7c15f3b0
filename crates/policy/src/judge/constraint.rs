//! One constraint and one call: whether it objects, and in which words.

use super::{Phase, validation, with_text};
use crate::compile::{CompiledWhen, Constraint, ConstraintTest};
use crate::condition::{self, Compiled, CompiledLeaf, Kindness, Look, Outcome, Why};
use crate::counter::CounterTemplate;
use crate::describe;
use crate::fact::ToolFacts;

impl Constraint {
    /// Every test of a value in it.
    pub(crate) fn leaves(&self) -> Vec<&CompiledLeaf> {
        let mut leaves = Vec::new();
        if let ConstraintTest::Conditions { conditions, .. } = &self.test {
            conditions.iter().for_each(|condition| condition.leaves(&mut |leaf| leaves.push(leaf)));
        }
        leaves
    }

    /// Every counter that its conditions may read.
    pub(super) fn counters<'p>(&'p self, each: &mut impl FnMut(&'p CounterTemplate)) {
        if let ConstraintTest::Conditions { conditions, when, .. } = &self.test {
            when.iter().flat_map(|when| &when.counters).flatten().for_each(&mut *each);
            for condition in conditions {
                condition.leaves(&mut |leaf| leaf.counter.iter().for_each(&mut *each));
            }
        }
    }

    /// Whether nothing about the call matters to it.
    pub(crate) fn is_unconditional(&self) -> bool {
        matches!(&self.test, ConstraintTest::Conditions { conditions, when: None, .. } if conditions.is_empty())
    }

    /// Whether it never objects: a rule whose only condition bounds its own counter is tested as a limit.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(&self.test, ConstraintTest::Conditions { kindness: Kindness::Allow, conditions, when: None, .. } if conditions.is_empty())
    }

    /// Why the constraint objects to the call, or asks for a person; `None` where it does not.
    pub(crate) fn objection(&self, phase: Phase, look: &mut Look<'_>) -> Option<String> {
        match &self.test {
            ConstraintTest::Arguments(validate) => {
                validation::objection(*validate, look).map(|why| match look.facts.tool {
                    ToolFacts::Known { .. } => self.told(why),
                    ToolFacts::Unknown | ToolFacts::Absent => why,
                })
            }
            ConstraintTest::Conditions { kindness: Kindness::Allow, conditions, when, .. } => self
                .must_hold(conditions, look)
                .or_else(|| when.as_ref().and_then(|when| self.expression_must_hold(when, look))),
            ConstraintTest::Conditions { kindness: Kindness::Deny, conditions, when, objection } => {
                let when = when.as_deref();
                self.objects(phase, (conditions, when), objection, look)
            }
        }
    }

    fn must_hold(&self, conditions: &[Compiled], look: &mut Look<'_>) -> Option<String> {
        for condition in conditions {
            match condition.judge(look) {
                Outcome::True => {}
                Outcome::False => {
                    let told = || describe::requirement(condition);
                    return Some(self.on_deny.as_deref().map_or_else(told, str::to_owned));
                }
                Outcome::Unknown(leaf, why) => return Some(self.told(unknown(leaf, &why))),
            }
        }
        None
    }

    fn expression_must_hold(&self, when: &CompiledWhen, look: &mut Look<'_>) -> Option<String> {
        match when.judge(look) {
            Ok(true) => None,
            Ok(false) => {
                let told = || format!("{} must hold", describe::expression(&when.expression));
                Some(self.on_deny.as_deref().map_or_else(told, str::to_owned))
            }
            Err(why) => Some(self.told(why)),
        }
    }

    fn objects(
        &self,
        phase: Phase,
        (conditions, when): (&[Compiled], Option<&CompiledWhen>),
        objection: &str,
        look: &mut Look<'_>,
    ) -> Option<String> {
        let mut unknown = match condition::all(conditions, look) {
            Outcome::False => return None,
            Outcome::True => None,
            Outcome::Unknown(leaf, why) => Some(unknown(leaf, &why)),
        };
        match when.map(|when| when.judge(look)) {
            Some(Ok(false)) => return None,
            Some(Err(why)) => unknown = unknown.or(Some(why)),
            Some(Ok(true)) | None => {}
        }
        let always = conditions.is_empty() && when.is_none();
        Some(match (unknown, &self.on_deny) {
            (Some(unknown), _) => self.told(unknown),
            (None, Some(text)) => text.to_string(),
            (None, None) if always && phase == Phase::Ask => "the policy asks a person every time".to_owned(),
            (None, None) if always => {
                format!(
                    "{} {} is denied by policy",
                    look.call.section.noun(),
                    describe::quoted(look.call.name)
                )
            }
            (None, None) => objection.to_owned(),
        })
    }

    fn told(&self, why: String) -> String {
        with_text(self.on_deny.as_deref(), why)
    }
}

fn unknown(leaf: &CompiledLeaf, why: &Why) -> String {
    format!("{} {}", leaf.subject(), why.words())
}
