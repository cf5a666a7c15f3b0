//! A call's two records and the log they go to.

use std::path::Path;

use anyhow::Result;
use interlock_audit::{
    ArgumentPolicy, CounterChange, DigestKey, Entry, Identity, InstanceId, Intent, Log, Options, Outcome,
    Ruling, Seq, Settlement, Status, Subject, Target, Verdict,
};
use interlock_json::{Decimal, Document, Limits, scan};

use crate::messages::{ARGUMENTS, TOOL};

/// A moment in 2026.
const NOW_MS: i64 = 1_790_000_000_000;
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A log in a directory, and the arguments of the call that is recorded.
#[derive(Debug)]
pub struct Recording {
    log: Log,
    key: DigestKey,
    arguments: Document<String>,
}

impl Recording {
    /// Opens a new chain in this directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(directory: &Path) -> Result<Self> {
        let instance = InstanceId::generate(NOW_MS)?;
        Ok(Self {
            log: Log::open(directory, &instance, Options::default())?,
            key: DigestKey::open(directory)?,
            arguments: scan(ARGUMENTS.to_owned(), &Limits::default())?,
        })
    }

    /// Canonical form and keyed digest of the arguments, as they stand in a record.
    pub fn arguments(&self) -> interlock_audit::Arguments {
        ArgumentPolicy::Keys.record(&self.key, self.arguments.root())
    }

    /// The intent of a call with three limits.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn intent(&self) -> Result<Seq> {
        let arguments = self.arguments();
        let change = |key| CounterChange { key, before: Decimal::from(41_i64), after: Decimal::from(42_i64) };
        let counters = [
            change("server=payments/tools/create_charge/_rate_minute/minute/sliding/grant=local"),
            change("server=payments/tools/create_charge/daily_spend/day/calendar/grant=local"),
            change("server=payments/tools/*/_rate_hour/hour/sliding/grant=local"),
        ];
        let intent = Intent {
            identity: identity(),
            target: target(),
            arguments: Some(&arguments),
            ruling: Ruling {
                verdict: Verdict::Proceed,
                rule: Some("server:/tools/create_charge"),
                policy: Some(DIGEST),
                counters: &counters,
                ..Ruling::default()
            },
            traceparent: None,
        };
        Ok(self.log.append(NOW_MS, &Entry::Intent(intent))?)
    }

    /// The outcome of that call.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn outcome(&self, call: Seq) -> Result<Seq> {
        let mut outcome = Outcome::new(call, Status::Ok);
        outcome.identity = identity();
        outcome.target = target();
        outcome.settled = Some(Settlement::Commit);
        outcome.latency_us = Some(1_234);
        outcome.bytes_in = Some(321);
        outcome.bytes_out = Some(210);
        Ok(self.log.append(NOW_MS, &Entry::Outcome(outcome))?)
    }
}

fn identity() -> Identity<'static> {
    Identity {
        grant: Some("local"),
        session: Some("01jzq3w8m4f8d9"),
        client: Some("bench/1"),
        ..Identity::default()
    }
}

fn target() -> Target<'static> {
    Target {
        server: Some("payments"),
        method: Some("tools/call"),
        request: Some("41"),
        subject: Subject::Tool(TOOL),
        resources: &[],
    }
}
