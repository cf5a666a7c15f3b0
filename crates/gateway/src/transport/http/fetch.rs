//! Small documents that the gateway itself reads over HTTP, such as an issuer's keys or a server's access token.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode, Uri};

use super::client::HttpClient;

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
        let mut request = Request::new(Bytes::new());
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"));
        let answer = self.ask(request, most).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status));
        }
        Ok(answer.body)
    }

    /// Sends a request of any method there, and reads what is answered, whatever its status is.
    pub(crate) async fn ask(&self, request: Request<Bytes>, most: usize) -> Result<Answer, FetchError> {
        tokio::time::timeout(TIME, self.exchange(request, most)).await.unwrap_or(Err(FetchError::Late))
    }

    /// Asks for the head of what is there, and leaves its body.
    pub(crate) async fn look(&self, accept: HeaderValue) -> Result<(StatusCode, HeaderMap), FetchError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.0.clone();
        request.headers_mut().insert(ACCEPT, accept);
        let client = HttpClient::new(&self.0).map_err(FetchError::Roots)?;
        let looked = tokio::time::timeout(TIME, client.request(request)).await;
        let response =
            looked.map_err(|_| FetchError::Late)?.map_err(|error| FetchError::Request(chain(&error)))?;
        Ok((response.status(), response.headers().clone()))
    }

    async fn exchange(&self, mut request: Request<Bytes>, most: usize) -> Result<Answer, FetchError> {
        let client = HttpClient::new(&self.0).map_err(FetchError::Roots)?;
        *request.uri_mut() = self.0.clone();
        let response = client.request(request).await.map_err(|error| FetchError::Request(chain(&error)))?;
        let status = response.status();
        match Limited::new(response.into_body(), most).collect().await {
            Ok(body) => Ok(Answer { status, body: body.to_bytes().to_vec() }),
            Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLarge(most)),
            Err(error) => Err(FetchError::Request(error.to_string())),
        }
    }

    /// Whether nobody on the way can read what is said there.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Where it is.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Its host, for saying where something went wrong.
    pub(crate) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// An error with what caused it: the outermost says little.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
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
