//! The policy changes while it is in force.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::Value;

use super::budget::{Budget, Caller};

fn at_most(max: u32) -> String {
    format!(
        "version: \"1\"\ndefault: allow\ntools:\n  a: {{ rules: [{{ name: pace, rate_limit: {max}/hour }}] }}\n"
    )
}

/// An edited `max` applies at once to what has been counted, up and down; another window counts anew.
#[tokio::test]
async fn editing_keeps_what_was_counted() -> Result<()> {
    let budget = Budget::new(&at_most(3))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 5).await?, 3);
    budget.reload(&at_most(5)).await?;
    assert_eq!(caller.passed("a", 5).await?, 2);
    budget.reload(&at_most(4)).await?;
    assert_eq!(caller.passed("a", 5).await?, 0);
    budget.reload(&at_most(6)).await?;
    assert_eq!(caller.passed("a", 5).await?, 1);
    assert_eq!(budget.arrived()?, 6);
    // Another name, comments and order change nothing that is counted.
    budget
        .reload(&format!("# a comment\n{}", at_most(6).replace("pace", "rate").replace("6/", "7/")))
        .await?;
    assert_eq!(caller.passed("a", 5).await?, 1);
    budget.reload(&at_most(7).replace("hour", "day")).await?;
    assert_eq!(caller.passed("a", 9).await?, 7, "another window is another counter");
    budget.reload(&at_most(8)).await?;
    assert_eq!(caller.passed("a", 9).await?, 1, "the old one is still there");
    Ok(())
}

/// A file with mistakes changes nothing; it is said on standard error and recorded once.
#[tokio::test]
async fn a_broken_file_keeps_the_old_policy() -> Result<()> {
    let budget = Budget::new(&at_most(3))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 1).await?, 1);
    let limit = Duration::from_secs(20);
    for (nth, broken) in [
        "tools: [",
        "version: \"1\"\ndefalt: allow\n",
        "version: \"1\"\ndefault: allow\ntools: { a: { rules: [{ rate_limit: many }] } }\n",
        "\u{0}",
        "",
    ]
    .iter()
    .enumerate()
    {
        budget.interlock.replace_policy(broken)?;
        if broken.is_empty() {
            continue;
        }
        let so_many = |found: &[Value]| found.len() > nth;
        let records = budget.interlock.wait_for_records("policy_rejected", limit, so_many).await?;
        assert_eq!(records.len(), nth + 1, "{records:#?}");
        assert!(
            records[nth]["reason"].as_str().is_some_and(|why| why.contains("policy.yaml")),
            "{records:#?}"
        );
        assert_eq!(caller.passed("other", 1).await?, 1, "under {broken:?}");
    }
    assert!(
        caller.client.stderr().contains("the policy in force is still the one before"),
        "{}",
        caller.client.stderr()
    );
    assert!(caller.client.stderr().contains("defalt"), "{}", caller.client.stderr());
    Ok(())
}

/// A file that goes away keeps the old policy too; when it comes back it counts.
#[tokio::test]
async fn a_missing_file_keeps_the_old_policy() -> Result<()> {
    let budget = Budget::new(&at_most(1))?;
    let mut caller = budget.connect().await?;
    assert_eq!(caller.passed("a", 2).await?, 1);
    std::fs::remove_file(budget.interlock.policy())?;
    let limit = Duration::from_secs(20);
    budget.interlock.wait_for_records("policy_rejected", limit, |found| !found.is_empty()).await?;
    assert_eq!(caller.passed("a", 2).await?, 0);
    budget.reload(&at_most(2)).await?;
    assert_eq!(caller.passed("a", 2).await?, 1);
    Ok(())
}

async fn connect(interlock: &Interlock, server: &RecordingServer) -> Result<Caller> {
    let mut client = ScriptedClient::spawn(&interlock.before(&server.command()?)?)?;
    client.initialize("2025-11-25").await?;
    Ok(Caller { client })
}

/// Links that are swapped, as orchestrators mount configuration: the file's own link, or that of its directory.
#[tokio::test]
async fn swapped_links() -> Result<()> {
    for of_directory in [false, true] {
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        for (version, max) in [("v1", 2), ("v2", 3), ("v3", 5)] {
            std::fs::create_dir(path(version))?;
            std::fs::write(path(version).join("policy.yaml"), at_most(max))?;
        }
        let point_to = |version: &str| -> Result<()> {
            let (link, target) = if of_directory {
                ("..data", version.to_owned())
            } else {
                ("policy.yaml", format!("{version}/policy.yaml"))
            };
            symlink(target, path("new"))?;
            Ok(std::fs::rename(path("new"), path(link))?)
        };
        point_to("v1")?;
        if of_directory {
            symlink("..data/policy.yaml", path("policy.yaml"))?;
        }
        let interlock = Interlock::with_policy_file(&path("policy.yaml"))?;
        let server = RecordingServer::new(&Script::with_tools(&["a"]))?;
        let mut caller = connect(&interlock, &server).await?;
        assert_eq!(caller.passed("a", 4).await?, 2);
        for (nth, version) in ["v2", "v3"].iter().enumerate() {
            point_to(version)?;
            let limit = Duration::from_secs(20);
            interlock.wait_for_records("policy_reload", limit, |found| found.len() > nth).await?;
            let expected = [1, 2][nth];
            assert_eq!(caller.passed("a", 4).await?, expected, "{version}, of the directory: {of_directory}");
        }
        // A link to nowhere keeps the last one.
        point_to("v4")?;
        let limit = Duration::from_secs(20);
        interlock.wait_for_records("policy_rejected", limit, |found| !found.is_empty()).await?;
        assert_eq!(caller.passed("a", 4).await?, 0);
        assert_eq!(server.calls()?.len(), 5);
    }
    Ok(())
}

/// A file that is rewritten in place, piece by piece, over and over: what every version denies is never let
/// through by the beginning of one.
#[tokio::test]
async fn calls_while_the_file_is_rewritten() -> Result<()> {
    let version = |n: usize| {
        let filler = "# filler that makes writing take longer\n".repeat(500);
        format!(
            "version: \"1\"\n# {n}\ndefault: allow\n{filler}tools:\n  a: {{ rules: [{{ action: deny }}] }}\n"
        )
    };
    let budget = Budget::new(&version(0))?;
    let mut caller = budget.connect().await?;
    let policy = budget.interlock.policy().to_owned();
    let going = Arc::new(AtomicBool::new(true));
    let texts = [version(1), version(2)];
    let writing = std::thread::spawn({
        let going = Arc::clone(&going);
        move || -> std::io::Result<usize> {
            let mut writes = 0;
            while going.load(Ordering::SeqCst) {
                let mut file = std::fs::File::create(&policy)?;
                for piece in texts[writes % 2].as_bytes().chunks(1024) {
                    file.write_all(piece)?;
                }
                writes += 1;
            }
            Ok(writes)
        }
    });
    for n in 0..300 {
        assert_eq!(caller.passed("a", 1).await?, 0, "call {n}");
    }
    going.store(false, Ordering::SeqCst);
    assert!(writing.join().expect("it ended")? > 0);
    budget.interlock.replace_policy("version: \"1\"\ndefault: allow\n")?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while caller.passed("a", 1).await? == 0 {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "the last version never came into force");
    }
    Ok(())
}
