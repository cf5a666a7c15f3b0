//! The policy that fits, with its tests and the tools that it was written from.

use std::path::Path;

use anyhow::Context as _;
use interlock_catalog::Known;

use super::Scanned;
use crate::configured::asked::Offer;
use crate::new_policy::{NewPolicy, stem};
use crate::terminal;

/// Writes a policy for what was scanned; of a whole configuration one for each server, into a folder.
pub(super) fn write(output: &Path, scanned: &[Scanned], is_folder: bool) -> anyhow::Result<()> {
    if is_folder {
        std::fs::create_dir_all(output)
            .with_context(|| format!("cannot make the folder `{}`", output.display()))?;
    }
    for one in scanned {
        let Ok(offer) = &one.offer else { continue };
        let file =
            if is_folder { output.join(format!("{}.yaml", stem(&one.name))) } else { output.to_owned() };
        write_one(&file, &one.name, offer)?;
    }
    Ok(())
}

fn write_one(file: &Path, name: &str, offer: &Offer) -> anyhow::Result<()> {
    NewPolicy::recommended(file, name, offer, Known::default())?.write()?;
    let shown = file.display();
    terminal::note(&format!(
        "wrote `{shown}`; `interlock test {shown}` runs its tests, `interlock run -c {shown} -- …` puts it in force"
    ));
    Ok(())
}
