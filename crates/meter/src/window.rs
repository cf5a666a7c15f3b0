//! Spans of time in which a counter counts.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// A window's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// So many seconds; aligned, it counts from the epoch.
    Seconds(u64),
    /// A day: 24 hours, or from midnight UTC.
    Day,
    /// A week: 7 days, or an ISO week from Monday, midnight UTC.
    Week,
    /// A month: 30 days, or a calendar month in UTC.
    Month,
}

/// Where a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Align {
    /// Anywhere: what counts is the last window's length.
    Sliding,
    /// Where the calendar says.
    Calendar,
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

    /// The longest that a calendar period lasts, in milliseconds.
    #[must_use]
    pub(crate) fn longest_ms(self) -> i64 {
        if self == Self::Month { 31 * DAY_MS } else { self.length_ms() }
    }

    /// The end of the calendar period that holds `unix_ms`: its first millisecond that belongs to the next.
    #[must_use]
    pub fn period_end(self, unix_ms: i64) -> i64 {
        let next_date = match self {
            Self::Seconds(_) => return next_multiple(unix_ms, self.length_ms()),
            Self::Day => return next_multiple(unix_ms, DAY_MS),
            Self::Week => date(unix_ms).and_then(next_monday),
            Self::Month => date(unix_ms).and_then(|date| date.last_of_month().tomorrow().ok()),
        };
        // A date that the calendar cannot name is past any clock: its period is the whole window.
        next_date.and_then(midnight).unwrap_or_else(|| unix_ms.saturating_add(self.length_ms()))
    }
}

fn next_multiple(unix_ms: i64, length: i64) -> i64 {
    let length = length.max(1);
    unix_ms.div_euclid(length).saturating_add(1).saturating_mul(length)
}

fn date(unix_ms: i64) -> Option<Date> {
    Timestamp::from_millisecond(unix_ms).ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

fn next_monday(date: Date) -> Option<Date> {
    date.nth_weekday(1, Weekday::Monday).ok()
}

fn midnight(date: Date) -> Option<i64> {
    date.to_zoned(TimeZone::UTC).ok().map(|start| start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn periods_end_where_the_calendar_says() {
        for (window, now, end) in [
            (Window::Seconds(60), "2026-11-21T10:00:59.999Z", "2026-11-21T10:01:00Z"),
            (Window::Seconds(60), "2026-11-21T10:01:00Z", "2026-11-21T10:02:00Z"),
            (Window::Seconds(7), "1970-01-01T00:00:06.999Z", "1970-01-01T00:00:07Z"),
            (Window::Day, "2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00Z"),
            (Window::Week, "2026-11-21T12:00:00Z", "2026-11-23T00:00:00Z"),
            (Window::Week, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Window::Month, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            (Window::Month, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Window::Day, "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(window.period_end(ms(now)), ms(end), "{window:?} at {now}");
        }
    }

    #[test]
    fn no_time_is_too_odd() {
        for window in
            [Window::Seconds(1), Window::Seconds(u64::MAX), Window::Day, Window::Week, Window::Month]
        {
            for now in [i64::MIN, -1, 0, i64::MAX - 1] {
                assert!(window.period_end(now) > now, "{window:?} at {now}");
            }
        }
    }
}
