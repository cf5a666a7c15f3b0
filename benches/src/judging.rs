//! A call and the policy that judges it.

use std::collections::HashMap;

use anyhow::{Context, Result};
use interlock_json::{Decimal, Document, Limits, scan};
use interlock_policy::{
    Call, CounterKey, CounterValues, Decision, Facts, Judgement, Origin, Policy, Section, Verdict, judge,
};

use crate::messages::{ARGUMENTS, TOOL};
use crate::policies::compiled;

/// Everything that a judgement needs.
#[derive(Debug)]
pub struct Judging {
    policy: Policy,
    arguments: Document<String>,
    counters: Held,
}

/// Counters that hold something.
#[derive(Debug, Default)]
struct Held(HashMap<CounterKey, Decimal>);

impl CounterValues for Held {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        self.0.get(counter).copied()
    }
}

impl Judging {
    /// The call of [`messages`](crate::messages) under this policy, which lets it through.
    ///
    /// # Errors
    /// When it does not.
    pub fn new(policy: &str) -> Result<Self> {
        let arguments = scan(ARGUMENTS.to_owned(), &Limits::default())?;
        let mut judging = Self { policy: compiled(policy)?, arguments, counters: Held::default() };
        if let Judgement::Read(keys) = judging.judge() {
            judging.counters.0 = keys.into_iter().map(|key| (key, Decimal::ONE)).collect();
        }
        let verdict = judging.decide().context("the call needs counters twice")?.verdict;
        anyhow::ensure!(verdict == Verdict::Proceed, "the call is not let through");
        Ok(judging)
    }

    /// Judges the call.
    pub fn judge(&self) -> Judgement {
        let arguments = Some(self.arguments.root());
        let call = Call { section: Section::Tools, server: "payments", name: TOOL, arguments };
        let counters: Option<&dyn CounterValues> = match self.counters.0.is_empty() {
            true => None,
            false => Some(&self.counters),
        };
        let facts = Facts { counters, ..Facts::new("local", "01jzq3w8m4f8d9", 1_772_409_600_000) };
        judge(&[(Origin::Server, &self.policy)], &call, &facts)
    }

    /// The decision, where no further counters are asked for.
    pub fn decide(&self) -> Option<Box<Decision>> {
        match self.judge() {
            Judgement::Decided(decision) => Some(decision),
            Judgement::Read(_) => None,
        }
    }
}
