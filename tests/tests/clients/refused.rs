//! Files that are not changed, and what was changed since.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use interlock_testkit::binaries;
use interlock_testkit::command::Command;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::machine::Machine;

#[tokio::test]
async fn files_that_cannot_be_changed_are_told_and_left() -> Result<()> {
    let machine = Machine::new().await?;
    let home = machine.home();
    // A link, a broken file, one that is too large, one that is read-only, and one that is no text.
    fs::rename(home.join(".cursor/mcp.json"), home.join("elsewhere.json"))?;
    symlink(home.join("elsewhere.json"), home.join(".cursor/mcp.json"))?;
    fs::write(home.join(".gemini/settings.json"), "{\n  \"mcpServers\": {\n    \"a\": SECRET\n")?;
    fs::write(home.join(".codeium/windsurf/mcp_config.json"), vec![b' '; 33 * 1024 * 1024])?;
    let zed = home.join(".config/zed/settings.json");
    fs::set_permissions(&zed, Permissions::from_mode(0o444))?;
    fs::write(home.join(".codex/config.toml"), [0xff, 0xfe])?;
    let before = machine.files()?;
    let args = [
        "init", "--yes", "--client", "cursor", "--client", "gemini", "--client", "windsurf", "--client",
        "zed", "--client", "codex",
    ];
    let said = machine.interlock(&args).await?;
    ensure!(said.code == Some(0), "{said:?}");
    for expected in [
        "left: it is a link to a file elsewhere",
        "left: line 3 is not JSON",
        "left: it has more than 32 MiB",
        "left: it is read-only",
        "left: it is not text in UTF-8",
    ] {
        ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
    }
    ensure!(machine.files()? == before);
    Ok(())
}

#[tokio::test]
async fn modes_stay_and_copies_are_the_persons_alone() -> Result<()> {
    let machine = Machine::new().await?;
    let file = machine.home().join(".config/Claude/claude_desktop_config.json");
    fs::set_permissions(&file, Permissions::from_mode(0o640))?;
    let mode = |path: &std::path::Path| Ok::<_, anyhow::Error>(path.metadata()?.permissions().mode() & 0o777);
    let done = machine
        .interlock(&["init", "--yes", "--client", "claude-desktop", "--format", "json"])
        .await?
        .json()?;
    ensure!(mode(&file)? == 0o640, "{:o}", mode(&file)?);
    let backup = done["applied"]["backups"][0].as_str().context("a copy")?;
    ensure!(mode(std::path::Path::new(backup))? == 0o600);
    ensure!(mode(&machine.home().join(".config/interlock/init"))? == 0o700);
    machine.interlock(&["init", "--undo"]).await?;
    ensure!(mode(&file)? == 0o640);
    Ok(())
}

/// A terminal: the side that a person reads and types at, and the side that programs have.
fn terminal() -> Result<(File, File)> {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let program = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((person.into(), program))
}

/// Runs `interlock init` at a terminal, and answers its question.
fn asked(machine: &Machine, answer: &str) -> Result<(String, Option<i32>)> {
    let (mut person, program) = terminal()?;
    let command = machine.environment(Command::new(binaries::interlock()?).args(["init", "--client", "zed"]));
    let (name, args) = command.line.split_first().context("a command")?;
    let mut process = std::process::Command::new(name);
    process.args(args).envs(command.env).current_dir(machine.project());
    process.stdin(program.try_clone()?).stderr(program).stdout(Stdio::piped());
    let child = process.spawn()?;
    // The command keeps its side of the terminal open.
    drop(process);
    let mut said = String::new();
    let mut bytes = [0; 4096];
    while !said.contains("[y/N] ") {
        let count = person.read(&mut bytes).with_context(|| said.clone())?;
        said.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
    }
    person.write_all(answer.as_bytes())?;
    let output = child.wait_with_output()?;
    said.push_str(&String::from_utf8_lossy(&output.stdout));
    Ok((said, output.status.code()))
}

#[tokio::test]
async fn a_person_at_a_terminal_is_asked() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    let (said, code) = asked(&machine, "\n")?;
    ensure!(code == Some(1) && said.contains("nothing was changed"), "{said}");
    ensure!(said.contains("Write 2 policies and change 1 configuration? [y/N]"), "{said}");
    ensure!(said.contains("answers; reading its tools"), "no progress: {said}");
    ensure!(machine.files()? == before);
    let (said, code) = asked(&machine, "y\n")?;
    ensure!(code == Some(0) && said.contains("wrote 2 policies and changed 1 configuration"), "{said}");
    machine.interlock(&["init", "--undo"]).await?;
    ensure!(machine.files()? == before);
    Ok(())
}
