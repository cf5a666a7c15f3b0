//! The frame of a line: `{"leaf":"<64 hex>","record":<record>}`, one spelling only.

use crate::leaf::{Leaf, leaf_of};

const HEAD: &str = "{\"leaf\":\"";
const MIDDLE: &str = "\",\"record\":";
const TAIL: &str = "}";
const LEAF_DIGITS: usize = 64;

/// A line taken apart, its leaf compared with its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framed<'l> {
    pub(crate) leaf: Leaf,
    pub(crate) record: &'l [u8],
}

/// Why a line is not a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("is not a line of an audit log")]
    Frame,
    #[error("its leaf hash does not match its record: the record was changed")]
    Leaf,
}

/// Hashes the record and writes its line, with the line feed, to `out`.
pub(crate) fn write(record: &str, out: &mut String) -> Leaf {
    let leaf = leaf_of(record.as_bytes());
    out.push_str(HEAD);
    leaf.write(out);
    out.push_str(MIDDLE);
    out.push_str(record);
    out.push_str(TAIL);
    out.push('\n');
    leaf
}

/// The record of a line without its line feed, unchecked: for readers, which leave proof to `verify`.
pub(crate) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(HEAD.as_bytes())?;
    let (leaf, rest) = rest.split_at_checked(LEAF_DIGITS)?;
    let record = rest.strip_prefix(MIDDLE.as_bytes())?.strip_suffix(TAIL.as_bytes())?;
    Some((leaf, record))
}

/// Takes a line without its line feed apart and checks its leaf.
pub(crate) fn check(line: &[u8]) -> Result<Framed<'_>, LineError> {
    let (digits, record) = split(line).ok_or(LineError::Frame)?;
    let leaf = Leaf::parse(digits).ok_or(LineError::Frame)?;
    if leaf_of(record) != leaf {
        return Err(LineError::Leaf);
    }
    Ok(Framed { leaf, record })
}
