//! The connections to one server, which everybody who speaks to it shares.

use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::flight::{Flight, Outgoing};

/// How long a connection may take to be made.
pub(super) const CONNECT: std::time::Duration = std::time::Duration::from_secs(10);

/// How long one is kept for the next request. Many servers close theirs after five seconds, and a request that crosses
/// that is lost.
const KEPT: std::time::Duration = std::time::Duration::from_secs(4);

/// Makes requests, on connections that are kept for the next one.
#[derive(Debug, Clone)]
pub(super) enum HttpClient {
    /// To `http://`, which needs no certificates: reading those of the system takes memory and a while.
    Plain(Client<HttpConnector, Outgoing>),
    Secure(Client<HttpsConnector<HttpConnector>, Outgoing>),
}

impl HttpClient {
    /// A client for the server at this address.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(super) fn new(url: &Uri) -> std::io::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        // Without a timer none is closed before there is a next request.
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT);
        if url.scheme_str() == Some("http") {
            return Ok(Self::Plain(builder.build(connector)));
        }
        connector.enforce_http(false);
        let tls = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        Ok(Self::Secure(builder.build(tls)))
    }

    pub(super) async fn request(&self, request: Request<Bytes>) -> Result<Response<Incoming>, Error> {
        self.carry(request, None).await
    }

    /// The same; `flight` learns when the whole request is on its way.
    pub(super) async fn carry(
        &self,
        request: Request<Bytes>,
        flight: Option<Arc<Flight>>,
    ) -> Result<Response<Incoming>, Error> {
        let request = request.map(|body| Outgoing::new(body, flight));
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Secure(client) => client.request(request).await,
        }
    }
}
