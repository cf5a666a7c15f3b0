//! The state of a chain being written, behind one lock.

mod backlog;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::segment::Segment;
use super::{Options, Seq};
use crate::entry::{Entry, Lifecycle, LifecycleKind, Outcome, Status};
use crate::key::sync_dir;
use crate::leaf::Leaf;
use crate::{AuditError, InstanceId, encode, line};
use backlog::Backlog;

#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    instance: String,
    /// Held for the life of the writer: the kernel drops the lock with the process, however it ends.
    _lock: File,
    segment: Segment,
    segment_bytes: u64,
    next: u64,
    prev: Option<Leaf>,
    last_ms: i64,
    /// Intents without an outcome, by number.
    open: BTreeSet<u64>,
    backlog: Backlog,
    finished: bool,
    unflushed: Vec<Arc<File>>,
    new_names: bool,
    flush_error: Option<String>,
    /// Reused, so that a record costs no allocation.
    record: String,
    line: String,
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
        Self {
            dir,
            instance: instance.as_str().to_owned(),
            _lock: lock,
            segment,
            segment_bytes: options.segment_bytes,
            next: at.next,
            prev: at.prev,
            last_ms: at.last_ms.max(instance.started_ms()),
            open: at.open,
            backlog: Backlog::default(),
            finished: false,
            unflushed: Vec::new(),
            new_names: true,
            flush_error: None,
            record: String::with_capacity(1024),
            line: String::with_capacity(1024),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn append(&mut self, now_ms: i64, entry: &Entry<'_>) -> Result<Seq, AuditError> {
        if self.finished {
            return Err(AuditError::Finished);
        }
        let result = self.ready(now_ms).and_then(|()| self.write(now_ms, entry));
        if result.is_err() {
            self.keep(now_ms, entry);
        }
        result
    }

    pub(super) fn finish(&mut self, now_ms: i64, stop: &Lifecycle<'_>) -> Result<(), AuditError> {
        if self.finished {
            return Ok(());
        }
        self.ready(now_ms)?;
        self.close_open_calls(now_ms)?;
        self.write(now_ms, &Entry::Lifecycle(*stop))?;
        self.finished = true;
        Ok(())
    }

    /// An outcome `unknown` for every intent that has none.
    pub(super) fn close_open_calls(&mut self, now_ms: i64) -> Result<(), AuditError> {
        while let Some(call) = self.open.first().copied() {
            self.write(now_ms, &Entry::Outcome(Outcome::new(Seq(call), Status::Unknown)))?;
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
        if self.backlog.is_empty() { Ok(()) } else { self.write_backlog(now_ms) }
    }

    fn write(&mut self, now_ms: i64, entry: &Entry<'_>) -> Result<Seq, AuditError> {
        let time_ms = now_ms.max(self.last_ms);
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        encode::record(&self.envelope(time_ms), entry, &mut record);
        let written = self.write_record(&record, time_ms);
        self.record = record;
        let seq = written?;
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
        encode::Envelope { seq: self.next, prev: self.prev, time_ms, instance: &self.instance }
    }

    fn write_record(&mut self, record: &str, time_ms: i64) -> Result<Seq, AuditError> {
        self.line.clear();
        let leaf = line::write(record, &mut self.line);
        if self.segment.length > 0 && self.segment.length + self.line.len() as u64 > self.segment_bytes {
            self.rotate();
        }
        self.segment.append(self.line.as_bytes())?;
        let seq = Seq(self.next);
        self.next += 1;
        self.prev = Some(leaf);
        self.last_ms = time_ms;
        Ok(seq)
    }

    /// A segment that cannot be created leaves the old one growing: too long is better than not written.
    fn rotate(&mut self) {
        if let Ok(new) = Segment::create(&self.dir, self.segment.number + 1) {
            self.unflushed.push(self.segment.file());
            self.new_names = true;
            self.segment = new;
        }
    }

    fn keep(&mut self, now_ms: i64, entry: &Entry<'_>) {
        let time_ms = now_ms.max(self.last_ms);
        let mut record = String::new();
        if let Entry::Outcome(_) = entry {
            encode::record(&self.envelope(time_ms), entry, &mut record);
        }
        self.backlog.keep(time_ms, entry, record);
    }

    fn write_backlog(&mut self, now_ms: i64) -> Result<(), AuditError> {
        while let Some(late) = self.backlog.first_outcome() {
            let call = late.call;
            let time_ms = now_ms.max(self.last_ms);
            let record = late.renumbered(&self.envelope(time_ms));
            self.write_record(&record, time_ms)?;
            self.open.remove(&call);
            self.backlog.outcome_written();
        }
        if let Some(lost) = self.backlog.lost() {
            let details = lost.details();
            let details: Vec<_> = details.iter().map(|(name, detail)| (*name, detail.as_detail())).collect();
            let event = Lifecycle {
                count: Some(lost.total()),
                details: &details,
                reason: Some("the log could not be written to"),
                ..Lifecycle::new(LifecycleKind::Unrecorded)
            };
            self.write(now_ms, &Entry::Lifecycle(event))?;
            self.backlog.lost_written();
        }
        Ok(())
    }

    pub(super) fn take_unflushed(&mut self) -> Unflushed {
        let mut files = std::mem::take(&mut self.unflushed);
        files.push(self.segment.file());
        let dir = std::mem::take(&mut self.new_names).then(|| self.dir.clone());
        Unflushed { files, dir, records: self.next }
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
