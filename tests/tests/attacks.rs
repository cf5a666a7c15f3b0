//! The attack patterns, each played with real processes: harm without what stops it, none with it, harm again without the
//! one part that is said to stop it, and what is harmless arrives.

use std::collections::BTreeSet;
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

/// Of each thing that was looked for in a run, what it is, and whether it arrived.
fn happened(run: &Value, what: &str) -> Result<Vec<(String, bool)>> {
    let seen = run[what].as_array().context("a run without what it saw")?;
    let count = |one: &Value, key: &str| one[key].as_u64().context("a number");
    let of = |one: &Value| Ok((one["what"].to_string(), count(one, "arrived")? > count(one, "more_than")?));
    seen.iter().map(of).collect()
}

#[test]
fn every_attack_does_harm_and_is_stopped_by_what_is_said_to_stop_it() -> Result<()> {
    let files = fs::read_dir(workspace_root().join("attacks"))?.count();
    let played = printed(&["run", "--all", "--format", "json"])?;
    ensure!(played.len() == files, "{} of {files} files were played", played.len());
    for pattern in &played {
        let id = &pattern["id"];
        ensure!(pattern["stopped"] == true, "{id}: {pattern:#}");
        // What the verdict rests on is in what is printed.
        let (without, with) = (&pattern["without"], &pattern["with"]);
        let harm = happened(without, "harm")?;
        ensure!(!harm.is_empty() && !happened(with, "harmless")?.is_empty(), "{id}");
        ensure!(harm.iter().all(|(_, harm)| *harm), "{id} does no harm");
        ensure!(!happened(with, "harm")?.iter().any(|(_, harm)| *harm), "{id} is not stopped");
        ensure!(
            happened(with, "harmless")?.iter().all(|(_, arrived)| *arrived),
            "{id} stops what is harmless"
        );
        let all: BTreeSet<String> = harm.into_iter().map(|(what, _)| what).collect();
        ensure!(proven(pattern)? == all, "{id}: some harm has no proof");
        recommended_as_said(pattern)?;
    }
    Ok(())
}

/// The harm of which it is shown what stops it: it is back without parts of the control, or gone with the gateway alone.
fn proven(pattern: &Value) -> Result<BTreeSet<String>> {
    let mut proven = BTreeSet::new();
    for proof in pattern["proofs"].as_array().context("no proofs")? {
        let is_back = match proof["with"].as_str() {
            Some("control_taken_out") => true,
            Some("permissive_policy") => false,
            other => anyhow::bail!("{other:?} is no proof"),
        };
        ensure!(is_back == proof["taken_out"].is_array(), "{proof:#}");
        for (what, happened) in happened(proof, "harm")? {
            ensure!(happened == is_back, "{}: {what}: {proof:#}", pattern["id"]);
            proven.insert(what);
        }
    }
    Ok(proven)
}

/// What a recommended policy lets through is what its pattern says, in words that name what does better.
fn recommended_as_said(pattern: &Value) -> Result<()> {
    let id = pattern["id"].as_str().context("no id")?;
    let lets_through = happened(&pattern["recommended"], "harm")?.into_iter().any(|(_, harm)| harm);
    let shown: Value = serde_json::from_slice(&attacks(&["show", id, "--format", "json"])?.stdout)?;
    let says = shown["control"]["recommended"].as_str().is_some_and(|said| said.len() > 40);
    ensure!(says == lets_through, "{id}: {:#}", pattern["recommended"]);
    Ok(())
}

#[test]
fn a_pattern_shows_what_stops_each_harm() -> Result<()> {
    let shown = show(&attacks(&["show", "path-escape"])?);
    let harm =
        "- a directory that begins alike is read, which is stopped by `files:/tools/read_file/require/0`";
    ensure!(shown.contains(harm), "{shown}");
    // Two parts, neither of which stops it once both are out.
    let run = show(&attacks(&["run", "line-jumping"])?);
    let heading = "with the control, but not `helper:/default` and `shell:/tools/run_command/require/0`";
    let proof = run.split_once(heading).context("no proof")?.1;
    ensure!(proof.trim_start().starts_with("HARM"), "{run}");
    let run = show(&attacks(&["run", "parser-differential"])?);
    let heading = "with a gateway alone, whose policy permits everything";
    ensure!(run.split_once(heading).context("no proof")?.1.trim_start().starts_with("none"), "{run}");
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
        without_ids(&page).contains(without_ids(&show(&output)).trim_end()),
        "docs/attacks.md shows something else than\n{}",
        show(&output)
    );
    let unknown = attacks(&["run", "destructive-autonomie"])?;
    ensure!(unknown.status.code() == Some(2), "{unknown:?}");
    ensure!(String::from_utf8_lossy(&unknown.stderr).contains("destructive-autonomy"), "{unknown:?}");
    Ok(())
}

/// A text without the identifiers of what is asked, which are others each time.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("as approval ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        out + "as approval " + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
    })
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
