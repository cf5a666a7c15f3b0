//! What goes back: one message as JSON, or a stream of events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use interlock_wire::sse::{self, Event};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::front::{Exchange, Front};
use crate::gateway::Gateway;
use crate::identify::Credential;
use crate::mailbox::Reader;
use crate::metrics::Stream;
use crate::way::Way;

/// Chunks that wait for a caller that reads slowly.
const AHEAD: usize = 4;
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Option<Bytes>),
    Events(mpsc::Receiver<Bytes>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Events(chunks) => {
                chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Whole(None));
    *response.status_mut() = status;
    response
}

/// One message.
pub(super) fn json(status: StatusCode, message: String) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Some(Bytes::from(message))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What comes back in one exchange, with the first of it where that has come.
pub(super) fn exchange(
    first: Option<String>,
    mut exchange: Exchange,
    credential: Arc<Credential>,
    keep_alive: Duration,
    front: &Front,
) -> Response<Body> {
    let (stream, response) = events();
    let gateway = Arc::clone(front.gateway());
    tokio::spawn(async move {
        let _open = gateway.metrics.stream(&Stream { kind: "exchange" });
        let mut writer = Writer::new(stream, keep_alive, gateway);
        if first.is_none() && !writer.comment().await {
            return;
        }
        let mut next = first;
        loop {
            if let Some(message) = next
                && !writer.send(Event::message(message)).await
            {
                return;
            }
            let taken = tokio::select! {
                taken = exchange.next() => taken,
                () = writer.gone() => return,
                () = credential.ended() => return,
            };
            let Some(taken) = taken else { return };
            next = Some(taken.line);
        }
    });
    response
}

/// What a session's server says of its own, each with its number.
pub(super) fn mailbox(
    mut reader: Reader,
    way: Way,
    credential: Arc<Credential>,
    keep_alive: Duration,
    front: &Front,
) -> Response<Body> {
    let (stream, response) = events();
    let gateway = Arc::clone(front.gateway());
    tokio::spawn(async move {
        let _open = gateway.metrics.stream(&Stream { kind: "session" });
        let mut writer = Writer::new(stream, keep_alive, gateway);
        // The head of the response goes out with its first bytes.
        if !writer.comment().await {
            return;
        }
        loop {
            let letter = tokio::select! {
                letter = reader.next() => letter,
                () = writer.gone() => return,
                () = credential.ended() => return,
                // Whoever listens uses the session.
                () = tokio::time::sleep(keep_alive) => {
                    way.touch();
                    continue;
                }
            };
            let Some(letter) = letter else { return };
            let event =
                Event { id: Some(letter.number.to_string()), ..Event::message(letter.message.as_bytes()) };
            if !writer.send(event).await {
                return;
            }
        }
    });
    response
}

pub(super) fn events() -> (mpsc::Sender<Bytes>, Response<Body>) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let mut response = Response::new(Body::Events(receiver));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(sse::MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some proxies collect a response until it is whole.
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    (sender, response)
}

/// Writes events as they come, and a comment where none has come for long.
pub(super) struct Writer {
    stream: mpsc::Sender<Bytes>,
    quiet: tokio::time::Interval,
    gateway: Arc<Gateway>,
}

impl Writer {
    pub(super) fn new(stream: mpsc::Sender<Bytes>, keep_alive: Duration, gateway: Arc<Gateway>) -> Self {
        let mut quiet = tokio::time::interval_at(Instant::now() + keep_alive, keep_alive);
        quiet.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { stream, quiet, gateway }
    }

    /// `false` when nobody reads any more.
    pub(super) async fn send(&mut self, event: Event) -> bool {
        self.quiet.reset();
        let mut bytes = Vec::with_capacity(event.data.len() + 16);
        if let Err(error) = event.write(&mut bytes) {
            // JSON text holds no carriage return; what does was never a message.
            tracing::error!("a message cannot be an event: {error}");
            return false;
        }
        // What the caller is told has been recorded before.
        self.gateway.recorder.write().await;
        self.put(Bytes::from(bytes)).await
    }

    async fn comment(&mut self) -> bool {
        self.put(Bytes::from_static(b":\n\n")).await
    }

    /// A caller that takes nothing for so long is given up.
    async fn put(&mut self, bytes: Bytes) -> bool {
        let patience = self.gateway.options.limits.request;
        matches!(tokio::time::timeout(patience, self.stream.send(bytes)).await, Ok(Ok(())))
    }

    /// Ends when nobody reads any more; keeps the stream open meanwhile.
    pub(super) async fn gone(&mut self) {
        loop {
            tokio::select! {
                () = self.stream.closed() => return,
                _ = self.quiet.tick() => {
                    if !self.comment().await {
                        return;
                    }
                }
            }
        }
    }
}
