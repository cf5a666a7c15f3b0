//! The crates: who may use whom, and what the pure ones must not reach.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Finding, PURE};
use crate::process::{cargo, output};

const TABLE: &str = "docs/architecture.md";
const LIST: &str = "crates/README.md";

/// Packages that reach a clock, a file, a socket, a thread or a random number.
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "socket2",
    "hyper",
    "reqwest",
    "rusqlite",
    "libsqlite3-sys",
    "rustix",
    "nix",
    "notify",
    "getrandom",
    "rand",
    "tempfile",
    "chrono",
    "time",
    "tracing",
    "rayon",
    "crossbeam-channel",
];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The table of the architecture page against the manifests, and the list of crates against the folders.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let page = fs::read_to_string(root.join(TABLE)).with_context(|| format!("read {TABLE}"))?;
    let list = fs::read_to_string(root.join(LIST)).with_context(|| format!("read {LIST}"))?;
    let actual = manifests(root)?;
    let mut findings = compare(&table(&page), &actual);
    for name in actual.keys().filter(|name| !list.contains(&format!("`{name}`"))) {
        findings.push(Finding::new(LIST, format!("`{name}` is not listed")));
    }
    Ok(findings)
}

/// Every crate may use what its row says and no more; every crate has a row and every row a crate.
fn compare(allowed: &Graph, actual: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, uses) in actual {
        let Some(may_use) = allowed.get(name) else {
            findings.push(Finding::new(TABLE, format!("`{name}` has no row in the table of crates")));
            continue;
        };
        for used in uses.difference(may_use) {
            let manifest = format!("crates/{name}/Cargo.toml");
            findings.push(Finding::new(manifest, format!("`{name}` may not use `{used}` ({TABLE})")));
        }
    }
    for name in allowed.keys().filter(|name| !actual.contains_key(*name)) {
        findings.push(Finding::new(TABLE, format!("there is no crate `{name}`")));
    }
    findings
}

/// The rows of the table that begins with `| crate | … may use |`.
fn table(page: &str) -> Graph {
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let mut lines = page.lines().skip_while(|line| !line.starts_with("| crate |"));
    let Some(column) = lines.next().and_then(|head| cells(head).iter().position(|cell| cell == "may use"))
    else {
        return Graph::new();
    };
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells);
    rows.filter_map(|row| {
        let name = quoted(row.first()?).into_iter().next()?;
        Some((name, quoted(row.get(column)?)))
    })
    .collect()
}

/// The crates under `crates/` by folder, each with those of them that its manifest names (not for tests).
fn manifests(root: &Path) -> Result<Graph> {
    let metadata = output(&mut cargo(root, &["metadata", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&metadata.context("run `cargo metadata`")?)?;
    let folder = |path: &str| {
        let rest = Path::new(path).strip_prefix(root.join("crates")).ok()?;
        Some(rest.iter().next()?.to_string_lossy().into_owned())
    };
    let mut graph = Graph::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["manifest_path"].as_str().and_then(folder) else { continue };
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let product = dependencies.filter(|dependency| dependency["kind"] != "dev");
        graph.insert(name, product.filter_map(|dependency| folder(dependency["path"].as_str()?)).collect());
    }
    Ok(graph)
}

/// The pure crates forbid the same, and reach nothing that would make them impure.
pub(super) fn check_purity(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let lints = |name: &str| fs::read_to_string(root.join("crates").join(name).join("clippy.toml"));
    let first = lints(PURE[0])?;
    for name in PURE {
        let manifest = format!("crates/{name}/Cargo.toml");
        if !lints(name).is_ok_and(|own| own == first) {
            let what = format!("differs from crates/{}/clippy.toml", PURE[0]);
            findings.push(Finding::new(format!("crates/{name}/clippy.toml"), what));
        }
        let package = format!("interlock-{name}");
        let tree =
            ["tree", "--package", &package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let tree =
            output(&mut cargo(root, &tree)).with_context(|| format!("run `cargo tree` for `{package}`"))?;
        let reached: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        for impure in IMPURE.iter().filter(|impure| reached.contains(*impure)) {
            findings.push(Finding::new(&manifest, format!("a pure crate depends on `{impure}`")));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Page\n\n| crate | subject | may use |\n|---|---|---|\n| `json` | a | – |\n\
                        | `wire` | b | `json` |\n\ntext | `store` |\n";

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(name, uses)| ((*name).to_owned(), set(uses))).collect()
    }

    #[test]
    fn reads_the_table() {
        assert_eq!(table(PAGE), graph(&[("json", &[]), ("wire", &["json"])]));
        assert_eq!(table("no table"), Graph::new());
    }

    #[test]
    fn compares_both_ways() {
        let allowed = table(PAGE);
        let count = |edges: &[(&str, &[&str])]| compare(&allowed, &graph(edges)).len();
        assert_eq!(count(&[("json", &[]), ("wire", &["json"])]), 0);
        assert_eq!(count(&[("json", &[]), ("wire", &[])]), 0);
        assert_eq!(count(&[("json", &["wire"]), ("wire", &["json"])]), 1);
        assert_eq!(count(&[("json", &[]), ("wire", &[]), ("new", &[])]), 1);
        assert_eq!(count(&[("json", &[])]), 1);
    }
}
