//! `interlock init` on a machine with the configurations of ten clients: it finds all, changes what it said, and puts
//! every byte back.

mod inventory;
mod machine;
mod named;
mod refused;
mod rewired;
mod shown;
mod since;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use machine::{Files, Machine};

/// The lines of a text that a diff says are there, and its other lines in their order.
fn without<'t>(text: &'t str, lines: &[String]) -> Vec<&'t str> {
    let mut lines = lines.to_vec();
    let kept = text.split_inclusive('\n').filter(|line| {
        let line = line.trim_end_matches(['\r', '\n']);
        match lines.iter().position(|known| known == line) {
            Some(at) => {
                lines.remove(at);
                false
            }
            None => true,
        }
    });
    kept.collect()
}

/// The lines that a diff takes away or adds.
fn lines(diff: &str, sign: char) -> Vec<String> {
    let head = ["---", "+++"];
    let lines =
        diff.lines().filter(|line| line.starts_with(sign) && !head.iter().any(|head| line.starts_with(head)));
    lines.map(|line| line.get(1..).unwrap_or_default().trim_end_matches('\r').to_owned()).collect()
}

/// How often a diff says that lines go and come.
fn check_change(before: &Files, after: &Files, change: &Value) -> Result<()> {
    let file = Path::new(change["file"].as_str().context("a file")?);
    let diff = change["diff"].as_str().context("a diff")?;
    let text = |files: &Files| {
        Ok::<_, anyhow::Error>(String::from_utf8(files.get(file).context("the file")?.clone())?)
    };
    let (before, after) = (text(before)?, text(after)?);
    ensure!(before != after, "{} was to change", file.display());
    // Lines with secrets are shown without them: there are as many of them, and the others are the same bytes.
    let (gone, come) = (lines(diff, '-'), lines(diff, '+'));
    let shown = |line: &String| !line.contains('…');
    let [gone_plain, come_plain] =
        [&gone, &come].map(|lines| lines.iter().filter(|line| shown(line)).cloned().collect::<Vec<_>>());
    let (old, new) = (without(&before, &gone_plain), without(&after, &come_plain));
    let hidden = (gone.len() - gone_plain.len(), come.len() - come_plain.len());
    let same = old.iter().filter(|line| new.contains(line)).count();
    ensure!(
        old.len() - same <= hidden.0 && new.len() - same <= hidden.1,
        "{}: {old:#?} {new:#?}\n{diff}",
        file.display()
    );
    ensure!(before.ends_with('\n') == after.ends_with('\n'), "{}: its last line break", file.display());
    ensure!(
        before.contains('\r') == after.replace("\r\n", "").contains('\r')
            || !after.replace("\r\n", "").contains('\n'),
        "{}: its line breaks",
        file.display()
    );
    Ok(())
}

#[tokio::test]
async fn all_is_found_and_only_what_was_said_changes() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    let shown = machine.interlock(&["init", "--project", "--dry-run", "--format", "json"]).await?.json()?;
    ensure!(machine.files()? == before, "a dry run changed something");
    let clients: BTreeSet<&str> = shown["configurations"]
        .as_array()
        .context("a list")?
        .iter()
        .filter_map(|found| found["client"].as_str())
        .collect();
    let all = [
        "claude-code",
        "claude-desktop",
        "cline",
        "codex",
        "continue",
        "cursor",
        "gemini",
        "vscode",
        "windsurf",
        "zed",
    ];
    ensure!(clients == all.into(), "{clients:?}");

    let done = machine.interlock(&["init", "--project", "--yes", "--format", "json"]).await?;
    ensure!(done.code == Some(0), "{done:?}");
    let done = done.json()?;
    let changes = done["changes"].as_array().context("a list")?;
    ensure!(done["changes"] == shown["changes"], "what was shown is not what was done");
    let after = machine.files()?;
    for change in changes {
        check_change(&before, &after, change)?;
    }
    let changed: BTreeSet<&str> = changes.iter().filter_map(|change| change["file"].as_str()).collect();
    for (path, bytes) in &before {
        let is_said = changed.contains(path.to_string_lossy().as_ref());
        ensure!(is_said || after.get(path) == Some(bytes), "{} changed", path.display());
    }
    // Each state is told with its reason.
    let entries: Vec<(String, String, String)> = entries(&done);
    for (client, name, state) in [
        ("claude-desktop", "notes", "wrap"),
        ("claude-desktop", "gone", "left"),
        ("claude-code", "jobs", "wrap"),
        ("cursor", "remote", "wrap"),
        ("vscode", "asking", "left"),
        ("vscode", "notes", "wrap"),
        ("windsurf", "remote", "wrap"),
        ("cline", "old", "disabled"),
        ("gemini", "left-out", "disabled"),
        ("codex", "signed", "left"),
        ("codex", "jobs.eu", "wrap"),
        ("zed", "older", "wrap"),
        ("zed", "off", "disabled"),
        ("continue", "remote", "wrap"),
        ("vscode", "local", "left"),
    ] {
        let found =
            entries.iter().any(|entry| *entry == (client.to_owned(), name.to_owned(), state.to_owned()));
        ensure!(found, "{client} {name} {state}: {entries:#?}");
    }
    // One server has one policy, wherever it is configured; with other variables or headers it is another.
    let policies = done["policies"].as_array().context("a list")?;
    ensure!(policies.len() == 11, "{policies:?}");
    for policy in policies {
        let checked = machine.interlock(&["check", policy.as_str().context("a path")?]).await?;
        ensure!(checked.code == Some(0), "{checked:?}");
    }
    let folder = machine.home().join(".config/interlock/policies");
    let tested = machine.interlock(&["test", &folder.display().to_string()]).await?;
    ensure!(tested.code == Some(0), "{tested:?}");

    // Nothing is left to do.
    let again = machine.interlock(&["init", "--project", "--yes"]).await?;
    ensure!(again.code == Some(0) && again.text.contains("nothing to change"), "{again:?}");
    ensure!(machine.files()? == after, "the second run changed something");

    let undone = machine.interlock(&["init", "--undo"]).await?;
    ensure!(undone.code == Some(0), "{undone:?}");
    let restored = machine.files()?;
    let differ: Vec<_> = restored
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(bytes))
        .map(|(path, _)| path)
        .collect();
    ensure!(restored == before, "not put back: {differ:?}");
    let nothing = machine.interlock(&["init", "--undo"]).await?;
    ensure!(nothing.code == Some(0) && nothing.text.contains("nothing to undo"), "{nothing:?}");
    Ok(())
}

/// Client, name and state of every entry.
fn entries(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for found in report["configurations"].as_array().into_iter().flatten() {
        for entry in found["entries"].as_array().into_iter().flatten() {
            all.push((text(&found["client"]), text(&entry["name"]), text(&entry["state"])));
        }
    }
    all
}

#[tokio::test]
async fn without_a_terminal_it_shows_and_says_how_to() -> Result<()> {
    let machine = Machine::new().await?;
    let before = machine.files()?;
    let said = machine.interlock(&["init", "--client", "zed", "--client", "codex"]).await?;
    ensure!(said.code == Some(1), "{said:?}");
    for expected in [
        "nothing was changed, for there is no terminal to ask at; `interlock init --yes` does it without asking",
        "delete_note  Destructive, ",
        "~/.config/zed/settings.json",
        "+command = \"",
        "disabled",
        "left: `bearer_token_env_var` is something that only its client can do",
    ] {
        ensure!(said.text.contains(expected), "no {expected:?} in {}", said.text);
    }
    ensure!(!said.text.contains("Cursor") && !said.text.contains(".cursor"), "{}", said.text);
    ensure!(machine.files()? == before);
    Ok(())
}

/// What a folder says is run: whoever made the folder wrote it.
#[tokio::test]
async fn a_folder_starts_nothing_unasked() -> Result<()> {
    let machine = Machine::new().await?;
    let started = machine.home().join("started");
    let script = format!("touch {}", started.display());
    let file = serde_json::json!({ "mcpServers": { "theirs": { "command": "sh", "args": ["-c", script] } } });
    std::fs::write(machine.project().join(".mcp.json"), file.to_string())?;
    for command in [
        &["init", "--dry-run", "--client", "claude-code"][..],
        &["init", "--yes", "--client", "claude-code"],
        &["inventory", "--client", "claude-code"],
    ] {
        let said = machine.interlock(command).await?;
        ensure!(said.text.contains("not looked at (`--project`)"), "{said:?}");
        ensure!(!started.exists(), "{command:?} started what a folder says");
    }
    let said = machine.interlock(&["inventory", "--project", "--client", "claude-code"]).await?;
    ensure!(started.exists() && !said.text.contains("not looked at"), "{said:?}");
    Ok(())
}
