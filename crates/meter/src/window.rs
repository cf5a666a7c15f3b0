//! Spans of time in which a counter counts.

use jiff::civil::{Date, Weekday};

use crate::zone::{self, Zone};

/// A window's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// So many seconds; aligned, it counts from the epoch.
    Seconds(u64),
    /// A day: 24 hours, or from midnight to midnight.
    Day,
    /// A week: 7 days, or an ISO week from the midnight with which Monday begins.
    Week,
    /// A month: 30 days, or a month of the calendar.
    Month,
}

/// Where a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Align {
    /// Anywhere: what counts is the last window's length.
    Sliding,
    /// Where the calendar says, in UTC.
    Calendar,
    /// Where the calendar says, in a time zone.
    CalendarIn(Zone),
}

impl Align {
    /// The zone of the calendar; `None` where nothing goes by a calendar.
    #[must_use]
    pub fn zone(self) -> Option<Zone> {
        match self {
            Self::Sliding => None,
            Self::Calendar => Some(Zone::UTC),
            Self::CalendarIn(zone) => Some(zone),
        }
    }

    /// By the calendar of this zone.
    #[must_use]
    pub fn calendar_in(zone: Zone) -> Self {
        if zone == Zone::UTC { Self::Calendar } else { Self::CalendarIn(zone) }
    }
}

const DAY_MS: i64 = 86_400_000;

impl Window {
    /// The length when it slides, in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        match self {
            Self::Seconds(seconds) => i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX),
            Self::Day => DAY_MS,
            Self::Week => 7 * DAY_MS,
            Self::Month => 30 * DAY_MS,
        }
    }

    /// A time that no calendar period exceeds, in milliseconds. A zone may repeat hours, and has repeated whole days.
    #[must_use]
    pub(crate) fn longest_ms(self, zone: Zone) -> i64 {
        let longest = if self == Self::Month { 31 * DAY_MS } else { self.length_ms() };
        if zone == Zone::UTC { longest } else { longest.saturating_add(DAY_MS) }
    }

    /// The end of the calendar period that holds `unix_ms`: its first millisecond that belongs to the next.
    ///
    /// Windows of seconds count from the epoch in every zone.
    #[must_use]
    pub fn period_end(self, zone: Zone, unix_ms: i64) -> i64 {
        let end = match self {
            Self::Seconds(_) => return next_multiple(unix_ms, self.length_ms()),
            Self::Day if zone == Zone::UTC => return next_multiple(unix_ms, DAY_MS),
            Self::Day | Self::Week | Self::Month => self.next_beginning(zone, unix_ms),
        };
        // A date that the calendar cannot name is past any clock: its period is the whole window.
        end.unwrap_or_else(|| unix_ms.saturating_add(self.length_ms()))
    }

    fn next_beginning(self, zone: Zone, unix_ms: i64) -> Option<i64> {
        let local = zone.local(unix_ms)?;
        let next = self.next_date(local.date())?;
        let begins = zone::begins(next, &local)?;
        if begins > unix_ms {
            return Some(begins);
        }
        // Clocks that are set back over midnight show a date again that has begun before: it has not ended.
        zone::begins(self.next_date(next)?, &local)
    }

    /// The date with which the period after this date's begins.
    fn next_date(self, date: Date) -> Option<Date> {
        match self {
            Self::Seconds(_) | Self::Day => date.tomorrow().ok(),
            Self::Week => date.nth_weekday(1, Weekday::Monday).ok(),
            Self::Month => date.last_of_month().tomorrow().ok(),
        }
    }
}

fn next_multiple(unix_ms: i64, length: i64) -> i64 {
    let length = length.max(1);
    unix_ms.div_euclid(length).saturating_add(1).saturating_mul(length)
}

#[cfg(test)]
mod tests;
