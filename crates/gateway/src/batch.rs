//! Batches: 2025-03-26 lets one line carry an array of messages. Each element is judged and forwarded by
//! itself; the answers go back in one array, as the sender of a batch expects.

use std::sync::{Arc, Mutex, PoisonError};

use crate::outbox::{Outbox, Room};
use crate::record::now_ms;
use crate::tasks::apart::TaskApart;

/// Where the answer to one request goes.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// Straight to the peer.
    Peer(Outbox),
    /// Into the array that answers a batch.
    Batch(BatchSlot),
    /// To the task that it is the end of.
    Task(Arc<TaskApart>),
}

impl ReplyTo {
    /// Delivers an answer that the gateway made itself, from a place that must not wait for the peer.
    pub(crate) fn push(self, answer: String) {
        match self {
            Self::Peer(outbox) => outbox.push(answer),
            Self::Batch(slot) => slot.settle(Some(answer)).push(),
            Self::Task(task) => task.ends(answer, now_ms()),
        }
    }

    /// Delivers the answer (one JSON-RPC message without its line feed).
    pub(crate) async fn deliver(self, answer: String) {
        match self {
            Self::Peer(outbox) => outbox.send(answer).await,
            Self::Batch(slot) => slot.settle(Some(answer)).send().await,
            Self::Task(task) => task.ends(answer, now_ms()),
        }
    }

    /// The way to the asker, for what belongs to the request and is not its answer.
    pub(crate) fn outbox(&self) -> Outbox {
        match self {
            Self::Peer(outbox) => outbox.clone(),
            Self::Batch(slot) => slot.peer.clone(),
            Self::Task(task) => task.nowhere().clone(),
        }
    }

    /// There will be no answer: the request was cancelled.
    pub(crate) async fn forgo(self) {
        if let Self::Batch(slot) = self {
            slot.settle(None).send().await;
        }
    }
}

/// One request's place in the answer to a batch. The array is due when the last slot is settled, with an answer
/// or not: a cancelled request is not answered.
#[derive(Debug)]
pub(crate) struct BatchSlot {
    /// `None` once it is settled.
    answers: Option<Arc<Answers>>,
    peer: Outbox,
}

impl BatchSlot {
    /// Settles the slot and gives what is due then.
    fn settle(mut self, answer: Option<String>) -> Due {
        self.answers.take().map(|answers| answers.settle(answer)).unwrap_or_default()
    }
}

/// A slot that is dropped unsettled (its task was cut off) holds up the others no longer.
impl Drop for BatchSlot {
    fn drop(&mut self) {
        if let Some(answers) = self.answers.take() {
            answers.settle(None).push();
        }
    }
}

#[derive(Debug)]
struct Answers {
    collected: Mutex<Collected>,
    peer: Outbox,
}

#[derive(Debug, Default)]
struct Collected {
    answers: Vec<String>,
    rooms: Vec<Room>,
    /// Slots that are not settled yet.
    open: usize,
}

impl Answers {
    fn settle(&self, answer: Option<String>) -> Due {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        collected.open = collected.open.saturating_sub(1);
        let mut due = collected.open == 0;
        if let Some(answer) = answer {
            // Answers that do not fit in memory together go out in several arrays.
            match self.peer.room_to_collect(answer.len()) {
                Some(room) => collected.rooms.push(room),
                None => due = true,
            }
            collected.answers.push(answer);
        }
        if !due || collected.answers.is_empty() {
            return Due::default();
        }
        let array = format!("[{}]", std::mem::take(&mut collected.answers).join(","));
        Due(Some((self.peer.clone(), array, std::mem::take(&mut collected.rooms))))
    }
}

/// An array that is to go out now, where there is one. It keeps its room until it is in the peer's queue.
#[derive(Debug, Default)]
struct Due(Option<(Outbox, String, Vec<Room>)>);

impl Due {
    async fn send(self) {
        if let Some((peer, array, _rooms)) = self.0 {
            peer.send(array).await;
        }
    }

    fn push(self) {
        if let Some((peer, array, _rooms)) = self.0 {
            peer.push(array);
        }
    }
}

/// Hands out the slots of one batch. It has one itself, so that nothing is due before all are handed out.
#[derive(Debug)]
pub(crate) struct Batch {
    answers: Arc<Answers>,
    own: BatchSlot,
}

impl Batch {
    /// A batch whose answers go to `peer`.
    pub(crate) fn new(peer: Outbox) -> Self {
        let collected = Mutex::new(Collected { open: 1, ..Collected::default() });
        let answers = Arc::new(Answers { collected, peer });
        let own = BatchSlot { peer: answers.peer.clone(), answers: Some(Arc::clone(&answers)) };
        Self { answers, own }
    }

    pub(crate) fn slot(&self) -> BatchSlot {
        self.answers.collected.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
        BatchSlot { peer: self.answers.peer.clone(), answers: Some(Arc::clone(&self.answers)) }
    }

    /// No further slot is wanted.
    pub(crate) async fn close(self) {
        self.own.settle(None).send().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Outgoing, outbox};

    /// What is queued.
    async fn queued(outgoing: &mut Outgoing) -> String {
        let mut buffer = Vec::new();
        let _ended = outgoing.fill(&mut buffer, usize::MAX).await;
        String::from_utf8(buffer).unwrap()
    }

    #[tokio::test]
    async fn the_array_goes_out_once_when_the_last_slot_is_settled() {
        let (peer, mut outgoing) = outbox(4096);
        let batch = Batch::new(peer.clone());
        let (first, second, cancelled) = (batch.slot(), batch.slot(), batch.slot());
        ReplyTo::Batch(second).deliver("2".to_owned()).await;
        batch.close().await;
        ReplyTo::Batch(cancelled).forgo().await;
        peer.push("before".to_owned());
        ReplyTo::Batch(first).deliver("1".to_owned()).await;
        drop(peer);
        assert_eq!(queued(&mut outgoing).await, "before\n[2,1]\n");
    }

    #[tokio::test]
    async fn it_waits_for_no_slot_that_is_gone() {
        let (peer, mut outgoing) = outbox(4096);
        let batch = Batch::new(peer);
        let (first, cut_off) = (batch.slot(), batch.slot());
        batch.close().await;
        ReplyTo::Batch(first).deliver("1".to_owned()).await;
        drop(cut_off);
        assert_eq!(queued(&mut outgoing).await, "[1]\n");
    }

    #[tokio::test]
    async fn a_batch_of_notifications_has_no_answer() {
        let (peer, mut outgoing) = outbox(4096);
        Batch::new(peer).close().await;
        assert_eq!(queued(&mut outgoing).await, "");
    }

    /// What is collected by all batches of a connection fits into as much as its queue holds.
    #[tokio::test]
    async fn more_than_fits_goes_out_in_several_arrays() {
        let (peer, mut outgoing) = outbox(1024);
        let (one, other) = (Batch::new(peer.clone()), Batch::new(peer.clone()));
        let slots = [one.slot(), one.slot(), other.slot(), other.slot()];
        for (slot, answer) in
            slots.into_iter().zip(["1".repeat(700), "22".to_owned(), "3".to_owned(), "4".to_owned()])
        {
            ReplyTo::Batch(slot).push(answer);
        }
        // The first takes three of four parts, the second the last; what comes then finds none left.
        assert_eq!(queued(&mut outgoing).await, "[3]\n[4]\n");
        one.close().await;
        assert_eq!(queued(&mut outgoing).await, format!("[{},22]\n", "1".repeat(700)));
        let (last, later) = (other.slot(), other.slot());
        other.close().await;
        ReplyTo::Batch(last).push("5".to_owned());
        ReplyTo::Batch(later).push("6".to_owned());
        assert_eq!(queued(&mut outgoing).await, "[5,6]\n");
    }

    /// Answers to batches wait for a peer that does not read, like every other.
    #[tokio::test]
    async fn a_full_queue_makes_a_batch_wait() {
        let (peer, mut outgoing) = outbox(1024);
        let answered = async |peer: Outbox| {
            let batch = Batch::new(peer);
            ReplyTo::Batch(batch.slot()).deliver("x".repeat(600)).await;
            batch.close().await;
        };
        answered(peer.clone()).await;
        let second = tokio::spawn(answered(peer.clone()));
        let batch = Batch::new(peer);
        let slot = batch.slot();
        batch.close().await;
        let last = tokio::spawn(ReplyTo::Batch(slot).deliver("y".repeat(600)));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished() && !last.is_finished());
        let mut buffer = Vec::new();
        while buffer.len() < 3 * 603 {
            assert!(outgoing.fill(&mut buffer, 1).await);
            tokio::task::yield_now().await;
        }
        second.await.unwrap();
        last.await.unwrap();
    }
}
