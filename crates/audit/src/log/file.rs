//! The file that a chain ends in: whoever holds it writes, one at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::segment::Segment;
use super::writer::Batch;
use crate::AuditError;
use crate::key::sync_dir;

/// The end of a chain on the disk.
#[derive(Debug)]
pub(super) struct ChainFile {
    dir: PathBuf,
    /// Held for the life of the writer: the kernel drops the lock with the process, however it ends.
    _lock: File,
    segment: Segment,
    segment_bytes: u64,
    unflushed: Vec<Arc<File>>,
    new_names: bool,
}

/// What came of writing a batch.
#[derive(Debug)]
pub(super) struct Written {
    /// How many of its records are in the file, from the first on.
    pub(super) records: usize,
    /// Why not all of them.
    pub(super) result: Result<(), AuditError>,
}

/// What a flush has to bring to the disk.
#[derive(Debug)]
pub(super) struct Unflushed {
    files: Vec<Arc<File>>,
    dir: Option<PathBuf>,
}

impl Unflushed {
    pub(super) fn flush(&self) -> Result<(), String> {
        for file in &self.files {
            file.sync_data().map_err(|e| e.to_string())?;
        }
        self.dir.as_deref().map_or(Ok(()), |dir| sync_dir(dir).map_err(|e| e.to_string()))
    }
}

impl ChainFile {
    pub(super) fn new(dir: PathBuf, lock: File, segment: Segment, options: Options) -> Self {
        Self {
            dir,
            _lock: lock,
            segment,
            segment_bytes: options.segment_bytes,
            unflushed: Vec::new(),
            new_names: true,
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.segment.path()
    }

    /// Appends a batch, with one `write(2)` for each segment that it goes into.
    pub(super) fn append(&mut self, batch: &Batch) -> Written {
        let mut records = 0;
        while records < batch.len() {
            let (lines, count) = self.next_lines(batch, records);
            if let Err(error) = self.segment.append(lines.as_bytes()) {
                return Written { records, result: Err(error) };
            }
            records += count;
        }
        Written { records, result: Ok(()) }
    }

    /// What goes into one segment, which is a new one where the next record has no room in the last.
    fn next_lines<'b>(&mut self, batch: &'b Batch, first: usize) -> (&'b str, usize) {
        let room = self.segment_bytes.saturating_sub(self.segment.length);
        let (lines, count) = batch.lines(first, room);
        if self.segment.length == 0 || lines.len() as u64 <= room {
            return (lines, count);
        }
        self.rotate();
        batch.lines(first, self.segment_bytes.saturating_sub(self.segment.length))
    }

    /// A segment that cannot be created leaves the old one growing: too long is better than not written.
    fn rotate(&mut self) {
        if let Ok(new) = Segment::create(&self.dir, self.segment.number + 1) {
            self.unflushed.push(self.segment.file());
            self.new_names = true;
            self.segment = new;
        }
    }

    /// What a flush has to bring to the disk.
    pub(super) fn take_unflushed(&mut self) -> Unflushed {
        let mut files = std::mem::take(&mut self.unflushed);
        files.push(self.segment.file());
        let dir = std::mem::take(&mut self.new_names).then(|| self.dir.clone());
        Unflushed { files, dir }
    }

    /// Takes back what could not be flushed, for the next time.
    pub(super) fn not_flushed(&mut self, pending: Unflushed) {
        self.unflushed.extend(pending.files);
        self.new_names |= pending.dir.is_some();
    }
}
