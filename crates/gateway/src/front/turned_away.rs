//! Why a caller is turned away.

use crate::identify::Unknown;
use crate::upstream::OpenError;

/// Why a caller is turned away before anything is judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnedAway {
    /// No token where one is needed.
    #[error("a bearer token is needed")]
    NoToken,
    /// A token that stands for nothing, or no longer.
    #[error("the bearer token is not valid")]
    BadToken,
    /// A certificate that was good when the connection was made.
    #[error("the certificate has expired, or its authority is not trusted any more")]
    BadCertificate,
    /// What was shown is good, or is not, and stands for no grant.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The grant has ended.
    #[error("the grant has expired")]
    Expired,
    /// No such server for this grant.
    #[error("there is no server `{server}` here")]
    NoServer {
        /// The name.
        server: String,
    },
    /// The session has ended, was never there, or is not the caller's.
    #[error("the session has ended; initialize again")]
    NoSession,
    /// More sessions than the limit.
    #[error("more than {limit} sessions are open; try again later")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// The server cannot be reached.
    #[error("the server `{server}` cannot be reached")]
    Unreachable {
        /// The name.
        server: String,
        /// Why, for the operator.
        source: OpenError,
    },
    /// More requests than one grant may have.
    #[error("more than {limit} requests of this grant are being answered; try again later")]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// No randomness for a session's name.
    #[error("the system has no randomness to give")]
    NoRandomness,
}
