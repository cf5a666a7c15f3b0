//! Calls that are judged and counted without a server: what `explain` and `test` have in common.

pub(crate) mod call;
pub(crate) mod policies;
pub(crate) mod shown;
pub(crate) mod times;
pub(crate) mod tools;

use std::cell::Cell;

use anyhow::Context;
use interlock_gateway::rehearse::{self, Rehearsed};
use interlock_json::Decimal;
use interlock_policy::{
    Call, CounterKey, CounterValues as _, Facts, Judgement, Outcome, RuleName, Section, Trace, Trial,
    did_you_mean, quoted,
};
use interlock_store::InMemory;

use call::CallText;
use policies::Policies;
use tools::Tools;

/// Who calls, where, and what is known of the server.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) server: String,
    pub(crate) grant: String,
    pub(crate) session: String,
    /// The grant's labels.
    pub(crate) labels: Vec<(String, String)>,
    /// What the client calls itself.
    pub(crate) client: Option<String>,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            server: "server".to_owned(),
            grant: "local".to_owned(),
            session: "session".to_owned(),
            labels: Vec::new(),
            client: None,
        }
    }
}

/// A ledger and a caller, for calls one after another.
#[derive(Debug)]
pub(crate) struct Rehearsal<'p> {
    policies: &'p Policies,
    tools: Option<&'p Tools>,
    ledger: InMemory,
    now_ms: Cell<i64>,
    runtime: tokio::runtime::Runtime,
}

/// What became of a call, and why.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) trace: Trace,
    pub(crate) rehearsed: Rehearsed,
    /// What the counters of its limits held before it.
    held: Vec<(CounterKey, Decimal)>,
}

impl Judged {
    /// What a counter held before the call.
    pub(crate) fn held(&self, key: &CounterKey) -> Decimal {
        let found = self.held.iter().find(|(known, _)| known == key);
        found.map_or(Decimal::ZERO, |(_, value)| *value)
    }
}

impl<'p> Rehearsal<'p> {
    /// With a ledger that holds nothing, at a time in unix milliseconds.
    pub(crate) fn new(policies: &'p Policies, tools: Option<&'p Tools>, now_ms: i64) -> anyhow::Result<Self> {
        let ledger = InMemory::new(now_ms)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { policies, tools, ledger, now_ms: Cell::new(now_ms), runtime })
    }

    pub(crate) fn set_time(&self, now_ms: i64) {
        self.ledger.set_time(now_ms);
        self.now_ms.set(now_ms);
    }

    /// Judges a call, counts it where it goes through, and tells what was looked at.
    pub(crate) fn judge(&self, caller: &Caller, call: &CallText) -> anyhow::Result<Judged> {
        self.with_call(caller, call, |call, facts| {
            let stack = self.policies.stack();
            let keys = match interlock_policy::judge(&stack, call, facts) {
                Judgement::Read(keys) => keys,
                Judgement::Decided(_) => Vec::new(),
            };
            let values = self.runtime.block_on(rehearse::values(&self.ledger, keys))?;
            let seen = Facts { counters: Some(&values), ..*facts };
            let trace = interlock_policy::explain(&stack, call, &seen);
            let needed = trace.steps.iter().filter_map(|step| Some(step.need.as_ref()?.key.clone()));
            let held = needed.map(|key| Ok((key.clone(), self.held(&key)?)));
            let held = held.collect::<anyhow::Result<Vec<_>>>()?;
            let rehearsed = self.runtime.block_on(rehearse::decide(&stack, call, facts, &self.ledger))?;
            Ok(Judged { trace, rehearsed, held })
        })?
    }

    /// What becomes of a changed call, in a ledger of its own.
    pub(crate) fn outcome(&self, trial: &Trial<'_>, now_ms: i64) -> anyhow::Result<Outcome> {
        let ledger = InMemory::new(now_ms)?;
        let facts = Facts { counters: None, now_ms, ..trial.facts };
        let decided = self.runtime.block_on(async {
            for (key, amount) in trial.counters {
                rehearse::count(&ledger, key, *amount).await?;
            }
            anyhow::Ok(rehearse::decide(trial.stack, &trial.call, &facts, &ledger).await?)
        })?;
        let rule = match decided.decision.needs.iter().find(|need| need.rule.text() == decided.rule) {
            Some(need) => need.rule.clone(),
            None => decided.decision.rule,
        };
        Ok(Outcome { verdict: decided.verdict, rule })
    }

    /// Has a counter hold so much more.
    pub(crate) fn count(&self, key: &CounterKey, amount: Decimal) -> anyhow::Result<()> {
        Ok(self.runtime.block_on(rehearse::count(&self.ledger, key, amount))?)
    }

    /// What counters hold.
    pub(crate) fn held(&self, key: &CounterKey) -> anyhow::Result<Decimal> {
        let values = self.runtime.block_on(rehearse::values(&self.ledger, vec![key.clone()]))?;
        values.value(key).context("the counter cannot be read")
    }

    /// The counters of a name: of the policies as conditions name them, or whole.
    pub(crate) fn keys(
        &self,
        name: &str,
        caller: &Caller,
        call: Option<&CallText>,
    ) -> anyhow::Result<Vec<CounterKey>> {
        if let Some(key) = CounterKey::read(name) {
            return Ok(vec![key]);
        }
        let none = CallText { section: Section::Tools, name: String::new(), arguments: None };
        let mut keys: Vec<CounterKey> = Vec::new();
        self.with_call(caller, call.unwrap_or(&none), |call, facts| {
            for (_, policy) in self.policies.stack() {
                for key in policy.counters_named(name, call, facts) {
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
        })?;
        if keys.is_empty() {
            let known: Vec<String> =
                self.policies.stack().iter().flat_map(|(_, policy)| policy.counter_names()).collect();
            let advice = did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
                let known: Vec<String> = known.iter().map(|name| quoted(name)).collect();
                if known.is_empty() {
                    "nothing is counted".to_owned()
                } else {
                    format!("there are {}", known.join(", "))
                }
            });
            anyhow::bail!("the policies have no counter {}; {advice}", quoted(name));
        }
        Ok(keys)
    }

    /// Looks at a call with its arguments scanned.
    pub(crate) fn with_call<R>(
        &self,
        caller: &Caller,
        call: &CallText,
        look: impl FnOnce(&Call<'_>, &Facts<'_>) -> R,
    ) -> anyhow::Result<R> {
        let document = match &call.arguments {
            None => None,
            Some(text) => {
                let scanned = interlock_json::scan(text.as_str(), &interlock_json::Limits::default());
                Some(
                    scanned
                        .with_context(|| format!("the arguments of {} cannot be read", quoted(&call.name)))?,
                )
            }
        };
        let arguments = document.as_ref().map(|document| document.root());
        let called = Call { section: call.section, server: &caller.server, name: &call.name, arguments };
        let facts = Facts {
            labels: &caller.labels,
            client: caller.client.as_deref(),
            ..Facts::new(&caller.grant, &caller.session, self.now_ms.get())
        };
        let stack = self.policies.stack();
        Ok(look(&called, &tools::with_tool(facts, self.tools, &stack, &called)))
    }

    /// Whether lists show a name.
    pub(crate) fn shows(&self, section: Section, name: &str) -> bool {
        interlock_policy::visible(&self.policies.stack(), section, name)
    }
}

/// `allow`, `deny` or `await_approval`: the words of a decision.
pub(crate) fn verdict(verdict: interlock_policy::Verdict) -> &'static str {
    match verdict {
        interlock_policy::Verdict::Proceed => "allow",
        interlock_policy::Verdict::Deny => "deny",
        interlock_policy::Verdict::Ask => "await_approval",
    }
}

/// Whether a rule's name, or its pointer with or without whose policy it is in, is this one.
pub(crate) fn is_rule(rule: &RuleName, name: Option<&str>, wanted: &str) -> bool {
    let text = rule.text();
    let pointer = match rule {
        RuleName::At { pointer, .. } => Some(pointer.as_ref()),
        _ => None,
    };
    text == wanted || pointer == Some(wanted) || name == Some(wanted)
}
