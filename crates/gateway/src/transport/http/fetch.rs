//! Small documents that the gateway itself reads over HTTP, such as an issuer's keys. Never on the way of a request.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A document at an address that is safe to ask.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteDocument(Uri);

/// Not an address that a document is fetched from.
#[derive(Debug, thiserror::Error)]
#[error("it is not an `https://` address; `http://` is for this machine alone")]
pub struct UnsafeAddress;

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the trusted certificates of this machine cannot be read: {0}")]
    Roots(std::io::Error),
    #[error("it does not answer: {0}")]
    Request(String),
    #[error("it did not answer in {} seconds", TIME.as_secs())]
    Late,
    #[error("it answered with {0}")]
    Status(StatusCode),
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
}

/// How long fetching may take.
const TIME: Duration = Duration::from_secs(10);

impl RemoteDocument {
    /// The document at this address.
    ///
    /// # Errors
    /// When others on the way could put another in its place.
    pub fn new(url: &str) -> Result<Self, UnsafeAddress> {
        let uri: Uri = url.parse().map_err(|_| UnsafeAddress)?;
        let host = uri.host().unwrap_or_default();
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
        match uri.scheme_str() {
            _ if has_user => Err(UnsafeAddress),
            Some("https") => Ok(Self(uri)),
            Some("http") if is_here => Ok(Self(uri)),
            _ => Err(UnsafeAddress),
        }
    }

    /// Fetches it. Redirections are not followed: the operator has named the place.
    pub(crate) async fn fetch(&self, most: usize) -> Result<Vec<u8>, FetchError> {
        tokio::time::timeout(TIME, self.read(most)).await.unwrap_or(Err(FetchError::Late))
    }

    async fn read(&self, most: usize) -> Result<Vec<u8>, FetchError> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        let tls = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(FetchError::Roots)?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(tls);
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = self.0.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"));
        let response = client.request(request).await.map_err(|error| FetchError::Request(chain(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        match Limited::new(response.into_body(), most).collect().await {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLarge(most)),
            Err(error) => Err(FetchError::Request(error.to_string())),
        }
    }
}

/// An error with what caused it: the outermost says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Without what could be a secret in it.
impl fmt::Debug for RemoteDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteDocument")
            .field(&self.0.host().unwrap_or_default())
            .field(&self.0.path())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_by_ways_that_nobody_else_can_write_to() {
        for good in [
            "https://id.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/keys",
            "http://[::1]:1/",
        ] {
            assert!(RemoteDocument::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example/keys",
            "ftp://localhost/",
            "id.example",
            "",
            "https://a:b@id.example/",
            "http://127.0.0.1.example/",
        ] {
            assert!(RemoteDocument::new(bad).is_err(), "{bad}");
        }
    }
}
