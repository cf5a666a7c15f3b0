//! Bearer tokens (RFC 6750): random, shown once, and known afterwards by a keyed digest alone.

use std::fmt;
use std::io;
use std::time::Duration;

use interlock_audit::DigestKey;
use interlock_store::{TokenEntry, TokenKind};

/// What every token of a caller begins with, so that one that leaked is recognised.
pub(crate) const PREFIX: &str = "ilk_";
/// The same for one of an operator.
const ADMIN_PREFIX: &str = "ila_";
/// Digits of its digest by which a token is named: enough to tell them apart, and nothing of the token.
const NAME: usize = 12;
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
    pub fn generate(kind: TokenKind) -> io::Result<Self> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let prefix = match kind {
            TokenKind::Grant => PREFIX,
            TokenKind::Admin => ADMIN_PREFIX,
        };
        Ok(Self(format!("{prefix}{}", hex::encode(random))))
    }

    /// What is kept of it.
    pub fn entry(&self, key: &DigestKey, holder: &str, now_ms: i64, expires: Option<Duration>) -> TokenEntry {
        let digest = key.digest(&self.0);
        let length = expires.map(|expires| i64::try_from(expires.as_millis()).unwrap_or(i64::MAX));
        TokenEntry {
            id: digest.chars().take(NAME).collect(),
            grant: holder.to_owned(),
            digest,
            created_ms: now_ms,
            expires_ms: length.map(|length| now_ms.saturating_add(length)),
            revoked_ms: None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike_and_none_is_printed_by_mistake() {
        let [a, b] = [TokenKind::Grant, TokenKind::Grant].map(|kind| Token::generate(kind).unwrap());
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(a.reveal().len(), PREFIX.len() + 64);
        assert!(!format!("{a:?}").contains(a.reveal()));
    }
}
