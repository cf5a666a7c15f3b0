//! Running a real client over a plan.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::command::{Command, Group};
use interlock_testkit::peers::Environment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::time::timeout;

use crate::plan::{Plan, Report, Run};

/// How long one client may take for a whole plan.
const PATIENCE: Duration = Duration::from_secs(240);

/// How a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Lines on its standard streams.
    Stdio,
    /// Streamable HTTP.
    Http,
    /// HTTP with SSE, of 2024-11-05.
    Sse,
}

/// Which of the two kinds of protocol versions it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Those with a handshake.
    Legacy,
    /// Those without.
    Modern,
}

impl Era {
    /// The newest version of it.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// A real MCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The SDK from PyPI.
    Python,
    /// The SDK from npm, version 1.
    TypeScript,
    /// The same, version 2.
    TypeScript2,
    /// The SDK from crates.io.
    Rmcp,
}

impl Client {
    /// The protocol versions that it speaks; `auto` asks the server first. (`rmcp` can too, but takes a server
    /// that needs ten seconds to start for one that cannot be asked, and a busy machine makes such servers.)
    #[must_use]
    pub fn versions(self) -> &'static [&'static str] {
        const ALL: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "auto"];
        match self {
            Self::Python => ALL,
            Self::Rmcp => ALL.split_at(5).0,
            Self::TypeScript => ALL.split_at(4).0,
            // It offers the newest of each era.
            Self::TypeScript2 => ALL.split_at(3).1,
        }
    }

    fn command(self, environment: &Environment) -> Result<Command> {
        Ok(match self {
            Self::Python => environment.python_script("client.py"),
            Self::TypeScript => environment.node_script("client.mjs"),
            Self::TypeScript2 => environment.node_script("client_v2.mjs"),
            Self::Rmcp => Command::new(interlock_testkit::binaries::rmcp_client()?),
        })
    }

    /// Starts on a plan; what comes of it is not looked at.
    ///
    /// # Errors
    /// When the client cannot be started.
    pub async fn start(
        self,
        environment: &Environment,
        variables: &[(OsString, OsString)],
        runs: Vec<Run>,
    ) -> Result<Driven> {
        let mut command = self.command(environment)?;
        command.env.extend_from_slice(variables);
        let (mut child, group) = command.spawn()?;
        let mut input = child.stdin.take().context("no standard input")?;
        input.write_all(&serde_json::to_vec(&Plan { runs })?).await?;
        Ok(Driven { child, group })
    }

    /// Makes the connections of a plan, with these variables set, and gives what came of each.
    ///
    /// # Errors
    /// When the client fails, with what it said on standard error.
    pub async fn drive(
        self,
        environment: &Environment,
        variables: &[(OsString, OsString)],
        runs: Vec<Run>,
    ) -> Result<Vec<Report>> {
        let expected = runs.len();
        let Driven { mut child, group: _group } = self.start(environment, variables, runs).await?;
        let mut output = child.stdout.take().context("no standard output")?;
        let mut complaints = child.stderr.take().context("no standard error")?;
        let (mut text, mut said) = (String::new(), String::new());
        let done = async {
            tokio::try_join!(output.read_to_string(&mut text), complaints.read_to_string(&mut said))?;
            child.wait().await
        };
        let status = timeout(PATIENCE, done).await;
        let status = status.with_context(|| format!("{self:?} did not end within {PATIENCE:?}"))??;
        ensure!(status.success(), "{self:?} failed with {status}; the end of what it said:\n{}", end(&said));
        let reports: Result<Vec<Report>, _> = text.lines().map(serde_json::from_str).collect();
        let reports = reports.with_context(|| format!("read the reports of {self:?}"))?;
        ensure!(reports.len() == expected, "{} reports for {expected} runs", reports.len());
        Ok(reports)
    }
}

/// A client that is at its plan. It is killed, with all that it started in its process group, when this is dropped.
#[derive(Debug)]
pub struct Driven {
    child: Child,
    group: Group,
}

impl Driven {
    /// Kills the client alone, as a crash would: what it started finds out by itself, and is in the group that is given
    /// back.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn kill(mut self) -> Result<Group> {
        let status = self.child.try_wait()?;
        ensure!(status.is_none(), "it ended before, with {status:?}");
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(self.group)
    }
}

/// The last lines of a text: enough to see why a client gave up.
fn end(text: &str) -> String {
    // Where one of ours fails, what it says comes before that.
    let said = text.split("\nStack backtrace:").next().unwrap_or_default();
    let lines: Vec<_> = said.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(25)).fold(String::new(), |all, line| all + line + "\n")
}

/// A command as a plan has it.
///
/// # Errors
/// When a word of it is not UTF-8.
pub fn words(command: &Command) -> Result<Vec<String>> {
    let text =
        |word: &OsString| word.clone().into_string().map_err(|word| anyhow::anyhow!("{word:?} is not UTF-8"));
    command.line.iter().map(text).collect()
}
