//! Clients of one data directory, under whatever names.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

/// A policy, the data that its limits are kept in, and a server for as many processes as are started.
pub struct Budget {
    pub interlock: Interlock,
    pub server: RecordingServer,
}

impl Budget {
    pub fn new(policy: &str) -> Result<Self> {
        Self::with(policy, "{}")
    }

    pub fn with(policy: &str, settings: &str) -> Result<Self> {
        Self::of(policy, settings, &Script::with_tools(&["a", "b", "file_1", "file_2", "other"]))
    }

    /// The same, before a server that does what it is told.
    pub fn of(policy: &str, settings: &str, script: &Script) -> Result<Self> {
        Ok(Self {
            interlock: Interlock::with_policy(policy)?.settings(settings)?,
            server: RecordingServer::new(script)?,
        })
    }

    /// A process under the name `one` and the grant `local`.
    pub async fn connect(&self) -> Result<Caller> {
        self.connect_as("one", "local").await
    }

    /// A process under these names.
    pub async fn connect_as(&self, server: &str, grant: &str) -> Result<Caller> {
        let command = self.interlock.before_as(Some(server), Some(grant), &self.server.command()?)?;
        let mut client = ScriptedClient::spawn(&command)?;
        client.initialize("2025-11-25").await?;
        Ok(Caller { client })
    }

    /// How many calls reached the server.
    pub fn arrived(&self) -> Result<usize> {
        Ok(self.server.calls()?.len())
    }

    /// Puts another policy in force in one process.
    pub async fn reload(&self, policy: &str) -> Result<()> {
        let before = self.interlock.records_of("policy_reload").await?.len();
        self.interlock.replace_policy(policy)?;
        self.reloaded(before + 1).await
    }

    /// Waits until so many reloads are recorded.
    pub async fn reloaded(&self, count: usize) -> Result<()> {
        let limit = Duration::from_secs(20);
        let reached = |found: &[Value]| found.len() >= count;
        self.interlock.wait_for_records("policy_reload", limit, reached).await?;
        Ok(())
    }
}

/// A client that counts what it is let through.
pub struct Caller {
    pub client: ScriptedClient,
}

impl Caller {
    /// Calls a tool: `None` when it passed, else the words of the denial.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<Option<String>> {
        let answer = self.client.call(tool, arguments).await?;
        outcome(&answer)
    }

    /// Calls a tool so many times: how many passed.
    pub async fn passed(&mut self, tool: &str, times: usize) -> Result<usize> {
        let mut passed = 0;
        for _ in 0..times {
            passed += usize::from(self.call(tool, json!({})).await?.is_none());
        }
        Ok(passed)
    }

    pub async fn finish(mut self) -> Result<()> {
        let status = self.client.finish().await?;
        ensure!(status.success(), "{status}: {}", self.client.stderr());
        Ok(())
    }
}

/// `None` for a call that passed, else the words of its denial.
pub fn outcome(answer: &Value) -> Result<Option<String>> {
    let text = answer["result"]["content"][0]["text"].as_str().with_context(|| answer.to_string())?;
    Ok(text.strip_prefix("[INTERLOCK DENIED] ").map(str::to_owned))
}
