//! What `run` and `serve` have in common: an instance of the gateway with its ledger and its log, from its start to
//! its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use interlock_audit::{
    Detail, DigestKey, Entry, Identity, InstanceId, Lifecycle, LifecycleKind, Log, Recovery,
};
use interlock_gateway::Gateway;
use interlock_store::{Embedded, Instance as Registered, Instances, Jump};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::settings::Settings;

/// How long the end waits for the logs of killed instances to be completed.
const RECOVERING: std::time::Duration = std::time::Duration::from_secs(5);

/// A gateway that runs.
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    pub(crate) gateway: Arc<Gateway>,
    log: Arc<Log>,
    store: Embedded,
    recovering: JoinHandle<()>,
    alarming: JoinHandle<()>,
}

/// What is said of an instance when it starts.
pub(crate) struct Start<'s> {
    /// `run` or `serve`.
    pub(crate) kind: &'static str,
    /// The one server, of a `run`.
    pub(crate) server: Option<&'s str>,
    /// The one grant, of a `run`.
    pub(crate) grant: Option<&'s str>,
}

impl Instance {
    /// Opens the ledger and the log and says that it starts. What can fail because of how it was called fails before.
    pub(crate) async fn start(settings: &Settings, data: PathBuf, start: &Start<'_>) -> anyhow::Result<Self> {
        let (jumped, jumps) = mpsc::unbounded_channel();
        let store = Embedded::open(&data, watching(settings.store(), jumped))?;
        let arguments = settings.arguments()?;
        let (traces, console) = (settings.traces()?, settings.console.address()?);
        let options = interlock_gateway::Options { traces, ..settings.gateway() };
        let key = DigestKey::open(&data)?;
        let now = wall_ms();
        let id = InstanceId::generate(now)?;
        register(&store, &id, start, now).await?;
        let log = Arc::new(Log::open(&data, &id, settings.log())?);
        record_start(&log, start)?;
        let counters = Arc::new(store.clone());
        let gateway = Gateway::new(counters, Arc::clone(&log), arguments, key, options);
        let gateway = gateway.asking_people(Arc::new(store.clone()));
        let gateway = gateway.pinning_definitions(Arc::new(store.clone()));
        let gateway = Arc::new(match console {
            Some(address) => gateway.deciding_at(address, DigestKey::open_for_links(&data)?),
            None => gateway,
        });
        let recovering = recover_others(Arc::clone(&gateway), data);
        gateway.announce_approvals(Arc::new(store.clone()), id.as_str());
        let alarming = tokio::spawn(report_jumps(Arc::clone(&gateway), jumps));
        Ok(Self { id, gateway, log, store, recovering, alarming })
    }

    pub(crate) fn store(&self) -> &Embedded {
        &self.store
    }

    /// Records which policy is in force from the start.
    pub(crate) fn record_policy(
        &self,
        (grant, server): (&str, &str),
        policy: &Path,
        digest: &str,
    ) -> anyhow::Result<()> {
        let file = policy.display().to_string();
        let load = Lifecycle {
            identity: Identity { grant: Some(grant), ..Identity::default() },
            server: Some(server),
            policy: Some(digest),
            details: &[("file", Detail::Text(&file))],
            ..Lifecycle::new(LifecycleKind::PolicyLoad)
        };
        self.log.append(wall_ms(), &Entry::Lifecycle(load))?;
        Ok(())
    }

    /// Waits a while for what others left behind to be completed: a short run may be over before.
    pub(crate) async fn wind_up(&mut self) {
        self.alarming.abort();
        self.gateway.leave_announcing().await;
        self.gateway.flush_traces().await;
        let _too_much = tokio::time::timeout(RECOVERING, &mut self.recovering).await;
    }

    /// Notes that it has finished. Only a chain that has its last record may be called so; the store may be the very
    /// reason why it ended, and then recovery calls it so.
    pub(crate) async fn finish(self) {
        if let Err(error) = self.gateway.take_over_questions(self.id.as_str()).await {
            tracing::warn!("what was asked during this run cannot be taken up by another: {error}");
        }
        if let Err(error) = Instances::finish(&self.store, self.id.as_str(), wall_ms()).await {
            tracing::warn!("the end of this run is not noted in the ledger: {error}");
        }
    }
}

async fn register(store: &Embedded, id: &InstanceId, start: &Start<'_>, now: i64) -> anyhow::Result<()> {
    let entry = Registered {
        id: id.to_string(),
        pid: std::process::id(),
        kind: start.kind.to_owned(),
        server: start.server.map(str::to_owned),
        grant: start.grant.map(str::to_owned),
        started_ms: now,
        finished_ms: None,
    };
    Ok(Instances::register(store, entry).await?)
}

fn record_start(log: &Log, start: &Start<'_>) -> anyhow::Result<()> {
    let mut details =
        vec![("version", Detail::Text(env!("CARGO_PKG_VERSION"))), ("command", Detail::Text(start.kind))];
    details.extend(start.grant.map(|grant| ("grant", Detail::Text(grant))));
    let start = Lifecycle { server: start.server, details: &details, ..Lifecycle::new(LifecycleKind::Start) };
    log.append(wall_ms(), &Entry::Lifecycle(start))?;
    Ok(())
}

/// Has the store say when somebody sets the clock forward.
fn watching(
    options: interlock_store::Options,
    jumped: mpsc::UnboundedSender<Jump>,
) -> interlock_store::Options {
    let tell = move |jump| {
        // Once the run has ended nobody listens.
        let _nobody = jumped.send(jump);
    };
    interlock_store::Options { on_jump: Some(Arc::new(tell)), ..options }
}

async fn report_jumps(gateway: Arc<Gateway>, mut jumps: mpsc::UnboundedReceiver<Jump>) {
    while let Some(jump) = jumps.recv().await {
        let minutes = jump.ahead_ms / 60_000;
        gateway.alarm(&format!("the clock was set forward by {minutes} minutes; calendar budgets follow it"));
    }
}

/// Completes the chains of processes that were killed. Nobody waits for it.
fn recover_others(gateway: Arc<Gateway>, data: PathBuf) -> JoinHandle<()> {
    let taking_over = gateway.take_over();
    let (later, place) = (Arc::clone(&gateway), data.clone());
    tokio::spawn(async move {
        let mut taking_over = Some(taking_over);
        for pause in AGAIN {
            tokio::time::sleep(pause).await;
            recover(&later, place.clone()).await;
            drop(taking_over.take());
        }
    });
    tokio::spawn(async move { recover(&gateway, data).await })
}

async fn recover(gateway: &Gateway, data: PathBuf) {
    match tokio::task::spawn_blocking(move || interlock_audit::recover(&data, wall_ms())).await {
        Ok(Ok(recovery)) => complete(gateway, recovery).await,
        Ok(Err(error)) => {
            tracing::warn!("the records of a killed process could not be completed: {error}");
        }
        Err(error) => tracing::error!("completing the records of a killed process was cut off: {error}"),
    }
}

/// When it is looked again whether others have ended: one that was killed a moment ago may still wait for the disk, and
/// holds its lock as long as it does.
const AGAIN: [std::time::Duration; 3] = [
    std::time::Duration::from_millis(250),
    std::time::Duration::from_secs(1),
    std::time::Duration::from_secs(5),
];

/// How long it is remembered what people decided, with the arguments; the audit log has the rest.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

async fn complete(gateway: &Gateway, recovery: Recovery) {
    for (instance, error) in recovery.failed {
        gateway
            .alarm(&format!("the audit chain `{instance}` of a process that died is not in order: {error}"));
    }
    gateway.expire_approvals().await;
    if let Err(error) = gateway.forget_approvals(REMEMBERED).await {
        tracing::warn!("old approvals cannot be forgotten: {error}");
    }
    for recovered in recovery.recovered {
        if let Err(error) = gateway.take_over_questions(recovered.instance.as_str()).await {
            tracing::warn!("what a killed process asked cannot be taken up by others: {error}");
        }
    }
}

pub(crate) fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
