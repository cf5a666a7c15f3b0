//! The outbox of announcements.
//!
//! Each is written by the step of the question that it announces, in its transaction. Whoever takes one is its holder
//! until its `due_ms`; from then on it is anybody's again.

mod steps;
#[cfg(test)]
mod tests;

use rusqlite::Connection;

use super::work::{Asked, Work};
use crate::announcements::{Announcement, Announcements, Claim, Claimed, PutOff, Target};
use crate::{BoxFuture, Embedded, StoreError};
pub(super) use steps::{forget, is_due, put_right, read_targets, write, written_targets};

/// Announcements that may wait for one receiver.
const MOST: i64 = 1_000;
/// Of these, how many may be about calls of one grant: whoever asks a lot leaves room for what others ask.
const MOST_OF_GRANT: i64 = 250;
/// How long somebody is told of what was decided or has expired: a day.
const TOLD_FOR_MS: i64 = 24 * 60 * 60 * 1_000;
/// Overdue ones that are given out at once.
const PAGE: usize = 500;

/// The layout of the outbox.
pub(super) const TABLE: &str = "
-- Digests of receivers, one behind the other.
ALTER TABLE approvals ADD COLUMN announce_to BLOB NOT NULL DEFAULT X'';
CREATE TABLE announcements (
    approval TEXT NOT NULL,
    -- 0 asked, 1 decided, 2 expired, 3 withdrawn.
    event INTEGER NOT NULL,
    target BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    -- When it is to be tried; while somebody holds it, when it is anybody's again.
    due_ms INTEGER NOT NULL,
    holder TEXT,
    PRIMARY KEY (approval, event, target)
) WITHOUT ROWID;
CREATE INDEX announcements_due ON announcements (target, due_ms);
CREATE INDEX announcements_overdue ON announcements (until_ms);
-- How many were not kept because too many waited, until somebody has recorded it.
CREATE TABLE announcements_lost (
    target BLOB PRIMARY KEY,
    many INTEGER NOT NULL
) WITHOUT ROWID;
";

/// What changes the outbox by itself.
#[derive(Debug)]
pub(super) enum Step {
    Claim(Asked<Claim, Claimed>),
    Finish(Asked<Announcement, bool>),
    PutOff(Asked<(Announcement, u64), PutOff>),
}

impl Step {
    /// Does it, at the ledger's time, in the transaction that has begun.
    pub(super) fn perform(&mut self, connection: &Connection, now_ms: i64) -> Result<(), StoreError> {
        match self {
            Self::Claim(asked) => asked.answer = Some(steps::claim(connection, &asked.question, now_ms)?),
            Self::Finish(asked) => asked.answer = Some(steps::finish(connection, &asked.question)?),
            Self::PutOff(asked) => {
                let (announcement, wait_ms) = &asked.question;
                asked.answer = Some(steps::put_off(connection, announcement, *wait_ms, now_ms)?);
            }
        }
        Ok(())
    }

    pub(super) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::Claim(asked) => asked.reply(committed),
            Self::Finish(asked) => asked.reply(committed),
            Self::PutOff(asked) => asked.reply(committed),
        }
    }

    /// Whether nobody waits for the answer, and nothing is lost if it is never done: what was announced was.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Claim(asked) => asked.is_abandoned(),
            Self::Finish(_) | Self::PutOff(_) => false,
        }
    }
}

fn step(step: Step) -> Work {
    Work::AnnouncementStep(Box::new(step))
}

impl Announcements for Embedded {
    fn is_due(&self, targets: Vec<Target>) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.ask(targets, Work::IsAnnouncementDue))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
        Box::pin(self.ask(claim, |asked| step(Step::Claim(asked))))
    }

    fn finish(&self, announcement: Announcement) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.ask(announcement, |asked| step(Step::Finish(asked))))
    }

    fn put_off(&self, announcement: Announcement, wait_ms: u64) -> BoxFuture<'_, Result<PutOff, StoreError>> {
        Box::pin(self.ask((announcement, wait_ms), |asked| step(Step::PutOff(asked))))
    }
}
