//! Checking the files of the log, offline.

mod chain;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::log::{LOCK, audit_dir};
use crate::{AuditError, InstanceId, Leaf, chain as files};

/// An instance that somebody else has noted down (the store's register), so that a chain that is gone is
/// missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The instance.
    pub instance: InstanceId,
    /// Whether it is known to have stopped in good order; its chain must then end with its own `stop`.
    pub finished: bool,
}

/// What was found in all chains of a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every chain, by start.
    pub chains: Vec<ChainReport>,
    /// What is wrong beside the chains: chains that are missing, names that do not belong here.
    pub findings: Vec<Problem>,
}

/// What was found in one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// The instance.
    pub instance: InstanceId,
    /// How it ends.
    pub state: ChainState,
    /// Number of segments.
    pub segments: u64,
    /// Number of records whose leaf matches.
    pub records: u64,
    /// Time of the first and the last record, unix milliseconds.
    pub span: Option<(i64, i64)>,
    /// Leaf of the last record.
    pub last: Option<Leaf>,
    /// Intents without an outcome.
    pub open_calls: u64,
    /// What is wrong, first things first; at most [`MAX_FINDINGS`] of them.
    pub findings: Vec<Problem>,
    /// How many more problems there are than `findings` names.
    pub more: u64,
}

/// How many problems of one chain are named.
pub const MAX_FINDINGS: usize = 20;

/// How a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainState {
    /// With the `stop` record of its own process.
    Finished,
    /// With the `stop` record of a recovery: the process crashed or was killed.
    Crashed,
    /// Its process holds its lock.
    Running,
    /// It belongs to all short-lived commands and never ends.
    Shared,
    /// Without a `stop` record, and no process holds its lock.
    Unfinished,
}

/// Something wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or directory.
    pub path: PathBuf,
    /// Line number from 1.
    pub line: Option<u64>,
    /// What, in words.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.chains.iter().all(|chain| chain.findings.is_empty())
    }

    /// The first bad record or file, chains in order of their start.
    #[must_use]
    pub fn first_problem(&self) -> Option<&Problem> {
        self.chains.iter().flat_map(|chain| &chain.findings).chain(&self.findings).next()
    }

    /// What these files alone cannot show, however they were tampered with.
    #[must_use]
    pub fn blind_spots(&self) -> Vec<String> {
        let mut spots = vec![
            "a chain whose records were replaced and all hashes from there on computed anew".to_owned(),
            "a chain that was removed and that no register of instances names".to_owned(),
            "an old copy of the whole directory put back in place of the new one".to_owned(),
        ];
        for chain in &self.chains {
            let why = match chain.state {
                ChainState::Finished | ChainState::Unfinished => continue,
                ChainState::Crashed => "recovered after a crash",
                ChainState::Running => "still running",
                ChainState::Shared => "never finished",
            };
            spots.push(format!("records cut off the end of `{}` ({why})", chain.instance));
        }
        spots
    }
}

/// Checks every chain in `<data>/audit`: each leaf against its record, each record against the one before it,
/// numbers, times, segments without a gap, the end. With `registered`, also that every chain named there
/// exists and ended as known.
///
/// # Errors
/// [`AuditError::Io`] if something cannot be read; whatever is wrong with what is read is in the report.
pub fn verify(data_dir: &Path, registered: &[Registered]) -> Result<Report, AuditError> {
    let listing = files::instances(data_dir)?;
    let audit = audit_dir(data_dir);
    let mut report = Report::default();
    for instance in &listing.instances {
        report.chains.push(chain::verify(&audit.join(instance.as_str()), instance)?);
    }
    let stranger = |path| Problem { path, line: None, what: "does not belong in an audit log".to_owned() };
    report.findings.extend(listing.strangers.into_iter().map(stranger));
    report.findings.extend(registered.iter().filter_map(|known| missing(&audit, &report.chains, known)));
    Ok(report)
}

fn missing(audit: &Path, chains: &[ChainReport], known: &Registered) -> Option<Problem> {
    let what = match chains.iter().find(|chain| chain.instance == known.instance) {
        None => "is registered, but its chain is missing",
        Some(chain) if known.finished && chain.state == ChainState::Crashed => {
            "stopped in good order, but its own `stop` record is missing: the end was cut off"
        }
        Some(_) => return None,
    };
    Some(Problem { path: audit.join(known.instance.as_str()), line: None, what: what.to_owned() })
}

/// Whether another process holds the lock. A shared lock is tried for, so that two who look at once do not
/// see each other.
fn is_running(dir: &Path) -> bool {
    let Ok(lock) = File::open(dir.join(LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests;
