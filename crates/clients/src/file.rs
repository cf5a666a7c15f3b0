//! Reading a configuration, and putting another text in its place.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Bytes of a configuration at most.
pub const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// A configuration as it was found.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// Why it is not to be changed, although it can be read.
    pub fixed: Option<&'static str>,
}

/// Never what it says.
impl std::fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says so.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not a file.
    #[error("it is not a file")]
    NotAFile,
    /// It is too long.
    #[error("it has more than {} MiB", MOST_BYTES / 1024 / 1024)]
    TooLarge,
    /// It is not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
}

/// Why a file was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else has changed it.
    #[error("`{path}` was changed meanwhile, so it was left as it is; run the command again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The system says so.
    #[error("`{path}` cannot be written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Opens a configuration; `None` where there is none.
///
/// # Errors
/// [`FileError`]: it is there and cannot be read.
pub fn open(path: &Path) -> Result<Option<ConfigFile>, FileError> {
    let link = match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        other => other?,
    };
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(FileError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| FileError::NotText)?;
    let fixed = if link.is_symlink() {
        Some("it is a link to a file elsewhere")
    } else if metadata.nlink() > 1 {
        // Another file in its place would not be there under the other name.
        Some("it has another name elsewhere (a hard link)")
    } else if metadata.permissions().readonly() {
        Some("it is read-only")
    } else {
        None
    };
    Ok(Some(ConfigFile { path: path.to_owned(), text, fixed }))
}

/// Puts other bytes in a file's place, at once: a reader sees the old ones or the new ones. Its permissions stay.
///
/// # Errors
/// [`WriteError`]; then the file is as it was.
pub fn replace(path: &Path, before: &str, after: &[u8]) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let permissions = fs::metadata(path).map_err(failed)?.permissions();
    let mut beside = tempfile::Builder::new().prefix(".interlock-").tempfile_in(folder).map_err(failed)?;
    beside.write_all(after).map_err(failed)?;
    beside.as_file().set_permissions(permissions).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    // As late as can be: who saves at the same time keeps what they saved.
    if digest(&fs::read(path).map_err(failed)?) != before {
        return Err(WriteError::Changed { path: path.to_owned() });
    }
    beside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// What tells whether bytes are the same.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_another_name_is_not_to_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("mcp.json"), folder.path().join("kept.json"));
        fs::write(&file, "{}").unwrap();
        assert_eq!(open(&file).unwrap().unwrap().fixed, None);
        fs::hard_link(&file, &other).unwrap();
        for path in [&file, &other] {
            let fixed = open(path).unwrap().unwrap().fixed;
            assert_eq!(fixed, Some("it has another name elsewhere (a hard link)"));
        }
    }
}
