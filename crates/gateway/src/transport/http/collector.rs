//! Who takes traces.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::failure::Failure;
use super::server::{HttpServer, HttpServerError};

/// A collector that speaks OTLP over HTTP.
#[derive(Debug, Clone)]
pub struct Collector(HttpServer);

/// Why it does not have what it was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCollected {
    #[error("the trusted certificates of this machine cannot be read: {0}")]
    Roots(std::io::Error),
    #[error("it does not answer: {0}")]
    Request(Failure),
    #[error("it did not answer in {} seconds", TIME.as_secs())]
    Late,
    #[error("it answered with {0}")]
    Status(StatusCode),
}

/// How long it may take.
const TIME: Duration = Duration::from_secs(10);
/// Bytes of its answer that are read.
const ANSWER: usize = 64 << 10;
/// Where traces go, below the address of all that it takes.
const PATH: &str = "/v1/traces";

impl Collector {
    /// The collector at this address, sent these headers with every request.
    ///
    /// # Errors
    /// [`HttpServerError`] for what cannot be sent.
    pub fn new(endpoint: &str, headers: &[(String, String)]) -> Result<Self, HttpServerError> {
        let endpoint = endpoint.trim_end_matches('/');
        let url = match endpoint.ends_with(PATH) {
            true => endpoint.to_owned(),
            false => format!("{endpoint}{PATH}"),
        };
        HttpServer::new(&url, headers).map(Self)
    }

    /// Sends it a document.
    pub(crate) async fn send(&self, body: Vec<u8>) -> Result<(), NotCollected> {
        tokio::time::timeout(TIME, self.exchange(body)).await.unwrap_or(Err(NotCollected::Late))
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<(), NotCollected> {
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.0.to.url.clone();
        request.headers_mut().extend(self.0.to.headers.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = self.0.client().map_err(NotCollected::Roots)?;
        let response = client.carry(request, None).await.map_err(NotCollected::Request)?;
        let status = response.status();
        // What is read to its end leaves the connection for the next time.
        let _answer = Limited::new(response.into_body(), ANSWER).collect().await;
        if status.is_success() { Ok(()) } else { Err(NotCollected::Status(status)) }
    }
}
