//! One server, one name: whatever `interlock init` looked at before, and with which clients.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::machine::Machine;

/// The policy and the name that an entry gives its server.
fn named(machine: &Machine, file: &str) -> Result<(String, String)> {
    let file: Value = serde_json::from_str(&machine.text(file)?)?;
    let args = file["mcpServers"]["files"]["args"].as_array().context("arguments")?;
    let after = |option: &str| {
        let at = args.iter().position(|word| word == option).context("an option")?;
        Ok::<_, anyhow::Error>(args.get(at + 1).and_then(Value::as_str).context("a value")?.to_owned())
    };
    Ok((after("-c")?, after("--server")?))
}

#[tokio::test]
async fn two_servers_of_one_package_are_two_in_every_run() -> Result<()> {
    const CURSOR: &str = ".cursor/mcp.json";
    const CLAUDE: &str = ".claude.json";
    let machine = Machine::new().await?;
    let notes = machine.notes.command()?;
    let words: Vec<String> = notes.line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (program, args) = words.split_first().context("a command")?;
    let entry = |team: &str| json!({ "mcpServers": { "files": { "command": program, "args": args, "env": { "TEAM": team } } } });
    let write = |file: &str, team: &str| fs::write(machine.home().join(file), entry(team).to_string());
    write(CURSOR, "a")?;
    write(CLAUDE, "b")?;
    for client in ["cursor", "claude-code"] {
        let done = machine.interlock(&["init", "--yes", "--client", client]).await?;
        ensure!(done.code == Some(0), "{done:?}");
    }
    let (first, second) = (named(&machine, CURSOR)?, named(&machine, CLAUDE)?);
    ensure!(first.0 != second.0 && first.1 != second.1, "{first:?} {second:?}");

    // Their entries are gone: one that comes back is known, and a third one is not taken for it.
    write(CURSOR, "c")?;
    write(CLAUDE, "a")?;
    let done = machine.interlock(&["init", "--yes", "--client", "claude-code"]).await?;
    ensure!(done.code == Some(0), "{done:?}");
    ensure!(named(&machine, CLAUDE)? == first, "{:?}", named(&machine, CLAUDE)?);
    machine.interlock(&["init", "--yes", "--client", "cursor"]).await?;
    let third = named(&machine, CURSOR)?;
    ensure!(![&first, &second].iter().any(|known| known.0 == third.0 || known.1 == third.1), "{third:?}");
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_told() -> Result<()> {
    let machine = Machine::new().await?;
    fs::write(machine.home().join(".cursor/mcp.json"), "{\"mcpServers\": {\n")?;
    let said = machine.interlock(&["inventory", "--client", "cursor"]).await?;
    ensure!(said.code == Some(1), "{said:?}");
    ensure!(said.text.contains("Cursor: ~/.cursor/mcp.json: line 1 is not JSON"), "{said:?}");
    ensure!(!said.text.contains("no servers are configured"), "{said:?}");
    let report = machine.interlock(&["inventory", "--client", "cursor", "--format", "json"]).await?.json()?;
    ensure!(report["unreadable"][0]["client"] == "Cursor", "{report:#}");
    Ok(())
}
