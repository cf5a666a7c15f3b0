//! Bearer tokens (RFC 6750): random, shown once, and known afterwards by a keyed digest alone.

use std::fmt;
use std::io;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What every token begins with, so that one that leaked is recognised.
pub const PREFIX: &str = "ilk_";
/// Random bytes of a token.
const RANDOM: usize = 32;

/// A token that was just made. It is not kept: only its digest is.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Makes one of 256 random bits.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> io::Result<Self> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(Self(format!("{PREFIX}{}", hex::encode(random))))
    }

    /// The token itself, for showing it once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The key of the digests. Who has the digests and not the key cannot even try tokens.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of these bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The digest by which a token is known: HMAC-SHA-256 (RFC 2104).
    pub fn digest(&self, token: &str) -> TokenDigest {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return TokenDigest([0; 32]) };
        mac.update(b"interlock token\0");
        mac.update(token.as_bytes());
        TokenDigest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// A token's digest. Comparing digests tells nothing of tokens: whoever could steer one byte of a digest would have
/// the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({}…)", hex::encode(self.0).get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_known_by_their_keyed_digest_alone() {
        let [a, b] = [Token::generate().unwrap(), Token::generate().unwrap()];
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(a.reveal().len(), PREFIX.len() + 64);
        let [key, other] = [TokenKey::new([1; 32]), TokenKey::new([2; 32])];
        assert_eq!(key.digest(a.reveal()), key.digest(a.reveal()));
        assert_ne!(key.digest(a.reveal()), key.digest(b.reveal()));
        assert_ne!(key.digest(a.reveal()), other.digest(a.reveal()));
        assert!(!format!("{a:?}{:?}{key:?}", key.digest(a.reveal())).contains(a.reveal()));
    }
}
