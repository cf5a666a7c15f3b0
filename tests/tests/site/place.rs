//! A folder with definitions, and the site that is built from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use serde_json::{Value, json};
use tempfile::TempDir;

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Result<Self> {
        let place = Self { folder: TempDir::new()? };
        fs::create_dir(place.definitions())?;
        Ok(place)
    }

    /// With the definitions of every server in the repository, and those of a server of medical images.
    pub fn with_all() -> Result<Self> {
        Self::with(|_| true)
    }

    /// With those of some servers, where their number does not matter: fewer are built sooner.
    pub fn with_some() -> Result<Self> {
        const SOME: [&str; 6] =
            ["aws-aurora-dsql", "clickup", "freshdesk", "hostinger", "universal-db", "wordpress-zh"];
        Self::with(|server| SOME.contains(&server))
    }

    fn with(which: impl Fn(&str) -> bool) -> Result<Self> {
        let place = Self::new()?;
        let root = workspace_root();
        for entry in fs::read_dir(root.join("catalogue/definitions"))? {
            let path = entry?.path();
            let server = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|extension| extension == "jsonl") && which(server) {
                fs::copy(&path, place.definitions().join(path.file_name().context("no name")?))?;
            }
        }
        let list = fs::read_to_string(root.join("policies/tools/aws-healthimaging.json"))?;
        let list: Value = serde_json::from_str(&list)?;
        place.write("aws-healthimaging", list["tools"].as_array().context("no tools")?)?;
        Ok(place)
    }

    pub fn definitions(&self) -> PathBuf {
        self.folder.path().join("definitions")
    }

    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// Definitions of a server, a line each.
    pub fn write(&self, server: &str, tools: &[Value]) -> Result<()> {
        let lines: String = tools.iter().map(|tool| format!("{tool}\n")).collect();
        Ok(fs::write(self.definitions().join(format!("{server}.jsonl")), lines)?)
    }

    pub fn run(&self, more: &[&str]) -> Result<Output> {
        let mut command = Command::new(binaries::interlock()?);
        command.args(["catalog", "build", "-o"]).arg(self.site()).args(["--format", "json"]).args(more);
        Ok(command.arg(self.definitions()).output()?)
    }

    /// Builds all of it, and gives the summary.
    pub fn build(&self, more: &[&str]) -> Result<Value> {
        let output = self.run(more)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Every file of the site, and what is in it.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        collect(&self.site(), &self.site(), &mut found)?;
        Ok(found)
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else {
            found.insert(path.strip_prefix(root)?.display().to_string(), fs::read(&path)?);
        }
    }
    Ok(())
}

/// A tool that takes one text.
pub fn tool(name: &str, description: &str) -> Value {
    json!({
        "tool": name,
        "description": description,
        "inputSchema": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
    })
}
