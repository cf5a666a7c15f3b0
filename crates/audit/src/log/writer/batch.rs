//! Records on their way to the file: taken one by one, written together.

use super::End;
use crate::entry::Entry;
use crate::leaf::Leaf;
use crate::line;
use crate::log::Seq;

/// Lines that wait for one `write(2)`.
#[derive(Debug)]
pub(super) struct Batch {
    /// Where the chain ends in the file.
    before: End,
    lines: String,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    seq: Seq,
    time_ms: i64,
    kept: Kept,
    /// Where its line begins.
    at: usize,
}

/// What is done about a record that could not be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept {
    /// Nothing: its call is refused.
    Intent,
    /// It is kept for later.
    Outcome {
        /// The call that has ended.
        call: Seq,
    },
    /// They are counted.
    Refusal {
        /// How many it stands for.
        count: u64,
    },
    /// It is counted.
    Lifecycle,
    /// It came from the backlog, which has it until it is written.
    Backlog,
}

impl Kept {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        match entry {
            Entry::Intent(_) => Self::Intent,
            Entry::Outcome(outcome) => Self::Outcome { call: outcome.call },
            Entry::Refusal(refusal) => Self::Refusal { count: refusal.count },
            Entry::Lifecycle(_) => Self::Lifecycle,
        }
    }
}

/// A record of a batch that could not be written.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) seq: Seq,
    pub(super) time_ms: i64,
    pub(super) kept: Kept,
    pub(super) text: String,
}

impl Batch {
    /// An empty batch on top of a chain that ends there.
    pub(super) fn after(end: End) -> Self {
        Self { before: end, lines: String::with_capacity(2048), records: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn lines(&self) -> &str {
        &self.lines
    }

    /// Where the chain ends without the batch.
    pub(super) fn before(&self) -> End {
        self.before
    }

    /// Whether a record is in here.
    pub(super) fn holds(&self, seq: Seq) -> bool {
        seq.0 >= self.before.next
    }

    pub(super) fn push(&mut self, record: &str, seq: Seq, time_ms: i64, kept: Kept) -> Leaf {
        self.records.push(Record { seq, time_ms, kept, at: self.lines.len() });
        line::write(record, &mut self.lines)
    }

    /// The batch is in the file, which ends there now.
    pub(super) fn written(&mut self, end: End) {
        self.before = end;
        self.lines.clear();
        self.records.clear();
    }

    /// Empties a batch that could not be written.
    pub(super) fn take(&mut self) -> Vec<Lost> {
        let lines = std::mem::take(&mut self.lines);
        let records = std::mem::take(&mut self.records);
        let text_of = |record: &Record| {
            let line = lines.get(record.at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            let text = line::split(line.as_bytes()).map(|(_, text)| String::from_utf8_lossy(text));
            text.unwrap_or_default().into_owned()
        };
        records
            .iter()
            .map(|record| Lost {
                seq: record.seq,
                time_ms: record.time_ms,
                kept: record.kept,
                text: text_of(record),
            })
            .collect()
    }
}
