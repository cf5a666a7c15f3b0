//! What goes on on one connection: requests that are being answered, and bodies that nobody takes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::io::InspectReader;

use super::body::Body;
use crate::front::RequestPlace;

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many there have been.
    begun: u64,
    open: usize,
    since: Instant,
    /// Since when a request has begun to come whose head is not complete.
    head: Option<Instant>,
    /// Since when a part of a stream waits to be taken.
    handed: BTreeMap<u64, Instant>,
}

/// Why a connection on which nothing is open may be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Nothing was ever asked, or what was begun is not ended.
    Unasked,
    /// Nothing has been asked for long.
    Idle,
}

/// A request that is being answered, until its response has gone.
#[derive(Debug)]
pub(crate) struct Begun {
    activity: Arc<Activity>,
    number: u64,
}

/// A body that says when it has gone.
#[derive(Debug)]
pub(super) struct Counted {
    body: Body,
    begun: Begun,
    _place: Option<RequestPlace>,
}

impl Default for Activity {
    fn default() -> Self {
        let state = State { begun: 0, open: 0, since: Instant::now(), head: None, handed: BTreeMap::new() };
        Self { state: Mutex::new(state) }
    }
}

impl Activity {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(self: &Arc<Self>) -> Begun {
        let mut state = self.state();
        state.begun += 1;
        state.open += 1;
        state.head = None;
        Begun { activity: Arc::clone(self), number: state.begun }
    }

    /// The stream of the connection, which says when a request begins to come.
    pub(crate) fn hearing<S>(
        self: &Arc<Self>,
        stream: S,
    ) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (activity, mut preface) = (Arc::clone(self), Preface::default());
        InspectReader::new(stream, move |bytes: &[u8]| {
            if !bytes.is_empty() && !preface.is_http2(bytes) {
                activity.heard();
            }
        })
    }

    /// Something came. Where nothing is being answered, it is the beginning of a request.
    fn heard(&self) {
        let mut state = self.state();
        if state.open == 0 && state.head.is_none() {
            state.head = Some(Instant::now());
        }
    }

    /// Waits until nothing has been asked for long: for the first request, and for the rest of one that has begun to come,
    /// less long than for others. It looks again when that could be, so that requests have nobody to wake.
    pub(crate) async fn quiet(&self, asked: Duration, idle: Duration) -> Quiet {
        loop {
            let now = Instant::now();
            let (quiet, until) = self.state().quiet_until(now, asked, idle);
            if until <= now {
                return quiet;
            }
            // A request may begin to come meanwhile.
            sleep_until(until.min(now + asked)).await;
        }
    }

    /// Waits until a part of a stream has not been taken for so long.
    pub(super) async fn stalled(&self, patience: Duration) {
        loop {
            sleep(patience).await;
            let now = Instant::now();
            if self.state().handed.values().any(|since| now.duration_since(*since) >= patience) {
                return;
            }
        }
    }
}

impl State {
    fn quiet_until(&self, now: Instant, asked: Duration, idle: Duration) -> (Quiet, Instant) {
        match self.head {
            _ if self.open > 0 => (Quiet::Idle, now + idle),
            Some(begun) => (Quiet::Unasked, begun + asked),
            None if self.begun == 0 => (Quiet::Unasked, self.since + asked),
            None => (Quiet::Idle, self.since + idle),
        }
    }
}

/// Tells by the first bytes which version of HTTP a client speaks (RFC 9113, section 3.4).
#[derive(Debug)]
enum Preface {
    /// All that came is the beginning of the preface, of which this is left.
    Left(&'static [u8]),
    /// It is another version.
    None,
}

impl Default for Preface {
    fn default() -> Self {
        Self::Left(b"PRI")
    }
}

impl Preface {
    /// Whether these bytes, and those before, are of HTTP/2, in which much comes that asks nothing.
    fn is_http2(&mut self, bytes: &[u8]) -> bool {
        let Self::Left(left) = *self else { return false };
        let length = left.len().min(bytes.len());
        let (expected, left) = left.split_at(length);
        *self = if bytes.starts_with(expected) { Self::Left(left) } else { Self::None };
        matches!(self, Self::Left([]))
    }
}

impl Begun {
    /// The body of the answer, which holds this until it has gone.
    pub(super) fn with(self, body: Body, place: Option<RequestPlace>) -> Counted {
        Counted { body, begun: self, _place: place }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.open = state.open.saturating_sub(1);
        state.since = Instant::now();
        state.head = None;
        state.handed.remove(&self.number);
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let poll = Pin::new(&mut self.body).poll_frame(context);
        if let Body::Events(_) = self.body {
            let mut state = self.begun.activity.state();
            // It asks for more when what it was handed before is on its way.
            match &poll {
                Poll::Ready(Some(_)) => drop(state.handed.insert(self.begun.number, Instant::now())),
                _ => drop(state.handed.remove(&self.begun.number)),
            }
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const NEVER: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_is_open_and_not_before() {
        let activity = Arc::new(Activity::default());
        assert_eq!(activity.quiet(SOON, NEVER).await, Quiet::Unasked);
        let begun = activity.begin();
        assert!(timeout(SOON * 3, activity.quiet(SOON, SOON)).await.is_err(), "it is being answered");
        drop(begun);
        assert_eq!(activity.quiet(NEVER, SOON).await, Quiet::Idle);
        assert!(timeout(SOON * 3, activity.quiet(SOON, NEVER)).await.is_err(), "it was used");
    }

    #[tokio::test]
    async fn what_has_begun_to_come_is_waited_for_less_long() {
        let activity = Arc::new(Activity::default());
        let begun = activity.begin();
        activity.heard();
        drop(begun);
        assert!(timeout(SOON * 3, activity.quiet(SOON, NEVER)).await.is_err(), "the rest of a request came");
        activity.heard();
        assert_eq!(activity.quiet(SOON, NEVER).await, Quiet::Unasked);
        drop(activity.begin());
        assert!(timeout(SOON * 3, activity.quiet(SOON, NEVER)).await.is_err(), "it came whole");
    }

    #[test]
    fn the_first_bytes_tell_the_version() {
        for (parts, expected) in [
            (&["PRI * HTTP/2.0", "x"][..], &[true, true][..]),
            (&["P", "", "RI", "y"], &[false, false, true, true]),
            (&["P", "OST", "PRI"], &[false, false, false]),
            (&["GET / ", "PRI"], &[false, false]),
        ] {
            let mut preface = Preface::default();
            let told: Vec<bool> = parts.iter().map(|part| preface.is_http2(part.as_bytes())).collect();
            assert_eq!(told, expected, "{parts:?}");
        }
    }

    #[tokio::test]
    async fn what_nobody_takes_is_noticed() {
        let activity = Arc::new(Activity::default());
        let begun = activity.begin();
        assert!(timeout(SOON * 3, activity.stalled(SOON)).await.is_err());
        activity.state().handed.insert(begun.number, Instant::now());
        activity.stalled(SOON).await;
    }
}
