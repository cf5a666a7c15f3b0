//! Exact numbers, from their text.

use std::cmp::Ordering;
use std::fmt;

/// `0.DIGITS` times a power of ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// Neither the first nor the last is 0; none for zero.
    digits: String,
    /// Where the point stands in the digits.
    point: i64,
}

impl Number {
    /// Reads a number of JSON. `None` where it has more than 38 digits that count, or a power of ten beyond 9999 for
    /// the last of them.
    pub(super) fn parse(text: &str) -> Option<Number> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        let leading = written.len() - written.trim_start_matches('0').len();
        let digits = written.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Number { negative: false, digits, point: 0 });
        }
        let whole = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        let point = whole.checked_add(exponent.parse().ok()?)?;
        let count = i64::try_from(digits.len()).ok()?;
        let held = count <= 38 && (point - count).abs() <= 9_999;
        held.then_some(Number { negative, digits, point })
    }

    /// A number, if the text is one.
    pub(super) fn parse_json(text: &str) -> Option<Number> {
        let numeric = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        Number::parse(text).filter(|_| numeric)
    }

    /// A number that is in range.
    pub(super) fn of(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn is_whole(&self) -> bool {
        usize::try_from(self.point).map_or(self.digits.is_empty(), |point| point >= self.digits.len())
    }

    fn size(&self, other: &Number) -> Ordering {
        let zeros = other.digits.is_empty().cmp(&self.digits.is_empty());
        let both = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        if self.digits.is_empty() || other.digits.is_empty() { zeros } else { both() }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Number { negative, digits, point } = self;
        write!(f, "{}0.{digits}0e{point}", if *negative { "-" } else { "" })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(other),
            (true, true) => other.size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn numbers_in_order() {
    let ascending = [
        "-1e400",
        "-12",
        "-1.5",
        "-1.49",
        "0",
        "1e-400",
        "0.09",
        "0.1",
        "1",
        "1.01",
        "9",
        "10",
        "10.5",
        "9007199254740992",
        "9007199254740993",
        "1e400",
    ];
    for (at, smaller) in ascending.iter().enumerate() {
        for (other, larger) in ascending.iter().enumerate() {
            assert_eq!(Number::of(smaller).cmp(&Number::of(larger)), at.cmp(&other), "{smaller} {larger}");
        }
    }
    for (text, same) in [("1", "1.0"), ("1e0", "10e-1"), ("-0", "0.000"), ("120", "1.2E+2"), ("0.05", "5e-2")]
    {
        assert_eq!(Number::of(text), Number::of(same));
    }
    for (text, whole) in
        [("1.0", true), ("1e3", true), ("1.5", false), ("1e-1", false), ("0", true), ("15e-1", false)]
    {
        assert_eq!(Number::of(text).is_whole(), whole, "{text}");
    }
    for text in ["1e99999", "-1e-99999", "123456789012345678901234567890123456789"] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}
