//! `kill -9` at every step: a run with two calls is killed at its first system call of a kind that writes, locks or
//! syncs, the next run at its second one, and so on until a run is over before it is killed.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::Command;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::strace;

const LIMIT: usize = 3;
const POLICY: &str = "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: 3/hour }] }\n";
/// All by which anything leaves the process, a file changes, or a transaction begins and ends. The event loop, and
/// with it every step of a call, is on the main thread, the only one that is traced.
const KINDS: [&str; 7] = ["write", "writev", "sendto", "pwrite64", "fcntl", "fdatasync", "rename"];
/// A run is over before so many.
const MOST: usize = 1_000;
/// Sweeps over the writes until every state was seen.
const AGAIN: usize = 10;

/// What there is to be seen from outside of the call that was under way, in the order in which it comes about:
/// whether it was counted, recorded, received by the server, and its outcome recorded.
type Seen = [usize; 4];

/// Two calls, one after the other; how many were answered before the end, whatever it was.
async fn two_calls(client: &mut ScriptedClient) -> usize {
    if client.initialize("2025-11-25").await.is_err() {
        return 0;
    }
    let mut answered = 0;
    while answered < 2 && client.call("a", json!({})).await.is_ok() {
        answered += 1;
    }
    answered
}

/// What the ledger has counted.
async fn counted(interlock: &Interlock) -> Result<usize> {
    if !interlock.data().join("ledger.db").exists() {
        return Ok(0);
    }
    let list = interlock.command(&["counters", "list", "--format", "json"])?.output().await?;
    // A ledger that was not laid out yet has none.
    let found: Vec<Value> = serde_json::from_slice(&list.stdout)
        .with_context(|| String::from_utf8_lossy(&list.stderr).into_owned())?;
    let values = found.iter().filter_map(|counter| counter["value"].as_str()?.parse::<usize>().ok());
    Ok(values.sum())
}

/// A run that is killed at its `step`th system call of a kind, and the next one. `None`: it was over before.
async fn killed_at(kind: &str, step: usize) -> Result<Option<Seen>> {
    let interlock = Interlock::with_policy(POLICY)?.server("one");
    let server = RecordingServer::new(&Script::with_tools(&["a"]))?;
    let command = interlock.before(&server.command()?)?;
    let mut victim = ScriptedClient::spawn(&command.behind(strace::killing(kind, step)))?;
    let answered = two_calls(&mut victim).await;
    let ended = victim.finish().await?;
    if ended.success() {
        ensure!(answered == 2, "{answered} answers: {}", victim.stderr());
        return Ok(None);
    }
    let arrived = server.calls()?.len();
    let reserved = counted(&interlock).await?;
    ensure!(arrived <= reserved, "{arrived} calls arrived, {reserved} are counted");
    let [intents, outcomes] = both_records(&interlock).await?;
    ensure!(arrived <= intents, "{arrived} calls arrived, {intents} are recorded");
    ensure!(answered <= outcomes, "{answered} were answered, {outcomes} outcomes are recorded");
    after(&interlock, &server, &server.command()?).await?;
    Ok(Some([reserved, intents, arrived, outcomes].map(|number| number - answered)))
}

async fn both_records(interlock: &Interlock) -> Result<[usize; 2]> {
    if !interlock.data().join("audit").exists() {
        return Ok([0, 0]);
    }
    Ok([interlock.records_of("intent").await?.len(), interlock.records_of("outcome").await?.len()])
}

/// The next run uses up what is left of the limit, and completes the log.
async fn after(interlock: &Interlock, server: &RecordingServer, command: &Command) -> Result<()> {
    let mut next = interlock.connect(command)?;
    next.initialize("2025-11-25").await?;
    let mut denied = 0;
    for _ in 0..=LIMIT {
        denied += usize::from(next.call("a", json!({})).await?["result"]["isError"] == true);
    }
    ensure!(denied > 0, "every call passed");
    ensure!(next.finish().await?.success(), "{}", next.stderr());
    let arrived = server.calls()?.len();
    ensure!(arrived <= LIMIT, "{arrived} calls arrived");
    ensure!(counted(interlock).await? == LIMIT, "the limit is not used up");
    let [intents, outcomes] = both_records(interlock).await?;
    ensure!(
        intents == outcomes && intents >= arrived,
        "{intents} intents, {outcomes} outcomes, {arrived} calls"
    );
    let (verified, report) = interlock.verify().await?;
    ensure!(verified, "{report}");
    Ok(())
}

#[tokio::test]
async fn of_a_call() -> Result<()> {
    if let Err(why) = strace::works() {
        println!("not tried: {why}");
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    for kind in KINDS {
        seen.extend(sweep(kind).await?);
    }
    // How often the event loop wakes other threads varies, and with it what a step is: one may be left out.
    let all: BTreeSet<Seen> =
        [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]].into_iter().collect();
    for _ in 0..AGAIN {
        if seen.is_superset(&all) {
            return Ok(());
        }
        seen.extend(sweep("write").await?);
    }
    bail!("never killed at {:?}", all.difference(&seen).collect::<Vec<_>>())
}

/// Kills one run after another at each system call of a kind.
async fn sweep(kind: &str) -> Result<BTreeSet<Seen>> {
    let mut seen = BTreeSet::new();
    for step in 1..MOST {
        match killed_at(kind, step).await.with_context(|| format!("{kind} {step}"))? {
            Some(state) => seen.insert(state),
            None => {
                println!("{kind}: {} steps, {seen:?}", step - 1);
                return Ok(seen);
            }
        };
    }
    bail!("still not over after {MOST} calls of {kind}")
}
