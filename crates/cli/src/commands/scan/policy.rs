//! The policy that fits, with its tests and the tools that it was written from.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;
use interlock_catalog::Known;

use super::Scanned;
use crate::new_policy::{NewPolicy, stem};
use crate::terminal;

/// Writes a policy for what was scanned; of a whole configuration one for each server, into a folder.
pub(super) fn write(output: &Path, scanned: &[Scanned], is_folder: bool) -> anyhow::Result<()> {
    if is_folder {
        std::fs::create_dir_all(output)
            .with_context(|| format!("cannot make the folder `{}`", output.display()))?;
    }
    let mut taken = HashSet::new();
    let mut policies = Vec::new();
    for one in scanned {
        let Ok(offer) = &one.offer else { continue };
        let file = match is_folder {
            true => output.join(format!("{}.yaml", distinct(&stem(&one.name), &mut taken))),
            false => output.to_owned(),
        };
        policies.push(NewPolicy::recommended(&file, &one.name, offer, Known::default())?);
    }
    // All are written or none.
    policies.iter().try_for_each(NewPolicy::is_new)?;
    policies.iter().try_for_each(write_one)
}

/// A name that no other server's files have: `a/b` and `a-b` are the same as the name of a file, and some file systems do
/// not tell capital letters apart.
fn distinct(stem: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2_u64..).map(|number| format!("{stem}-{number}"));
    let mut names = std::iter::once(stem.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
}

fn write_one(policy: &NewPolicy) -> anyhow::Result<()> {
    policy.write()?;
    let shown = policy.path.display();
    terminal::note(&format!(
        "wrote `{shown}`; `interlock test {shown}` runs its tests, `interlock run -c {shown} -- …` puts it in force"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configured::asked;

    fn scanned(name: &str) -> Scanned {
        let offer = asked::listed(name, r#"[{"name": "get_note"}]"#);
        Scanned { name: name.to_owned(), offer, pinned: None }
    }

    #[test]
    fn each_server_has_files_of_its_own_or_none_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let servers = ["a/b", "a-b", "A-B", "a-b-2"].map(scanned);
        write(folder.path(), &servers, true).unwrap();
        for name in ["a-b", "a-b-2", "A-B-3", "a-b-2-2"] {
            assert!(folder.path().join(format!("{name}.yaml")).exists(), "{name}");
        }
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("second.yaml"), "mine").unwrap();
        write(other.path(), &["first", "second"].map(scanned), true).unwrap_err();
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 1, "half of it is written");
    }
}
