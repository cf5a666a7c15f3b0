//! Which files of a folder are the site's, and what the pages of each server were made from.
//!
//! One line of JSON for each server, and one for the pages over all of them. What is about to be written is noted before it
//! is, so that a build that is interrupted loses no file: of two lines for the same server the files of both are the site's,
//! and the digest of the last one counts.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use interlock_site::is_within;
use serde::{Deserialize, Serialize};

/// The manifest's own name, in the site's folder.
pub(super) const NAME: &str = "site.manifest";
const KIND: &str = "interlock-site/1";

/// The pages of a server, or those over all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    /// `None` of the pages over all servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    /// What they were made from; empty while they are being written.
    #[serde(default)]
    pub(super) digest: String,
    /// The folder that all are in, with a `/` behind it; empty where it is the site's.
    #[serde(default)]
    pub(super) folder: String,
    /// Their names in it.
    pub(super) pages: Vec<String>,
}

impl Entry {
    pub(super) fn paths(&self) -> impl Iterator<Item = String> {
        self.pages.iter().map(|page| format!("{}{page}", self.folder))
    }
}

/// What it begins with.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    kind: String,
}

/// All entries by server.
pub(super) type Entries = BTreeMap<Option<String>, Entry>;

/// Reads the manifest of a folder; `None` where it has none.
pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Entries>> {
    let path = folder.join(NAME);
    let shown = || format!("cannot read `{}`", path.display());
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(shown),
    };
    let mut lines = BufReader::new(file).lines();
    let head = lines.next().transpose().with_context(shown)?.unwrap_or_default();
    let is_ours = serde_json::from_str::<Head>(&head).is_ok_and(|head| head.kind == KIND);
    ensure!(is_ours, "`{}` is not of this version: build into a new folder", path.display());
    let mut entries = Entries::new();
    for line in lines {
        // The last line of an interrupted build may be cut; what it would say was not written yet.
        let Ok(entry) = serde_json::from_str::<Entry>(&line.with_context(shown)?) else { continue };
        ensure!(
            entry.paths().all(|path| is_within(&path)),
            "`{}` names files that are no site's: build into a new folder",
            path.display()
        );
        let known = entries.entry(entry.server.clone()).or_default();
        let mut pages = std::mem::take(&mut known.pages);
        pages.extend(entry.pages.iter().cloned());
        pages.sort_unstable();
        pages.dedup();
        *known = Entry { pages, ..entry };
    }
    Ok(Some(entries))
}

/// Lines behind those that are there.
#[derive(Debug)]
pub(super) struct Notes {
    file: File,
}

impl Notes {
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        // Behind a line that was cut.
        let begin = if file.metadata()?.len() == 0 { head()? } else { b"\n".to_vec() };
        file.write_all(&begin)?;
        Ok(Self { file })
    }

    /// Notes what is about to be written.
    pub(super) fn note(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line).context("cannot write the manifest")
    }
}

fn head() -> anyhow::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Head { kind: KIND.to_owned() })?;
    line.push(b'\n');
    Ok(line)
}

/// Puts a manifest in the place of the old one.
pub(super) fn write(folder: &Path, entries: &Entries) -> anyhow::Result<()> {
    let (path, new) = (folder.join(NAME), folder.join(".site.manifest"));
    let mut file =
        BufWriter::new(File::create(&new).with_context(|| format!("cannot make `{}`", new.display()))?);
    file.write_all(&head()?)?;
    for entry in entries.values() {
        serde_json::to_writer(&mut file, entry)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_all()?;
    fs::rename(&new, &path).with_context(|| format!("cannot write `{}`", path.display()))
}
