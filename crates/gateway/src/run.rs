//! One wrapped server: a client on this process's standard input and output, the server as a child.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::access::Access;
use crate::gateway::Gateway;
use crate::identify::Identity;
use crate::outbox::{Outgoing, outbox};
use crate::relay::{Origin, Relay};
use crate::transport::child::StandardError;
use crate::transport::lines::{LineReader, LineWriter};
use crate::upstream::{self, Gone, OpenError, Opened, Server};

/// A server to wrap.
#[derive(Debug, Clone)]
pub struct Wrapped {
    /// How to reach it.
    pub server: Server,
    /// Its name and the policies for it.
    pub access: Arc<Access>,
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
    /// The server could not be reached.
    #[error(transparent)]
    Open(#[from] OpenError),
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
    let opened = match wrapped.server.open(StandardError::Shared) {
        Ok(opened) => opened,
        Err(error) => {
            gateway.recorder.stop(&error.to_string())?;
            return Err(error.into());
        }
    };
    upstream::record_start(&gateway, wrapped.access.server(), &wrapped.server)?;
    let ended = relay(&gateway, wrapped, opened, input, output).await;
    let reason = ended.as_ref().map_or_else(ToString::to_string, Ended::reason);
    gateway.leave_announcing().await;
    gateway.recorder.stop(&reason)?;
    ended
}

async fn relay(
    gateway: &Arc<Gateway>,
    wrapped: &Wrapped,
    opened: Opened,
    input: impl AsyncRead + Unpin + Send + 'static,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> Result<Ended, RunError> {
    let limits = gateway.options.limits.clone();
    let mut signals =
        Signals::new().map_err(|source| RunError::System { what: "cannot handle signals", source })?;
    let (to_client, for_client) = outbox(limits.queued_bytes);
    let (to_server, for_server) = outbox(limits.queued_bytes);
    let relay = Arc::new(Relay::new(
        Arc::clone(gateway),
        Arc::clone(&wrapped.access),
        wrapped.identity.clone(),
        to_client.clone(),
        to_server,
    ));

    let mut server = opened.attach(&relay, for_server);
    let mut client_writer = tokio::spawn(write_client(Arc::clone(gateway), output, for_client));
    let from = Origin::connection(to_client);
    let mut client_reader = tokio::spawn(read_client(Arc::clone(&relay), from, input, limits.message.bytes));
    let mut telling = tokio::spawn(tell(Arc::clone(&relay), wrapped.access.watch()));
    let mut ticker = tokio::spawn(tick(Arc::clone(&relay)));

    let why = tokio::select! {
        biased;
        (name, number) = signals.next() => {
            server.signal(number);
            Why::Signal(name)
        }
        gone = server.gone() => Why::of(gone),
        ended = &mut client_reader => Why::Client.unless_cut_off("reading from the client", &ended),
        // The client closed the side it reads: nothing can be answered any more.
        ended = &mut client_writer => Why::Client.unless_cut_off("writing to the client", &ended),
        // These two end by themselves never.
        ended = &mut telling => Why::Server.unless_cut_off("telling of a new policy", &ended),
        ended = &mut ticker => Why::Server.unless_cut_off("ending waits", &ended),
    };
    client_reader.abort();
    let server_is_there = !matches!(why, Why::Server);
    // What the client asked before it went is still judged and handed over.
    if server_is_there {
        tokio::select! {
            _ = tokio::time::timeout(limits.shutdown, relay.all_judged()) => {}
            _ = signals.next() => {}
        }
    }
    relay.leave_questions().await;
    let hurry = async {
        signals.next().await;
    };
    let status = server.end(server_is_there, hurry).await;
    ticker.abort();
    telling.abort();
    upstream::record_stop(gateway, wrapped.access.server(), &status);
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
    fn of(gone: Gone) -> Self {
        match gone {
            Gone::Ended => Self::Server,
            Gone::Fault(task) => Self::Fault(task),
        }
    }

    /// A task that panicked takes the run with it, and must not look as if its peer had gone.
    fn unless_cut_off<T>(self, task: &'static str, ended: &Result<T, JoinError>) -> Self {
        match upstream::cut_off(task, ended) {
            Gone::Fault(task) => Self::Fault(task),
            Gone::Ended => self,
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

async fn read_client(relay: Arc<Relay>, from: Origin, input: impl AsyncRead + Unpin, most: usize) {
    let mut lines = LineReader::new(input, most);
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                // The calls in what was read together share one write to the log.
                let _company = lines.has_next().then(|| relay.gateway().recorder.company());
                relay.from_client(line, &from).await;
            }
            Ok(None) => return,
            Err(error) => return tracing::warn!("the client can no longer be read: {error}"),
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

/// Tells the client of what it may use otherwise than before.
pub(crate) async fn tell(relay: Arc<Relay>, mut replaced: watch::Receiver<u64>) {
    let mut pins = relay.watch_pins();
    loop {
        tokio::select! {
            changed = replaced.changed() => match changed {
                Ok(()) => Box::pin(relay.policy_replaced()).await,
                Err(_) => return,
            },
            Some(()) = news(&mut pins) => Box::pin(relay.pins_replaced()).await,
        }
    }
}

/// Waits for news; for ever where there are none to come.
async fn news(of: &mut Option<watch::Receiver<u64>>) -> Option<()> {
    match of {
        Some(of) => of.changed().await.ok(),
        None => std::future::pending().await,
    }
}

pub(crate) async fn tick(relay: Arc<Relay>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Boxed: nearly always there is nothing to do, and every session has such a task.
        Box::pin(relay.expire(Instant::now())).await;
        Box::pin(relay.look_after_tasks(Instant::now())).await;
        relay.gateway().recorder.flush_floods(false);
    }
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
