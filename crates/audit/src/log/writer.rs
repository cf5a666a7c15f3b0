//! The state of a chain being written, behind one lock.

mod backlog;
mod batch;
mod losses;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::segment::Segment;
use super::space::Space;
use super::{Options, Pending, Seq, Staged};
use crate::entry::{Entry, Lifecycle, Outcome, Status};
use crate::key::sync_dir;
use crate::leaf::Leaf;
use crate::{AuditError, InstanceId, encode, line};
use backlog::Backlog;
use batch::{Batch, Kept};
use losses::Losses;

/// Records that wait for one write are at most about this many bytes.
const BATCH_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    instance: String,
    /// Held for the life of the writer: the kernel drops the lock with the process, however it ends.
    _lock: File,
    segment: Segment,
    segment_bytes: u64,
    pub(super) space: Space,
    /// Where the chain will stand once the batch is written.
    end: End,
    batch: Batch,
    losses: Losses,
    /// Intents without an outcome, by number.
    open: BTreeSet<u64>,
    backlog: Backlog,
    finished: bool,
    unflushed: Vec<Arc<File>>,
    new_names: bool,
    flush_error: Option<String>,
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

/// What a flush has to bring to the disk.
#[derive(Debug)]
pub(super) struct Unflushed {
    files: Vec<Arc<File>>,
    dir: Option<PathBuf>,
    pub(super) records: u64,
}

impl Unflushed {
    pub(super) fn flush(&self) -> Result<(), String> {
        for file in &self.files {
            file.sync_data().map_err(|e| e.to_string())?;
        }
        self.dir.as_deref().map_or(Ok(()), |dir| sync_dir(dir).map_err(|e| e.to_string()))
    }
}

impl Writer {
    pub(super) fn new(
        dir: PathBuf,
        instance: &InstanceId,
        lock: File,
        segment: Segment,
        options: Options,
        at: Position,
    ) -> Self {
        let last_ms = at.last_ms.max(instance.started_ms());
        let end = End { next: at.next, prev: at.prev, last_ms };
        Self {
            dir,
            instance: instance.as_str().to_owned(),
            _lock: lock,
            segment,
            segment_bytes: options.segment_bytes,
            space: Space::new(options.kept_back_bytes),
            end,
            batch: Batch::after(end),
            losses: Losses::default(),
            open: at.open,
            backlog: Backlog::default(),
            finished: false,
            unflushed: Vec::new(),
            new_names: true,
            flush_error: None,
            record: String::with_capacity(1024),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes one record into the batch.
    pub(super) fn stage(&mut self, now_ms: i64, entry: &Entry<'_>) -> Result<Staged, AuditError> {
        if self.finished {
            return Err(AuditError::Finished);
        }
        let result =
            self.admit(entry).and_then(|()| self.ready(now_ms)).and_then(|()| self.take(now_ms, entry));
        if result.is_err() {
            self.keep(now_ms, entry);
        }
        Ok(Staged { seq: result?, losses: self.losses.count() })
    }

    /// Writes the batch with one `write(2)`. Where that fails, none of it is in the log.
    pub(super) fn write(&mut self) -> Result<(), AuditError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let written = self.segment.append(self.batch.lines().as_bytes());
        match &written {
            Ok(()) => self.batch.written(self.end),
            Err(error) => self.lose(error.to_string()),
        }
        written
    }

    /// Whether a staged record is in the log, once it is; the batch is written where it has to be.
    pub(super) fn confirm(&mut self, staged: Staged) -> Result<Seq, AuditError> {
        if !self.losses.took(staged) && self.batch.holds(staged.seq) {
            self.write()?;
        }
        if self.losses.took(staged) {
            let (path, message) = (self.segment.path().to_owned(), self.losses.why().to_owned());
            return Err(AuditError::Unwritten { path, message });
        }
        Ok(staged.seq)
    }

    pub(super) fn pending(&self) -> Pending {
        Pending {
            records: self.batch.len() + self.backlog.outcomes(),
            bytes: self.batch.lines().len(),
            is_failing: self.flush_error.is_some() || !self.backlog.is_empty(),
        }
    }

    /// The last record, if there is one.
    pub(super) fn last(&self) -> Option<Seq> {
        self.end.next.checked_sub(1).map(Seq)
    }

    pub(super) fn finish(&mut self, now_ms: i64, stop: &Lifecycle<'_>) -> Result<(), AuditError> {
        if self.finished {
            return Ok(());
        }
        self.write()?;
        self.ready(now_ms)?;
        self.write_backlog(now_ms)?;
        self.close_open_calls(now_ms)?;
        self.take(now_ms, &Entry::Lifecycle(*stop))?;
        self.write()?;
        self.finished = true;
        Ok(())
    }

    /// An outcome `unknown` for every intent that has none.
    pub(super) fn close_open_calls(&mut self, now_ms: i64) -> Result<(), AuditError> {
        while let Some(call) = self.open.first().copied() {
            self.take(now_ms, &Entry::Outcome(Outcome::new(Seq(call), Status::Unknown)))?;
        }
        self.write()
    }

    /// Whether there is room for such a record.
    fn admit(&mut self, entry: &Entry<'_>) -> Result<(), AuditError> {
        let spared = matches!(entry, Entry::Refusal(refusal) if refusal.category.is_before_policy());
        if spared && self.space.is_scarce(&self.dir) {
            return Err(AuditError::KeptBack { path: self.dir.clone() });
        }
        Ok(())
    }

    /// Whether the disk can be trusted and nothing older waits to be written.
    fn ready(&mut self, now_ms: i64) -> Result<(), AuditError> {
        if let Some(message) = &self.flush_error {
            return Err(AuditError::NotSynced {
                path: self.segment.path().to_owned(),
                message: message.clone(),
            });
        }
        // Counts wait until there is room again: while it is scarce, one would follow each call.
        if self.backlog.is_empty() {
            return Ok(());
        }
        let waits = self.backlog.first_outcome().is_none() && self.space.is_scarce(&self.dir);
        if waits { Ok(()) } else { self.write_backlog(now_ms) }
    }

    fn take(&mut self, now_ms: i64, entry: &Entry<'_>) -> Result<Seq, AuditError> {
        let time_ms = now_ms.max(self.end.last_ms);
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        encode::record(&self.envelope(time_ms), entry, &mut record);
        let taken = self.take_record(&record, time_ms, Kept::of(entry));
        self.record = record;
        let seq = taken?;
        match entry {
            Entry::Intent(_) => {
                self.open.insert(seq.0);
            }
            Entry::Outcome(outcome) => {
                self.open.remove(&outcome.call.0);
            }
            Entry::Refusal(_) | Entry::Lifecycle(_) => {}
        }
        Ok(seq)
    }

    fn envelope(&self, time_ms: i64) -> encode::Envelope<'_> {
        encode::Envelope { seq: self.end.next, prev: self.end.prev, time_ms, instance: &self.instance }
    }

    fn take_record(&mut self, record: &str, time_ms: i64, kept: Kept) -> Result<Seq, AuditError> {
        self.make_room(line::length(record))?;
        let seq = Seq(self.end.next);
        let leaf = self.batch.push(record, seq, time_ms, kept);
        self.end = End { next: seq.0 + 1, prev: Some(leaf), last_ms: time_ms };
        Ok(seq)
    }

    /// Writes what waits where one more line would make too large a batch or segment.
    fn make_room(&mut self, line: usize) -> Result<(), AuditError> {
        let batch = self.batch.lines().len();
        let is_too_long = self.segment.length + (batch + line) as u64 > self.segment_bytes;
        if is_too_long || (batch > 0 && batch + line > BATCH_BYTES) {
            self.write()?;
        }
        if is_too_long && self.segment.length > 0 {
            self.rotate();
        }
        Ok(())
    }

    /// A segment that cannot be created leaves the old one growing: too long is better than not written.
    fn rotate(&mut self) {
        if let Ok(new) = Segment::create(&self.dir, self.segment.number + 1) {
            self.unflushed.push(self.segment.file());
            self.new_names = true;
            self.segment = new;
        }
    }

    /// Takes back a batch that could not be written. The calls that it let through are refused by those who
    /// confirm them; what has happened already is kept for later, or counted.
    fn lose(&mut self, why: String) {
        self.end = self.batch.before();
        self.losses.add(self.end.next, why);
        let first = Seq(self.end.next);
        for record in self.batch.take() {
            let time_ms = record.time_ms;
            match record.kept {
                Kept::Intent => {
                    self.open.remove(&record.seq.0);
                }
                // The call is in the log, and open until its outcome is.
                Kept::Outcome { call } if call < first => {
                    self.open.insert(call.0);
                    self.backlog.keep_outcome(call.0, time_ms, record.text);
                }
                // Neither the call nor its end is in the log, and the backlog still has its own.
                Kept::Outcome { .. } | Kept::Backlog => {}
                Kept::Refusal { count } => self.backlog.count_refusals(time_ms, count),
                Kept::Lifecycle => self.backlog.count_event(time_ms),
            }
        }
    }

    fn keep(&mut self, now_ms: i64, entry: &Entry<'_>) {
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

    fn write_backlog(&mut self, now_ms: i64) -> Result<(), AuditError> {
        self.write()?;
        while let Some(late) = self.backlog.first_outcome() {
            let call = late.call;
            let time_ms = now_ms.max(self.end.last_ms);
            let record = late.renumbered(&self.envelope(time_ms));
            self.take_record(&record, time_ms, Kept::Backlog)?;
            self.write()?;
            self.open.remove(&call);
            self.backlog.outcome_written();
        }
        if let Some(lost) = self.backlog.lost() {
            let time_ms = now_ms.max(self.end.last_ms);
            let record = lost.record(&self.envelope(time_ms));
            self.take_record(&record, time_ms, Kept::Backlog)?;
            self.write()?;
            self.backlog.lost_written();
        }
        Ok(())
    }

    /// What a flush has to bring to the disk, the batch included. Whoever has records in a batch that cannot be
    /// written learns it when they confirm them.
    pub(super) fn take_unflushed(&mut self) -> Unflushed {
        let _lost = self.write();
        let mut files = std::mem::take(&mut self.unflushed);
        files.push(self.segment.file());
        let dir = std::mem::take(&mut self.new_names).then(|| self.dir.clone());
        Unflushed { files, dir, records: self.end.next }
    }

    /// Takes note of how a flush went. After a failure the files stay listed, and nothing is accepted until
    /// one succeeds.
    pub(super) fn flushed(
        &mut self,
        pending: Unflushed,
        result: Result<(), String>,
    ) -> Result<(), AuditError> {
        match result {
            Ok(()) => {
                self.flush_error = None;
                Ok(())
            }
            Err(message) => {
                self.unflushed.extend(pending.files);
                self.new_names |= pending.dir.is_some();
                self.flush_error = Some(message.clone());
                Err(AuditError::NotSynced { path: self.segment.path().to_owned(), message })
            }
        }
    }
}
