//! A stdio MCP server that records every byte it receives, so that a test can say what arrived and not what
//! the gateway says of it. What it offers and how it misbehaves is a [`Script`].
//!
//! It reads leniently on purpose: a strict server would hide what got through.

mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries;
use crate::command::Command;
use crate::script::Script;

pub use server::serve;

const RECEIVED: &str = "received";
const EVENTS: &str = "events";

/// A script on disk and the record of what the servers started with it received.
#[derive(Debug)]
pub struct RecordingServer {
    directory: TempDir,
}

impl RecordingServer {
    /// Writes the script down; nothing is started yet.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(script: &Script) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("interlock-recording-").tempdir()?;
        std::fs::write(directory.path().join("script.json"), serde_json::to_vec_pretty(script)?)?;
        std::fs::write(directory.path().join(RECEIVED), "")?;
        std::fs::write(directory.path().join(EVENTS), "")?;
        Ok(Self { directory })
    }

    /// The command that starts a server with this script. Started more than once, all write one record.
    ///
    /// # Errors
    /// When the server has not been built.
    pub fn command(&self) -> Result<Command> {
        let directory = self.directory.path();
        Ok(Command::new(binaries::recording_server()?).arg(directory.join("script.json")).arg(directory))
    }

    /// A path beside the record, for [`Step::AwaitFile`](crate::script::Step::AwaitFile) and the like.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Every byte that arrived.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn received_bytes(&self) -> Result<Vec<u8>> {
        read(self.directory.path(), RECEIVED)
    }

    /// Every line that arrived, without its line feed.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn received(&self) -> Result<Vec<String>> {
        Ok(String::from_utf8_lossy(&self.received_bytes()?).lines().map(str::to_owned).collect())
    }

    /// The lines that are requests or notifications of this method.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn received_method(&self, method: &str) -> Result<Vec<Value>> {
        let messages =
            self.received()?.into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        Ok(messages.filter(|message| message["method"] == method).collect())
    }

    /// The `tools/call` requests that arrived, as (tool, arguments).
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn calls(&self) -> Result<Vec<(String, Value)>> {
        let calls = self.received_method("tools/call")?.into_iter().map(|mut call| {
            let name = call["params"]["name"].as_str().unwrap_or_default().to_owned();
            (name, call["params"]["arguments"].take())
        });
        Ok(calls.collect())
    }

    /// What happened to the servers, in order: `start PID`, `end of input`, `exit CODE`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn events(&self) -> Result<Vec<String>> {
        Ok(String::from_utf8_lossy(&read(self.directory.path(), EVENTS)?)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    /// The process ids of the servers that were started.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn pids(&self) -> Result<Vec<i32>> {
        let starts = self.events()?;
        Ok(starts.iter().filter_map(|event| event.strip_prefix("start ")?.parse().ok()).collect())
    }

    /// Waits until `reached` holds of this record.
    ///
    /// # Errors
    /// When it does not within `limit`, naming `what` and showing what arrived.
    pub async fn wait_until(
        &self,
        what: &str,
        limit: Duration,
        mut reached: impl FnMut(&Self) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !reached(self)? {
            ensure!(
                Instant::now() < deadline,
                "waited {limit:?} for {what}; events {:?}, received {:#?}",
                self.events()?,
                self.received()?
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

fn read(directory: &Path, name: &str) -> Result<Vec<u8>> {
    let path = directory.join(name);
    std::fs::read(&path).with_context(|| format!("read {}", path.display()))
}
