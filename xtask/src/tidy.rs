//! `cargo xtask tidy`: the rules of the code base that no compiler knows, each from `docs/architecture.md` or
//! CONTRIBUTING.

mod boundaries;
mod graph;
mod sources;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{command, output};

/// The crates that know no clock, file, socket, thread or random number.
const PURE: &[&str] = &["json", "wire", "policy", "meter", "catalog", "site"];

/// Something that breaks a rule: where, and what.
struct Finding {
    place: String,
    what: String,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// A tracked file and its text; files that are not text are left out.
struct Source {
    path: String,
    text: String,
}

/// Prints what breaks a rule; false when anything does.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let sources = tracked(root)?;
    let mut findings = graph::check(root)?;
    findings.extend(graph::check_purity(root)?);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    findings.extend(sources::check(&sources, &sources::Machine::of(root, home.as_deref())));
    findings.extend(boundaries::check(&sources));
    for Finding { place, what } in &findings {
        println!("{place}: {what}");
    }
    println!("tidy: {} files, {} findings", sources.len(), findings.len());
    Ok(findings.is_empty())
}

/// What git tracks, and what it would track.
fn tracked(root: &Path) -> Result<Vec<Source>> {
    let list = ["git", "ls-files", "--cached", "--others", "--exclude-standard"];
    let list = output(&mut command(root, &list)).context("list the files of the repository with git")?;
    let read = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    };
    Ok(list.lines().filter_map(read).collect())
}
