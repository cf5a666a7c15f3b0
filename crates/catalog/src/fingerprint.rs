//! What a definition is known by, and what became of one that is another now.
//!
//! A fingerprint is taken of the canonical form (RFC 8785) of the whole object that a server lists: every member, also
//! those that the protocol does not know, and `_meta`. How it is spelled (the order of its members, white space, escapes,
//! `1.0` or `1`) changes nothing; every value does.

mod difference;

use std::fmt;
use std::str::FromStr;

use interlock_json::{Value, canonical};
use sha2::{Digest as _, Sha256};

pub use difference::{Change, Difference, difference, differs_in_name_alone};

/// SHA-256 of a definition's canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// A definition in its canonical form, with its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The canonical form.
    pub text: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

impl Canonical {
    /// Of a tool, as its server lists it.
    pub fn of(tool: Value<'_>) -> Self {
        let text = canonical::to_string(tool);
        let fingerprint = Fingerprint(Sha256::digest(&text).into());
        Self { text, fingerprint }
    }
}

impl Fingerprint {
    /// Of a tool, as its server lists it.
    pub fn of(tool: Value<'_>) -> Self {
        Canonical::of(tool).fingerprint
    }

    /// The digest itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NoFingerprint);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
            let &[high, low] = pair else { return Err(NoFingerprint) };
            let (high, low) = digit(high).zip(digit(low)).ok_or(NoFingerprint)?;
            *byte = high << 4 | low;
        }
        Ok(Self(digest))
    }
}

#[cfg(test)]
mod tests;
