//! What goes on on one connection: requests that are being answered, and bodies that nobody takes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep, sleep_until};

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
    /// A request has begun to come and does not end.
    HalfAsked,
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

    /// The stream of the connection, which says when something comes or goes.
    pub(crate) fn hearing<S>(self: &Arc<Self>, stream: S) -> Hearing<S> {
        Hearing { stream, activity: Arc::clone(self), preface: Preface::default() }
    }

    /// Something came. Where nothing is being answered, it is the beginning of a request.
    fn heard(&self) {
        let mut state = self.state();
        if state.open == 0 && state.head.is_none() {
            state.head = Some(Instant::now());
        }
    }

    /// Something went out: the peer still takes what it was answered, and until then nobody looks at what it asks next.
    fn said(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.since = now;
        state.head = state.head.map(|_| now);
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
            Some(begun) => (Quiet::HalfAsked, begun + asked),
            None if self.begun == 0 => (Quiet::Idle, self.since + asked),
            // So is the beginning of a request that came with the one before.
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
        Self::Left(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    }
}

impl Preface {
    /// Whether the preface has come whole: in HTTP/2 much comes after it that asks nothing.
    fn is_http2(&mut self, bytes: &[u8]) -> bool {
        let Self::Left(left) = *self else { return false };
        let length = left.len().min(bytes.len());
        let (expected, left) = left.split_at(length);
        *self = if bytes.starts_with(expected) { Self::Left(left) } else { Self::None };
        self.is_whole()
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Left([]))
    }
}

/// A stream that tells what comes and goes on it.
#[derive(Debug)]
pub(crate) struct Hearing<S> {
    stream: S,
    activity: Arc<Activity>,
    preface: Preface,
}

impl<S: AsyncRead + Unpin> AsyncRead for Hearing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        if !came.is_empty() && !self.preface.is_http2(came) {
            self.activity.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Hearing<S> {
    /// In HTTP/2 much goes out that answers nothing, such as pings.
    fn written(&self) {
        if !self.preface.is_whole() {
            self.activity.said();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Hearing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.written();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        self.written();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const NEVER: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_is_open_and_not_before() {
        let activity = Arc::new(Activity::default());
        assert_eq!(activity.quiet(SOON, NEVER).await, Quiet::Idle);
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
        assert_eq!(activity.quiet(SOON, NEVER).await, Quiet::HalfAsked);
        drop(activity.begin());
        assert!(timeout(SOON * 3, activity.quiet(SOON, NEVER)).await.is_err(), "it came whole");
    }

    /// Until when a connection is kept if nothing more happens, and how it is quiet then.
    fn kept(activity: &Activity) -> (Quiet, Instant) {
        activity.state().quiet_until(Instant::now(), SOON, NEVER)
    }

    #[tokio::test]
    async fn who_takes_an_answer_is_not_quiet() {
        let activity = Arc::new(Activity::default());
        drop(activity.begin());
        activity.heard();
        let (quiet, before) = kept(&activity);
        sleep(SOON).await;
        activity.said();
        assert!(quiet == Quiet::HalfAsked && kept(&activity).1 > before);
    }

    #[tokio::test]
    async fn pings_of_http2_do_not_keep_a_connection() {
        for (preface, is_kept) in [("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false), ("POST / HTTP/1.1\r\n", true)]
        {
            let (near, mut far) = tokio::io::duplex(1 << 10);
            let activity = Arc::new(Activity::default());
            let mut near = activity.hearing(near);
            far.write_all(preface.as_bytes()).await.unwrap();
            near.read_exact(&mut vec![0; preface.len()]).await.unwrap();
            drop(activity.begin());
            let (quiet, before) = kept(&activity);
            sleep(SOON).await;
            near.write_all(b"ping").await.unwrap();
            assert!(quiet == Quiet::Idle && (kept(&activity).1 > before) == is_kept, "{preface}");
        }
    }

    #[test]
    fn the_first_bytes_tell_the_version() {
        for (parts, expected) in [
            (&["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "x"][..], &[true, true][..]),
            (&["P", "", "RI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0", "y"], &[false, false, true, true]),
            (&["PRIX / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], &[false, false]),
            (&["P", "OST", "PRI"], &[false, false, false]),
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
