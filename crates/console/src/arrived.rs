//! What every page is told of a request by the listener.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use interlock_gateway::admin::{CameFrom, IsEncrypted};

/// A request as it arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// Where it came from.
    pub(crate) from: IpAddr,
    /// Whether over an encrypted connection.
    pub(crate) is_encrypted: IsEncrypted,
    pub(crate) headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Arrived {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Without either it came by another way than the listener's own, and is not answered.
        let from = parts.extensions.get::<CameFrom>().copied();
        let is_encrypted = parts.extensions.get::<IsEncrypted>().copied();
        let (CameFrom(from), is_encrypted) =
            from.zip(is_encrypted).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok(Self { from, is_encrypted, headers: parts.headers.clone() })
    }
}
