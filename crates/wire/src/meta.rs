use std::borrow::Cow;

use interlock_json::{Kind, Value};

use crate::message::Request;
use crate::refusal::{Place, Refusal, RefusalKind};

pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The members that the protocol itself gives the metadata of a request.
pub(crate) const OF_REQUESTS: [&str; 4] = [PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL];

/// What every modern request says of itself (MCP 2026-07-28, `RequestMetaObject`).
#[derive(Clone, Debug)]
pub struct ModernMeta<'m> {
    /// As it stands; whether it is known is for the caller, because the answer differs (-32022).
    pub protocol_version: Cow<'m, str>,
    /// An object.
    pub client_capabilities: Value<'m>,
    /// What the client says it is. Never part of a decision.
    pub client_info: Option<Value<'m>>,
    /// The least severe log messages the client wants during this request.
    pub log_level: Option<Cow<'m, str>>,
}

impl ModernMeta<'_> {
    /// Whether a request says of itself that it is modern: its `_meta` names a protocol version.
    pub fn is_claimed_by(request: &Request<'_>) -> bool {
        request
            .params
            .and_then(|params| params.get("_meta"))
            .is_some_and(|meta| meta.get(PROTOCOL_VERSION).is_some())
    }
}

/// Reads a modern request's metadata.
///
/// # Errors
/// [`Refusal`] with -32602 where `_meta`, its protocol version or its client capabilities are missing or of
/// the wrong type.
pub fn modern_meta<'m>(request: &Request<'m>) -> Result<ModernMeta<'m>, Refusal> {
    read(request.params).map_err(|kind| {
        let mut refusal = Refusal::new(kind);
        refusal.id = Some(request.id.to_request_id());
        refusal.method = Some(request.method.chars().take(256).collect());
        refusal
    })
}

fn read(params: Option<Value<'_>>) -> Result<ModernMeta<'_>, RefusalKind> {
    let missing = RefusalKind::MissingMember { place: Place::Params, key: "_meta" };
    let meta = params.and_then(|params| params.get("_meta")).ok_or(missing)?;
    let protocol_version = text(meta, PROTOCOL_VERSION)?
        .ok_or(RefusalKind::MissingMember { place: Place::Meta, key: PROTOCOL_VERSION })?;
    let client_capabilities = object(meta, CLIENT_CAPABILITIES)?
        .ok_or(RefusalKind::MissingMember { place: Place::Meta, key: CLIENT_CAPABILITIES })?;
    Ok(ModernMeta {
        protocol_version,
        client_capabilities,
        client_info: object(meta, CLIENT_INFO)?,
        log_level: text(meta, LOG_LEVEL)?,
    })
}

fn text<'m>(meta: Value<'m>, key: &'static str) -> Result<Option<Cow<'m, str>>, RefusalKind> {
    let wrong = RefusalKind::InvalidMember { place: Place::Meta, key, expected: "a string" };
    meta.get(key).map(|value| value.as_str().ok_or(wrong)).transpose()
}

fn object<'m>(meta: Value<'m>, key: &'static str) -> Result<Option<Value<'m>>, RefusalKind> {
    match meta.get(key) {
        Some(value) if value.kind() != Kind::Object => {
            Err(RefusalKind::InvalidMember { place: Place::Meta, key, expected: "an object" })
        }
        other => Ok(other),
    }
}
