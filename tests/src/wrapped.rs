//! A scripted client, Interlock, and a recording server, each of its own.

use std::time::Duration;

use anyhow::{Result, ensure};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::command::{Command, runs};
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

/// The version that tests speak unless it matters.
pub const VERSION: &str = "2025-11-25";

/// A client connected to a recording server through Interlock.
#[derive(Debug)]
pub struct Wrapped {
    /// The client.
    pub client: ScriptedClient,
    /// The policy, the settings and the data directory.
    pub interlock: Interlock,
    /// The server's record.
    pub server: RecordingServer,
}

impl Wrapped {
    /// Connects under this policy to a server with this script; nothing is sent yet.
    ///
    /// # Errors
    /// When something does not start.
    pub fn start(policy: &str, settings: &str, script: &Script) -> Result<Self> {
        Self::start_behind(policy, settings, script, |server| server)
    }

    /// The same, with the server's command changed by `wrap`.
    ///
    /// # Errors
    /// When something does not start.
    pub fn start_behind(
        policy: &str,
        settings: &str,
        script: &Script,
        wrap: impl FnOnce(Command) -> Command,
    ) -> Result<Self> {
        let server = RecordingServer::new(script)?;
        let interlock = Interlock::with_policy(policy)?.server("recording").settings(settings)?;
        let client = interlock.connect(&wrap(server.command()?))?;
        Ok(Self { client, interlock, server })
    }

    /// Connects and does the handshake; behind it everything that belongs to it has arrived.
    ///
    /// # Errors
    /// When something does not start or answer.
    pub async fn connect(policy: &str, settings: &str, script: &Script) -> Result<Self> {
        let mut wrapped = Self::start(policy, settings, script)?;
        wrapped.shake_hands(VERSION).await?;
        Ok(wrapped)
    }

    /// Does the handshake in this legacy version.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn shake_hands(&mut self, version: &str) -> Result<()> {
        self.client.initialize(version).await?;
        self.client.ask("prompts/list", json!({})).await?;
        Ok(())
    }

    /// Asks for a tool without waiting for the answer, and waits until the call has arrived.
    ///
    /// # Errors
    /// When it does not arrive.
    pub async fn call_and_wait_for_arrival(&mut self, tool: &str) -> Result<u64> {
        let before = self.server.calls()?.len();
        let id = self.client.request("tools/call", json!({ "name": tool, "arguments": {} })).await?;
        let arrived = |server: &RecordingServer| Ok(server.calls()?.len() > before);
        self.server.wait_until("the call's arrival", PATIENCE, arrived).await?;
        Ok(id)
    }

    /// Ends the connection and asserts that it ended well.
    ///
    /// # Errors
    /// When it did not.
    pub async fn finish(&mut self) -> Result<()> {
        let status = self.client.finish().await?;
        ensure!(status.success(), "{status}: {}", self.client.stderr());
        self.nothing_runs().await
    }

    /// Waits until no server runs any more.
    ///
    /// # Errors
    /// When one still does.
    pub async fn nothing_runs(&self) -> Result<()> {
        let gone = |server: &RecordingServer| Ok(server.pids()?.iter().all(|pid| !runs(*pid)));
        self.server.wait_until("the server's end", PATIENCE, gone).await
    }

    /// The records of outcomes, waiting until there are so many.
    ///
    /// # Errors
    /// When there are not.
    pub async fn outcomes(&self, count: usize) -> Result<Vec<Value>> {
        self.interlock
            .wait_for_records("outcome", Duration::from_secs(10), |found| found.len() >= count)
            .await
    }

    /// The records of refusals, of which there must be exactly so many.
    ///
    /// # Errors
    /// When there are not.
    pub async fn refusals(&self, count: usize) -> Result<Vec<Value>> {
        let found = self.interlock.records_of("refusal").await?;
        ensure!(found.len() == count, "expected {count} refusals, found {found:#?}");
        Ok(found)
    }
}
