//! Lines on their way to a peer, bounded in bytes.

mod queue;

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::sync::Semaphore;

pub(crate) use queue::Room;
use queue::{Part, Queue, Queued};

/// One permit stands for this many bytes, so that a large limit fits the semaphore's count.
const BYTES_PER_PERMIT: usize = 256;

/// The sending half: shared by everyone who has something to say to one peer.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Arc<Queue>,
    /// Whether the peer is given up instead of waited for, where others would wait with it.
    impatient: bool,
}

/// The receiving half: owned by the task that writes to the peer.
#[derive(Debug)]
pub(crate) struct Outgoing {
    queue: Arc<Queue>,
}

/// Makes a queue that holds up to `bytes`.
pub(crate) fn outbox(bytes: usize) -> (Outbox, Outgoing) {
    let permits = (bytes / BYTES_PER_PERMIT).clamp(1, Semaphore::MAX_PERMITS >> 1);
    let queue = Queue::new(permits);
    (Outbox { queue: Arc::clone(&queue), impatient: false }, Outgoing { queue })
}

impl Clone for Outbox {
    fn clone(&self) -> Self {
        self.queue.sender_comes();
        Self { queue: Arc::clone(&self.queue), impatient: self.impatient }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.queue.sender_goes();
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.queue.reader_goes();
    }
}

impl Outbox {
    /// Ends the queue instead of making senders wait: for a peer that must hold up nobody else.
    pub(crate) fn impatient(mut self) -> Self {
        self.impatient = true;
        self
    }

    /// Waits until there is room for a message of so many bytes: while the peer does not read, there is not.
    pub(crate) async fn room(&self, bytes: usize) -> Room {
        self.queue.room(Part::Line, self.wanted(bytes)).await
    }

    /// Room for a message that is to be sent with others: as much as the queue holds, and beside it. `None` where
    /// there is none now, and others must go out first.
    pub(crate) fn room_to_collect(&self, bytes: usize) -> Option<Room> {
        self.queue.room_now(Part::Collected, self.wanted(bytes))
    }

    /// The permits that stand for a message. One larger than the whole queue waits for an empty one.
    fn wanted(&self, bytes: usize) -> u32 {
        let wanted = (bytes / BYTES_PER_PERMIT + 1).min(self.queue.permits);
        u32::try_from(wanted).unwrap_or(u32::MAX)
    }

    /// Queues one message (without its line feed) in room that was waited for. A peer that has gone takes
    /// nothing more, which its reader notices.
    pub(crate) fn send_in(&self, room: Room, line: String) {
        let _gone = self.queue.put(Queued::Line { line, on: None, room });
    }

    /// Waits for room and queues one message. A peer that is not waited for and has left no room gets nothing more.
    pub(crate) async fn send(&self, line: String) {
        if self.impatient {
            match self.queue.room_now(Part::Line, self.wanted(line.len())) {
                Some(room) => self.send_in(room, line),
                None => self.close(),
            }
            return;
        }
        let room = self.room(line.len()).await;
        self.send_in(room, line);
    }

    /// Waits for room and queues one message, unless the queue has ended. Gives whether it is queued before its end.
    pub(crate) async fn hand_over(&self, line: String) -> bool {
        let room = self.room(line.len()).await;
        !self.queue.ended.load(Ordering::Acquire) && self.queue.put(Queued::Line { line, on: None, room })
    }

    /// Queues one message without waiting, for a place that cannot wait: a drop, or the end of waits that took too
    /// long. It takes what room there is, so that whoever can wait does.
    pub(crate) fn push(&self, line: String) {
        self.push_on(line, None);
    }

    /// The same, for a message that belongs to the request of this number.
    pub(crate) fn push_on(&self, line: String, on: Option<u64>) {
        let room = self.queue.room_now(Part::Line, self.wanted(line.len())).unwrap_or_else(Room::none);
        let _gone = self.queue.put(Queued::Line { line, on, room });
    }

    /// Whether somebody still takes what is queued.
    pub(crate) fn is_read(&self) -> bool {
        self.queue.is_read()
    }

    /// Waits until nobody takes what is queued any more.
    pub(crate) async fn unread(&self) {
        self.queue.unread().await;
    }

    /// Ends the queue after what is in it: the peer's stream is closed then.
    pub(crate) fn close(&self) {
        self.queue.ended.store(true, Ordering::Release);
        let _gone = self.queue.put(Queued::End);
    }
}

/// A message that was taken from the queue, in its room until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) line: String,
    /// The request that it belongs to.
    pub(crate) on: Option<u64>,
    _room: Room,
}

impl Taken {
    fn of(queued: Queued) -> Option<Self> {
        match queued {
            Queued::Line { line, on, room } => Some(Self { line, on, _room: room }),
            Queued::End => None,
        }
    }
}

impl Outgoing {
    /// Whether nothing will come any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.queue.is_over()
    }

    /// Waits for the next message; `None` when the queue has ended.
    pub(crate) async fn next(&mut self) -> Option<Taken> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same, for whoever does something else meanwhile.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Taken>> {
        self.queue.poll_take(context).map(|queued| queued.and_then(Taken::of))
    }

    /// The next message, where it is there already.
    pub(crate) fn next_now(&mut self) -> Option<Taken> {
        self.queue.take_now().and_then(Taken::of)
    }

    /// Waits for messages, then appends what is queued, up to about `most` bytes, to `buffer`, each with its
    /// line feed. `false` when the queue has ended; what is in `buffer` is then the last.
    pub(crate) async fn fill(&mut self, buffer: &mut Vec<u8>, most: usize) -> bool {
        let mut next = poll_fn(|context| self.queue.poll_take(context)).await;
        loop {
            match next {
                Some(Queued::Line { line, .. }) => {
                    append(buffer, &line);
                }
                Some(Queued::End) | None => return false,
            }
            if buffer.len() >= most {
                return true;
            }
            match self.queue.take_now() {
                Some(queued) => next = Some(queued),
                None => return true,
            }
        }
    }
}

/// Appends a message with its line feed.
pub(crate) fn append(buffer: &mut Vec<u8>, line: &str) {
    buffer.extend_from_slice(unbroken(line).as_bytes());
    buffer.push(b'\n');
}

/// Some readers end a line at U+2028, U+2029 or U+0085 too (Node's `readline`, Python's `splitlines`), and
/// would read one judged message as several. In JSON these can only stand in strings, where an escape means
/// the same.
fn unbroken(line: &str) -> Cow<'_, str> {
    const BREAKS: [(char, &str); 3] =
        [('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029"), ('\u{85}', "\\u0085")];
    if line.is_ascii() || !line.contains(BREAKS.map(|(end, _)| end)) {
        return Cow::Borrowed(line);
    }
    let escape = |text: String, (end, escape): (char, &str)| text.replace(end, escape);
    Cow::Owned(BREAKS.into_iter().fold(line.to_owned(), escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_makes_the_sender_wait_until_the_peer_reads() {
        let (outbox, mut outgoing) = outbox(1024);
        outbox.send("x".repeat(1000)).await;
        let second = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.send("y".repeat(1000)).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        let mut buffer = Vec::new();
        assert!(outgoing.fill(&mut buffer, 1).await);
        assert_eq!(buffer.len(), 1001);
        second.await.unwrap();
    }

    #[test]
    fn no_reader_finds_two_lines_in_one() {
        assert_eq!(unbroken("{\"a\":\"x\u{2028}y\u{2029}z\u{85}ü\"}"), r#"{"a":"x\u2028y\u2029z\u0085ü"}"#);
        assert!(matches!(unbroken("{\"a\":\"ü漢\"}"), Cow::Borrowed(_)));
    }

    #[tokio::test]
    async fn a_message_larger_than_the_queue_still_passes() {
        let (outbox, mut outgoing) = outbox(512);
        outbox.send("x".repeat(5000)).await;
        drop(outbox);
        let mut buffer = Vec::new();
        assert!(outgoing.fill(&mut buffer, usize::MAX).await);
        assert_eq!(buffer.len(), 5001);
        assert!(!outgoing.fill(&mut buffer, usize::MAX).await);
    }
}
