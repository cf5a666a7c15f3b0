//! What goes wrong on the way to a server that is reached by HTTP.

use std::error::Error;

use hyper::StatusCode;
use interlock_wire::http::HeaderError;
use interlock_wire::sse;

use super::oauth::TokenError;
use super::pool::NotCarried;
use crate::settle::Ending;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the server's stream does not say where to post")]
    NoEndpoint,
    #[error("the server wants messages posted to another place than its own")]
    Elsewhere,
    #[error("the gateway has no access token for the server: {0}")]
    NoToken(#[from] TokenError),
    #[error("the server cannot be reached: {why}")]
    Unreachable { why: String },
    #[error("the connection to the server broke")]
    Broken,
    #[error("the server did not take it in time")]
    NotTaken,
    #[error("the server answered with HTTP status {status}")]
    Status { status: StatusCode },
    #[error("the server has ended the session; initialize again")]
    SessionLost,
    #[error("the server answered with HTTP status {status} and no answer")]
    NoAnswer { status: StatusCode },
    #[error("the server's answer is of the media type `{media}`")]
    Media { media: String },
    #[error("the server's answer is encoded, which was not asked for")]
    Encoded,
    #[error("the server's answer has more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the server's stream cannot be read: {0}")]
    Stream(sse::SseError),
    #[error("the call cannot be sent over HTTP: {0}")]
    Header(#[from] HeaderError),
}

impl Failure {
    /// Whether it tells that something is wrong with the server, and not with one request or session.
    pub(super) fn is_of_server(&self) -> bool {
        match self {
            Self::SessionLost | Self::Header(_) => false,
            Self::Status { status } => !matches!(status.as_u16(), 400 | 404..=422 | 429),
            _ => true,
        }
    }

    /// Only a server that was never reached has certainly not seen the call.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Unreachable { .. }
            | Self::Header(_)
            | Self::NoEndpoint
            | Self::Elsewhere
            | Self::NoToken(_) => Ending::NotSent,
            _ => Ending::Disconnected,
        }
    }
}

impl From<hyper_util::client::legacy::Error> for Failure {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        tracing::debug!("HTTP: {error}");
        if error.is_connect() { Self::Unreachable { why: cause(&error) } } else { Self::Broken }
    }
}

impl From<NotCarried> for Failure {
    fn from(error: NotCarried) -> Self {
        tracing::debug!("HTTP: {error}");
        match &error {
            NotCarried::Unreachable(_) => Self::Unreachable { why: cause(&error) },
            NotCarried::Broken(_) => Self::Broken,
        }
    }
}

/// What lies at the bottom of an error: what the system or TLS says.
fn cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        tracing::debug!("HTTP: {error}");
        Self::Broken
    }
}
