//! Bytes that a crash left behind the last whole record: kept in a file beside the segment, named by a
//! record.

use std::fs;
use std::path::{Path, PathBuf};

use interlock_json::Value;
use sha2::{Digest as _, Sha256};

use crate::AuditError;
use crate::chain::names;

pub(crate) const DETAIL_FILE: &str = "file";
pub(crate) const DETAIL_SHA256: &str = "sha256";
pub(crate) const DETAIL_CRASHED: &str = "crashed";
const SUFFIX: &str = ".torn";

/// What a record of kind `torn` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) file: String,
    pub(crate) sha256: String,
}

impl Marker {
    /// `None` for records of other kinds.
    pub(crate) fn of(record: Value<'_>) -> Option<Self> {
        let details = record.get("details")?;
        let text = |key| Some(details.get(key)?.as_str()?.into_owned());
        record.get("kind")?.is_str("torn").then_some(())?;
        Some(Self { file: text(DETAIL_FILE)?, sha256: text(DETAIL_SHA256)? })
    }
}

/// Whether a `stop` record was written by a recovery.
pub(crate) fn is_crash(record: Value<'_>) -> bool {
    record.get("details").and_then(|details| details.get(DETAIL_CRASHED)?.as_bool()) == Some(true)
}

/// A file of torn bytes.
#[derive(Debug, Clone)]
pub(crate) struct TornFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl TornFile {
    /// The segment that the bytes stood in.
    pub(crate) fn segment(&self) -> Option<u64> {
        self.name.split('.').next()?.parse().ok()
    }

    pub(crate) fn sha256(&self) -> Result<String, AuditError> {
        let bytes = fs::read(&self.path).map_err(AuditError::io("read", &self.path))?;
        Ok(sha256_hex(&bytes))
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `000003.4711.torn`: what stood in segment 3 from byte 4711 on; `000003.4711.2.torn` if that happened
/// twice.
pub(crate) fn file_name(segment: u64, offset: u64, nth: u64) -> String {
    let nth = if nth > 1 { format!(".{nth}") } else { String::new() };
    format!("{segment:06}.{offset}{nth}{SUFFIX}")
}

/// All files of torn bytes of a chain, by name.
pub(crate) fn files(dir: &Path) -> Result<Vec<TornFile>, AuditError> {
    let mut files: Vec<TornFile> = names(dir)?
        .into_iter()
        .filter(|(name, _)| name.ends_with(SUFFIX))
        .map(|(name, path)| TornFile { name, path })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
