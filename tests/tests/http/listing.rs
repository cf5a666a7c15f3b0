//! `interlock tools --url`: the list of a server that is reached by HTTP, as its clients reach it.

use std::process::Output;

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries;
use interlock_testkit::command::Command;
use interlock_testkit::recording_http::{RecordingHttp, Speaks};
use interlock_testkit::script::Script;
use serde_json::Value;
use tempfile::TempDir;

use crate::scene::Scene;

/// What it answers, and that it leaves nothing behind.
async fn tools(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
    let home = TempDir::new()?;
    let mut command = Command::new(binaries::interlock()?).arg("tools").args(arguments);
    for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command = command.env(name, home.path());
    }
    for (name, value) in variables {
        command = command.env(name, value);
    }
    let output = command.output().await?;
    assert_eq!(std::fs::read_dir(home.path())?.count(), 0, "something is left");
    Ok(output)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn servers_of_every_transport_and_era_are_listed() -> Result<()> {
    for speaks in [Speaks::Legacy, Speaks::Modern, Speaks::Sse] {
        let server = RecordingHttp::start(speaks).await?;
        let output = tools(&["--url", &server.url], &[]).await?;
        ensure!(output.status.success(), "{speaks:?}: {}", text(&output.stderr));
        let list: Value = serde_json::from_slice(&output.stdout)?;
        let names: Vec<_> =
            list["tools"].as_array().context("no tools")?.iter().map(|tool| tool["name"].clone()).collect();
        assert_eq!(names, ["echo", "slow", "grow"], "{speaks:?}");
        assert_eq!(server.of_method("tools/list").len(), 1, "{speaks:?}");
        assert_eq!(server.of_method("tools/call").len(), 0, "{speaks:?}");
    }
    Ok(())
}

/// A server that wants a token: the header carries it, and it is in no message where it is refused.
#[tokio::test]
async fn headers_carry_secrets_that_nobody_is_told() -> Result<()> {
    let scene = Scene::start(&Script::with_tools(&["one", "two"]), "").await?;
    let token = scene.site.token("team").await?;
    let url = scene.serving.url("recording");
    let arguments = ["--names", "--url", &url, "--header", "Authorization: Bearer ${TOKEN}"];
    let listed = tools(&arguments, &[("TOKEN", &token)]).await?;
    ensure!(listed.status.success(), "{}", text(&listed.stderr));
    assert_eq!(text(&listed.stdout), "one\ntwo\n");
    let wrong = tools(&arguments, &[("TOKEN", "il_s3cret")]).await?;
    assert_eq!(wrong.status.code(), Some(2));
    let said = text(&wrong.stderr);
    ensure!(said.contains("no answer to `initialize`") && said.contains("401"), "{said}");
    ensure!(!said.contains("s3cret") && wrong.stdout.is_empty(), "{said}");
    let unset = tools(&arguments, &[]).await?;
    assert_eq!(unset.status.code(), Some(2));
    ensure!(text(&unset.stderr).contains("cannot read the header `Authorization`"), "{unset:?}");
    assert_eq!(scene.server.calls()?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_reached_is_said() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    for (arguments, expected) in [
        (vec!["--url", &*format!("http://{nobody}/mcp")], "cannot be reached"),
        (vec!["--url", "ftp://host/mcp"], "is not an `http://` or `https://` address"),
        (vec!["--url", "http://host/mcp", "--", "server"], "cannot be used with"),
        (vec!["--header", "A: b", "--", "server"], "cannot be used with"),
        (vec!["--header", "A: b"], "--url"),
        (vec![], "COMMAND"),
    ] {
        let output = tools(&arguments, &[]).await?;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        ensure!(said.contains(expected) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    Ok(())
}
