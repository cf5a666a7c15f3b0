//! What `interlock init` shows before anybody agrees.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::machine::Machine;

#[tokio::test]
async fn what_the_policies_say_is_shown_before_and_how_to_decide_after() -> Result<()> {
    let machine = Machine::new().await?;
    let said = machine.interlock(&["init", "--dry-run", "--client", "claude-desktop"]).await?;
    for expected in [
        "  notes (Claude Desktop): 1 Read, 1 Destructive",
        "    for notes (Claude Desktop), as server `interlock-recording-server`",
        "       1 allowed       get_note",
        "       1 ask a person  delete_note",
        "\n--- ",
        "\n+++ ",
    ] {
        ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
    }
    let done = machine.interlock(&["init", "--yes", "--client", "claude-desktop"]).await?;
    ensure!(done.text.contains("calls of 1 tool wait until a person decides"), "{done:?}");
    ensure!(done.text.contains("`interlock approvals watch`"), "{done:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_start_says_why() -> Result<()> {
    let machine = Machine::new().await?;
    let script = "echo starting >&2; echo \"cannot log in with $DB_LOGIN, see --help\" >&2; printf '\\033[2Jgone\\n' >&2; exit 3";
    let entry = json!({ "mcpServers": { "broken": { "command": "sh", "args": ["-c", script], "env": { "DB_LOGIN": "SECRET-1" } } } });
    fs::write(machine.home().join(".cursor/mcp.json"), entry.to_string())?;
    for command in ["init", "inventory"] {
        let said = machine.interlock(&[command, "--client", "cursor"]).await?;
        for expected in [
            "broken (Cursor): ",
            "the server ended before it answered `initialize`; the last that it wrote:\n",
            "| starting\n",
            "| cannot log in with …, see --help\n",
            "| \\u{1b}[2Jgone\n",
        ] {
            ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_file_of_one_line_is_shown_by_its_parts() -> Result<()> {
    let machine = Machine::new().await?;
    let notes = machine.notes.command()?;
    let words: Vec<String> = notes.line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (program, args) = words.split_first().context("a command")?;
    let history: Vec<String> = (0..200).map(|number| format!("asked {number} of something")).collect();
    let file = json!({
        "history": history, "numStartups": 12, "theme": "dark", "zeta": {},
        "projects": { "/srv/work": { "mcpServers": { "files": { "command": program, "args": args } } } },
    });
    fs::write(machine.home().join(".claude.json"), file.to_string())?;
    let said = machine.interlock(&["init", "--dry-run", "--client", "claude-code"]).await?;
    let lines: Vec<&str> = said.text.lines().collect();
    let command = lines.iter().find(|line| line.starts_with('+') && line.contains("\"command\""));
    ensure!(command.is_some_and(|line| line.len() < 400), "{}", said.text);
    ensure!(!said.text.contains("asked 7"), "{}", said.text);
    ensure!(said.text.contains("files of /srv/work"), "{}", said.text);
    Ok(())
}

#[tokio::test]
async fn an_empty_home_is_told_as_what_was_looked_at() -> Result<()> {
    let machine = Machine::new().await?;
    fs::remove_dir_all(machine.home())?;
    fs::create_dir(machine.home())?;
    fs::remove_dir_all(machine.project())?;
    fs::create_dir(machine.project())?;
    let said = machine.interlock(&["init", "--dry-run"]).await?;
    ensure!(said.text.contains("was found in your home; `--project` looks at"), "{said:?}");
    let said = machine.interlock(&["init", "--dry-run", "--project"]).await?;
    ensure!(said.text.contains("was found in your home or in the present folder"), "{said:?}");
    Ok(())
}
