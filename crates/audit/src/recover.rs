//! Completing the chains of instances that died.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::chain::{Blocks, SegmentFile, instances, lines, segments};
use crate::head::{self, Head};
use crate::key::sync_dir;
use crate::last;
use crate::log::{Log, Options, Position, STOPPED, audit_dir, open_lock};
use crate::torn::{self, TornFile};
use crate::{AuditError, Detail, Entry, InstanceId, Lifecycle, LifecycleKind, line};

/// How much of the torn bytes a record shows; the file beside the segment has them all.
const SHOWN: usize = 64;

/// A chain that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The instance that had died.
    pub instance: InstanceId,
    /// How many calls had an intent and no outcome.
    pub unknown_calls: u64,
    /// How many bytes of a torn record were put aside.
    pub torn_bytes: u64,
}

/// What [`recover`] did.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The chains completed.
    pub recovered: Vec<Recovered>,
    /// Chains that could not be completed, and why; the others were.
    pub failed: Vec<(InstanceId, AuditError)>,
}

/// Completes every chain whose process is gone and which has no `stop` record: what a crash left of a last
/// record is put aside in a file and named in a record of kind `torn`, every open call gets the outcome
/// `unknown`, and the chain a `stop` record that says `crashed`. Any number of processes may call this at
/// once: a chain is completed under its lock, once.
///
/// # Errors [`AuditError::Io`] if the audit directory cannot be listed. A chain that cannot be completed
/// stays as it is and is reported in [`Recovery::failed`].
pub fn recover(data_dir: &Path, now_ms: i64) -> Result<Recovery, AuditError> {
    let mut recovery = Recovery::default();
    let audit = audit_dir(data_dir);
    for instance in instances(data_dir)?.instances {
        if instance.is_shared() {
            continue;
        }
        match complete(&audit.join(instance.as_str()), &instance, now_ms) {
            Ok(Some(recovered)) => recovery.recovered.push(recovered),
            Ok(None) => {}
            Err(error) => recovery.failed.push((instance, error)),
        }
    }
    Ok(recovery)
}

fn complete(dir: &Path, instance: &InstanceId, now_ms: i64) -> Result<Option<Recovered>, AuditError> {
    // The many finished chains must be cheap to pass over; the end is looked at again under the lock.
    if dir.join(STOPPED).exists() || last::is_stopped(dir)? {
        return Ok(None);
    }
    let lock = open_lock(dir)?;
    if lock.try_lock().is_err() || last::is_stopped(dir)? {
        return Ok(None);
    }
    let resumed = resume(dir, instance, lock, now_ms, Options::default())?;
    let details = [(torn::DETAIL_CRASHED, Detail::Flag(true))];
    let stop = Lifecycle {
        reason: Some("the process ended without stopping the log"),
        details: &details,
        ..Lifecycle::new(LifecycleKind::Stop)
    };
    resumed.log.stop_with(now_ms, &stop)?;
    Ok(Some(Recovered {
        instance: instance.clone(),
        unknown_calls: resumed.open_calls,
        torn_bytes: resumed.torn_bytes,
    }))
}

pub(crate) struct Resumed {
    pub(crate) log: Log,
    open_calls: u64,
    torn_bytes: u64,
}

/// Continues a chain whose lock the caller holds, after putting aside what is torn.
pub(crate) fn resume(
    dir: &Path,
    instance: &InstanceId,
    lock: File,
    now_ms: i64,
    options: Options,
) -> Result<Resumed, AuditError> {
    let end = End::of(dir, instance.is_shared())?;
    let torn_bytes = put_aside(dir, &end)?;
    let open_calls = end.position.open.len() as u64;
    let unmarked = unmarked(dir, &end)?;
    let log = Log::resume(dir, instance, lock, options, end.position)?;
    for file in unmarked {
        mark(&log, now_ms, &file)?;
    }
    Ok(Resumed { log, open_calls, torn_bytes })
}

/// Where a chain ends.
#[derive(Debug, Default)]
struct End {
    position: Position,
    /// Names of the files of torn bytes that records name.
    marked: BTreeSet<String>,
    /// The first line behind the last record that is framed as a whole line.
    suspicious: Option<(PathBuf, u64)>,
    /// The segment that reading began with.
    first: u64,
}

impl End {
    /// Reads the whole chain: its open calls may be anywhere. What is not a record is passed over; the chain
    /// goes on from the last one.
    ///
    /// A crash leaves a part of a line, or blocks of zeros, behind the last record, but never a whole line
    /// with another leaf: that was tampered with, and a recovery that put it aside would make it look like a
    /// crash.
    ///
    /// A shared chain has no open calls, so that its last segment is enough.
    fn of(dir: &Path, shared: bool) -> Result<Self, AuditError> {
        let all = segments(dir)?;
        let last = all.split_at(all.len().saturating_sub(1)).1;
        let end = Self::read(if shared { last } else { &all })?;
        // A crash just behind a rotation leaves a last segment without a record.
        if end.position.prev.is_none() && all.len() > 1 { Self::read(&all) } else { Ok(end) }
    }

    fn read(files: &[SegmentFile]) -> Result<Self, AuditError> {
        let first = files.first().map_or(0, |file| file.number);
        let mut end = Self { first, ..Self::default() };
        for file in files {
            end.position.segment = file.number;
            end.position.length = 0;
            let mut blocks = Blocks::open(&file.path, 0)?;
            let mut number = 0;
            while let Some(block) = blocks.next()? {
                for (offset, bytes) in lines(block).filter(|_| block.whole) {
                    number += 1;
                    if end.take(offset, bytes).is_some() {
                        end.suspicious = None;
                    } else if line::split(bytes).is_some() && !bytes.contains(&0) {
                        end.suspicious.get_or_insert((file.path.clone(), number));
                    }
                }
            }
        }
        match end.suspicious {
            Some((path, line)) => {
                let problem = "the record was changed; the chain is left as it is".to_owned();
                Err(AuditError::Broken { path, line, problem })
            }
            None => Ok(end),
        }
    }

    fn take(&mut self, offset: u64, bytes: &[u8]) -> Option<()> {
        let framed = line::check(bytes).ok()?;
        let document = head::document(framed.record).ok()?;
        let head = Head::of(document.root()).ok()?;
        let at = &mut self.position;
        at.length = offset + bytes.len() as u64 + 1;
        at.next = head.seq.saturating_add(1);
        at.prev = Some(framed.leaf);
        at.last_ms = at.last_ms.max(head.time_ms);
        match (head.kind.as_str(), head.call) {
            ("intent", _) => {
                at.open.insert(head.seq);
            }
            ("outcome", Some(call)) => {
                at.open.remove(&call);
            }
            _ => {}
        }
        self.marked.extend(torn::Marker::of(document.root()).map(|marker| marker.file));
        Some(())
    }
}

/// Moves what stands behind the last record into a file of its own, durably, before it is cut off. Returns
/// its length.
fn put_aside(dir: &Path, end: &End) -> Result<u64, AuditError> {
    let Some(segment) = segments(dir)?.pop() else { return Ok(0) };
    let bytes = read_from(&segment.path, end.position.length)?;
    if bytes.is_empty() {
        return Ok(0);
    }
    let aside = free_name(dir, segment.number, end.position.length, &bytes)?;
    let hidden = aside.with_extension("torn.new");
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&hidden)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .map_err(AuditError::io("write", &hidden))?;
    fs::rename(&hidden, &aside).map_err(AuditError::io("create", &aside))?;
    sync_dir(dir)?;
    let file =
        OpenOptions::new().write(true).open(&segment.path).map_err(AuditError::io("open", &segment.path))?;
    file.set_len(end.position.length).map_err(AuditError::io("truncate", &segment.path))?;
    Ok(bytes.len() as u64)
}

fn read_from(path: &Path, offset: u64) -> Result<Vec<u8>, AuditError> {
    let mut blocks = Blocks::open(path, offset)?;
    let mut bytes = Vec::new();
    while let Some(block) = blocks.next()? {
        bytes.extend_from_slice(block.bytes);
    }
    Ok(bytes)
}

/// The same place may tear twice, if a recovery dies while it writes its record; what was put aside once
/// stays.
fn free_name(dir: &Path, segment: u64, offset: u64, bytes: &[u8]) -> Result<PathBuf, AuditError> {
    let mut nth = 1;
    loop {
        let path = dir.join(torn::file_name(segment, offset, nth));
        match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(path),
            Ok(there) if there == bytes => return Ok(path),
            Ok(_) => nth += 1,
            Err(e) => return Err(AuditError::io("read", &path)(e)),
        }
    }
}

/// Files of torn bytes that no record names: those of now, and those of a recovery that died before it wrote
/// its record.
fn unmarked(dir: &Path, end: &End) -> Result<Vec<TornFile>, AuditError> {
    let mut files = torn::files(dir)?;
    files.retain(|file| file.segment() >= Some(end.first) && !end.marked.contains(&file.name));
    Ok(files)
}

fn mark(log: &Log, now_ms: i64, file: &TornFile) -> Result<(), AuditError> {
    let bytes = fs::read(&file.path).map_err(AuditError::io("read", &file.path))?;
    let sha256 = torn::sha256_hex(&bytes);
    let begins = hex::encode(bytes.get(..SHOWN).unwrap_or(&bytes));
    let details = [
        (torn::DETAIL_FILE, Detail::Text(&file.name)),
        (torn::DETAIL_SHA256, Detail::Text(&sha256)),
        ("bytes", Detail::Number(i64::try_from(bytes.len()).unwrap_or(i64::MAX))),
        ("begins", Detail::Text(&begins)),
    ];
    let event = Lifecycle {
        reason: Some("the last record was cut off by a crash"),
        details: &details,
        ..Lifecycle::new(LifecycleKind::Torn)
    };
    log.append(now_ms, &Entry::Lifecycle(event)).map(drop)
}

#[cfg(test)]
mod tests;
