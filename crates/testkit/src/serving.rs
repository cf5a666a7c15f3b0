//! `interlock serve` with a file, a data directory and a port of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::binaries;
use crate::client::PATIENCE;
use crate::command::{Command, Group};

/// A directory with the file that `serve` reads, the policies that it names, and the data.
#[derive(Debug)]
pub struct Site {
    directory: TempDir,
}

/// A gateway that runs. Its process group is killed when this is dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    group: Group,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Where operators are answered.
    pub admin: String,
    said: Arc<Mutex<String>>,
}

impl Site {
    /// With this file; `listen`, `admin` and `data` are added to it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(config: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("interlock-test-").tempdir()?;
        let site = Self { directory };
        site.write(
            "interlock.yaml",
            &format!("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: data\n{config}"),
        )?;
        Ok(site)
    }

    /// Writes a file beside it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let beside = self.directory.path().join(format!("{name}.new"));
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, self.directory.path().join(name)).context("replace a file")
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.path().join("interlock.yaml")
    }

    /// Another command of the binary with the same file: `interlock ARGUMENTS… -c FILE`.
    ///
    /// # Errors
    /// When `interlock` has not been built.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        Ok(Command::new(binaries::interlock()?).args(arguments).arg("-c").arg(self.config()))
    }

    /// A new token of this grant.
    ///
    /// # Errors
    /// When none can be made.
    pub async fn token(&self, grant: &str) -> Result<String> {
        let output = self.command(&["grants", "create", grant])?.output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// A new token of this operator.
    ///
    /// # Errors
    /// When none can be made.
    pub async fn admin_token(&self, operator: &str) -> Result<String> {
        let output = self.command(&["admin", "create", operator])?.output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Starts the gateway, with these variables in its environment, and waits until it listens.
    ///
    /// # Errors
    /// When it does not, with what it said.
    pub async fn serve(&self, command: impl FnOnce(Command) -> Command) -> Result<Serving> {
        let (mut child, group) = command(self.command(&["serve"])?).spawn()?;
        let mut said = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut all = String::new();
        let mut admin = String::new();
        let address = loop {
            let before = all.len();
            let read = timeout(PATIENCE, said.read_line(&mut all)).await.context("it does not listen")??;
            ensure!(read > 0, "it ended: {all}");
            let line = all.get(before..).unwrap_or_default();
            if let Some((_, rest)) =
                line.split_once("answered at ").and_then(|(_, rest)| rest.split_once("://"))
            {
                rest.trim().clone_into(&mut admin);
            }
            let scheme = ["listening at http://", "listening at https://"];
            let found = scheme.iter().find_map(|scheme| line.split_once(scheme));
            if let Some((_, rest)) = found {
                break rest.split('/').next().unwrap_or_default().to_owned();
            }
        };
        let kept = Arc::new(Mutex::new(all));
        let keeping = Arc::clone(&kept);
        tokio::spawn(async move {
            let mut line = String::new();
            while said.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                eprint!("{line}");
                keeping.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
                line.clear();
            }
        });
        Ok(Serving { child, group, address, admin, said: kept })
    }
}

impl Serving {
    /// Where this server is.
    #[must_use]
    pub fn url(&self, server: &str) -> String {
        format!("http://{}/mcp/{server}", self.address)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.group.leader().unsigned_abs()
    }

    /// What it has said on standard error so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it with SIGTERM and waits until it has ended well.
    ///
    /// # Errors
    /// When it does not.
    pub async fn stop(mut self) -> Result<()> {
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(self.group.leader()).context("no process")?,
            Signal::TERM,
        )?;
        let status =
            timeout(Duration::from_secs(30), self.child.wait()).await.context("it does not end")??;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}
