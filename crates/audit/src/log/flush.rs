//! Full syncs: by a thread soon after a write, or by the writers themselves, grouped.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Seq, Shared};
use crate::AuditError;

/// The thread's door bell, and the turn of those who flush.
#[derive(Debug, Default)]
pub(super) struct Flusher {
    stopping: Mutex<bool>,
    bell: Condvar,
    /// How many records the disk has for certain. Held during a flush, so that waiting callers find their
    /// record done.
    flushed: Mutex<u64>,
}

impl Flusher {
    /// Taking the lock first makes sure that the thread either sees the flag or hears the bell.
    pub(super) fn wake(&self) {
        let _asleep_or_looking = lock(&self.stopping);
        self.bell.notify_one();
    }

    pub(super) fn stop(&self) {
        *lock(&self.stopping) = true;
        self.bell.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn spawn(shared: Arc<Shared>, after: Duration) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("audit-flush".to_owned()).spawn(move || run(&shared, after))
}

fn run(shared: &Shared, after: Duration) {
    loop {
        let stopping = lock(&shared.flusher.stopping);
        let idle = |stopping: &mut bool| !*stopping && !shared.dirty.load(Ordering::Acquire);
        let stopping = shared.flusher.bell.wait_while(stopping, idle).unwrap_or_else(PoisonError::into_inner);
        let (stopping, _) = shared
            .flusher
            .bell
            .wait_timeout_while(stopping, after, |stopping| !*stopping)
            .unwrap_or_else(PoisonError::into_inner);
        let last = *stopping;
        drop(stopping);
        shared.dirty.store(false, Ordering::Release);
        if all(shared).is_err() {
            // The writer knows and refuses; try again until the disk answers.
            shared.dirty.store(true, Ordering::Release);
        }
        if last {
            return;
        }
    }
}

/// Flushes everything written so far.
pub(super) fn all(shared: &Shared) -> Result<(), AuditError> {
    flush(shared, &mut lock(&shared.flusher.flushed))
}

/// Returns once the disk has the record `seq`: whoever gets the turn flushes for all who wait.
pub(super) fn through(shared: &Shared, seq: Seq) -> Result<(), AuditError> {
    let mut flushed = lock(&shared.flusher.flushed);
    if *flushed > seq.0 {
        return Ok(());
    }
    flush(shared, &mut flushed)
}

fn flush(shared: &Shared, flushed: &mut u64) -> Result<(), AuditError> {
    let (pending, records, path) = {
        let mut file = shared.file();
        // Whoever has records in a batch that cannot be written learns it when they confirm them.
        let _lost = shared.write(&mut file);
        (file.take_unflushed(), shared.writer().written(), file.path().to_owned())
    };
    let result = pending.flush();
    if result.is_err() {
        shared.file().not_flushed(pending);
    } else {
        *flushed = records;
    }
    shared.writer().flushed(&path, result)
}
