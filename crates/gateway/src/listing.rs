//! A server's whole list of tools, read once and not for a client: for comparing a policy with it.

use std::sync::Arc;
use std::time::Duration;

use interlock_json::{Kind, Value};
use interlock_wire::line::Line;
use interlock_wire::{Message, Outcome, Response, Shape, Version, reply};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::gateway::Gateway;
use crate::last_words::LastWords;
use crate::limits::Limits;
use crate::relay::own::{discover_request, list_request};
use crate::run::{RunError, Wrapped, run};
use crate::transport::child::{ServerCommand, ServerProcess, StandardError, StartError};
use crate::transport::lines::LineReader;

/// What a server lists, and how it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its `instructions`, which clients show to their models.
    pub instructions: Option<String>,
    /// Each tool as the server wrote it, JSON on one line.
    pub tools: Vec<String>,
}

/// How far reading a list has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The server's process runs.
    Started,
    /// It has answered the first request.
    Greeted,
    /// It has sent another page.
    Page {
        /// The tools so far.
        tools: usize,
    },
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The gateway that was to reach it failed.
    #[error(transparent)]
    Reach(#[from] RunError),
    /// A gateway that is asked for it says why it has no answer, or the server says so through it.
    #[error("there is no answer to `{method}`: {message}")]
    Unanswered {
        /// What was asked.
        method: &'static str,
        /// Why.
        message: String,
    },
    /// It did not answer in time.
    #[error("the server did not answer `{method}` within {seconds} s")]
    TimedOut {
        /// What was asked.
        method: &'static str,
        /// How long it had.
        seconds: u64,
    },
    /// It ended, or closed its output.
    #[error("the server ended before it answered `{method}`")]
    Gone {
        /// What was asked.
        method: &'static str,
    },
    /// It answered with an error.
    #[error("the server refused `{method}`: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// Its message.
        message: String,
    },
    /// Its answer is not what was asked for.
    #[error("the server's answer to `{method}` is malformed: {what}")]
    Malformed {
        /// What was asked.
        method: &'static str,
        /// What is wrong.
        what: String,
    },
    /// It gave no list, and said something on standard error: whoever shows that takes secrets out of it.
    #[error("{error}")]
    Said {
        /// Why there is no list.
        error: Box<ListingError>,
        /// The last lines that it wrote.
        errors: String,
    },
    /// It lists more than is read.
    #[error("the server lists more {what} than the limit of {limit}")]
    TooMany {
        /// `pages`, `tools` or `bytes`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

const INITIALIZE: &str = "initialize";
const DISCOVER: &str = "server/discover";
const LIST: &str = "tools/list";
/// Messages that a server may send before it answers.
const MOST_OTHERS: usize = 10_000;
/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes on their way between a gateway and whoever asks through it.
const PIPE: usize = 64 << 10;

/// Starts the server, reads every page of its list of tools, and ends it.
///
/// # Errors
/// [`ListingError`] where there is no complete list.
pub async fn list_tools(
    command: &ServerCommand,
    errors: StandardError,
    patience: Duration,
    mut progress: impl FnMut(Progress),
) -> Result<Listing, ListingError> {
    let (mut process, input, output) = ServerProcess::start(command, errors)?;
    let last_words = process.take_errors().map(LastWords::listen);
    progress(Progress::Started);
    let mut asking = Asking::new((input, output), patience, Peer::Server);
    let listed = asking.read(&mut progress).await;
    // Its input closed, it goes by itself.
    drop(asking);
    process.end(GRACE).await;
    match (listed, last_words) {
        (Err(error), Some(last_words)) => match last_words.end().await {
            errors if errors.trim().is_empty() => Err(error),
            errors => Err(ListingError::Said { error: Box::new(error), errors }),
        },
        (listed, _) => listed,
    }
}

/// Reads every page of the list of a server as its clients reach it: through a gateway of its own, which speaks the
/// server's transport and its version of the protocol.
///
/// # Errors
/// [`ListingError`] where there is no complete list.
pub async fn list_tools_through(
    gateway: Arc<Gateway>,
    wrapped: Wrapped,
    patience: Duration,
    mut progress: impl FnMut(Progress),
) -> Result<Listing, ListingError> {
    let (client, served) = tokio::io::duplex(PIPE);
    let (input, output) = tokio::io::split(served);
    let running = tokio::spawn(async move { run(gateway, &wrapped, input, output).await });
    let (from, to) = tokio::io::split(client);
    let mut asking = Asking::new((to, from), patience, Peer::Gateway);
    let listed = asking.read(&mut progress).await;
    drop(asking);
    match running.await {
        // Why nothing could be asked says more than that nothing answered.
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(_)) | Err(_) => listed,
    }
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// The server itself: one that refuses the handshake may speak without one.
    Server,
    /// A gateway, which does the server's handshake.
    Gateway,
}

/// What came of the handshake.
struct Greeting {
    version: Version,
    instructions: Option<String>,
    /// The server wants none.
    is_refused: bool,
}

struct Asking<W, R> {
    input: W,
    lines: LineReader<R>,
    number: u64,
    patience: Duration,
    limits: Limits,
    bytes: usize,
    peer: Peer,
}

impl<W: AsyncWrite + Unpin, R: AsyncRead + Unpin> Asking<W, R> {
    fn new((input, output): (W, R), patience: Duration, peer: Peer) -> Self {
        let limits = Limits::default();
        let lines = LineReader::new(output, limits.definition_bytes);
        Self { input, lines, number: 0, patience, limits, bytes: 0, peer }
    }

    async fn read(&mut self, progress: &mut impl FnMut(Progress)) -> Result<Listing, ListingError> {
        let Greeting { version, instructions, is_refused } = self.greet().await?;
        progress(Progress::Greeted);
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..self.limits.definition_pages {
            self.number += 1;
            let request = list_request(self.number, cursor.as_deref(), version);
            let answer = self.ask(LIST, &request).await?;
            cursor = self.add(&answer, &mut tools)?;
            progress(Progress::Page { tools: tools.len() });
            if cursor.is_none() {
                // Asked last: a server that knows neither question still has its list read.
                let instructions = if is_refused { self.discover().await? } else { instructions };
                return Ok(Listing { instructions, tools });
            }
        }
        Err(ListingError::TooMany { what: "pages", limit: self.limits.definition_pages })
    }

    /// Does the handshake; a server that refuses it is asked as the version without one asks.
    async fn greet(&mut self) -> Result<Greeting, ListingError> {
        let client = concat!(r#"{"name":"interlock","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
        let version = Version::LATEST_LEGACY;
        let params = format!(
            r#"{{"protocolVersion":"{}","capabilities":{{}},"clientInfo":{client}}}"#,
            version.as_str()
        );
        let answer = self.ask(INITIALIZE, &reply::request(0, INITIALIZE, Some(&params))).await?;
        match outcome(&answer, INITIALIZE)? {
            Outcome::Error(error) if self.peer == Peer::Gateway => {
                Err(ListingError::Unanswered { method: INITIALIZE, message: error.message.into_owned() })
            }
            Outcome::Error(_) => {
                Ok(Greeting { version: Version::LATEST, instructions: None, is_refused: true })
            }
            Outcome::Result(result) => {
                let answered = result.get("protocolVersion").and_then(Value::as_str);
                let spoken = answered.as_deref().and_then(Version::parse).unwrap_or(version);
                let instructions = instructions(&result);
                self.send(INITIALIZE, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await?;
                Ok(Greeting { version: spoken, instructions, is_refused: false })
            }
        }
    }

    /// The instructions of a server that is not introduced to (2026-07-28, "Discovery"); none of one that refuses to say.
    async fn discover(&mut self) -> Result<Option<String>, ListingError> {
        self.number += 1;
        let answer = self.ask(DISCOVER, &discover_request(self.number)).await?;
        Ok(match outcome(&answer, DISCOVER)? {
            Outcome::Result(result) => instructions(&result),
            Outcome::Error(_) => None,
        })
    }

    fn add(&self, answer: &Message, tools: &mut Vec<String>) -> Result<Option<String>, ListingError> {
        let malformed = |what: &str| ListingError::Malformed { method: LIST, what: what.to_owned() };
        let result = match outcome(answer, LIST)? {
            Outcome::Result(result) => result,
            Outcome::Error(error) => {
                return Err(ListingError::Refused { method: LIST, message: error.message.into_owned() });
            }
        };
        let page = result.get("tools").filter(|tools| tools.kind() == Kind::Array);
        let page = page.ok_or_else(|| malformed("`tools` is not an array"))?;
        tools.extend(page.items().map(|tool| tool.raw().to_owned()));
        if tools.len() > self.limits.definition_tools {
            return Err(ListingError::TooMany { what: "tools", limit: self.limits.definition_tools });
        }
        Ok(result.get("nextCursor").and_then(Value::as_str).map(std::borrow::Cow::into_owned))
    }

    async fn ask(&mut self, method: &'static str, request: &str) -> Result<Message, ListingError> {
        let patience = self.patience;
        let asked = async {
            self.send(method, request).await?;
            self.answer(method).await
        };
        let timed_out = ListingError::TimedOut { method, seconds: patience.as_secs() };
        tokio::time::timeout(patience, asked).await.unwrap_or(Err(timed_out))
    }

    async fn send(&mut self, method: &'static str, message: &str) -> Result<(), ListingError> {
        let line = format!("{message}\n");
        let sent = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        sent.await.map_err(|_| ListingError::Gone { method })
    }

    /// Waits for the answer. What the server says besides is not for a client; what it asks is refused.
    async fn answer(&mut self, method: &'static str) -> Result<Message, ListingError> {
        let malformed = |what: String| ListingError::Malformed { method, what };
        for _ in 0..MOST_OTHERS {
            let line = self.lines.next().await.map_err(|_| ListingError::Gone { method })?;
            let line = match line {
                None => return Err(ListingError::Gone { method }),
                Some(Line::Complete(line)) => line,
                Some(_) => {
                    let limit = self.limits.definition_bytes;
                    return Err(ListingError::TooMany { what: "bytes", limit });
                }
            };
            self.bytes += line.len();
            if self.bytes > self.limits.definition_bytes {
                return Err(ListingError::TooMany { what: "bytes", limit: self.limits.definition_bytes });
            }
            let limits = interlock_json::Limits { bytes: self.limits.definition_bytes, ..Default::default() };
            let message = Message::parse(line, &limits).map_err(|refusal| malformed(refusal.to_string()))?;
            let refused = match message.shape() {
                Shape::Response(Response { id: Some(id), .. }) if id.as_u64() == Some(self.number) => {
                    return Ok(message);
                }
                Shape::Request(request) if request.method == "ping" => Some(reply::result(request.id, "{}")),
                Shape::Request(request) => Some(reply::error(request.id, -32_601, "not offered", None)),
                Shape::Response(_) | Shape::Notification(_) => None,
            };
            if let Some(refused) = refused {
                self.send(method, &refused).await?;
            }
        }
        Err(malformed("it says too much else before".to_owned()))
    }
}

fn instructions(result: &Value<'_>) -> Option<String> {
    result.get("instructions").and_then(Value::as_str).map(std::borrow::Cow::into_owned)
}

fn outcome<'m>(answer: &'m Message, method: &'static str) -> Result<Outcome<'m>, ListingError> {
    match answer.shape() {
        Shape::Response(response) => Ok(response.outcome),
        _ => Err(ListingError::Malformed { method, what: "it is not an answer".to_owned() }),
    }
}
