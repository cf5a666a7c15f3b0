//! Times and spans as tests and options write them.

/// Milliseconds of `500ms`, `30s`, `15m`, `2h`, `7d`.
pub(crate) fn span(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

/// Unix milliseconds of `2026-01-05T09:00:00Z`, or of a date's midnight in UTC.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let time = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse());
    time.ok().map(|time| time.as_millisecond())
}

/// A moment as it is written.
pub(crate) fn written(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("15m", Some(900_000)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
            ("s", None),
            ("1", None),
            ("-1s", None),
            ("1.5s", None),
            ("99999999999999999999s", None),
            ("9223372036854775807s", None),
        ] {
            assert_eq!(span(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2026-01-05T09:00:00Z", Some(1_767_603_600_000)),
            ("2026-01-05", Some(1_767_571_200_000)),
            ("2026-01-05T10:00:00+01:00", Some(1_767_603_600_000)),
            ("tomorrow", None),
            ("2026-13-01", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(written(1_767_603_600_000), "2026-01-05T09:00:00Z");
    }
}
