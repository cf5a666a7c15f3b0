//! The operator's listener: health, readiness, metrics and the admin API, on a thread and a runtime of its own, so that
//! neither it nor the data path waits for the other.

mod addresses;
mod api;
mod configuration;
mod entry;
mod health;
mod operations;
mod problem;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use interlock_audit::{DigestKey, RefusalCategory};
use interlock_store::{Approvals, Servers, Timekeeping, Tokens};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::approvals::{Book, DecisionDesk};
use crate::front::{Asker, Front};
use crate::known_tokens::KnownTokens;
use crate::registration::Registration;
use crate::serve::ListenError;
use crate::transport::http::{Activity, Place, Places, Quiet};
use crate::transport::tls::Tls;
use addresses::Origins;
pub use addresses::{ConsoleAddress, NotAnAddress};
pub use api::openapi;
pub use configuration::{Configuration, Configured, ConfiguredServer, Reading, Source};
pub use entry::{CameFrom, IsEncrypted};
pub use operations::{LoggedIn, Operations, PageRefusal};
use problem::Problem;

/// Connections at the same time.
const CONNECTIONS: usize = 128;
/// Of these, how many may be from one address: whoever takes all of them leaves some to others.
const CONNECTIONS_OF_PEER: usize = 96;
/// Bytes of the body of a request.
const BODY: usize = 64 << 10;
/// How long the head of a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of the head of a request.
const HEAD: usize = 16 << 10;
/// How long a connection is kept on which nothing is asked: there are few places, and anybody may take them.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection that could not be taken waits for another to be closed.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Threads: one that something holds up must not hold up the rest.
const THREADS: usize = 2;

/// Where operators are answered.
#[derive(Debug, Clone)]
pub struct AdminListening {
    /// The address.
    pub address: SocketAddr,
    /// `Host` values beside those of the address itself.
    pub hosts: Vec<String>,
    /// The address at which people reach the pages, where it is not the listener's own.
    pub console: Option<ConsoleAddress>,
    /// The certificate that connections are encrypted with; none for connections in the clear.
    pub tls: Option<Arc<Tls>>,
}

/// The operator's listener with its address, which answers nobody yet.
#[derive(Debug)]
pub struct AdminBound {
    listener: StdListener,
    address: SocketAddr,
    hosts: Vec<String>,
    console: Option<ConsoleAddress>,
    tls: Option<Arc<Tls>>,
}

/// Says why a server of this name cannot be put in force so.
pub type CheckServer = dyn Fn(&str, &Registration) -> Result<(), String> + Send + Sync;

/// What the operator's listener speaks of.
pub struct Operated {
    /// The gateway.
    pub front: Arc<Front>,
    /// The tokens of operators.
    pub tokens: KnownTokens,
    /// The ledger's clock.
    pub time: Arc<dyn Timekeeping>,
    /// The tokens of callers, and the key of their digests.
    pub grant_tokens: Arc<dyn Tokens>,
    /// See there.
    pub grant_key: DigestKey,
    /// The register of servers.
    pub servers: Arc<dyn Servers>,
    /// What the file and the register say.
    pub configuration: Arc<Configuration>,
    /// Whether a server could be put in force, or why not.
    pub check: Box<CheckServer>,
    /// The calls that wait for a person.
    pub approvals: Arc<dyn Approvals>,
    /// What decision links are signed with.
    pub link_key: DigestKey,
    /// The data directory, in which the audit log is.
    pub data: PathBuf,
    /// What is answered.
    pub offers: Offers,
}

/// What an operator's listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offers {
    /// Everything, beside a listener for callers.
    Everything,
    /// What concerns the calls that wait for a person: there are no callers here.
    Approvals,
}

impl std::fmt::Debug for Operated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operated").field("front", &self.front).finish_non_exhaustive()
    }
}

/// The operator's listener while it answers. It ends when this is dropped.
#[derive(Debug)]
pub struct Administered {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every request needs.
#[derive(Debug)]
struct Desk {
    operated: Operated,
    decisions: DecisionDesk,
    hosts: Vec<String>,
    /// Where pages are from that may ask for other pages.
    origins: Origins,
    /// Whether only this machine can reach it.
    is_local: bool,
}

impl AdminListening {
    /// Takes the address.
    ///
    /// # Errors
    /// [`ListenError`] when the system does not give it.
    pub fn bind(&self) -> Result<AdminBound, ListenError> {
        let failed = |source| ListenError::Bind { address: self.address, source };
        let listener = StdListener::bind(self.address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut hosts = self.hosts.clone();
        hosts.push(address.to_string());
        if address.ip().is_loopback() {
            hosts.push(format!("localhost:{}", address.port()));
        }
        hosts.extend(self.console.as_ref().map(|console| console.authority().to_owned()));
        let (console, tls) = (self.console.clone(), self.tls.clone());
        Ok(AdminBound { listener, address, hosts, console, tls })
    }
}

impl AdminBound {
    /// Whether what people send there cannot be read on its way.
    fn is_private(&self) -> bool {
        let is_encrypted = self.tls.is_some() || self.console.as_ref().is_some_and(ConsoleAddress::is_secure);
        is_encrypted || self.address.ip().is_loopback()
    }

    /// The address, with the port that the system chose where none was.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections are encrypted.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Where people reach the pages: below this address are the links that they are given.
    pub fn console(&self) -> String {
        let own = || format!("{}://{}", if self.is_secure() { "https" } else { "http" }, self.address);
        self.console.as_ref().map_or_else(own, |console| console.to_string())
    }

    /// Answers from a thread of its own, with these pages for people.
    ///
    /// # Errors
    /// When the system gives no thread or event loop.
    pub fn start(
        self,
        operated: Operated,
        pages: impl FnOnce(Operations) -> Router,
    ) -> io::Result<Administered> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("admin")
            .enable_all()
            .build()?;
        // A proxy on this machine speaks for others.
        let is_local = self.address.ip().is_loopback() && self.console.is_none();
        let has_pages = self.is_private();
        if !has_pages {
            tracing::warn!(
                "there are no pages to decide on at {}, where tokens could be read on their way: set `admin_tls`, or \
                 `console.url` to the https address of a proxy that encrypts",
                self.address
            );
        }
        let decisions = DecisionDesk::new(
            Arc::clone(&operated.approvals),
            Arc::clone(&operated.time),
            Arc::clone(operated.front.gateway()) as Arc<dyn Book>,
        );
        let origins = Origins::new(self.tls.is_some(), self.console.as_ref());
        let desk = Arc::new(Desk { operated, decisions, hosts: self.hosts, origins, is_local });
        let (stop, stopped) = oneshot::channel();
        let (listener, tls) = (self.listener, self.tls);
        let pages = if has_pages { pages(Operations(Arc::clone(&desk))) } else { Router::new() };
        let router = router(&desk, pages);
        let thread = std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(answer(listener, tls, (desk, router), stopped)) {
                tracing::error!("operators can no longer be answered: {error}");
            }
            runtime.shutdown_background();
        })?;
        Ok(Administered { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Administered {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Answers until `stopped` is told, or dropped.
async fn answer(
    listener: StdListener,
    tls: Option<Arc<Tls>>,
    (desk, router): (Arc<Desk>, Router),
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let reading = tokio::spawn(async move { desk.operated.tokens.keep_reading().await });
    let service = TowerToHyperService::new(router);
    let places = Places::new(CONNECTIONS, CONNECTIONS_OF_PEER);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = &mut stopped => break,
        };
        let Some((stream, from, place)) = accepted else { continue };
        let service = service.clone();
        let tls = tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.current().config)));
        tokio::spawn(async move {
            let served = match tls {
                None => talk(stream, from, service).await,
                Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => talk(stream, from, service).await,
                    Ok(Err(error)) => Err(error.into()),
                    Err(late) => Err(late.into()),
                },
            };
            if let Err(error) = served {
                tracing::debug!("an operator's connection broke: {error}");
            }
            drop(place);
        });
    }
    reading.abort();
    Ok(())
}

/// Answers what is asked on one connection, as long as something is.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    from: IpAddr,
    service: TowerToHyperService<Router>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let activity = Arc::new(Activity::default());
    let counted = Arc::clone(&activity);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(entry::CameFrom(from));
        let (begun, answering) = (counted.begin(), service.call(request));
        async move {
            let answer = answering.await;
            drop(begun);
            answer
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None).max_buf_size(HEAD);
    let stream = TokioIo::new(activity.hearing(stream));
    let mut connection = pin!(builder.serve_connection(stream, service));
    tokio::select! {
        done = connection.as_mut() => return done,
        quiet = activity.quiet(PATIENCE, IDLE) => match quiet {
            Quiet::HalfAsked => return Ok(()),
            Quiet::Idle => {}
        },
    }
    connection.as_mut().graceful_shutdown();
    tokio::time::timeout(PATIENCE, connection).await?
}

/// The next connection that there is a place for.
async fn accept(listener: &TcpListener, places: &Arc<Places>) -> Option<(TcpStream, IpAddr, Place)> {
    places.free().await;
    match listener.accept().await {
        // One that has no place is closed at once: it would keep others waiting.
        Ok((stream, from)) => places.take(from.ip()).map(|place| (stream, from.ip(), place)),
        Err(error) => {
            tracing::warn!("an operator's connection could not be taken: {error}");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}

fn router(desk: &Arc<Desk>, pages: Router) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(api::routes(desk.operated.offers))
        .with_state(Arc::clone(desk))
        .merge(pages)
        .fallback(nothing)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(desk), entry::admit))
}

impl Desk {
    /// Records that something was not done for whoever is at this address.
    async fn refused(&self, from: IpAddr, category: RefusalCategory, status: u16, reason: &str) {
        let front = &self.operated.front;
        front.refused(&Asker::Stranger(from), None, category, status, reason);
        front.gateway().recorder.write().await;
    }
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing here; see the admin API's document")
}

async fn no_method() -> Problem {
    Problem::method("this is not done with this method")
}
