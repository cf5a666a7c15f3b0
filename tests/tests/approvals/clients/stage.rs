//! A recording server behind a policy that asks people, where real clients come to it by either transport.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_store::{Embedded, Instances as _, Options};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::command::runs;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::{Serving, Site};
use interlock_tests::drive::{Era, Transport, words};
use interlock_tests::plan::{Run, Step};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::desk::{People, asks};
use crate::scene::{entry, records};

/// Between two looks at what cannot be waited for.
const PAUSE: Duration = Duration::from_millis(50);

pub struct Stage {
    pub people: People,
    server: RecordingServer,
    gateway: Gateway,
}

enum Gateway {
    /// Each client starts its own.
    Run(Interlock),
    /// One for all; the path is how clients of this transport reach it.
    Serve { site: Site, serving: Option<Serving>, path: &'static str },
}

impl Stage {
    pub async fn new(transport: Transport, approvals: &str) -> Result<Self> {
        let (policy, server) =
            (asks(approvals), RecordingServer::new(&Script::with_tools(&["look", "pay"]))?);
        let path = match transport {
            Transport::Stdio => {
                let interlock = Interlock::with_policy(&policy)?.server("recording");
                let people = People { data: interlock.data() };
                return Ok(Self { people, server, gateway: Gateway::Run(interlock) });
            }
            Transport::Http => "mcp",
            Transport::Sse => "sse",
        };
        let config = format!(
            "servers:\n{}grants:\n  team: {{ servers: {{ recording: policy.yaml }} }}\nanonymous: team\n",
            entry("recording", &server.command()?)?
        );
        let site = Site::new(&config)?;
        site.write("policy.yaml", &policy)?;
        let serving = Some(site.serve(|command| command).await?);
        let people = People { data: site.path().join("data") };
        Ok(Self { people, server, gateway: Gateway::Serve { site, serving, path } })
    }

    /// A connection of a client of this era, which takes these steps.
    pub fn run(&self, era: Era, steps: Vec<Step>) -> Result<Run> {
        let (command, url) = match &self.gateway {
            Gateway::Run(interlock) => (words(&interlock.before(&self.server.command()?)?)?, None),
            Gateway::Serve { serving, path, .. } => {
                let address = &serving.as_ref().context("it was killed")?.address;
                (Vec::new(), Some(format!("http://{address}/{path}/recording")))
            }
        };
        Ok(Run { command, url, version: era.version().to_owned(), handlers: false, steps })
    }

    /// What arrived of `pay`.
    pub fn paid(&self) -> Result<Vec<Value>> {
        let calls = self.server.calls()?.into_iter();
        Ok(calls.filter(|(name, _)| name == "pay").map(|(_, arguments)| arguments).collect())
    }

    pub async fn records(&self, kind: &str) -> Result<Vec<Value>> {
        let beside: &Path = self.people.data.parent().context("no directory")?;
        records(beside, kind).await
    }

    /// Waits until so many callers wait no more, before anybody has decided: they were sent away, have left, or come
    /// again.
    pub async fn sent_away(&self, count: usize) -> Result<()> {
        self.recorded("refusal", count, |one| one["category"] == "approval").await
    }

    /// Waits until a client has asked how its task stands.
    pub async fn task_looked_at(&self) -> Result<()> {
        self.recorded("intent", 1, |one| one["method"] == "tasks/get").await
    }

    /// Waits until the log has so many records like this.
    async fn recorded(&self, kind: &str, count: usize, is_one: impl Fn(&Value) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let records = self.records(kind).await?;
            if records.iter().filter(|one| is_one(one)).count() >= count {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{count} are expected: {records:#?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until something of `pay` has arrived.
    pub async fn is_paid(&self) -> Result<()> {
        self.server.wait_until("the payment", PATIENCE, |_| Ok(!self.paid()?.is_empty())).await
    }

    /// Kills the gateway at once, and waits until it is gone.
    pub async fn kill_gateway(&mut self) -> Result<()> {
        let store = Embedded::open(&self.people.data, Options::default())?;
        let instances = store.instances().await?;
        let running = instances.iter().filter(|instance| instance.finished_ms.is_none());
        for instance in running {
            let id = i32::try_from(instance.pid)?;
            kill_process(Pid::from_raw(id).context("no process")?, Signal::KILL)?;
            let deadline = Instant::now() + PATIENCE;
            while runs(id) {
                ensure!(Instant::now() < deadline, "{id} still runs");
                tokio::time::sleep(PAUSE).await;
            }
        }
        if let Gateway::Serve { serving, .. } = &mut self.gateway {
            drop(serving.take());
        }
        Ok(())
    }

    /// Starts the gateway again that was killed; one that belongs to its client starts with that.
    pub async fn start_again(&mut self) -> Result<()> {
        if let Gateway::Serve { site, serving, .. } = &mut self.gateway {
            *serving = Some(site.serve(|command| command).await?);
        }
        Ok(())
    }
}
