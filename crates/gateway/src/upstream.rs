//! The connection to a server, whatever carries it: the tasks that move its messages, and its end.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use interlock_audit::{AuditError, Detail, Lifecycle, LifecycleKind};
use rustix::process::Signal;
use tokio::task::{JoinError, JoinHandle};

use crate::crossing::{self, Crossed, Crossing};
use crate::gateway::Gateway;
use crate::outbox::Outgoing;
use crate::relay::Relay;
use crate::transport::child::{
    ServerCommand, ServerInput, ServerOutput, ServerProcess, StandardError, StartError,
};
use crate::transport::http::{Direct, HttpLink, HttpServer};
use crate::transport::lines::{LineReader, LineWriter};

/// How to reach a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// A child process that speaks over its standard input and output.
    Child(ServerCommand),
    /// A server that speaks Streamable HTTP.
    Http(HttpServer),
}

/// Why a server could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its process did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The certificates that it is to be known by cannot be read.
    #[error("the system's certificates cannot be read: {0}")]
    Certificates(io::Error),
}

/// A server that has been reached and whose messages nobody moves yet.
#[derive(Debug)]
pub(crate) enum Opened {
    Child(Box<(ServerProcess, ServerInput, ServerOutput)>),
    Http(Box<HttpLink>),
}

/// Why nothing more comes from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It ended, or closed a side.
    Ended,
    /// The task that was cut off by a fault of the gateway's own.
    Fault(&'static str),
}

/// A server's connection while messages move.
#[derive(Debug)]
pub(crate) struct Upstream {
    carrier: Carrier,
    crossing: Arc<Crossing>,
}

#[derive(Debug)]
enum Carrier {
    Child(Box<Child>),
    Http { driver: JoinHandle<()> },
}

#[derive(Debug)]
struct Child {
    process: ServerProcess,
    reader: JoinHandle<()>,
    writer: JoinHandle<io::Result<()>>,
    /// What reads its standard error, where the gateway does.
    errors: Option<JoinHandle<()>>,
}

impl Child {
    async fn gone(&mut self, grace: Duration) -> Gone {
        let Self { process, reader, writer, .. } = self;
        tokio::select! {
            biased;
            ended = &mut *reader => cut_off("reading from the server", &ended),
            // What the server started may hold its output open: its last words are waited for, but not for ever.
            _ = process.wait() => {
                let _in_time = tokio::time::timeout(grace, reader).await;
                Gone::Ended
            }
            // The server closed the side it reads: no call can reach it any more.
            ended = writer => cut_off("writing to the server", &ended),
        }
    }
}

impl Server {
    /// Reaches the server.
    pub(crate) fn open(&self, errors: StandardError) -> Result<Opened, OpenError> {
        match self {
            Self::Child(command) => Ok(Opened::Child(Box::new(ServerProcess::start(command, errors)?))),
            Self::Http(server) => {
                let link = HttpLink::new(server.clone()).map_err(OpenError::Certificates)?;
                Ok(Opened::Http(Box::new(link)))
            }
        }
    }
}

impl Opened {
    /// Begins to move messages: what the relay queues for the server goes out, what the server says comes in.
    pub(crate) fn attach(self, relay: &Arc<Relay>, queued: Outgoing) -> Upstream {
        let limits = &relay.gateway().options.limits;
        let most = limits.message.bytes;
        let (crossing, queued) = crossing::between(Arc::clone(relay), queued);
        let carrier = match self {
            Self::Child(started) => {
                relay.starts_process();
                let (mut process, input, output) = *started;
                let errors = log(relay, &mut process);
                let reader = tokio::spawn(read(Arc::clone(&crossing), output, most));
                let writer = tokio::spawn(write(input, queued));
                Carrier::Child(Box::new(Child { process, reader, writer, errors }))
            }
            Self::Http(link) => {
                let link = Arc::new(*link);
                relay.goes_directly(Direct::new(&link, &crossing));
                let driving = link.drive(Arc::clone(&crossing), queued);
                Carrier::Http { driver: tokio::spawn(driving) }
            }
        };
        Upstream { carrier, crossing }
    }
}

impl Upstream {
    /// How long the server gets to go.
    fn grace(&self) -> Duration {
        self.crossing.gateway().options.limits.shutdown
    }

    /// Waits until the server has gone. A server that is reached by HTTP never has.
    pub(crate) async fn gone(&mut self) -> Gone {
        let grace = self.grace();
        match &mut self.carrier {
            // Boxed: most sessions are with a server that is reached by HTTP.
            Carrier::Child(child) => Box::pin(child.gone(grace)).await,
            Carrier::Http { driver } => cut_off("talking to the server", &driver.await),
        }
    }

    /// Sends a signal to the server and everything it started, where it is a process.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Carrier::Child(child) = &self.carrier {
            child.process.signal(signal);
        }
    }

    /// Ends the server after what is queued for it, and every wait for it. With `last_words`, what it says before
    /// it goes is still relayed. `hurry` cuts its time short. Says in words how it ended.
    pub(crate) async fn end(&mut self, last_words: bool, hurry: impl Future<Output = ()>) -> String {
        self.crossing.relay.close_upstream();
        let grace = self.grace();
        let words = match &mut self.carrier {
            Carrier::Child(child) => {
                let Child { process, reader, errors, .. } = child.as_mut();
                let status = end_process(process, grace, hurry).await;
                if last_words && !reader.is_finished() {
                    let _in_time = tokio::time::timeout(grace, &mut *reader).await;
                }
                // A reader that a full queue holds up must not go on recording after the last record.
                reader.abort();
                if let Some(errors) = errors {
                    // One that it started and that has left its group may hold it open for ever.
                    let _in_time = tokio::time::timeout(grace, &mut *errors).await;
                    errors.abort();
                }
                in_words(status)
            }
            Carrier::Http { driver } => {
                if !driver.is_finished() {
                    tokio::select! {
                        _ = &mut *driver => {}
                        () = hurry => {}
                    }
                }
                driver.abort();
                "its session has ended".to_owned()
            }
        };
        self.crossing.end(grace).await;
        self.crossing.relay.server_gone().await;
        words
    }
}

/// Has what the server writes on standard error logged, where the gateway reads that.
fn log(relay: &Relay, process: &mut ServerProcess) -> Option<JoinHandle<()>> {
    let (pid, errors) = (process.id(), process.take_errors()?);
    let (log, server) = (Arc::clone(&relay.gateway().server_log), Arc::clone(relay.access().server()));
    Some(tokio::spawn(async move { log.follow(server, pid, errors).await }))
}

async fn end_process(
    process: &mut ServerProcess,
    grace: Duration,
    hurry: impl Future<Output = ()>,
) -> Option<ExitStatus> {
    tokio::select! {
        status = process.end(grace) => status,
        // Asked again: at once.
        () = hurry => {
            process.signal(Signal::KILL);
            process.end(grace).await
        }
    }
}

fn in_words(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "its exit status is unknown".to_owned(), |status| status.to_string())
}

/// A task that panicked must not look as if its peer had gone.
pub(crate) fn cut_off<T>(task: &'static str, ended: &Result<T, JoinError>) -> Gone {
    match ended {
        Err(error) if error.is_panic() => {
            tracing::error!("{task} was cut off by a fault of Interlock's own: {error}");
            Gone::Fault(task)
        }
        _ => Gone::Ended,
    }
}

/// Records that a server was started, or is to be reached.
pub(crate) fn record_start(gateway: &Gateway, name: &str, server: &Server) -> Result<(), AuditError> {
    let shown = match server {
        Server::Child(command) => command.program.to_string_lossy().into_owned(),
        Server::Http(server) => server.shown(),
    };
    let details = match server {
        // Arguments may hold secrets: the program's name and their number are enough to recognise it.
        Server::Child(command) => vec![
            ("program", Detail::Text(&shown)),
            ("arguments", Detail::Number(command.args.len().try_into().unwrap_or(i64::MAX))),
        ],
        Server::Http(_) => vec![("url", Detail::Text(&shown))],
    };
    let event =
        Lifecycle { server: Some(name), details: &details, ..Lifecycle::new(LifecycleKind::ServerStart) };
    gateway.recorder.lifecycle(event).map(|_| ())
}

/// Records that a server has ended.
pub(crate) fn record_stop(gateway: &Gateway, name: &str, status: &str) {
    gateway.record(Lifecycle {
        server: Some(name),
        reason: Some(status),
        ..Lifecycle::new(LifecycleKind::ServerStop)
    });
}

async fn read(crossing: Arc<Crossing>, stdout: ServerOutput, most: usize) {
    let mut lines = LineReader::new(stdout, most);
    loop {
        match lines.next().await {
            Ok(Some(line)) => crossing.from_server(line, None).await,
            Ok(None) => return,
            Err(error) => return tracing::warn!("the server can no longer be read: {error}"),
        }
    }
}

async fn write(stdin: ServerInput, mut lines: Crossed) -> io::Result<()> {
    let mut writer = LineWriter::new(stdin);
    loop {
        let more = writer.collect_crossed(&mut lines).await;
        writer.write().await?;
        if !more {
            return writer.close().await;
        }
    }
}
