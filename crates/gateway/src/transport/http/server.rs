//! Where a server is that is reached by HTTP, and what every request to it carries.

use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Uri};

use super::client::ServerClient;
use super::headers;
use super::oauth::OAuth;

/// Where a server is, and what every request to it carries: shared, as every session has one.
#[derive(Clone)]
pub struct HttpServer {
    pub(super) to: Arc<Destination>,
    /// The connections to it, once there are some.
    client: Arc<OnceLock<Arc<ServerClient>>>,
}

/// What a server is reached by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) transport: HttpTransport,
    pub(super) url: Uri,
    pub(super) headers: HeaderMap,
    /// Where its access token is from.
    pub(super) oauth: Option<Arc<OAuth>>,
}

/// How messages go to a server that is reached by HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpTransport {
    /// Streamable HTTP, and HTTP with SSE where the server does not take the first POST (2025-03-26, "Backwards
    /// Compatibility").
    #[default]
    FoundOut,
    /// Streamable HTTP (2025-03-26 and later).
    Streamable,
    /// HTTP with SSE (2024-11-05).
    Sse,
}

/// Whether they are reached the same way, whoever is connected.
impl PartialEq for HttpServer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.to, &other.to) || self.to == other.to
    }
}

impl Eq for HttpServer {}

/// Why an address or a header cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpServerError {
    /// Not an address of a server.
    #[error("`{url}` is not an `http://` or `https://` address")]
    Address {
        /// The text, without what could be a secret in it.
        url: String,
    },
    /// A secret in the address would be in every log on the way.
    #[error("the address holds a user name or a password; send them in a header")]
    UserInfo,
    /// Not a header.
    #[error("`{name}` is not the name of a header")]
    Name {
        /// The name.
        name: String,
    },
    /// The value is never shown: it may be a secret.
    #[error("the value of the header `{name}` holds what a header cannot")]
    Value {
        /// The header's name.
        name: String,
    },
    /// Two would speak for the gateway.
    #[error("`headers` has `Authorization`, and `oauth` sends it")]
    TwoAuthorizations,
    /// The gateway's own to say.
    #[error("the header `{name}` is the gateway's own to send")]
    Reserved {
        /// The header's name.
        name: String,
    },
}

impl HttpServer {
    /// A server at this address, sent these headers with every request.
    ///
    /// # Errors
    /// [`HttpServerError`] for what cannot be sent.
    pub fn new(url: &str, headers: &[(String, String)]) -> Result<Self, HttpServerError> {
        let shown = url.split(['?', '#']).next().unwrap_or_default().to_owned();
        let address: Uri = url.parse().map_err(|_| HttpServerError::Address { url: shown.clone() })?;
        let authority = address.authority().map(|authority| authority.as_str().contains('@'));
        match (address.scheme_str(), authority) {
            (_, Some(true)) => return Err(HttpServerError::UserInfo),
            (Some("http" | "https"), Some(false)) => {}
            _ => return Err(HttpServerError::Address { url: shown }),
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let header: HeaderName =
                name.parse().map_err(|_| HttpServerError::Name { name: name.clone() })?;
            if headers::is_reserved(&header) {
                return Err(HttpServerError::Reserved { name: name.clone() });
            }
            let mut value =
                HeaderValue::from_str(value).map_err(|_| HttpServerError::Value { name: name.clone() })?;
            value.set_sensitive(true);
            map.append(header, value);
        }
        let transport = HttpTransport::default();
        let to = Arc::new(Destination { transport, url: address, headers: map, oauth: None });
        Ok(Self { to, client: Arc::default() })
    }

    /// The same, spoken to in this way.
    #[must_use]
    pub fn over(mut self, transport: HttpTransport) -> Self {
        Arc::make_mut(&mut self.to).transport = transport;
        self
    }

    /// The same, shown an access token with every request.
    ///
    /// # Errors
    /// When it is shown another one already.
    pub fn authorized_by(mut self, oauth: OAuth) -> Result<Self, HttpServerError> {
        if self.to.headers.contains_key(AUTHORIZATION) {
            return Err(HttpServerError::TwoAuthorizations);
        }
        Arc::make_mut(&mut self.to).oauth = Some(Arc::new(oauth));
        Ok(self)
    }

    /// The connections to it.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(super) fn client(&self) -> std::io::Result<Arc<ServerClient>> {
        if let Some(client) = self.client.get() {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(ServerClient::new(&self.to.url)?);
        Ok(Arc::clone(self.client.get_or_init(|| client)))
    }

    /// The host and, where it is not the usual one, the port.
    pub fn host(&self) -> &str {
        self.to.url.authority().map_or("", |authority| authority.as_str())
    }

    /// The address without its query, which may hold a secret.
    pub fn shown(&self) -> String {
        let scheme = self.to.url.scheme_str().unwrap_or_default();
        let authority = self.to.url.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}{}", self.to.url.path())
    }
}

/// Never the values of headers, nor the query.
impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("url", &self.shown()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str, header: &str, value: &str) -> Result<HttpServer, String> {
        let headers = [(header.to_owned(), value.to_owned())];
        HttpServer::new(url, &headers).map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_no_secret_is_told() {
        let secret = "s3cret";
        for (url, header, value) in [
            ("ftp://host/mcp", "X-A", "b"),
            ("host/mcp", "X-A", "b"),
            ("", "X-A", "b"),
            ("http://user:s3cret@host/mcp", "X-A", "b"),
            ("http://host/mcp", "X A", "s3cret"),
            ("http://host/mcp", "X-A", "s3cret\n"),
            ("http://host/mcp", "Host", "s3cret"),
            ("http://host/mcp", "Mcp-Session-Id", "s3cret"),
            ("http://host/mcp", "content-length", "5"),
            ("mailto:x?s3cret", "X-A", "b"),
        ] {
            let error = server(url, header, value).unwrap_err();
            assert!(!error.contains(secret), "{url} {header}: {error}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let reached = server("https://host:8443/mcp?key=s3cret", "Authorization", "Bearer s3cret").unwrap();
        assert_eq!(reached.shown(), "https://host:8443/mcp");
        assert_eq!(reached.host(), "host:8443");
        assert!(!format!("{reached:?}").contains("s3cret"), "{reached:?}");
    }
}
