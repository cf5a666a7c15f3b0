//! A request that is refused before it is a message.

use std::fmt::Display;

use hyper::header::{ALLOW, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use interlock_audit::RefusalCategory;
use interlock_json::canonical;
use interlock_wire::RequestId;
use interlock_wire::http::Rejection;

use super::body::{Body, json};
use crate::front::TurnedAway;
use crate::identify::Unknown;

/// Why, as the caller is told.
#[derive(Debug)]
pub(super) struct HttpRefused {
    pub(super) status: StatusCode,
    /// The JSON-RPC code of the error in the body.
    code: i64,
    pub(super) reason: String,
    header: Option<(HeaderName, &'static str)>,
    /// What a caller is told of the token that it lacks.
    challenge: Option<Box<Challenge>>,
    /// Whether it is about who calls.
    is_of_identity: bool,
    /// The whole body, where it says more than the code and the reason.
    body: Option<String>,
}

/// What is wrong with the token (RFC 6750, section 3.1). One that is not there has no error of its own.
#[derive(Debug, Default)]
pub(super) struct Challenge {
    pub(super) error: Option<&'static str>,
    pub(super) scopes: Vec<String>,
}

/// JSON-RPC: the request is not one.
const INVALID_REQUEST: i64 = -32_600;
/// The gateway's own, outside of what JSON-RPC and MCP have reserved: as HTTP calls it, times a hundred.
const fn own(status: StatusCode) -> i64 {
    status.as_u16() as i64 * 100
}

impl HttpRefused {
    pub(super) fn new(status: StatusCode, reason: impl Display) -> Self {
        Self {
            status,
            code: own(status),
            reason: reason.to_string(),
            header: None,
            challenge: None,
            is_of_identity: false,
            body: None,
        }
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

    /// Nobody that is known: `error` says what is wrong with the token, where one is shown.
    pub(super) fn unauthenticated(error: Option<&'static str>, reason: impl Display) -> Self {
        let challenge = Some(Box::new(Challenge { error, ..Challenge::default() }));
        Self { challenge, ..Self::new(StatusCode::UNAUTHORIZED, reason) }
    }

    /// What vouched for the caller ended while it waited.
    pub(super) fn ended() -> Self {
        Self::unauthenticated(Some("invalid_token"), "the token ended before there was an answer")
    }

    /// Which step has refused.
    pub(super) fn category(&self) -> RefusalCategory {
        match self.status {
            StatusCode::UNAUTHORIZED => RefusalCategory::Unauthenticated,
            StatusCode::NOT_FOUND => RefusalCategory::Unroutable,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => RefusalCategory::Limit,
            StatusCode::BAD_GATEWAY => RefusalCategory::Unavailable,
            StatusCode::FORBIDDEN if self.is_of_identity => RefusalCategory::Unauthenticated,
            _ => RefusalCategory::Malformed,
        }
    }

    /// The challenge, where a token is asked for.
    pub(super) fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_deref()
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
        match &why {
            TurnedAway::NoToken => Self::unauthenticated(None, why),
            TurnedAway::BadToken
            | TurnedAway::BadCertificate
            | TurnedAway::Expired
            | TurnedAway::Unknown(Unknown::Jwt(_)) => Self::unauthenticated(Some("invalid_token"), why),
            TurnedAway::Unknown(Unknown::Scope { scopes }) => {
                let challenge = Challenge { error: Some("insufficient_scope"), scopes: scopes.clone() };
                Self {
                    challenge: Some(Box::new(challenge)),
                    is_of_identity: true,
                    ..Self::new(StatusCode::FORBIDDEN, why)
                }
            }
            TurnedAway::Unknown(_) => Self { is_of_identity: true, ..Self::new(StatusCode::FORBIDDEN, why) },
            TurnedAway::NoServer { .. } | TurnedAway::NoSession => Self::new(StatusCode::NOT_FOUND, why),
            TurnedAway::Busy { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, why),
            TurnedAway::Full { .. } | TurnedAway::NoRandomness => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
            }
            TurnedAway::Unreachable { .. } => Self::new(StatusCode::BAD_GATEWAY, why),
        }
    }
}
