//! Writing: one chain, appended to by any number of threads of one process. Who takes a record never waits for one who
//! writes: what is staged meanwhile is written next.

mod file;
mod flush;
mod open;
mod segment;
mod space;
mod writer;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::entry::{Entry, Lifecycle, LifecycleKind};
use crate::{AuditError, InstanceId};
use file::ChainFile;
use flush::Flusher;
use writer::Writer;

pub(crate) use open::{LOCK, STOPPED, audit_dir, open_lock};
pub(crate) use segment::segment_number;
pub(crate) use writer::Position;

/// A record's number in its chain, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record that has been taken and may not be in the file yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    seq: Seq,
    /// How many batches had been lost before it was taken.
    losses: u64,
}

impl Staged {
    /// The record's number, if it is written.
    #[must_use]
    pub fn seq(self) -> Seq {
        self.seq
    }
}

/// Records on their way to the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many are staged, or were kept because they could not be written.
    pub records: usize,
    /// The size of those that are staged.
    pub bytes: usize,
    /// Whether the log could not be written, or not be brought to the disk, when that was tried last.
    pub is_failing: bool,
}

/// When a record counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once the operating system has it: it survives `kill -9`; the disk has it at most 100 ms later.
    #[default]
    Process,
    /// Once the disk has it. Callers that wait at the same time share one flush.
    PowerLoss,
}

/// How a chain is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// When a record counts as written.
    pub durability: Durability,
    /// A segment that would grow beyond this is followed by a new one; one record never spans two. 64 MiB.
    pub segment_bytes: u64,
    /// How long after a write the background thread flushes it to the disk. 50 ms, so that a slow flush ends
    /// within 100.
    pub flush_after: Duration,
    /// Room on the disk that is left to the records of calls: where there is no more than this, refusals before
    /// policy, which anybody can cause, are counted. 16 MiB.
    pub kept_back_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            segment_bytes: 64 << 20,
            flush_after: Duration::from_millis(50),
            kept_back_bytes: 16 << 20,
        }
    }
}

/// One instance's chain, open for writing. It holds the instance's lock until it is dropped; dropping it
/// without [`Log::stop`] leaves the chain unfinished, and [`recover`](crate::recover()) will call it crashed.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    flusher: Option<JoinHandle<()>>,
    instance: InstanceId,
    dir: PathBuf,
    durability: Durability,
}

#[derive(Debug)]
struct Shared {
    /// Held while it is written to. Whoever needs both takes this first.
    file: Mutex<ChainFile>,
    /// Held for no longer than it takes to write a record down in memory, unless what failed before is made up for.
    writer: Mutex<Writer>,
    dirty: AtomicBool,
    flusher: Flusher,
}

impl Shared {
    /// A thread that panicked while it held the file left whole lines in it, and what follows them is cut off.
    fn file(&self) -> MutexGuard<'_, ChainFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that panicked while it held the lock left the writer between two records at worst.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is staged, while others stage more.
    fn write(&self, file: &mut ChainFile) -> Result<(), AuditError> {
        let taken_off = self.writer().take_off(file.path());
        let Some(flight) = taken_off else { return Ok(()) };
        let written = file.append(&flight);
        drop(flight);
        self.writer().landed(written, file.path())
    }

    /// Takes a record. What is older and could not be written is written first.
    fn stage(&self, now_ms: i64, entry: &Entry<'_>) -> Result<Staged, AuditError> {
        let mut writer = self.writer();
        if writer.is_behind() {
            drop(writer);
            writer = self.catch_up(now_ms).inspect_err(|_| self.writer().keep(now_ms, entry))?;
        }
        let staged = writer.stage(now_ms, entry);
        let is_full = writer.is_full();
        drop(writer);
        if is_full {
            // Those whose records cannot be written learn it when they confirm them.
            let _lost = self.write(&mut self.file());
        }
        staged
    }

    fn catch_up(&self, now_ms: i64) -> Result<MutexGuard<'_, Writer>, AuditError> {
        let mut file = self.file();
        let mut writer = self.writer();
        writer.write_backlog(&mut file, now_ms)?;
        Ok(writer)
    }

    /// Sees to it that a staged record is in the file.
    fn confirm(&self, staged: Staged) -> Result<Seq, AuditError> {
        let known = self.writer().known(staged);
        if let Some(known) = known {
            return known;
        }
        let mut file = self.file();
        // Whoever had the file before may have written this one, too.
        let known = self.writer().known(staged);
        if let Some(known) = known {
            return known;
        }
        self.write(&mut file)?;
        self.writer().known(staged).unwrap_or(Ok(staged.seq))
    }
}

impl Log {
    /// Starts the chain of `instance` in `<data>/audit/<instance>/`. Nothing is recorded yet: the first
    /// record is the caller's [`LifecycleKind::Start`].
    ///
    /// # Errors
    /// [`AuditError::InUse`] if there is such a chain already, [`AuditError::Io`] as it comes.
    pub fn open(data_dir: &Path, instance: &InstanceId, options: Options) -> Result<Self, AuditError> {
        Self::start(
            open::create(data_dir, instance, options)?,
            open::audit_dir(data_dir).join(instance.as_str()),
            instance,
            options,
            Position::default(),
        )
    }

    /// Continues a chain whose lock the caller holds, from where it ends.
    pub(crate) fn resume(
        dir: &Path,
        instance: &InstanceId,
        lock: File,
        options: Options,
        at: Position,
    ) -> Result<Self, AuditError> {
        Self::start(open::resume(dir, lock, options, &at)?, dir.to_owned(), instance, options, at)
    }

    fn start(
        file: ChainFile,
        dir: PathBuf,
        instance: &InstanceId,
        options: Options,
        at: Position,
    ) -> Result<Self, AuditError> {
        let shared = Arc::new(Shared {
            file: Mutex::new(file),
            writer: Mutex::new(Writer::new(dir.clone(), instance, options, at)),
            dirty: AtomicBool::new(false),
            flusher: Flusher::default(),
        });
        let flusher = flush::spawn(Arc::clone(&shared), options.flush_after)
            .map_err(AuditError::io("start the flushing thread of", &dir))?;
        let durability = options.durability;
        Ok(Self { shared, flusher: Some(flusher), instance: instance.clone(), dir, durability })
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> &InstanceId {
        &self.instance
    }

    /// `<data>/audit/<instance>`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether [`Log::append`], [`Log::confirm`] and [`Log::write`] wait for the disk.
    #[must_use]
    pub fn waits_for_disk(&self) -> bool {
        self.durability == Durability::PowerLoss
    }

    /// Writes one record and returns its number: [`Log::stage`] and [`Log::confirm`] in one.
    ///
    /// # Errors
    /// Any error means that the record is not in the log. The log stays usable: a refusal is counted, and the
    /// outcome of a call is kept, and both are written as soon as a later write succeeds (a record of kind
    /// `unrecorded` with the numbers).
    pub fn append(&self, now_ms: i64, entry: &Entry<'_>) -> Result<Seq, AuditError> {
        let staged = self.shared.stage(now_ms, entry)?;
        let confirmed = self.shared.confirm(staged);
        self.mark_dirty();
        self.on_disk(confirmed?)
    }

    /// Takes a record that is written with what is staged beside it, by the next [`Log::confirm`],
    /// [`Log::write`] or [`Log::append`], at the latest by the background thread.
    ///
    /// The time of a chain never goes back: a `now_ms` before the last record's is written as the last
    /// record's.
    ///
    /// # Errors
    /// As for [`Log::append`].
    pub fn stage(&self, now_ms: i64, entry: &Entry<'_>) -> Result<Staged, AuditError> {
        let staged = self.shared.stage(now_ms, entry);
        self.mark_dirty();
        staged
    }

    /// Makes sure that a staged record is in the log. What is staged is written with one `write(2)`; of those
    /// who confirm, the first pays for all. With [`Durability::PowerLoss`] it waits for the disk, so call it
    /// where waiting is allowed.
    ///
    /// # Errors
    /// As for [`Log::append`]; all that was staged together fails together.
    pub fn confirm(&self, staged: Staged) -> Result<Seq, AuditError> {
        let confirmed = self.shared.confirm(staged)?;
        self.on_disk(confirmed)
    }

    /// Makes sure that what is staged by now is in the log. What others stage meanwhile is theirs to write.
    ///
    /// # Errors
    /// As for [`Log::append`].
    pub fn write(&self) -> Result<(), AuditError> {
        let staged = self.shared.writer().last_staged();
        if let Some(staged) = staged {
            self.shared.confirm(staged)?;
        }
        let last = self.shared.writer().written().checked_sub(1).map(Seq);
        last.map_or(Ok(()), |last| self.on_disk(last).map(drop))
    }

    fn on_disk(&self, seq: Seq) -> Result<Seq, AuditError> {
        match self.durability {
            Durability::Process => Ok(seq),
            Durability::PowerLoss => flush::through(&self.shared, seq).map(|()| seq),
        }
    }

    /// Ends the chain: what could not be written before, an outcome `unknown` for every call still open, then
    /// the `stop` record, then the disk. Later appends fail with [`AuditError::Finished`]; stopping twice is
    /// no error.
    ///
    /// # Errors
    /// As for [`Log::append`]; the chain then stays unfinished and may be stopped again.
    pub fn stop(&self, now_ms: i64, reason: &str) -> Result<(), AuditError> {
        self.stop_with(now_ms, &Lifecycle { reason: Some(reason), ..Lifecycle::new(LifecycleKind::Stop) })
    }

    /// Ends the chain with a `stop` record that says more; otherwise as [`Log::stop`].
    ///
    /// # Errors
    /// As for [`Log::stop`].
    pub fn stop_with(&self, now_ms: i64, stop: &Lifecycle<'_>) -> Result<(), AuditError> {
        {
            let mut file = self.shared.file();
            self.shared.writer().finish(&mut file, now_ms, stop)?;
        }
        self.flush()?;
        // The kernel's lock stays with the open file. Without the new name the chain is looked at again, no more.
        let _still_named_so = std::fs::rename(self.dir.join(open::LOCK), self.dir.join(open::STOPPED));
        Ok(())
    }

    /// What is not in the file yet.
    #[must_use]
    pub fn pending(&self) -> Pending {
        self.shared.writer().pending()
    }

    /// Flushes everything written so far to the disk.
    ///
    /// # Errors
    /// [`AuditError::NotSynced`] if the disk refuses; appends fail too until a flush succeeds.
    pub fn flush(&self) -> Result<(), AuditError> {
        flush::all(&self.shared)
    }

    /// Wakes the flusher for the first write since its last round only: waking is a system call.
    fn mark_dirty(&self) {
        if !self.shared.dirty.swap(true, Ordering::AcqRel) {
            self.shared.flusher.wake();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.flusher.stop();
        if let Some(thread) = self.flusher.take() {
            // The thread flushes a last time; if it died there is nothing left to wait for.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
