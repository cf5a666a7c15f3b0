//! A policy that a server's definitions recommend, as the files that it is made of.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use interlock_catalog::{Known, Recommended, policy_as_json, recommend};
use interlock_policy::Syntax;

use crate::commands::policy::replace;
use crate::configured::asked::Offer;
use crate::tool_listing::document;

/// A policy that is not there yet.
#[derive(Debug)]
pub(crate) struct NewPolicy {
    /// The policy's own file.
    pub(crate) path: PathBuf,
    /// All files: the policy first, then its tests (`a.test.yaml`), and the tools that these are about (`a.tools.json`).
    pub(crate) files: Vec<(PathBuf, String)>,
}

impl NewPolicy {
    /// What a server's definitions recommend, in YAML or JSON by the file's ending.
    pub(crate) fn recommended(
        path: &Path,
        server: &str,
        offer: &Offer,
        known: Known<'_>,
    ) -> anyhow::Result<Self> {
        let tools = path.with_extension("tools.json");
        let name = tools.file_name().unwrap_or_default().to_string_lossy();
        let judged: Vec<_> =
            offer.tools.iter().map(|tool| (tool.definition.clone(), tool.judgement.clone())).collect();
        let Recommended { yaml, tests } = recommend(server, &name, &judged, known);
        let policy = match Syntax::of_path(&path.display().to_string()) {
            Syntax::Yaml => yaml,
            Syntax::Json => policy_as_json(&yaml)
                .context("the policy that was written is not one; this is a fault of interlock")?,
        };
        let listed = document(&offer.raw) + "\n";
        let files =
            vec![(path.to_owned(), policy), (path.with_extension("test.yaml"), tests), (tools, listed)];
        Ok(Self { path: path.to_owned(), files })
    }

    /// Leaves out the files beside the policy where one of them is there already: it is somebody's, and stays.
    pub(crate) fn without_what_is_there(mut self) -> Self {
        if self.files.iter().skip(1).any(|(file, _)| file.exists()) {
            self.files.truncate(1);
        }
        self
    }

    /// Whether it may be written: what is there already and says something else is written over by `force` alone.
    ///
    /// # Errors
    /// Which file is there already.
    pub(crate) fn may_be_written(&self, force: bool) -> anyhow::Result<()> {
        let taken =
            self.files.iter().find(|(file, text)| !force && standing(file, text) == Some(Standing::Other));
        if let Some((taken, _)) = taken {
            bail!(
                "`{}` is there already and is not written over; give another --output, or --force to write it anew",
                taken.display()
            );
        }
        Ok(())
    }

    /// Writes all of it, or nothing where it [may not be](Self::may_be_written).
    pub(crate) fn write(&self, force: bool) -> anyhow::Result<Written> {
        self.may_be_written(force)?;
        let mut written = Written { is_new: false, replaced: Vec::new() };
        for (file, text) in &self.files {
            let done = match standing(file, text) {
                Some(Standing::Same) => continue,
                Some(Standing::Other) => {
                    written.replaced.push(file.clone());
                    replace(file, text)
                }
                None => {
                    written.is_new = true;
                    OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .open(file)
                        .and_then(|mut new| new.write_all(text.as_bytes()))
                        .with_context(|| format!("cannot write `{}`", file.display()))
                }
            };
            done?;
        }
        Ok(written)
    }
}

/// How a file stands that is to say this; `None` where there is none.
fn standing(file: &Path, text: &str) -> Option<Standing> {
    match fs::read(file) {
        Ok(bytes) if bytes == text.as_bytes() => Some(Standing::Same),
        Err(error) if error.kind() == ErrorKind::NotFound && file.symlink_metadata().is_err() => None,
        _ => Some(Standing::Other),
    }
}

/// What was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Same,
    Other,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Written {
    /// Whether a file was made that was not there.
    pub(crate) is_new: bool,
    /// Files that said something else.
    pub(crate) replaced: Vec<PathBuf>,
}

/// The folders that the words of a server's command give it: those that belong to no option.
pub(crate) fn folders_in(words: &[String]) -> Vec<String> {
    let is_given = |pair: &&[String]| {
        let [before, word] = pair else { return false };
        let path = Path::new(word);
        !before.starts_with('-') && path.is_absolute() && path.parent().is_some() && path.is_dir()
    };
    words.windows(2).filter(is_given).filter_map(|pair| pair.last().cloned()).collect()
}

/// A server's name as that of a file, without its ending: what separates folders becomes a dash.
pub(crate) fn stem(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = name.chars().map(plain).collect();
    let stem = stem.trim_start_matches(['-', '.']);
    if stem.is_empty() { "server".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_name_is_one_of_a_file() {
        for (name, expected) in
            [("@scope/server", "scope-server"), ("../../etc", "etc"), ("a.b@1", "a.b-1"), ("…", "server")]
        {
            assert_eq!(stem(name), expected);
        }
    }
}
