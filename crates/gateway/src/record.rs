//! The step that records: intent before a call is forwarded, outcome when it has ended, one record for every
//! refusal, and the events of the instance itself.

use std::fmt;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use interlock_audit::{
    ArgumentPolicy, AuditError, CounterChange, DigestKey, Entry, Finding, Flood, Fold, Folded,
    Identity as WhoRecord, InstanceId, Intent, Lifecycle, Log, Outcome, Pending, Refusal, RefusalCategory,
    Ruling, Seq, Staged, Status, Subject, Target as WhatRecord,
};
use interlock_json::Value;
use interlock_policy::Section;

use crate::denial::Denial;
use crate::identify::Identity;
use crate::metrics::{self, Metrics};
use crate::traces::CallTrace;

/// Whose refusals are counted together when there are too many: one caller's flood hides no other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer<'p> {
    /// Whoever holds this grant.
    Grant(&'p str),
    /// Nobody that is known, at this address.
    Stranger(IpAddr),
    /// This server.
    Server(&'p str),
}

impl Peer<'_> {
    /// What it is, for whoever counts.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Grant(_) | Self::Stranger(_) => "client",
            Self::Server(_) => "server",
        }
    }
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant(grant) => write!(f, "grant {grant}"),
            Self::Stranger(address) => write!(f, "address {address}"),
            Self::Server(server) => write!(f, "server {server}"),
        }
    }
}

/// What stands for the method of a request that was refused before it was a message.
pub(crate) const HTTP: &str = "HTTP";

/// Under which the floods of a peer are counted, by the step that refused.
const COUNTED: [(char, RefusalCategory); 6] = [
    ('m', RefusalCategory::Malformed),
    ('u', RefusalCategory::Unauthenticated),
    ('r', RefusalCategory::Unroutable),
    ('l', RefusalCategory::Limit),
    ('a', RefusalCategory::Unavailable),
    ('s', RefusalCategory::Server),
];

fn counted_as(category: RefusalCategory, peer: &Peer<'_>) -> String {
    let mark = COUNTED.iter().find(|(_, counted)| *counted == category).map_or('m', |(mark, _)| *mark);
    format!("{mark}{peer}")
}

/// The step that refused, and the peer in words; nobody in particular where there were too many.
fn counted(name: &str) -> (RefusalCategory, Option<&str>) {
    let mut chars = name.chars();
    let mark = chars.next();
    let found = COUNTED.iter().find(|(counted, _)| Some(*counted) == mark);
    found.map_or((RefusalCategory::Malformed, None), |(_, category)| (*category, Some(chars.as_str())))
}

/// Writes the records of one instance.
#[derive(Debug)]
pub(crate) struct Recorder {
    log: Arc<Log>,
    arguments: ArgumentPolicy,
    key: DigestKey,
    floods: Mutex<Flood>,
    metrics: Arc<Metrics>,
    /// How many will soon have something to record.
    company: AtomicUsize,
    /// How many requests are being answered, each of which has something to record before it goes on.
    answering: AtomicUsize,
}

/// Says that somebody will soon have something to record, until it goes.
#[derive(Debug)]
pub(crate) struct Company<'r>(&'r AtomicUsize);

impl Drop for Company<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The facts that every record of one request shares.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) identity: Arc<Identity>,
    pub(crate) server: Arc<str>,
    pub(crate) method: String,
    /// The caller's identifier as raw JSON.
    pub(crate) request: Option<String>,
    /// The tool, resource or prompt.
    pub(crate) subject: Option<(Section, String)>,
    /// All resources of a request that names several.
    pub(crate) resources: Vec<String>,
    pub(crate) traceparent: Option<String>,
    /// Its spans, where it is traced.
    pub(crate) trace: Option<Arc<CallTrace>>,
    /// When it was taken up.
    pub(crate) since: Instant,
}

impl About {
    fn who(&self) -> WhoRecord<'_> {
        WhoRecord {
            grant: Some(&self.identity.grant),
            session: Some(&self.identity.session),
            client: self.identity.client.as_ref().map(|client| client.text.as_str()),
            ..WhoRecord::default()
        }
    }

    fn what(&self) -> WhatRecord<'_> {
        WhatRecord {
            server: Some(&self.server),
            method: Some(&self.method),
            request: self.request.as_deref(),
            subject: match &self.subject {
                None => Subject::None,
                Some((Section::Tools, name)) => Subject::Tool(name),
                Some((Section::Resources, name)) => Subject::Resource(name),
                Some((Section::Prompts, name)) => Subject::Prompt(name),
            },
            resources: &self.resources,
        }
    }
}

/// What the decision says, as the intent records it.
#[derive(Debug, Default)]
pub(crate) struct Ruled<'a> {
    /// The approval that lets it through.
    pub(crate) approval: Option<&'a str>,
    pub(crate) mode: interlock_audit::Mode,
    pub(crate) rule: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) policy: Option<&'a str>,
    pub(crate) counters: &'a [CounterChange<'a>],
    pub(crate) shadow: &'a [Finding<'a>],
}

/// How a call ended, as the outcome records it.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) status: interlock_audit::Status,
    pub(crate) settled: Option<interlock_audit::Settlement>,
    pub(crate) latency_us: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: Option<u64>,
    pub(crate) code: Option<i64>,
    pub(crate) reason: Option<&'a str>,
}

impl Recorder {
    pub(crate) fn new(
        log: Arc<Log>,
        arguments: ArgumentPolicy,
        key: DigestKey,
        metrics: Arc<Metrics>,
    ) -> Self {
        let floods = Mutex::new(Flood::default());
        Self {
            log,
            arguments,
            key,
            floods,
            metrics,
            company: AtomicUsize::default(),
            answering: AtomicUsize::default(),
        }
    }

    /// Announces a record: those who are announced at the same time share one write.
    pub(crate) fn company(&self) -> Company<'_> {
        self.company.fetch_add(1, Ordering::Relaxed);
        Company(&self.company)
    }

    /// Notes that a request is being answered: those that are at the same time share writes.
    pub(crate) fn answering(&self) -> Company<'_> {
        self.answering.fetch_add(1, Ordering::Relaxed);
        Company(&self.answering)
    }

    /// The process whose chain this is.
    pub(crate) fn instance(&self) -> &InstanceId {
        self.log.instance()
    }

    /// What digests are keyed with.
    pub(crate) fn key(&self) -> &DigestKey {
        &self.key
    }

    /// Stages the record that a call is about to be forwarded. Until it is confirmed the call must not be.
    pub(crate) fn intent(
        &self,
        about: &About,
        arguments: Option<Value<'_>>,
        ruled: &Ruled<'_>,
    ) -> Result<Staged, AuditError> {
        self.metrics.decided(about, None, ruled.shadow.len());
        if let Some(trace) = &about.trace {
            trace.allowed(ruled.rule);
            trace.records();
        }
        let arguments = arguments.map(|value| self.arguments.record(&self.key, value));
        self.stage(&Entry::Intent(Intent {
            identity: about.who(),
            target: about.what(),
            arguments: arguments.as_ref(),
            ruling: Ruling {
                verdict: interlock_audit::Verdict::Proceed,
                mode: ruled.mode,
                rule: Some(ruled.rule),
                name: ruled.name,
                reason: ruled.reason,
                policy: ruled.policy,
                approval: ruled.approval,
                counters: ruled.counters,
                shadow: ruled.shadow,
                ..Ruling::default()
            },
            traceparent: about.traceparent.as_deref(),
        }))
    }

    /// Records how a call ended. A failure is reported by the log itself when it can write again.
    pub(crate) fn outcome(&self, about: &About, call: Seq, ended: &Ended<'_>) {
        self.metrics.ended(about, ended.status, Duration::from_micros(ended.latency_us));
        if let Some(trace) = &about.trace {
            trace.ended(metrics::status(ended.status), ended.status != Status::Ok);
        }
        let mut outcome = Outcome::new(call, ended.status);
        outcome.identity = about.who();
        outcome.target = about.what();
        outcome.settled = ended.settled;
        outcome.latency_us = Some(ended.latency_us);
        outcome.bytes_in = Some(ended.bytes_in);
        outcome.bytes_out = ended.bytes_out;
        outcome.code = ended.code;
        outcome.reason = ended.reason;
        self.must_append(&Entry::Outcome(outcome));
    }

    /// Records that a judged request was refused.
    pub(crate) fn denied(
        &self,
        about: &About,
        arguments: Option<Value<'_>>,
        denial: &Denial,
        policy: &str,
        shadow: &[Finding<'_>],
    ) {
        self.metrics.decided(about, Some(denial), shadow.len());
        if let Some(trace) = &about.trace {
            trace.refused(metrics::category(denial.category), Some(&denial.rule));
        }
        let arguments = arguments.map(|value| self.arguments.record(&self.key, value));
        let reason = match &denial.cause {
            Some(cause) => format!("{}: {cause}", denial.reason),
            None => denial.reason.clone(),
        };
        let mut refusal = Refusal::new(denial.category);
        refusal.identity = about.who();
        refusal.target = about.what();
        refusal.arguments = arguments.as_ref();
        let asked = denial.approval.as_ref();
        let pin = denial.pin.map(|pin| pin.to_string());
        refusal.ruling = Ruling {
            verdict: asked.map_or(interlock_audit::Verdict::Deny, |_| interlock_audit::Verdict::Ask),
            approval: asked.map(|waits| waits.id.as_str()),
            rule: Some(&denial.rule),
            name: denial.name.as_deref(),
            reason: Some(&reason),
            policy: Some(policy),
            pin: pin.as_deref(),
            shadow,
            ..Ruling::default()
        };
        refusal.retry_after_ms = denial.retry_after_ms;
        refusal.traceparent = about.traceparent.as_deref();
        self.must_append(&Entry::Refusal(refusal));
    }

    /// Records that a client's message was refused before policy.
    pub(crate) fn refused(&self, about: &About, code: Option<i64>, reason: &str) {
        let peer = Peer::Grant(&about.identity.grant);
        self.refused_by(RefusalCategory::Malformed, &peer, about, code, reason);
    }

    /// Records that a server's message was refused.
    pub(crate) fn refused_of_server(&self, about: &About, code: Option<i64>, reason: &str) {
        self.refused_by(RefusalCategory::Server, &Peer::Server(&about.server), about, code, reason);
    }

    /// Records that something was refused before policy. A peer that floods gets one record with a count.
    pub(crate) fn refused_by(
        &self,
        category: RefusalCategory,
        peer: &Peer<'_>,
        about: &About,
        code: Option<i64>,
        reason: &str,
    ) {
        self.metrics.refused(if about.method == HTTP { "http" } else { peer.kind() }, code);
        if let Some(trace) = &about.trace {
            trace.refused(metrics::category(category), None);
        }
        let now = now_ms();
        let mut refusal = Refusal::new(category);
        refusal.identity = about.who();
        refusal.target = about.what();
        refusal.code = code;
        refusal.ruling.reason = Some(reason);
        let (over, fold) = {
            let mut floods = self.floods.lock().unwrap_or_else(PoisonError::into_inner);
            (floods.due(now), floods.refused(&counted_as(category, peer), reason, now))
        };
        self.folded(over);
        if fold == Fold::Record {
            self.must_append(&Entry::Refusal(refusal));
        }
    }

    /// Writes the counts of floods that have passed; called from time to time and at the end.
    pub(crate) fn flush_floods(&self, at_end: bool) {
        let folded = {
            let mut floods = self.floods.lock().unwrap_or_else(PoisonError::into_inner);
            if at_end { floods.drain() } else { floods.due(now_ms()) }
        };
        self.folded(folded);
    }

    fn folded(&self, folded: Vec<Folded>) {
        for Folded { peer, count, reason, .. } in folded {
            let (category, peer) = counted(&peer);
            let mut refusal = Refusal::new(category);
            refusal.count = count;
            refusal.identity.grant = peer.and_then(|peer| peer.strip_prefix("grant "));
            let of = peer.map(|peer| format!(" of {peer}")).unwrap_or_default();
            let reason = format!("many at once{of}, of which the first: {reason}");
            refusal.ruling.reason = Some(&reason);
            self.must_append(&Entry::Refusal(refusal));
        }
    }

    /// Records an event of the instance.
    pub(crate) fn lifecycle(&self, event: Lifecycle<'_>) -> Result<Seq, AuditError> {
        self.metrics.event(event.kind);
        self.log.append(now_ms(), &Entry::Lifecycle(event))
    }

    /// Records an event that happens whether or not it is recorded; the disk has it with what is confirmed next.
    pub(crate) fn note(&self, event: Lifecycle<'_>) {
        self.metrics.event(event.kind);
        self.must_append(&Entry::Lifecycle(event));
    }

    /// Writes the last record.
    pub(crate) fn stop(&self, reason: &str) -> Result<(), AuditError> {
        self.flush_floods(true);
        self.log.stop(now_ms(), reason).map(|_| ())
    }

    /// Waits until a staged record is in the log.
    pub(crate) async fn confirm(&self, staged: Result<Staged, AuditError>) -> Result<Seq, AuditError> {
        let staged = staged?;
        self.let_others_go_first().await;
        self.on_log(move |log| log.confirm(staged)).await
    }

    /// Brings to the log what is staged: nobody is told of what is not recorded.
    pub(crate) async fn write(&self) {
        self.let_others_go_first().await;
        if let Err(error) = self.on_log(Log::write).await {
            self.missing(&error);
        }
    }

    /// Where there are others who have something to record, lets every task run that is ready to.
    async fn let_others_go_first(&self) {
        let is_alone = |count: &AtomicUsize| count.load(Ordering::Relaxed) <= 1;
        let mut waited = is_alone(&self.company) && is_alone(&self.answering);
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Where a record must be on the disk, waiting for it is left to a thread that may wait.
    async fn on_log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Log) -> Result<T, AuditError> + Send + 'static,
    ) -> Result<T, AuditError> {
        if !self.log.waits_for_disk() {
            return work(&self.log);
        }
        let log = Arc::clone(&self.log);
        let done = tokio::task::spawn_blocking(move || work(&log)).await;
        done.unwrap_or_else(|error| Err(AuditError::Interrupted(error.to_string())))
    }

    fn stage(&self, entry: &Entry<'_>) -> Result<Staged, AuditError> {
        self.log.stage(now_ms(), entry)
    }

    /// A record of something that has happened already: it cannot be prevented any more, so a failure is
    /// said aloud; the log counts what it could not write and records the number when it can.
    fn must_append(&self, entry: &Entry<'_>) {
        if let Err(error) = self.stage(entry) {
            self.missing(&error);
        }
    }

    fn missing(&self, error: &AuditError) {
        self.metrics.audit_failed();
        tracing::error!("a record is missing from the audit log: {error}");
    }

    /// What waits to be written.
    pub(crate) fn backlog(&self) -> Pending {
        self.log.pending()
    }
}

/// The wall clock, unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
