//! The loopback stand-ins for AWS: a process that prints its URL and ends when its input does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::workspace_root;
use crate::command::Command;
use crate::peers::Environment;

const RECORD: &str = "requests";

/// A running stand-in. It ends with this value.
#[derive(Debug)]
pub struct Standin {
    child: Child,
    url: String,
    directory: TempDir,
}

impl Standin {
    /// The stand-in for AWS HealthImaging, which records its requests.
    ///
    /// # Errors
    /// When it does not start.
    pub fn healthimaging(environment: &Environment) -> Result<Self> {
        let directory = TempDir::new()?;
        let mut program = Process::new(environment.python());
        program.arg(workspace_root().join("tests/fixtures/healthimaging/standin.py"));
        program.arg("--record").arg(directory.path().join(RECORD));
        Self::start(program, directory)
    }

    /// moto, with a state machine, a broker and a support case.
    ///
    /// # Errors
    /// When it does not start.
    pub fn moto(environment: &Environment) -> Result<Self> {
        let mut program = Process::new(environment.python());
        program.arg(workspace_root().join("tests/fixtures/python/moto_aws.py"));
        Self::start(program, TempDir::new()?)
    }

    /// A server that asks its client, over HTTP with SSE (2024-11-05).
    ///
    /// # Errors
    /// When it does not start.
    pub fn sse_server(environment: &Environment) -> Result<Self> {
        let mut program = Process::new(environment.python());
        program.arg(workspace_root().join("tests/fixtures/python/sse_server.py"));
        Self::start(program, TempDir::new()?)
    }

    fn start(mut program: Process, directory: TempDir) -> Result<Self> {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start a stand-in")?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut url)?;
        let url = url.trim().to_owned();
        ensure!(url.starts_with("http://127.0.0.1:"), "the stand-in printed `{url}` in place of its URL");
        Ok(Self { child, url, directory })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file that it records its requests in.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.directory.path().join(RECORD)
    }

    /// The requests that arrived, in order: `method`, `path`, `query`, `body`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn requests(&self) -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(self.record())?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// `server` with what makes AWS clients in it come here and nowhere else.
    #[must_use]
    pub fn behind(&self, server: Command) -> Command {
        aws_variables(&self.url).into_iter().fold(server, |server, (name, value)| server.env(name, value))
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables that send an AWS client to `url` with credentials that are none.
#[must_use]
pub fn aws_variables(url: &str) -> Vec<(&'static str, PathBuf)> {
    let fixtures = workspace_root().join("tests/fixtures");
    let text = |value: &str| Path::new(value).to_owned();
    vec![
        ("AWS_ENDPOINT_URL", text(url)),
        ("AWS_REGION", text("us-east-1")),
        ("AWS_DEFAULT_REGION", text("us-east-1")),
        ("AWS_CONFIG_FILE", fixtures.join("aws/config")),
        ("AWS_SHARED_CREDENTIALS_FILE", fixtures.join("aws/credentials")),
        ("AWS_ACCESS_KEY_ID", text("test")),
        ("AWS_SECRET_ACCESS_KEY", text("test")),
        ("AWS_EC2_METADATA_DISABLED", text("true")),
        ("AWS_DATA_PATH", fixtures.join("healthimaging/aws-data")),
    ]
}
