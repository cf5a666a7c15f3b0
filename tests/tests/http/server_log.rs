//! What servers write on standard error: in the gateway's log, each line with the server's name.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::http::Request;
use interlock_testkit::script::{Script, Step};
use serde_json::Value;
use tokio::time::Instant;

use crate::scene::{Scene, call};

const FLOOD: usize = 5_000;

fn stderr(text: &str) -> Step {
    Step::Stderr { text: text.to_owned() }
}

/// What the gateway has said, once a line of it is what is waited for.
async fn said(scene: &Scene, is_it: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = scene.serving.said();
        if said.lines().any(&is_it) {
            return Ok(said.lines().map(str::to_owned).collect());
        }
        ensure!(Instant::now() < deadline, "it does not say what is waited for:\n{said}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_line_names_the_server_and_obeys_nobody() -> Result<()> {
    let script = Script::with_tools(&["echo"]).at_start([
        stderr("ready \u{1b}[31mred\u{1b}[0m"),
        stderr(&"x".repeat(100_000)),
        stderr("after"),
    ]);
    let scene = Scene::start(&script, "anonymous: team\n").await?;
    scene.initialize(None).await?;
    let lines = said(&scene, |line| line.contains(" after ")).await?;
    let of_server: Vec<&String> = lines.iter().filter(|line| line.contains("server=\"recording\"")).collect();
    let pid = scene.server.pids()?.first().copied().context("no server")?;
    assert_eq!(of_server.len(), 3, "{lines:?}");
    ensure!(of_server.iter().all(|line| line.contains(&format!("pid={pid}"))), "{of_server:?}");
    ensure!(lines.iter().any(|line| line.contains("ready \\u{1b}[31mred\\u{1b}[0m")), "{lines:?}");
    ensure!(lines.iter().all(|line| line.len() < 1_500 && !line.contains("\u{1b}[31m")), "{lines:?}");
    Ok(())
}

#[tokio::test]
async fn lines_are_structured_where_the_log_is() -> Result<()> {
    let script = Script::with_tools(&["echo"]).at_start([stderr("ready \"now\"")]);
    let more = "anonymous: team\ntelemetry: { format: json, level: error }\n";
    let scene = Scene::start(&script, more).await?;
    scene.initialize(None).await?;
    let lines = said(&scene, |line| line.contains("ready")).await?;
    let line = lines.iter().find(|line| line.contains("ready")).context("no line")?;
    let line: Value = serde_json::from_str(line)?;
    assert_eq!(line["fields"]["server"], "recording");
    assert_eq!(line["fields"]["message"], "ready \"now\"");
    Ok(())
}

/// A server that floods is never held up, and the log gets a part and the number of the rest.
#[tokio::test]
async fn a_flood_fills_no_log_and_holds_up_no_server() -> Result<()> {
    let mut steps = vec![stderr("noise"); FLOOD];
    steps.push(Step::Answer);
    let script = Script::with_tools(&["loud"]).on("tools/call:loud", steps);
    let scene = Scene::start(&script, "anonymous: team\n").await?;
    let session = scene.initialize(None).await?;
    let answer = scene.send(&scene.post(&call(2, "loud")).header("Mcp-Session-Id", &session)).await?;
    ensure!(answer.status == 200 && answer.body.contains("result"), "{answer:?}");
    let end = Request::new(&scene.serving.address, "DELETE", "/mcp/recording");
    scene.send(&end.header("Mcp-Session-Id", &session)).await?;
    let lines = said(&scene, |line| line.contains("left_out=")).await?;
    let noise = lines.iter().filter(|line| line.contains("noise")).count();
    ensure!(noise > 0 && noise < FLOOD / 2, "{noise} lines");
    Ok(())
}
