//! What goes on on one connection: requests that are being answered, and bodies that nobody takes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
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
    /// Since when a part of a stream waits to be taken.
    handed: BTreeMap<u64, Instant>,
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
        let state = State { begun: 0, open: 0, since: Instant::now(), handed: BTreeMap::new() };
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
        Begun { activity: Arc::clone(self), number: state.begun }
    }

    /// Waits until nothing has been asked for long: for the first request less long than for others. It looks again
    /// when that could be, so that requests have nobody to wake.
    pub(crate) async fn idle(&self, first: Duration, later: Duration) {
        loop {
            let until = {
                let state = self.state();
                let patience = if state.begun == 0 { first } else { later };
                let since = if state.open == 0 { state.since } else { Instant::now() };
                since + patience
            };
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
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
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const NEVER: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_is_open_and_not_before() {
        let activity = Arc::new(Activity::default());
        activity.idle(SOON, NEVER).await;
        let begun = activity.begin();
        assert!(timeout(SOON * 3, activity.idle(SOON, SOON)).await.is_err(), "it is being answered");
        drop(begun);
        activity.idle(NEVER, SOON).await;
        assert!(timeout(SOON * 3, activity.idle(SOON, NEVER)).await.is_err(), "it was used");
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
