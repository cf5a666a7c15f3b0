//! An entry laid flat: every field that a record can have, so that one function writes them all in order.

use crate::arguments::Arguments;
use crate::entry::{
    CounterChange, Detail, Entry, Identity, Intent, Lifecycle, LifecycleKind, Mode, Outcome, Refusal,
    RefusalCategory, Ruling, Settlement, Severity, Status, Subject, Target, Verdict,
};

/// Every kind of record.
pub const KINDS: [&str; 18] = [
    "intent",
    "outcome",
    "refusal",
    "start",
    "stop",
    "policy_load",
    "policy_reload",
    "policy_rejected",
    "configuration",
    "server_start",
    "server_stop",
    "alarm",
    "torn",
    "unrecorded",
    "read",
    "reclock",
    "approval",
    "pin",
];

#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) kind: &'static str,
    pub(crate) category: &'static str,
    pub(crate) severity: Severity,
    pub(crate) identity: Identity<'a>,
    pub(crate) target: Target<'a>,
    pub(crate) tool: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    pub(crate) prompt: Option<&'a str>,
    pub(crate) arguments: Option<&'a Arguments>,
    pub(crate) ruling: Ruling<'a>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) counters: &'a [CounterChange<'a>],
    pub(crate) call: Option<u64>,
    pub(crate) status: Option<&'static str>,
    pub(crate) settled: Option<&'static str>,
    pub(crate) latency_us: Option<u64>,
    pub(crate) bytes_in: Option<u64>,
    pub(crate) bytes_out: Option<u64>,
    pub(crate) redactions: Option<u64>,
    pub(crate) code: Option<i64>,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) count: Option<u64>,
    pub(crate) details: &'a [(&'a str, Detail<'a>)],
    pub(crate) traceparent: Option<&'a str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(entry: &Entry<'a>) -> Self {
        match entry {
            Entry::Intent(intent) => Self::intent(intent),
            Entry::Outcome(outcome) => Self::outcome(outcome),
            Entry::Refusal(refusal) => Self::refusal(refusal),
            Entry::Lifecycle(event) => Self::lifecycle(event),
        }
    }

    fn bare(kind: &'static str, category: &'static str, severity: Severity) -> Self {
        Self {
            kind,
            category,
            severity,
            identity: Identity::default(),
            target: Target::default(),
            tool: None,
            resource: None,
            prompt: None,
            arguments: None,
            ruling: Ruling::default(),
            verdict: None,
            mode: None,
            counters: &[],
            call: None,
            status: None,
            settled: None,
            latency_us: None,
            bytes_in: None,
            bytes_out: None,
            redactions: None,
            code: None,
            retry_after_ms: None,
            count: None,
            details: &[],
            traceparent: None,
        }
    }

    fn on(mut self, identity: Identity<'a>, target: Target<'a>) -> Self {
        self.identity = identity;
        self.target = target;
        match target.subject {
            Subject::None => {}
            Subject::Tool(name) => self.tool = Some(name),
            Subject::Resource(uri) => self.resource = Some(uri),
            Subject::Prompt(name) => self.prompt = Some(name),
        }
        self
    }

    fn ruled(mut self, ruling: Ruling<'a>) -> Self {
        self.ruling = ruling;
        self.counters = ruling.counters;
        self.verdict = Some(ruling.verdict);
        self.mode = Some(match ruling.mode {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        });
        self
    }

    fn intent(intent: &Intent<'a>) -> Self {
        Self {
            arguments: intent.arguments,
            traceparent: intent.traceparent,
            ..Self::bare("intent", "call", Severity::Informational)
                .on(intent.identity, intent.target)
                .ruled(intent.ruling)
        }
    }

    fn outcome(outcome: &Outcome<'a>) -> Self {
        let severity = match outcome.status {
            Status::Ok | Status::Cancelled => Severity::Informational,
            Status::ToolError | Status::Error | Status::TimedOut | Status::NotSent => Severity::Low,
            Status::Disconnected | Status::Blocked | Status::Unknown => Severity::Medium,
        };
        Self {
            ruling: Ruling { reason: outcome.reason, ..Ruling::default() },
            counters: outcome.counters,
            call: Some(outcome.call.0),
            status: Some(status(outcome.status)),
            settled: outcome.settled.map(|settled| match settled {
                Settlement::Commit => "commit",
                Settlement::Release => "release",
                Settlement::Refund => "refund",
            }),
            latency_us: outcome.latency_us,
            bytes_in: outcome.bytes_in,
            bytes_out: outcome.bytes_out,
            redactions: (outcome.redactions > 0).then_some(outcome.redactions),
            code: outcome.code,
            ..Self::bare("outcome", "call", severity).on(outcome.identity, outcome.target)
        }
    }

    fn refusal(refusal: &Refusal<'a>) -> Self {
        let (category, severity) = refused(refusal.category);
        Self {
            arguments: refusal.arguments,
            code: refusal.code,
            retry_after_ms: refusal.retry_after_ms,
            count: (refusal.count != 1).then_some(refusal.count),
            traceparent: refusal.traceparent,
            ..Self::bare("refusal", category, refusal.severity.unwrap_or(severity))
                .on(refusal.identity, refusal.target)
                .ruled(refusal.ruling)
        }
    }

    fn lifecycle(event: &Lifecycle<'a>) -> Self {
        let (kind, category, severity) = happened(event.kind);
        Self {
            identity: event.identity,
            target: Target { server: event.server, ..Target::default() },
            ruling: Ruling { policy: event.policy, reason: event.reason, ..Ruling::default() },
            count: event.count,
            details: event.details,
            ..Self::bare(kind, category, event.severity.unwrap_or(severity))
        }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::ToolError => "tool_error",
        Status::Error => "error",
        Status::Cancelled => "cancelled",
        Status::TimedOut => "timed_out",
        Status::Disconnected => "disconnected",
        Status::Blocked => "blocked",
        Status::NotSent => "not_sent",
        Status::Unknown => "unknown",
    }
}

fn refused(category: RefusalCategory) -> (&'static str, Severity) {
    match category {
        RefusalCategory::Malformed => ("malformed", Severity::Medium),
        RefusalCategory::Unauthenticated => ("unauthenticated", Severity::Medium),
        RefusalCategory::Unroutable => ("unroutable", Severity::Low),
        RefusalCategory::Policy => ("policy", Severity::Low),
        RefusalCategory::Limit => ("limit", Severity::Low),
        RefusalCategory::Approval => ("approval", Severity::Low),
        RefusalCategory::Pin => ("pin", Severity::High),
        RefusalCategory::Unavailable => ("unavailable", Severity::High),
        RefusalCategory::Server => ("server", Severity::Medium),
    }
}

fn happened(kind: LifecycleKind) -> (&'static str, &'static str, Severity) {
    match kind {
        LifecycleKind::Start => ("start", "lifecycle", Severity::Informational),
        LifecycleKind::Stop => ("stop", "lifecycle", Severity::Informational),
        LifecycleKind::PolicyLoad => ("policy_load", "policy", Severity::Informational),
        LifecycleKind::PolicyReload => ("policy_reload", "policy", Severity::Low),
        LifecycleKind::PolicyRejected => ("policy_rejected", "policy", Severity::High),
        LifecycleKind::Configuration => ("configuration", "policy", Severity::Low),
        LifecycleKind::ServerStart => ("server_start", "lifecycle", Severity::Informational),
        LifecycleKind::ServerStop => ("server_stop", "lifecycle", Severity::Low),
        LifecycleKind::Alarm => ("alarm", "alarm", Severity::Critical),
        LifecycleKind::Torn => ("torn", "log", Severity::High),
        LifecycleKind::Unrecorded => ("unrecorded", "log", Severity::High),
        LifecycleKind::Read => ("read", "log", Severity::Informational),
        LifecycleKind::Reclock => ("reclock", "ledger", Severity::High),
        LifecycleKind::Approval => ("approval", "approval", Severity::Low),
        LifecycleKind::Pin => ("pin", "pin", Severity::Medium),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known() {
        use LifecycleKind as Kind;
        let events = [
            Kind::Start,
            Kind::Stop,
            Kind::PolicyLoad,
            Kind::PolicyReload,
            Kind::PolicyRejected,
            Kind::Configuration,
            Kind::ServerStart,
            Kind::ServerStop,
            Kind::Alarm,
            Kind::Torn,
            Kind::Unrecorded,
            Kind::Read,
            Kind::Reclock,
            Kind::Approval,
            Kind::Pin,
        ];
        let named = ["intent", "outcome", "refusal"].into_iter();
        let kinds: Vec<_> = named.chain(events.into_iter().map(|kind| happened(kind).0)).collect();
        assert_eq!(kinds, KINDS);
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
        let page = std::fs::read_to_string(page).unwrap();
        for kind in KINDS {
            assert!(page.contains(&format!("\n| `{kind}` |")), "docs/audit.md has no row for `{kind}`");
        }
    }
}
