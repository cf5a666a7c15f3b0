//! Servers that take longer to start than a client waits before it takes them for older than they are.

use anyhow::{Context, Result, ensure};
use interlock_testkit::command::Command;
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Run, call, list};
use interlock_tests::servers::{Server, World};
use serde_json::json;

/// Longer than the SDK from PyPI waits for the answer to its first question, and than the gateway does.
const SLOW: &str = "sleep 12; exec \"$@\"";

fn slow(server: &Command) -> Result<Command> {
    let slow = Command::new("sh").arg("-c").arg(SLOW).arg("sh");
    let slow = words(server)?.into_iter().fold(slow, Command::arg);
    Ok(server.env.iter().fold(slow, |command, (name, value)| command.env(name, value)))
}

/// The version that a client and a server which starts slowly come to, and what a list and a call came to.
async fn connect(server: &Command, version: &str, tool: &str) -> Result<String> {
    let environment = Environment::find()?;
    let interlock = Interlock::with_policy(ALLOW_ALL)?.server("slow");
    let run = Run {
        command: words(&interlock.before(&slow(server)?)?)?,
        url: None,
        version: version.to_owned(),
        handlers: false,
        steps: vec![list("tools"), call(tool, json!({ "message": "hello" }))],
    };
    let report = Client::Python.drive(&environment, &[], vec![run]).await?.remove(0);
    let tools = report.results[0]["ok"].as_array().context("no list of tools")?;
    ensure!(tools.iter().any(|listed| listed["name"] == tool), "{tool} is not among {tools:?}");
    ensure!(report.results[1]["ok"].is_object(), "the call failed: {}", report.results[1]);
    Ok(report.version)
}

/// A server that speaks both eras, and keeps to the one in which it was spoken to first.
fn of_both_eras() -> Result<(World, Command)> {
    let environment = Environment::find()?;
    let world = Server::HealthImaging.world(&environment)?;
    let command = Server::HealthImaging.command(&environment, &world, "slow");
    let variables = world.variables();
    Ok((world, variables.into_iter().fold(command, |command, (name, value)| command.env(name, value))))
}

#[tokio::test]
async fn a_client_that_gave_up_asking_finds_a_server_of_both_eras() -> Result<()> {
    let (_world, server) = of_both_eras()?;
    connect(&server, "auto", "list_datastores").await.map(drop)
}

#[tokio::test]
async fn a_modern_client_is_carried_to_a_server_of_both_eras() -> Result<()> {
    let (_world, server) = of_both_eras()?;
    let version = connect(&server, "2026-07-28", "list_datastores").await?;
    assert_eq!(version, "2026-07-28");
    Ok(())
}

#[tokio::test]
async fn a_client_that_gave_up_asking_finds_a_legacy_server() -> Result<()> {
    let server = Environment::find()?.node_server("server-everything");
    let version = connect(&server, "auto", "echo").await?;
    assert_eq!(version, "2025-11-25");
    Ok(())
}

#[tokio::test]
async fn a_modern_client_is_carried_to_a_legacy_server() -> Result<()> {
    let server = Environment::find()?.node_server("server-everything");
    let version = connect(&server, "2026-07-28", "echo").await?;
    assert_eq!(version, "2026-07-28");
    Ok(())
}
