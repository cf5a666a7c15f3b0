//! The entries of a sliding tally: a queue in order of time whose middle is kept elsewhere.

use std::collections::VecDeque;
use std::ops::Range;

use interlock_json::Decimal;

use super::Spill;
use crate::encoding::{Malformed, Reader, Writer};
use crate::total::take_out;

/// Entries in a spilled part. The first and the last part travel with the tally, whose bytes stay under 2 KB
/// where amounts are small integers.
pub(super) const PART: usize = if cfg!(test) { 4 } else { 128 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    stamp: i64,
    amount: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sliding {
    total: Decimal,
    /// The largest stamp that was given.
    latest: i64,
    /// The oldest entries. Empty only if there are no others, or just before it is filled again.
    front: VecDeque<Entry>,
    /// Numbers of the parts between `front` and `back`; none of them is empty.
    spilled: Range<u64>,
    back: VecDeque<Entry>,
}

impl Default for Sliding {
    fn default() -> Self {
        let none = VecDeque::new();
        Self { total: Decimal::ZERO, latest: i64::MIN, front: none.clone(), spilled: 0..0, back: none }
    }
}

impl Sliding {
    pub(super) fn total(&self) -> Decimal {
        self.total
    }

    pub(super) fn latest(&self) -> i64 {
        self.latest
    }

    /// How many there are, the parts taken as full.
    pub(super) fn entries(&self) -> usize {
        let spilled =
            usize::try_from(self.spilled.end.saturating_sub(self.spilled.start)).unwrap_or(usize::MAX);
        spilled.saturating_mul(PART).saturating_add(self.front.len()).saturating_add(self.back.len())
    }

    /// Drops the entries up to a stamp.
    pub(super) fn advance<S: Spill>(&mut self, horizon: i64, spill: &mut S) -> Result<(), S::Error> {
        if self.latest <= horizon {
            return self.clear(spill);
        }
        loop {
            while let Some(entry) = self.front.front().filter(|entry| entry.stamp <= horizon) {
                // The rest of an exact sum may need more digits than the sum. Such an entry counts on until
                // others have gone, too.
                let Some(rest) = take_out(self.total, entry.amount) else { return Ok(()) };
                self.total = rest;
                self.front.pop_front();
            }
            if !self.front.is_empty() || !self.refill(spill)? {
                return Ok(());
            }
        }
    }

    fn clear<S: Spill>(&mut self, spill: &mut S) -> Result<(), S::Error> {
        if !self.spilled.is_empty() {
            spill.remove(self.spilled.clone())?;
        }
        *self = Self { latest: self.latest, ..Self::default() };
        Ok(())
    }

    /// Moves the next entries to the empty front; `false` if there are none.
    fn refill<S: Spill>(&mut self, spill: &mut S) -> Result<bool, S::Error> {
        match self.spilled.next() {
            Some(number) => {
                self.front = load(number, spill)?;
                spill.remove(number..self.spilled.start)?;
            }
            None => self.front = std::mem::take(&mut self.back),
        }
        Ok(!self.front.is_empty())
    }

    /// Adds to the entry of a stamp, or of the latest one if that is larger. `sum` is the total with the amount.
    pub(super) fn add<S: Spill>(
        &mut self,
        stamp: i64,
        amount: Decimal,
        sum: Decimal,
        spill: &mut S,
    ) -> Result<i64, S::Error> {
        let stamp = stamp.max(self.latest);
        if amount.is_zero() {
            return Ok(stamp);
        }
        let newest = if self.back.is_empty() { self.front.back_mut() } else { self.back.back_mut() };
        let same = newest.filter(|entry| entry.stamp == stamp);
        match same.and_then(|entry| Some((entry.amount.checked_add(amount)?, entry))) {
            Some((both, entry)) => entry.amount = both,
            None => self.push(Entry { stamp, amount }, spill)?,
        }
        (self.latest, self.total) = (stamp, sum);
        Ok(stamp)
    }

    fn push<S: Spill>(&mut self, entry: Entry, spill: &mut S) -> Result<(), S::Error> {
        if self.back.len() >= PART {
            let part = std::mem::take(&mut self.back);
            if self.front.is_empty() && self.spilled.is_empty() {
                self.front = part;
            } else {
                save(self.spilled.end, &part, spill)?;
                self.spilled.end = self.spilled.end.saturating_add(1);
            }
        }
        self.back.push_back(entry);
        Ok(())
    }

    pub(super) fn release<S: Spill>(
        &mut self,
        stamp: i64,
        amount: Decimal,
        spill: &mut S,
    ) -> Result<(), S::Error> {
        let Some(total) = take_out(self.total, amount).filter(|_| !amount.is_zero()) else { return Ok(()) };
        if take(&mut self.back, stamp, amount)
            || self.take_spilled(stamp, amount, spill)?
            || take(&mut self.front, stamp, amount)
        {
            self.total = total;
        }
        Ok(())
    }

    /// The newest parts first: what is given back mostly came a moment ago.
    fn take_spilled<S: Spill>(&self, stamp: i64, amount: Decimal, spill: &mut S) -> Result<bool, S::Error> {
        if self.front.back().is_some_and(|last| last.stamp > stamp)
            || self.back.front().is_some_and(|first| first.stamp < stamp)
        {
            return Ok(false);
        }
        for number in self.spilled.clone().rev() {
            let mut part = load(number, spill)?;
            if take(&mut part, stamp, amount) {
                save(number, &part, spill)?;
                return Ok(true);
            }
            if part.front().is_some_and(|first| first.stamp < stamp) {
                break;
            }
        }
        Ok(false)
    }

    /// The stamp of the first entry that must leave so that the rest `fits`.
    pub(super) fn first_that_frees<S: Spill>(
        &self,
        fits: impl Fn(Decimal) -> bool,
        spill: &mut S,
    ) -> Result<Option<i64>, S::Error> {
        let mut left = Some(self.total);
        let mut frees = |entry: &&Entry| {
            left = left.and_then(|left| take_out(left, entry.amount));
            left.is_some_and(&fits)
        };
        if let Some(entry) = self.front.iter().find(&mut frees) {
            return Ok(Some(entry.stamp));
        }
        for number in self.spilled.clone() {
            if let Some(entry) = load(number, spill)?.iter().find(&mut frees) {
                return Ok(Some(entry.stamp));
            }
        }
        if let Some(entry) = self.back.iter().find(&mut frees) {
            return Ok(Some(entry.stamp));
        }
        // With nothing left it fits, however inexact the way there was.
        Ok(fits(Decimal::ZERO).then_some(self.latest))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.decimal(self.total);
        writer.signed(self.latest);
        writer.unsigned(self.spilled.start);
        writer.unsigned(self.spilled.end.saturating_sub(self.spilled.start));
        write_entries(&self.front, writer);
        write_entries(&self.back, writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let total = reader.decimal()?;
        let latest = reader.signed()?;
        let start = reader.unsigned()?;
        let end = start.checked_add(reader.unsigned()?).ok_or(reader.malformed())?;
        let (front, back) = (read_entries(reader)?, read_entries(reader)?);
        Ok(Self { total, latest, front, spilled: start..end, back })
    }
}

/// Takes an amount out of the entry with a stamp. An entry of nothing stays: it leaves with its time.
fn take(entries: &mut VecDeque<Entry>, stamp: i64, amount: Decimal) -> bool {
    let first = entries.partition_point(|entry| entry.stamp < stamp);
    for entry in entries.range_mut(first..).take_while(|entry| entry.stamp == stamp) {
        if let Some(left) = take_out(entry.amount, amount) {
            entry.amount = left;
            return true;
        }
    }
    false
}

fn load<S: Spill>(number: u64, spill: &mut S) -> Result<VecDeque<Entry>, S::Error> {
    let bytes = spill.load(number)?;
    let mut reader = Reader::new(&bytes);
    let entries = read_entries(&mut reader)?;
    reader.finish()?;
    Ok(entries)
}

fn save<S: Spill>(number: u64, part: &VecDeque<Entry>, spill: &mut S) -> Result<(), S::Error> {
    let mut writer = Writer::default();
    write_entries(part, &mut writer);
    spill.save(number, &writer.finish())
}

/// Stamps as differences.
fn write_entries(entries: &VecDeque<Entry>, writer: &mut Writer) {
    writer.unsigned(entries.len() as u64);
    let mut before = 0_i64;
    for entry in entries {
        writer.signed(entry.stamp.wrapping_sub(before));
        writer.decimal(entry.amount);
        before = entry.stamp;
    }
}

fn read_entries(reader: &mut Reader<'_>) -> Result<VecDeque<Entry>, Malformed> {
    let count = reader.unsigned()?;
    let mut entries = VecDeque::new();
    let mut stamp = 0_i64;
    for _ in 0..count {
        stamp = stamp.wrapping_add(reader.signed()?);
        entries.push_back(Entry { stamp, amount: reader.decimal()? });
    }
    Ok(entries)
}
