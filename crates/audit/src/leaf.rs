//! Leaf hashes of RFC 6962 §2.1.

use std::fmt;

use sha2::{Digest, Sha256};

/// The hash of one record: SHA-256(0x00 ‖ record), shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leaf([u8; 32]);

/// Hashes the canonical bytes of a record. The leading 0x00 keeps leaves apart from the tree's inner nodes
/// (RFC 6962 §2.1).
#[must_use]
pub fn leaf_of(record: &[u8]) -> Leaf {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(record);
    Leaf(hash.finalize().into())
}

impl Leaf {
    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hexadecimal digits; `None` for anything else (upper case too: one leaf has one
    /// spelling).
    #[must_use]
    pub fn parse(hex_digits: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex_digits.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        hex::decode_to_slice(hex_digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub(crate) fn write(&self, out: &mut String) {
        push_hex(&self.0, out);
    }
}

/// Lower-case hexadecimal digits, a few times faster than by way of an iterator of characters.
pub(crate) fn push_hex(bytes: &[u8; 32], out: &mut String) {
    let mut digits = [0; 64];
    // The lengths fit, and the digits are ASCII.
    if hex::encode_to_slice(bytes, &mut digits).is_ok()
        && let Ok(digits) = std::str::from_utf8(&digits)
    {
        out.push_str(digits);
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_leaf_of_rfc_6962() {
        let hex = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(leaf_of(b"").to_string(), hex);
        let mut written = String::new();
        leaf_of(b"").write(&mut written);
        assert_eq!(written, hex);
        assert_eq!(Leaf::parse(hex.as_bytes()), Some(leaf_of(b"")));
        assert_eq!(Leaf::parse(hex.to_uppercase().as_bytes()), None);
    }
}
