//! The key of the arguments' digests: one file in the data directory, made once, the same for every process.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::AuditError;
use crate::leaf::push_hex;

const NAME: &str = "audit.key";
const TOKENS: &str = "tokens.key";
const LINKS: &str = "links.key";
const BYTES: usize = 32;

/// Makes HMAC-SHA-256 digests of canonical arguments. Keyed, because a plain hash of a short argument is
/// undone by guessing.
#[derive(Clone)]
pub struct DigestKey(Hmac<Sha256>);

impl DigestKey {
    /// Reads `<data>/audit.key` (64 hexadecimal digits), made on first use with mode 0600. Processes that
    /// start at once all end up with the same key: the file appears whole, under its name, or not at all.
    ///
    /// # Errors [`AuditError::Key`] if the file is readable by others or holds no key, [`AuditError::Io`] and
    /// [`AuditError::Random`] as they come.
    pub fn open(data_dir: &Path) -> Result<Self, AuditError> {
        Self::open_named(data_dir, NAME)
    }

    /// The same with `<data>/tokens.key`, for the digests of callers' tokens.
    ///
    /// # Errors
    /// As [`DigestKey::open`].
    pub fn open_for_tokens(data_dir: &Path) -> Result<Self, AuditError> {
        Self::open_named(data_dir, TOKENS)
    }

    /// The same with `<data>/links.key`, for what is signed and given to people. Links that were made with another key are
    /// of no use: whoever removes the file and restarts the gateways and the pages, which read it once, takes all of them
    /// back.
    ///
    /// # Errors
    /// As [`DigestKey::open`].
    pub fn open_for_links(data_dir: &Path) -> Result<Self, AuditError> {
        Self::open_named(data_dir, LINKS)
    }

    fn open_named(data_dir: &Path, name: &str) -> Result<Self, AuditError> {
        let path = data_dir.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                create(data_dir, name, &path)?;
                fs::read(&path).map_err(AuditError::io("read", &path))?
            }
            Err(e) => return Err(AuditError::io("read", &path)(e)),
        };
        let mode = fs::metadata(&path).map_err(AuditError::io("read", &path))?.permissions().mode();
        if mode & 0o077 != 0 {
            let problem = format!("can be read by others (mode {:04o}); run chmod 600 on it", mode & 0o7777);
            return Err(AuditError::Key { path, problem });
        }
        let mut key = [0; BYTES];
        match hex::decode_to_slice(text.trim_ascii(), &mut key) {
            Ok(()) => Self::from_bytes(&key).map_err(|problem| AuditError::Key { path, problem }),
            Err(_) => {
                Err(AuditError::Key { path, problem: "does not hold 64 hexadecimal digits".to_owned() })
            }
        }
    }

    fn from_bytes(key: &[u8]) -> Result<Self, String> {
        Hmac::new_from_slice(key).map(Self).map_err(|e| e.to_string())
    }

    /// HMAC-SHA-256 of `canonical`, as 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self, canonical: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(canonical.as_bytes());
        let mut out = String::with_capacity(2 * BYTES);
        push_hex(&mac.finalize().into_bytes().into(), &mut out);
        out
    }

    /// Whether this is its digest, found out in the same time wherever they differ.
    #[must_use]
    pub fn is_digest(&self, canonical: &str, digest: &str) -> bool {
        let mut given = [0; BYTES];
        let is_written_so = !digest.bytes().any(|byte| byte.is_ascii_uppercase());
        if !is_written_so || hex::decode_to_slice(digest, &mut given).is_err() {
            return false;
        }
        let mut mac = self.0.clone();
        mac.update(canonical.as_bytes());
        mac.verify_slice(&given).is_ok()
    }
}

/// Never shows the key.
impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey")
    }
}

/// Writes a whole file under a name of its own and links it to the key's name: of several processes one link
/// wins, and the others read what the winner wrote.
fn create(data_dir: &Path, name: &str, path: &Path) -> Result<(), AuditError> {
    make_private_dir(data_dir)?;
    let mut random = [0_u8; BYTES + 8];
    getrandom::fill(&mut random).map_err(|e| AuditError::Random(e.to_string()))?;
    let (key, suffix) = random.split_at(BYTES);
    let own: PathBuf = data_dir.join(format!(".{name}.{}", hex::encode(suffix)));
    let written = write_private(&own, &format!("{}\n", hex::encode(key)));
    let linked = written.and_then(|()| match fs::hard_link(&own, path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(AuditError::io("create", path)(e)),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&own).map_err(AuditError::io("remove", &own));
    linked?;
    removed?;
    sync_dir(data_dir)
}

fn write_private(path: &Path, text: &str) -> Result<(), AuditError> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(AuditError::io("create", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(AuditError::io("write", path))
}

/// A directory for nobody but the owner; one that exists is left as it is.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), AuditError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(AuditError::io("create", path))
}

/// Makes new names in a directory survive power loss.
pub(crate) fn sync_dir(path: &Path) -> Result<(), AuditError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(AuditError::io("flush", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn digest_is_hmac_sha_256() {
        // RFC 4231, test case 2, whose key is shorter than ours.
        let key = DigestKey::from_bytes(b"Jefe").unwrap();
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(key.digest("what do ya want for nothing?"), expected);
        assert_eq!(format!("{key:?}"), "DigestKey");
        assert!(key.is_digest("what do ya want for nothing?", expected));
        for other in ["", "zz", &expected[1..], &expected.to_uppercase(), &expected.replace('5', "6")] {
            assert!(!key.is_digest("what do ya want for nothing?", other), "{other}");
        }
    }

    #[test]
    fn many_at_once_get_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let barrier = Barrier::new(16);
        let digests: Vec<String> = std::thread::scope(|scope| {
            let open = || {
                barrier.wait();
                DigestKey::open(&data).unwrap().digest("{}")
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(digests.iter().all(|d| *d == digests[0]));
        assert_eq!(fs::metadata(data.join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn bad_keys_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        for (text, mode, problem) in [
            ("", 0o600, "does not hold"),
            ("abcd\n", 0o600, "does not hold"),
            (&"ab".repeat(32), 0o644, "can be read by others (mode 0644)"),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = DigestKey::open(dir.path()).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
