//! What goes to the server, in its era: what the relay has queued, or what a bridge makes of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::time::Instant;

use super::Crossing;
use crate::outbox::{self, Outgoing, Taken};

/// The receiving half, owned by the transport.
#[derive(Debug)]
pub(crate) struct Crossed {
    crossing: Arc<Crossing>,
    made: Outgoing,
    queued: Outgoing,
    /// Set when nothing more comes from the relay: what waits for client and server to begin may go out until then.
    ends: Option<Instant>,
}

impl Crossed {
    pub(super) fn new(crossing: Arc<Crossing>, made: Outgoing, queued: Outgoing) -> Self {
        Self { crossing, made, queued, ends: None }
    }

    /// Waits for the next message; `None` when the queue has ended.
    pub(crate) async fn next(&mut self) -> Option<Taken> {
        loop {
            if let Some(made) = self.made.next_now() {
                return Some(made);
            }
            if self.ends.is_some_and(|ends| !self.crossing.is_beginning() || ends <= Instant::now()) {
                // It may have been made while this looked.
                return self.made.next_now();
            }
            if self.crossing.passes() {
                return self.queued.next().await;
            }
            // Boxed: in most sessions messages soon pass as they are, and this would take its room to the end.
            if let ControlFlow::Break(next) = Box::pin(self.cross()).await {
                return next;
            }
        }
    }

    /// Waits for the next message while a bridge may make some, or for a reason to look again.
    async fn cross(&mut self) -> ControlFlow<Option<Taken>> {
        let takes = self.ends.is_none() && self.crossing.takes();
        let ends = self.ends;
        tokio::select! {
            biased;
            made = self.made.next() => return ControlFlow::Break(made),
            () = self.crossing.changed.notified() => {}
            () = tokio::time::sleep_until(ends.unwrap_or_else(Instant::now)), if ends.is_some() => {}
            taken = self.queued.next(), if takes => match taken {
                Some(taken) => {
                    if let Some(same) = self.crossing.from_client(taken) {
                        return ControlFlow::Break(Some(same));
                    }
                }
                None => {
                    let grace = self.crossing.gateway().options.limits.shutdown;
                    self.ends = Some(Instant::now() + grace);
                }
            },
        }
        ControlFlow::Continue(())
    }

    /// Waits for messages and appends them to `buffer`, each with its line feed. `false` when the queue has ended;
    /// what is in `buffer` is then the last.
    pub(crate) async fn fill(&mut self, buffer: &mut Vec<u8>, most: usize) -> bool {
        let mut next = match self.made.next_now() {
            Some(made) => Some(made),
            None if self.crossing.passes() => return self.queued.fill(buffer, most).await,
            None => self.next().await,
        };
        loop {
            let Some(taken) = next else { return false };
            outbox::append(buffer, &taken.line);
            if buffer.len() >= most {
                return true;
            }
            match self.made.next_now() {
                Some(made) => next = Some(made),
                None => return true,
            }
        }
    }
}
