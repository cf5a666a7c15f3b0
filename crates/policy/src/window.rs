//! Spans of time in which limits count.

use std::fmt;

use crate::zone::Zone;

/// How long a counter counts before it begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// So many seconds, at least one.
    Seconds(u64),
    /// A day: 24 hours when sliding, from midnight UTC when calendar-aligned.
    Day,
    /// A week: seven days when sliding, an ISO week (from Monday) when calendar-aligned.
    Week,
    /// 30 days when sliding, a month of the calendar when calendar-aligned.
    Month,
}

/// Where a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Align {
    /// It ends now: no interval of its length, wherever it starts, holds more than the limit.
    Sliding,
    /// It begins with the day, week or month in UTC; other lengths are aligned to 1970-01-01.
    Calendar,
    /// It begins with the day, week or month of this zone.
    CalendarIn(Zone),
}

impl Align {
    /// The calendar of a zone, where the window goes by a calendar.
    pub(crate) fn within(self, zone: Option<Zone>) -> Align {
        match (self, zone) {
            (Align::Sliding, _) => Align::Sliding,
            (_, None | Some(Zone::UTC)) => Align::Calendar,
            (_, Some(zone)) => Align::CalendarIn(zone),
        }
    }
}

/// The longest window, ten years: a longer one is a mistake, and arithmetic on it stays far from overflow.
const LONGEST_SECONDS: u64 = 10 * 366 * 86_400;

impl Window {
    /// Reads `minute`, `hour`, `day`, `week`, `month`, a number of seconds, or a number with one of the units
    /// `s m h d`. `None` for anything else, for zero and for more than ten years.
    pub fn parse(text: &str) -> Option<Window> {
        match text {
            "minute" => return Some(Window::Seconds(60)),
            "hour" => return Some(Window::Seconds(3_600)),
            "day" | "1d" => return Some(Window::Day),
            "week" => return Some(Window::Week),
            "month" => return Some(Window::Month),
            _ => {}
        }
        seconds(text).map(Window::Seconds)
    }

    /// Whether it is a day, a week or a month, whose beginning depends on the time zone.
    pub(crate) fn has_dates(self) -> bool {
        !matches!(self, Window::Seconds(_))
    }

    /// The length in seconds of the sliding window.
    pub fn sliding_seconds(self) -> u64 {
        match self {
            Window::Seconds(seconds) => seconds,
            Window::Day => 86_400,
            Window::Week => 7 * 86_400,
            Window::Month => 30 * 86_400,
        }
    }

    /// The window in the words of messages: `minute`, `90 seconds`, `10 minutes`, `day`.
    pub fn words(self) -> String {
        match self {
            Window::Seconds(60) => "minute".to_owned(),
            Window::Seconds(3_600) => "hour".to_owned(),
            Window::Seconds(1) => "second".to_owned(),
            Window::Seconds(seconds) => {
                let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
                let whole =
                    units.into_iter().find(|(unit, _)| seconds > *unit && seconds.is_multiple_of(*unit));
                let (unit, name) = whole.unwrap_or((1, "seconds"));
                format!("{} {name}", seconds / unit)
            }
            Window::Day => "day".to_owned(),
            Window::Week => "week".to_owned(),
            Window::Month => "month".to_owned(),
        }
    }
}

/// A whole number with a unit of `s m h d` (seconds without one), from one second to ten years.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3_600),
        (at, 'd') => (text.get(..at)?, 86_400),
        _ => (text, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=LONGEST_SECONDS).contains(&seconds).then_some(seconds)
}

impl fmt::Display for Window {
    /// The stable text of counter keys and printed policies; `Window::parse` reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Seconds(60) => f.write_str("minute"),
            Window::Seconds(3_600) => f.write_str("hour"),
            Window::Seconds(seconds) => write!(f, "{seconds}s"),
            Window::Day => f.write_str("day"),
            Window::Week => f.write_str("week"),
            Window::Month => f.write_str("month"),
        }
    }
}

impl fmt::Display for Align {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Align::Sliding => f.write_str("sliding"),
            Align::Calendar => f.write_str("calendar"),
            Align::CalendarIn(zone) => write!(f, "calendar@{zone}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn windows_are_words_seconds_or_units() {
        #[rustfmt::skip]
        let table = [
            ("minute", Some(Window::Seconds(60))), ("60", Some(Window::Seconds(60))), ("1m", Some(Window::Seconds(60))),
            ("10s", Some(Window::Seconds(10))), ("90m", Some(Window::Seconds(5_400))), ("hour", Some(Window::Seconds(3_600))),
            ("day", Some(Window::Day)), ("1d", Some(Window::Day)), ("2d", Some(Window::Seconds(172_800))), ("week", Some(Window::Week)),
            ("month", Some(Window::Month)), ("0", None), ("0s", None), ("", None), ("s", None), ("-1", None), ("1.5", None),
            ("1w", None), ("Minute", None), (" 60", None), ("10 s", None), ("99999999999999999999s", None), ("4000d", None),
            ("3660d", Some(Window::Seconds(3_660 * 86_400))), ("١٠s", None),
        ];
        for (text, expected) in table {
            assert_eq!(Window::parse(text), expected, "{text}");
            if let Some(window) = expected {
                assert_eq!(Window::parse(&window.to_string()), expected, "{text} is printed as {window}");
            }
        }
    }
}
