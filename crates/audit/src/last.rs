//! The last record of a chain, found from its end.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::AuditError;
use crate::chain::{MAX_LINE, segments};
use crate::head;
use crate::line;

/// Whether a chain ends with a `stop` record whose leaf matches.
pub(crate) fn is_stopped(dir: &Path) -> Result<bool, AuditError> {
    // A crash between the creation of a segment and its first record leaves an empty one.
    for segment in segments(dir)?.iter().rev() {
        if let Some(line) = last_line(&segment.path)? {
            return Ok(is_stop(&line));
        }
    }
    Ok(false)
}

fn is_stop(line: &[u8]) -> bool {
    let record = line.strip_suffix(b"\n").and_then(|line| line::check(line).ok());
    let document = record.and_then(|framed| head::document(framed.record).ok());
    document.is_some_and(|document| document.root().get("kind").is_some_and(|kind| kind.is_str("stop")))
}

/// What stands behind the last line feed but one: the last line with its line feed, or a torn one without.
/// `None` if the file is empty.
pub(crate) fn last_line(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    let io = |e| AuditError::io("read", path)(e);
    let mut file = File::open(path).map_err(io)?;
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    if length == 0 {
        return Ok(None);
    }
    let mut window = 4096;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        let mut tail = Vec::new();
        file.by_ref().take(length - start).read_to_end(&mut tail).map_err(io)?;
        let inner = tail.get(..tail.len().saturating_sub(1)).unwrap_or_default();
        match memchr::memrchr(b'\n', inner) {
            Some(at) => return Ok(Some(tail.split_off(at + 1))),
            None if start == 0 || window > 2 * MAX_LINE as u64 => return Ok(Some(tail)),
            None => window *= 4,
        }
    }
}
