//! The chain that short-lived commands share: each appends its record under the chain's lock and lets go of
//! it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::key::make_private_dir;
use crate::log::{Options, audit_dir, open_lock};
use crate::recover::resume;
use crate::{AuditError, Entry, InstanceId, Seq};

/// Small, because every command reads the last segment to find the chain's end.
const SEGMENT_BYTES: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Records what a short-lived command does (a read of the log) in the chain [`InstanceId::commands`],
/// durably.
///
/// # Errors [`AuditError::InUse`] if another command holds the chain for more than five seconds;
/// [`AuditError::Io`] as it comes, a missing permission to write above all.
pub fn append_shared(data_dir: &Path, now_ms: i64, entry: &Entry<'_>) -> Result<Seq, AuditError> {
    let instance = InstanceId::commands();
    let dir = audit_dir(data_dir).join(instance.as_str());
    make_private_dir(&dir)?;
    let lock = open_lock(&dir)?;
    let begun = Instant::now();
    while lock.try_lock().is_err() {
        if begun.elapsed() > PATIENCE {
            return Err(AuditError::InUse { path: dir });
        }
        thread::sleep(PAUSE);
    }
    let options = Options { segment_bytes: SEGMENT_BYTES, ..Options::default() };
    let log = resume(&dir, &instance, lock, now_ms, options)?.log;
    let seq = log.append(now_ms, entry)?;
    log.flush()?;
    Ok(seq)
}
