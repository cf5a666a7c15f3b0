//! The newest records that are wanted.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::wanted_instances;
use crate::chain::{MAX_LINE, SegmentFile, segments};
use crate::filter::{Filter, Matcher};
use crate::log::audit_dir;
use crate::record::quick_time;
use crate::{AuditError, InstanceId, Record};

const WINDOW: usize = 256 << 10;

/// The `count` newest wanted records of all instances, oldest first.
pub(crate) fn newest(data_dir: &Path, filter: &Filter, count: usize) -> Result<Vec<Record>, AuditError> {
    let matcher = Matcher::new(filter.clone());
    let mut newest = Newest { count, records: BTreeMap::new() };
    let mut instances = wanted_instances(data_dir, filter)?;
    // Those that started last most likely have the newest records, and make the others quick to pass over.
    instances.sort_by_key(|instance| Reverse(instance.started_ms()));
    for instance in instances {
        newest.take_from(&audit_dir(data_dir).join(instance.as_str()), &instance, &matcher)?;
    }
    Ok(newest.records.into_values().collect())
}

struct Newest {
    count: usize,
    records: BTreeMap<(i64, InstanceId, u64), Record>,
}

impl Newest {
    fn take_from(&mut self, dir: &Path, instance: &InstanceId, matcher: &Matcher) -> Result<(), AuditError> {
        for segment in segments(dir)?.iter().rev() {
            let mut lines = Backward::open(segment)?;
            while let Some(line) = lines.next()? {
                let Some(time) = quick_time(&line) else { continue };
                if self.is_too_old(time) || matcher.filter.from_ms.is_some_and(|from| time < from) {
                    return Ok(());
                }
                self.offer(instance, matcher, &line);
            }
        }
        Ok(())
    }

    fn is_too_old(&self, time: i64) -> bool {
        let oldest = self.records.first_key_value().map(|((time, _, _), _)| *time);
        self.records.len() >= self.count && oldest.is_none_or(|oldest| time < oldest)
    }

    fn offer(&mut self, instance: &InstanceId, matcher: &Matcher, line: &[u8]) {
        if !matcher.may_match(line) {
            return;
        }
        let Some(record) = Record::of(instance, line).filter(|record| matcher.matches(record)) else {
            return;
        };
        self.records.insert((record.time_ms(), instance.clone(), record.seq().0), record);
        if self.records.len() > self.count {
            self.records.pop_first();
        }
    }
}

/// The whole lines of a segment, last first, without their line feeds.
struct Backward<'s> {
    file: File,
    segment: &'s SegmentFile,
    /// Bytes of the file before `start` have not been read; `buffer` holds those behind it that have not been
    /// given.
    start: u64,
    buffer: Vec<u8>,
}

impl<'s> Backward<'s> {
    fn open(segment: &'s SegmentFile) -> Result<Self, AuditError> {
        let io = |e| AuditError::io("read", &segment.path)(e);
        let mut file = File::open(&segment.path).map_err(io)?;
        let start = file.seek(SeekFrom::End(0)).map_err(io)?;
        let mut lines = Self { file, segment, start, buffer: Vec::new() };
        // What stands behind the last line feed is being written, or torn.
        lines.cut()?;
        Ok(lines)
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, AuditError> {
        if self.buffer.pop().is_none() {
            return Ok(None);
        }
        self.cut().map(Some)
    }

    /// Takes what stands behind the last line feed, or everything if there is none.
    fn cut(&mut self) -> Result<Vec<u8>, AuditError> {
        let mut searched = 0;
        loop {
            let fresh = self.buffer.len() - searched;
            if let Some(at) = self.buffer.get(..fresh).and_then(|fresh| memchr::memrchr(b'\n', fresh)) {
                return Ok(self.buffer.split_off(at + 1));
            }
            if self.start == 0 || self.buffer.len() > MAX_LINE {
                return Ok(std::mem::take(&mut self.buffer));
            }
            searched = self.buffer.len();
            self.grow()?;
        }
    }

    fn grow(&mut self) -> Result<(), AuditError> {
        let io = |e| AuditError::io("read", &self.segment.path)(e);
        let more = (WINDOW.max(self.buffer.len()) as u64).min(self.start);
        self.start -= more;
        self.file.seek(SeekFrom::Start(self.start)).map_err(io)?;
        let mut front = Vec::with_capacity(self.buffer.len() + more as usize);
        self.file.by_ref().take(more).read_to_end(&mut front).map_err(io)?;
        front.append(&mut self.buffer);
        self.buffer = front;
        Ok(())
    }
}
