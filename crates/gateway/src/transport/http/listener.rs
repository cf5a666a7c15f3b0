//! The listener: connections, their limits, and the one route that there is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use interlock_wire::http::{self, Fields, MediaError};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::body::{self, Body};
use super::entry::{self, Names, NotHere, Place};
use super::headers;
use super::post::{self, Caller};
use super::refused::HttpRefused;
use crate::front::Front;
use crate::way::Way;

/// Bytes of the head of a request.
const HEAD: usize = 64 << 10;
/// Headers of a request.
const MOST_HEADERS: usize = 100;

/// Answers whoever connects, until `stop` is ready; then what is in flight is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Arc<Front>,
    names: Arc<Names>,
    stop: impl Future<Output = ()>,
) {
    let limits = &front.gateway().options.limits;
    let connections = Arc::new(Semaphore::new(limits.connections));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request)
        .max_buf_size(HEAD)
        .max_headers(MOST_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 << 10)
        .keep_alive_interval(limits.request);
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&connections).acquire_owned() => place,
            () = &mut stop => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many files are open, say: others may close some.
                tracing::warn!("a connection could not be taken: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let _unimportant = stream.set_nodelay(true);
        let (front, names) = (Arc::clone(&front), Arc::clone(&names));
        let service = service_fn(move |request| {
            let (front, names) = (Arc::clone(&front), Arc::clone(&names));
            async move { Ok::<_, Infallible>(answer(&front, &names, request).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection broke: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    let _in_time = tokio::time::timeout(limits.shutdown, graceful.shutdown()).await;
}

const ACCEPT_AGAIN: std::time::Duration = std::time::Duration::from_millis(100);

async fn answer(front: &Arc<Front>, names: &Names, request: Request<Incoming>) -> Response<Body> {
    let mut known = Known::default();
    match admitted(front, names, request, &mut known).await {
        Ok(response) => response,
        Err(refused) => {
            front.refused(known.grant, known.server, refused.status.as_u16(), &refused.reason);
            front.gateway().recorder.write().await;
            refused.response()
        }
    }
}

/// What is known of a request so far, for the record of its refusal.
#[derive(Debug, Default)]
struct Known {
    grant: Option<Arc<str>>,
    server: Option<String>,
}

async fn admitted(
    front: &Arc<Front>,
    names: &Names,
    request: Request<Incoming>,
    known: &mut Known,
) -> Result<Response<Body>, HttpRefused> {
    names.check(request.headers(), request.uri(), request.version())?;
    let (head, incoming) = request.into_parts();
    let nothing = || {
        HttpRefused::new(StatusCode::NOT_FOUND, "there is nothing here; servers are at /mcp and /mcp/NAME")
    };
    let Place { server, is_old } = entry::place(head.uri.path()).map_err(|NotHere| nothing())?;
    let grant = front.caller(entry::bearer(&head.headers)?, now_ms()).await?;
    // What a stranger asked for is not in the record: it may be anything, and as much as they like.
    known.server = server.map(str::to_owned);
    known.grant = Some(Arc::clone(&grant.name));
    if let Some(server) = server.filter(|server| !front.serves(&grant, server)) {
        // What a grant does not name does not exist for it.
        return Err(HttpRefused::new(StatusCode::NOT_FOUND, format!("there is no server `{server}` here")));
    }
    let caller = Caller { front, grant: &grant, server };
    if is_old {
        let lines = headers::lines(&head.headers);
        return caller.old(&head.method, head.uri.query(), Fields::new(&lines), incoming).await;
    }
    match head.method {
        Method::POST => {
            let lines = headers::lines(&head.headers);
            let fields = Fields::new(&lines);
            let unfit = |why: MediaError| HttpRefused::of(&why.into(), None);
            http::check_content(fields).and_then(|()| http::check_accept(fields)).map_err(unfit)?;
            let bytes = post::whole(front, incoming).await?;
            caller.post(fields, bytes).await
        }
        Method::GET => caller.listen(Fields::new(&headers::lines(&head.headers))),
        Method::DELETE => caller.end(Fields::new(&headers::lines(&head.headers))),
        _ => Err(HttpRefused::method("GET, POST, DELETE")),
    }
}

impl Caller<'_> {
    /// The session's own stream (MCP, "Listening for Messages from the Server").
    fn listen(&self, fields: Fields<'_>) -> Result<Response<Body>, HttpRefused> {
        let way = self.session(fields)?;
        http::check_accept_stream(fields).map_err(|why| HttpRefused::of(&why.into(), None))?;
        let after = http::event_id(fields).map_err(HttpRefused::bad_request)?.and_then(|id| id.parse().ok());
        let keep_alive = self.front.gateway().options.limits.keep_alive;
        let mailbox = way.mailbox().ok_or_else(|| HttpRefused::method("POST"))?;
        let reader = mailbox.read(after);
        Ok(body::mailbox(reader, way, keep_alive, self.front))
    }

    fn end(&self, fields: Fields<'_>) -> Result<Response<Body>, HttpRefused> {
        self.session(fields)?;
        if let Ok(name) = http::session_of_stream(fields) {
            self.front.end(name);
        }
        Ok(body::empty(StatusCode::NO_CONTENT))
    }

    /// What only a session has, in its version.
    fn session(&self, fields: Fields<'_>) -> Result<Way, HttpRefused> {
        let name = http::session_of_stream(fields).map_err(|why| match why.status {
            405 => HttpRefused::method("POST"),
            _ => HttpRefused::of(&why, None),
        })?;
        Ok(self.front.way_of(self.grant, self.server, name)?)
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
