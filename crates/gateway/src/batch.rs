//! Batches: 2025-03-26 lets one line carry an array of messages. Each element is judged and forwarded by
//! itself; the answers go back in one array, as the sender of a batch expects.

use std::sync::{Arc, Mutex, PoisonError};

use crate::outbox::Outbox;

/// Where the answer to one request goes.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// Straight to the peer.
    Peer(Outbox),
    /// Into the array that answers a batch.
    Batch(BatchSlot),
}

impl ReplyTo {
    /// Delivers an answer that the gateway made itself, from a place that must not wait for the peer.
    pub(crate) fn push(self, answer: String) {
        match self {
            Self::Peer(outbox) => outbox.push(answer),
            Self::Batch(slot) => slot.fill(answer),
        }
    }

    /// Delivers the answer (one JSON-RPC message without its line feed).
    pub(crate) async fn deliver(self, answer: String) {
        match self {
            Self::Peer(outbox) => outbox.send(answer).await,
            Self::Batch(slot) => slot.fill(answer),
        }
    }
}

/// One request's place in the answer to a batch. The array is sent when the last slot has gone, filled or
/// not: a cancelled request is not answered.
#[derive(Debug)]
pub(crate) struct BatchSlot(Arc<Answers>);

impl BatchSlot {
    fn fill(self, answer: String) {
        let mut collected = self.0.collected.lock().unwrap_or_else(PoisonError::into_inner);
        collected.bytes += answer.len();
        collected.answers.push(answer);
        // Answers that would not fit in memory together go out in several arrays.
        if collected.bytes > self.0.most {
            self.0.send(&mut collected);
        }
    }
}

#[derive(Debug)]
struct Answers {
    collected: Mutex<Collected>,
    peer: Outbox,
    /// Bytes that are collected before they are sent.
    most: usize,
}

#[derive(Debug, Default)]
struct Collected {
    answers: Vec<String>,
    bytes: usize,
}

impl Answers {
    fn send(&self, collected: &mut Collected) {
        let Collected { answers, .. } = std::mem::take(collected);
        if !answers.is_empty() {
            self.peer.push(format!("[{}]", answers.join(",")));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let mut collected = std::mem::take(self.collected.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.send(&mut collected);
    }
}

/// Hands out the slots of one batch.
#[derive(Debug)]
pub(crate) struct Batch(Arc<Answers>);

impl Batch {
    /// A batch whose answers go to `peer`, at the latest when they are more than `most` bytes.
    pub(crate) fn new(peer: Outbox, most: usize) -> Self {
        Self(Arc::new(Answers { collected: Mutex::default(), peer, most }))
    }

    pub(crate) fn slot(&self) -> BatchSlot {
        BatchSlot(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::outbox;

    #[tokio::test]
    async fn the_array_goes_out_once_when_the_last_slot_is_settled() {
        let (peer, mut outgoing) = outbox(4096);
        let batch = Batch::new(peer, 1_000);
        let (first, second, cancelled) = (batch.slot(), batch.slot(), batch.slot());
        drop(batch);
        ReplyTo::Batch(second).deliver("2".to_owned()).await;
        ReplyTo::Batch(first).deliver("1".to_owned()).await;
        drop(cancelled);
        let mut buffer = Vec::new();
        assert!(outgoing.fill(&mut buffer, usize::MAX).await);
        assert_eq!(buffer, b"[2,1]\n");
        assert!(!outgoing.fill(&mut buffer, usize::MAX).await);
    }

    #[tokio::test]
    async fn a_batch_of_notifications_has_no_answer() {
        let (peer, mut outgoing) = outbox(4096);
        drop(Batch::new(peer, 1_000));
        assert!(!outgoing.fill(&mut Vec::new(), usize::MAX).await);
    }

    #[tokio::test]
    async fn more_than_fits_goes_out_in_several_arrays() {
        let (peer, mut outgoing) = outbox(4096);
        let batch = Batch::new(peer, 3);
        let slots = [batch.slot(), batch.slot(), batch.slot()];
        drop(batch);
        for (slot, answer) in slots.into_iter().zip(["11", "22", "3"]) {
            ReplyTo::Batch(slot).push(answer.to_owned());
        }
        let mut buffer = Vec::new();
        assert!(outgoing.fill(&mut buffer, usize::MAX).await);
        assert_eq!(buffer, b"[11,22]\n[3]\n");
    }
}
