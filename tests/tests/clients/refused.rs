//! Files that are not changed, and what was changed since.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use anyhow::{Context as _, Result, ensure};

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
    let args = ["init", "--yes", "--client", "cursor", "--client", "gemini", "--client", "windsurf", "--client", "zed", "--client", "codex"];
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
async fn what_was_changed_since_is_left_but_for_force() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    machine.interlock(&["init", "--yes", "--client", "zed", "--client", "codex"]).await?;
    let zed = machine.home().join(".config/zed/settings.json");
    let edited = fs::read_to_string(&zed)?.replace("16", "17");
    fs::write(&zed, &edited)?;
    let said = machine.interlock(&["init", "--undo"]).await?;
    ensure!(said.code == Some(1), "{said:?}");
    ensure!(said.text.contains("kept ~/.config/zed/settings.json: it was changed since"), "{said:?}");
    ensure!(said.text.contains("restored ~/.codex/config.toml"), "{said:?}");
    ensure!(fs::read_to_string(&zed)? == edited);
    // Its policies are still there, for it names them.
    ensure!(machine.home().join(".config/interlock/policies").is_dir());
    let said = machine.interlock(&["init", "--undo", "--force"]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    ensure!(machine.files()? == before);
    Ok(())
}

#[tokio::test]
async fn modes_stay_and_copies_are_the_persons_alone() -> Result<()> {
    let machine = Machine::new().await?;
    let file = machine.home().join(".config/Claude/claude_desktop_config.json");
    fs::set_permissions(&file, Permissions::from_mode(0o640))?;
    let mode = |path: &std::path::Path| Ok::<_, anyhow::Error>(path.metadata()?.permissions().mode() & 0o777);
    let done = machine.interlock(&["init", "--yes", "--client", "claude-desktop", "--format", "json"]).await?.json()?;
    ensure!(mode(&file)? == 0o640, "{:o}", mode(&file)?);
    let backup = done["applied"]["backups"][0].as_str().context("a copy")?;
    ensure!(mode(std::path::Path::new(backup))? == 0o600);
    ensure!(mode(&machine.home().join(".config/interlock/init"))? == 0o700);
    machine.interlock(&["init", "--undo"]).await?;
    ensure!(mode(&file)? == 0o640);
    Ok(())
}
