//! A client of one era before a server of the other, in both of which "fails" is what the specification's own
//! matrix says (2026-07-28, "Versioning", "Compatibility Matrix").
//!
//! A bridge stands between the gateway, which judges in the client's era, and the server's transport, which
//! speaks the server's. To the gateway it is a server of the client's era, to the server a client of the server's
//! era. It is a state machine without clock, randomness or I/O: messages, closed streams and the time go in,
//! [`Action`]s come out, in order. What it forwards keeps its bytes, except for identifiers and the members that
//! one era has and the other has not.
//!
//! | client | server | bridge |
//! |---|---|---|
//! | modern | legacy | [`ModernToLegacy`] |
//! | legacy | modern | [`LegacyToModern`] |
//! | modern | modern | none |
//! | legacy | legacy | none: `initialize` negotiates a version that both know (2025-11-25, "Lifecycle"), whichever two they are |
//!
//! What a pair of eras cannot carry is not advertised and is refused with the reason:
//!
//! - Tasks. In 2025-11-25 the client asks for one, a request at a time, and `tasks/result` waits for its end; in the
//!   extension of 2026-07-28 the server decides, and `tasks/get` is asked again and again. Neither can be told
//!   as the other without holding results for longer than a bridge lives.
//! - `notifications/elicitation/complete` and `notifications/roots/list_changed`, which 2026-07-28 took away.

#[cfg(test)]
mod anything;
mod capabilities;
#[cfg(test)]
mod chain;
pub(crate) mod edit;
mod legacy_to_modern;
mod level;
mod modern_to_legacy;
#[cfg(test)]
mod scripts;

use std::borrow::Cow;
use std::time::Duration;

use crate::id::RequestId;
use crate::message::Message;
use crate::version::Version;

pub use legacy_to_modern::{Cancels, LegacyToModern};
pub use modern_to_legacy::ModernToLegacy;

/// JSON-RPC: no such method.
const METHOD_NOT_FOUND: i64 = -32_601;
/// JSON-RPC: the request cannot be carried out, for a reason of the bridge's own.
const INTERNAL_ERROR: i64 = -32_603;

/// What stands between a gateway and a server of another era.
pub trait Bridge {
    /// The gateway hands on what the client sent. Its ids must be unique among those in flight, as the gateway's
    /// own numbers are.
    fn client_sent(&mut self, message: &Message, now: Duration) -> Vec<Action>;

    /// The server sent this: on the stream of the request with this number, where the transport has a stream for
    /// each, or on one that belongs to none.
    fn server_sent(&mut self, message: &Message, on: Option<u64>, now: Duration) -> Vec<Action>;

    /// The client closed the stream of its request (2026-07-28, "Streamable HTTP", "Cancellation"). Not to be
    /// called for legacy clients, whose disconnect is no cancellation.
    fn client_closed(&mut self, id: &RequestId, now: Duration) -> Vec<Action>;

    /// The stream of this request ended without an answer and will not be resumed.
    fn server_closed(&mut self, request: u64, now: Duration) -> Vec<Action>;

    /// Whether the server still owes the answer to this request.
    fn awaits(&self, request: u64) -> bool;

    /// The server is gone: everything that waits for it ends. The bridge ends with it.
    fn server_gone(&mut self, now: Duration) -> Vec<Action>;

    /// Does what is due.
    fn tick(&mut self, now: Duration) -> Vec<Action>;

    /// When something will be due; nothing, if only messages can change anything.
    fn next_tick(&self) -> Option<Duration>;
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this to the server.
    ToServer(ToServer),
    /// Hand this to the gateway as if the server had sent it.
    ToClient(ToClient),
    /// Close the stream of this request to the server, which cancels it (modern HTTP).
    CloseStream(u64),
    /// A list of the server has changed: for what the gateway itself has kept of it, where its client may not have
    /// asked to be told. Clients that have are told by messages of their own.
    Changed(List),
}

/// A message for the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToServer {
    /// The message, one line.
    pub line: String,
    /// The number of the request, where it is one: it names its stream.
    pub request: Option<u64>,
    /// The version to name in `MCP-Protocol-Version`; none before one is agreed on.
    pub version: Option<Version>,
    /// The method, for `Mcp-Method`; none of an answer.
    pub method: Option<Cow<'static, str>>,
    /// `params.name` or `params.uri` of those requests that `Mcp-Name` repeats. `Mcp-Param-*` need the tool's
    /// definition: [`headers`](crate::http::headers) makes all of them.
    pub name: Option<String>,
}

/// A message for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToClient {
    /// The message, one line.
    pub line: String,
    /// The client's request on whose stream it belongs; none where it belongs to no request.
    pub on: Option<RequestId>,
}

/// A list that a server can announce changes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// `tools/list`
    Tools,
    /// `prompts/list`
    Prompts,
    /// `resources/list` and `resources/templates/list`
    Resources,
}

/// How much a bridge holds and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages that the bridge reads again itself.
    pub message: interlock_json::Limits,
    /// Requests of the client that wait for an answer.
    pub in_flight: usize,
    /// Calls that wait for the client's answers to a question, and for the call that follows them.
    pub held: usize,
    /// How long they wait.
    pub hold: Duration,
    /// Bytes of what is kept of requests, questions and answers: requests that wait for the handshake, what a call
    /// must be compared with or made of again, and what came for it while its client was asked.
    pub kept_bytes: usize,
    /// Questions that one call may have open.
    pub questions: usize,
    /// How often one call may ask.
    pub rounds: usize,
    /// How long questions of one call are gathered before the client is asked.
    pub gather: Duration,
    /// How long a server may take to agree on a version.
    pub handshake: Duration,
    /// Subscriptions at the same time.
    pub listens: usize,
    /// Resources that are watched at the same time.
    pub watched: usize,
    /// Bytes of the name of one of them, and of news of it that is kept until a subscription is acknowledged.
    pub watched_bytes: usize,
    /// How long a server may take to accept a subscription.
    pub acknowledge: Duration,
    /// How long a call waits whose server asked nothing but to be called again.
    pub call_again: Duration,
    /// How long a subscription that the server ended waits until it is begun anew; doubled each time, up to 32
    /// times as long.
    pub listen_again: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: interlock_json::Limits::default(),
            in_flight: 4_096,
            held: 1_024,
            hold: Duration::from_secs(3_600),
            kept_bytes: 64 << 20,
            questions: 16,
            rounds: 16,
            gather: Duration::from_millis(20),
            handshake: Duration::from_secs(60),
            listens: 64,
            watched: 1_000,
            watched_bytes: 64 << 10,
            acknowledge: Duration::from_secs(30),
            call_again: Duration::from_millis(250),
            listen_again: Duration::from_secs(5),
        }
    }
}

impl List {
    /// The list of an announcement.
    fn of(method: &str) -> Option<Self> {
        match method {
            "notifications/tools/list_changed" => Some(Self::Tools),
            "notifications/prompts/list_changed" => Some(Self::Prompts),
            "notifications/resources/list_changed" => Some(Self::Resources),
            _ => None,
        }
    }

    /// The member of `capabilities` that declares it.
    const fn capability(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    /// The member of a subscription's filter that asks for it (2026-07-28, `SubscriptionFilter`).
    const fn filter(self) -> &'static str {
        match self {
            Self::Tools => "toolsListChanged",
            Self::Prompts => "promptsListChanged",
            Self::Resources => "resourcesListChanged",
        }
    }

    const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];
}

/// The member of `params` that says what a request is for, where one request may ask the client something before
/// it is answered (2026-07-28, "Multi Round-Trip Requests", "Supported Requests").
fn asks_by(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    }
}
