//! Requests to a server that are under way: how far each has come, and how each is given up.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use foldhash::quality::RandomState;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::flag::Flag;

/// How much of a body is handed over in one piece: the next is asked for when there is room for it on its way.
const PIECE: usize = 64 << 10;

/// All of one connection, by the number that they travel under.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<HashMap<u64, Arc<Flight>, RandomState>>);

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Flight {
    given_up: Flag,
    sent: Flag,
    over: Flag,
}

/// One of them for the one who carries it out: it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Flying {
    all: Arc<InFlight>,
    number: u64,
    flight: Arc<Flight>,
    _awaited: TaskTrackerToken,
}

impl InFlight {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Flight>, RandomState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more. From here on it can be given up; whoever waits for all of them waits for it.
    pub(super) fn begin(self: &Arc<Self>, number: u64, awaited: TaskTrackerToken) -> Flying {
        let flight = Arc::<Flight>::default();
        self.all().insert(number, Arc::clone(&flight));
        Flying { all: Arc::clone(self), number, flight, _awaited: awaited }
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<Flight>> {
        self.all().get(&number).cloned()
    }

    pub(super) fn give_up(&self, number: u64) {
        if let Some(flight) = self.get(number) {
            flight.give_up();
        }
    }

    pub(super) fn give_all_up(&self) {
        for flight in self.all().values() {
            flight.give_up();
        }
    }
}

impl Flight {
    /// Whoever carries it out stops, and closes what it is carried on.
    pub(super) fn give_up(&self) {
        self.given_up.raise();
    }

    /// Waits until the whole request is on its way, or there is none any more.
    pub(super) async fn sent(&self) {
        self.sent.raised().await;
    }

    /// Waits until its answer is there, or will never be.
    pub(super) async fn over(&self) {
        self.over.raised().await;
    }
}

impl Flying {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    pub(super) async fn given_up(&self) {
        self.flight.given_up.raised().await;
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        let mut all = self.all.all();
        // Another may travel under this number by now.
        if all.get(&self.number).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            all.remove(&self.number);
        }
        drop(all);
        self.flight.sent.raise();
        self.flight.over.raise();
    }
}

/// The body of a request, which tells when the last of it is on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    rest: Bytes,
    flight: Option<Arc<Flight>>,
}

impl Outgoing {
    pub(super) fn new(body: Bytes, flight: Option<Arc<Flight>>) -> Self {
        Self { rest: body, flight }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        if self.rest.is_empty()
            && let Some(flight) = self.flight.take()
        {
            flight.sent.raise();
        }
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use tokio::time::timeout;
    use tokio_util::task::TaskTracker;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_body_tells_when_the_last_of_it_is_on_its_way() {
        let all = Arc::<InFlight>::default();
        let flying = all.begin(1, TaskTracker::new().token());
        let whole = Bytes::from(vec![b'x'; PIECE + 1]);
        let mut body = Outgoing::new(whole, Some(Arc::clone(flying.flight())));
        assert_eq!(body.size_hint().exact(), Some(PIECE as u64 + 1));
        let length = |frame: Option<Result<Frame<Bytes>, Infallible>>| {
            frame.map(|frame| frame.unwrap().into_data().unwrap().len())
        };
        assert_eq!(length(body.frame().await), Some(PIECE));
        assert!(timeout(MOMENT, flying.flight().sent()).await.is_err());
        assert_eq!(length(body.frame().await), Some(1));
        flying.flight().sent().await;
        assert!(body.is_end_stream() && body.frame().await.is_none());
    }

    #[tokio::test]
    async fn what_is_over_leaves_room_for_another_and_keeps_nobody_waiting() {
        let all = Arc::<InFlight>::default();
        let first = all.begin(1, TaskTracker::new().token());
        let flight = Arc::clone(first.flight());
        let second = all.begin(1, TaskTracker::new().token());
        drop(first);
        flight.sent().await;
        flight.over().await;
        all.give_up(1);
        second.given_up().await;
        drop(second);
        assert!(all.get(1).is_none());
        let third = all.begin(2, TaskTracker::new().token());
        all.give_all_up();
        third.given_up().await;
    }
}
