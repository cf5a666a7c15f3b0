//! Running the suite, and what it found.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries;
use interlock_testkit::command::{Command, Group};
use interlock_testkit::peers::Environment;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// Scenarios that no version requires and that the server has no tools for: of the extension for tasks, and of streams
/// that are closed during a call, which the suite's own server does not pass either.
const LEFT_OUT: [&str; 2] = ["tasks-", "server-sse-polling"];

/// What a check is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    pub scenario: String,
    pub id: String,
    /// One id may stand for several checks.
    name: String,
    /// And one name as well.
    occurrence: usize,
}

impl Check {
    /// As the suite's own lists of failures name it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.scenario, self.id)
    }
}

/// How it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub status: String,
    pub message: String,
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        self.status == "SUCCESS"
    }

    pub fn is_bad(&self) -> bool {
        matches!(self.status.as_str(), "FAILURE" | "WARNING")
    }

    /// Good, or none of the suite's business: that an answer is one document instead of a stream, say.
    pub fn is_well(&self) -> bool {
        self.is_good() || self.status == "INFO"
    }
}

/// All checks of a run.
pub type Checks = BTreeMap<Check, Outcome>;

/// One entry of the suite's report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    id: String,
    name: String,
    status: String,
    #[serde(default)]
    error_message: Option<String>,
}

/// Runs what a version requires, and what it reports besides.
pub async fn run(environment: &Environment, url: &str, version: &str) -> Result<Checks> {
    let results = TempDir::new()?;
    let command = environment
        .conformance()?
        .args(["server", "--url", url, "--requirements", version, "-o"])
        .arg(results.path());
    // The suite says with its status whether all is well; the reports say it of each check.
    let output = command.output().await?;
    let mut checks = Checks::new();
    for entry in std::fs::read_dir(results.path())? {
        let entry = entry?;
        let directory = entry.file_name().to_string_lossy().into_owned();
        let scenario = scenario_of(&directory).with_context(|| format!("what is {directory}?"))?;
        if LEFT_OUT.iter().any(|prefix| scenario.starts_with(prefix)) {
            continue;
        }
        // A scenario that broke has no report: none of its checks has run.
        let Ok(text) = std::fs::read_to_string(entry.path().join("checks.json")) else { continue };
        for reported in serde_json::from_str::<Vec<Reported>>(&text)? {
            add(&mut checks, scenario, reported);
        }
    }
    ensure!(
        checks.len() > 50,
        "the suite ran {} checks: {}",
        checks.len(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(checks)
}

fn add(checks: &mut Checks, scenario: &str, reported: Reported) {
    let mut check =
        Check { scenario: scenario.to_owned(), id: reported.id, name: reported.name, occurrence: 0 };
    while checks.contains_key(&check) {
        check.occurrence += 1;
    }
    let message = reported.error_message.unwrap_or_default();
    checks.insert(check, Outcome { status: reported.status, message });
}

/// `server-SCENARIO-TIME`, where the time begins with the year.
fn scenario_of(directory: &str) -> Option<&str> {
    let rest = directory.strip_prefix("server-")?;
    let end = rest.match_indices("-20").map(|(at, _)| at).find(|at| {
        let time = &rest[at + 1..];
        time.contains('T') && time.ends_with('Z')
    })?;
    rest.get(..end)
}

/// The server of the suite, over HTTP. Its process group is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    _child: Child,
    _group: Group,
    pub url: String,
}

impl Server {
    /// Starts it at a port of its own.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let command =
            Command::new(binaries::conformance_server()?).args(arguments).args(["--http", "127.0.0.1:0"]);
        let (mut child, group) = command.spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut url = String::new();
        tokio::time::timeout(Duration::from_secs(30), said.read_line(&mut url)).await??;
        let url = url.trim().to_owned();
        ensure!(url.starts_with("http://"), "the server said `{url}`");
        Ok(Self { _child: child, _group: group, url })
    }
}
