//! Calls counted by server and by rule, from the records of the log.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use interlock_audit::Record;
use serde::Serialize;

/// What was called.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    /// By server.
    pub(super) servers: BTreeMap<String, ServerTally>,
    /// By server, then by rule.
    rules: BTreeMap<String, BTreeMap<String, RuleTally>>,
}

/// One server's calls.
#[derive(Debug, Default, Serialize)]
pub(super) struct ServerTally {
    /// Calls that were forwarded.
    pub(super) calls: u64,
    /// Requests that were refused.
    pub(super) denied: u64,
    /// Requests that were told to wait for a person, who had not decided yet.
    pub(super) asked: u64,
    /// Calls that passed, and that a rule in shadow mode would have denied.
    pub(super) would_deny: u64,
    /// Forwarded calls that the server did not answer with a result.
    pub(super) failed: u64,
    /// Lines and messages of the server that are none of the protocol's and were not relayed.
    pub(super) discarded: u64,
}

/// One rule's decisions.
#[derive(Debug, Default, Serialize)]
pub(super) struct RuleTally {
    /// The name that its author gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Calls it let pass.
    pub(super) passed: u64,
    /// Calls it denied.
    pub(super) denied: u64,
    /// Calls that it had wait for a person, who had not decided yet.
    pub(super) asked: u64,
    /// Calls that it would have denied, or asked a person about, were it not in shadow mode.
    pub(super) would_deny: u64,
}

impl Tally {
    /// Takes in one record.
    pub(super) fn add(&mut self, record: &Record) {
        let Some(server) = record.text("server") else { return };
        let kind = record.kind();
        if !matches!(kind.as_ref(), "intent" | "outcome" | "refusal") {
            return;
        }
        let tally = self.servers.entry(server.to_string()).or_default();
        // One record may stand for a whole flood.
        let count = record.number("count").unwrap_or(1);
        match kind.as_ref() {
            "intent" => {
                tally.calls += 1;
                tally.would_deny += u64::from(record.shadow().next().is_some());
            }
            "refusal" if record.text("category").as_deref() == Some("server") => tally.discarded += count,
            "refusal" if is_asked(record) => tally.asked += count,
            "refusal" => tally.denied += count,
            _ if record.text("status").as_deref() != Some("ok") => tally.failed += 1,
            _ => {}
        }
        self.add_rules(&server, record, &kind, count);
    }

    fn add_rules(&mut self, server: &str, record: &Record, kind: &str, count: u64) {
        if kind == "outcome" {
            return;
        }
        let rules = self.rules.entry(server.to_owned()).or_default();
        if let Some(rule) = record.text("rule") {
            let rule = rules.entry(rule.into_owned()).or_default();
            // The newest name counts: records come in the order of time.
            rule.name = record.text("name").map(Cow::into_owned).or(rule.name.take());
            match kind {
                "intent" => rule.passed += 1,
                _ if is_asked(record) => rule.asked += count,
                _ => rule.denied += count,
            }
        }
        for shadow in record.shadow().filter(|_| kind == "intent") {
            let rule = rules.entry(shadow.rule.into_owned()).or_default();
            rule.name = shadow.name.map(Cow::into_owned).or(rule.name.take());
            rule.would_deny += 1;
        }
    }

    /// The rules that decided most, with their servers.
    pub(super) fn busiest(&self, most: usize) -> Vec<(&str, &str, &RuleTally)> {
        let mut all: Vec<(&str, &str, &RuleTally)> = self
            .rules
            .iter()
            .flat_map(|(server, rules)| {
                rules.iter().map(|(rule, tally)| (server.as_str(), rule.as_str(), tally))
            })
            .collect();
        all.sort_by_key(|(.., tally)| Reverse(tally.passed + tally.denied + tally.asked + tally.would_deny));
        all.truncate(most);
        all
    }
}

/// Whether a person has to decide, and nobody has.
fn is_asked(record: &Record) -> bool {
    record.text("verdict").as_deref() == Some("ask")
}
