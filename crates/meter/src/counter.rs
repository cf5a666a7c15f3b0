//! One counter, whole, in memory.

use std::collections::BTreeMap;

use interlock_json::Decimal;

use crate::total::{add_up, take_out};
use crate::{Align, Bound, Now, Refused, Shape, Window};

/// What was counted when; the total is the sum of what still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    window: Window,
    align: Align,
    /// Sliding: by stamp. Aligned: one entry, by the end of its period.
    entries: BTreeMap<i64, Decimal>,
}

/// Where an amount was counted, to give it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The entry's time.
    pub stamp: i64,
    /// How much.
    pub amount: Decimal,
}

/// An amount that does not fit now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Why.
    pub refused: Refused,
    /// What the counter holds.
    pub value: Decimal,
    /// When the same amount will fit if nothing else is counted; `None`: never.
    pub retry_after_ms: Option<u64>,
}

impl Counter {
    /// A counter that holds nothing.
    #[must_use]
    pub fn new(window: Window, align: Align) -> Self {
        Self { window, align, entries: BTreeMap::new() }
    }

    /// What the counter holds; more than any limit while that cannot be said exactly (see [`add_up`]).
    #[must_use]
    pub fn value(&self, now: Now) -> Decimal {
        self.counting(now).fold(Decimal::ZERO, |sum, (_, amount)| add_up(sum, amount))
    }

    /// Counts `amount` if it fits.
    ///
    /// # Errors
    /// [`Exhausted`]; nothing is counted then.
    pub fn reserve(&mut self, now: Now, amount: Decimal, bound: &Bound) -> Result<Mark, Exhausted> {
        let value = self.value(now);
        bound.after(value, amount).map_err(|refused| Exhausted {
            refused,
            value,
            retry_after_ms: self.retry_after(now, amount, bound),
        })?;
        self.forget(now);
        let stamp = self.stamp(now, bound);
        if !amount.is_zero() {
            let entry = self.entries.entry(stamp).or_insert(Decimal::ZERO);
            *entry = add_up(*entry, amount);
        }
        Ok(Mark { stamp, amount })
    }

    /// Gives back what was counted, if it still counts. What cannot be taken out exactly stays.
    pub fn release(&mut self, mark: Mark) {
        let Some(entry) = self.entries.get_mut(&mark.stamp) else { return };
        if let Some(left) = take_out(*entry, mark.amount) {
            *entry = left;
        }
    }

    fn stamp(&self, now: Now, bound: &Bound) -> i64 {
        let shape = Shape::new(self.window, self.align, bound).with_entries(self.entries.len());
        // What is counted later is kept no earlier: after steps, whose entries lie ahead, too.
        let latest = self.entries.last_key_value().map_or(i64::MIN, |(stamp, _)| *stamp);
        match self.align {
            Align::Sliding => shape.stamp(now.elapsed_ms).max(latest),
            Align::Calendar | Align::CalendarIn(_) => shape.period_end(now.wall_ms),
        }
    }

    /// Entries that still count.
    fn counting(&self, now: Now) -> impl Iterator<Item = (i64, Decimal)> {
        let after = match self.align {
            Align::Sliding => Shape::new(self.window, self.align, &Bound::None).horizon(now.elapsed_ms),
            Align::Calendar | Align::CalendarIn(_) => now.wall_ms,
        };
        self.entries.range(after.saturating_add(1)..).map(|(stamp, amount)| (*stamp, *amount))
    }

    fn forget(&mut self, now: Now) {
        let kept = self.counting(now).collect();
        self.entries = kept;
    }

    fn retry_after(&self, now: Now, amount: Decimal, bound: &Bound) -> Option<u64> {
        bound.after(Decimal::ZERO, amount).ok()?;
        let shape = Shape::new(self.window, self.align, bound);
        let mut left = self.value(now);
        for (stamp, counted) in self.counting(now) {
            left = left.checked_sub(counted)?;
            if bound.after(left, amount).is_ok() {
                let wait = match self.align {
                    Align::Sliding => shape.leaves(stamp).saturating_sub(now.elapsed_ms),
                    Align::Calendar | Align::CalendarIn(_) => stamp.saturating_sub(now.wall_ms),
                };
                return u64::try_from(wait).ok();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
