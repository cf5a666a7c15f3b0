//! What servers are shown, sealed at rest: AES-256-GCM (NIST SP 800-38D), each credential bound to the server and the
//! name that it is kept under, so that one cannot be put in the place of another.

use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use interlock_store::{CredentialEntry, Credentials, Resealed, StoreError};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use crate::record::now_ms;

/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a digest by which a key is named.
const KEY_ID: usize = 8;
/// What else may be sealed under the same key is bound to something that begins otherwise.
const BOUND_TO: &[u8] = b"interlock credential 1";
/// Bytes of one credential: no header holds more.
pub const MOST_CREDENTIAL: usize = 64 << 10;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The keys that credentials are sealed with: the one in use, and those before it that still open.
#[derive(Clone)]
pub struct CredentialKeys {
    current: Arc<Key>,
    previous: Vec<Arc<Key>>,
}

struct Key {
    id: String,
    key: LessSafeKey,
}

/// Why a key cannot be used. What was given is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key for credentials is 32 bytes, written as 64 hexadecimal digits or in Base64; `interlock credentials key` makes one"
)]
pub struct NotAKey;

/// Why something cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No header holds so much.
    #[error("a credential has at most {MOST_CREDENTIAL} bytes")]
    TooLong,
    /// The system has no randomness to give.
    #[error("the system gives no randomness")]
    Randomness,
}

/// Why a credential cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// None of this name is kept.
    #[error(
        "no credential `{name}` is kept for the server `{server}`; `interlock credentials set {server} {name}` keeps one"
    )]
    Missing {
        /// The server.
        server: String,
        /// The credential's name.
        name: String,
    },
    /// It was sealed with a key that is not among those given.
    #[error(
        "the credential `{name}` of the server `{server}` is sealed with the key `{key_id}`, which is neither `credentials.key` \
         nor among `credentials.previous_keys`"
    )]
    OtherKey {
        /// The server.
        server: String,
        /// The credential's name.
        name: String,
        /// The name of the key.
        key_id: String,
    },
    /// It was changed since, or belongs to another server or name.
    #[error(
        "the credential `{name}` of the server `{server}` is not as it was sealed: it was changed, or put in the place of another; \
         set it anew"
    )]
    Changed {
        /// The server.
        server: String,
        /// The credential's name.
        name: String,
    },
}

/// Where credentials are kept, with the keys to them.
#[derive(Clone)]
pub struct Vault {
    store: Arc<dyn Credentials>,
    keys: CredentialKeys,
}

/// Why what is kept cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the register of credentials does not answer: {0}")]
    Store(#[from] StoreError),
}

impl Secret {
    /// Takes a text for a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for where it is needed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Key {
    fn read(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        let bytes = match text.len() {
            64 => hex::decode(text).map_err(|_| NotAKey)?,
            _ => STANDARD.decode(text).map_err(|_| NotAKey)?,
        };
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| NotAKey)?;
        let mut digest = Sha256::new();
        digest.update(b"interlock credential key");
        digest.update(&bytes);
        let id = digest.finalize().iter().take(KEY_ID).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { id, key: LessSafeKey::new(key) })
    }
}

impl CredentialKeys {
    /// The key in use, and those before it.
    ///
    /// # Errors
    /// When one is not a key.
    pub fn read<'t>(current: &str, previous: impl IntoIterator<Item = &'t str>) -> Result<Self, NotAKey> {
        let previous: Result<_, _> = previous.into_iter().map(|text| Key::read(text).map(Arc::new)).collect();
        Ok(Self { current: Arc::new(Key::read(current)?), previous: previous? })
    }

    /// A new key, as settings hold it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> io::Result<String> {
        let mut random = [0; KEY];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(STANDARD.encode(random))
    }

    /// The name of the key in use, which says nothing of the key.
    #[must_use]
    pub fn current(&self) -> &str {
        &self.current.id
    }

    /// Whether this is sealed with the key in use.
    #[must_use]
    pub fn is_current(&self, entry: &CredentialEntry) -> bool {
        entry.key_id == self.current.id
    }

    /// Seals a credential of a server with the key in use.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn seal(
        &self,
        server: &str,
        name: &str,
        secret: &str,
        written_ms: i64,
    ) -> Result<CredentialEntry, SealError> {
        if secret.len() > MOST_CREDENTIAL {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        // Random ones do for 2^32 credentials under one key (SP 800-38D, section 8.3).
        getrandom::fill(&mut nonce).map_err(|_| SealError::Randomness)?;
        let mut entry = CredentialEntry {
            server: server.to_owned(),
            name: name.to_owned(),
            key_id: self.current.id.clone(),
            sealed: Vec::new(),
            written_ms,
        };
        let mut sealed = secret.as_bytes().to_vec();
        let used = Nonce::assume_unique_for_key(nonce);
        self.current
            .key
            .seal_in_place_append_tag(used, Aad::from(bound_to(&entry)), &mut sealed)
            .map_err(|_| SealError::TooLong)?;
        entry.sealed = [nonce.as_slice(), &sealed].concat();
        Ok(entry)
    }

    /// Opens a credential.
    ///
    /// # Errors
    /// When it was sealed with another key, or is not as it was sealed.
    pub fn open(&self, entry: &CredentialEntry) -> Result<Secret, CredentialError> {
        let CredentialEntry { server, name, key_id, .. } = entry.clone();
        let known = std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == key_id);
        let Some(key) = known else { return Err(CredentialError::OtherKey { server, name, key_id }) };
        let opened = || {
            let (nonce, sealed) = entry.sealed.split_at_checked(NONCE_LEN)?;
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = sealed.to_vec();
            let opened = key.key.open_in_place(nonce, Aad::from(bound_to(entry)), &mut sealed).ok()?;
            String::from_utf8(opened.to_vec()).ok()
        };
        opened().map(Secret).ok_or(CredentialError::Changed { server, name })
    }

    /// The credential of this name among all that are kept.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn find(
        &self,
        entries: &[CredentialEntry],
        server: &str,
        name: &str,
    ) -> Result<Secret, CredentialError> {
        match entries.iter().find(|entry| entry.server == server && entry.name == name) {
            Some(entry) => self.open(entry),
            None => Err(CredentialError::Missing { server: server.to_owned(), name: name.to_owned() }),
        }
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.current).chain(&self.previous).map(|key| key.id.as_str())
    }
}

/// What a sealed credential belongs to.
fn bound_to(entry: &CredentialEntry) -> Vec<u8> {
    let mut bound = BOUND_TO.to_vec();
    for text in [&entry.server, &entry.name, &entry.key_id] {
        bound.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bound.extend_from_slice(text.as_bytes());
    }
    bound.extend_from_slice(&entry.written_ms.to_be_bytes());
    bound
}

impl PartialEq for CredentialKeys {
    fn eq(&self, other: &Self) -> bool {
        self.ids().eq(other.ids())
    }
}

impl fmt::Debug for CredentialKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialKeys").field("current", &self.current.id).finish_non_exhaustive()
    }
}

impl Vault {
    /// Credentials kept in this register.
    #[must_use]
    pub fn new(store: Arc<dyn Credentials>, keys: CredentialKeys) -> Self {
        Self { store, keys }
    }

    /// One credential as it is kept now, and as it is sealed.
    pub(crate) async fn read(
        &self,
        server: &str,
        name: &str,
    ) -> Result<(Secret, CredentialEntry), VaultError> {
        let entries = self.store.credentials().await?;
        let found = entries.into_iter().find(|entry| entry.server == server && entry.name == name);
        let missing = || CredentialError::Missing { server: server.to_owned(), name: name.to_owned() };
        let entry = found.ok_or_else(missing)?;
        Ok((self.keys.open(&entry)?, entry))
    }

    /// Puts a new one in the place of what was read. One that somebody has set since stays.
    pub(crate) async fn replace(&self, read: &CredentialEntry, secret: &Secret) -> Result<(), VaultError> {
        let entry = self.keys.seal(&read.server, &read.name, secret.reveal(), now_ms())?;
        self.store.reseal(vec![Resealed { before: read.sealed.clone(), entry }]).await?;
        Ok(())
    }
}

/// Whether they are opened by the same keys.
impl PartialEq for Vault {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (CredentialKeys, String) {
        let text = CredentialKeys::generate().unwrap();
        (CredentialKeys::read(&text, []).unwrap(), text)
    }

    #[test]
    fn what_is_sealed_is_opened_as_it_was_and_cannot_be_read() {
        let (keys, text) = keys();
        for secret in ["", "s3cret", "sécret ✓", &"x".repeat(MOST_CREDENTIAL)] {
            let entry = keys.seal("files", "token", secret, 5).unwrap();
            assert_eq!(keys.open(&entry).unwrap().reveal(), secret);
            let readable = |part: &[u8]| entry.sealed.windows(part.len()).any(|window| window == part);
            assert!(secret.len() < 4 || !readable(&secret.as_bytes()[..4]), "{secret}");
        }
        let again = [0, 1].map(|_| keys.seal("files", "token", "s3cret", 5).unwrap().sealed);
        assert_ne!(again[0], again[1], "nobody sees that two are the same");
        assert!(keys.seal("files", "token", &"x".repeat(MOST_CREDENTIAL + 1), 5).is_err());
        let entry = keys.seal("files", "token", "s3cret", 5).unwrap();
        let shown = format!("{keys:?} {:?} {entry:?}", keys.open(&entry).unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains(&text), "{shown}");
    }

    #[test]
    fn what_was_changed_or_moved_is_not_opened() {
        let (keys, _) = keys();
        let good = keys.seal("files", "token", "s3cret", 5).unwrap();
        let changed = Err(CredentialError::Changed { server: "files".to_owned(), name: "token".to_owned() });
        for place in 0..good.sealed.len() {
            let mut entry = good.clone();
            entry.sealed[place] ^= 1;
            assert_eq!(keys.open(&entry), changed, "{place}");
        }
        for length in 0..good.sealed.len() {
            let mut entry = good.clone();
            entry.sealed.truncate(length);
            assert_eq!(keys.open(&entry), changed, "{length}");
        }
        let other = keys.seal("other", "token", "theirs", 5).unwrap();
        let swapped = CredentialEntry { sealed: other.sealed, ..good.clone() };
        assert_eq!(keys.open(&swapped), changed);
        for entry in [
            CredentialEntry { server: "file".to_owned(), name: "stoken".to_owned(), ..good.clone() },
            CredentialEntry { name: "other".to_owned(), ..good.clone() },
            CredentialEntry { written_ms: 6, ..good },
        ] {
            assert!(matches!(keys.open(&entry), Err(CredentialError::Changed { .. })), "{entry:?}");
        }
    }

    #[test]
    fn a_key_before_opens_and_a_key_of_others_does_not() {
        let ((old, text), (new, new_text)) = (keys(), keys());
        let entry = old.seal("files", "token", "s3cret", 5).unwrap();
        let error = new.open(&entry).unwrap_err();
        assert!(matches!(error, CredentialError::OtherKey { .. }), "{error}");
        let both = CredentialKeys::read(&new_text, [text.as_str()]).unwrap();
        assert_eq!(both.open(&entry).unwrap().reveal(), "s3cret");
        assert!(!both.is_current(&entry) && old.is_current(&entry));
        // A key that calls itself another is found out.
        let renamed = CredentialEntry { key_id: new.current().to_owned(), ..entry };
        assert!(matches!(new.open(&renamed), Err(CredentialError::Changed { .. })));
    }

    #[test]
    fn a_key_has_32_bytes_and_is_not_repeated() {
        for text in ["", "short", &"ab".repeat(31), &"zz".repeat(32), &STANDARD.encode([7; 31])] {
            let error = CredentialKeys::read(text, []).unwrap_err().to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
        let hexadecimal = CredentialKeys::read(&"07".repeat(32), []).unwrap();
        let base64 = CredentialKeys::read(&format!("{}\n", STANDARD.encode([7; 32])), []).unwrap();
        assert_eq!(hexadecimal, base64);
    }
}
