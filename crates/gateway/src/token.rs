//! Bearer tokens (RFC 6750): random, shown once, and known afterwards by a keyed digest alone.

use std::fmt;
use std::io;

/// What every token begins with, so that one that leaked is recognised.
pub(crate) const PREFIX: &str = "ilk_";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike_and_none_is_printed_by_mistake() {
        let [a, b] = [Token::generate().unwrap(), Token::generate().unwrap()];
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(a.reveal().len(), PREFIX.len() + 64);
        assert!(!format!("{a:?}").contains(a.reveal()));
    }
}
