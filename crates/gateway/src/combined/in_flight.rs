//! The requests of a session that have no answer yet, by the identifiers that their client gave them.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use interlock_wire::RequestId;
use tokio::sync::Notify;

use crate::pending::PendingError;

/// How long an identifier may still be taken whose answer has gone out.
const ALMOST_DONE: Duration = Duration::from_secs(5);

/// The requests in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    requests: Mutex<HashSet<RequestId>>,
    most: usize,
    /// One of them has ended.
    ended: Notify,
}

/// A request that is in flight until this is dropped.
#[derive(Debug)]
pub(super) struct Begun {
    among: Arc<InFlight>,
    id: RequestId,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.among.requests().remove(&self.id);
        self.among.ended.notify_waiters();
    }
}

impl InFlight {
    pub(super) fn at_most(most: usize) -> Arc<Self> {
        Arc::new(Self { requests: Mutex::default(), most, ended: Notify::new() })
    }

    fn requests(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests().is_empty()
    }

    /// Lets a request be in flight. A client that has just got an answer may use its identifier again before whoever
    /// answered is done: it is waited for, for a moment.
    ///
    /// # Errors
    /// When there are too many, or one of this identifier goes on.
    pub(super) async fn begin(self: &Arc<Self>, id: &RequestId) -> Result<Begun, PendingError> {
        self.begin_within(ALMOST_DONE, id).await
    }

    async fn begin_within(
        self: &Arc<Self>,
        almost_done: Duration,
        id: &RequestId,
    ) -> Result<Begun, PendingError> {
        let mut almost_done = pin!(tokio::time::sleep(almost_done));
        loop {
            let mut ended = pin!(self.ended.notified());
            // What ends between a look and the wait is not missed.
            ended.as_mut().enable();
            match self.begin_now(id) {
                Err(PendingError::Reused) => {}
                begun => return begun,
            }
            tokio::select! {
                () = ended => {}
                () = &mut almost_done => return Err(PendingError::Reused),
            }
        }
    }

    fn begin_now(self: &Arc<Self>, id: &RequestId) -> Result<Begun, PendingError> {
        let mut requests = self.requests();
        if requests.len() >= self.most {
            return Err(PendingError::Full { limit: self.most });
        }
        if !requests.insert(id.clone()) {
            return Err(PendingError::Reused);
        }
        Ok(Begun { among: Arc::clone(self), id: id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_identifier_is_free_again_as_soon_as_its_request_has_ended() {
        let in_flight = InFlight::at_most(2);
        let id = RequestId::from(1);
        let first = in_flight.begin(&id).await.unwrap();
        let again = tokio::spawn({
            let (in_flight, id) = (Arc::clone(&in_flight), id.clone());
            async move { in_flight.begin(&id).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!again.is_finished());
        drop(first);
        assert!(again.await.unwrap().is_ok());
        assert!(in_flight.is_empty());
    }

    #[tokio::test]
    async fn one_that_goes_on_is_not_taken_twice_and_there_are_not_too_many() {
        let in_flight = InFlight::at_most(2);
        let [one, two, three] = [1, 2, 3].map(|number: u64| RequestId::from(number));
        let _first = in_flight.begin(&one).await.unwrap();
        let again = in_flight.begin_within(Duration::ZERO, &one).await;
        assert!(matches!(again, Err(PendingError::Reused)));
        let _second = in_flight.begin(&two).await.unwrap();
        assert!(matches!(in_flight.begin(&three).await, Err(PendingError::Full { limit: 2 })));
    }
}
