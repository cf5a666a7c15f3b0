//! Bringing what was committed to the disk, behind the callers' backs.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::{Durability, Options, database};
use crate::StoreError;

/// What is committed while the thread waits is synced with what woke it. The disk has it after this and the
/// time of one sync, together less than the 100 ms that are promised.
const DELAY: Duration = Duration::from_millis(50);
/// Frames of the write-ahead log, one page each, that are left there before they are moved to the database.
const FRAMES: i64 = 1_000;
/// Frames past which the log must begin anew, even if callers wait for it: a log that is written all the time
/// would otherwise grow without end.
const TOO_MANY_FRAMES: i64 = 32_000;

/// Tells the syncing thread what there is to do.
#[derive(Debug, Default)]
struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    dirty: bool,
    closed: bool,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the ledger as not yet on the disk.
#[derive(Debug)]
pub(super) struct Dirty(Arc<Signal>);

impl Dirty {
    /// Marks that nobody looks for: what is in memory alone is never brought to a disk.
    pub(super) fn unheard() -> Self {
        Self(Arc::default())
    }

    pub(super) fn mark(&self) {
        let mut state = self.0.state();
        if !state.dirty {
            state.dirty = true;
            self.0.changed.notify_one();
        }
    }
}

/// The thread; it syncs what is left and ends when this goes.
#[derive(Debug)]
pub(super) struct Syncing {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.signal.state().closed = true;
        self.signal.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Starts the thread that syncs and moves the log.
pub(super) fn start(directory: &Path, options: &Options) -> Result<(Dirty, Syncing), StoreError> {
    let path = database::path(directory);
    let connection = database::connect(&path, options)?;
    let signal = Arc::new(Signal::default());
    let sync = options.durability == Durability::Process;
    let syncer = Syncer { connection, log: log_of(&path), sync, signal: Arc::clone(&signal) };
    let thread = std::thread::Builder::new()
        .name("ledger-sync".to_owned())
        .spawn(move || syncer.run())
        .map_err(|error| StoreError::Failed { action: "start its thread", message: error.to_string() })?;
    Ok((Dirty(Arc::clone(&signal)), Syncing { signal, thread: Some(thread) }))
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

struct Syncer {
    connection: Connection,
    log: PathBuf,
    /// Under `power_loss` every commit is synced by itself.
    sync: bool,
    signal: Arc<Signal>,
}

impl Syncer {
    fn run(&self) {
        // The log is a new file each time that the first process opens the ledger.
        if let Err(error) = self.sync_directory() {
            tracing::error!("the ledger's directory could not be brought to the disk: {error}");
        }
        while self.wait() {
            let synced = self.sync_log().and_then(|()| self.move_log());
            if let Err(error) = synced {
                tracing::error!("the ledger could not be brought to the disk: {error}");
            }
        }
    }

    /// Waits for something to do; `false` when there is nothing left and the store is closed.
    fn wait(&self) -> bool {
        let signal = &self.signal;
        let idle = |state: &mut State| !state.dirty && !state.closed;
        let state = signal.changed.wait_while(signal.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let open = |state: &mut State| !state.closed;
        let waited = signal.changed.wait_timeout_while(state, DELAY, open);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Whatever is committed from here on marks the ledger again.
        std::mem::take(&mut state.dirty)
    }

    fn sync_log(&self) -> Result<(), String> {
        if !self.sync {
            return Ok(());
        }
        // SQLite's locks are on the database and its index, never on the log, so that opening and closing
        // the log here drops none of them (POSIX locks go with any descriptor of a file).
        match File::open(&self.log).and_then(|log| log.sync_data()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.log.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    }

    fn move_log(&self) -> Result<(), String> {
        let (frames, moved) = self.checkpoint("NOOP")?;
        if frames - moved < FRAMES {
            return Ok(());
        }
        // PASSIVE waits for nobody: what a reader still needs stays for the next time.
        let (frames, _) = self.checkpoint("PASSIVE")?;
        if frames >= TOO_MANY_FRAMES {
            self.checkpoint("RESTART")?;
        }
        Ok(())
    }

    /// How many frames the log has, and how many of them are in the database.
    fn checkpoint(&self, mode: &'static str) -> Result<(i64, i64), String> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let answer = self.connection.query_row(&sql, [], |row| Ok((row.get(1)?, row.get(2)?)));
        answer.map_err(|error| error.to_string())
    }
}
