//! Who takes messages that the gateway sends of its own, such as announcements of calls that wait for a person.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, StatusCode};

use super::client::HttpClient;
use super::fetch::{RemoteDocument, UnsafeAddress, chain};

/// An address that takes messages, over connections that are kept.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: RemoteDocument,
    client: Arc<OnceLock<HttpClient>>,
}

/// Why it does not have what it was sent, or does not say that it has.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReceived {
    #[error("the trusted certificates of this machine cannot be read: {0}")]
    Roots(std::io::Error),
    #[error("it does not answer: {0}")]
    Request(String),
    #[error("it did not answer in {} seconds", TIME.as_secs())]
    Late,
    #[error("it answered with {status}")]
    Status {
        status: StatusCode,
        /// How long it wants to be left alone.
        wait: Option<Duration>,
    },
}

impl NotReceived {
    /// How long it wants to be left alone, where it says so.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            Self::Roots(_) | Self::Request(_) | Self::Late => None,
        }
    }
}

/// How long it may take.
const TIME: Duration = Duration::from_secs(10);
/// Bytes of its answer that are read.
const ANSWER: usize = 64 << 10;

impl Receiver {
    /// The receiver at this address.
    ///
    /// # Errors
    /// When others on the way could read what it is sent.
    pub(crate) fn new(url: &str) -> Result<Self, UnsafeAddress> {
        Ok(Self { address: RemoteDocument::new(url)?, client: Arc::default() })
    }

    /// Its host, for saying where something went wrong: the rest of the address may be a secret.
    pub(crate) fn host(&self) -> &str {
        self.address.host()
    }

    /// Sends it a document of JSON. Whatever is answered beside the status is of no interest, and redirections are not
    /// followed: the operator has named the place.
    pub(crate) async fn post(&self, headers: HeaderMap, body: Vec<u8>) -> Result<(), NotReceived> {
        tokio::time::timeout(TIME, self.exchange(headers, body)).await.unwrap_or(Err(NotReceived::Late))
    }

    async fn exchange(&self, headers: HeaderMap, body: Vec<u8>) -> Result<(), NotReceived> {
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.uri().clone();
        *request.headers_mut() = headers;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("interlock/", env!("CARGO_PKG_VERSION"));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(agent));
        let client = self.client().await?;
        let response = client.request(request).await.map_err(|error| NotReceived::Request(chain(&error)))?;
        let (status, wait) = (response.status(), wait(response.headers()));
        // What is read to its end leaves the connection for the next time.
        let _answer = Limited::new(response.into_body(), ANSWER).collect().await;
        if status.is_success() { Ok(()) } else { Err(NotReceived::Status { status, wait }) }
    }

    /// The connections to it. Reading the system's certificates takes a while, in which calls go on.
    async fn client(&self) -> Result<HttpClient, NotReceived> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let url = self.address.uri().clone();
        let made = tokio::task::spawn_blocking(move || HttpClient::new(&url)).await;
        let client =
            made.map_err(|error| NotReceived::Request(error.to_string()))?.map_err(NotReceived::Roots)?;
        Ok(self.client.get_or_init(|| client).clone())
    }
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3); the date that it may be instead is left to the clocks of others.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Without what could be a secret in it.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.host()).finish()
    }
}
