//! How a run ends: the client goes, a signal comes. Nothing stays behind. And the ends of its streams: a pipe, a
//! file, a socket.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::{PATIENCE, ScriptedClient};
use interlock_testkit::command::{Command, runs};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{Script, Step};
use interlock_tests::wrapped::Wrapped;
use rustix::process::Signal;
use serde_json::{Value, json};

fn waiting() -> Step {
    Step::AwaitLine { contains: "this never comes".to_owned() }
}

async fn wait_until(what: &str, mut reached: impl FnMut() -> bool) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !reached() {
        ensure!(tokio::time::Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// The client goes in the middle of a call: the server goes too, with what it started, and the log says how the
/// call ended.
#[tokio::test]
async fn the_client_goes_in_the_middle_of_a_call() -> Result<()> {
    let script = Script::with_tools(&["slow"]).on("tools/call:slow", [waiting()]);
    let directory = tempfile::tempdir()?;
    let note = directory.path().join("pid");
    let line = format!("sleep 1000 > /dev/null & echo $! > '{}'; exec \"$@\"", note.display());
    let shell = |server: Command| server.behind(Command::new("sh").arg("-c").arg(line).arg("sh"));
    let mut wrapped = Wrapped::start_behind(ALLOW_ALL, "{}", &script, shell)?;
    wrapped.shake_hands("2025-11-25").await?;
    let grandchild: i32 = std::fs::read_to_string(&note)?.trim().parse().context("a process id")?;
    wrapped.call_and_wait_for_arrival("slow").await?;
    wrapped.finish().await?;
    wait_until("what the server started to go", || !runs(grandchild)).await?;
    assert!(wrapped.server.events()?.contains(&"end of input".to_owned()), "it was asked first");
    let outcomes = wrapped.outcomes(1).await?;
    assert_eq!(outcomes[0]["status"], "disconnected", "{outcomes:#?}");
    assert!(wrapped.interlock.verify().await?.0);
    Ok(())
}

/// The client no longer reads.
#[tokio::test]
async fn the_client_closes_what_it_reads() -> Result<()> {
    let server = RecordingServer::new(&Script::default())?;
    let interlock = Interlock::with_policy(ALLOW_ALL)?;
    let (mut child, group) = interlock.before(&server.command()?)?.spawn()?;
    drop(child.stdout.take());
    let mut input = child.stdin.take().context("an input")?;
    use tokio::io::AsyncWriteExt;
    // The first answer cannot be delivered.
    input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await?;
    let status = tokio::time::timeout(PATIENCE, child.wait()).await??;
    assert_eq!(status.code(), Some(0));
    wait_until("the server's end", || server.pids().is_ok_and(|pids| pids.iter().all(|pid| !runs(*pid))))
        .await?;
    drop((input, group));
    Ok(())
}

/// A server that neither heeds the end of its input nor SIGTERM is killed, with what it started.
#[tokio::test]
async fn a_server_that_does_not_go() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let note = directory.path().join("pids");
    let line = format!(
        "trap '' TERM HUP INT; sleep 1000 & echo $$ $! > '{}'; while :; do wait; done",
        note.display()
    );
    let interlock = Interlock::with_policy(ALLOW_ALL)?.settings("limits: { shutdown_seconds: 1 }\n")?;
    let mut client = interlock.connect(&Command::new("sh").arg("-c").arg(line))?;
    wait_until("its start", || std::fs::read_to_string(&note).is_ok_and(|text| text.ends_with('\n'))).await?;
    let pids: Vec<i32> =
        std::fs::read_to_string(&note)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    assert_eq!(client.finish().await?.code(), Some(0), "{}", client.stderr());
    wait_until("both to go", || pids.iter().all(|pid| !runs(*pid))).await
}

/// A signal reaches the server as the same signal, the call under way is answered with an error, and the run ends
/// as it was asked to.
#[tokio::test]
async fn signals_pass_on() -> Result<()> {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP")] {
        let directory = tempfile::tempdir()?;
        let note = directory.path().join("seen");
        let file = note.display();
        let line = format!(
            "for s in TERM INT HUP; do trap \"echo $s >> '{file}'; exit 0\" $s; done; echo ready >> '{file}'; \
             while read -r line; do echo \"$line\" >> '{file}'; done; sleep 1000 & wait"
        );
        // It lists no tools, so that none can be accepted.
        let settings = "servers: { sh: { trust: allow_changes } }\n";
        let interlock = Interlock::with_policy(ALLOW_ALL)?.server("sh").settings(settings)?;
        let mut client = interlock.connect(&Command::new("sh").arg("-c").arg(line))?;
        let call = client.request("tools/call", json!({ "name": "slow" })).await?;
        let seen = || std::fs::read_to_string(&note).unwrap_or_default();
        wait_until("the call's arrival", || seen().contains("tools/call")).await?;
        // To the gateway alone, as a client or an operator does it.
        let leader = rustix::process::Pid::from_raw(client.group().leader()).context("a process id")?;
        rustix::process::kill_process(leader, signal)?;
        let answer = client.response(&json!(call)).await?;
        assert_eq!(answer["error"]["code"], 50_200, "{name}: {answer}");
        let status = client.wait().await?;
        assert_eq!(status.code(), Some(0), "{name}: {}", client.stderr());
        assert_eq!(seen().lines().last(), Some(name), "{}", seen());
        let stop = interlock.records_of("stop").await?;
        assert!(
            stop[0]["reason"].as_str().is_some_and(|why| why.contains(&format!("SIG{name}"))),
            "{stop:#?}"
        );
        let outcomes = interlock.records_of("outcome").await?;
        assert_eq!(outcomes[0]["status"], "disconnected", "{outcomes:#?}");
        assert!(interlock.verify().await?.0);
    }
    Ok(())
}

const QUESTIONS: [&str; 4] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"a":1.0}}}"#,
    r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"secret"}}"#,
];
const POLICY: &str = "version: \"1\"\ndefault: deny\ntools: { echo: {} }\n";

fn check_answers(text: &str) {
    let mut answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a message")).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers.len(), 3, "{text}");
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-11-25");
    assert!(text.contains(r#""arguments":{"a":1.0}"#), "{text}");
    assert_eq!(answers[2]["result"]["isError"], true);
}

fn command(interlock: &Interlock, server: &RecordingServer) -> Result<std::process::Command> {
    let command = interlock.before(&server.command()?)?;
    let mut process = std::process::Command::new(&command.line[0]);
    process.args(&command.line[1..]);
    Ok(process)
}

/// From a file and to a file, as a test or a script does it.
#[test]
fn files_as_streams() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["echo", "secret"]))?;
    let interlock = Interlock::with_policy(POLICY)?;
    let (questions, answers) = (server.path("questions"), server.path("answers"));
    std::fs::write(&questions, QUESTIONS.join("\n") + "\n")?;
    let status = command(&interlock, &server)?
        .stdin(std::fs::File::open(&questions)?)
        .stdout(std::fs::File::create(&answers)?)
        .status()?;
    assert!(status.success());
    check_answers(&std::fs::read_to_string(&answers)?);
    assert_eq!(server.calls()?.len(), 1);
    // Nothing to read at all.
    let status = command(&interlock, &server)?
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&answers)?)
        .status()?;
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(&answers)?, "");
    Ok(())
}

/// Over a socket, as some clients connect their children: one for both directions, or one for each.
#[test]
fn sockets_as_streams() -> Result<()> {
    for both in [true, false] {
        let server = RecordingServer::new(&Script::with_tools(&["echo", "secret"]))?;
        let interlock = Interlock::with_policy(POLICY)?;
        let (ours, theirs) = UnixStream::pair()?;
        let (reading, writing) =
            if both { (ours.try_clone()?, theirs.try_clone()?) } else { UnixStream::pair()? };
        let mut process = command(&interlock, &server)?;
        process.stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(writing));
        let mut child = process.spawn()?;
        drop(process);
        reading.set_read_timeout(Some(PATIENCE))?;
        let mut writer = &ours;
        writer.write_all((QUESTIONS.join("\n") + "\n").as_bytes())?;
        let mut reader = BufReader::new(reading);
        let mut text = String::new();
        for _ in 0..3 {
            reader.read_line(&mut text)?;
        }
        check_answers(&text);
        ours.shutdown(std::net::Shutdown::Write)?;
        assert!(child.wait()?.success(), "both: {both}");
    }
    Ok(())
}

/// The end of the input is not the end of the answers: what was asked before it is answered.
#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() -> Result<()> {
    let server = RecordingServer::new(&Script::with_tools(&["echo"]))?;
    let interlock = Interlock::with_policy(POLICY)?;
    let mut client: ScriptedClient = interlock.connect(&server.command()?)?;
    let mut asked = Vec::new();
    for n in 0..50 {
        asked.push(client.request("tools/call", json!({ "name": "echo", "arguments": { "n": n } })).await?);
    }
    client.close_input();
    for id in asked {
        let answer = client.response(&json!(id)).await?;
        assert!(answer["result"]["structuredContent"].is_object(), "{answer}");
    }
    assert_eq!(client.wait().await?.code(), Some(0));
    Ok(())
}
