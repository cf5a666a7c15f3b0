//! Processes that say where they listen, and what they hold.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// A process that listens. It is killed when this is dropped.
#[derive(Debug)]
pub struct Listening {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Listening {
    /// Starts a program of this package that prints its address.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(name: &str, arguments: &[&OsStr]) -> Result<Self> {
        let mut child = Command::new(built(name)?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        ensure!(!address.is_empty(), "{name} does not say where it listens");
        Ok(Self { child, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // One that ended by itself has gone already.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A program that was built with this one, in the same profile.
///
/// # Errors
/// When it is not there.
pub fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found =
        own.ancestors().skip(1).take(2).map(|directory| directory.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("`{name}` is not built; bench/README.md says how"))
}

/// What a process holds at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Open files and sockets.
    pub files: usize,
    /// Threads.
    pub threads: usize,
    /// Processes that it started and that run, or that nobody has waited for.
    pub children: usize,
}

impl Held {
    /// Reads it from `/proc`.
    ///
    /// # Errors
    /// When the process has gone.
    pub fn by(pid: u32) -> Result<Self> {
        let count = |path: String| {
            std::fs::read_dir(&path).with_context(|| format!("read {path}")).map(Iterator::count)
        };
        let mut children = 0;
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end meanwhile.
            let listed = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            children += listed.split_whitespace().count();
        }
        Ok(Self {
            files: count(format!("/proc/{pid}/fd"))?,
            threads: count(format!("/proc/{pid}/task"))?,
            children,
        })
    }
}
