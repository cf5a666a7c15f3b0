//! What came in one request, and what goes back for it.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use interlock_wire::{Message, Parsed};

use crate::errand::{Errand, Errands};
use crate::identify::Credential;
use crate::outbox::{Outgoing, Taken, outbox};
use crate::relay::{Origin, Relay};

/// One exchange: what came in a request, and the queue of what goes back.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What is withdrawn when the stream is closed early (2026-07-28).
    withdrawn: Option<(Arc<Relay>, u64)>,
    /// What whoever waits for an answer does meanwhile.
    pub(super) errand: Option<Errand>,
    back: Outgoing,
}

impl Exchange {
    /// One whose asker withdraws by itself what it asked.
    pub(crate) fn of(back: Outgoing) -> Self {
        Self { withdrawn: None, errand: None, back }
    }

    /// Hands over one message in an exchange of this number, from a task that is not cut off; a `modern` one with what
    /// vouches for its caller.
    pub(crate) async fn begin(
        relay: &Arc<Relay>,
        message: Message,
        number: u64,
        modern: Option<Arc<Credential>>,
    ) -> Self {
        let mut open = Open::new(relay, number, modern);
        relay.take(Ok(Parsed::One(message)), &open.from).await;
        open.exchange.errand = open.errands.close();
        open.exchange
    }

    /// Waits for the next message that goes back, and asks the server meanwhile; `None` when nothing more will come.
    pub(crate) async fn next(&mut self) -> Option<Taken> {
        poll_fn(|context| {
            if let Poll::Ready(taken) = self.back.poll_next(context) {
                return Poll::Ready(taken);
            }
            let Some(errand) = &mut self.errand else { return Poll::Pending };
            if Pin::new(errand).poll(context).is_ready() {
                self.errand = None;
            }
            self.back.poll_next(context)
        })
        .await
    }
}

/// An exchange whose message is being taken.
pub(super) struct Open {
    pub(super) exchange: Exchange,
    pub(super) from: Origin,
    pub(super) errands: Errands,
}

impl Open {
    pub(super) fn new(relay: &Arc<Relay>, number: u64, modern: Option<Arc<Credential>>) -> Self {
        let (to_caller, back) = outbox(relay.gateway().options.limits.queued_bytes);
        let errands = Errands::default();
        let withdrawn = modern.is_some().then(|| (Arc::clone(relay), number));
        let from = Origin {
            outbox: to_caller.impatient(),
            exchange: number,
            errands: Some(errands.clone()),
            credential: modern,
        };
        Self { exchange: Exchange { withdrawn, errand: None, back }, from, errands }
    }
}

/// An exchange that its caller has left.
impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some((relay, number)) = self.withdrawn.take()
            && !self.back.has_ended()
        {
            tokio::spawn(async move { relay.withdraw_all(number).await });
        }
    }
}
