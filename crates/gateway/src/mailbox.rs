//! What a server says of its own to a client that is reached by HTTP: kept until the client listens, and a while
//! longer, so that one whose stream broke misses nothing (MCP, "Resumability and Redelivery").

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::outbox::Outgoing;

/// The messages for one client, the oldest first.
#[derive(Debug)]
pub(crate) struct Mailbox {
    letters: Mutex<Letters>,
    changed: Notify,
    most_bytes: usize,
}

#[derive(Debug)]
struct Letters {
    /// By who said it: one that says much makes room for itself alone.
    kept: BTreeMap<Arc<str>, Kept>,
    /// The number of the next message.
    next: u64,
    /// The first message that no reader has taken.
    unread: u64,
    /// Who reads: a newer reader takes the place of the one before.
    reader: u64,
    ended: bool,
}

/// What one server said.
#[derive(Debug, Default)]
struct Kept {
    letters: VecDeque<Letter>,
    bytes: usize,
}

/// One message with its number, by which a client that comes back names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) number: u64,
    pub(crate) message: Arc<str>,
}

/// One stream's place in the mailbox.
#[derive(Debug)]
pub(crate) struct Reader {
    mailbox: Arc<Mailbox>,
    reader: u64,
    next: u64,
}

impl Mailbox {
    /// Keeps up to `most_bytes` of each server's messages; the oldest go first.
    pub(crate) fn new(most_bytes: usize) -> Self {
        let letters = Letters { kept: BTreeMap::new(), next: 1, unread: 1, reader: 0, ended: false };
        Self { letters: Mutex::new(letters), changed: Notify::new(), most_bytes }
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what is queued, until the queue ends.
    pub(crate) async fn fill(&self, mut queued: Outgoing) {
        let only = Arc::from("");
        while let Some(taken) = queued.next().await {
            self.put(&only, &taken.line);
        }
        self.end();
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        self.letters().ended = true;
        self.changed.notify_waiters();
    }

    /// Keeps what one server said.
    pub(crate) fn put(&self, server: &Arc<str>, message: &str) {
        let mut letters = self.letters();
        let number = letters.next;
        letters.next += 1;
        let kept = letters.kept.entry(Arc::clone(server)).or_default();
        kept.bytes += message.len();
        kept.letters.push_back(Letter { number, message: Arc::from(message) });
        while kept.bytes > self.most_bytes && kept.letters.len() > 1 {
            let oldest = kept.letters.pop_front();
            kept.bytes -= oldest.map_or(0, |letter| letter.message.len());
        }
        drop(letters);
        self.changed.notify_waiters();
    }

    /// Begins to read: after the message that the client names, or with the first that nobody has taken. Whoever
    /// read before reads no more.
    pub(crate) fn read(self: &Arc<Self>, after: Option<u64>) -> Reader {
        let mut letters = self.letters();
        letters.reader += 1;
        let next = after.map_or(letters.unread, |after| after.saturating_add(1));
        let reader = Reader { mailbox: Arc::clone(self), reader: letters.reader, next };
        drop(letters);
        self.changed.notify_waiters();
        reader
    }
}

impl Letters {
    /// The first message of this number or a later one.
    fn first_from(&self, number: u64) -> Option<Letter> {
        let of_each = self.kept.values().filter_map(|kept| {
            let at = kept.letters.partition_point(|letter| letter.number < number);
            kept.letters.get(at)
        });
        of_each.min_by_key(|letter| letter.number).cloned()
    }
}

impl Reader {
    /// Waits for the next message; `None` when there will be none.
    pub(crate) async fn next(&mut self) -> Option<Letter> {
        loop {
            let changed = self.mailbox.changed.notified();
            tokio::pin!(changed);
            // What comes between looking and waiting must wake this, too.
            changed.as_mut().enable();
            {
                let mut letters = self.mailbox.letters();
                if letters.reader != self.reader {
                    return None;
                }
                if let Some(letter) = letters.first_from(self.next) {
                    self.next = letter.number + 1;
                    letters.unread = letters.unread.max(self.next);
                    return Some(letter);
                }
                if letters.ended {
                    return None;
                }
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(letter: Option<Letter>) -> Option<(u64, String)> {
        letter.map(|letter| (letter.number, letter.message.to_string()))
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_misses_nothing() {
        let mailbox = Arc::new(Mailbox::new(100));
        let put = |message| mailbox.put(&Arc::from("x"), message);
        put("a");
        put("b");
        let mut first = mailbox.read(None);
        assert_eq!(numbered(first.next().await), Some((1, "a".to_owned())));
        put("c");
        let mut second = mailbox.read(Some(1));
        assert_eq!(first.next().await, None, "a newer reader takes its place");
        assert_eq!(numbered(second.next().await), Some((2, "b".to_owned())));
        let mut third = mailbox.read(None);
        assert_eq!(numbered(third.next().await), Some((3, "c".to_owned())), "what nobody has taken");
    }

    #[tokio::test]
    async fn the_oldest_make_room_and_the_end_is_told() {
        let mailbox = Arc::new(Mailbox::new(3));
        ["aa", "bb", "c"].into_iter().for_each(|message| mailbox.put(&Arc::from(""), message));
        let mut reader = mailbox.read(None);
        assert_eq!(numbered(reader.next().await), Some((2, "bb".to_owned())));
        let (outbox, queued) = crate::outbox::outbox(1_000);
        outbox.send("d".to_owned()).await;
        outbox.close();
        mailbox.fill(queued).await;
        assert_eq!(numbered(reader.next().await), Some((3, "c".to_owned())));
        assert_eq!(numbered(reader.next().await), Some((4, "d".to_owned())));
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn whoever_says_much_loses_its_own_messages_alone() {
        let mailbox = Arc::new(Mailbox::new(10));
        let (loud, quiet) = (Arc::from("loud"), Arc::from("quiet"));
        mailbox.put(&quiet, "question");
        (0..1_000).for_each(|_| mailbox.put(&loud, "noise"));
        let mut reader = mailbox.read(None);
        assert_eq!(numbered(reader.next().await), Some((1, "question".to_owned())));
        assert_eq!(numbered(reader.next().await), Some((1_000, "noise".to_owned())));
        assert_eq!(numbered(reader.next().await), Some((1_001, "noise".to_owned())));
    }
}
