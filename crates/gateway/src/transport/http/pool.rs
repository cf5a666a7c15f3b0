//! The connections to one server over `http://`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{self, Uri};
use hyper::service::Service as _;
use hyper::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::service::TowerToHyperService;
use tokio::time::Instant;

use super::carrier::{Carried, Carrier, Reply};
use super::client::{KEPT, connector};
use super::flight::Outgoing;

/// Connections that are kept while nobody asks anything.
const MOST_KEPT: usize = 1_024;

/// Makes requests, on connections that are kept for the next one.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    server: Uri,
    host: HeaderValue,
    connector: TowerToHyperService<HttpConnector>,
    idle: Arc<Idle>,
}

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCarried {
    /// Nothing of it has reached the server.
    #[error("the server cannot be connected to")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
}

/// Connections that carry nothing now.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// With the time since when, the last of which is taken first.
    carriers: Vec<(Box<Carrier>, Instant)>,
    is_swept: bool,
}

impl Pool {
    /// For the server at this address; `None` where it names none.
    pub(super) fn new(server: &Uri) -> Option<Self> {
        let authority = server.authority()?;
        let host = match authority.port_u16() {
            // What goes without saying is not said (RFC 9110, section 7.2).
            Some(80) => HeaderValue::from_str(authority.host()),
            _ => HeaderValue::from_str(authority.as_str()),
        };
        let connector = TowerToHyperService::new(connector());
        Some(Self { server: server.clone(), host: host.ok()?, connector, idle: Arc::default() })
    }

    /// Makes a request of the server's own.
    pub(super) async fn carry(&self, request: Request<Outgoing>) -> Result<Response<Reply>, NotCarried> {
        let mut request = self.addressed(request);
        while let Some(mut carrier) = self.idle.take() {
            match carrier.carry(request).await {
                Carried::Response(response) => return Ok(self.replied(response, carrier)),
                // The server may close a connection at any time; nothing of the request has gone out.
                Carried::Unsent(unsent) => request = *unsent,
                Carried::Broken(error) => return Err(NotCarried::Broken(error)),
            }
        }
        let mut carrier = Box::pin(self.connect()).await?;
        match carrier.carry(request).await {
            Carried::Response(response) => Ok(self.replied(response, carrier)),
            Carried::Unsent(_) => Err(NotCarried::Unreachable("it closes connections at once".into())),
            Carried::Broken(error) => Err(NotCarried::Broken(error)),
        }
    }

    async fn connect(&self) -> Result<Box<Carrier>, NotCarried> {
        let stream = self.connector.call(self.server.clone()).await;
        let stream = stream.map_err(|error| NotCarried::Unreachable(error.into()))?;
        Ok(Box::new(Carrier::new(stream).await.map_err(NotCarried::Broken)?))
    }

    /// As it goes over the connection: by its path, with the host in its header.
    fn addressed(&self, mut request: Request<Outgoing>) -> Request<Outgoing> {
        let whole = std::mem::take(request.uri_mut()).into_parts();
        let mut parts = uri::Parts::default();
        parts.path_and_query = whole.path_and_query;
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        request.headers_mut().insert(HOST, self.host.clone());
        request
    }

    fn replied(&self, response: Response<hyper::body::Incoming>, carrier: Box<Carrier>) -> Response<Reply> {
        response.map(|incoming| Reply::carried(incoming, carrier, Arc::clone(&self.idle)))
    }
}

impl Idle {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last, where the server has not closed it.
    fn take(&self) -> Option<Box<Carrier>> {
        loop {
            let (mut carrier, since) = self.kept().carriers.pop()?;
            if since.elapsed() < KEPT && carrier.is_free() {
                return Some(carrier);
            }
        }
    }

    /// Keeps a connection for the next request, where it can carry one.
    pub(super) fn keep(self: &Arc<Self>, mut carrier: Box<Carrier>) {
        if !carrier.is_free() {
            return;
        }
        let sweeps = {
            let mut kept = self.kept();
            // The one that has waited longest is closed soonest by its server.
            let too_many = (kept.carriers.len() >= MOST_KEPT).then(|| kept.carriers.remove(0));
            kept.carriers.push((carrier, Instant::now()));
            let sweeps = !std::mem::replace(&mut kept.is_swept, true);
            drop(kept);
            drop(too_many);
            sweeps
        };
        if sweeps {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes what nobody has used for long; gives when to look again, or that there is nothing to look for.
    fn close_old(&self) -> Option<Duration> {
        let mut kept = self.kept();
        let old = kept.carriers.iter().take_while(|(_, since)| since.elapsed() >= KEPT).count();
        let closed: Vec<_> = kept.carriers.drain(..old).collect();
        let next = kept.carriers.first().map(|(_, since)| KEPT.saturating_sub(since.elapsed()));
        kept.is_swept = next.is_some();
        drop(kept);
        drop(closed);
        next
    }
}

async fn sweep(idle: Weak<Idle>) {
    let mut next = Some(KEPT);
    while let Some(wait) = next {
        tokio::time::sleep(wait).await;
        next = idle.upgrade().and_then(|idle| idle.close_old());
    }
}

#[cfg(test)]
mod tests;
