//! `before` and `after`: dates, and moments with their offset (RFC 3339). No clock is looked at.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Flaw, Unjudgeable};
use crate::diagnostic::quoted;

/// A date or a moment as the policy writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    text: String,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Date(Date),
    Time(Timestamp),
}

impl Moment {
    pub(crate) fn new(text: &str) -> Result<Moment, Flaw> {
        match parse(text) {
            Some(at) => Ok(Moment { text: text.to_owned(), at }),
            None if parse(&format!("{text}Z")).is_some() => {
                let flaw = Flaw::new(format!("{} does not say where it is that time", quoted(text)));
                Err(flaw.help(format!("write `{text}Z` for UTC, or another offset such as `+02:00`")))
            }
            None => Err(Flaw::new(format!("{} is not a date or a moment", quoted(text)))
                .help("write `2026-01-31`, or `2026-01-31T12:00:00Z` with its offset")),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// How the value stands to the operand. A date has no moment and a moment no one date: they are not compared.
    pub(super) fn judge(&self, text: &str) -> Result<Ordering, Unjudgeable> {
        match (parse(text), self.at) {
            (Some(At::Date(value)), At::Date(operand)) => Ok(value.cmp(&operand)),
            (Some(At::Time(value)), At::Time(operand)) => Ok(value.cmp(&operand)),
            (Some(At::Date(_)), At::Time(_)) => Err("is a date without a time".into()),
            (Some(At::Time(_)), At::Date(_)) => {
                Err("is a moment, and what it is compared with is a date".into())
            }
            (None, At::Date(_)) => Err("is not a date such as 2026-01-31".into()),
            (None, At::Time(_)) => {
                Err("is not a moment with its offset, such as 2026-01-31T12:00:00Z".into())
            }
        }
    }
}

/// The one form: `2026-01-31`, or with `T12:00:00`, a fraction if any, and `Z` or an offset.
fn parse(text: &str) -> Option<At> {
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    if !has_shape(date, "dddd-dd-dd") {
        return None;
    }
    let Some(time) = time else { return date.parse().ok().map(At::Date) };
    let (clock, rest) = time.split_at_checked(8)?;
    let leap = clock.ends_with("60");
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            (1..=9).contains(&digits).then(|| fraction.get(digits..))??
        }
        None => rest,
    };
    if !has_shape(clock, "dd:dd:dd") || leap || !is_offset(rest) {
        return None;
    }
    text.parse().ok().map(At::Time)
}

/// `Z`, or hours of one day and minutes (RFC 3339 §5.6): the calendar's own reader knows offsets beyond a day.
fn is_offset(text: &str) -> bool {
    let hours = text.get(1..3).and_then(|hours| hours.parse::<u8>().ok());
    let written = has_shape(text, "+dd:dd") || has_shape(text, "-dd:dd");
    matches!(text, "Z" | "z") || written && hours.is_some_and(|hours| hours < 24)
}

/// `d` stands for a digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}
