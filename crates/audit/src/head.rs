//! The fields of a record that its chain is made of.

use std::borrow::Cow;

use interlock_json::{Document, Limits, ScanError, Value, scan};

use crate::chain::MAX_LINE;
use crate::leaf::Leaf;
use crate::timestamp;

/// Records are our own: the depth of recorded arguments, plus what a record wraps around them.
pub(crate) const LIMITS: Limits = Limits { bytes: MAX_LINE, depth: 1024 };

/// Why a record's bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("its record is not UTF-8")]
    Utf8,
    #[error("its record is not JSON: {0}")]
    Json(#[from] ScanError),
    #[error("its record has no valid `{0}`")]
    Field(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) prev: Option<Leaf>,
    pub(crate) time_ms: i64,
    pub(crate) instance: String,
    pub(crate) kind: String,
    /// The intent that an outcome belongs to.
    pub(crate) call: Option<u64>,
}

/// Scans a record's bytes.
pub(crate) fn document(record: &[u8]) -> Result<Document<&str>, HeadError> {
    let text = std::str::from_utf8(record).map_err(|_| HeadError::Utf8)?;
    Ok(scan(text, &LIMITS)?)
}

impl Head {
    pub(crate) fn of(record: Value<'_>) -> Result<Self, HeadError> {
        let text = |key: &'static str| record.get(key).and_then(Value::as_str).ok_or(HeadError::Field(key));
        let prev = match record.get("prev") {
            None => None,
            Some(leaf) => {
                let leaf = leaf.as_str().and_then(|hex| Leaf::parse(hex.as_bytes()));
                Some(leaf.ok_or(HeadError::Field("prev"))?)
            }
        };
        Ok(Self {
            seq: number(record, "seq").ok_or(HeadError::Field("seq"))?,
            prev,
            time_ms: timestamp::parse_ms(&text("time")?).ok_or(HeadError::Field("time"))?,
            instance: text("instance").map(Cow::into_owned)?,
            kind: text("kind").map(Cow::into_owned)?,
            call: number(record, "call"),
        })
    }
}

/// A member that is a whole number in plain notation.
pub(crate) fn number(record: Value<'_>, key: &str) -> Option<u64> {
    record.get(key)?.as_number()?.parse().ok()
}
