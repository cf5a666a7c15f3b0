//! `interlock run` in front of a server, with a policy and a data directory of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::binaries;
use crate::client::ScriptedClient;
use crate::command::Command;

/// A policy that permits everything.
pub const ALLOW_ALL: &str = "version: \"1\"\ndefault: allow\n";

/// A policy file and a data directory, and the names that calls are judged under.
#[derive(Debug)]
pub struct Interlock {
    directory: TempDir,
    policy: PathBuf,
    server: Option<String>,
    grant: Option<String>,
    settings: Option<PathBuf>,
}

impl Interlock {
    /// With this policy, in YAML.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn with_policy(yaml: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("interlock-test-").tempdir()?;
        let policy = directory.path().join("policy.yaml");
        std::fs::write(&policy, yaml)?;
        Ok(Self { policy, directory, server: None, grant: None, settings: None })
    }

    /// With a policy file that exists.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn with_policy_file(path: &Path) -> Result<Self> {
        let whole = Self::with_policy("")?;
        Ok(Self { policy: path.to_owned(), ..whole })
    }

    /// Under this server name.
    #[must_use]
    pub fn server(mut self, name: &str) -> Self {
        self.server = Some(name.to_owned());
        self
    }

    /// Under this grant.
    #[must_use]
    pub fn grant(mut self, name: &str) -> Self {
        self.grant = Some(name.to_owned());
        self
    }

    /// With a settings file of this text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settings(mut self, yaml: &str) -> Result<Self> {
        let path = self.directory.path().join("settings.yaml");
        std::fs::write(&path, yaml)?;
        self.settings = Some(path);
        Ok(self)
    }

    /// The policy's path.
    #[must_use]
    pub fn policy(&self) -> &Path {
        &self.policy
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Puts another text in the policy's place, as an editor does: a new file renamed over the old one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace_policy(&self, yaml: &str) -> Result<()> {
        let beside = self.policy.with_extension("new");
        std::fs::write(&beside, yaml)?;
        std::fs::rename(&beside, &self.policy).context("replace the policy")
    }

    /// `interlock run … -- server…`.
    ///
    /// # Errors
    /// When `interlock` has not been built.
    pub fn before(&self, server: &Command) -> Result<Command> {
        self.before_as(self.server.as_deref(), self.grant.as_deref(), server)
    }

    /// The same under other names, over the same policy and data.
    ///
    /// # Errors
    /// When `interlock` has not been built.
    pub fn before_as(&self, name: Option<&str>, grant: Option<&str>, server: &Command) -> Result<Command> {
        let mut run = Command::new(binaries::interlock()?)
            .args(["run", "-c"])
            .arg(&self.policy)
            .arg("--data")
            .arg(self.data());
        for (flag, value) in [("--server", name), ("--grant", grant)] {
            if let Some(value) = value {
                run = run.arg(flag).arg(value);
            }
        }
        if let Some(settings) = &self.settings {
            run = run.arg("--settings").arg(settings);
        }
        Ok(server.behind(run.arg("--")))
    }

    /// `interlock run --url URL`.
    ///
    /// # Errors
    /// When `interlock` has not been built.
    pub fn reaching(&self, url: &str) -> Result<Command> {
        let mut run = self.before_as(self.server.as_deref(), self.grant.as_deref(), &Command::nothing())?;
        // What separates the options from a command.
        run.line.pop();
        Ok(run.arg("--url").arg(url))
    }

    /// Starts it in front of `server` with a scripted client on the other side.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn connect(&self, server: &Command) -> Result<ScriptedClient> {
        ScriptedClient::spawn(&self.before(server)?)
    }

    /// Another command of the binary over the same data directory: `interlock ARGUMENTS… --data DIR`.
    ///
    /// # Errors
    /// When `interlock` has not been built.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        Ok(Command::new(binaries::interlock()?).args(arguments).arg("--data").arg(self.data()))
    }
}
