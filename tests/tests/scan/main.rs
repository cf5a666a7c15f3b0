//! `interlock scan` of real servers: what it says of their tools is what a careful person would say.

mod judged;
mod live;
mod read;
mod reported;
mod written;

use std::fs;
use std::process::{Command, Output};

use anyhow::Result;
use interlock_testkit::binaries;
use interlock_testkit::command::Command as Server;
use tempfile::TempDir;

/// A folder of its own, without settings of the user's.
struct Scanner {
    folder: TempDir,
}

impl Scanner {
    fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        // Some servers of AWS do not start without a profile.
        fs::create_dir(folder.path().join(".aws"))?;
        fs::write(folder.path().join(".aws/config"), "[default]\nregion = us-east-1\n")?;
        Ok(Self { folder })
    }

    fn interlock(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binaries::interlock()?);
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.folder.path()).env("NO_COLOR", "1");
        Ok(command)
    }

    /// Scans a server that is started.
    fn scan(&self, server: &Server, options: &[&str]) -> Result<Output> {
        let mut command = self.interlock(&["scan", "--quiet"])?;
        command.args(options).arg("--");
        command.args(&server.line).envs(server.env.iter().map(|(name, value)| (name, value)));
        Ok(command.output()?)
    }
}
