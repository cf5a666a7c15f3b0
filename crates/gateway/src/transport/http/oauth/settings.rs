//! What an operator says of a server's authorization.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::fetch::RemoteDocument;
use crate::credentials::Secret;

/// How a server's access token is had.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthSettings {
    /// The server's name, under which its credentials are kept.
    pub name: String,
    /// What the client is called.
    pub client_id: String,
    /// By what it is known; a client without one is a public one.
    pub client_secret: Option<Secret>,
    /// The credential that holds the refresh token; without one it is by client credentials.
    pub refresh_token: Option<String>,
    /// What is asked for (RFC 6749, section 3.3).
    pub scopes: Vec<String>,
    /// For which resource (RFC 8707); the server itself where nothing is said.
    pub resource: Option<String>,
    /// Where tokens are from.
    pub source: TokenSource,
    /// How the client shows its secret; found out where nothing is said.
    pub authentication: Option<ClientAuthentication>,
}

/// Where tokens are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The server says who issues them (RFC 9728), and that one where (RFC 8414).
    FoundOut,
    /// This issuer says where.
    Issuer(String),
    /// From here.
    TokenUrl(String),
}

/// How a client shows its secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// In a header.
    Basic,
    /// In the body.
    Post,
}

/// Why settings for a server's authorization cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// Nobody would know for whom tokens are.
    #[error("`oauth` has no `client_id`")]
    ClientId,
    /// Neither grant is possible.
    #[error("`oauth` has neither a `client_secret` nor a `refresh_token`")]
    Nothing,
    /// A refresh token that is not kept would be lost when it is replaced.
    #[error(
        "`oauth.refresh_token` is a credential that is kept, because authorization servers replace it; write `${{credential:NAME}}`"
    )]
    RefreshToken,
    /// A header for everything that is sent there.
    #[error("`oauth.{member}` is not an `https://` address; `http://` is for this machine alone")]
    Address {
        /// Which one.
        member: &'static str,
    },
    /// A scope has no spaces or quotes.
    #[error("`{scope}` in `oauth.scopes` is not one scope")]
    Scope {
        /// The text.
        scope: String,
    },
    /// A token would be readable on the way.
    #[error("`oauth` is for servers at an `https://` address; `http://` is for this machine alone")]
    Server,
}

impl OAuthSettings {
    pub(super) fn check(&self, has_vault: bool) -> Result<(), OAuthError> {
        if self.client_id.is_empty() {
            return Err(OAuthError::ClientId);
        }
        match &self.refresh_token {
            None if self.client_secret.is_none() => return Err(OAuthError::Nothing),
            Some(_) if !has_vault => return Err(OAuthError::RefreshToken),
            _ => {}
        }
        let (member, address) = match &self.source {
            TokenSource::FoundOut => ("", None),
            TokenSource::Issuer(issuer) => ("issuer", Some(issuer)),
            TokenSource::TokenUrl(url) => ("token_url", Some(url)),
        };
        if address.is_some_and(|address| RemoteDocument::new(address).is_err()) {
            return Err(OAuthError::Address { member });
        }
        let plain = |byte: u8| (0x21..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
        match self.scopes.iter().find(|scope| scope.is_empty() || !scope.bytes().all(plain)) {
            Some(scope) => Err(OAuthError::Scope { scope: scope.clone() }),
            None => Ok(()),
        }
    }
}

/// Never the client's name either: with some providers it is half of the secret.
impl fmt::Debug for OAuthSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSettings").field("server", &self.name).finish_non_exhaustive()
    }
}
