//! A server behind a policy that asks people, and the people.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use interlock_store::{Approval, Approvals, Durability, Embedded, Opinion, Options, Standing, Told, Which};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

/// A policy that asks about `pay`, with this in its `approvals`.
pub fn asks(approvals: &str) -> String {
    format!(
        "version: \"1\"\ndefault: deny\napprovals: {{ {approvals} }}\ntools:\n  look: {{}}\n  pay: {{ rules: [{{ action: require_approval }}] }}\n"
    )
}

/// What is paid in most tests.
pub fn payment() -> Value {
    json!({ "amount": 500, "to": "acme" })
}

/// `interlock run` in front of a recording server, and the people who are asked.
pub struct Desk {
    pub interlock: Interlock,
    pub server: RecordingServer,
    people: People,
}

/// The people who are asked about the calls of one data directory.
pub struct People {
    pub data: PathBuf,
}

impl std::ops::Deref for Desk {
    type Target = People;

    fn deref(&self) -> &People {
        &self.people
    }
}

impl Desk {
    pub fn new(policy: &str) -> Result<Self> {
        Self::before(policy, &Script::with_tools(&["look", "pay"]))
    }

    pub fn before(policy: &str, script: &Script) -> Result<Self> {
        Self::with_settings(policy, "{}", script)
    }

    pub fn with_settings(policy: &str, settings: &str, script: &Script) -> Result<Self> {
        let interlock = Interlock::with_policy(policy)?.settings(settings)?.server("bank");
        let people = People { data: interlock.data() };
        Ok(Self { interlock, server: RecordingServer::new(script)?, people })
    }

    /// A process, whose client has said hello.
    pub async fn connect(&self) -> Result<ScriptedClient> {
        self.connect_as("local").await
    }

    pub async fn connect_as(&self, grant: &str) -> Result<ScriptedClient> {
        let mut client = self.spawn(grant)?;
        client.initialize("2025-11-25").await?;
        Ok(client)
    }

    /// The same for a client that can be asked this.
    pub async fn connect_declaring(&self, version: &str, capabilities: Value) -> Result<ScriptedClient> {
        let mut client = self.spawn("local")?;
        let info = json!({ "name": "agent-sdk", "version": "2" });
        let hello = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": info });
        client.ask("initialize", hello).await?;
        client.notify("notifications/initialized", json!({})).await?;
        Ok(client)
    }

    /// A process, whose client has said nothing yet.
    pub fn spawn(&self, grant: &str) -> Result<ScriptedClient> {
        let command = self.interlock.before_as(Some("bank"), Some(grant), &self.server.command()?)?;
        ScriptedClient::spawn(&command)
    }

    /// What arrived of `pay`.
    pub fn paid(&self) -> Result<Vec<Value>> {
        let calls = self.server.calls()?.into_iter();
        Ok(calls.filter(|(name, _)| name == "pay").map(|(_, arguments)| arguments).collect())
    }

    /// By which approvals calls of `pay` were let through, as the log has it.
    pub async fn let_through(&self) -> Result<Vec<String>> {
        let intents = self.interlock.records_of("intent").await?;
        let by = |intent: &Value| intent["approval"].as_str().unwrap_or("none").to_owned();
        Ok(intents.iter().filter(|intent| intent["tool"] == "pay").map(by).collect())
    }

    /// What the log has of calls of `pay` that were not made: the verdict, and the approval that was waited for.
    pub async fn refused(&self) -> Result<Vec<(String, Option<String>)>> {
        let refusals = self.interlock.records_of("refusal").await?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let refused = |one: &Value| (text(&one["verdict"]).unwrap_or_default(), text(&one["approval"]));
        Ok(refusals.iter().filter(|one| one["tool"] == "pay").map(refused).collect())
    }

    /// The steps that are in the log, with the names of their approvals.
    pub async fn steps(&self) -> Result<Vec<(String, String)>> {
        let records = self.interlock.records_of("approval").await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let step = |record: &Value| (text(&record["details"]["step"]), text(&record["details"]["approval"]));
        Ok(records.iter().map(step).collect())
    }
}

impl People {
    fn store(&self) -> Result<Embedded> {
        Ok(Embedded::open(&self.data, Options { durability: Durability::Process, ..Options::default() })?)
    }

    /// Every question, the newest change first.
    pub async fn questions(&self) -> Result<Vec<Approval>> {
        Ok(self.store()?.approvals(Which::default(), 100).await?)
    }

    /// Waits until so many questions wait, and gives the newest.
    pub async fn asked(&self, count: usize) -> Result<Approval> {
        let deadline = Instant::now() + PATIENCE;
        let store = self.store()?;
        loop {
            let which = Which { standing: Some(Standing::Waiting), ..Which::default() };
            let waiting = store.approvals(which, 100).await?;
            if let Some(newest) = waiting.first().filter(|_| waiting.len() == count) {
                return Ok(newest.clone());
            }
            ensure!(Instant::now() < deadline, "{count} questions are expected: {waiting:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A person says yes or no.
    pub async fn say(&self, id: &str, by: &str, approves: bool) -> Result<Standing> {
        let opinion = Opinion { by: by.to_owned(), approves, reason: Some("as agreed".to_owned()), at_ms: 0 };
        match self.store()?.tell(id, opinion).await? {
            Told::Counted(approval) => Ok(approval.standing),
            other => bail!("{other:?}"),
        }
    }

    pub async fn approve(&self, id: &str) -> Result<()> {
        ensure!(self.say(id, "user:alice", true).await? == Standing::Approved);
        Ok(())
    }
}

/// What a call was answered: that it was done, or the verdict with its words.
pub fn verdict(answer: &Value) -> Result<(&str, &str)> {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().with_context(|| answer.to_string())?;
    if result["isError"] != true {
        return Ok(("done", text));
    }
    let verdict = result["_meta"]["interlock/decision"]["verdict"].as_str();
    Ok((verdict.with_context(|| answer.to_string())?, text))
}

/// The approval that an answer names.
pub fn approval_of(answer: &Value) -> Result<String> {
    let id = answer["result"]["_meta"]["interlock/decision"]["approval"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}
