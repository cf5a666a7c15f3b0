//! `initialize`, answered from what the server says of itself.

use std::time::Duration;

use interlock_json::Value;

use super::{INVALID_REQUEST, LegacyToModern, Level, List, reply};
use crate::bridge::capabilities::{client_for_other_era, has_flag, object, server_for_other_era};
use crate::id::RequestId;
use crate::message::{Outcome, Request};
use crate::version::{Era, Version};

/// What a server's information is called in the `_meta` of its results (2026-07-28, "Per-response protocol
/// fields").
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What is known of the client.
#[derive(Debug)]
pub(super) enum Client {
    /// Nothing yet.
    New,
    /// It sent `initialize`; the server was asked who it is.
    Asking { number: u64, id: RequestId, deadline: Duration, said: Said },
    /// It was told.
    Known(Box<Known>),
}

/// What a client says of itself once, and every modern request says of it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    version: Version,
    /// JSON objects.
    capabilities: String,
    info: Option<String>,
}

/// Both sides of an `initialize`.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) version: Version,
    said: Said,
    pub(super) announces: Vec<List>,
    pub(super) can_subscribe: bool,
    pub(super) can_log: bool,
}

impl Client {
    pub(super) fn known(&self) -> Option<&Known> {
        match self {
            Self::Known(known) => Some(known),
            Self::New | Self::Asking { .. } => None,
        }
    }

    pub(super) fn is_asked_by(&self, request: u64) -> bool {
        matches!(self, Self::Asking { number, .. } if *number == request)
    }

    pub(super) fn waits_for(&self, own: &RequestId) -> bool {
        matches!(self, Self::Asking { id, .. } if id == own)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Asking { deadline, .. } => Some(*deadline),
            Self::New | Self::Known(_) => None,
        }
    }
}

impl Said {
    fn read(request: &Request<'_>) -> Self {
        let member = |name| request.params.and_then(|params| params.get(name));
        let asked = member("protocolVersion").and_then(Value::as_str).and_then(|text| Version::parse(&text));
        let capabilities = object(request.params, "capabilities");
        Self {
            // 2025-11-25, "Version Negotiation": what the client asks for, or the latest that is spoken here.
            version: asked.filter(|asked| asked.era() == Era::Legacy).unwrap_or(Version::LATEST_LEGACY),
            capabilities: capabilities.map_or_else(|| "{}".to_owned(), client_for_other_era),
            info: object(request.params, "clientInfo").map(|info| info.raw().to_owned()),
        }
    }

    /// The members of a modern `_meta` (2026-07-28, "Per-request protocol fields").
    fn meta(&self, level: Option<Level>) -> String {
        let mut meta = format!(
            r#""io.modelcontextprotocol/protocolVersion":"{}","io.modelcontextprotocol/clientCapabilities":{}"#,
            Version::LATEST,
            self.capabilities
        );
        if let Some(info) = &self.info {
            meta.push_str(r#","io.modelcontextprotocol/clientInfo":"#);
            meta.push_str(info);
        }
        if let Some(level) = level {
            meta.push_str(&format!(r#","io.modelcontextprotocol/logLevel":"{}""#, level.name()));
        }
        meta
    }

    fn with_server(self, result: Value<'_>) -> Known {
        let offered = result.get("capabilities");
        Known {
            version: self.version,
            said: self,
            announces: List::ALL
                .into_iter()
                .filter(|list| has_flag(offered, list.capability(), "listChanged"))
                .collect(),
            can_subscribe: has_flag(offered, "resources", "subscribe"),
            can_log: object(offered, "logging").is_some(),
        }
    }
}

impl LegacyToModern {
    pub(super) fn initialize(&mut self, request: &Request<'_>, id: RequestId) {
        if !matches!(self.client, Client::New) {
            return self.refuse(
                &id,
                INVALID_REQUEST,
                "`initialize` begins a session, and this one has begun",
            );
        }
        let said = Said::read(request);
        let number = self.number();
        let deadline = self.now.saturating_add(self.limits.handshake);
        let params = format!("{{\"_meta\":{{{}}}}}", said.meta(None));
        self.client = Client::Asking { number, id, deadline, said };
        let line = reply::request(number, "server/discover", Some(&params));
        self.tell_server(line, Some(number), "server/discover".into(), None);
    }

    /// The server says who it is (2026-07-28, "Discovery").
    pub(super) fn discovered(&mut self, outcome: &Outcome<'_>) {
        let result = match outcome {
            Outcome::Result(result) => *result,
            Outcome::Error(error) => {
                let said: String = error.message.chars().take(256).collect();
                let reason =
                    format!("the server refused `server/discover` with error {}: {said}", error.code);
                return self.discovery_failed(&reason);
            }
        };
        let mut versions = result.get("supportedVersions").into_iter().flat_map(Value::items);
        if !versions.any(|version| version.is_str(Version::LATEST.as_str())) {
            return self.discovery_failed("the server does not speak 2026-07-28");
        }
        let Client::Asking { id, said, .. } = std::mem::replace(&mut self.client, Client::New) else {
            return;
        };
        self.answer(&id, &initialize_result(said.version, result));
        self.client = Client::Known(Box::new(said.with_server(result)));
    }

    pub(super) fn discovery_failed(&mut self, reason: &str) {
        if !matches!(self.client, Client::Asking { .. }) {
            return;
        }
        if let Client::Asking { id, .. } = std::mem::replace(&mut self.client, Client::New) {
            self.fail(&id, reason);
        }
    }

    /// What every request to the server says.
    pub(super) fn meta(&self) -> String {
        self.client.known().map(|known| known.said.meta(self.level)).unwrap_or_default()
    }
}

/// 2025-11-25, `InitializeResult`, which has to say who the server is.
fn initialize_result(version: Version, discovered: Value<'_>) -> String {
    let capabilities = server_for_other_era(discovered.get("capabilities"));
    let info =
        object(object(Some(discovered), "_meta"), SERVER_INFO).or(object(Some(discovered), "serverInfo"));
    let info = info.map_or(r#"{"name":"server","version":"0"}"#, Value::raw);
    let instructions = discovered.get("instructions").filter(|text| text.as_str().is_some());
    let instructions =
        instructions.map(|text| format!(",\"instructions\":{}", text.raw())).unwrap_or_default();
    format!(
        r#"{{"protocolVersion":"{version}","capabilities":{capabilities},"serverInfo":{info}{instructions}}}"#
    )
}
