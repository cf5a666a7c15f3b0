//! A server that runs as a child process and speaks over its standard input and output.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// How to start a server.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The program, looked up as the shell does.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables of its environment, beside ours.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory; ours when absent.
    pub directory: Option<PathBuf>,
}

/// Never the values of its arguments and variables, which may be secrets.
impl fmt::Debug for ServerCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCommand").field("program", &self.program).finish_non_exhaustive()
    }
}

/// The stream that the server reads.
pub type ServerInput = ChildStdin;
/// The stream that the server writes.
pub type ServerOutput = ChildStdout;

/// The stream that the server writes beside the protocol.
pub(crate) type ServerErrors = ChildStderr;

/// Where a server's standard error goes. It is never mixed into the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardError {
    /// It is the gateway's own.
    Shared,
    /// The gateway reads it.
    Read,
    /// Nobody reads it.
    Dropped,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No such program.
    #[error("`{program}` was not found; is it installed, and on the PATH that Interlock was started with?")]
    NotFound {
        /// The program as named.
        program: String,
    },
    /// It is there and may not be run.
    #[error("`{program}` could not be started: {source}; is it an executable file, and may you run it?")]
    NotExecutable {
        /// The program as named.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another reason of the system's.
    #[error("`{program}` could not be started: {source}")]
    System {
        /// The program as named.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A running server, in a process group of its own so that what it starts goes when it goes.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    group: Option<Pid>,
}

impl StandardError {
    fn connected(self) -> Stdio {
        match self {
            Self::Shared => Stdio::inherit(),
            Self::Read => Stdio::piped(),
            Self::Dropped => Stdio::null(),
        }
    }
}

impl ServerProcess {
    /// Starts the server.
    ///
    /// # Errors
    /// When the program cannot be found or started.
    pub(crate) fn start(
        command: &ServerCommand,
        errors: StandardError,
    ) -> Result<(Self, ServerInput, ServerOutput), StartError> {
        let program = || command.program.to_string_lossy().into_owned();
        let mut builder = Command::new(&command.program);
        builder
            .args(&command.args)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.connected())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = &command.directory {
            builder.current_dir(directory);
        }
        let mut child = builder.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StartError::NotFound { program: program() },
            io::ErrorKind::PermissionDenied => StartError::NotExecutable { program: program(), source },
            _ => StartError::System { program: program(), source },
        })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok((Self { child, group }, stdin, stdout)),
            _ => Err(StartError::System {
                program: program(),
                source: io::Error::other("its standard input and output are not connected"),
            }),
        }
    }

    /// The number that the system gave it.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it writes on standard error, where the gateway reads that; given once.
    pub(crate) fn take_errors(&mut self) -> Option<ServerErrors> {
        self.child.stderr.take()
    }

    /// Sends a signal to the server and everything it started.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // The group may have ended by itself: there is nobody left to tell.
            let _gone = kill_process_group(group, signal);
        }
    }

    /// Waits for the server to end.
    ///
    /// # Errors
    /// When the system cannot say.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the server: waits `grace` for it to go by itself (its input is closed), then SIGTERM and `grace`
    /// again, then SIGKILL to the whole group (MCP lifecycle, "Shutdown", stdio).
    pub async fn end(&mut self, grace: Duration) -> Option<ExitStatus> {
        let mut ended = None;
        for signal in [Signal::TERM, Signal::KILL] {
            if let Ok(status) = tokio::time::timeout(grace, self.child.wait()).await {
                ended = status.ok();
                break;
            }
            self.signal(signal);
        }
        if ended.is_none() {
            ended = self.child.wait().await.ok();
        }
        // The leader is gone; whatever it left in its group must not outlive the client.
        self.signal(Signal::KILL);
        // From here on the system may give the number to somebody else.
        self.group = None;
        ended
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
