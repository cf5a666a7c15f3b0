//! The name of an instance: sortable by start time, unique without asking anybody.

use std::fmt;

use crate::AuditError;

/// Crockford's base 32 in lower case: no `i l o u`, sorts as its value does.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARS: usize = 10;
const LENGTH: usize = 26;
const COMMANDS: &str = "commands";

/// One running gateway, and the directory of its chain: 26 characters, a ULID in lower case (48 bits of unix
/// milliseconds, 80 random bits), so that names sort by start time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(String);

impl InstanceId {
    /// A new name for an instance that starts now.
    ///
    /// # Errors
    /// [`AuditError::Random`] if the system has no randomness to give.
    pub fn generate(now_ms: i64) -> Result<Self, AuditError> {
        let mut random = [0_u8; 10];
        getrandom::fill(&mut random).map_err(|e| AuditError::Random(e.to_string()))?;
        let time = u128::from(now_ms.max(0).unsigned_abs() & 0xffff_ffff_ffff);
        let value = random.iter().fold(time, |value, byte| (value << 8) | u128::from(*byte));
        let digit = |i: usize| {
            let shift = 5 * (LENGTH - 1 - i);
            let index = ((value >> shift) & 31) as usize;
            ALPHABET.get(index).copied().map_or('0', char::from)
        };
        Ok(Self((0..LENGTH).map(digit).collect()))
    }

    /// The chain that short-lived commands share (a read of the log, for example): it has no life of its own
    /// and no `stop`; each command appends to it under its lock.
    #[must_use]
    pub fn commands() -> Self {
        Self(COMMANDS.to_owned())
    }

    /// Reads a name back.
    ///
    /// # Errors [`AuditError::BadInstance`] for anything that [`InstanceId::generate`] and
    /// [`InstanceId::commands`] do not make.
    pub fn parse(text: &str) -> Result<Self, AuditError> {
        let ulid =
            text.len() == LENGTH && text.bytes().all(|b| ALPHABET.contains(&b)) && text.as_bytes() < b"8";
        if ulid || text == COMMANDS {
            return Ok(Self(text.to_owned()));
        }
        Err(AuditError::BadInstance { text: text.to_owned() })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the chain of [`InstanceId::commands`].
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0 == COMMANDS
    }

    /// When the instance was named, unix milliseconds; no record of its chain is older. 0 for the shared
    /// chain.
    #[must_use]
    pub fn started_ms(&self) -> i64 {
        if self.is_shared() {
            return 0;
        }
        let digit = |b: u8| ALPHABET.iter().position(|a| *a == b).unwrap_or(0) as i64;
        self.0.bytes().take(TIME_CHARS).fold(0, |ms, b| (ms << 5) | digit(b))
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_read_back() {
        let times = [0, 1, 31, 32, 1_763_690_000_000, 1_763_690_000_001, (1 << 48) - 1];
        let names: Vec<_> = times.iter().map(|t| InstanceId::generate(*t).unwrap()).collect();
        assert!(names.is_sorted());
        for (name, time) in names.iter().zip(times) {
            assert_eq!(name.started_ms(), time);
            assert_eq!(InstanceId::parse(name.as_str()).unwrap(), *name);
        }
        assert_ne!(InstanceId::generate(5).unwrap(), InstanceId::generate(5).unwrap());
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            ".",
            "..",
            "../x",
            "01k",
            "command",
            "zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "01KAHZ3B2C0000000000000000",
        ] {
            assert!(InstanceId::parse(text).is_err(), "{text}");
        }
    }
}
