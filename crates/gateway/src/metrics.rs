//! What the gateway counts of itself, for Prometheus (OpenMetrics 1.0).
//!
//! No caller and no server chooses how many series there are: labels are names that the operator configured, words of
//! the gateway's own, and names of tools as far as their server lists them, up to a limit.

mod catalogue;
mod labels;
mod tools;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use interlock_audit::{LifecycleKind, Settlement, Status};
use interlock_policy::Section;
use interlock_wire::Version;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::denial::Denial;
use crate::record::About;
pub use catalogue::{Described, METRICS};
use labels::{
    Announced, Build, Decided, How, OfServer, Operation, Outcome, Peer, Requested, Shadowed, Step, Told,
    ToolCalled, Traced, method, settlement, transport,
};
pub(crate) use labels::{Stream, Transport, category, status};
use tools::KnownTools;

type Durations = Family<OfServer, Histogram, fn() -> Histogram>;

/// The media type of what [`Metrics::text`] gives.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Requested, Counter>,
    decisions: Family<Decided, Counter>,
    shadow: Family<Shadowed, Counter>,
    tool_calls: Family<ToolCalled, Counter>,
    outcomes: Family<Outcome, Counter>,
    gateway_seconds: Durations,
    server_seconds: Durations,
    server_failures: Family<OfServer, Counter>,
    in_flight: Family<OfServer, Gauge>,
    reservations_open: Gauge,
    approvals: Family<Step, Counter>,
    approvals_held: Gauge,
    webhooks: Family<Announced, Counter>,
    settlements: Family<How, Counter>,
    refusals: Family<Peer, Counter>,
    sessions: Gauge,
    connections: Gauge,
    streams: Family<Stream, Gauge>,
    audit_queue: Gauge,
    audit_queue_bytes: Gauge,
    audit_errors: Counter,
    store_errors: Family<Operation, Counter>,
    reloads: Family<Told, Counter>,
    alarms: Counter,
    traces: Family<Traced, Counter>,
    definitions_age: Family<OfServer, Gauge<f64, AtomicU64>>,
    tools_quarantined: Family<OfServer, Gauge>,
    tools_malformed: Family<OfServer, Gauge>,
    uptime: Gauge<f64, AtomicU64>,
    /// When each server's tools were last listed.
    listed: Mutex<BTreeMap<Arc<str>, Instant>>,
    tools: KnownTools,
    since: Instant,
}

/// What is looked at only when somebody asks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Levels {
    pub(crate) sessions: usize,
    pub(crate) connections: usize,
    pub(crate) audit_records: usize,
    pub(crate) audit_bytes: usize,
}

/// One more of something that is open, until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// From 50 µs to 1.6 s: what the gateway itself takes.
fn own_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 2.0, 16))
}

/// From 1 ms to 131 s: what a server takes.
fn server_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 18))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let build = Build { version: env!("CARGO_PKG_VERSION") };
        registry.register(catalogue::BUILD.registered(), catalogue::BUILD.help, Info::new(build));
        Self {
            requests: add(&mut registry, &catalogue::REQUESTS, Family::default()),
            decisions: add(&mut registry, &catalogue::DECISIONS, Family::default()),
            shadow: add(&mut registry, &catalogue::SHADOW, Family::default()),
            tool_calls: add(&mut registry, &catalogue::TOOL_CALLS, Family::default()),
            outcomes: add(&mut registry, &catalogue::OUTCOMES, Family::default()),
            gateway_seconds: add(
                &mut registry,
                &catalogue::GATEWAY_SECONDS,
                Family::new_with_constructor(own_seconds as fn() -> Histogram),
            ),
            server_seconds: add(
                &mut registry,
                &catalogue::SERVER_SECONDS,
                Family::new_with_constructor(server_seconds as fn() -> Histogram),
            ),
            server_failures: add(&mut registry, &catalogue::SERVER_FAILURES, Family::default()),
            in_flight: add(&mut registry, &catalogue::IN_FLIGHT, Family::default()),
            approvals: add(&mut registry, &catalogue::APPROVALS, Family::default()),
            approvals_held: add(&mut registry, &catalogue::APPROVALS_HELD, Gauge::default()),
            webhooks: add(&mut registry, &catalogue::WEBHOOKS, Family::default()),
            reservations_open: add(&mut registry, &catalogue::RESERVATIONS_OPEN, Gauge::default()),
            settlements: add(&mut registry, &catalogue::SETTLEMENTS, Family::default()),
            refusals: add(&mut registry, &catalogue::REFUSALS, Family::default()),
            sessions: add(&mut registry, &catalogue::SESSIONS, Gauge::default()),
            connections: add(&mut registry, &catalogue::CONNECTIONS, Gauge::default()),
            streams: add(&mut registry, &catalogue::STREAMS, Family::default()),
            audit_queue: add(&mut registry, &catalogue::AUDIT_QUEUE, Gauge::default()),
            audit_queue_bytes: add(&mut registry, &catalogue::AUDIT_QUEUE_BYTES, Gauge::default()),
            audit_errors: add(&mut registry, &catalogue::AUDIT_ERRORS, Counter::default()),
            store_errors: add(&mut registry, &catalogue::STORE_ERRORS, Family::default()),
            reloads: add(&mut registry, &catalogue::RELOADS, Family::default()),
            alarms: add(&mut registry, &catalogue::ALARMS, Counter::default()),
            traces: add(&mut registry, &catalogue::TRACES, Family::default()),
            definitions_age: add(&mut registry, &catalogue::DEFINITIONS_AGE, Family::default()),
            tools_quarantined: add(&mut registry, &catalogue::TOOLS_QUARANTINED, Family::default()),
            tools_malformed: add(&mut registry, &catalogue::TOOLS_MALFORMED, Family::default()),
            uptime: add(&mut registry, &catalogue::UPTIME, Gauge::default()),
            listed: Mutex::default(),
            tools: KnownTools::default(),
            since: Instant::now(),
            registry,
        }
    }

    /// Everything as text, with these levels.
    pub(crate) fn text(&self, levels: Levels) -> Result<String, std::fmt::Error> {
        let level = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.sessions.set(level(levels.sessions));
        self.connections.set(level(levels.connections));
        self.audit_queue.set(level(levels.audit_records));
        self.audit_queue_bytes.set(level(levels.audit_bytes));
        self.uptime.set(self.since.elapsed().as_secs_f64());
        for (server, at) in self.listed.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let label = OfServer { server: Arc::clone(server) };
            self.definitions_age.get_or_create(&label).set(at.elapsed().as_secs_f64());
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// A request of a caller's was admitted.
    pub(crate) fn requested(
        &self,
        server: &Arc<str>,
        grant: &str,
        spec: Option<&'static str>,
        by: Transport,
        version: Version,
    ) {
        let labels = Requested {
            server: Arc::clone(server),
            grant: Arc::from(grant),
            method: method(spec),
            transport: transport(by),
            version: version.as_str(),
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// What was asked for was let through, or not for this reason.
    pub(crate) fn decided(&self, about: &About, refused: Option<&Denial>, shadow: usize) {
        let verdict = match refused {
            None => "proceed",
            Some(denial) if denial.approval.is_some() => "ask",
            Some(_) => "deny",
        };
        let labels = Decided {
            server: Arc::clone(&about.server),
            grant: Arc::from(about.identity.grant.as_str()),
            verdict,
            reason: refused.map_or("allowed", |denial| category(denial.category)),
        };
        self.decisions.get_or_create(&labels).inc();
        if let Some((Section::Tools, tool)) = &about.subject {
            let tool = self.tools.label(&about.server, tool);
            let labels = ToolCalled { server: Arc::clone(&about.server), tool, verdict };
            self.tool_calls.get_or_create(&labels).inc();
        }
        if shadow > 0 {
            let labels = Shadowed {
                server: Arc::clone(&about.server),
                grant: Arc::from(about.identity.grant.as_str()),
            };
            self.shadow.get_or_create(&labels).inc_by(shadow as u64);
        }
        if refused.is_some() {
            self.judged(about);
        }
    }

    /// The gateway has done its part of a call before the server's.
    pub(crate) fn judged(&self, about: &About) {
        let labels = OfServer { server: Arc::clone(&about.server) };
        self.gateway_seconds.get_or_create(&labels).observe(about.since.elapsed().as_secs_f64());
    }

    /// A call goes to the server.
    pub(crate) fn forwarded(&self, about: &About) -> Open {
        self.judged(about);
        let open = self.in_flight.get_or_create_owned(&OfServer { server: Arc::clone(&about.server) });
        open.inc();
        Open(open)
    }

    /// A call has ended.
    pub(crate) fn ended(&self, about: &About, how: Status, took: Duration) {
        let labels = OfServer { server: Arc::clone(&about.server) };
        self.server_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        let labels = Outcome { server: Arc::clone(&about.server), status: status(how) };
        self.outcomes.get_or_create(&labels).inc();
    }

    /// Something is reserved until this is dropped.
    pub(crate) fn reserved(&self) -> Open {
        self.reservations_open.inc();
        Open(self.reservations_open.clone())
    }

    /// A call waits for a person until this is dropped.
    pub(crate) fn held(&self) -> Open {
        self.approvals_held.inc();
        Open(self.approvals_held.clone())
    }

    /// A step of a call that needs a person.
    pub(crate) fn approval(&self, step: &'static str) {
        self.approvals.get_or_create(&Step { step }).inc();
    }

    /// A message to a webhook was delivered, failed, or is given up.
    pub(crate) fn announced(&self, result: &'static str) {
        self.webhooks.get_or_create(&Announced { result }).inc();
    }

    pub(crate) fn settled(&self, how: Settlement) {
        self.settlements.get_or_create(&How { how: settlement(how) }).inc();
    }

    /// A message was refused before policy.
    pub(crate) fn refused(&self, peer: &'static str, code: Option<i64>) {
        let code = code.map_or_else(|| Arc::from(""), |code| Arc::from(code.to_string()));
        self.refusals.get_or_create(&Peer { from: peer, code }).inc();
    }

    /// A stream of events is open until this is dropped.
    pub(crate) fn stream(&self, stream: &Stream) -> Open {
        let open = self.streams.get_or_create_owned(stream);
        open.inc();
        Open(open)
    }

    pub(crate) fn audit_failed(&self) {
        self.audit_errors.inc();
    }

    pub(crate) fn store_failed(&self, operation: &'static str) {
        self.store_errors.get_or_create(&Operation { operation }).inc();
    }

    /// A server failed.
    pub(crate) fn server_failed(&self, server: &Arc<str>) {
        self.server_failures.get_or_create(&OfServer { server: Arc::clone(server) }).inc();
    }

    /// The configuration, or a policy, was read anew.
    pub(crate) fn reloaded(&self, what: &'static str, is_good: bool) {
        let result = if is_good { "applied" } else { "rejected" };
        self.reloads.get_or_create(&Told { what, result }).inc();
    }

    /// The spans of calls have come to this: exported, dropped or failed.
    pub(crate) fn traced(&self, result: &'static str, calls: u64) {
        self.traces.get_or_create(&Traced { result }).inc_by(calls);
    }

    /// An event of the instance.
    pub(crate) fn event(&self, kind: LifecycleKind) {
        match kind {
            LifecycleKind::PolicyReload => self.reloaded("policy", true),
            LifecycleKind::PolicyRejected => self.reloaded("policy", false),
            LifecycleKind::Alarm => {
                self.alarms.inc();
            }
            _ => {}
        }
    }

    /// So many tools of a server are in quarantine.
    pub(crate) fn quarantined(&self, server: &Arc<str>, tools: usize) {
        let labels = OfServer { server: Arc::clone(server) };
        self.tools_quarantined.get_or_create(&labels).set(i64::try_from(tools).unwrap_or(i64::MAX));
    }

    /// So many entries of a server's list are left out.
    pub(crate) fn malformed(&self, server: &Arc<str>, tools: usize) {
        let labels = OfServer { server: Arc::clone(server) };
        self.tools_malformed.get_or_create(&labels).set(i64::try_from(tools).unwrap_or(i64::MAX));
    }

    /// A server listed these tools: from now on they have their names in what is counted.
    pub(crate) fn listed<'n>(&self, server: &Arc<str>, tools: impl Iterator<Item = &'n str>) {
        self.tools.learn(server, tools);
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.insert(Arc::clone(server), Instant::now());
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, described: &Described, metric: M) -> M {
    registry.register(described.registered(), described.help, metric.clone());
    metric
}

#[cfg(test)]
mod tests;
