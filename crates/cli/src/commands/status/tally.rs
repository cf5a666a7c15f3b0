//! Calls counted by server and by rule, from the records of the log.

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
    /// Forwarded calls that the server did not answer with a result.
    pub(super) failed: u64,
}

/// One rule's decisions.
#[derive(Debug, Default, Serialize)]
pub(super) struct RuleTally {
    /// Calls it let pass.
    pub(super) passed: u64,
    /// Calls it denied.
    pub(super) denied: u64,
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
            "intent" => tally.calls += 1,
            "refusal" => tally.denied += count,
            _ if record.text("status").as_deref() != Some("ok") => tally.failed += 1,
            _ => {}
        }
        if let Some(rule) = record.text("rule") {
            let rule =
                self.rules.entry(server.into_owned()).or_default().entry(rule.into_owned()).or_default();
            match kind.as_ref() {
                "intent" => rule.passed += 1,
                "refusal" => rule.denied += count,
                _ => {}
            }
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
        all.sort_by_key(|(.., tally)| Reverse(tally.passed + tally.denied));
        all.truncate(most);
        all
    }
}
