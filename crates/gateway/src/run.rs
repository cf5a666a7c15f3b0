//! One wrapped server: a client on this process's standard input and output, the server as a child.

use std::sync::Arc;
use std::time::{Duration, Instant};

use interlock_audit::{Detail, Lifecycle, LifecycleKind};
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::gateway::Gateway;
use crate::identify::Identity;
use crate::outbox::{Outgoing, outbox};
use crate::relay::Relay;
use crate::transport::child::{ServerCommand, ServerInput, ServerOutput, ServerProcess, StartError};
use crate::transport::lines::{LineReader, LineWriter};

/// A server to wrap.
#[derive(Debug, Clone)]
pub struct Wrapped {
    /// How to start it.
    pub command: ServerCommand,
    /// Its name: budgets, rules and records go by it.
    pub server: String,
    /// On whose behalf.
    pub identity: Identity,
}

/// Why a wrapped server's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The client closed its side.
    ClientGone,
    /// A signal asked for it.
    Signalled {
        /// `SIGTERM`, `SIGINT` or `SIGHUP`.
        signal: &'static str,
    },
    /// The server ended by itself.
    ServerGone {
        /// Its exit status in words.
        status: String,
    },
}

impl Ended {
    fn reason(&self) -> String {
        match self {
            Self::ClientGone => "the client closed its side".to_owned(),
            Self::Signalled { signal } => format!("{signal} was received"),
            Self::ServerGone { status } => format!("the server ended by itself: {status}"),
        }
    }
}

/// Why a server could not be wrapped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system refused something that the run needs.
    #[error("{what}: {source}")]
    System {
        /// What was refused.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A task of the relay's was cut off.
    #[error("{task} was cut off by a fault of Interlock's own")]
    Fault {
        /// What it was doing.
        task: &'static str,
    },
    /// Nothing can be recorded, and so nothing may be let through.
    #[error("the audit log cannot be written: {0}")]
    Audit(#[from] interlock_audit::AuditError),
}

/// How often waits are checked for their end. A wait may last this much longer than its limit.
const TICK: Duration = Duration::from_millis(500);

/// Starts the server and relays until one side goes. When this returns, the server's processes have ended
/// and the last record is written.
///
/// # Errors
/// When the server cannot be started, or nothing can be recorded.
pub async fn run(
    gateway: Arc<Gateway>,
    wrapped: &Wrapped,
    input: impl AsyncRead + Unpin + Send + 'static,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> Result<Ended, RunError> {
    let (process, stdin, stdout) = match ServerProcess::start(&wrapped.command) {
        Ok(started) => started,
        Err(error) => {
            gateway.recorder.stop(&error.to_string())?;
            return Err(error.into());
        }
    };
    record_start(&gateway, wrapped)?;
    let ended = relay(&gateway, wrapped, process, (stdin, stdout), (input, output)).await;
    let reason = ended.as_ref().map_or_else(ToString::to_string, Ended::reason);
    gateway.recorder.stop(&reason)?;
    ended
}

fn record_start(gateway: &Gateway, wrapped: &Wrapped) -> Result<(), RunError> {
    let program = wrapped.command.program.to_string_lossy();
    // Arguments may hold secrets: the program's name and their number are enough to recognise it.
    let details = [
        ("program", Detail::Text(&program)),
        ("arguments", Detail::Number(wrapped.command.args.len().try_into().unwrap_or(i64::MAX))),
    ];
    let event = Lifecycle {
        server: Some(&wrapped.server),
        details: &details,
        ..Lifecycle::new(LifecycleKind::ServerStart)
    };
    gateway.recorder.lifecycle(event)?;
    Ok(())
}

async fn relay<I, O>(
    gateway: &Arc<Gateway>,
    wrapped: &Wrapped,
    mut process: ServerProcess,
    (stdin, stdout): (ServerInput, ServerOutput),
    (input, output): (I, O),
) -> Result<Ended, RunError>
where
    I: AsyncRead + Unpin + Send + 'static,
    O: AsyncWrite + Unpin + Send + 'static,
{
    let limits = gateway.options.limits.clone();
    let mut signals =
        Signals::new().map_err(|source| RunError::System { what: "cannot handle signals", source })?;
    let (to_client, for_client) = outbox(limits.queued_bytes);
    let (to_server, for_server) = outbox(limits.queued_bytes);
    let relay = Arc::new(Relay::new(
        Arc::clone(gateway),
        &wrapped.server,
        wrapped.identity.clone(),
        to_client,
        to_server,
    ));

    let mut client_writer = tokio::spawn(write_client(Arc::clone(gateway), output, for_client));
    let mut server_writer = tokio::spawn(write_server(stdin, for_server));
    let mut client_reader = tokio::spawn(read_client(Arc::clone(&relay), input, limits.message.bytes));
    let mut server_reader = tokio::spawn(read_server(Arc::clone(&relay), stdout, limits.message.bytes));
    let mut telling = tokio::spawn(tell(Arc::clone(&relay), gateway.replaced.subscribe()));
    let mut ticker = tokio::spawn(tick(Arc::clone(&relay), Arc::clone(gateway)));

    let why = tokio::select! {
        biased;
        (name, number) = signals.next() => {
            process.signal(number);
            Why::Signal(name)
        }
        ended = &mut server_reader => Why::Server.unless_cut_off("reading from the server", &ended),
        // What the server started may hold its output open: its last words are waited for, but not for ever.
        _ = process.wait() => {
            let _in_time = tokio::time::timeout(limits.shutdown, &mut server_reader).await;
            Why::Server
        }
        // The server closed the side it reads: no call can reach it any more.
        ended = &mut server_writer => Why::Server.unless_cut_off("writing to the server", &ended),
        ended = &mut client_reader => Why::Client.unless_cut_off("reading from the client", &ended),
        // The client closed the side it reads: nothing can be answered any more.
        ended = &mut client_writer => Why::Client.unless_cut_off("writing to the client", &ended),
        // These two end by themselves never.
        ended = &mut telling => Why::Server.unless_cut_off("telling of a new policy", &ended),
        ended = &mut ticker => Why::Server.unless_cut_off("ending waits", &ended),
    };
    client_reader.abort();
    // What the client asked before it went is still judged and handed over.
    if !matches!(why, Why::Server) {
        tokio::select! {
            _ = tokio::time::timeout(limits.shutdown, relay.all_judged()) => {}
            _ = signals.next() => {}
        }
    }
    relay.close_upstream();
    let status = tokio::select! {
        status = process.end(limits.shutdown) => status,
        // Asked again: at once.
        _ = signals.next() => {
            process.signal(Signal::KILL);
            process.end(limits.shutdown).await
        }
    };
    if !matches!(why, Why::Server) && !server_reader.is_finished() {
        // What the server said before it went is still relayed.
        let _in_time = tokio::time::timeout(limits.shutdown, &mut server_reader).await;
    }
    // A reader that a full queue holds up must not go on recording after the last record.
    server_reader.abort();
    relay.server_gone().await;
    ticker.abort();
    telling.abort();
    let status = status.map_or_else(|| "its exit status is unknown".to_owned(), |status| status.to_string());
    record_stop(gateway, wrapped, &status);
    relay.close_client();
    if !client_writer.is_finished() {
        let _in_time = tokio::time::timeout(limits.shutdown, &mut client_writer).await;
    }
    why.ended(status)
}

/// What ended the relay, before the server's exit status is known.
#[derive(Debug, Clone, Copy)]
enum Why {
    Client,
    Server,
    Signal(&'static str),
    /// The task that was cut off.
    Fault(&'static str),
}

impl Why {
    /// A task that panicked takes the run with it, and must not look as if its peer had gone.
    fn unless_cut_off<T>(self, task: &'static str, ended: &Result<T, JoinError>) -> Self {
        match ended {
            Err(error) if error.is_panic() => {
                tracing::error!("{task} was cut off by a fault of Interlock's own: {error}");
                Self::Fault(task)
            }
            _ => self,
        }
    }

    fn ended(self, status: String) -> Result<Ended, RunError> {
        match self {
            Self::Client => Ok(Ended::ClientGone),
            Self::Server => Ok(Ended::ServerGone { status }),
            Self::Signal(signal) => Ok(Ended::Signalled { signal }),
            Self::Fault(task) => Err(RunError::Fault { task }),
        }
    }
}

async fn read_client(relay: Arc<Relay>, input: impl AsyncRead + Unpin, most: usize) {
    let mut lines = LineReader::new(input, most);
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                // The calls in what was read together share one write to the log.
                let _company = lines.has_next().then(|| relay.gateway().recorder.company());
                relay.from_client(line).await;
            }
            Ok(None) => return,
            Err(error) => return tracing::warn!("the client can no longer be read: {error}"),
        }
    }
}

async fn read_server(relay: Arc<Relay>, stdout: ServerOutput, most: usize) {
    let mut lines = LineReader::new(stdout, most);
    loop {
        match lines.next().await {
            Ok(Some(line)) => relay.from_server(line).await,
            Ok(None) => return,
            Err(error) => return tracing::warn!("the server can no longer be read: {error}"),
        }
    }
}

/// What a client is told has been recorded before.
async fn write_client(
    gateway: Arc<Gateway>,
    output: impl AsyncWrite + Unpin,
    mut lines: Outgoing,
) -> std::io::Result<()> {
    let mut writer = LineWriter::new(output);
    loop {
        let more = writer.collect(&mut lines).await;
        gateway.recorder.write().await;
        writer.write().await?;
        if !more {
            return writer.close().await;
        }
    }
}

async fn write_server(stdin: ServerInput, mut lines: Outgoing) -> std::io::Result<()> {
    let mut writer = LineWriter::new(stdin);
    loop {
        let more = writer.collect(&mut lines).await;
        writer.write().await?;
        if !more {
            return writer.close().await;
        }
    }
}

async fn tell(relay: Arc<Relay>, mut replaced: watch::Receiver<u64>) {
    while replaced.changed().await.is_ok() {
        relay.policy_replaced().await;
    }
}

async fn tick(relay: Arc<Relay>, gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        relay.expire(Instant::now()).await;
        gateway.recorder.flush_floods(false);
    }
}

fn record_stop(gateway: &Gateway, wrapped: &Wrapped, status: &str) {
    gateway.record(Lifecycle {
        server: Some(&wrapped.server),
        reason: Some(status),
        ..Lifecycle::new(LifecycleKind::ServerStop)
    });
}

/// The signals that end a run.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> (&'static str, Signal) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", Signal::TERM),
            _ = self.interrupt.recv() => ("SIGINT", Signal::INT),
            _ = self.hang_up.recv() => ("SIGHUP", Signal::HUP),
        }
    }
}

#[cfg(test)]
mod tests;
