//! What is to be announced of questions: written in the transaction of what it announces, so that neither is without
//! the other, and taken by one process at a time.

use crate::{BoxFuture, StoreError};

/// To whom something is announced: a digest that tells one receiver from another and gives neither its address nor its
/// secret away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(pub [u8; 32]);

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A question was asked.
    Asked,
    /// It was approved or denied.
    Decided,
    /// Nobody decided in time, or the approval was not used in time.
    Expired,
    /// Nobody asks it any more.
    Withdrawn,
}

/// One announcement, as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The question's name.
    pub approval: String,
    /// What is announced of it.
    pub event: Event,
    /// To whom.
    pub target: Target,
    /// When it happened, unix milliseconds, as all times here.
    pub at_ms: i64,
    /// From when on it is not announced any more.
    pub until_ms: i64,
    /// How often it has been taken, this time included. Who took it before has no say in it any more.
    pub tries: u32,
}

/// Who takes announcements, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The process.
    pub by: String,
    /// How long nobody else takes them, milliseconds: a process that dies holds them no longer.
    pub for_ms: u64,
    /// To whom this process can announce, and how many at once.
    pub wanted: Vec<(Target, usize)>,
}

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimed {
    /// To be announced, those first that have been due longest.
    pub announcements: Vec<Announcement>,
    /// Nobody announced these in time, whoever could have; they are forgotten, and given out once to be recorded.
    pub overdue: Vec<Announcement>,
    /// How many were never kept because as many waited already as may, by target; given out once.
    pub lost: Vec<(Target, u64)>,
}

/// What became of an announcement that nobody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOff {
    /// It will be tried again.
    Later,
    /// There would be no time left; it is forgotten.
    GivenUp,
    /// Another process has it by now.
    Taken,
}

/// Keeps announcements until somebody has taken them.
///
/// Promises of every backend: each is held by one process at a time, and by none that does not say so again in time;
/// no receiver has more than a thousand waiting.
pub trait Announcements: Send + Sync + std::fmt::Debug {
    /// Whether there is anything to claim for one of these.
    fn is_due(&self, targets: Vec<Target>) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Takes what is due, and with it what is nobody's any more.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>>;

    /// Forgets one that was announced, or never will be; `false` where another process has it by now.
    fn finish(&self, announcement: Announcement) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Gives one back, to be tried again in so many milliseconds.
    fn put_off(&self, announcement: Announcement, wait_ms: u64) -> BoxFuture<'_, Result<PutOff, StoreError>>;
}
