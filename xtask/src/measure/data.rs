//! Real definitions, from `catalogue/definitions`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use interlock_catalog::Definition;

/// Every real definition, with the part of the split that its server is in.
pub(crate) fn definitions(root: &Path) -> Result<Vec<(String, Definition)>> {
    let folder = root.join("catalogue/definitions");
    let split = fs::read_to_string(folder.join("split.json")).context("read the split of the definitions")?;
    let split: BTreeMap<String, String> = serde_json::from_str(&split)?;
    let mut definitions = Vec::new();
    for (server, part) in split {
        let lines = fs::read_to_string(folder.join(format!("{server}.jsonl")))
            .with_context(|| format!("read the definitions of `{server}`"))?;
        for line in lines.lines() {
            let definition =
                Definition::read(line).with_context(|| format!("read a definition of `{server}`"))?;
            definitions.push((part.clone(), definition));
        }
    }
    Ok(definitions)
}
