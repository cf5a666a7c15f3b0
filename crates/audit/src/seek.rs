//! Finding where in a chain to begin: times and numbers only grow, so halving finds a place in a few reads.

use std::fs;

use crate::AuditError;
use crate::chain::{Blocks, SegmentFile, lines};

/// Below this it is quicker to read than to halve.
const NEAR: u64 = 256 << 10;

/// The segment and the offset in it from which on `key` of every line is at least `wanted`. Lines without a
/// key are passed over.
pub(crate) fn first_at_least(
    segments: &[SegmentFile],
    wanted: i64,
    key: fn(&[u8]) -> Option<i64>,
) -> Result<(usize, u64), AuditError> {
    let (mut low, mut high) = (0, segments.len());
    while low < high {
        let middle = low.midpoint(high);
        let first = match segments.get(middle) {
            Some(segment) => first_key(segment, 0, key)?,
            None => None,
        };
        if first.is_some_and(|(_, key)| key < wanted) { low = middle + 1 } else { high = middle }
    }
    // The line wanted may stand in the segment before the first whose first line is late enough.
    let index = low.saturating_sub(1);
    let offset = match segments.get(index) {
        Some(segment) => offset_in(segment, wanted, key)?,
        None => 0,
    };
    Ok((index, offset))
}

fn offset_in(segment: &SegmentFile, wanted: i64, key: fn(&[u8]) -> Option<i64>) -> Result<u64, AuditError> {
    let path = &segment.path;
    let length = fs::metadata(path).map_err(AuditError::io("read", path))?.len();
    // Everything before `low`, a line's beginning, is too early; `high` is late enough, or the end.
    let (mut low, mut high) = (0, length);
    while high - low > NEAR {
        let middle = low.midpoint(high);
        match first_key(segment, middle, key)? {
            Some((at, key)) if key < wanted => low = at,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first line that begins behind `offset` (or at 0) and has a key: where it begins, and its key.
fn first_key(
    segment: &SegmentFile,
    offset: u64,
    key: fn(&[u8]) -> Option<i64>,
) -> Result<Option<(u64, i64)>, AuditError> {
    let mut blocks = Blocks::open(&segment.path, offset)?;
    let mut skip = usize::from(offset > 0);
    while let Some(block) = blocks.next()? {
        if !block.whole {
            continue;
        }
        let found = lines(block).skip(skip).find_map(|(at, line)| Some((at, key(line)?)));
        skip = 0;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
