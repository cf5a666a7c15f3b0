//! The streams on which a server speaks: its own, and those that answer requests.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Response, StatusCode};
use interlock_wire::http::MOST_EVENT_ID;
use interlock_wire::line::Line;
use interlock_wire::sse::{self, Decoder};
use interlock_wire::{Era, Version};

use super::carrier::Reply;
use super::failure::Failure;
use super::headers;
use super::media::{Media, media_type};
use super::upstream::HttpLink;
use crate::crossing::Crossing;
use crate::fault::guarded;

/// What a line of a stream holds besides its data.
pub(super) const LINE: usize = 16;
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

impl HttpLink {
    /// Opens the stream of what the server says of its own, where it has one.
    pub(super) fn listen(self: &Arc<Self>, crossing: &Arc<Crossing>) {
        if self.old.get().is_some() {
            return;
        }
        let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
        // Boxed: a server may have no such stream, and what is known of the task stays for as long as the session.
        let task = tokio::spawn(Box::pin(async move {
            guarded(crossing.gateway(), "listening to the server", link.hear(&crossing)).await;
            // A task that has ended is kept for as long as somebody could end it.
            link.listens_no_more();
        }));
        self.listens_with(task.abort_handle());
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
        let response = self.send(request, None).await?;
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
    pub(super) async fn events(
        &self,
        crossing: &Arc<Crossing>,
        number: u64,
        response: Response<Reply>,
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
        response: Response<Reply>,
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
}

/// Whether a status says that the same may be answered later.
fn is_passing(status: StatusCode) -> bool {
    const EARLY: [StatusCode; 3] =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED || EARLY.contains(&status)
}
