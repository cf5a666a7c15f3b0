//! `interlock init --undo` where something was changed since.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::machine::Machine;

const CLAUDE: &str = ".claude.json";

#[tokio::test]
async fn what_a_client_writes_into_its_own_file_stays() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    let path = machine.home().join(CLAUDE);
    let mut file: Value = serde_json::from_str(&machine.text(CLAUDE)?)?;
    let servers = file["mcpServers"].clone();
    ensure!(machine.interlock(&["init", "--yes", "--client", "claude-code"]).await?.code == Some(0));
    // The client counts its starts, and writes everything anew.
    file = serde_json::from_str(&machine.text(CLAUDE)?)?;
    ensure!(file["mcpServers"] != servers, "nothing was changed");
    file["numStartups"] = 4711.into();
    fs::write(&path, serde_json::to_string_pretty(&file)?)?;
    let now = machine.files()?;

    let dry = machine.interlock(&["init", "--undo", "--dry-run"]).await?;
    ensure!(dry.code == Some(0) && dry.text.contains("nothing was changed"), "{dry:?}");
    let lines: Vec<&str> =
        dry.text.lines().filter(|line| line.contains("restored") || line.contains("removed")).collect();
    ensure!(machine.files()? == now, "a dry run changed something");

    let said = machine.interlock(&["init", "--undo"]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    ensure!(lines.len() > 1 && lines.iter().all(|line| said.text.contains(line)), "{lines:?} {said:?}");
    ensure!(
        said.text.contains("restored ~/.claude.json: its entries alone, for it was changed since"),
        "{said:?}"
    );
    let restored: Value = serde_json::from_str(&machine.text(CLAUDE)?)?;
    ensure!(restored["numStartups"] == 4711 && restored["mcpServers"] == servers, "{restored:#}");
    // Everything else is what it was: no policy, no journal, no copy is left.
    let mut after = machine.files()?;
    after.insert(path.clone(), before.get(&path).context("the file")?.clone());
    ensure!(after == before, "{:?}", after.keys().collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn an_entry_that_somebody_changed_is_kept_and_forced_after_a_copy() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    machine.interlock(&["init", "--yes", "--client", "zed", "--client", "codex"]).await?;
    let zed = machine.home().join(".config/zed/settings.json");
    let folder = machine.home().join(".config/interlock/policies");
    let own = folder.join("mine.yaml");
    let text = fs::read_to_string(&zed)?;
    let policy = text.split('"').find(|text| text.ends_with(".yaml")).context("a policy")?.to_owned();
    let edited = text.replacen(&policy, &own.display().to_string(), 1).replace("16", "17");
    fs::write(&zed, &edited)?;

    let said = machine.interlock(&["init", "--undo"]).await?;
    ensure!(said.code == Some(1), "{said:?}");
    for expected in [
        "kept ~/.config/zed/settings.json: not all of its entries can be put back by themselves",
        ": how it runs through Interlock was changed since",
        "restored ~/.codex/config.toml\n",
        "interlock init --undo --force",
    ] {
        ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
    }
    let left = fs::read_to_string(&zed)?;
    ensure!(left.contains("mine.yaml") && left.contains("17"), "{left}");

    let said = machine.interlock(&["init", "--undo", "--force"]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    let copy = machine.home().join(".config/zed/settings.json.before-undo");
    ensure!(
        said.text.contains("what it was until now is in ~/.config/zed/settings.json.before-undo"),
        "{said:?}"
    );
    ensure!(fs::read_to_string(&copy)? == left);
    fs::remove_file(copy)?;
    ensure!(machine.files()? == before, "{:?}", machine.files()?.keys().collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn policies_that_were_edited_stay() -> Result<()> {
    let machine = Machine::new().await?;
    machine.interlock(&["init", "--yes", "--client", "claude-desktop"]).await?;
    let policy = machine.home().join(".config/interlock/policies/interlock-recording-server.yaml");
    let edited = fs::read_to_string(&policy)? + "# mine\n";
    fs::write(&policy, &edited)?;
    let said = machine.interlock(&["init", "--undo", "--force"]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    for expected in [
        "interlock-recording-server.yaml: it was edited since, and is yours",
        "interlock-recording-server.test.yaml: it belongs to `",
    ] {
        ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
    }
    ensure!(fs::read_to_string(&policy)? == edited && policy.with_extension("tools.json").exists());
    let again = machine.interlock(&["init", "--undo"]).await?;
    ensure!(again.code == Some(0) && again.text.contains("nothing to undo"), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn a_policy_that_a_configuration_names_stays_and_that_is_said() -> Result<()> {
    let machine = Machine::new().await?;
    machine.interlock(&["init", "--yes", "--client", "claude-desktop"]).await?;
    let file = machine.home().join(".config/Claude/claude_desktop_config.json");
    // Another option, so that the entry is not what was written.
    let text = fs::read_to_string(&file)?;
    fs::write(&file, text.replacen("\"run\"", "\"run\", \"--data\", \"/d\"", 1))?;
    let said = machine.interlock(&["init", "--undo"]).await?;
    ensure!(said.code == Some(1), "{said:?}");
    let named = "policies/interlock-recording-server.yaml: `";
    ensure!(
        said.text.contains(named) && said.text.contains("claude_desktop_config.json` names it"),
        "{said:?}"
    );
    ensure!(machine.home().join(".config/interlock/policies/interlock-recording-server.yaml").exists());
    Ok(())
}
