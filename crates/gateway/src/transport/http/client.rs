//! What makes requests: of a server of MCP, on connections that everybody who speaks to it shares, and of other places.

use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::carrier::Reply;
use super::failure::Failure;
use super::flight::{Flight, Outgoing};
use super::pool::Pool;

/// How long a connection may take to be made.
pub(super) const CONNECT: std::time::Duration = std::time::Duration::from_secs(10);

/// How long one is kept for the next request. Many servers close theirs after five seconds, and a request that crosses
/// that is lost.
pub(super) const KEPT: std::time::Duration = std::time::Duration::from_secs(4);

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
        let mut connector = connector();
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
        self.send(request.map(|body| Outgoing::new(body, None))).await
    }

    async fn send(&self, request: Request<Outgoing>) -> Result<Response<Incoming>, Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Secure(client) => client.request(request).await,
        }
    }
}

/// Connects to addresses of `http://`.
pub(super) fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

/// Makes requests of one server.
#[derive(Debug)]
pub(super) enum ServerClient {
    /// Over `http://`, where whoever asks carries their request out by themselves.
    Pooled(Pool),
    /// Over TLS, where many share a connection of HTTP/2.
    Shared(HttpClient),
}

impl ServerClient {
    /// A client for the server at this address.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(super) fn new(url: &Uri) -> std::io::Result<Self> {
        let pool = Some(url).filter(|url| url.scheme_str() == Some("http")).and_then(Pool::new);
        pool.map_or_else(|| HttpClient::new(url).map(Self::Shared), |pool| Ok(Self::Pooled(pool)))
    }

    /// Makes a request; `flight` learns when the whole of it is on its way.
    pub(super) async fn carry(
        &self,
        request: Request<Bytes>,
        flight: Option<Arc<Flight>>,
    ) -> Result<Response<Reply>, Failure> {
        let request = request.map(|body| Outgoing::new(body, flight));
        match self {
            Self::Pooled(pool) => Ok(pool.carry(request).await?),
            Self::Shared(client) => Ok(Box::pin(client.send(request)).await?.map(Reply::of)),
        }
    }
}
