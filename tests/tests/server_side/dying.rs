//! A server that ends while calls are under way.

use anyhow::{Context, Result};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::command::{Command, runs};
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::{VERSION, Wrapped};
use serde_json::json;

const GONE: i64 = 50_200;

fn waiting() -> Step {
    Step::AwaitLine { contains: "this never comes".to_owned() }
}

/// The server ends by `steps` while two calls and a list wait: each gets an error, and the run ends with 2.
async fn check(steps: Vec<Step>) -> Result<()> {
    let script = Script::with_tools(&["slow", "end"])
        .on("tools/call:slow", [waiting()])
        // The gateway's own reading is answered.
        .in_turn("tools/list", [vec![Step::Answer], vec![waiting()]])
        .on("tools/call:end", steps);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "limits: { shutdown_seconds: 1 }\n", &script).await?;
    let mut asked = vec![wrapped.client.request("tools/list", json!({})).await?];
    for _ in 0..2 {
        asked.push(wrapped.call_and_wait_for_arrival("slow").await?);
    }
    asked.push(wrapped.client.request("tools/call", json!({ "name": "end" })).await?);
    for id in asked {
        let answer = wrapped.client.response(&json!(id)).await?;
        assert_eq!(answer["error"]["code"], GONE, "{answer}");
    }
    let status = wrapped.client.wait().await?;
    assert_eq!(status.code(), Some(2), "{}", wrapped.client.stderr());
    assert!(wrapped.client.stderr().contains("the server ended by itself"), "{}", wrapped.client.stderr());
    wrapped.nothing_runs().await?;
    let outcomes = wrapped.outcomes(3).await?;
    assert_eq!(outcomes.len(), 3, "{outcomes:#?}");
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "disconnected"), "{outcomes:#?}");
    let stop = wrapped.interlock.records_of("stop").await?;
    assert!(stop[0]["reason"].as_str().is_some_and(|why| why.contains("ended by itself")), "{stop:#?}");
    let (verified, words) = wrapped.interlock.verify().await?;
    assert!(verified, "{words}");
    Ok(())
}

#[tokio::test]
async fn by_a_crash() -> Result<()> {
    check(vec![Step::Crash]).await
}

#[tokio::test]
async fn by_its_own_will() -> Result<()> {
    check(vec![Step::Exit { code: 0 }]).await?;
    check(vec![Step::Exit { code: 7 }]).await
}

/// It says nothing more, but stays: it is ended.
#[tokio::test]
async fn by_closing_its_output() -> Result<()> {
    check(vec![Step::CloseOutput]).await
}

/// What it said last still comes through.
#[tokio::test]
async fn its_last_words_are_relayed() -> Result<()> {
    let script = Script::with_tools(&["end"]).on("tools/call:end", [Step::Answer, Step::Crash]);
    let mut wrapped = Wrapped::connect(ALLOW_ALL, "{}", &script).await?;
    let answer = wrapped.client.call("end", json!({ "last": "words" })).await?;
    assert_eq!(answer["result"]["structuredContent"]["arguments"]["last"], "words", "{answer}");
    assert_eq!(wrapped.client.wait().await?.code(), Some(2));
    Ok(())
}

/// A process that the server started holds its output open; the server is gone all the same, and that
/// process goes with it.
#[tokio::test]
async fn leaving_a_child_that_holds_its_output() -> Result<()> {
    let script = Script::with_tools(&["slow", "end"])
        .on("tools/call:slow", [waiting()])
        .on("tools/call:end", [Step::Crash]);
    let directory = tempfile::tempdir()?;
    let note = directory.path().join("pid");
    let line = format!("sleep 1000 & echo $! > '{}'; exec \"$@\"", note.display());
    let shell = |server: Command| server.behind(Command::new("sh").arg("-c").arg(line).arg("sh"));
    let settings = "limits: { shutdown_seconds: 1 }\n";
    let mut wrapped = Wrapped::start_behind(ALLOW_ALL, settings, &script, shell)?;
    wrapped.shake_hands(VERSION).await?;
    let pid: i32 = std::fs::read_to_string(&note)?.trim().parse().context("a process id")?;
    assert!(runs(pid));
    let slow = wrapped.call_and_wait_for_arrival("slow").await?;
    wrapped.client.request("tools/call", json!({ "name": "end" })).await?;
    let answer = wrapped.client.response(&json!(slow)).await?;
    assert_eq!(answer["error"]["code"], GONE, "{answer}");
    assert_eq!(wrapped.client.wait().await?.code(), Some(2), "{}", wrapped.client.stderr());
    wrapped.server.wait_until("the child's end", PATIENCE, |_| Ok(!runs(pid))).await
}

/// A server that cannot be started: exit code 2, the program's name, and nothing on standard output.
#[tokio::test]
async fn before_it_began() -> Result<()> {
    let missing = |_| Command::new("/nowhere/no-such-server");
    let mut wrapped = Wrapped::start_behind(ALLOW_ALL, "{}", &Script::default(), missing)?;
    assert_eq!(wrapped.client.wait().await?.code(), Some(2));
    let words = wrapped.client.stderr();
    assert!(words.contains("/nowhere/no-such-server") && words.contains("not found"), "{words}");
    assert!(wrapped.client.unclaimed().is_empty());
    assert!(wrapped.interlock.verify().await?.0);
    Ok(())
}
