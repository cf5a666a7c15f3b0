//! What a careful person says of tools, and whether a scan says the same.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use interlock_testkit::binaries::workspace_root;
use serde_json::Value;

/// From the least severe.
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

/// What somebody said of a tool.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    category: String,
    /// The severities that are right: the least and the most.
    severity: (usize, usize),
}

/// What was said of a server's tools, by their names.
pub(super) type Judgements = BTreeMap<String, Said>;

/// Reads what was said of a server.
pub(super) fn judgements(server: &str) -> Result<Judgements> {
    let file = workspace_root().join(format!("tests/fixtures/judged/{server}.txt"));
    let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    text.lines().map(|line| read(line).with_context(|| format!("`{line}`"))).collect()
}

fn read(line: &str) -> Result<(String, Said)> {
    let mut words = line.split_whitespace();
    let mut word = || words.next().context("a tool, its category and its severity");
    let (tool, category, severity) = (word()?, word()?, word()?);
    let (least, most) = severity.split_once('-').unwrap_or((severity, severity));
    let rank = |name: &str| SEVERITIES.iter().position(|one| *one == name).context("no such severity");
    let severity = (rank(least)?, rank(most)?);
    Ok((tool.to_owned(), Said { category: category.to_owned(), severity }))
}

/// Compares a scan with what was said: every tool, and no other.
pub(super) fn agrees(report: &Value, said: &Judgements) -> Result<()> {
    let tools = report["servers"][0]["tools"].as_array().context("tools")?;
    let mut wrong = Vec::new();
    for tool in tools {
        let name = tool["tool"].as_str().context("a name")?;
        let Some(said) = said.get(name) else {
            wrong.push(format!("{name} is new"));
            continue;
        };
        let same = tool["category"] == *said.category
            && SEVERITIES
                .get(said.severity.0..=said.severity.1)
                .is_some_and(|right| right.iter().any(|severity| tool["severity"] == *severity));
        if !same {
            let says = format!("{}, {}: {}", tool["category"], tool["severity"], tool["evidence"]);
            wrong.push(format!("{name}: a person says {said:?}, the scan {says}"));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    ensure!(tools.len() == said.len(), "of {} tools that were judged {} are there", said.len(), tools.len());
    Ok(())
}

/// Compares the attacks that tools of AWS's servers are linked to with what was said.
pub(super) fn links_agree(server: &str, report: &Value) -> Result<()> {
    let text = fs::read_to_string(workspace_root().join("tests/fixtures/judged/attacks.txt"))?;
    let mut links: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() == Some(server) {
            links.insert(words.next().context("a tool")?, words.collect());
        }
    }
    ensure!(!links.is_empty(), "nothing was said of `{server}`");
    let mut wrong = Vec::new();
    for tool in report["servers"][0]["tools"].as_array().context("tools")? {
        let name = tool["tool"].as_str().context("a name")?;
        let linked = tool["attacks"].as_array().context("attacks")?;
        let linked: Vec<&str> = linked.iter().filter_map(Value::as_str).collect();
        let right = links.remove(name).unwrap_or_default();
        if linked != right {
            wrong.push(format!("{name}: a person says {right:?}, the scan {linked:?}"));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    ensure!(links.is_empty(), "no such tools: {links:?}");
    Ok(())
}

#[test]
fn a_judgement_is_read_and_compared() -> Result<()> {
    let said = Judgements::from([read("a  Write  low-medium  why")?, read("b  Read  low")?]);
    let report = |a: &str, b: &str| {
        serde_json::json!({ "servers": [{ "tools": [
            { "tool": "a", "category": "Write", "severity": a }, { "tool": "b", "category": b, "severity": "low" },
        ] }] })
    };
    agrees(&report("medium", "Read"), &said)?;
    ensure!(agrees(&report("high", "Read"), &said).is_err(), "too severe");
    ensure!(agrees(&report("low", "Write"), &said).is_err(), "it changes something");
    ensure!(
        agrees(&serde_json::json!({ "servers": [{ "tools": [] }] }), &said).is_err(),
        "tools are missing"
    );
    ensure!(read("a  Write  grave").is_err());
    Ok(())
}
