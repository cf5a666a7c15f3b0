//! The policy that fits, with its tests and the tools that it was written from.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use interlock_catalog::{Known, policy_as_json, recommend};
use interlock_policy::Syntax;

use super::Scanned;
use crate::configured::asked::Offer;
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
            if is_folder { output.join(format!("{}.yaml", file_name(&one.name))) } else { output.to_owned() };
        write_one(&file, &one.name, offer)?;
    }
    Ok(())
}

/// A server's name as that of a file: what separates folders becomes a dash.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_alphanumeric() || "-_.@+".contains(c) { c } else { '-' })
        .collect::<String>()
        .trim_start_matches('.')
        .to_owned()
}

fn write_one(file: &Path, name: &str, offer: &Offer) -> anyhow::Result<()> {
    let shown = file.display().to_string();
    let tools_file = beside(file, "tools.json");
    let tests_file = beside(file, "test.yaml");
    let called = tools_file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let tools: Vec<_> =
        offer.tools.iter().map(|tool| (tool.definition.clone(), tool.judgement.clone())).collect();
    let recommended = recommend(name, &called, &tools, Known::default());
    let policy = match Syntax::of_path(&shown) {
        Syntax::Yaml => recommended.yaml.clone(),
        Syntax::Json => policy_as_json(&recommended.yaml)
            .context("the policy that was written is not one; this is a fault of interlock")?,
    };
    let raw = format!("{{\"tools\": [\n{}\n]}}\n", offer.raw.join(",\n"));
    let files = [(file, policy), (&tests_file, recommended.tests), (&tools_file, raw)];
    if let Some((taken, _)) = files.iter().find(|(file, _)| file.exists()) {
        bail!("`{}` is there already and is not written over; give another --output", taken.display());
    }
    for (file, text) in files {
        let mut new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(file)
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        new.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    terminal::note(&format!(
        "wrote `{shown}`; `interlock test {shown}` runs its tests, `interlock run -c {shown} -- …` puts it in force"
    ));
    Ok(())
}

/// The file beside the policy: `a.yaml` has `a.test.yaml` and `a.tools.json`.
fn beside(policy: &Path, ending: &str) -> PathBuf {
    policy.with_extension(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_beside_the_policy() {
        assert_eq!(beside(Path::new("x/a.yaml"), "test.yaml"), Path::new("x/a.test.yaml"));
        assert_eq!(beside(Path::new("a.json"), "tools.json"), Path::new("a.tools.json"));
        assert_eq!(file_name("@scope/server"), "@scope-server");
        assert_eq!(file_name("../../etc"), "-..-etc");
    }
}
