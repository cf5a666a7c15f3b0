//! One chain, record by record.

use std::collections::BTreeSet;
use std::path::Path;

use super::{ChainReport, ChainState, MAX_FINDINGS, Problem, is_running};
use crate::chain::{Blocks, SegmentFile, lines, segments};
use crate::head::{self, Head};
use crate::leaf::Leaf;
use crate::log::STOPPED;
use crate::torn;
use crate::{AuditError, InstanceId, line};

pub(super) fn verify(dir: &Path, instance: &InstanceId) -> Result<ChainReport, AuditError> {
    let running = is_running(dir);
    let files = segments(dir)?;
    let mut check = Check::new(instance, running);
    check.numbering(dir, &files);
    for (i, file) in files.iter().enumerate() {
        check.segment(file, i + 1 == files.len())?;
    }
    check.torn_files(dir)?;
    Ok(check.end(dir, files.len() as u64))
}

struct Check<'i> {
    instance: &'i InstanceId,
    running: bool,
    expected: u64,
    prev: Option<Leaf>,
    first_ms: Option<i64>,
    last_ms: i64,
    records: u64,
    open: BTreeSet<u64>,
    /// Whether the last record is a `stop`, and a recovery's.
    stopped: Option<ChainState>,
    torn_markers: Vec<torn::Marker>,
    findings: Vec<Problem>,
    more: u64,
}

impl<'i> Check<'i> {
    fn new(instance: &'i InstanceId, running: bool) -> Self {
        Self {
            instance,
            running,
            expected: 0,
            prev: None,
            first_ms: None,
            last_ms: instance.started_ms(),
            records: 0,
            open: BTreeSet::new(),
            stopped: None,
            torn_markers: Vec::new(),
            findings: Vec::new(),
            more: 0,
        }
    }

    fn found(&mut self, path: &Path, line: Option<u64>, what: impl Into<String>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Problem { path: path.to_owned(), line, what: what.into() });
        } else {
            self.more += 1;
        }
    }

    fn numbering(&mut self, dir: &Path, files: &[SegmentFile]) {
        if files.is_empty() {
            self.found(dir, None, "has no segments");
        }
        let mut expected = 1;
        for file in files {
            if file.number != expected {
                let what = format!("segment {expected} is missing before this one");
                self.found(&file.path, None, what);
            }
            expected = file.number + 1;
        }
    }

    fn segment(&mut self, file: &SegmentFile, last: bool) -> Result<(), AuditError> {
        let mut blocks = Blocks::open(&file.path, 0)?;
        let mut number = 0;
        while let Some(block) = blocks.next()? {
            for (_, bytes) in lines(block) {
                number += 1;
                if block.whole {
                    self.line(&file.path, number, bytes);
                } else if !(last && self.running) {
                    // The last line of a running instance may be caught in the middle of its write.
                    self.found(&file.path, Some(number), "the line is torn: it has no end");
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: u64, bytes: &[u8]) {
        let framed = match line::check(bytes) {
            Ok(framed) => framed,
            Err(error) => {
                self.found(path, Some(number), error.to_string());
                return self.go_on_behind(bytes);
            }
        };
        let document = match head::document(framed.record) {
            Ok(document) => document,
            Err(error) => return self.found(path, Some(number), error.to_string()),
        };
        match Head::of(document.root()) {
            Ok(head) => {
                self.record(path, number, &head, framed.leaf);
                self.torn_markers.extend(torn::Marker::of(document.root()));
                self.stopped = (head.kind == "stop").then(|| match torn::is_crash(document.root()) {
                    true => ChainState::Crashed,
                    false => ChainState::Finished,
                });
            }
            Err(error) => self.found(path, Some(number), error.to_string()),
        }
    }

    /// A changed record is one problem: what follows it is compared with the leaf that it claims.
    fn go_on_behind(&mut self, changed: &[u8]) {
        let Some((leaf, record)) = line::split(changed) else { return };
        let Some(leaf) = Leaf::parse(leaf) else { return };
        let Ok(document) = head::document(record) else { return };
        if let Ok(head) = Head::of(document.root())
            && head.seq == self.expected
        {
            self.expected += 1;
            self.prev = Some(leaf);
            self.stopped = None;
        }
    }

    /// One problem a record: what follows from the first is not said again.
    fn record(&mut self, path: &Path, number: u64, head: &Head, leaf: Leaf) {
        let problem = if head.instance != self.instance.as_str() {
            Some(format!("the record is one of instance `{}`", head.instance))
        } else if self.stopped.is_some() {
            Some(format!("record {} stands after the `stop` record", head.seq))
        } else if head.seq != self.expected {
            Some(self.misnumbered(head.seq))
        } else if head.prev != self.prev {
            Some(format!("record {} does not name the leaf of the record before it", head.seq))
        } else if head.time_ms < self.last_ms {
            Some(format!("record {} is older than the record before it", head.seq))
        } else {
            None
        };
        if let Some(what) = problem {
            self.found(path, Some(number), what);
        }
        self.records += 1;
        self.expected = head.seq.saturating_add(1);
        self.prev = Some(leaf);
        self.first_ms = self.first_ms.or(Some(head.time_ms));
        self.last_ms = head.time_ms;
        match (head.kind.as_str(), head.call) {
            ("intent", _) => {
                self.open.insert(head.seq);
            }
            ("outcome", Some(call)) => {
                self.open.remove(&call);
            }
            _ => {}
        }
    }

    fn misnumbered(&self, seq: u64) -> String {
        match (seq.checked_sub(self.expected), self.expected.checked_sub(1)) {
            (Some(1), _) => format!("record {} is missing before record {seq}", self.expected),
            (Some(_), _) => {
                format!("records {} to {} are missing before record {seq}", self.expected, seq - 1)
            }
            (None, Some(last)) => format!("record {seq} stands after record {last}"),
            (None, None) => format!("record {seq} stands first"),
        }
    }

    /// Bytes that a recovery cut off must still be there, as its record says.
    fn torn_files(&mut self, dir: &Path) -> Result<(), AuditError> {
        let files = torn::files(dir)?;
        for marker in std::mem::take(&mut self.torn_markers) {
            let path = dir.join(&marker.file);
            match files.iter().find(|file| file.name == marker.file) {
                None => self.found(&path, None, "is missing: the torn bytes of a crash"),
                Some(file) if file.sha256()? != marker.sha256 => {
                    self.found(&path, None, "was changed: its hash is not the recorded one");
                }
                Some(_) => {}
            }
            self.torn_markers.push(marker);
        }
        for file in files {
            if !self.torn_markers.iter().any(|marker| marker.file == file.name) {
                self.found(&file.path, None, "holds torn bytes that no record names");
            }
        }
        Ok(())
    }

    fn end(mut self, dir: &Path, segments: u64) -> ChainReport {
        let state = match self.stopped {
            _ if self.instance.is_shared() => ChainState::Shared,
            Some(state) => state,
            None if self.running => ChainState::Running,
            None => ChainState::Unfinished,
        };
        if self.stopped.is_none() && dir.join(STOPPED).exists() {
            self.found(
                &dir.join(STOPPED),
                None,
                "says that the chain is finished, but it has no `stop` record",
            );
        } else if state == ChainState::Unfinished {
            let what = "has no `stop` record and no running process: its end was cut off, or it crashed and has \
                        not been recovered yet";
            self.found(dir, None, what);
        }
        ChainReport {
            instance: self.instance.clone(),
            state,
            segments,
            records: self.records,
            span: self.first_ms.map(|first| (first, self.last_ms)),
            last: self.prev,
            open_calls: self.open.len() as u64,
            findings: self.findings,
            more: self.more,
        }
    }
}
