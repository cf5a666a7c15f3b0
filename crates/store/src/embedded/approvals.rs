//! The register of calls that wait for a person.
//!
//! A question that is past its time stands as expired in every answer; [`Step::Expire`] is what writes it down. Each
//! step that changes how a question stands, or what people said of it, gives it the next number of all changes.

mod changes;
#[cfg(test)]
mod plans;
mod reading;
mod rows;
mod steps;
mod work;

use crate::approvals::{
    Approval, Approvals, Asked, Asker, Changed, Opinion, Outdated, Patience, Question, Taken, Told,
};
use crate::{BoxFuture, Embedded, StoreError, Which};

use super::work::Work;
pub(super) use steps::put_right;
pub(super) use work::{Reading, Step};

/// Questions that are given at once, at most.
const PAGE: usize = 500;
/// Bytes of the details of those that expire at once: others wait while they are written anew. One may be longer.
const EXPIRED_BYTES: usize = 8 << 20;
/// Questions of one grant that nobody decided, and that are kept after their end.
const KEPT_OF_GRANT: i64 = 10_000;
/// Bytes of their details, likewise.
const KEPT_BYTES_OF_GRANT: i64 = 256 << 20;
/// After so many questions it is looked whether a grant has more than these.
const LOOKED_AFTER: i64 = 128;
/// Questions that are forgotten at once, at most: others wait meanwhile.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// The layout of the register.
pub(super) const TABLE: &str = "
CREATE TABLE approvals (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    grant_name TEXT NOT NULL,
    instance TEXT NOT NULL,
    session TEXT,
    server TEXT NOT NULL,
    section TEXT NOT NULL,
    name TEXT NOT NULL,
    approvers TEXT NOT NULL,
    needed INTEGER NOT NULL,
    details TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    -- 0 waiting, 1 approved, 2 denied, 3 expired, 4 used, 5 withdrawn.
    standing INTEGER NOT NULL,
    since_ms INTEGER,
    change INTEGER NOT NULL
);
CREATE INDEX approvals_of_call ON approvals (digest, grant_name);
CREATE INDEX approvals_due ON approvals (expires_ms) WHERE standing < 2;
-- With all that is asked of it, so that no row is looked at.
CREATE INDEX approvals_waiting ON approvals (grant_name, expires_ms, octet_length(details), standing)
    WHERE standing = 0;
CREATE INDEX approvals_ended ON approvals (since_ms) WHERE standing >= 2;
CREATE UNIQUE INDEX approvals_changed ON approvals (change);
CREATE INDEX approvals_standing ON approvals (standing, change);
CREATE INDEX approvals_of_grant ON approvals (grant_name, change);
CREATE INDEX approvals_about ON approvals (server, name, change);
CREATE INDEX approvals_of_session ON approvals (instance, session) WHERE session IS NOT NULL;
CREATE TABLE opinions (
    approval INTEGER NOT NULL REFERENCES approvals (number),
    place INTEGER NOT NULL,
    person TEXT NOT NULL,
    approves INTEGER NOT NULL,
    reason TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (approval, place),
    UNIQUE (approval, person)
) WITHOUT ROWID;
-- The number of the last change; what is forgotten gives none back.
CREATE TABLE approval_changes (
    last INTEGER NOT NULL
);
INSERT INTO approval_changes VALUES (0);
";

/// What was added to it; of what was asked before it is not known by what it is judged.
pub(super) const JUDGED: &str = "
ALTER TABLE approvals ADD COLUMN judged_by BLOB NOT NULL DEFAULT X'';
CREATE INDEX approvals_open ON approvals (grant_name, server, instance) WHERE standing < 2;
CREATE INDEX approvals_of_instance ON approvals (instance) WHERE standing < 2;
";

fn step(step: Step) -> Work {
    Work::ApprovalStep(Box::new(step))
}

fn looking(reading: Reading) -> Work {
    Work::ApprovalReading(Box::new(reading))
}

impl Approvals for Embedded {
    fn ask(&self, question: Question, patience: Patience) -> BoxFuture<'_, Result<Asked, StoreError>> {
        Box::pin(self.ask((question, patience), |asked| step(Step::Ask(asked))))
    }

    fn tell<'a>(&'a self, id: &str, opinion: Opinion) -> BoxFuture<'a, Result<Told, StoreError>> {
        Box::pin(self.ask((id.to_owned(), opinion), |asked| step(Step::Tell(asked))))
    }

    fn take<'a>(
        &'a self,
        id: &str,
        digest: [u8; 32],
        asker: &Asker,
    ) -> BoxFuture<'a, Result<Taken, StoreError>> {
        let wanted = (id.to_owned(), digest, asker.clone());
        Box::pin(self.ask(wanted, |asked| step(Step::Take(asked))))
    }

    fn give_back<'a>(&'a self, id: &str, digest: [u8; 32]) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.ask((id.to_owned(), digest), |asked| step(Step::GiveBack(asked))))
    }

    fn withdraw(&self, outdated: Outdated) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>> {
        Box::pin(self.ask(outdated, |asked| step(Step::Withdraw(asked))))
    }

    fn expire(&self) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>> {
        Box::pin(self.ask((), |asked| step(Step::Expire(asked))))
    }

    fn free<'a>(&'a self, instance: &str, session: Option<&str>) -> BoxFuture<'a, Result<(), StoreError>> {
        let whose = (instance.to_owned(), session.map(str::to_owned));
        Box::pin(self.ask(whose, |asked| step(Step::Free(asked))))
    }

    fn approval<'a>(&'a self, id: &str) -> BoxFuture<'a, Result<Option<Approval>, StoreError>> {
        Box::pin(self.ask(id.to_owned(), |asked| looking(Reading::One(asked))))
    }

    fn approvals(&self, which: Which, most: usize) -> BoxFuture<'_, Result<Vec<Approval>, StoreError>> {
        Box::pin(self.ask((which, most), |asked| looking(Reading::Some(asked))))
    }

    fn changes(&self, after: i64) -> BoxFuture<'_, Result<(Vec<Changed>, i64), StoreError>> {
        Box::pin(self.ask(after, |asked| looking(Reading::Changes(asked))))
    }

    fn forget(&self, before_ms: i64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.ask(before_ms, |asked| step(Step::Forget(asked))))
    }
}
