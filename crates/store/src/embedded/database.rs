//! The database file: where it is, its layout, its settings.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use interlock_json::Decimal;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{Durability, Options, announcements, approvals, credentials, pins, servers, tokens};
use crate::StoreError;

/// The layout below; a file of another one is not touched.
const LAYOUT: i64 = 10;
/// The layout before tokens were kept.
const WITHOUT_TOKENS: i64 = 3;
/// The layout before operators' tokens and servers were.
const WITHOUT_SERVERS: i64 = 4;
/// The layout before servers' credentials were.
const WITHOUT_CREDENTIALS: i64 = 5;
/// The layout before questions to people were.
const WITHOUT_APPROVALS: i64 = 6;
/// The layout before anything was announced.
const WITHOUT_ANNOUNCEMENTS: i64 = 7;
/// The layout before it was noted by what calls are judged.
const WITHOUT_JUDGED: i64 = 8;
/// The layout before definitions of tools were pinned.
const WITHOUT_PINS: i64 = 9;

const TABLES: &str = "
CREATE TABLE counters (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    aligned INTEGER NOT NULL,
    tally BLOB NOT NULL,
    -- On the line of time that its alignment counts by; 0 while it is being opened.
    clear_after INTEGER NOT NULL,
    label TEXT NOT NULL,
    bound TEXT
);
CREATE INDEX counters_to_clear ON counters (aligned, clear_after);
-- The middles of long tallies.
CREATE TABLE parts (
    counter INTEGER NOT NULL REFERENCES counters (id),
    number INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (counter, number)
) WITHOUT ROWID;
CREATE TABLE size (
    counters INTEGER NOT NULL
);
INSERT INTO size VALUES (0);
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    elapsed_ms INTEGER NOT NULL,
    latest_wall_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    boot_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    reclocks INTEGER NOT NULL
);
CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    kind TEXT NOT NULL,
    server TEXT,
    grant_name TEXT,
    started_ms INTEGER NOT NULL,
    finished_ms INTEGER
);
-- In order of their start, to find those that are forgotten.
CREATE INDEX instances_finished ON instances (id) WHERE finished_ms IS NOT NULL;
";

/// The database in a data directory.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("ledger.db")
}

/// Makes the data directory, for its owner only, or checks one that exists.
pub(super) fn prepare_directory(directory: &Path) -> Result<(), StoreError> {
    let wrong = |problem: String| StoreError::Directory { path: directory.to_owned(), problem };
    match std::fs::metadata(directory) {
        Ok(metadata) => check_directory(&metadata).map_err(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| wrong(format!("cannot be made: {error}; name another with `--data`"))),
        Err(error) => Err(wrong(format!("cannot be used: {error}; name another with `--data`"))),
    }
}

fn check_directory(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_dir() {
        return Err("is not a directory".to_owned());
    }
    let others = metadata.permissions().mode() & 0o022;
    if others != 0 {
        return Err("can be written by other users; make it yours with `chmod go-w`".to_owned());
    }
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me && me != 0 {
        return Err(format!("belongs to user {}; name another with `--data`", metadata.uid()));
    }
    Ok(())
}

/// Opens the database and lays it out where it is new.
pub(super) fn open(directory: &Path, options: &Options) -> Result<Connection, StoreError> {
    let path = path(directory);
    make_private(&path)?;
    let connection = connect(&path, options)?;
    let since = Instant::now();
    // The first processes on a new database may meet while they change its mode, where SQLite does not wait.
    while let Err(error) = lay_out(&connection, options) {
        if !matches!(error, StoreError::Busy) || since.elapsed() > options.busy_timeout {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // From here on the engine itself waits for other processes.
    connection.busy_timeout(Duration::ZERO).map_err(failed("be opened"))?;
    Ok(connection)
}

/// A database that is in memory only, laid out like the others.
pub(super) fn open_in_memory(options: &Options) -> Result<Connection, StoreError> {
    let connection = Connection::open_in_memory().map_err(failed("be opened"))?;
    connection.set_prepared_statement_cache_capacity(64);
    lay_out(&connection, options)?;
    Ok(connection)
}

/// Makes the file for its owner alone; the files beside it take its mode over. Only one that was not there is
/// ever opened here: closing another one would drop the locks that this process has on it.
fn make_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::Failed { action: "be made", message: error.to_string() })
        }
        _ => Ok(()),
    }
}

/// Turns a failure of the database into the store's.
pub(super) fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| StoreError::database(action, &error)
}

/// Reads a decimal that the store wrote itself.
pub(super) fn decimal(text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged { message: format!("`{text}` stands for an amount") })
}

/// A connection with the settings that every connection has.
pub(super) fn connect(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let failed = failed("be opened");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.busy_timeout(options.busy_timeout).map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn lay_out(connection: &Connection, options: &Options) -> Result<(), StoreError> {
    let failed = failed("be laid out");
    connection.pragma_update(None, "journal_mode", "WAL").map_err(&failed)?;
    let synchronous = match options.durability {
        Durability::Process => "NORMAL",
        Durability::PowerLoss => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous).map_err(&failed)?;
    // Another thread moves the log into the database, so that no caller waits for it.
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(&failed)?;
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(&failed)?;
    let found = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&failed)?;
    match found {
        0 => {
            transaction.execute_batch(TABLES).map_err(&failed)?;
        }
        WITHOUT_TOKENS..=LAYOUT => {}
        _ => return Err(StoreError::Layout { found, known: LAYOUT }),
    }
    if found < WITHOUT_SERVERS {
        transaction.execute_batch(tokens::TABLE).map_err(&failed)?;
    }
    if found < WITHOUT_CREDENTIALS {
        transaction.execute_batch(tokens::ADMIN_TABLE).map_err(&failed)?;
        transaction.execute_batch(servers::TABLE).map_err(&failed)?;
    }
    if found < WITHOUT_APPROVALS {
        transaction.execute_batch(credentials::TABLE).map_err(&failed)?;
    }
    if found < WITHOUT_ANNOUNCEMENTS {
        transaction.execute_batch(approvals::TABLE).map_err(&failed)?;
    }
    if found < WITHOUT_JUDGED {
        transaction.execute_batch(announcements::TABLE).map_err(&failed)?;
    }
    if found < WITHOUT_PINS {
        transaction.execute_batch(approvals::JUDGED).map_err(&failed)?;
    }
    if found < LAYOUT {
        transaction.execute_batch(pins::TABLE).map_err(&failed)?;
        transaction.pragma_update(None, "user_version", LAYOUT).map_err(&failed)?;
    }
    transaction.commit().map_err(&failed)
}
