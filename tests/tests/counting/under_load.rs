//! The policy changes while many calls are in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_policy::{Source, Syntax, compile};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::budget::{Budget, Caller, outcome};

const PATIENCE: Duration = Duration::from_secs(20);

/// A policy under which two of the tools differ, and how often the third may be called. Its first half is a policy
/// too, and permits everything.
struct Version {
    number: usize,
    halves: [String; 2],
    denies: &'static str,
    max: u64,
}

impl Version {
    fn new(number: usize) -> Self {
        let denies = ["a", "b"][number % 2];
        let max = [40, 70, 100][number % 3];
        let filler = "# what takes its time to be written\n".repeat(200);
        let head = format!("version: \"1\"\ndefault: allow\n{filler}");
        let rules = format!(
            "tools:\n  {denies}: {{ rules: [{{ action: deny, on_deny: version {number} }}] }}\n  \
             other: {{ limits: [{{ counter: used, window: day, max: {max} }}] }}\n"
        );
        Self { number, halves: [head, rules], denies, max }
    }

    fn text(&self) -> String {
        self.halves.concat()
    }

    fn digest(&self) -> Result<String> {
        let text = self.text();
        let (policy, found) = compile(&Source { name: "version", text: &text, syntax: Syntax::Yaml });
        Ok(policy.with_context(|| format!("{found:?}"))?.digest().to_owned())
    }
}

/// What was asked, and what the answer was: `None` for a call that passed.
type Answers = BTreeMap<String, (&'static str, Option<String>)>;

/// Sixteen calls at once, each of which is answered.
async fn round(caller: &mut Caller, answers: &mut Answers) -> Result<()> {
    let mut asked = Vec::new();
    for tool in ["a", "b", "other", "a"].into_iter().cycle().take(16) {
        let params = json!({ "name": tool, "arguments": {} });
        asked.push((caller.client.request("tools/call", params).await?, tool));
    }
    for (id, tool) in asked {
        let answer = caller.client.response(&json!(id)).await?;
        answers.insert(id.to_string(), (tool, outcome(&answer)?));
    }
    Ok(())
}

/// Calls until there are so many records of this kind, and once more then.
async fn call_until(
    budget: &Budget,
    caller: &mut Caller,
    (kind, count): (&str, usize),
    answers: &mut Answers,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while budget.interlock.records_of(kind).await?.len() < count {
        ensure!(Instant::now() < deadline, "no {count} records of {kind} came");
        round(caller, answers).await?;
    }
    round(caller, answers).await
}

/// Each call is answered once, by one of the policies that there were, as that policy says; what the limit counts is
/// what arrived.
#[tokio::test]
async fn every_call_is_decided_by_one_policy() -> Result<()> {
    let versions: Vec<Version> = (0..7).map(Version::new).collect();
    let budget = Budget::new(&versions[0].text())?;
    let mut caller = budget.connect().await?;
    let mut answers = Answers::new();
    round(&mut caller, &mut answers).await?;
    for version in &versions[1..] {
        // Half of it stands there while calls are made.
        if version.number % 3 == 0 {
            let mut file = File::create(budget.interlock.policy())?;
            file.write_all(version.halves[0].as_bytes())?;
            file.sync_all()?;
            round(&mut caller, &mut answers).await?;
            file.write_all(version.halves[1].as_bytes())?;
        } else {
            budget.interlock.replace_policy(&version.text())?;
        }
        call_until(&budget, &mut caller, ("policy_reload", version.number), &mut answers).await?;
        if version.number % 2 == 0 {
            budget.interlock.replace_policy(&version.text().replace("default", "defalt"))?;
            let rejected = version.number / 2;
            call_until(&budget, &mut caller, ("policy_rejected", rejected), &mut answers).await?;
            // So that the next good version is a change of the file, and not of what is in force.
            budget.interlock.replace_policy(&version.text())?;
        }
    }
    check(&budget, &versions, &answers).await?;
    let twice: Vec<String> =
        caller.client.unclaimed().into_iter().filter(|line| line.contains("\"result\"")).collect();
    ensure!(twice.is_empty(), "answered twice: {twice:?}");
    caller.finish().await
}

async fn check(budget: &Budget, versions: &[Version], answers: &Answers) -> Result<()> {
    let mut by_digest = BTreeMap::new();
    for version in versions {
        by_digest.insert(version.digest()?, version);
    }
    let (intents, refusals) =
        (budget.interlock.records_of("intent").await?, budget.interlock.records_of("refusal").await?);
    let calls = |records: &[Value]| -> BTreeSet<String> {
        let of_calls = records.iter().filter(|record| record["method"] == "tools/call");
        of_calls.filter_map(|record| record["request"].as_str().map(str::to_owned)).collect()
    };
    let (passed, refused) = (calls(&intents), calls(&refusals));
    ensure!(
        passed.is_disjoint(&refused) && passed.len() + refused.len() == answers.len(),
        "records and calls"
    );
    let mut used: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let (mut seen, mut over) = (BTreeSet::new(), Vec::new());
    let records = intents.iter().chain(&refusals).filter(|record| record["method"] == "tools/call");
    for record in records {
        let digest = record["policy"].as_str().context("a policy")?;
        let version = by_digest.get(digest).with_context(|| format!("judged by no policy: {record}"))?;
        seen.insert(version.number);
        let id = record["request"].as_str().context("a request")?;
        let (tool, denied) = answers.get(id).with_context(|| format!("never asked: {record}"))?;
        ensure!(denied.is_some() == refused.contains(id), "{tool} {denied:?}: {record}");
        match denied {
            // The limit had been reached by then, so it has been reached now.
            Some(words) if *tool == "other" => over.push((version.max, words)),
            Some(words) => {
                ensure!(version.denies == *tool, "{tool} under version {}: {record}", version.number);
                ensure!(*words == format!("version {}", version.number), "{words}: {record}");
            }
            None if *tool == "other" => {
                let after = record["counters"][0]["after"].as_str().context("a counter")?;
                let after: u64 = after.parse()?;
                ensure!(after <= version.max, "{after} under version {}: {record}", version.number);
                let key = record["counters"][0]["key"].as_str().unwrap_or_default().to_owned();
                ensure!(used.entry(key).or_default().insert(after), "counted twice: {record}");
            }
            None => ensure!(version.denies != *tool, "{tool} under version {}: {record}", version.number),
        }
    }
    ensure!(seen.len() == versions.len(), "versions that decided: {seen:?}");
    let arrived = budget.server.calls()?;
    ensure!(arrived.len() == passed.len(), "{} arrived, {} were let through", arrived.len(), passed.len());
    let of_other = arrived.iter().filter(|(tool, _)| tool == "other").count() as u64;
    ensure!(over.iter().all(|(max, _)| *max <= of_other), "{of_other} calls reached none of {over:?}");
    let counted: Vec<&BTreeSet<u64>> = used.values().collect();
    ensure!(
        counted.len() == 1 && counted[0].iter().copied().eq(1..=of_other),
        "{used:?}, {of_other} arrived"
    );
    Ok(())
}

/// While a policy is read and compiled, calls are answered by the one before: here it is a pipe whose writer takes
/// its time, so that reading it ends when the test says so.
#[tokio::test]
async fn calls_wait_for_no_policy() -> Result<()> {
    let [old, new] = [Version::new(0), Version::new(1)];
    let budget = Budget::new(&old.text())?;
    let mut caller = budget.connect().await?;
    // Under another name elsewhere, so that nobody sees it being written.
    let elsewhere = tempfile::tempdir()?;
    let pipe = elsewhere.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status()?;
    ensure!(made.success(), "no pipe was made");
    let beside = budget.interlock.policy().with_extension("new");
    std::fs::hard_link(&pipe, &beside)?;
    std::fs::rename(&beside, budget.interlock.policy())?;
    // Opening it to write ends when somebody has opened it to read.
    let (opened, open) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || opened.send(OpenOptions::new().write(true).open(pipe)));
    let mut file = timeout(PATIENCE, open).await.context("the new policy was never read")???;
    file.write_all(new.halves[0].as_bytes())?;
    for _ in 0..5 {
        assert_eq!(caller.passed("a", 1).await?, 0, "the old one denies it");
        assert_eq!(caller.passed("b", 1).await?, 1, "and permits this");
    }
    assert!(budget.interlock.records_of("policy_reload").await?.is_empty());
    file.write_all(new.halves[1].as_bytes())?;
    drop(file);
    budget.reloaded(1).await?;
    assert_eq!(caller.passed("a", 1).await?, 1);
    assert_eq!(caller.passed("b", 1).await?, 0);
    caller.finish().await
}
