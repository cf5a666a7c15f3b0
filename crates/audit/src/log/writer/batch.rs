//! Records on their way to the file: taken one by one, written together.

use super::End;
use crate::entry::Entry;
use crate::line;
use crate::log::Seq;

/// Lines that wait for one `write(2)`.
#[derive(Debug, Default)]
pub(in crate::log) struct Batch {
    lines: String,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    seq: Seq,
    kept: Kept,
    /// Where its line begins.
    at: usize,
    /// The chain with it as its last record.
    end: End,
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
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(in crate::log) fn len(&self) -> usize {
        self.records.len()
    }

    /// The size of all its lines.
    pub(super) fn bytes(&self) -> usize {
        self.lines.len()
    }

    /// Takes a record, after which the chain ends there.
    pub(super) fn push(&mut self, record: &str, seq: Seq, time_ms: i64, kept: Kept) -> End {
        let at = self.lines.len();
        let leaf = line::write(record, &mut self.lines);
        let end = End { next: seq.0 + 1, prev: Some(leaf), last_ms: time_ms };
        self.records.push(Record { seq, kept, at, end });
        end
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.records.clear();
    }

    /// The lines of records from `first` on, as many as have room in so many bytes but one at least; and how many.
    pub(in crate::log) fn lines(&self, first: usize, room: u64) -> (&str, usize) {
        let begin = self.begin_of(first);
        let fits = |last: usize| (self.begin_of(last + 1) - begin) as u64 <= room;
        let more = (first + 1..self.records.len()).take_while(|last| fits(*last)).count();
        let count = self.records.len().saturating_sub(first).min(1 + more);
        (self.lines.get(begin..self.begin_of(first + count)).unwrap_or_default(), count)
    }

    fn begin_of(&self, record: usize) -> usize {
        self.records.get(record).map_or(self.lines.len(), |record| record.at)
    }

    /// Where the chain ends after so many of its records; `None` for none.
    pub(super) fn end_of(&self, count: usize) -> Option<End> {
        count.checked_sub(1).and_then(|last| self.records.get(last)).map(|record| record.end)
    }

    /// The records after the first `written`, which could not be written.
    pub(super) fn lost(&self, written: usize) -> impl Iterator<Item = Lost> {
        let lost = self.records.iter().enumerate().skip(written);
        lost.map(|(index, record)| Lost {
            seq: record.seq,
            time_ms: record.end.last_ms,
            kept: record.kept,
            text: self.text_of(index),
        })
    }

    fn text_of(&self, record: usize) -> String {
        let line = self.lines.get(self.begin_of(record)..self.begin_of(record + 1)).unwrap_or_default();
        let text = line::split(line.trim_end().as_bytes()).map(|(_, text)| String::from_utf8_lossy(text));
        text.unwrap_or_default().into_owned()
    }
}
