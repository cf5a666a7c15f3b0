//! The sum of one calendar period, and of those that may yet turn out to be the same one.

use interlock_json::Decimal;

use crate::encoding::{Malformed, Reader, Writer};
use crate::total::{add_up, take_out};
use crate::{Now, Window, Zone};

/// Earlier periods that are remembered; of more, the oldest are taken together.
const EARLIER: usize = 3;

/// What is counted in the present period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    zone: Zone,
    present: Period,
    /// Periods that the clock has left so lately that, had it jumped, they may be part of the true present one.
    earlier: Vec<Period>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    end: i64,
    total: Decimal,
    /// The elapsed time when something was counted last.
    counted_ms: i64,
}

impl Period {
    fn begin(end: i64) -> Self {
        Self { end, total: Decimal::ZERO, counted_ms: i64::MIN }
    }

    fn and(self, other: Self) -> Self {
        Self {
            end: self.end.max(other.end),
            total: add_up(self.total, other.total),
            counted_ms: self.counted_ms.max(other.counted_ms),
        }
    }

    /// Whether no period of the window's length reaches from when it was counted to now, whatever the date.
    fn is_past(&self, window: Window, zone: Zone, now: Now) -> bool {
        now.elapsed_ms.saturating_sub(self.counted_ms) >= window.longest_ms(zone)
    }
}

impl Calendar {
    pub(super) fn new(zone: Zone) -> Self {
        Self { zone, present: Period::begin(i64::MIN), earlier: Vec::new() }
    }

    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    pub(super) fn total(&self) -> Decimal {
        self.present.total
    }

    pub(super) fn end(&self) -> i64 {
        self.present.end
    }

    pub(super) fn advance(&mut self, window: Window, now: Now) {
        if self.present.end > now.wall_ms {
            return;
        }
        let zone = self.zone;
        let next = Period::begin(window.period_end(zone, now.wall_ms));
        let left = std::mem::replace(&mut self.present, next);
        if !left.total.is_zero() {
            self.earlier.push(left);
        }
        self.earlier.retain(|period| !period.is_past(window, zone, now));
        if let [first, second, ..] = self.earlier.as_slice()
            && self.earlier.len() > EARLIER
        {
            let both = first.and(*second);
            self.earlier.splice(..2, [both]);
        }
    }

    pub(super) fn add(&mut self, now: Now, sum: Decimal) {
        self.present.total = sum;
        self.present.counted_ms = now.elapsed_ms;
    }

    pub(super) fn release(&mut self, end: i64, amount: Decimal) {
        if self.present.end == end
            && let Some(left) = take_out(self.present.total, amount)
        {
            self.present.total = left;
        }
    }

    /// Takes what was counted by a false date together in the period of the true one.
    pub(super) fn reclock(&mut self, window: Window, now: Now) -> bool {
        let zone = self.zone;
        let end = window.period_end(zone, now.wall_ms);
        if self.present.end <= end {
            return false;
        }
        let periods = std::mem::take(&mut self.earlier).into_iter().chain([self.present]);
        // The date was never behind: what counted for a period that has ended was counted before its end.
        let counting = periods.filter(|period| period.end >= end && !period.is_past(window, zone, now));
        self.present = Period { end, ..counting.fold(Period::begin(end), Period::and) };
        true
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.earlier.len() as u64);
        for period in self.earlier.iter().chain([&self.present]) {
            writer.signed(period.end);
            writer.decimal(period.total);
            writer.signed(period.counted_ms);
        }
    }

    pub(super) fn read(zone: Zone, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let malformed = reader.malformed();
        let count = usize::try_from(reader.unsigned()?).map_err(|_| malformed)?;
        if count > EARLIER {
            return Err(malformed);
        }
        let earlier = (0..count).map(|_| read_period(reader)).collect::<Result<_, _>>()?;
        Ok(Self { zone, present: read_period(reader)?, earlier })
    }
}

fn read_period(reader: &mut Reader<'_>) -> Result<Period, Malformed> {
    Ok(Period { end: reader.signed()?, total: reader.decimal()?, counted_ms: reader.signed()? })
}
