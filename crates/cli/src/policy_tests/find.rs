//! Which files are tests, and which policy a file of tests is about.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// How files of tests end.
const ENDINGS: [&str; 3] = [".test.yaml", ".test.yml", ".test.json"];
/// Folders that hold no policies of one's own.
const SKIPPED: [&str; 2] = ["node_modules", "target"];
/// How deep folders are looked through.
const DEEPEST: usize = 32;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Files of tests, in the order of their names.
    pub(crate) files: Vec<PathBuf>,
    /// The folders that were looked through.
    pub(crate) folders: Vec<PathBuf>,
}

/// The files of tests that are named, in the folders that are named, or beside the policies that are named.
pub(crate) fn tests(named: &[PathBuf]) -> anyhow::Result<Found> {
    let here = [PathBuf::from(".")];
    let named = if named.is_empty() { &here[..] } else { named };
    let mut found = Found::default();
    for path in named {
        let metadata =
            std::fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        if metadata.is_dir() {
            add_folder(path, DEEPEST, &mut found)?;
        } else if is_test(path) {
            found.files.push(path.clone());
        } else {
            found.files.push(test_of(path)?);
        }
    }
    found.files.sort();
    found.files.dedup();
    Ok(found)
}

fn add_folder(folder: &Path, depth: usize, found: &mut Found) -> anyhow::Result<()> {
    found.folders.push(folder.to_owned());
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", folder.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
        // Links to folders are not followed: they may lead around in circles.
        let kind = entry.file_type().with_context(|| format!("cannot read `{}`", path.display()))?;
        if kind.is_dir() {
            if depth > 0 && !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                add_folder(&path, depth - 1, found)?;
            }
        } else if is_test(&path) {
            found.files.push(path);
        }
    }
    Ok(())
}

/// Whether a file is one of tests, by its name.
pub(crate) fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

/// The tests beside a policy.
fn test_of(policy: &Path) -> anyhow::Result<PathBuf> {
    let stem = policy.file_stem().unwrap_or_default().to_string_lossy();
    let beside = ENDINGS.iter().map(|ending| policy.with_file_name(format!("{stem}{ending}")));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("`{}` has no tests beside it: write `{stem}.test.yaml`", policy.display()),
    }
}

/// The policy that a file of tests is about, where it does not say so itself.
pub(super) fn policy_of(tests: &Path) -> Result<PathBuf, String> {
    let name = tests.file_name().unwrap_or_default().to_string_lossy();
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let beside = ["yaml", "yml", "json"].map(|extension| tests.with_file_name(format!("{stem}.{extension}")));
    beside
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| format!("there is no policy `{stem}.yaml` beside the tests; name one with `policy:`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_names() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for folder in ["a/b", ".git", "node_modules", "target"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [
            "one.yaml",
            "one.test.yaml",
            "a/two.json",
            "a/b/two.test.json",
            ".git/x.test.yaml",
            "node_modules/x.test.yaml",
            "target/x.test.yaml",
            ".test.yaml",
            "lonely.yaml",
        ] {
            std::fs::write(at(file), "").unwrap();
        }
        let all = [at("a/b/two.test.json"), at("one.test.yaml")];
        let found = tests(&[home.path().to_owned()]).unwrap();
        assert_eq!(found.files, all);
        let mut folders = found.folders;
        folders.sort();
        assert_eq!(folders, [home.path().to_owned(), at("a"), at("a/b")]);
        let files = |named: &[PathBuf]| tests(named).map(|found| found.files);
        assert_eq!(files(&[at("one.yaml"), at("one.test.yaml")]).unwrap(), [at("one.test.yaml")]);
        assert!(files(&[at("lonely.yaml")]).unwrap_err().to_string().contains("write `lonely.test.yaml`"));
        assert!(files(&[at("none")]).is_err());
        assert_eq!(policy_of(&at("one.test.yaml")).unwrap(), at("one.yaml"));
        assert!(policy_of(&at("a/b/two.test.json")).unwrap_err().contains("no policy `two.yaml`"));
    }
}
