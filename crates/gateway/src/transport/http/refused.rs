//! A request that is refused before it is a message.

use std::fmt::Display;

use hyper::header::{ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use interlock_json::canonical;
use interlock_wire::RequestId;
use interlock_wire::http::Rejection;

use super::body::{Body, json};
use crate::front::TurnedAway;

/// Why, as the caller is told.
#[derive(Debug)]
pub(super) struct HttpRefused {
    pub(super) status: StatusCode,
    /// The JSON-RPC code of the error in the body.
    code: i64,
    pub(super) reason: String,
    header: Option<(HeaderName, &'static str)>,
    /// The whole body, where it says more than the code and the reason.
    body: Option<String>,
}

/// JSON-RPC: the request is not one.
const INVALID_REQUEST: i64 = -32_600;
/// The gateway's own, outside of what JSON-RPC and MCP have reserved: as HTTP calls it, times a hundred.
const fn own(status: StatusCode) -> i64 {
    status.as_u16() as i64 * 100
}

impl HttpRefused {
    pub(super) fn new(status: StatusCode, reason: impl Display) -> Self {
        Self { status, code: own(status), reason: reason.to_string(), header: None, body: None }
    }

    /// What was sent is no message that a server of this protocol takes.
    pub(super) fn bad_request(reason: impl Display) -> Self {
        Self { code: INVALID_REQUEST, ..Self::new(StatusCode::BAD_REQUEST, reason) }
    }

    /// What the protocol itself refuses; the request's id where it is certain.
    pub(super) fn of(rejection: &Rejection, id: Option<&RequestId>) -> Self {
        let status = StatusCode::from_u16(rejection.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = Some(rejection.body(id));
        Self { code: rejection.code, body, ..Self::new(status, &rejection.reason) }
    }

    pub(super) fn method(allowed: &'static str) -> Self {
        let reason = format!("only {allowed} can be used here");
        let header = Some((ALLOW, allowed));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, reason) }
    }

    pub(super) fn response(self) -> Response<Body> {
        let text = self.body.unwrap_or_else(|| {
            let mut text = format!(r#"{{"jsonrpc":"2.0","error":{{"code":{},"message":"#, self.code);
            canonical::write_str(&self.reason, &mut text);
            text.push_str("}}");
            text
        });
        let mut response = json(self.status, text);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<TurnedAway> for HttpRefused {
    fn from(why: TurnedAway) -> Self {
        let status = match &why {
            TurnedAway::NoToken | TurnedAway::BadToken => StatusCode::UNAUTHORIZED,
            TurnedAway::NoServer { .. } | TurnedAway::NoSession => StatusCode::NOT_FOUND,
            TurnedAway::Full { .. } | TurnedAway::NoRandomness => StatusCode::SERVICE_UNAVAILABLE,
            TurnedAway::Unreachable { source, .. } => {
                tracing::error!("{why}: {source}");
                StatusCode::BAD_GATEWAY
            }
        };
        // RFC 6750, section 3.1: a token that is not there has no error of its own.
        let challenge = match &why {
            TurnedAway::NoToken => Some("Bearer"),
            TurnedAway::BadToken => Some("Bearer error=\"invalid_token\""),
            _ => None,
        };
        let header = challenge.map(|challenge| (WWW_AUTHENTICATE, challenge));
        Self { header, ..Self::new(status, why) }
    }
}
