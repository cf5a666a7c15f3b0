//! What the store is asked.

use interlock_json::Decimal;
use tokio::sync::oneshot;

use super::{announcements, approvals, desk};
use crate::StoreError;
use crate::announcements::Target;
use crate::counters::{Counted, CounterRef, CounterStatus, ReserveAnswer, ReserveRequest};
use crate::credentials::{CredentialEntry, Resealed};
use crate::instances::Instance;
use crate::pins::{AcceptOutcome, Acceptance, Observed, Pin, PinsOfServer, Seen};
use crate::servers::ServerEntry;
use crate::timekeeping::{Dates, Reclocked};
use crate::tokens::{Revoked, TokenEntry, TokenKind};

/// A question, its answer once there is one, and who wants it.
#[derive(Debug)]
pub(super) struct Asked<Q, A> {
    pub(super) question: Q,
    pub(super) answer: Option<A>,
    to: oneshot::Sender<Result<A, StoreError>>,
}

/// What the store is asked.
#[derive(Debug)]
pub(super) enum Work {
    Read(Asked<Vec<CounterRef>, Vec<Decimal>>),
    Reserve(Asked<ReserveRequest, ReserveAnswer>),
    Release(Asked<Vec<Counted>, ()>),
    Register(Asked<Instance, ()>),
    Finish(Asked<(String, i64), ()>),
    List(Asked<usize, Vec<CounterStatus>>),
    Instances(Asked<(), Vec<Instance>>),
    Dates(Asked<(), Dates>),
    Reclock(Asked<(), Reclocked>),
    AddToken(Asked<(TokenKind, TokenEntry, Option<Revoked>), ()>),
    RevokeTokens(Asked<(TokenKind, Revoked, i64), u64>),
    Tokens(Asked<TokenKind, Vec<TokenEntry>>),
    AddServer(Asked<ServerEntry, bool>),
    RemoveServer(Asked<String, bool>),
    Servers(Asked<(), Vec<ServerEntry>>),
    KeepCredential(Asked<CredentialEntry, ()>),
    Reseal(Asked<Vec<Resealed>, u64>),
    ForgetCredential(Asked<(String, String), bool>),
    Credentials(Asked<(), Vec<CredentialEntry>>),
    Observe(Asked<Seen, Observed>),
    Accept(Asked<Acceptance, Vec<AcceptOutcome>>),
    PinsOf(Asked<String, PinsOfServer>),
    PinChanges(Asked<(), i64>),
    Pins(Asked<Option<String>, Vec<Pin>>),
    Quarantined(Asked<(), Vec<(String, u64)>>),
    ApprovalStep(Box<approvals::Step>),
    ApprovalReading(Box<approvals::Reading>),
    AnnouncementStep(Box<announcements::Step>),
    IsAnnouncementDue(Asked<Vec<Target>, bool>),
}

impl<Q, A> Asked<Q, A> {
    pub(super) fn new(question: Q) -> (Self, oneshot::Receiver<Result<A, StoreError>>) {
        let (to, answer) = oneshot::channel();
        (Self { question, answer: None, to }, answer)
    }

    /// Whoever asked may have gone: what was reserved for them counts.
    pub(super) fn reply(self, committed: Result<(), StoreError>) {
        let answer = committed.and_then(|()| self.answer.ok_or(StoreError::Closed));
        drop(self.to.send(answer));
    }

    /// Whether nobody waits for the answer.
    pub(super) fn is_abandoned(&self) -> bool {
        self.to.is_closed()
    }
}

impl Work {
    /// Sends the answer, now that it is known whether the transaction it rests on was committed.
    pub(super) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::Read(asked) => asked.reply(committed),
            Self::Reserve(asked) => asked.reply(committed),
            Self::Release(asked) => asked.reply(committed),
            Self::Register(asked) => asked.reply(committed),
            Self::Finish(asked) => asked.reply(committed),
            Self::List(asked) => asked.reply(committed),
            Self::Instances(asked) => asked.reply(committed),
            Self::Dates(asked) => asked.reply(committed),
            Self::Reclock(asked) => asked.reply(committed),
            Self::AddToken(asked) => asked.reply(committed),
            Self::RevokeTokens(asked) => asked.reply(committed),
            Self::Tokens(asked) => asked.reply(committed),
            Self::AddServer(asked) => asked.reply(committed),
            Self::RemoveServer(asked) => asked.reply(committed),
            Self::Servers(asked) => asked.reply(committed),
            Self::KeepCredential(asked) => asked.reply(committed),
            Self::Reseal(asked) => asked.reply(committed),
            Self::ForgetCredential(asked) => asked.reply(committed),
            Self::Credentials(asked) => asked.reply(committed),
            Self::Observe(asked) => asked.reply(committed),
            Self::Accept(asked) => asked.reply(committed),
            Self::PinsOf(asked) => asked.reply(committed),
            Self::PinChanges(asked) => asked.reply(committed),
            Self::Pins(asked) => asked.reply(committed),
            Self::Quarantined(asked) => asked.reply(committed),
            Self::ApprovalStep(step) => step.reply(committed),
            Self::ApprovalReading(reading) => reading.reply(committed),
            Self::AnnouncementStep(step) => step.reply(committed),
            Self::IsAnnouncementDue(asked) => asked.reply(committed),
        }
    }
}

impl desk::Work for Work {
    /// Whether nobody waits for the answer, and nothing is lost if it is never done.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Read(asked) => asked.is_abandoned(),
            Self::Reserve(asked) => asked.is_abandoned(),
            Self::ApprovalStep(step) => step.is_abandoned(),
            Self::ApprovalReading(reading) => reading.is_abandoned(),
            Self::AnnouncementStep(step) => step.is_abandoned(),
            Self::IsAnnouncementDue(asked) => asked.is_abandoned(),
            _ => false,
        }
    }

    /// Lists are read apart from the counting, which they would hold up.
    fn is_listing(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Instances(_)
                | Self::Dates(_)
                | Self::Tokens(_)
                | Self::Servers(_)
                | Self::Credentials(_)
                | Self::PinsOf(_)
                | Self::PinChanges(_)
                | Self::Pins(_)
                | Self::Quarantined(_)
                | Self::ApprovalReading(_)
                | Self::IsAnnouncementDue(_)
        )
    }

    fn refuse(self, error: StoreError) {
        self.reply(Err(error));
    }
}
