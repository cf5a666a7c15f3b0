//! A disk that is full: calls are denied and said to be, nothing that was written is lost, and it works again
//! when there is room.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::Command;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use rustix::process::{Pid, Resource, Rlimit};
use serde_json::{Value, json};

use crate::strace;

const POLICY: &str =
    "version: \"1\"\ndefault: allow\ntools:\n  a: { rules: [{ rate_limit: 2000/hour }] }\n  b: {}\n";

/// A file system of a few megabytes, taken down when this is dropped.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount one.
    fn mount(at: &Path) -> Result<Option<Self>> {
        std::fs::create_dir_all(at)?;
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs"])
            .arg(at)
            .output();
        Ok(mount.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned())))
    }

    /// Takes all the room there is.
    fn fill(&self) -> Result<()> {
        let mut file = File::create(self.0.join("filler"))?;
        let block = [0_u8; 4096];
        while file.write_all(&block).is_ok() {}
        while file.write_all(&block[..1]).is_ok() {}
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.0.join("filler"))?)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _gone = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn denied(answer: &Value) -> Option<&str> {
    answer["result"]["content"][0]["text"].as_str()?.strip_prefix("[INTERLOCK DENIED] ")
}

/// Calls until one is denied: how many passed before it.
async fn until_denied(client: &mut ScriptedClient, tool: &str) -> Result<usize> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut passed = 0;
    while denied(&client.call(tool, json!({})).await?).is_none() {
        passed += 1;
        ensure!(Instant::now() < deadline, "still passing after {passed} calls: {}", client.stderr());
    }
    Ok(passed)
}

async fn until_passed(client: &mut ScriptedClient, tool: &str) -> Result<usize> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut refused = 0;
    while denied(&client.call(tool, json!({})).await?).is_some() {
        refused += 1;
        ensure!(Instant::now() < deadline, "still denied: {}", client.stderr());
    }
    Ok(refused)
}

/// The same for both ways of making the disk full.
async fn check(
    interlock: &Interlock,
    server: &RecordingServer,
    client: &mut ScriptedClient,
    words: &str,
    fill: impl Fn() -> Result<()>,
    make_room: impl Fn() -> Result<()>,
) -> Result<()> {
    client.initialize("2025-11-25").await?;
    let mut passed = 0;
    let mut refused = 0;
    for _ in 0..2 {
        for tool in ["a", "b"] {
            assert!(denied(&client.call(tool, json!({})).await?).is_none());
            passed += 1;
        }
        fill()?;
        for tool in ["a", "b"] {
            passed += until_denied(client, tool).await?;
            refused += 1;
            for _ in 0..5 {
                let answer = client.call(tool, json!({})).await?;
                let reason = denied(&answer).with_context(|| format!("passed on a full disk: {answer}"))?;
                assert!(!reason.contains(words), "the agent learns the reason, not the cause: {reason}");
                refused += 1;
            }
        }
        assert_eq!(server.calls()?.len(), passed, "what was denied did not arrive");
        assert!(client.stderr().contains(words), "{}", client.stderr());
        make_room()?;
        for tool in ["a", "b"] {
            refused += until_passed(client, tool).await?;
            passed += 1;
        }
    }
    ensure!(client.finish().await?.success(), "{}", client.stderr());
    assert_eq!(server.calls()?.len(), passed);
    let (verified, report) = interlock.verify().await?;
    assert!(verified, "{report}");
    let intents = interlock.records_of("intent").await?;
    let outcomes = interlock.records_of("outcome").await?;
    assert_eq!(
        (intents.len(), outcomes.len()),
        (passed, passed),
        "each call that was made has its two records"
    );
    // What could not be recorded one by one is counted.
    let one_by_one = interlock.records_of("refusal").await?.len();
    let unrecorded = interlock.records_of("unrecorded").await?;
    let counted: u64 = unrecorded.iter().filter_map(|record| record["details"]["refusals"].as_u64()).sum();
    assert_eq!(one_by_one as u64 + counted, refused as u64, "{unrecorded:#?}");
    // What was counted before, during and after is still counted.
    let mut counters = intents.iter().rev().filter(|intent| intent["tool"] == "a");
    let last = counters.next().context("an intent")?;
    let of_a = server.calls()?.iter().filter(|(tool, _)| tool == "a").count();
    let after: usize = last["counters"][0]["after"].as_str().context("a counter")?.parse()?;
    assert!(after >= of_a, "{after} counted, {of_a} calls");
    Ok(())
}

#[tokio::test]
async fn of_a_few_megabytes() -> Result<()> {
    let interlock = Interlock::with_policy(POLICY)?.server("one");
    let Some(disk) = Small::mount(&interlock.data())? else {
        println!("not tried: this user may not mount a file system");
        return Ok(());
    };
    let server = RecordingServer::new(&Script::with_tools(&["a", "b"]))?;
    let mut client = interlock.connect(&server.command()?)?;
    check(&interlock, &server, &mut client, "full", || disk.fill(), || disk.make_room()).await
}

/// Files that may not grow, for users who may not mount anything.
#[tokio::test]
async fn where_files_may_not_grow() -> Result<()> {
    let interlock = Interlock::with_policy(POLICY)?.server("one");
    let server = RecordingServer::new(&Script::with_tools(&["a", "b"]))?;
    // Without this the signal that goes with the limit ends the process.
    let ignoring = Command::new("sh").args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    let mut client = ScriptedClient::spawn(&interlock.before(&server.command()?)?.behind(ignoring))?;
    // The gateway's limit only: the recording server was started before.
    let starts = |server: &RecordingServer| Ok(!server.pids()?.is_empty());
    server.wait_until("the start", Duration::from_secs(20), starts).await?;
    let pid = Pid::from_raw(client.group().leader()).context("a process id")?;
    let limit = |bytes: Option<u64>| -> Result<()> {
        rustix::process::prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })?;
        Ok(())
    };
    check(&interlock, &server, &mut client, "File too large", || limit(Some(1)), || limit(None)).await
}

/// A disk that takes what is written and then does not keep it: calls are denied as long as it says so.
#[tokio::test]
async fn that_cannot_be_synced() -> Result<()> {
    if let Err(why) = strace::works() {
        println!("not tried: {why}");
        return Ok(());
    }
    let interlock = Interlock::with_policy(POLICY)?.server("one");
    let server = RecordingServer::new(&Script::with_tools(&["a", "b"]))?;
    // The log is synced within 100 ms of a write, and again while that fails.
    let command = interlock.before(&server.command()?)?.behind(strace::failing("fdatasync", 2, 12));
    let mut client = ScriptedClient::spawn(&command)?;
    client.initialize("2025-11-25").await?;
    let mut passed = until_denied(&mut client, "b").await?;
    let arrived = server.calls()?.len();
    assert_eq!(arrived, passed, "what was denied did not arrive");
    until_passed(&mut client, "b").await?;
    passed += 1;
    ensure!(client.finish().await?.success(), "{}", client.stderr());
    assert_eq!(server.calls()?.len(), passed);
    assert!(client.stderr().contains("could not be flushed to the disk"), "{}", client.stderr());
    let (verified, report) = interlock.verify().await?;
    assert!(verified, "{report}");
    assert!(!interlock.records_of("unrecorded").await?.is_empty());
    Ok(())
}
