//! What a rewired entry starts: the same server, with a policy in front of it.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use interlock_testkit::binaries;
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::Command;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::machine::Machine;

/// The command that a client makes of an entry.
fn command(entry: &Value) -> Result<Command> {
    let texts = entry["args"].as_array().context("arguments")?.iter().filter_map(Value::as_str);
    let mut command = Command::new(entry["command"].as_str().context("a command")?).args(texts);
    for (name, value) in entry["env"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().replace("${env:TEAM_OF_TESTS}", "blue");
        command = command.env(name, value);
    }
    Ok(command)
}

#[tokio::test]
async fn a_client_starts_the_server_through_interlock() -> Result<()> {
    let machine = Machine::new().await?;
    let done = machine.interlock(&["init", "--yes", "--client", "claude-desktop"]).await?;
    ensure!(done.code == Some(0), "{done:?}");
    let file: Value = serde_json::from_str(&machine.text(".config/Claude/claude_desktop_config.json")?)?;
    let command = machine.environment(command(&file["mcpServers"]["notes"])?);
    let (program, args) = command.line.split_first().context("a command")?;
    let mut process = tokio::process::Command::new(program);
    process.args(args).envs(command.env.iter().map(|(name, value)| (name, value)));
    let client = ().serve(TokioChildProcess::new(process)?).await?;
    let tools = client.list_all_tools().await?;
    ensure!(tools.len() == 2, "{tools:?}");
    let call = |name: &'static str| {
        let arguments = json!({ "id": "1" }).as_object().cloned().unwrap_or_default();
        client.call_tool(CallToolRequestParams::new(name).with_arguments(arguments))
    };
    call("get_note").await?;
    // A person has to agree, and nobody is there.
    let deleted = tokio::time::timeout(std::time::Duration::from_secs(3), call("delete_note")).await;
    ensure!(!matches!(&deleted, Ok(Ok(result)) if result.is_error != Some(true)), "{deleted:?}");
    let arrived: Vec<String> = machine.notes.calls()?.into_iter().map(|(name, _)| name).collect();
    ensure!(arrived == ["get_note"], "{arrived:?}");
    client.cancel().await?;
    Ok(())
}

#[tokio::test]
async fn headers_reach_their_server_and_no_command_line() -> Result<()> {
    let machine = Machine::new().await?;
    let done = machine.interlock(&["init", "--yes", "--client", "cursor"]).await?;
    ensure!(done.code == Some(0), "{done:?}");
    let text = machine.text(".cursor/mcp.json")?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let plain: String =
        lines.map(|line| line.split(" // ").next().unwrap_or(line).to_owned() + "\n").collect();
    let plain = plain.replace("/* starts\n\t\t   slowly */", "");
    // What is left to take away of the comments' language are commas.
    let plain = regex::Regex::new(r",(\s*[}\]])")?.replace_all(&plain, "$1").into_owned();
    let plain = regex::Regex::new(r",(\s*[}\]])")?.replace_all(&plain, "$1").into_owned();
    let file: Value = serde_json::from_str(&plain).with_context(|| plain.clone())?;
    let entry = &file["mcpServers"]["remote"];
    ensure!(entry["env"]["INTERLOCK_HEADER_AUTHORIZATION"] == "Bearer SECRET-header", "{entry}");
    ensure!(!entry["args"].to_string().contains("SECRET"), "{entry}");
    let mut client = ScriptedClient::spawn(&machine.environment(command(entry)?))?;
    client.initialize("2025-11-25").await?;
    client.call("echo", json!({})).await?;
    client.finish().await?;
    ensure!(machine.remote.of_method("tools/call").len() == 1);
    Ok(())
}

#[tokio::test]
async fn policies_that_are_there_are_used_as_they_are() -> Result<()> {
    let machine = Machine::new().await?;
    let folder = machine.project().join("policies");
    fs::create_dir(&folder)?;
    let own = "version: \"1\"\ndefault: deny\ntools:\n  get_note: {} # mine\n";
    fs::write(folder.join("interlock-recording-server.yaml"), own)?;
    let args = ["init", "--yes", "--client", "claude-desktop", "--policies", "policies", "--format", "json"];
    let done = machine.interlock(&args).await?;
    ensure!(done.code == Some(0), "{done:?}");
    ensure!(done.json()?["policies"] == json!([]), "{done:?}");
    ensure!(fs::read_to_string(folder.join("interlock-recording-server.yaml"))? == own);
    let text = machine.text(".config/Claude/claude_desktop_config.json")?;
    ensure!(text.contains("policies/interlock-recording-server.yaml"), "{text}");
    machine.interlock(&["init", "--undo"]).await?;
    ensure!(fs::read_to_string(folder.join("interlock-recording-server.yaml"))? == own, "it was not init's");
    Ok(())
}

/// Whatever file the Interlock is that a server runs through, the server is not put behind another.
#[tokio::test]
async fn nothing_is_put_behind_interlock_twice() -> Result<()> {
    const FILE: &str = ".config/Claude/claude_desktop_config.json";
    let machine = Machine::new().await?;
    let init = ["init", "--yes", "--client", "claude-desktop"];
    ensure!(machine.interlock(&init).await?.code == Some(0));
    let wrapped = machine.text(FILE)?;
    machine.interlock(&init).await?;
    ensure!(machine.text(FILE)? == wrapped, "{}", machine.text(FILE)?);

    // The same program, as another file.
    let own = binaries::interlock()?;
    let folder = machine.home().join("elsewhere");
    fs::create_dir(&folder)?;
    let copy = folder.join("interlock");
    fs::hard_link(&own, &copy).or_else(|_| fs::copy(&own, &copy).map(drop))?;
    let moved = wrapped.replace(&own.display().to_string(), &copy.display().to_string());
    ensure!(moved != wrapped, "{wrapped}");
    fs::write(machine.home().join(FILE), &moved)?;
    let again = machine.interlock(&init).await?;
    ensure!(machine.text(FILE)? == moved, "{}", machine.text(FILE)?);
    let said = [again.text, again.errors].concat();
    ensure!(said.contains("which is another file than this program"), "{said}");
    Ok(())
}
