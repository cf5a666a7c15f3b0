//! The policy that fits, with its tests and the tools that it was written from.

use std::path::Path;

use anyhow::{Context as _, ensure};

use super::{ScanArgs, Scanned};
use crate::configured::asked::Offer;
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

/// Writes a policy for what was scanned; of several servers one for each, into a folder.
pub(super) fn write(output: &Path, scanned: &[Scanned], args: &ScanArgs) -> anyhow::Result<()> {
    let is_folder = args.config.is_some() || scanned.len() > 1;
    if is_folder {
        std::fs::create_dir_all(output)
            .with_context(|| format!("cannot make the folder `{}`", output.display()))?;
    } else {
        has_an_ending(output)?;
    }
    for one in scanned {
        let Ok(offer) = &one.offer else { continue };
        let file =
            if is_folder { output.join(format!("{}.yaml", stem(&one.name))) } else { output.to_owned() };
        write_one(&file, &one.name, offer, args.force)?;
    }
    Ok(())
}

fn write_one(file: &Path, name: &str, offer: &Offer, force: bool) -> anyhow::Result<()> {
    let written = NewPolicy::recommended(file, name, offer)?.write(force)?;
    let shown = file.display();
    let mut said = match written.replaced.is_empty() {
        true if written.is_new => format!("wrote `{shown}`"),
        true => format!("`{shown}` is there already and says the same"),
        false => {
            let replaced: Vec<String> =
                written.replaced.iter().map(|file| format!("`{}`", file.display())).collect();
            format!("wrote over {}", replaced.join(", "))
        }
    };
    if offer.tools.is_empty() {
        said.push_str("; the server lists no tools, and the policy denies all that may come");
    }
    terminal::note(&format!(
        "{said}; `interlock test {shown}` runs its tests, `interlock run -c {shown} -- …` puts it in force"
    ));
    Ok(())
}
