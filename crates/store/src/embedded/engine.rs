//! Transactions: a group of requests, all on one view of the ledger, written at once.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Options;
use super::desk::{self, Engine as _, Work as _};
use super::kept_clock::{self, KeptClock};
use super::listing;
use super::reserving::Reserving;
use super::syncing::Dirty;
use super::tallies::Tallies;
use super::work::Work;
use super::{announcements, approvals, credentials, pins, servers, tokens};
use crate::StoreError;
use crate::timekeeping::{Dates, Reclocked};

/// The connection with what this process remembers of the ledger between its transactions.
pub(super) struct Engine {
    connection: Connection,
    options: Options,
    dirty: Dirty,
    tallies: Tallies,
    clock: KeptClock,
    /// The ledger's version, by SQLite's count, of which the above is a true copy.
    version: Option<i64>,
}

impl Engine {
    pub(super) fn new(connection: Connection, options: Options, dirty: Dirty) -> Self {
        let (tallies, clock) = (Tallies::default(), KeptClock::default());
        Self { connection, options, dirty, tallies, clock, version: None }
    }

    /// Ends a transaction that has begun: all of the group, or where that fails, each by itself, so that one
    /// damaged counter denies only the calls that need it.
    fn finish(&mut self, mut group: Vec<Work>) {
        let done = self.perform(&mut group).and_then(|()| self.commit());
        let Err(error) = done else {
            return group.into_iter().for_each(|work| work.reply(Ok(())));
        };
        self.undo();
        if group.len() == 1 {
            return refuse(group, &error);
        }
        for work in group {
            match self.begin("BEGIN IMMEDIATE") {
                Ok(()) => self.finish(vec![work]),
                Err(error) => work.reply(Err(error)),
            }
        }
    }

    fn perform(&mut self, group: &mut [Work]) -> Result<(), StoreError> {
        self.refresh()?;
        let reading = self.options.clock.read();
        let now = self.clock.observe(&self.connection, &reading)?;
        let most = self.options.max_counters;
        let mut reserving = Reserving { connection: &self.connection, tallies: &mut self.tallies, now, most };
        for work in group {
            match work {
                Work::Read(asked) => asked.answer = Some(reserving.read(&asked.question)?),
                Work::Reserve(asked) => asked.answer = Some(reserving.reserve(&asked.question)?),
                Work::Release(asked) => asked.answer = Some(reserving.release(&asked.question)?),
                Work::Register(asked) => {
                    asked.answer = Some(listing::register(&self.connection, &asked.question)?);
                }
                Work::Finish(asked) => {
                    let (id, now_ms) = &asked.question;
                    asked.answer = Some(listing::finish(&self.connection, id, *now_ms)?);
                }
                Work::Reclock(asked) => {
                    let dates = Dates { ledger_ms: reserving.now.wall_ms, machine_ms: reading.wall_ms };
                    reserving.now = self.clock.reclock(&self.connection, &reading)?;
                    let moved = reserving.tallies.reclock(&self.connection, reserving.now)?;
                    approvals::put_right(&self.connection, reserving.now.wall_ms)?;
                    announcements::put_right(&self.connection, reserving.now.wall_ms)?;
                    asked.answer = Some(Reclocked { dates, moved });
                }
                Work::AddToken(asked) => {
                    let (kind, entry, instead_of) = &asked.question;
                    asked.answer = Some(tokens::add(&self.connection, *kind, entry, instead_of.as_ref())?);
                }
                Work::RevokeTokens(asked) => {
                    let (kind, which, now_ms) = &asked.question;
                    asked.answer = Some(tokens::revoke(&self.connection, *kind, which, *now_ms)?);
                }
                Work::AddServer(asked) => {
                    asked.answer = Some(servers::add(&self.connection, &asked.question)?);
                }
                Work::RemoveServer(asked) => {
                    asked.answer = Some(servers::remove(&self.connection, &asked.question)?);
                }
                Work::KeepCredential(asked) => {
                    asked.answer = Some(credentials::keep(&self.connection, &asked.question)?);
                }
                Work::Reseal(asked) => {
                    asked.answer = Some(credentials::reseal(&self.connection, &asked.question)?);
                }
                Work::ForgetCredential(asked) => {
                    let (server, name) = &asked.question;
                    asked.answer = Some(credentials::forget(&self.connection, server, name)?);
                }
                Work::Observe(asked) => {
                    let now_ms = reserving.now.wall_ms;
                    asked.answer = Some(pins::observe(&self.connection, &asked.question, now_ms)?);
                }
                Work::Accept(asked) => {
                    let now_ms = reserving.now.wall_ms;
                    asked.answer = Some(pins::accept(&self.connection, &asked.question, now_ms)?);
                }
                Work::ApprovalStep(step) => step.perform(&self.connection, reserving.now.wall_ms)?,
                Work::AnnouncementStep(step) => step.perform(&self.connection, reserving.now.wall_ms)?,
                Work::List(_)
                | Work::Instances(_)
                | Work::Dates(_)
                | Work::Tokens(_)
                | Work::Servers(_)
                | Work::Credentials(_)
                | Work::PinsOf(_)
                | Work::PinChanges(_)
                | Work::Pins(_)
                | Work::Quarantined(_)
                | Work::ApprovalReading(_)
                | Work::IsAnnouncementDue(_) => {}
            }
        }
        self.tallies.write(&self.connection)?;
        Ok(())
    }

    /// Forgets what is remembered, if another process has written since.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(|error| StoreError::database("be looked at", &error))?;
        if self.version != Some(version) {
            self.tallies.forget();
            self.tallies.measure(&self.connection)?;
            self.clock.reload(&self.connection)?;
            self.version = Some(version);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.execute("COMMIT")?;
        if let (Some(jump), Some(tell)) = (self.clock.take_jump(), &self.options.on_jump) {
            tell(jump);
        }
        self.dirty.mark();
        Ok(())
    }

    fn list(&mut self, mut work: Work, patience: Duration) {
        let listed = self.wait_for("BEGIN", patience).and_then(|()| {
            let reading = self.options.clock.read();
            let clock = kept_clock::peek(&self.connection, &reading)?;
            match &mut work {
                Work::List(asked) => {
                    asked.answer = Some(listing::counters(&self.connection, clock.latest, asked.question)?);
                }
                Work::Instances(asked) => asked.answer = Some(listing::instances(&self.connection)?),
                Work::Tokens(asked) => {
                    asked.answer = Some(tokens::tokens(&self.connection, asked.question)?);
                }
                Work::Servers(asked) => asked.answer = Some(servers::servers(&self.connection)?),
                Work::Credentials(asked) => {
                    asked.answer = Some(credentials::credentials(&self.connection)?);
                }
                Work::PinsOf(asked) => {
                    asked.answer = Some(pins::pins_of(&self.connection, &asked.question)?);
                }
                Work::PinChanges(asked) => asked.answer = Some(pins::changes(&self.connection)?),
                Work::Pins(asked) => {
                    asked.answer = Some(pins::pins(&self.connection, asked.question.as_deref())?);
                }
                Work::Quarantined(asked) => asked.answer = Some(pins::quarantined(&self.connection)?),
                Work::ApprovalReading(looking) => looking.perform(&self.connection, clock.latest.wall_ms)?,
                Work::IsAnnouncementDue(asked) => {
                    let now_ms = clock.latest.wall_ms;
                    asked.answer = Some(announcements::is_due(&self.connection, &asked.question, now_ms)?);
                }
                Work::Dates(asked) => {
                    asked.answer =
                        Some(Dates { ledger_ms: clock.latest.wall_ms, machine_ms: reading.wall_ms })
                }
                _ => {}
            }
            self.execute("COMMIT")
        });
        if listed.is_err() {
            self.undo();
        }
        work.reply(listed);
    }

    fn begin(&self, how: &'static str) -> Result<(), StoreError> {
        self.execute(how)
    }

    /// Begins, waiting for other processes. SQLite's own waiting starts at a millisecond, fifty times what a
    /// transaction takes here.
    fn wait_for(&self, how: &'static str, patience: Duration) -> Result<(), StoreError> {
        let since = Instant::now();
        let mut tries = 0_u32;
        loop {
            match self.begin(how) {
                Err(StoreError::Busy) if since.elapsed() < patience => {}
                result => return result,
            }
            tries = tries.saturating_add(1);
            match tries {
                0..16 => std::thread::yield_now(),
                16..64 => std::thread::sleep(Duration::from_micros(50)),
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        let executed = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        executed.map(|_| ()).map_err(|error| StoreError::database("be written", &error))
    }
}

impl desk::Engine for Engine {
    type Work = Work;

    fn try_run(&mut self, mut group: Vec<Work>) -> Vec<Work> {
        if group.is_empty() {
            return group;
        }
        match self.begin("BEGIN IMMEDIATE") {
            Ok(()) => self.finish(group),
            Err(StoreError::Busy) => return group,
            Err(error) => refuse(std::mem::take(&mut group), &error),
        }
        Vec::new()
    }

    fn run(&mut self, group: Vec<Work>, patience: Duration) {
        let (listings, group): (Vec<_>, Vec<_>) = group.into_iter().partition(Work::is_listing);
        for listing in listings {
            self.list(listing, patience);
        }
        if group.is_empty() {
            return;
        }
        match self.wait_for("BEGIN IMMEDIATE", patience) {
            Ok(()) => self.finish(group),
            Err(error) => refuse(group, &error),
        }
    }

    /// What rests on what is taken back is forgotten, too.
    fn undo(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!("{error}");
        }
        self.version = None;
    }
}

fn refuse(group: impl IntoIterator<Item = Work>, error: &StoreError) {
    for work in group {
        work.reply(Err(error.clone()));
    }
}
