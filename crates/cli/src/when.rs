//! Times as people write them.

/// A time as tables show it: to the second.
pub(crate) use interlock_audit::format_seconds as to_the_second;
use interlock_audit::parse_ms;

pub(crate) fn parse_now(text: &str) -> Result<i64, String> {
    parse(text, jiff::Timestamp::now().as_millisecond())
}

/// A date or a time, in milliseconds since 1970. A date begins at midnight, UTC.
pub(crate) fn point(text: &str) -> Option<i64> {
    let date = || parse_ms(&format!("{text}T00:00:00.000Z"));
    date().or_else(|| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond))
}

fn parse(text: &str, now_ms: i64) -> Result<i64, String> {
    ago(text).and_then(|span| now_ms.checked_sub(span)).or_else(|| point(text)).ok_or_else(|| {
        "write a UTC date (2026-11-21), a time (2026-11-21T10:00:00Z), or how long ago (90s, 15m, 2h, 7d, 4w)"
            .to_owned()
    })
}

/// A length of time, such as `30s`.
pub(crate) fn span(text: &str) -> Result<std::time::Duration, String> {
    let length = ago(text).and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
    length
        .map(std::time::Duration::from_millis)
        .ok_or_else(|| "write a length of time: 30s, 2m, 1h".to_owned())
}

/// Milliseconds of `15m` and the like.
fn ago(text: &str) -> Option<i64> {
    let unit = match text.chars().next_back()? {
        's' => 1000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 604_800_000,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse::<i64>().ok().filter(|_| digits)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_show_seconds() {
        assert_eq!(to_the_second(1_763_690_000_999), "2025-11-21T01:53:20Z");
    }

    #[test]
    fn spans() {
        assert_eq!(span("30s"), Ok(std::time::Duration::from_secs(30)));
        for text in ["0s", "30", "-1s", "", "s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        let now = 1_763_690_000_000;
        let check = |text: &str, expected: Option<i64>| assert_eq!(parse(text, now).ok(), expected, "{text}");
        check("90s", Some(now - 90_000));
        check("15m", Some(now - 900_000));
        check("2h", Some(now - 7_200_000));
        check("7d", Some(now - 604_800_000));
        check("1w", Some(now - 604_800_000));
        check("2025-11-21", Some(1_763_683_200_000));
        check("2025-11-21T01:53:20Z", Some(now));
        check("2025-11-21T02:53:20+01:00", Some(now));
        check("2025-11-21T01:53:20.5Z", Some(now + 500));
        for text in ["", "h", "-2h", "2", "2y", "yesterday", "2025-13-01", "99999999999999999w", "é"] {
            check(text, None);
        }
    }
}
