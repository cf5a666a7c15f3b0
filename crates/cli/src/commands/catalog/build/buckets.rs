//! Definitions on the disk by their server, so that a dump need not be sorted and need not fit into memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::folder::Folder;

/// As many files. A dump of a gigabyte has four megabytes in each.
const BUCKETS: usize = 256;
const BUFFER: usize = 32 << 10;

/// The files, which are removed when this is dropped.
#[derive(Debug)]
pub(super) struct Buckets {
    place: PathBuf,
    files: Vec<Mutex<BufWriter<File>>>,
}

/// A line, and where it is from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) server: String,
    pub(super) source: String,
    pub(super) number: usize,
    pub(super) text: String,
}

impl Buckets {
    pub(super) fn new(folder: &Folder) -> anyhow::Result<Self> {
        let place = folder.for_buckets();
        // What an interrupted build has left.
        if place.exists() {
            fs::remove_dir_all(&place).with_context(|| format!("cannot clear `{}`", place.display()))?;
        }
        fs::create_dir(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
        let file = |number: usize| {
            let path = place.join(number.to_string());
            let file = File::create(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
            Ok(Mutex::new(BufWriter::with_capacity(BUFFER, file)))
        };
        let files = (0..BUCKETS).map(file).collect::<anyhow::Result<_>>()?;
        Ok(Self { place, files })
    }

    /// Keeps a line of a server.
    pub(super) fn put(
        &self,
        server: &str,
        (source, number): (&str, usize),
        text: &str,
    ) -> anyhow::Result<()> {
        let digest = Sha256::digest(server);
        let bucket = digest.first().copied().map_or(0, usize::from) % BUCKETS;
        let kept =
            Kept { server: server.to_owned(), source: source.to_owned(), number, text: text.to_owned() };
        let mut line = serde_json::to_vec(&kept)?;
        line.push(b'\n');
        if let Some(file) = self.files.get(bucket) {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(&line).context("cannot write beside the site")?;
        }
        Ok(())
    }

    pub(super) fn flush(&self) -> anyhow::Result<()> {
        for file in &self.files {
            file.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .flush()
                .context("cannot write beside the site")?;
        }
        Ok(())
    }

    pub(super) const fn count() -> usize {
        BUCKETS
    }

    /// The lines of a bucket by server, in the order in which they came.
    pub(super) fn take(&self, bucket: usize) -> anyhow::Result<BTreeMap<String, Vec<Kept>>> {
        let path = self.place.join(bucket.to_string());
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let mut servers: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
        for line in text.lines() {
            let kept: Kept = serde_json::from_str(line)?;
            servers.entry(kept.server.clone()).or_default().push(kept);
        }
        Ok(servers)
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        // The next build clears what is left.
        let _left = fs::remove_dir_all(&self.place);
    }
}
