//! What every call shares: the counters, the log, the limits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use interlock_audit::{ArgumentPolicy, AuditError, Detail, DigestKey, Lifecycle, LifecycleKind, Log};
use interlock_store::{Approvals, Counters, Pins};

use crate::access::Access;
use crate::admin::ConsoleAddress;
use crate::approvals::{Announcer, People, Places, Webhook, WebhookError, Webhooks};
use crate::condition::Conditions;
use crate::definitions;
use crate::limits::Limits;
use crate::metered::Metered;
use crate::metrics::Metrics;
use crate::pins::Pinning;
use crate::record::Recorder;
use crate::sealed::Sealer;
use crate::server_log::ServerLog;
use crate::snapshot::Snapshot;
use crate::tasks::Tasks;
use crate::traces::{TraceOptions, Traces};

/// What to do with a call that needs something which does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Deny it.
    #[default]
    Deny,
    /// Let it pass; every such call is recorded, or where the log itself fails, said aloud.
    Allow,
}

/// What the operator chose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The named limits.
    pub limits: Limits,
    /// When the store cannot answer.
    pub on_store_failure: OnFailure,
    /// When the audit log cannot be written.
    pub on_audit_failure: OnFailure,
    /// Where spans of calls go; nowhere where nothing is said.
    pub traces: Option<TraceOptions>,
}

/// Where a policy is from, and for whom it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The grant's name.
    pub grant: String,
    /// The server's name.
    pub server: String,
    /// The file, as records name it.
    pub path: String,
}

impl PolicyFile {
    fn identity(&self) -> interlock_audit::Identity<'_> {
        interlock_audit::Identity { grant: Some(&self.grant), ..interlock_audit::Identity::default() }
    }
}

/// One gateway.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) counters: Arc<dyn Counters>,
    pub(crate) recorder: Recorder,
    pub(crate) options: Options,
    pub(crate) metrics: Arc<Metrics>,
    /// Seals what clients are given to bring back; made when it is first needed.
    sealer: OnceLock<Option<Sealer>>,
    connections: AtomicU64,
    /// Calls that go on as tasks.
    pub(crate) tasks: Tasks,
    traces: Option<Arc<Traces>>,
    pub(crate) conditions: Conditions,
    /// Who is asked where a rule asks a person.
    people: Option<People>,
    /// Which definitions of tools are trusted; all of them where nothing keeps that.
    pinning: Option<Pinning>,
    /// What was said of definitions that are malformed.
    pub(crate) malformed: definitions::Told,
    /// Where it is announced what people are asked.
    pub(crate) webhooks: Webhooks,
    pub(crate) announcer: Mutex<Option<Announcer>>,
    /// Where people decide, as far as they can be told.
    pub(crate) places: Option<Places>,
    /// What servers say on standard error.
    pub(crate) server_log: Arc<ServerLog>,
}

impl Gateway {
    /// Puts a gateway together.
    pub fn new(
        counters: Arc<dyn Counters>,
        log: Arc<Log>,
        arguments: ArgumentPolicy,
        key: DigestKey,
        options: Options,
    ) -> Self {
        let metrics = Arc::new(Metrics::new());
        let tasks = Tasks::new(&key);
        let (webhooks, places) = (Webhooks::new(key.clone()), None);
        let recorder = Recorder::new(log, arguments, key, Arc::clone(&metrics));
        let counters = Arc::new(Metered::new(counters, Arc::clone(&metrics)));
        let (sealer, connections) = (OnceLock::new(), AtomicU64::new(1));
        let traces = options.traces.as_ref().and_then(|options| Traces::start(options, &metrics));
        let (conditions, people, server_log) = (Conditions::default(), None, Arc::default());
        Self {
            counters,
            recorder,
            options,
            metrics,
            sealer,
            connections,
            tasks,
            traces,
            conditions,
            people,
            pinning: None,
            malformed: definitions::Told::default(),
            webhooks,
            announcer: Mutex::default(),
            places,
            server_log,
        }
    }

    /// The same, where people can be asked about calls: what is asked, and what they say, is kept there.
    #[must_use]
    pub fn asking_people(self, store: Arc<dyn Approvals>) -> Self {
        Self { people: Some(People::new(store)), ..self }
    }

    /// The same, where tools are called as long as they are defined as they were accepted: that is kept there.
    #[must_use]
    pub fn pinning_definitions(self, store: Arc<dyn Pins>) -> Self {
        Self { pinning: Some(Pinning::new(store)), ..self }
    }

    /// What is accepted of servers' tools; nothing where nothing keeps that.
    pub(crate) fn pinning(&self) -> Option<&Pinning> {
        self.pinning.as_ref()
    }

    /// The webhook that a policy names, whose references have been read. It is announced to as long as somebody has it.
    ///
    /// # Errors
    /// [`WebhookError`] for one that cannot be used.
    pub fn webhook(&self, said: &interlock_policy::Webhook) -> Result<Arc<Webhook>, WebhookError> {
        self.webhooks.named(said, self.places.is_some())
    }

    /// People decide at the console that is reached at this address, and by links that are signed with this key.
    #[must_use]
    pub fn deciding_at(mut self, console: ConsoleAddress, links: DigestKey) -> Self {
        self.places = Some(Places { console, key: links });
        self
    }

    /// Who is asked; nobody where nothing keeps what they say.
    pub(crate) fn people(&self) -> Option<&People> {
        self.people.as_ref()
    }

    /// A server could not be reached, ended, or did not answer. The operator is told, not too often.
    pub(crate) fn server_failed(&self, server: &Arc<str>, why: &str) {
        self.metrics.server_failed(server);
        if let Some(times) = self.conditions.failed(server, why, Instant::now()) {
            let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
            tracing::warn!("the server `{server}` fails: {why}{times}");
        }
    }

    /// A server answered.
    pub(crate) fn server_answered(&self, server: &str) {
        if self.conditions.answered(server) {
            tracing::info!("the server `{server}` answers again");
        }
    }

    /// What seals; `None` where the system has no randomness to give.
    pub(crate) fn sealer(&self) -> Option<&Sealer> {
        self.sealer.get_or_init(Sealer::new).as_ref()
    }

    /// What begins traces, where they go anywhere.
    pub(crate) fn traces(&self) -> Option<&Arc<Traces>> {
        self.traces.as_ref()
    }

    /// Sends the spans of the calls that have ended, as far as that goes in a moment.
    pub async fn flush_traces(&self) {
        if let Some(traces) = &self.traces {
            traces.flush().await;
        }
    }

    /// A number that no other connection has.
    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts new policies in force for every call that begins after this one, and records it with where they are from.
    ///
    /// Gives back the policies that are of no more use here: to take many rules apart takes longer than a call may
    /// wait, and can be done elsewhere.
    pub fn replace(&self, access: &Access, snapshot: Snapshot, from: &PolicyFile) -> Arc<Snapshot> {
        let digest = snapshot.digest().to_owned();
        let before = match access.replace(snapshot) {
            Ok(before) => before,
            Err(same) => return same,
        };
        let details = [("file", Detail::Text(&from.path))];
        self.record(Lifecycle {
            identity: from.identity(),
            server: Some(&from.server),
            policy: Some(&digest),
            details: &details,
            ..Lifecycle::new(LifecycleKind::PolicyReload)
        });
        before
    }

    /// The same for policies whose change is among what was announced.
    pub fn replace_announced(&self, access: &Access, snapshot: Snapshot) -> Arc<Snapshot> {
        access.replace(snapshot).unwrap_or_else(|same| same)
    }

    /// Records a change that is about to be in force. One that cannot be recorded is not to be made.
    ///
    /// # Errors
    /// When the log cannot be written and calls without a record are not to pass either.
    pub fn announce(&self, change: Lifecycle<'_>) -> Result<(), AuditError> {
        match self.recorder.lifecycle(change) {
            Err(error) if self.options.on_audit_failure == OnFailure::Allow => {
                tracing::error!(
                    "a change comes into force without a record, as `audit.on_failure: allow` says: {error}"
                );
                Ok(())
            }
            recorded => recorded.map(drop),
        }
    }

    /// Records that a changed policy was not taken; the old one stays in force.
    pub fn rejected(&self, access: &Access, reason: &str, from: &PolicyFile) {
        let digest = access.policies().digest().to_owned();
        let details = [("file", Detail::Text(&from.path))];
        self.record(Lifecycle {
            identity: from.identity(),
            server: Some(&from.server),
            policy: Some(&digest),
            reason: Some(reason),
            details: &details,
            ..Lifecycle::new(LifecycleKind::PolicyRejected)
        });
    }

    /// Records that the instance ends; nothing is recorded after this.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn stopped(&self, reason: &str) -> Result<(), AuditError> {
        // Nobody here sees how they end.
        drop(self.tasks.end());
        self.recorder.stop(reason)
    }

    /// Counts that the configuration was read anew: put in force, or not.
    pub fn reloaded(&self, is_good: bool) {
        self.metrics.reloaded("configuration", is_good);
    }

    /// Records that something needs a person.
    pub fn alarm(&self, reason: &str) {
        tracing::error!("{reason}");
        self.record(Lifecycle { reason: Some(reason), ..Lifecycle::new(LifecycleKind::Alarm) });
    }

    /// Records an event that has happened.
    pub(crate) fn record(&self, event: Lifecycle<'_>) {
        if let Err(error) = self.recorder.lifecycle(event) {
            tracing::error!("a record is missing from the audit log: {error}");
        }
    }
}
