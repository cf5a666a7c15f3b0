//! The queue of one outbox: lines, those who wait to put some in, and the one who takes them out. It is one allocation,
//! since every exchange over HTTP has a queue of its own and every session several.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::sync::{Notify, Semaphore};
use tokio::task::coop;

/// Places of an empty queue that are kept for what comes next.
const KEPT: usize = 16;

/// What is queued.
#[derive(Debug)]
pub(super) enum Queued {
    /// A line, the request it belongs to, and the room it takes, given back when the line is dropped.
    Line { line: String, on: Option<u64>, room: Room },
    /// Nothing follows.
    End,
}

/// Room for one message; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    /// Where, and how much; `None` for a message that went in without.
    taken: Option<(Arc<Queue>, Part, u32)>,
}

/// What room is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Lines that are queued.
    Line,
    /// Messages that wait to be sent together.
    Collected,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    room: Semaphore,
    collecting: Semaphore,
    senders: AtomicUsize,
    /// Nothing that is queued from now on is taken.
    pub(super) ended: AtomicBool,
    unread: Notify,
    /// All the room that there is, in permits.
    pub(super) permits: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Queued>,
    reader: Option<Waker>,
    /// Whoever took lines has gone.
    is_unread: bool,
}

impl Queue {
    /// With one sender and one reader.
    pub(super) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            room: Semaphore::new(permits),
            collecting: Semaphore::new(permits),
            senders: AtomicUsize::new(1),
            ended: AtomicBool::new(false),
            unread: Notify::new(),
            permits,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn semaphore(&self, part: Part) -> &Semaphore {
        match part {
            Part::Line => &self.room,
            Part::Collected => &self.collecting,
        }
    }

    /// Waits for room.
    pub(super) async fn room(self: &Arc<Self>, part: Part, permits: u32) -> Room {
        // The semaphore is never closed; without a permit the message would only not be counted.
        let Ok(permit) = self.semaphore(part).acquire_many(permits).await else { return Room::none() };
        permit.forget();
        Room { taken: Some((Arc::clone(self), part, permits)) }
    }

    /// The same, where there is room now.
    pub(super) fn room_now(self: &Arc<Self>, part: Part, permits: u32) -> Option<Room> {
        self.semaphore(part).try_acquire_many(permits).ok()?.forget();
        Some(Room { taken: Some((Arc::clone(self), part, permits)) })
    }

    /// Puts something in; `false` where nobody takes it any more.
    pub(super) fn put(&self, queued: Queued) -> bool {
        let mut state = self.state();
        if state.is_unread {
            drop(state);
            // Its room is given back when nothing is held.
            drop(queued);
            return false;
        }
        state.lines.push_back(queued);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    /// Takes the next out, or waits for one; `None` once nobody can put anything in.
    pub(super) fn poll_take(&self, context: &mut Context<'_>) -> Poll<Option<Queued>> {
        // Who is never short of lines lets others have their turn.
        let turn = ready!(coop::poll_proceed(context));
        let mut state = self.state();
        if let Some(queued) = state.lines.pop_front() {
            state.settle();
            turn.made_progress();
            return Poll::Ready(Some(queued));
        }
        if self.senders.load(Ordering::Acquire) == 0 {
            return Poll::Ready(None);
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes the next out, where there is one.
    pub(super) fn take_now(&self) -> Option<Queued> {
        let mut state = self.state();
        let queued = state.lines.pop_front();
        state.settle();
        queued
    }

    /// Whether nothing is in it, and nothing will be.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.lines.is_empty() && self.senders.load(Ordering::Acquire) == 0
    }

    pub(super) fn is_read(&self) -> bool {
        !self.state().is_unread
    }

    /// Waits until whoever takes lines has gone.
    pub(super) async fn unread(&self) {
        let unread = self.unread.notified();
        if self.is_read() {
            unread.await;
        }
    }

    /// Whoever takes lines goes. What is left gives back its room.
    pub(super) fn reader_goes(&self) {
        let left = {
            let mut state = self.state();
            state.is_unread = true;
            state.reader = None;
            std::mem::take(&mut state.lines)
        };
        self.unread.notify_waiters();
        drop(left);
    }

    pub(super) fn sender_comes(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sender_goes(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let reader = self.state().reader.take();
            if let Some(reader) = reader {
                reader.wake();
            }
        }
    }
}

impl State {
    /// A burst that has passed keeps no memory.
    fn settle(&mut self) {
        if self.lines.is_empty() && self.lines.capacity() > KEPT {
            self.lines = VecDeque::new();
        }
    }
}

impl Room {
    /// Of a message that takes none.
    pub(super) fn none() -> Self {
        Self { taken: None }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some((queue, part, permits)) = self.taken.take() {
            queue.semaphore(part).add_permits(permits as usize);
        }
    }
}
