//! Digests of several texts.

use sha2::{Digest as _, Sha256};

/// A digest of texts, each with its length, so that no two lists of them are one.
#[derive(Debug)]
pub(crate) struct Parts(Sha256);

impl Parts {
    /// Of this kind, which no digest of another kind equals.
    pub(crate) fn of(what: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.add(what.as_bytes());
        parts
    }

    pub(crate) fn add(&mut self, text: &[u8]) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    pub(crate) fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
