//! A server that is reached by HTTP: each message goes in a request of its own, and what the server says comes in
//! the responses.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use interlock_wire::http::ParamHeaders;
use interlock_wire::line::Line;
use interlock_wire::sse;
use interlock_wire::{Era, Message, Outcome, Shape, Version};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::carrier::Reply;
use super::client::ServerClient;
use super::direct::Posted;
use super::failure::Failure;
use super::flight::{Flight, Flying, InFlight};
use super::headers;
use super::media::{Media, media_type};
use super::oauth::OAuth;
use super::server::{HttpServer, HttpTransport};
use super::traced;
use crate::crossing::{Crossed, Crossing};
use crate::fault::{caught, guarded};
use crate::flag::Flag;

/// The connection to one server.
#[derive(Debug)]
pub(crate) struct HttpLink {
    pub(super) client: Arc<ServerClient>,
    pub(super) server: HttpServer,
    /// Where messages are posted to a server that answers them on one stream. Boxed: few do.
    pub(super) old: OnceCell<Box<Uri>>,
    /// That stream has ended, and with it the session.
    pub(super) over: Flag,
    state: Mutex<State>,
    /// The requests in flight, by the number they travel under.
    in_flight: Arc<InFlight>,
    exchanges: TaskTracker,
    /// The client has told the server that it is ready: its calls may go out of turn.
    introduced: AtomicBool,
    /// Places for what nobody answers.
    telling: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    /// What the server calls the session, from its answer to `initialize`.
    session: Option<HeaderValue>,
    /// The stream of what the server says of its own.
    listening: Option<AbortHandle>,
}

/// What a queued message is for the transport.
enum Queued {
    Initialize(u64),
    Request(u64),
    Initialized,
    /// The request of this number is given up.
    Cancelled(Option<u64>),
    /// Another notification, or an answer.
    Other,
}

/// The same value in memory of its own: one of an answer's head keeps all that was read with it, kilobytes for each session.
fn alone(value: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

/// How long the server may take to take what nobody answers, and how much of that it may be taking at the same time.
const TOLD: Duration = Duration::from_secs(30);
const MOST_TOLD: usize = 64;
/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// So many headers a request has room for at once.
const USUAL_HEADERS: usize = 12;
/// Bytes of an error's body that are looked at.
const ERROR_BODY: usize = 64 << 10;

impl HttpLink {
    pub(crate) fn new(server: HttpServer) -> std::io::Result<Self> {
        let client = server.client()?;
        let (old, over) = (OnceCell::new(), Flag::default());
        let (state, in_flight, exchanges) = (Mutex::default(), Arc::default(), TaskTracker::new());
        let (introduced, telling) = (AtomicBool::new(false), Arc::new(Semaphore::new(MOST_TOLD)));
        Ok(Self { client, server, old, over, state, in_flight, exchanges, introduced, telling })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is queued until the queue ends, and what is in flight then has ended or has had its time.
    pub(crate) async fn drive(self: Arc<Self>, crossing: Arc<Crossing>, mut queued: Crossed) {
        loop {
            let taken = tokio::select! {
                taken = queued.next() => taken,
                () = self.over.raised() => None,
            };
            let Some(mut taken) = taken else { break };
            let line = std::mem::take(&mut taken.line);
            if let Some(before_the_next) = self.send_queued(&crossing, line) {
                before_the_next.await;
            }
        }
        Box::pin(self.end(crossing.gateway().options.limits.shutdown)).await;
    }

    /// Sends what was queued, or gives what is to be done before the next is taken: boxed, since it would take its room
    /// in every session to the end.
    fn send_queued<'a>(
        self: &'a Arc<Self>,
        crossing: &'a Arc<Crossing>,
        line: String,
    ) -> Option<BoxFuture<'a, ()>> {
        // It was written by the gateway itself, from what it had read.
        let Ok(message) = Message::parse(line.into_bytes(), &crossing.gateway().options.limits.message)
        else {
            tracing::error!("a message for the server cannot be read again");
            return None;
        };
        let version = crossing.spoken();
        match kind(&message) {
            Queued::Initialize(number) | Queued::Request(number) => {
                let posted = Posted { message: Arc::new(message), line: None, flight: None };
                let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
                let flying = self.begin(number);
                tokio::spawn(async move { link.exchange(&crossing, flying, posted, version).await });
                None
            }
            // What follows may only come after it.
            Queued::Initialized => Some(Box::pin(async move {
                self.tell(crossing, message, version).await;
                self.introduced.store(true, Ordering::Release);
                self.listen(crossing);
            })),
            // 2026-07-28: closing the stream is the cancellation.
            Queued::Cancelled(Some(number)) if version.era() == Era::Modern => {
                self.in_flight.give_up(number);
                None
            }
            Queued::Cancelled(number) => {
                let flight = number.and_then(|number| self.in_flight.get(number));
                Some(Box::pin(self.tell_beside(crossing, message, version, flight)))
            }
            Queued::Other => Some(Box::pin(self.tell_beside(crossing, message, version, None))),
        }
    }

    /// Tells the server what nobody answers, beside what follows; `flight` is the request that it cancels.
    async fn tell_beside(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        message: Message,
        version: Version,
        flight: Option<Arc<Flight>>,
    ) {
        let grace = crossing.gateway().options.limits.shutdown;
        // While the server takes none of it, nothing more is taken for it.
        let place = Arc::clone(&self.telling).acquire_owned().await;
        let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
        self.exchanges.spawn(async move {
            let telling = async {
                match &flight {
                    Some(flight) => link.tell_cancelled(&crossing, message, version, flight).await,
                    None => link.tell(&crossing, message, version).await,
                }
            };
            guarded(crossing.gateway(), "telling the server something", telling).await;
            drop(place);
            if let Some(flight) = &flight {
                // A server that never ends its answer must not keep what it would come on.
                let _in_time = tokio::time::timeout(grace, flight.over()).await;
                flight.give_up();
            }
        });
    }

    /// Waits for what is in flight, then ends the session (MCP, "Session Management").
    async fn end(&self, grace: Duration) {
        if let Some(listening) = self.state().listening.take() {
            listening.abort();
        }
        self.exchanges.close();
        let _in_time = tokio::time::timeout(grace, self.exchanges.wait()).await;
        self.in_flight.give_all_up();
        if self.state().session.is_some()
            && let Ok(request) = self.request(Method::DELETE, None, Bytes::new())
        {
            // A server that has no such thing says so, which is no matter.
            let _goodbye = tokio::time::timeout(GOODBYE, self.send(request, None)).await;
        }
    }

    /// One request with everything that comes in its response. Whoever polls this carries it out.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        flying: Flying,
        mut posted: Posted,
        version: Version,
    ) {
        let number = flying.number();
        posted.flight = Some(Arc::clone(flying.flight()));
        // In place: a future that is handed on is moved each time.
        let asking = pin!(self.ask(crossing, number, posted, version));
        // What was given up before is not sent.
        let Either::Right((asked, _)) = select(pin!(flying.given_up()), caught(asking)).await else { return };
        if !matches!(asked, Ok(Ok(()))) {
            Box::pin(self.unanswered(crossing, number, asked)).await;
        }
    }

    /// Begins a request under this number: from here on it can be given up, and is waited for at the end.
    pub(super) fn begin(&self, number: u64) -> Flying {
        self.in_flight.begin(number, self.exchanges.token())
    }

    /// Sees to it that whoever waits is told why asking came to nothing: it failed, or was cut off by a fault of
    /// Interlock's own.
    pub(crate) async fn unanswered(
        &self,
        crossing: &Arc<Crossing>,
        number: u64,
        asked: Result<Result<(), Failure>, String>,
    ) {
        match asked {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.failed(crossing, number, &failure).await,
            Err(what) => crossing.cut_off(number, &what).await,
        }
    }

    async fn failed(&self, crossing: &Arc<Crossing>, number: u64, failure: &Failure) {
        let why = failure.to_string();
        if failure.is_of_server() {
            crossing.server_failed(&why);
        }
        crossing.unanswered(number, &why, failure.ending()).await;
        if matches!(failure, Failure::SessionLost) {
            self.state().session = None;
            crossing.session_lost(&why).await;
        }
    }

    /// Whether a call may go out before what is queued.
    pub(super) fn is_ready(&self, version: Version) -> bool {
        let introduced = version.era() == Era::Modern || self.introduced.load(Ordering::Acquire);
        introduced && !self.exchanges.is_closed()
    }

    /// Sends a request and takes in everything that comes in its response. What is not the way of most calls is boxed:
    /// the whole of this is moved for each.
    async fn ask(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        number: u64,
        posted: Posted,
        version: Version,
    ) -> Result<(), Failure> {
        let initializes = matches!(kind(&posted.message), Queued::Initialize(_));
        let numbering = crossing.numbering();
        let again =
            (initializes && self.server.to.transport == HttpTransport::FoundOut).then(|| posted.clone());
        let mut response = self.post(crossing, posted, version).await?;
        if let Some(again) = again
            && Self::may_be_old(response.status())
            && Box::pin(self.old_address(crossing)).await.is_ok()
        {
            response = Box::pin(self.post(crossing, again, version)).await?;
        }
        if self.old.get().is_some() && response.status().is_success() {
            // The answer comes on the stream.
            response.into_body().pass().await;
            return Ok(());
        }
        if initializes {
            self.state().session = response.headers().get(headers::SESSION).and_then(alone);
        }
        let status = response.status();
        if !status.is_success() {
            return Box::pin(self.refused(crossing, number, response)).await;
        }
        match media_type(&response)? {
            Media::Json => crossing.from_server(self.whole(crossing, response).await?, Some(number)).await,
            Media::Events => Box::pin(self.events(crossing, number, response, version)).await?,
            Media::None => response.into_body().pass().await,
        }
        // What the server said has put a bridge between, or taken it away: other requests have these numbers now.
        if crossing.numbering() != numbering {
            return Ok(());
        }
        if crossing.awaits(number) { Err(Failure::NoAnswer { status }) } else { Ok(()) }
    }

    /// Tells the server that a request is given up, after the request: the two go on connections of their own. One that
    /// the server does not take is broken off, which tells it as much.
    async fn tell_cancelled(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        message: Message,
        version: Version,
        flight: &Flight,
    ) {
        match tokio::time::timeout(TOLD, flight.sent()).await {
            Ok(()) => self.tell(crossing, message, version).await,
            Err(_) => flight.give_up(),
        }
    }

    /// Sends what nobody answers.
    async fn tell(self: &Arc<Self>, crossing: &Arc<Crossing>, message: Message, version: Version) {
        let method = message.method().map_or_else(|| "an answer".to_owned(), std::borrow::Cow::into_owned);
        let posting =
            self.post(crossing, Posted { message: Arc::new(message), line: None, flight: None }, version);
        let posted = tokio::time::timeout(TOLD, posting).await.unwrap_or(Err(Failure::NotTaken));
        let told = match posted {
            Ok(response) => {
                let status = response.status();
                response.into_body().pass().await;
                if status.is_success() { Ok(()) } else { Err(Failure::Status { status }) }
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = told {
            let server = crossing.server();
            tracing::warn!("`{method}` did not reach the server `{server}`: {failure}");
        }
    }

    /// Another task reads what the server says of its own.
    pub(super) fn listens_with(&self, task: AbortHandle) {
        if let Some(before) = self.state().listening.replace(task) {
            before.abort();
        }
    }

    /// The task that ends with this reads no more of it.
    pub(super) fn listens_no_more(&self) {
        self.state().listening.take_if(|task| tokio::task::try_id() == Some(task.id()));
    }

    /// The whole body as one message.
    async fn whole(&self, crossing: &Crossing, response: Response<Reply>) -> Result<Line, Failure> {
        let most = crossing.gateway().options.limits.message.bytes;
        match Limited::new(response.into_body(), most).collect().await {
            Ok(body) => Ok(Line::Complete(body.to_bytes().into())),
            Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLarge { limit: most }),
            Err(_) => Err(Failure::Broken),
        }
    }

    /// An HTTP error. Where its body is the JSON-RPC error that answers the request, that is the answer.
    async fn refused(
        &self,
        crossing: &Arc<Crossing>,
        number: u64,
        response: Response<Reply>,
    ) -> Result<(), Failure> {
        let status = response.status();
        let lost = status == StatusCode::NOT_FOUND && self.state().session.is_some();
        let is_json = matches!(media_type(&response), Ok(Media::Json));
        if is_json && let Ok(body) = Limited::new(response.into_body(), ERROR_BODY).collect().await {
            let line = body.to_bytes().to_vec();
            let limits = &crossing.gateway().options.limits.message;
            let answers =
                Message::parse(line.clone(), limits).is_ok_and(|message| is_error_for(&message, number));
            if answers {
                crossing.from_server(Line::Complete(line), Some(number)).await;
                return Ok(());
            }
        }
        Err(if lost { Failure::SessionLost } else { Failure::Status { status } })
    }

    async fn post(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        posted: Posted,
        version: Version,
    ) -> Result<Response<Reply>, Failure> {
        let Posted { message, line, flight } = posted;
        if self.server.to.transport == HttpTransport::Sse {
            Box::pin(self.old_address(crossing)).await?;
        }
        let params = repeated(crossing, &message, version).await;
        let mut request = self.request(Method::POST, None, Bytes::new())?;
        headers::add_of_message(&message, version, &params, request.headers_mut())?;
        if crossing.gateway().traces().is_some() {
            traced::send(&message, line.as_deref(), request.headers_mut());
        }
        *request.body_mut() = line.unwrap_or_else(|| Arc::unwrap_or_clone(message).into_source()).into();
        if let Some(address) = self.old.get() {
            *request.uri_mut() = Uri::clone(address);
        }
        self.send(request, flight).await
    }

    /// Sends a request, with the server's access token where it is to be shown one. A server that refuses the token has
    /// not taken the request: it is sent once more, with another.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
        flight: Option<Arc<Flight>>,
    ) -> Result<Response<Reply>, Failure> {
        match &self.server.to.oauth {
            None => self.client.carry(request, flight).await,
            Some(oauth) => Box::pin(self.send_authorized(oauth, request, flight)).await,
        }
    }

    async fn send_authorized(
        &self,
        oauth: &Arc<OAuth>,
        mut request: Request<Bytes>,
        flight: Option<Arc<Flight>>,
    ) -> Result<Response<Reply>, Failure> {
        let token = oauth.token().await?;
        let mut again = request.clone();
        token.carry(request.headers_mut());
        let response = self.client.carry(request, flight).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(other) = oauth.other_than(&token).await else { return Ok(response) };
        other?.carry(again.headers_mut());
        self.client.carry(again, None).await
    }

    pub(super) fn request(
        &self,
        method: Method,
        version: Option<Version>,
        body: Bytes,
    ) -> Result<Request<Bytes>, Failure> {
        let mut request = Request::new(body);
        *request.uri_mut() = self.server.to.url.clone();
        let headers = request.headers_mut();
        headers.reserve(USUAL_HEADERS);
        headers.extend(self.server.to.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if method == Method::GET {
            headers.insert(ACCEPT, HeaderValue::from_static(sse::MEDIA_TYPE));
        }
        if let Some(version) = version {
            headers.insert(headers::PROTOCOL_VERSION, HeaderValue::from_static(version.as_str()));
        }
        if let Some(session) = self.state().session.clone() {
            headers.insert(headers::SESSION, session);
        }
        *request.method_mut() = method;
        Ok(request)
    }
}

/// The arguments of a call that headers repeat: a modern server says which in the definition of its tool.
async fn repeated(crossing: &Crossing, message: &Message, version: Version) -> ParamHeaders {
    let is_call = version.era() == Era::Modern && message.method().as_deref() == Some("tools/call");
    let name = message.params().and_then(|params| params.get("name")).and_then(interlock_json::Value::as_str);
    match name.filter(|_| is_call) {
        Some(name) => crossing.param_headers(&name).await,
        None => ParamHeaders::default(),
    }
}

fn kind(message: &Message) -> Queued {
    match message.shape() {
        Shape::Request(request) => match request.id.as_u64() {
            Some(number) if request.method == "initialize" => Queued::Initialize(number),
            Some(number) => Queued::Request(number),
            None => Queued::Other,
        },
        Shape::Notification(notification) => match &*notification.method {
            "notifications/initialized" => Queued::Initialized,
            "notifications/cancelled" => {
                let request = notification.params.and_then(|params| params.get("requestId"));
                Queued::Cancelled(request.and_then(|id| id.as_number()?.parse().ok()))
            }
            _ => Queued::Other,
        },
        Shape::Response(_) => Queued::Other,
    }
}

fn is_error_for(message: &Message, number: u64) -> bool {
    match message.shape() {
        Shape::Response(response) => {
            matches!(response.outcome, Outcome::Error(_))
                && response.id.is_some_and(|id| id.as_u64() == Some(number))
        }
        _ => false,
    }
}
