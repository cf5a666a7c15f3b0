//! The state of one connection between a client and a server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use interlock_json::Value;
use interlock_wire::{Message, Version};
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use crate::approvals::elicitation::Word;
use crate::batch::ReplyTo;
use crate::capabilities::Capabilities;
use crate::continuation::Continuations;
use crate::identify::{Credential, Identity};
use crate::limits::Limits;
use crate::lists::List;
use crate::pending::{Asker, Pending};
use crate::relay::{Concerning, MayAsk};
use crate::sealed::Given;
use crate::settle::Ticket;

/// What client and server have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negotiated {
    /// Nothing yet.
    Nothing,
    /// `initialize` was answered with this legacy version.
    Legacy(Version),
    /// The client speaks 2026-07-28, where every request stands by itself.
    Modern,
}

impl Negotiated {
    /// The version in which batches may come: none before one is agreed on.
    pub(crate) fn for_batches(self) -> Option<Version> {
        match self {
            Self::Legacy(version) => Some(version),
            Self::Nothing | Self::Modern => None,
        }
    }

    /// The version of a message that does not name its own.
    pub(crate) fn version(self) -> Version {
        match self {
            Self::Nothing => Version::V2025_03_26,
            Self::Legacy(version) => version,
            Self::Modern => Version::V2026_07_28,
        }
    }
}

/// One connection's state. Behind a plain lock that is never held across an `.await`.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) negotiated: Negotiated,
    pub(crate) identity: Arc<Identity>,
    /// What a legacy client declared that it can be asked. A modern one says so with every request.
    pub(crate) declared: Capabilities,
    /// What a modern client declared with its first request, as JSON: what a legacy server is told once.
    pub(crate) declared_text: Option<Arc<str>>,
    /// Lists whose changes the server said it announces (`capabilities.<list>.listChanged`).
    pub(crate) announced: Vec<&'static str>,
    /// Requests sent to the server.
    pub(crate) to_server: Pending<Asked>,
    /// The server's requests to the client.
    pub(crate) to_client: Pending<Questioned>,
    /// Approvals whose link the client's user was shown.
    pub(crate) links_shown: BTreeSet<String>,
    /// Calls whose server asked for input, until their retry.
    pub(crate) continuations: Continuations,
    /// The states that the client was given for their retry.
    pub(crate) given: Given,
}

/// A request that the server has to answer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) awaited: Awaited,
    pub(crate) version: Version,
    /// `None` for the gateway's own requests.
    pub(crate) reply: Option<ReplyTo>,
    /// When its asker gets an error instead; `None` for what stays open by its nature.
    pub(crate) deadline: Option<Instant>,
    /// The token under which the server tells of its progress, as raw JSON.
    pub(crate) progress: Option<String>,
    /// What its client declared that it can be asked.
    pub(crate) declared: Capabilities,
    /// For what the server may ask instead of answering; `None` where it may not.
    pub(crate) may_ask: Option<Box<MayAsk>>,
    /// What it has to do with tasks.
    pub(crate) task: Option<Box<Concerning>>,
    /// Tells whoever waits for a person in its place when it waits no more.
    pub(crate) held: Option<DropGuard>,
    /// What vouches for its asker, where no session ends with that.
    pub(crate) credential: Option<Arc<Credential>>,
}

/// What to do with the server's answer.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// The call is still being judged: the server has not seen it, so no answer can be genuine.
    Judging,
    /// Relay it.
    Relay,
    /// A modern subscription: its number names it in what the server sends.
    Listen(Option<Ticket>),
    /// Relay what the specification gives it, and note the version it names.
    Initialize,
    /// Relay what the specification gives it.
    Discover,
    /// Relay what policy shows of it.
    List(List),
    /// Settle the call and relay it.
    Call(Ticket),
    /// It is for the gateway itself.
    Own(oneshot::Sender<Message>),
    /// How the task stands that the server calls so, for the gateway itself.
    Look(String),
}

impl Awaited {
    /// The call to settle, where there is one.
    pub(crate) fn into_ticket(self) -> Option<Ticket> {
        match self {
            Self::Call(ticket) => Some(ticket),
            Self::Listen(ticket) => ticket,
            Self::Judging
            | Self::Relay
            | Self::Initialize
            | Self::Discover
            | Self::List(_)
            | Self::Own(_)
            | Self::Look(_) => None,
        }
    }
}

/// A server's request that the client has to answer.
#[derive(Debug)]
pub(crate) struct Questioned {
    /// `None` where the method is not recorded (ping).
    pub(crate) ticket: Option<Ticket>,
    pub(crate) deadline: Option<Instant>,
    /// Who of the gateway waits for the answer, where it asks of its own: that is for nobody else.
    pub(crate) own: Option<oneshot::Sender<Word>>,
}

impl Session {
    pub(crate) fn new(identity: Identity, limits: &Limits, connection: u64) -> Self {
        Self {
            negotiated: Negotiated::Nothing,
            identity: Arc::new(identity),
            declared: Capabilities::default(),
            declared_text: None,
            announced: Vec::new(),
            to_server: Pending::new(limits.in_flight, limits.given_up),
            to_client: Pending::new(limits.in_flight, limits.given_up),
            links_shown: BTreeSet::new(),
            continuations: Continuations::new(),
            given: Given::new(connection),
        }
    }

    /// The request of an exchange that a progress token of the gateway's own stands for.
    pub(crate) fn exchanged(&self, token: Value<'_>) -> Option<(u64, &Asked)> {
        let number = token.as_number()?.parse().ok()?;
        let waiting = self.to_server.get(number)?;
        let in_exchange = waiting.asker.as_ref().is_some_and(|asker| asker.exchange != 0);
        (in_exchange && waiting.item.progress.is_some()).then_some((number, &waiting.item))
    }

    /// The newest request whose asker chose this progress token, where all share one connection.
    pub(crate) fn newest_under(&self, token: Value<'_>) -> Option<&Asked> {
        self.to_server.newest(|asked| asked.progress.as_deref() == Some(token.raw()))
    }

    /// The number of a request that has already gone to the server; `None` for one that is unknown.
    pub(crate) fn forwarded(&mut self, asker: &Asker) -> Option<u64> {
        let number = self.to_server.number_of(asker)?;
        let judging = matches!(self.to_server.get_mut(number)?.awaited, Awaited::Judging);
        (!judging).then_some(number)
    }
}
