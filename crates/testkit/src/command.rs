//! Processes that take their whole group with them when they are dropped.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal};

/// What to start: a program, its arguments, and what its environment has besides ours.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program and its arguments.
    pub line: Vec<OsString>,
    /// Variables set in addition to those inherited.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory; ours when `None`.
    pub cwd: Option<OsString>,
}

impl Command {
    /// A program without arguments.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { line: vec![program.as_ref().to_owned()], env: Vec::new(), cwd: None }
    }

    /// No program at all, to put another command in front of.
    #[must_use]
    pub fn nothing() -> Self {
        Self { line: Vec::new(), env: Vec::new(), cwd: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.line.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.line.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn cwd(mut self, directory: impl AsRef<Path>) -> Self {
        self.cwd = Some(directory.as_ref().as_os_str().to_owned());
        self
    }

    /// `self` as the command that `outer` is put in front of: `outer… self…`, with the variables of both.
    #[must_use]
    pub fn behind(&self, outer: Self) -> Self {
        let mut whole = outer;
        whole.line.extend(self.line.iter().cloned());
        whole.env.extend(self.env.iter().cloned());
        whole.cwd = whole.cwd.or_else(|| self.cwd.clone());
        whole
    }

    /// Starts it with all three streams piped, leading a process group of its own.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self) -> Result<(tokio::process::Child, Group)> {
        let (program, arguments) = self.line.split_first().context("an empty command")?;
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = &self.cwd {
            command.current_dir(directory);
        }
        let child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let group = Group::of(&child)?;
        Ok((child, group))
    }

    /// Runs it to its end without any input and gives what it printed.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn output(&self) -> Result<std::process::Output> {
        let (mut child, group) = self.spawn()?;
        drop(child.stdin.take());
        let output = child.wait_with_output().await?;
        drop(group);
        Ok(output)
    }
}

/// A process group that is killed when this is dropped.
#[derive(Debug)]
pub struct Group {
    leader: Pid,
}

impl Group {
    fn of(child: &tokio::process::Child) -> Result<Self> {
        let id = child.id().context("the process has ended already")?;
        let leader = i32::try_from(id).ok().and_then(Pid::from_raw).context("a process id out of range")?;
        Ok(Self { leader })
    }

    /// Sends a signal to every process of the group.
    ///
    /// # Errors
    /// When none is left.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(rustix::process::kill_process_group(self.leader, signal)?)
    }

    /// The leader's process id.
    #[must_use]
    pub fn leader(&self) -> i32 {
        self.leader.as_raw_nonzero().get()
    }

    /// Whether any process of the group still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        rustix::process::test_kill_process_group(self.leader).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Fails when the group has ended, which is what is wanted.
        let _ = self.signal(Signal::KILL);
    }
}

/// Whether a process with this id runs (a zombie does not).
#[must_use]
pub fn runs(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}
