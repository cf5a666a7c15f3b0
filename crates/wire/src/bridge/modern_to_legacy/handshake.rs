//! `initialize`, once, and what came of it.

use std::time::Duration;

use interlock_json::{Value, canonical};

use super::{INTERNAL_ERROR, List, ModernToLegacy};
use crate::bridge::capabilities::{self, client_for_other_era, has_flag, server_for_other_era};
use crate::id::RequestId;
use crate::message::{Message, Outcome, Request, Shape};
use crate::meta::modern_meta;
use crate::reply;
use crate::version::{Era, Version};

/// How far the two have come.
#[derive(Debug)]
pub(super) enum Handshake {
    /// Nothing was sent yet.
    No,
    /// `initialize` was sent; these wait for its answer.
    Asked { number: u64, deadline: Duration, waiting: Vec<Message> },
    /// They agreed.
    Done(Box<Peer>),
    /// They did not, and never will.
    Failed(String),
}

/// What the server says of itself (2025-11-25, `InitializeResult`), as JSON.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) version: Version,
    /// What can be carried of it.
    capabilities: String,
    info: Option<String>,
    instructions: Option<String>,
    pub(super) announces: Vec<List>,
    pub(super) can_subscribe: bool,
    pub(super) can_log: bool,
}

impl Handshake {
    pub(super) fn peer(&self) -> Option<&Peer> {
        match self {
            Self::Done(peer) => Some(peer),
            Self::No | Self::Asked { .. } | Self::Failed(_) => None,
        }
    }

    pub(super) fn is_asked_by(&self, request: u64) -> bool {
        matches!(self, Self::Asked { number, .. } if *number == request)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Asked { deadline, .. } => Some(*deadline),
            Self::No | Self::Done(_) | Self::Failed(_) => None,
        }
    }

    pub(super) fn is_waiting(&self, id: &RequestId) -> bool {
        matches!(self, Self::Asked { waiting, .. } if waiting.iter().any(|message| has_id(message, id)))
    }

    pub(super) fn take_waiting(&mut self) -> Option<(u64, Vec<Message>)> {
        match std::mem::replace(self, Self::No) {
            Self::Asked { number, waiting, .. } => Some((number, waiting)),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Asked { waiting, .. } => waiting.iter().map(|message| message.source().len()).sum(),
            Self::No | Self::Done(_) | Self::Failed(_) => 0,
        }
    }

    /// The client does not wait for this any more.
    pub(super) fn forget(&mut self, id: &RequestId) {
        if let Self::Asked { waiting, .. } = self {
            waiting.retain(|message| !has_id(message, id));
        }
    }
}

fn has_id(message: &Message, id: &RequestId) -> bool {
    message.id().is_some_and(|own| own.to_request_id() == *id)
}

impl Peer {
    fn read(result: Value<'_>) -> Result<Self, String> {
        let named = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let version = Version::parse(&named).filter(|version| version.era() == Era::Legacy);
        let version = version.ok_or_else(|| {
            let named: String = named.chars().take(64).collect();
            format!("the server chose protocol version `{named}`, which is not spoken here")
        })?;
        let offered = result.get("capabilities");
        let announces = |list: &List| has_flag(offered, list.capability(), "listChanged");
        let object = |name| capabilities::object(Some(result), name).map(|value| value.raw().to_owned());
        let text = result.get("instructions").filter(|text| text.as_str().is_some());
        Ok(Self {
            version,
            capabilities: server_for_other_era(offered),
            info: object("serverInfo"),
            instructions: text.map(|text| text.raw().to_owned()),
            announces: List::ALL.into_iter().filter(announces).collect(),
            can_subscribe: has_flag(offered, "resources", "subscribe"),
            can_log: capabilities::object(offered, "logging").is_some(),
        })
    }

    /// 2026-07-28, `DiscoverResult`. Nobody knows for how long it holds: the server may be replaced.
    fn discovered(&self) -> String {
        let mut result = format!(
            r#"{{"resultType":"complete","supportedVersions":["{}"],"capabilities":{}"#,
            Version::LATEST,
            self.capabilities
        );
        if let Some(instructions) = &self.instructions {
            result.push_str(",\"instructions\":");
            result.push_str(instructions);
        }
        result.push_str(r#","ttlMs":0,"cacheScope":"private""#);
        if let Some(info) = &self.info {
            result.push_str(",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
            result.push_str(info);
            result.push('}');
        }
        result.push('}');
        result
    }
}

impl ModernToLegacy {
    /// The first request: the server is asked for a version before it sees any.
    pub(super) fn begin(&mut self, request: &Request<'_>, message: &Message) {
        if !self.has_room_for(message.source().len()) {
            return self.refuse_busy(&request.id.to_request_id());
        }
        let params = match modern_meta(request) {
            Ok(meta) => {
                let declared = client_for_other_era(meta.client_capabilities);
                let declared = self.declares.as_deref().unwrap_or(&declared);
                initialize_params(declared, meta.client_info)
            }
            Err(refusal) => {
                return self.refuse(&request.id.to_request_id(), refusal.code, &refusal.to_string());
            }
        };
        let number = self.number();
        let deadline = self.now.saturating_add(self.limits.handshake);
        self.handshake = Handshake::Asked { number, deadline, waiting: vec![message.clone()] };
        let line = reply::request(number, "initialize", Some(&params));
        self.tell_server(line, Some(number), Some("initialize".into()), None);
    }

    /// The server answered `initialize`.
    pub(super) fn initialized(&mut self, outcome: &Outcome<'_>) {
        let peer = match outcome {
            Outcome::Result(result) => Peer::read(*result),
            Outcome::Error(error) => {
                let said: String = error.message.chars().take(256).collect();
                Err(format!("the server refused `initialize` with error {}: {said}", error.code))
            }
        };
        let peer = match peer {
            Ok(peer) => peer,
            Err(reason) => return self.handshake_failed(&reason),
        };
        let waiting = self.waiting_requests(Handshake::Done(Box::new(peer)));
        let method = "notifications/initialized";
        self.tell_server(reply::notification(method, None), None, Some(method.into()), None);
        for message in waiting {
            if let Shape::Request(request) = message.shape() {
                self.ready_request(&request, &message, request.id.to_request_id());
            }
        }
    }

    pub(super) fn handshake_failed(&mut self, reason: &str) {
        for message in self.waiting_requests(Handshake::Failed(reason.to_owned())) {
            if let Some(id) = message.id() {
                self.refuse(&id.to_request_id(), INTERNAL_ERROR, reason);
            }
        }
    }

    fn waiting_requests(&mut self, next: Handshake) -> Vec<Message> {
        match std::mem::replace(&mut self.handshake, next) {
            Handshake::Asked { waiting, .. } => waiting,
            Handshake::No | Handshake::Done(_) | Handshake::Failed(_) => Vec::new(),
        }
    }

    pub(super) fn discover(&mut self, id: &RequestId) {
        let Some(peer) = self.handshake.peer() else { return };
        let line = reply::result(id, &peer.discovered());
        self.tell_client(line, Some(id.clone()));
    }
}

/// 2025-11-25 requires a `clientInfo`, which 2026-07-28 does not.
fn initialize_params(capabilities: &str, info: Option<Value<'_>>) -> String {
    let mut params =
        format!(r#"{{"protocolVersion":"{}","capabilities":{capabilities}"#, Version::LATEST_LEGACY);
    params.push_str(",\"clientInfo\":");
    match info {
        Some(info) => params.push_str(info.raw()),
        None => {
            params.push_str("{\"name\":\"interlock\",\"version\":");
            canonical::write_str(env!("CARGO_PKG_VERSION"), &mut params);
            params.push('}');
        }
    }
    params.push('}');
    params
}
