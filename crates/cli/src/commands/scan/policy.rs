//! The policy that fits, with its tests and the tools that it was written from.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context as _, ensure};
use interlock_catalog::Known;

use super::{ScanArgs, Scanned};
use crate::new_policy::{NewPolicy, stem};
use crate::terminal;

/// A policy is written in one of two languages, and a name that says neither has one of them by mistake.
pub(super) fn has_an_ending(output: &Path) -> anyhow::Result<()> {
    let ending = output.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    ensure!(
        matches!(ending.as_str(), "yaml" | "yml" | "json"),
        "a policy is YAML or JSON: `{}` ends in none of `.yaml`, `.yml`, `.json`",
        output.display()
    );
    Ok(())
}

/// Writes a policy for what was scanned; of several servers, or where there might be, one for each, into a folder.
pub(super) fn write(output: &Path, scanned: &[Scanned], args: &ScanArgs) -> anyhow::Result<()> {
    write_all(output, scanned, args.config.is_some() || scanned.len() > 1, args.force)
}

fn write_all(output: &Path, scanned: &[Scanned], is_folder: bool, force: bool) -> anyhow::Result<()> {
    if is_folder {
        std::fs::create_dir_all(output)
            .with_context(|| format!("cannot make the folder `{}`", output.display()))?;
    } else {
        has_an_ending(output)?;
    }
    let mut taken = HashSet::new();
    let mut policies = Vec::new();
    for one in scanned {
        let Ok(offer) = &one.offer else { continue };
        let file = match is_folder {
            true => output.join(format!("{}.yaml", distinct(&stem(&one.name), &mut taken))),
            false => output.to_owned(),
        };
        let policy = NewPolicy::recommended(&file, &one.name, offer, Known { folders: &one.folders })?;
        policies.push((policy, offer.tools.is_empty()));
    }
    // All are written or none.
    policies.iter().try_for_each(|(policy, _)| policy.may_be_written(force))?;
    policies.iter().try_for_each(|(policy, is_empty)| write_one(policy, *is_empty, force))
}

/// A name that no other server's files have: `a/b` and `a-b` are the same as the name of a file, and some file systems do
/// not tell capital letters apart.
fn distinct(stem: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2_u64..).map(|number| format!("{stem}-{number}"));
    let mut names = std::iter::once(stem.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
}

fn write_one(policy: &NewPolicy, is_empty: bool, force: bool) -> anyhow::Result<()> {
    let written = policy.write(force)?;
    let shown = policy.path.display();
    let mut said = match written.replaced.is_empty() {
        true if written.is_new => format!("wrote `{shown}`"),
        true => format!("`{shown}` is there already and says the same"),
        false => {
            let replaced: Vec<String> =
                written.replaced.iter().map(|file| format!("`{}`", file.display())).collect();
            format!("wrote over {}", replaced.join(", "))
        }
    };
    if is_empty {
        said.push_str("; the server lists no tools, and the policy denies all that may come");
    }
    terminal::note(&format!(
        "{said}; `interlock test {shown}` runs its tests, `interlock run -c {shown} -- …` puts it in force"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::scan::sources::Origin;
    use crate::configured::asked;

    fn scanned(name: &str) -> Scanned {
        let offer = asked::offer(name, vec![r#"{"name": "get_note"}"#.to_owned()]);
        Scanned { name: name.to_owned(), offer, origin: Origin::default(), folders: Vec::new(), pinned: None }
    }

    #[test]
    fn each_server_has_files_of_its_own_or_none_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let servers = ["a/b", "a-b", "A-B", "a-b-2"].map(scanned);
        write_all(folder.path(), &servers, true, false).unwrap();
        for name in ["a-b", "a-b-2", "A-B-3", "a-b-2-2"] {
            assert!(folder.path().join(format!("{name}.yaml")).exists(), "{name}");
        }
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("second.yaml"), "mine").unwrap();
        write_all(other.path(), &["first", "second"].map(scanned), true, false).unwrap_err();
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 1, "half of it is written");
    }
}
