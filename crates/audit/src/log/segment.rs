//! One file of a chain, open for appending.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::AuditError;

/// `000001.jsonl`; numbers beyond six digits grow longer and still sort by number, not by name.
pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:06}.jsonl")
}

/// The number of a segment's file name, `None` for other files.
pub(crate) fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

#[derive(Debug)]
pub(super) struct Segment {
    file: Arc<File>,
    path: PathBuf,
    pub(super) number: u64,
    /// Length up to the end of the last whole line.
    pub(super) length: u64,
    /// A failed write may have left bytes behind `length`.
    torn: bool,
}

impl Segment {
    pub(super) fn create(dir: &Path, number: u64) -> Result<Self, AuditError> {
        let path = dir.join(segment_name(number));
        let mut options = OpenOptions::new();
        let file = options.append(true).create_new(true).mode(0o600).open(&path);
        let file = Arc::new(file.map_err(AuditError::io("create", &path))?);
        Ok(Self { file, path, number, length: 0, torn: false })
    }

    /// Continues a segment whose last whole line ends at `length`, which is the end of the file.
    pub(super) fn resume(dir: &Path, number: u64, length: u64) -> Result<Self, AuditError> {
        let path = dir.join(segment_name(number));
        let file = OpenOptions::new().append(true).open(&path).map_err(AuditError::io("open", &path))?;
        Ok(Self { file: Arc::new(file), path, number, length, torn: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// The directory may have been renamed since the segment was created.
    pub(super) fn moved_to(&mut self, dir: &Path) {
        self.path = dir.join(segment_name(self.number));
    }

    /// Appends lines, all of them whole or none at all. What a failed write left is cut off again, now or before the
    /// next write.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<(), AuditError> {
        if self.torn {
            self.cut_back()?;
        }
        // Also where this is cut short.
        self.torn = true;
        if let Err(error) = write_whole(&self.file, line) {
            // If even this fails, the next append tries again and fails before it writes.
            let _retried_later = self.cut_back();
            return Err(AuditError::io("write", &self.path)(error));
        }
        self.length += line.len() as u64;
        self.torn = false;
        Ok(())
    }

    fn cut_back(&mut self) -> Result<(), AuditError> {
        self.file.set_len(self.length).map_err(AuditError::io("truncate", &self.path))?;
        self.torn = false;
        Ok(())
    }
}

/// One `write(2)` unless the kernel takes only a part, which it does just before it reports a full disk.
fn write_whole(mut file: &File, line: &[u8]) -> io::Result<()> {
    let mut rest = line;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
