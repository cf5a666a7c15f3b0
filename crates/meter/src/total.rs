//! Sums of exact amounts that never come out too small.
//!
//! A sum that can be held exactly may have parts that cannot: with 38 digits, `0.5 + 0.5 + a` may fit where
//! `0.5 + a` does not. Whoever chooses the amounts could otherwise make a counter forget.

use interlock_json::Decimal;

/// The sum; where it cannot be held exactly, more than any limit. The counter then denies until what made the
/// sum inexact has left the window.
#[must_use]
pub fn add_up(total: Decimal, amount: Decimal) -> Decimal {
    total.checked_add(amount).unwrap_or_else(beyond_any_limit)
}

/// What is left after an amount is given back; `None` where it cannot be said exactly or was never there: then
/// the amount stays counted.
#[must_use]
pub fn take_out(total: Decimal, amount: Decimal) -> Option<Decimal> {
    total.checked_sub(amount).filter(|left| !left.is_negative())
}

fn beyond_any_limit() -> Decimal {
    Decimal::parse("1e9999").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    const LONG: &str = "12345678901234567890123456789012345678";

    #[test]
    fn sums() {
        for (total, amount, expected) in [
            ("0.5", "0.5", "1"),
            ("1", LONG, "12345678901234567890123456789012345679"),
            ("0.5", LONG, "1e9999"),
            ("1e9999", "1", "1e9999"),
            ("1e9999", "0", "1e9999"),
        ] {
            assert_eq!(add_up(number(total), number(amount)), number(expected), "{total} + {amount}");
        }
    }

    #[test]
    fn what_is_left() {
        for (total, amount, expected) in [
            ("3", "1", Some("2")),
            ("1", "1", Some("0")),
            ("1", "2", None),
            (LONG, "0.5", None),
            ("1e9999", "1", None),
        ] {
            assert_eq!(take_out(number(total), number(amount)), expected.map(number), "{total} - {amount}");
        }
    }
}
