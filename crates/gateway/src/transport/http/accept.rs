//! Connections: how many there may be, from whom, how long each may be silent, and their end.

use std::convert::Infallible;
use std::iter::once;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::activity::{Activity, Quiet};
use super::entry::Names;
use super::listener;
use super::patient::Patient;
use super::places::{Place, Places};
use crate::front::Front;
use crate::identify::{Certificate, ShownCertificate};
use crate::limits::Limits;
use crate::transport::tls::Tls;

/// Bytes of the head of a request.
const HEAD: usize = 64 << 10;
/// Requests on one connection at the same time (RFC 9113, section 5.1.2).
const MOST_STREAMS: u32 = 200;
/// Streams that a peer has reset and that are not forgotten yet: more of them is a flood.
const MOST_RESET: usize = 50;
/// How long a peer may take to answer a ping.
const PONG: Duration = Duration::from_secs(20);
const HALF: &str = "a connection is closed whose peer does not end its request";
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The other end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// Whether the connection is encrypted.
    pub(super) is_secure: bool,
    pub(super) certificate: Option<ShownCertificate>,
}

/// Why a connection ends that its peer keeps open.
enum End {
    /// Nobody is answered any more.
    Draining,
    /// Its peer does not read.
    Stalled,
    /// It does not end what it asks.
    HalfAsked,
    /// Nothing has been asked for long.
    Idle,
}

/// What every connection needs.
struct Shared {
    front: Arc<Front>,
    names: Arc<Names>,
    tls: Option<Arc<Tls>>,
    builder: auto::Builder<TokioExecutor>,
    limits: Limits,
    draining: watch::Receiver<bool>,
    gone: CancellationToken,
}

/// Answers whoever connects, until `stop` is ready; then what is in flight is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Arc<Front>,
    names: Arc<Names>,
    tls: Option<Arc<Tls>>,
    stop: impl Future<Output = ()>,
) {
    let limits = front.gateway().options.limits.clone();
    let places = Places::new(limits.connections, limits.connections_of_peer);
    let (drain, draining) = watch::channel(false);
    let gone = CancellationToken::new();
    let (builder, shutdown) = (builder(&limits), limits.shutdown);
    let shared = Arc::new(Shared { front, names, tls, builder, limits, draining, gone: gone.clone() });
    let connections = TaskTracker::new();
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = take(&listener, &places) => taken,
            () = &mut stop => break,
        };
        let Some((stream, address, place)) = taken else { continue };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let gone = shared.gone.clone();
            tokio::select! {
                () = shared.connected(stream, address) => {}
                () = gone.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    drain.send_replace(true);
    connections.close();
    let _in_time = timeout(shutdown, connections.wait()).await;
    gone.cancel();
}

/// The next connection that there is a place for.
async fn take(listener: &TcpListener, places: &Arc<Places>) -> Option<(TcpStream, SocketAddr, Place)> {
    places.free().await;
    match listener.accept().await {
        // One that has no place is closed at once: it would keep others waiting.
        Ok((stream, address)) => {
            let place = places.take(address.ip())?;
            let _unimportant = stream.set_nodelay(true);
            Some((stream, address, place))
        }
        Err(error) => {
            // Too many files are open, say: others may close some.
            tracing::warn!("a connection could not be taken: {error}");
            sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The library would count from the end of the request before, and so close what is only idle.
        .header_read_timeout(None)
        // The library lets a head have 100 headers. Where that is said, it takes memory for as many with each request.
        .max_buf_size(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 << 10)
        .max_concurrent_streams(MOST_STREAMS)
        .max_pending_accept_reset_streams(MOST_RESET)
        .max_local_error_reset_streams(MOST_RESET)
        .keep_alive_interval(limits.request)
        .keep_alive_timeout(PONG);
    builder
}

impl Shared {
    async fn connected(self: Arc<Self>, stream: TcpStream, address: SocketAddr) {
        let stream = Patient::new(stream, self.limits.request);
        let address = address.ip();
        let Some(tls) = &self.tls else {
            let peer = Peer { address, is_secure: false, certificate: None };
            return self.talk(stream, peer).await;
        };
        let in_force = tls.current();
        let handshake = TlsAcceptor::from(Arc::clone(&in_force.config)).accept(stream);
        let stream = match timeout(self.limits.request, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!("a connection could not be encrypted: {error}"),
            Err(_) => return tracing::debug!("a connection was not encrypted in time"),
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = match shown.map(|shown| Certificate::read(shown)).transpose() {
            Ok(certificate) => certificate,
            Err(error) => return tracing::warn!("a connection is closed: {error}"),
        };
        let withdrawn = in_force.clients.clone();
        let certificate = certificate.map(|certificate| ShownCertificate { certificate, withdrawn });
        self.talk(stream, Peer { address, is_secure: true, certificate }).await;
    }

    /// Answers what is asked on one connection, as long as something is.
    async fn talk(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let activity = Arc::new(Activity::default());
        let (counted, shared, peer) = (Arc::clone(&activity), Arc::clone(&self), Arc::new(peer));
        let service = service_fn(move |request| {
            let begun = counted.begin();
            let (shared, peer) = (Arc::clone(&shared), Arc::clone(&peer));
            async move {
                let (response, place) = listener::answer(&shared.front, &shared.names, &peer, request).await;
                Ok::<_, Infallible>(response.map(|body| begun.with(body, place)))
            }
        });
        let stream = activity.hearing(stream);
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        // Alone among others, so that it is looked at when it is woken, and not whenever the connection is.
        let mut end: FuturesUnordered<_> = once(self.end(&activity)).collect();
        let end = tokio::select! {
            biased;
            done = connection.as_mut() => return ended(done),
            end = end.next() => end,
        };
        match end {
            Some(End::Stalled) => return tracing::debug!("a connection is closed whose peer does not read"),
            Some(End::HalfAsked) => return tracing::debug!("{HALF}"),
            _ => {}
        }
        connection.as_mut().graceful_shutdown();
        if matches!(end, Some(End::Draining)) {
            return tokio::select! {
                done = connection.as_mut() => ended(done),
                // The library waits for the rest of a request that has begun to come.
                _ = activity.quiet(self.limits.request, self.limits.connection_idle) => tracing::debug!("{HALF}"),
            };
        }
        if let Ok(done) = timeout(self.limits.request, connection).await {
            ended(done);
        }
    }

    /// Waits until a connection is to end.
    async fn end(&self, activity: &Activity) -> End {
        let mut draining = self.draining.clone();
        tokio::select! {
            () = async { drop(draining.wait_for(|draining| *draining).await) } => End::Draining,
            () = activity.stalled(self.limits.request) => End::Stalled,
            quiet = activity.quiet(self.limits.request, self.limits.connection_idle) => match quiet {
                Quiet::HalfAsked => End::HalfAsked,
                Quiet::Idle => End::Idle,
            },
        }
    }
}

fn ended(done: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = done {
        tracing::debug!("a connection broke: {error}");
    }
}
