//! The state of a chain being written, behind one lock.

mod backlog;
mod batch;
mod losses;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{ChainFile, Written};
use super::space::Space;
use super::{Options, Pending, Seq, Staged};
use crate::entry::{Entry, Lifecycle, Outcome, Status};
use crate::leaf::Leaf;
use crate::{AuditError, InstanceId, encode};
use backlog::Backlog;
pub(super) use batch::Batch;
use batch::Kept;
use losses::Losses;

/// Records that wait for one write are about this many bytes, and one record more, at the most.
const BATCH_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    instance: String,
    pub(super) space: Space,
    /// Where the chain ends in the file.
    in_file: End,
    /// Where it will end once all is written.
    end: End,
    /// What is being written, while more is staged.
    flight: Option<Arc<Batch>>,
    batch: Batch,
    /// Used in turn with the batch, so that neither costs an allocation.
    spare: Batch,
    losses: Losses,
    /// Intents without an outcome, by number.
    open: BTreeSet<u64>,
    backlog: Backlog,
    finished: bool,
    flush_error: Option<(PathBuf, String)>,
    /// Reused, so that a record costs no allocation.
    record: String,
}

/// The end of a chain.
#[derive(Debug, Clone, Copy)]
struct End {
    next: u64,
    prev: Option<Leaf>,
    last_ms: i64,
}

/// Where a chain stands when a writer takes it over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) length: u64,
    pub(crate) next: u64,
    pub(crate) prev: Option<Leaf>,
    pub(crate) last_ms: i64,
    pub(crate) open: BTreeSet<u64>,
}

impl Writer {
    pub(super) fn new(dir: PathBuf, instance: &InstanceId, options: Options, at: Position) -> Self {
        let last_ms = at.last_ms.max(instance.started_ms());
        let end = End { next: at.next, prev: at.prev, last_ms };
        Self {
            dir,
            instance: instance.as_str().to_owned(),
            space: Space::new(options.kept_back_bytes),
            in_file: end,
            end,
            flight: None,
            batch: Batch::default(),
            spare: Batch::default(),
            losses: Losses::default(),
            open: at.open,
            backlog: Backlog::default(),
            finished: false,
            flush_error: None,
            record: String::with_capacity(1024),
        }
    }

    /// Takes one record into the batch.
    pub(super) fn stage(&mut self, now_ms: i64, entry: &Entry<'_>) -> Result<Staged, AuditError> {
        if self.finished {
            return Err(AuditError::Finished);
        }
        if let Err(error) = self.admit(entry).and_then(|()| self.trusts_disk()) {
            self.keep(now_ms, entry);
            return Err(error);
        }
        Ok(Staged { seq: self.take(now_ms, entry), losses: self.losses.count() })
    }

    /// Whether so much is staged that it has to be written now.
    pub(super) fn is_full(&self) -> bool {
        self.batch.bytes() > BATCH_BYTES
    }

    /// What is staged, to be written; what is staged from now on comes after it.
    pub(super) fn take_off(&mut self, path: &Path) -> Option<Arc<Batch>> {
        if self.flight.is_some() {
            // Whoever wrote it did not come back: nobody knows what of it is in the file, so it is cut off there.
            self.lose(0, path, "writing it was cut short".to_owned());
        }
        if self.batch.is_empty() {
            return None;
        }
        let spare = std::mem::take(&mut self.spare);
        let flight = Arc::new(std::mem::replace(&mut self.batch, spare));
        self.flight = Some(Arc::clone(&flight));
        Some(flight)
    }

    /// Takes note of what came of writing it. What could not be written is not in the log, nor is anything that was
    /// staged after it.
    pub(super) fn landed(&mut self, written: Written, path: &Path) -> Result<(), AuditError> {
        let Written { records, result } = written;
        if let Some(end) = self.flight.as_ref().and_then(|flight| flight.end_of(records)) {
            self.in_file = end;
        }
        match &result {
            Ok(()) => self.reuse(),
            Err(error) => self.lose(records, path, error.to_string()),
        }
        result
    }

    fn reuse(&mut self) {
        if let Some(mut batch) = self.flight.take().and_then(Arc::into_inner) {
            batch.clear();
            self.spare = batch;
        }
    }

    /// Writes what is staged, while nothing more can be.
    fn write(&mut self, file: &mut ChainFile) -> Result<(), AuditError> {
        let Some(flight) = self.take_off(file.path()) else { return Ok(()) };
        let written = file.append(&flight);
        drop(flight);
        self.landed(written, file.path())
    }

    /// Whether a staged record is in the log; `None` while it is not known.
    pub(super) fn known(&self, staged: Staged) -> Option<Result<Seq, AuditError>> {
        if self.losses.took(staged) {
            return Some(Err(self.losses.why()));
        }
        (staged.seq.0 < self.in_file.next).then_some(Ok(staged.seq))
    }

    /// The last record that is staged and not known to be in the file.
    pub(super) fn last_staged(&self) -> Option<Staged> {
        let last = self.end.next.checked_sub(1).filter(|last| *last >= self.in_file.next)?;
        Some(Staged { seq: Seq(last), losses: self.losses.count() })
    }

    pub(super) fn pending(&self) -> Pending {
        let flying = self.flight.as_ref().map_or((0, 0), |flight| (flight.len(), flight.bytes()));
        Pending {
            records: flying.0 + self.batch.len() + self.backlog.outcomes(),
            bytes: flying.1 + self.batch.bytes(),
            is_failing: self.flush_error.is_some() || !self.backlog.is_empty(),
        }
    }

    /// How many records are in the file.
    pub(super) fn written(&self) -> u64 {
        self.in_file.next
    }

    pub(super) fn finish(
        &mut self,
        file: &mut ChainFile,
        now_ms: i64,
        stop: &Lifecycle<'_>,
    ) -> Result<(), AuditError> {
        if self.finished {
            return Ok(());
        }
        self.write(file)?;
        self.trusts_disk()?;
        self.write_backlog(file, now_ms)?;
        self.close_open_calls(now_ms);
        self.take(now_ms, &Entry::Lifecycle(*stop));
        self.write(file)?;
        self.finished = true;
        Ok(())
    }

    /// An outcome `unknown` for every intent that has none.
    fn close_open_calls(&mut self, now_ms: i64) {
        while let Some(call) = self.open.first().copied() {
            self.take(now_ms, &Entry::Outcome(Outcome::new(Seq(call), Status::Unknown)));
        }
    }

    /// Whether there is room for such a record.
    fn admit(&mut self, entry: &Entry<'_>) -> Result<(), AuditError> {
        let spared = matches!(entry, Entry::Refusal(refusal) if refusal.category.is_before_policy());
        if spared && self.space.is_scarce(&self.dir) {
            return Err(AuditError::KeptBack { path: self.dir.clone() });
        }
        Ok(())
    }

    fn trusts_disk(&self) -> Result<(), AuditError> {
        match &self.flush_error {
            None => Ok(()),
            Some((path, message)) => {
                Err(AuditError::NotSynced { path: path.clone(), message: message.clone() })
            }
        }
    }

    /// Whether something older has to be written before the next record is taken.
    pub(super) fn is_behind(&mut self) -> bool {
        if self.backlog.is_empty() || self.finished || self.flush_error.is_some() {
            return false;
        }
        // Counts wait until there is room again: while it is scarce, one would follow each call.
        self.backlog.first_outcome().is_some() || !self.space.is_scarce(&self.dir)
    }

    fn take(&mut self, now_ms: i64, entry: &Entry<'_>) -> Seq {
        let time_ms = now_ms.max(self.end.last_ms);
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        encode::record(&self.envelope(time_ms), entry, &mut record);
        let seq = self.take_record(&record, time_ms, Kept::of(entry));
        self.record = record;
        match entry {
            Entry::Intent(_) => {
                self.open.insert(seq.0);
            }
            Entry::Outcome(outcome) => {
                self.open.remove(&outcome.call.0);
            }
            Entry::Refusal(_) | Entry::Lifecycle(_) => {}
        }
        seq
    }

    fn envelope(&self, time_ms: i64) -> encode::Envelope<'_> {
        encode::Envelope { seq: self.end.next, prev: self.end.prev, time_ms, instance: &self.instance }
    }

    fn take_record(&mut self, record: &str, time_ms: i64, kept: Kept) -> Seq {
        let seq = Seq(self.end.next);
        self.end = self.batch.push(record, seq, time_ms, kept);
        seq
    }

    /// Takes back what could not be written: what is in flight after so many records, and all that was staged since. The
    /// calls that it let through are refused by those who confirm them; what has happened already is kept for later, or
    /// counted.
    fn lose(&mut self, written: usize, path: &Path, why: String) {
        self.end = self.in_file;
        let first = Seq(self.end.next);
        self.losses.add(first.0, path, why);
        let flight = self.flight.take();
        let batch = std::mem::take(&mut self.batch);
        let flying = flight.iter().flat_map(|flight| flight.lost(written));
        for record in flying.chain(batch.lost(0)) {
            match record.kept {
                Kept::Intent => {
                    self.open.remove(&record.seq.0);
                }
                // The call is in the log, and open until its outcome is.
                Kept::Outcome { call } if call < first => {
                    self.open.insert(call.0);
                    self.backlog.keep_outcome(call.0, record.time_ms, record.text);
                }
                // Neither the call nor its end is in the log, and the backlog still has its own.
                Kept::Outcome { .. } | Kept::Backlog => {}
                Kept::Refusal { count } => self.backlog.count_refusals(record.time_ms, count),
                Kept::Lifecycle => self.backlog.count_event(record.time_ms),
            }
        }
    }

    /// What becomes of a record that could not be taken.
    pub(super) fn keep(&mut self, now_ms: i64, entry: &Entry<'_>) {
        let time_ms = now_ms.max(self.end.last_ms);
        match entry {
            // An intent is not counted: its call is refused now, and that refusal is.
            Entry::Intent(_) => {}
            Entry::Outcome(outcome) => {
                let mut record = String::new();
                encode::record(&self.envelope(time_ms), entry, &mut record);
                self.backlog.keep_outcome(outcome.call.0, time_ms, record);
            }
            Entry::Refusal(refusal) => self.backlog.count_refusals(time_ms, refusal.count),
            Entry::Lifecycle(_) => self.backlog.count_event(time_ms),
        }
    }

    /// Writes what could not be written before, record by record.
    pub(super) fn write_backlog(&mut self, file: &mut ChainFile, now_ms: i64) -> Result<(), AuditError> {
        self.write(file)?;
        while let Some(late) = self.backlog.first_outcome() {
            let call = late.call;
            let time_ms = now_ms.max(self.end.last_ms);
            let record = late.renumbered(&self.envelope(time_ms));
            self.take_record(&record, time_ms, Kept::Backlog);
            self.write(file)?;
            self.open.remove(&call);
            self.backlog.outcome_written();
        }
        if let Some(lost) = self.backlog.lost() {
            let time_ms = now_ms.max(self.end.last_ms);
            let record = lost.record(&self.envelope(time_ms));
            self.take_record(&record, time_ms, Kept::Backlog);
            self.write(file)?;
            self.backlog.lost_written();
        }
        Ok(())
    }

    /// Takes note of how a flush went. After a failure nothing is accepted until one succeeds.
    pub(super) fn flushed(&mut self, path: &Path, result: Result<(), String>) -> Result<(), AuditError> {
        self.flush_error = result.err().map(|message| (path.to_owned(), message));
        self.trusts_disk()
    }
}
