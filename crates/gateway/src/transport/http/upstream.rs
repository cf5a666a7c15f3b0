//! A server that is reached by HTTP: each message goes in a request of its own, and what the server says comes in
//! the responses.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use interlock_wire::http::{MOST_EVENT_ID, ParamHeaders};
use interlock_wire::line::Line;
use interlock_wire::sse::{self, Decoder};
use interlock_wire::{Era, Message, Outcome, Shape, Version};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::HttpClient;
use super::direct::Posted;
use super::failure::Failure;
use super::headers;
use super::media::{Media, media_type};
use super::server::{HttpServer, HttpTransport};
use super::traced;
use crate::crossing::{Crossed, Crossing};
use crate::fault::{caught, guarded};

/// The connection to one server.
#[derive(Debug)]
pub(crate) struct HttpLink {
    pub(super) client: HttpClient,
    pub(super) server: HttpServer,
    /// Where messages are posted to a server that answers them on one stream.
    pub(super) old: OnceCell<Uri>,
    /// That stream has ended, and with it the session.
    pub(super) over: CancellationToken,
    state: Mutex<State>,
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
    /// The requests in flight, by the number they travel under.
    in_flight: HashMap<u64, CancellationToken>,
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

/// How long the server may take to take what nobody answers, and how much of that it may be taking at the same time.
const TOLD: Duration = Duration::from_secs(30);
const MOST_TOLD: usize = 64;
/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Bytes of an error's body that are looked at.
const ERROR_BODY: usize = 64 << 10;
/// What a line of a stream holds besides its data.
pub(super) const LINE: usize = 16;

impl HttpLink {
    pub(crate) fn new(server: HttpServer) -> std::io::Result<Self> {
        let client = server.client()?;
        let (old, over) = (OnceCell::new(), CancellationToken::new());
        let (state, exchanges, introduced) = (Mutex::default(), TaskTracker::new(), AtomicBool::new(false));
        let telling = Arc::new(Semaphore::new(MOST_TOLD));
        Ok(Self { client, server, old, over, state, exchanges, introduced, telling })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is queued until the queue ends, and what is in flight then has ended or `grace` has passed.
    pub(crate) async fn drive(
        self: Arc<Self>,
        crossing: Arc<Crossing>,
        mut queued: Crossed,
        grace: Duration,
    ) {
        loop {
            let taken = tokio::select! {
                taken = queued.next() => taken,
                () = self.over.cancelled() => None,
            };
            let Some(taken) = taken else { break };
            // It was written by the gateway itself, from what it had read.
            let Ok(message) =
                Message::parse(taken.line.into_bytes(), &crossing.gateway().options.limits.message)
            else {
                tracing::error!("a message for the server cannot be read again");
                continue;
            };
            let version = crossing.spoken();
            match kind(&message) {
                Queued::Initialize(number) | Queued::Request(number) => {
                    let asking = self.exchange(
                        &crossing,
                        number,
                        Posted { message: Arc::new(message), line: None },
                        version,
                    );
                    tokio::spawn(asking);
                }
                // What follows may only come after it.
                Queued::Initialized => {
                    Box::pin(self.tell(&crossing, message, version)).await;
                    self.introduced.store(true, Ordering::Release);
                    self.listen(&crossing);
                }
                // 2026-07-28: closing the stream is the cancellation.
                Queued::Cancelled(Some(number)) if version.era() == Era::Modern => self.give_up(number),
                Queued::Cancelled(_) | Queued::Other => {
                    // While the server takes none of what nobody answers, nothing more is taken for it.
                    let place = Arc::clone(&self.telling).acquire_owned().await;
                    let (link, crossing) = (Arc::clone(&self), Arc::clone(&crossing));
                    self.exchanges.spawn(async move {
                        let telling = link.tell(&crossing, message, version);
                        guarded(crossing.gateway(), "telling the server something", telling).await;
                        drop(place);
                    });
                }
            }
        }
        Box::pin(self.end(grace)).await;
    }

    /// Waits for what is in flight, then ends the session (MCP, "Session Management").
    async fn end(&self, grace: Duration) {
        if let Some(listening) = self.state().listening.take() {
            listening.abort();
        }
        self.exchanges.close();
        let _in_time = tokio::time::timeout(grace, self.exchanges.wait()).await;
        for (_, exchange) in self.state().in_flight.drain() {
            exchange.cancel();
        }
        if self.state().session.is_some()
            && let Ok(request) = self.request(Method::DELETE, None, Bytes::new())
        {
            // A server that has no such thing says so, which is no matter.
            let _goodbye = tokio::time::timeout(GOODBYE, self.send(request)).await;
        }
    }

    /// One request with everything that comes in its response. Whoever polls this carries it out.
    pub(super) fn exchange(
        self: &Arc<Self>,
        crossing: &Arc<Crossing>,
        number: u64,
        posted: Posted,
        version: Version,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
        let given_up = CancellationToken::new();
        self.state().in_flight.insert(number, given_up.clone());
        self.exchanges.track_future(async move {
            // In place: a future that is handed on is held twice, and this one is moved for every call.
            let asking = pin!(caught(link.ask(&crossing, number, posted, version)));
            let Either::Left((asked, _)) = select(asking, pin!(given_up.cancelled())).await else { return };
            if !matches!(asked, Ok(Ok(()))) {
                Box::pin(link.unanswered(&crossing, number, asked)).await;
            }
            link.state().in_flight.remove(&number);
        })
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

    fn give_up(&self, number: u64) {
        if let Some(exchange) = self.state().in_flight.remove(&number) {
            exchange.cancel();
        }
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
        let again = (initializes && self.server.transport == HttpTransport::FoundOut).then(|| posted.clone());
        let mut response = self.post(crossing, posted, version).await?;
        if let Some(again) = again
            && Self::may_be_old(response.status())
            && Box::pin(self.old_address(crossing)).await.is_ok()
        {
            response = Box::pin(self.post(crossing, again, version)).await?;
        }
        if self.old.get().is_some() && response.status().is_success() {
            // The answer comes on the stream.
            return Ok(());
        }
        if initializes {
            self.state().session = response.headers().get(headers::SESSION).cloned();
        }
        let status = response.status();
        if !status.is_success() {
            return Box::pin(self.refused(crossing, number, response)).await;
        }
        match media_type(&response)? {
            Media::Json => crossing.from_server(self.whole(crossing, response).await?, Some(number)).await,
            Media::Events => Box::pin(self.events(crossing, number, response, version)).await?,
            Media::None => {}
        }
        // What the server said has put a bridge between, or taken it away: other requests have these numbers now.
        if crossing.numbering() != numbering {
            return Ok(());
        }
        if crossing.awaits(number) { Err(Failure::NoAnswer { status }) } else { Ok(()) }
    }

    /// Sends what nobody answers.
    async fn tell(self: &Arc<Self>, crossing: &Arc<Crossing>, message: Message, version: Version) {
        let method = message.method().map_or_else(|| "an answer".to_owned(), std::borrow::Cow::into_owned);
        let posting = self.post(crossing, Posted { message: Arc::new(message), line: None }, version);
        let posted = tokio::time::timeout(TOLD, posting).await.unwrap_or(Err(Failure::NotTaken));
        let told = posted.and_then(|response| match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Failure::Status { status }),
        });
        if let Err(failure) = told {
            let server = crossing.server();
            tracing::warn!("`{method}` did not reach the server `{server}`: {failure}");
        }
    }

    /// Opens the stream of what the server says of its own, where it has one.
    fn listen(self: &Arc<Self>, crossing: &Arc<Crossing>) {
        if self.old.get().is_some() {
            return;
        }
        let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
        let task = tokio::spawn(async move {
            guarded(crossing.gateway(), "listening to the server", link.hear(&crossing)).await;
        });
        self.listens_with(task.abort_handle());
    }

    /// Another task reads what the server says of its own.
    pub(super) fn listens_with(&self, task: AbortHandle) {
        if let Some(before) = self.state().listening.replace(task) {
            before.abort();
        }
    }

    async fn hear(&self, crossing: &Arc<Crossing>) {
        let mut heard = Heard::default();
        let mut failures = 0;
        loop {
            match self.hear_once(crossing, &mut heard, None).await {
                Ok(Listened::ToTheEnd) => failures = 0,
                Ok(Listened::HasNone) => return,
                Err(failure) => {
                    tracing::debug!("the server's own stream broke: {failure}");
                    failures += 1;
                }
            }
            tokio::time::sleep(heard.pause(failures)).await;
        }
    }

    /// Reads the server's own stream to its end, from where it broke off.
    async fn hear_once(
        &self,
        crossing: &Arc<Crossing>,
        heard: &mut Heard,
        on: Option<u64>,
    ) -> Result<Listened, Failure> {
        let mut request = self.request(Method::GET, Some(crossing.spoken()), Bytes::new())?;
        let last = heard.last_event_id.as_deref();
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            request.headers_mut().insert(headers::LAST_EVENT_ID, last);
        }
        let response = self.send(request).await?;
        match response.status() {
            status if status.is_success() && matches!(media_type(&response)?, Media::Events) => {
                self.events_of(crossing, response, heard, on).await?;
                Ok(Listened::ToTheEnd)
            }
            // It has too much to do now, or is not there for a while.
            status if is_passing(status) => Err(Failure::Status { status }),
            // 405: it has none (MCP, "Listening for Messages from the Server").
            _ => Ok(Listened::HasNone),
        }
    }

    /// Reads the stream that answers a request. One that the server ends before the answer goes on where its client
    /// asks for what comes after the last event (2025-11-25, "Resumability and Redelivery").
    async fn events(
        &self,
        crossing: &Arc<Crossing>,
        number: u64,
        response: Response<Incoming>,
        version: Version,
    ) -> Result<(), Failure> {
        let mut heard = Heard::default();
        let mut ended = self.events_of(crossing, response, &mut heard, Some(number)).await;
        let mut failures = 0;
        while crossing.awaits(number) && heard.last_event_id.is_some() && version.era() == Era::Legacy {
            if failures >= RESUMED_MOST {
                return ended;
            }
            tokio::time::sleep(heard.pause(failures)).await;
            let before = heard.last_event_id.clone();
            match self.hear_once(crossing, &mut heard, Some(number)).await {
                Ok(Listened::HasNone) => return ended,
                // A server that has nothing new each time may say so for as long as its answer takes.
                Ok(Listened::ToTheEnd) => failures = 0,
                Err(failure) => {
                    failures += 1;
                    ended = Err(failure);
                }
            }
            if heard.last_event_id != before {
                failures = 0;
            }
        }
        if crossing.awaits(number) { ended } else { Ok(()) }
    }

    /// Takes in the events of one stream, and notes what it says of itself as it comes.
    async fn events_of(
        &self,
        crossing: &Arc<Crossing>,
        response: Response<Incoming>,
        heard: &mut Heard,
        on: Option<u64>,
    ) -> Result<(), Failure> {
        let mut body = response.into_body();
        let most = crossing.gateway().options.limits.message.bytes;
        let mut decoder = Decoder::new(sse::Limits {
            data: most,
            line: most.saturating_add(LINE),
            ..sse::Limits::default()
        });
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(Failure::from)?;
            let Some(data) = frame.data_ref() else { continue };
            decoder.feed(data).map_err(Failure::Stream)?;
            while let Some(event) = decoder.next() {
                if let Some(ms) = event.retry {
                    heard.retry = Some(Duration::from_millis(ms));
                }
                if let Some(id) = event.id.as_ref().filter(|id| id.len() <= MOST_EVENT_ID) {
                    // An empty one says that there is none to go on from (HTML, "Server-sent events").
                    heard.last_event_id = Some(id.clone()).filter(|id| !id.is_empty());
                }
                if event.kind() == "message" && !event.data.is_empty() {
                    crossing.from_server(Line::Complete(event.data), on).await;
                }
            }
        }
        Ok(())
    }

    /// The whole body as one message.
    async fn whole(&self, crossing: &Crossing, response: Response<Incoming>) -> Result<Line, Failure> {
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
        response: Response<Incoming>,
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
    ) -> Result<Response<Incoming>, Failure> {
        let Posted { message, line } = posted;
        if self.server.transport == HttpTransport::Sse {
            Box::pin(self.old_address(crossing)).await?;
        }
        let params = repeated(crossing, &message, version).await;
        let mut own = headers::of_message(&message, version, &params)?;
        if crossing.gateway().traces().is_some() {
            traced::send(&message, line.as_deref(), &mut own);
        }
        let body = line.unwrap_or_else(|| Arc::unwrap_or_clone(message).into_source());
        let mut request = self.request(Method::POST, None, Bytes::from(body))?;
        if let Some(address) = self.old.get() {
            *request.uri_mut() = address.clone();
        }
        request.headers_mut().extend(own);
        self.send(request).await
    }

    /// Sends a request, with the server's access token where it is to be shown one. A server that refuses the token has
    /// not taken the request: it is sent once more, with another.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        let Some(oauth) = &self.server.oauth else { return Ok(self.client.request(request).await?) };
        let token = oauth.token().await?;
        let mut again = request.clone();
        token.carry(request.headers_mut());
        let response = self.client.request(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(other) = oauth.other_than(&token).await else { return Ok(response) };
        other?.carry(again.headers_mut());
        Ok(self.client.request(again).await?)
    }

    pub(super) fn request(
        &self,
        method: Method,
        version: Option<Version>,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.uri_mut() = self.server.url.clone();
        let headers = request.headers_mut();
        headers.extend(self.server.headers.clone());
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

/// How long after the end of a stream it is opened again, where the server does not say.
const RECONNECT: Duration = Duration::from_secs(1);
/// A server that says less is asked no more often than this.
const RECONNECT_LEAST: Duration = Duration::from_millis(100);
const RECONNECT_MOST: Duration = Duration::from_secs(60);
/// How often in a row the stream of an answer is asked for in vain.
const RESUMED_MOST: u32 = 5;

/// What a stream said of itself.
#[derive(Debug, Default)]
struct Heard {
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

impl Heard {
    /// How long to wait before the stream is opened again, twice as long after each failure.
    fn pause(&self, failures: u32) -> Duration {
        let pause = self.retry.unwrap_or(RECONNECT).max(RECONNECT_LEAST);
        pause.saturating_mul(1 << failures.min(6)).min(RECONNECT_MOST)
    }
}

/// What came of listening to a server's own stream.
enum Listened {
    ToTheEnd,
    /// It has no such stream.
    HasNone,
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

/// Whether a status says that the same may be answered later.
fn is_passing(status: StatusCode) -> bool {
    const EARLY: [StatusCode; 3] =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED || EARLY.contains(&status)
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
