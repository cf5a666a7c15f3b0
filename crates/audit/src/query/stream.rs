//! The wanted records of one chain, oldest first.

use std::path::Path;
use std::sync::Arc;

use crate::chain::{Blocks, SegmentFile, segments};
use crate::filter::Matcher;
use crate::record::quick_time;
use crate::seek::first_at_least;
use crate::{AuditError, InstanceId, Record};

#[derive(Debug)]
pub(super) struct Stream {
    instance: InstanceId,
    matcher: Arc<Matcher>,
    /// Segments not begun yet, last first.
    segments: Vec<SegmentFile>,
    blocks: Option<Blocks>,
    /// Where in the current block to go on.
    at: usize,
    /// The current block in lower case, if that is what is searched.
    lower: Vec<u8>,
}

impl Stream {
    pub(super) fn open(
        audit: &Path,
        instance: &InstanceId,
        matcher: &Arc<Matcher>,
    ) -> Result<Self, AuditError> {
        let mut segments = segments(&audit.join(instance.as_str()))?;
        let mut blocks = None;
        if let Some(from) = matcher.filter.from_ms {
            let (index, offset) = first_at_least(&segments, from, quick_time)?;
            segments.drain(..index);
            if let Some(first) = segments.first() {
                blocks = Some(Blocks::open(&first.path, offset)?);
                segments.remove(0);
            }
        }
        segments.reverse();
        let matcher = Arc::clone(matcher);
        Ok(Self { instance: instance.clone(), matcher, segments, blocks, at: 0, lower: Vec::new() })
    }

    pub(super) fn next(&mut self) -> Result<Option<Record>, AuditError> {
        loop {
            if let Some(record) = self.in_block() {
                return Ok(Some(record));
            }
            if !self.next_block()? {
                return Ok(None);
            }
        }
    }

    fn in_block(&mut self) -> Option<Record> {
        let block = self.blocks.as_ref()?.current();
        while let Some(hit) = self.matcher.find(block, &self.lower, self.at) {
            let begin = block.get(..hit).and_then(|b| memchr::memrchr(b'\n', b)).map_or(0, |at| at + 1);
            let rest = block.get(hit..)?;
            let end = hit + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.at = end + 1;
            let line = block.get(begin..end)?;
            if !self.matcher.may_match(line) {
                continue;
            }
            match Record::of(&self.instance, line) {
                Some(record) if self.matcher.matches(&record) => return Some(record),
                _ => {}
            }
        }
        None
    }

    /// Goes to the next block of whole lines; `false` at the end, which a time limit may set.
    fn next_block(&mut self) -> Result<bool, AuditError> {
        self.at = 0;
        loop {
            let Some(blocks) = &mut self.blocks else {
                let Some(segment) = self.segments.pop() else { return Ok(false) };
                self.blocks = Some(Blocks::open(&segment.path, 0)?);
                continue;
            };
            match blocks.next()? {
                None => self.blocks = None,
                Some(block) if !block.whole => {}
                Some(block) if is_too_late(&self.matcher, block.bytes) => {
                    self.segments.clear();
                    self.blocks = None;
                }
                Some(block) => {
                    self.lower.clear();
                    if self.matcher.wants_lower() {
                        self.lower.extend_from_slice(block.bytes);
                        self.lower.make_ascii_lowercase();
                    }
                    return Ok(true);
                }
            }
        }
    }
}

fn is_too_late(matcher: &Matcher, block: &[u8]) -> bool {
    let Some(to) = matcher.filter.to_ms else { return false };
    let first = memchr::memchr(b'\n', block).and_then(|end| block.get(..end));
    first.and_then(quick_time).is_some_and(|time| time >= to)
}
