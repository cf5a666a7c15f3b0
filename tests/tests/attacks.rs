//! The attack patterns, each played with real processes: harm without what stops it, none with it, and what is harmless
//! arrives in both.

use std::fs;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use serde_json::Value;

fn attacks(words: &[&str]) -> Result<Output> {
    Ok(Command::new(binaries::interlock()?).arg("attacks").args(words).output()?)
}

fn printed(words: &[&str]) -> Result<Vec<Value>> {
    let output = attacks(words)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{words:?}: {}\n{said}\n{}", output.status, show(&output));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn show(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_attack_does_harm_and_is_stopped() -> Result<()> {
    let files = fs::read_dir(workspace_root().join("attacks"))?.count();
    let played = printed(&["run", "--all", "--format", "json"])?;
    ensure!(played.len() == files, "{} of {files} files were played", played.len());
    for pattern in &played {
        let id = &pattern["id"];
        ensure!(pattern["stopped"] == true, "{id}: {pattern:#}");
        // What the verdict rests on is in what is printed.
        let happened = |run: &str, what: &str| -> Result<Vec<bool>> {
            let seen = pattern[run][what].as_array().context("a run without what it saw")?;
            let count = |one: &Value, key: &str| one[key].as_u64().context("a number");
            seen.iter().map(|one| Ok(count(one, "arrived")? > count(one, "more_than")?)).collect()
        };
        ensure!(
            !happened("without", "harm")?.is_empty() && !happened("with", "harmless")?.is_empty(),
            "{id}"
        );
        ensure!(happened("without", "harm")?.iter().all(|harm| *harm), "{id} does no harm");
        ensure!(!happened("with", "harm")?.iter().any(|harm| *harm), "{id} is not stopped");
        ensure!(happened("with", "harmless")?.iter().all(|arrived| *arrived), "{id} stops what is harmless");
    }
    Ok(())
}

/// Their policies permit everything: what stops them is that definitions are pinned.
#[test]
fn changed_tools_are_stopped_by_pins_alone() -> Result<()> {
    for (id, said) in [
        ("rug-pull", ["`get_fact` has changed since it was accepted", "`sync_history` is new"]),
        ("supply-chain-swap", ["`send_email` has changed since it was accepted", "`verify_account` is new"]),
    ] {
        let pattern: Value = serde_json::from_slice(&attacks(&["show", id, "--format", "json"])?.stdout)?;
        let policies = pattern["control"]["policies"].as_object().context("no policies")?;
        let mut policies = policies.values().filter_map(Value::as_str);
        ensure!(policies.all(|policy| policy.trim_end().ends_with("default: allow")), "{id}");
        let run = show(&attacks(&["run", id])?);
        ensure!(said.iter().all(|said| run.contains(said)), "{id}: {run}");
    }
    Ok(())
}

#[test]
fn a_run_says_what_reached_the_server() -> Result<()> {
    let output = attacks(&["run", "destructive-autonomy"])?;
    ensure!(output.status.code() == Some(0), "{output:?}");
    let page = fs::read_to_string(workspace_root().join("docs/attacks.md"))?;
    ensure!(
        page.contains(show(&output).trim_end()),
        "docs/attacks.md shows something else than\n{}",
        show(&output)
    );
    let unknown = attacks(&["run", "destructive-autonomie"])?;
    ensure!(unknown.status.code() == Some(2), "{unknown:?}");
    ensure!(String::from_utf8_lossy(&unknown.stderr).contains("destructive-autonomy"), "{unknown:?}");
    Ok(())
}

#[test]
fn patterns_are_listed_by_category() -> Result<()> {
    let all = printed(&["list", "--format", "json"])?;
    let mut listed = 0;
    for category in ["protocol", "definition", "agent-behaviour", "supply-chain", "data"] {
        let some = printed(&["list", "--category", category, "--format", "json"])?;
        ensure!(
            !some.is_empty() && some.iter().all(|one| one["category"] == category),
            "{category}: {some:?}"
        );
        listed += some.len();
    }
    ensure!(listed == all.len(), "{listed} of {}", all.len());
    Ok(())
}
