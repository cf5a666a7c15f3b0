//! Which version a message is judged by.

use super::{Fields, HeaderError, METHOD, NAME, PROTOCOL_VERSION, Rejection};
use crate::message::{Message, Request, Shape};
use crate::meta::{ModernMeta, modern_meta};
use crate::version::{Era, Version};

/// The version of a message, in this order:
///
/// 1. A modern `_meta` or a modern header: modern, strictly. A session is ignored (2026-07-28, "Streamable
///    HTTP", "Earlier Streamable HTTP Revisions").
/// 2. A session: what it negotiated, with which the header must agree where it is there. Whose session it is, and
///    whether it still is, is for the caller: `session` is what it found.
/// 3. `initialize`: what it asks for; what it may not ask for is negotiated down.
/// 4. The header, where it names a legacy version (2025-06-18, "Protocol Version Header").
/// 5. 2025-03-26.
///
/// # Errors
/// [`Rejection`] with the status and the error to answer. Of what modern requests say twice only the version is
/// compared here; the rest is for [`check_request`](super::check_request).
pub fn version_of(
    message: &Message,
    fields: Fields<'_>,
    session: Option<Version>,
    supported: &[Version],
) -> Result<Version, Rejection> {
    let request = match message.shape() {
        Shape::Request(request) => Some(request),
        Shape::Notification(_) | Shape::Response(_) => None,
    };
    if request.as_ref().is_some_and(ModernMeta::is_claimed_by) || has_modern_header(fields, session)? {
        return match request {
            Some(request) => modern(&request, fields, supported),
            None => modern_by_header(fields, supported),
        };
    }
    let header = legacy_header(fields)?;
    match (session, header) {
        (Some(session), Some(header)) if session != header => Err(Rejection::invalid(format!(
            "the header `{PROTOCOL_VERSION}` says {header}, the session negotiated {session}"
        ))),
        (Some(session), _) => Ok(session),
        (None, header) => Ok(request
            .filter(|request| request.method == "initialize")
            .map(|request| asked_for(&request))
            .or(header)
            .unwrap_or(Version::V2025_03_26)),
    }
}

/// The version that decides, before a body is read, whether it may be an array.
pub fn batch_version(fields: Fields<'_>, session: Option<Version>) -> Version {
    let header = fields.one(PROTOCOL_VERSION).ok().flatten();
    match (session, header) {
        (Some(session), _) => session,
        (None, None) => Version::V2025_03_26,
        // What is unknown has no batches.
        (None, Some(header)) => Version::parse(header).unwrap_or(Version::LATEST),
    }
}

/// Whether the headers are those of a modern message: they name a version that is no legacy one, or, where
/// neither a version nor a session is named, repeat parts of the body.
fn has_modern_header(fields: Fields<'_>, session: Option<Version>) -> Result<bool, HeaderError> {
    match fields.one(PROTOCOL_VERSION)? {
        Some(header) => {
            Ok(Version::parse(header).is_none_or(|version| version.era() == Era::Modern)
                && !header.is_empty())
        }
        None => Ok(session.is_none() && (fields.has(METHOD) || fields.has(NAME))),
    }
}

/// What the message says first, then whether it says the same twice, then whether that is spoken here: who
/// contradicts itself learns that, and not that one of the two is wrong.
fn modern(request: &Request<'_>, fields: Fields<'_>, supported: &[Version]) -> Result<Version, Rejection> {
    let meta = modern_meta(request)?;
    if fields.needed(PROTOCOL_VERSION)? != meta.protocol_version {
        return Err(HeaderError::Mismatch { name: PROTOCOL_VERSION.into() }.into());
    }
    spoken(&meta.protocol_version, supported)
}

fn modern_by_header(fields: Fields<'_>, supported: &[Version]) -> Result<Version, Rejection> {
    spoken(fields.needed(PROTOCOL_VERSION)?, supported)
}

fn spoken(named: &str, supported: &[Version]) -> Result<Version, Rejection> {
    let version = Version::parse(named).filter(|version| version.era() == Era::Modern);
    version
        .filter(|version| supported.contains(version))
        .ok_or_else(|| Rejection::unsupported_version(named, supported))
}

fn legacy_header(fields: Fields<'_>) -> Result<Option<Version>, Rejection> {
    let Some(header) = fields.one(PROTOCOL_VERSION)? else { return Ok(None) };
    let version = Version::parse(header);
    let unknown = || Rejection::invalid(format!("the header `{PROTOCOL_VERSION}` names no version"));
    version.map(Some).ok_or_else(unknown)
}

/// What `initialize` asks for; the latest legacy version where that is none in which it exists.
fn asked_for(request: &Request<'_>) -> Version {
    let asked = request.params.and_then(|params| params.get("protocolVersion"));
    let version = asked.and_then(interlock_json::Value::as_str).and_then(|text| Version::parse(&text));
    version.filter(|version| version.era() == Era::Legacy).unwrap_or(Version::LATEST_LEGACY)
}
