//! What the register is asked.

use rusqlite::Connection;

use super::super::work::Asked;
use super::{reading, steps};
use crate::StoreError;
use crate::approvals::{
    self, Approval, Asker, Changed, Opinion, Outdated, Patience, Question, Taken, Told, Which,
};

/// What changes the register.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "what waits for the database holds it in a box")]
pub(in super::super) enum Step {
    Ask(Asked<(Question, Patience), approvals::Asked>),
    Tell(Asked<(String, Opinion), Told>),
    Take(Asked<(String, [u8; 32], Asker), Taken>),
    GiveBack(Asked<(String, [u8; 32]), bool>),
    Withdraw(Asked<Outdated, Vec<Approval>>),
    Expire(Asked<(), Vec<Approval>>),
    Free(Asked<(String, Option<String>), ()>),
    Forget(Asked<i64, u64>),
}

/// What only looks at it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "what waits for the database holds it in a box")]
pub(in super::super) enum Reading {
    One(Asked<String, Option<Approval>>),
    Some(Asked<(Which, usize), Vec<Approval>>),
    Changes(Asked<i64, (Vec<Changed>, i64)>),
}

impl Step {
    /// Does it, at the ledger's time, in the transaction that has begun.
    pub(in super::super) fn perform(
        &mut self,
        connection: &Connection,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        match self {
            Self::Ask(asked) => {
                let (question, patience) = &asked.question;
                asked.answer = Some(steps::ask(connection, question, *patience, now_ms)?);
            }
            Self::Tell(asked) => {
                let (id, opinion) = &asked.question;
                asked.answer = Some(steps::tell(connection, id, opinion, now_ms)?);
            }
            Self::Take(asked) => {
                let (id, digest, asker) = &asked.question;
                asked.answer = Some(steps::take(connection, id, digest, asker, now_ms)?);
            }
            Self::GiveBack(asked) => {
                let (id, digest) = &asked.question;
                asked.answer = Some(steps::give_back(connection, id, digest, now_ms)?);
            }
            Self::Withdraw(asked) => {
                asked.answer = Some(steps::withdraw(connection, &asked.question, now_ms)?);
            }
            Self::Expire(asked) => asked.answer = Some(steps::expire(connection, now_ms)?),
            Self::Free(asked) => {
                let (instance, session) = &asked.question;
                asked.answer = Some(steps::free(connection, instance, session.as_deref())?);
            }
            Self::Forget(asked) => asked.answer = Some(steps::forget(connection, asked.question)?),
        }
        Ok(())
    }

    pub(in super::super) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::Ask(asked) => asked.reply(committed),
            Self::Tell(asked) => asked.reply(committed),
            Self::Take(asked) => asked.reply(committed),
            Self::GiveBack(asked) => asked.reply(committed),
            Self::Withdraw(asked) => asked.reply(committed),
            Self::Expire(asked) => asked.reply(committed),
            Self::Free(asked) => asked.reply(committed),
            Self::Forget(asked) => asked.reply(committed),
        }
    }

    /// Whether nobody waits for the answer, and nothing is lost if it is never done. What people said is kept, and so is
    /// what was given back; sessions that ended have.
    pub(in super::super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Ask(asked) => asked.is_abandoned(),
            Self::Take(asked) => asked.is_abandoned(),
            Self::Withdraw(asked) => asked.is_abandoned(),
            Self::Expire(asked) => asked.is_abandoned(),
            Self::Tell(_) | Self::GiveBack(_) | Self::Free(_) | Self::Forget(_) => false,
        }
    }
}

impl Reading {
    /// Looks, at the ledger's time.
    pub(in super::super) fn perform(
        &mut self,
        connection: &Connection,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        match self {
            Self::One(asked) => asked.answer = Some(reading::one(connection, &asked.question, now_ms)?),
            Self::Some(asked) => {
                let (which, most) = &asked.question;
                asked.answer = Some(reading::some(connection, which, *most, now_ms)?);
            }
            Self::Changes(asked) => {
                asked.answer = Some(reading::changes(connection, asked.question, now_ms)?);
            }
        }
        Ok(())
    }

    pub(in super::super) fn reply(self, committed: Result<(), StoreError>) {
        match self {
            Self::One(asked) => asked.reply(committed),
            Self::Some(asked) => asked.reply(committed),
            Self::Changes(asked) => asked.reply(committed),
        }
    }

    pub(in super::super) fn is_abandoned(&self) -> bool {
        match self {
            Self::One(asked) => asked.is_abandoned(),
            Self::Some(asked) => asked.is_abandoned(),
            Self::Changes(asked) => asked.is_abandoned(),
        }
    }
}
