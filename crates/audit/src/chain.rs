//! The files of one chain, and reading them in blocks of whole lines with bounded memory.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::log::{audit_dir, segment_number};
use crate::{AuditError, InstanceId};

/// What is read at once where lines are short.
const BLOCK: usize = 256 << 10;
const SMALL: usize = 4 << 10;
/// No line is longer than this: a message is at most 8 MiB, and its canonical form a few times that at worst.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// A file of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
}

/// What is in `<data>/audit`.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Sorted by start.
    pub(crate) instances: Vec<InstanceId>,
    /// Names that are not those of instances, hidden ones left out.
    pub(crate) strangers: Vec<PathBuf>,
}

/// Lists the instances of a data directory; one without an audit directory has none.
pub(crate) fn instances(data_dir: &Path) -> Result<Listing, AuditError> {
    let dir = audit_dir(data_dir);
    let mut listing = Listing::default();
    for (name, path) in names(&dir)? {
        match InstanceId::parse(&name) {
            Ok(instance) => listing.instances.push(instance),
            Err(_) if name.starts_with('.') => {}
            Err(_) => listing.strangers.push(path),
        }
    }
    listing.instances.sort();
    listing.strangers.sort();
    Ok(listing)
}

/// The segments of a chain in order.
pub(crate) fn segments(dir: &Path) -> Result<Vec<SegmentFile>, AuditError> {
    let numbered =
        |(name, path): (String, PathBuf)| Some(SegmentFile { number: segment_number(&name)?, path });
    let mut segments: Vec<SegmentFile> = names(dir)?.into_iter().filter_map(numbered).collect();
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

/// Names and paths in a directory; none if it does not exist.
pub(crate) fn names(dir: &Path) -> Result<Vec<(String, PathBuf)>, AuditError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(AuditError::io("read", dir)(e)),
    };
    entries
        .map(|entry| {
            let entry = entry.map_err(AuditError::io("read", dir))?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
        })
        .collect()
}

/// A segment being read from some offset to what is its end now.
#[derive(Debug)]
pub(crate) struct Blocks {
    file: File,
    path: PathBuf,
    buffer: Vec<u8>,
    /// How much is read at once: no more than there is, because most chains are short and many.
    step: usize,
    /// Where `buffer` stands in the file.
    offset: u64,
    /// How much of `buffer` has been given out, and how much is filled.
    given: usize,
    filled: usize,
    at_end: bool,
}

/// Whole lines, each with its line feed, or at the very end what stands behind the last line feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'b> {
    /// Where the bytes begin in the file.
    pub(crate) offset: u64,
    pub(crate) bytes: &'b [u8],
    /// Whether the bytes end with a line feed.
    pub(crate) whole: bool,
}

impl Blocks {
    pub(crate) fn open(path: &Path, offset: u64) -> Result<Self, AuditError> {
        let mut file = File::open(path).map_err(AuditError::io("open", path))?;
        let length = file.metadata().map_err(AuditError::io("read", path))?.len();
        file.seek(SeekFrom::Start(offset)).map_err(AuditError::io("read", path))?;
        let path = path.to_owned();
        let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(BLOCK);
        let step = (left + 1).clamp(SMALL, BLOCK);
        Ok(Self { file, path, buffer: Vec::new(), step, offset, given: 0, filled: 0, at_end: false })
    }

    /// The next block, `None` at the end. A line beyond [`MAX_LINE`] is given out in pieces that are not
    /// `whole`.
    pub(crate) fn next(&mut self) -> Result<Option<Block<'_>>, AuditError> {
        self.discard_given();
        let mut searched = 0;
        loop {
            let fresh = self.buffer.get(searched..self.filled).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', fresh) {
                return Ok(self.give(searched + at + 1, true));
            }
            if self.at_end || self.filled >= MAX_LINE {
                return Ok(if self.filled == 0 { None } else { self.give(self.filled, false) });
            }
            searched = self.filled;
            self.fill()?;
        }
    }

    /// The block given out last.
    pub(crate) fn current(&self) -> &[u8] {
        self.buffer.get(..self.given).unwrap_or_default()
    }

    fn give(&mut self, end: usize, whole: bool) -> Option<Block<'_>> {
        self.given = end;
        Some(Block { offset: self.offset, bytes: self.buffer.get(..end)?, whole })
    }

    fn discard_given(&mut self) {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.offset += self.given as u64;
        self.filled -= self.given;
        self.given = 0;
    }

    fn fill(&mut self) -> Result<(), AuditError> {
        if self.buffer.len() < self.filled + self.step {
            // Doubling, so that a very long line is not copied over and over.
            self.buffer.resize((self.buffer.len() * 2).max(self.filled + self.step), 0);
        }
        let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
        match self.file.read(free) {
            Ok(0) => self.at_end = true,
            Ok(read) => self.filled += read,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(AuditError::io("read", &self.path)(e)),
        }
        Ok(())
    }
}

/// The lines of a block without their line feeds, each with its offset in the file.
pub(crate) fn lines(block: Block<'_>) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = block.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let offset = block.offset + at as u64;
        at += end + 1;
        Some((offset, rest.get(..end)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], from: u64) -> Vec<(u64, Vec<u8>, bool)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let mut blocks = Blocks::open(file.path(), from).unwrap();
        let mut out = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            out.extend(lines(block).map(|(at, line)| (at, line.to_vec(), block.whole)));
        }
        out
    }

    #[test]
    fn lines_of_any_length_come_whole() {
        let lengths = [0, 1, BLOCK - 2, BLOCK - 1, BLOCK, 3 * BLOCK + 7, 5];
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for (i, length) in lengths.into_iter().enumerate() {
            let line = vec![b'a' + i as u8; length];
            expected.push((text.len() as u64, line.clone(), true));
            text.extend(line);
            text.push(b'\n');
        }
        assert_eq!(read(&text, 0), expected);
        assert_eq!(read(&text, 1), expected[1..]);
        expected.push((text.len() as u64, b"torn".to_vec(), false));
        text.extend(b"torn");
        assert_eq!(read(&text, 0), expected);
        assert_eq!(read(b"", 0), []);
    }
}
