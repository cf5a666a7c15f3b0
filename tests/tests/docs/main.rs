//! The documents are tests: every command and every policy that they show is run.
//!
//! A fenced block says by its info string what it is. A block that says nothing, or something else, fails.
//!
//! | info string | what happens to it |
//! |---|---|
//! | `sh` | run with `bash -e` in a folder like the root, with the page's last policy as `policy.yaml`, `interlock` and `my-server` on the PATH, after a session that left a log |
//! | `sh slow` | each line is one of [`RUN_ELSEWHERE`] |
//! | `yaml policy`, `json policy` | `interlock check` accepts it |
//! | `yaml settings` | `interlock run --settings` starts with it |
//! | `json config` | a client's configuration: JSON whose commands are `interlock run`, with flags that exist |
//! | `yaml file NAME` | a file of the page's own directory; if it is called `policy.yaml`, `interlock check` accepts it |
//! | `sh page` | run in the page's own directory; `uvx` starts a server with the tools of the HealthImaging server |
//! | `yaml tests` | tests of the policy before it on the page: they pass |
//! | `yaml workflow` | of GitHub: each `run:` is run in the page's own directory, as a repository whose `main` is what it holds |
//! | `ini unit NAME` | a unit of systemd: its directives are known ones, and `systemd-analyze verify` says nothing of it |
//! | `text` | nothing |

mod language;
mod units;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Commands too slow for this test, and the check of `cargo xtask test` that runs each.
const RUN_ELSEWHERE: &[(&str, &str)] = &[
    ("cargo xtask demo", "demonstration"),
    ("cargo xtask test", "all of them"),
    ("cargo install --locked --path crates/cli", "installation"),
];

/// The server of the example, as `uvx` is told it.
const IMAGING: &str = "awslabs.healthimaging-mcp-server@0.1.1";

/// A fenced block: where it begins, what it says it is, and its text.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    file: String,
    line: usize,
    info: String,
    text: String,
}

fn blocks(file: &str, text: &str) -> Result<Vec<Block>> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let mut body = String::new();
        loop {
            let Some((_, line)) = lines.next() else { bail!("{file}:{}: the block does not end", index + 1) };
            if line.trim() == "```" {
                break;
            }
            body.push_str(line.get(indent..).unwrap_or_default());
            body.push('\n');
        }
        found.push(Block {
            file: file.to_owned(),
            line: index + 1,
            info: info.trim().to_owned(),
            text: body,
        });
    }
    Ok(found)
}

/// The Markdown files of the root, `docs` and `policies`.
fn documents() -> Result<Vec<(String, String)>> {
    let root = workspace_root();
    let mut files = Vec::new();
    for entry in fs::read_dir(&root)? {
        files.push(entry?.path());
    }
    for folder in ["docs", "policies", "crates", "fuzz", "benches", "tests"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        Ok((name, fs::read_to_string(&path)?))
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        let built = path.file_name().is_some_and(|name| name == "node_modules" || name == "target");
        if path.is_dir() && !built {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_block_is_what_it_says() -> Result<()> {
    let session = Session::record().await?;
    let mut failures = Vec::new();
    let mut count = 0;
    for (file, text) in documents()? {
        let page = TempDir::new()?;
        let mut policy_before = None;
        session.begin_page()?;
        for block in blocks(&file, &text)? {
            count += 1;
            let checked = match (block.info.as_str(), policy_before.as_deref()) {
                ("yaml tests", Some(policy)) => tests_of(policy, &block.text),
                _ => session.check(&block, page.path()),
            };
            if block.info == "yaml policy" {
                policy_before = Some(block.text.clone());
            }
            if let Err(error) = checked {
                failures.push(format!("{}:{}: {error:#}", block.file, block.line));
            }
        }
    }
    ensure!(failures.is_empty(), "{} of {count} blocks fail:\n{}", failures.len(), failures.join("\n"));
    ensure!(count > 0, "no blocks were found");
    Ok(())
}

#[test]
fn every_ready_policy_is_accepted() -> Result<()> {
    let folder = workspace_root().join("policies");
    let page = fs::read_to_string(workspace_root().join("docs/policies.md"))?;
    let mut count = 0;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") || name.ends_with(".json") {
            accepted(&path)?;
            ensure!(page.contains(&format!("| `{name}` |")), "docs/policies.md has no row for {name}");
            count += 1;
        }
    }
    ensure!(count > 0, "there are no policies in {}", folder.display());
    Ok(())
}

/// A home directory in which sessions have left a log, for the commands that read it.
struct Session {
    home: TempDir,
    bin: TempDir,
    /// What the root holds, and the policy that the page has shown last.
    folder: TempDir,
    /// What `my-server` and `uvx` on the PATH run.
    _servers: [RecordingServer; 2],
}

impl Session {
    async fn record() -> Result<Self> {
        let bin = TempDir::new()?;
        std::os::unix::fs::symlink(binaries::interlock()?, bin.path().join("interlock"))?;
        let server =
            RecordingServer::new(&Script::with_tools(&["start_dicom_export_job", "delete_datastore"]))?;
        put_on_path(&server.command()?, "", &bin.path().join("my-server"))?;
        let imaging = RecordingServer::new(&Script { tools: imaging_tools()?, ..Script::default() })?;
        let named = format!("[ \"$*\" = {IMAGING} ] || exit 64\nshift\n");
        put_on_path(&imaging.command()?, &named, &bin.path().join("uvx"))?;
        let command = server.command()?;
        let session =
            Self { home: TempDir::new()?, bin, folder: like_the_root()?, _servers: [server, imaging] };
        let policy = session.home.path().join("policy.yaml");
        fs::write(&policy, "version: \"1\"\ndefault: deny\ntools:\n  start_dicom_export_job: {}\n")?;
        let run =
            interlock_testkit::command::Command::new(binaries::interlock()?).args(["run", "-c"]).arg(&policy);
        let mut command = command.behind(run.arg("--"));
        command.env.extend(session.variables());
        let mut client = interlock_testkit::client::ScriptedClient::spawn(&command)?;
        client.initialize("2025-11-25").await?;
        let allowed = client.call("start_dicom_export_job", json!({ "datastore_id": "1" })).await?;
        ensure!(allowed["result"]["isError"] != true, "{allowed}");
        let denied = client.call("delete_datastore", json!({})).await?;
        ensure!(denied["result"]["isError"] == true, "{denied}");
        client.finish().await?;
        Ok(session)
    }

    /// A page shows its own policies.
    fn begin_page(&self) -> Result<()> {
        match fs::remove_file(self.folder.path().join("policy.yaml")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// A home of its own, so that the default data directory is not the developer's.
    fn variables(&self) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut paths = vec![self.bin.path().to_owned()];
        paths.extend(std::env::split_paths(&path));
        let path = std::env::join_paths(paths).unwrap_or(path);
        let home = self.home.path();
        vec![
            ("HOME".into(), home.into()),
            ("XDG_STATE_HOME".into(), home.join("state").into()),
            ("XDG_CONFIG_HOME".into(), home.join("config").into()),
            ("PATH".into(), path),
        ]
    }

    fn check(&self, block: &Block, page: &Path) -> Result<()> {
        if let Some(name) = block.info.strip_prefix("yaml file ") {
            let path = page.join(name);
            fs::write(&path, &block.text)?;
            return if name == "policy.yaml" { accepted(&path) } else { Ok(()) };
        }
        if let Some(name) = block.info.strip_prefix("ini unit ") {
            return units::check(name, &block.text);
        }
        match block.info.as_str() {
            "sh" => self.shell(&block.text, self.folder.path()),
            "sh page" => self.shell(&block.text, page),
            "sh slow" => elsewhere(&block.text),
            "yaml workflow" => self.workflow(&block.text, page),
            "yaml policy" => {
                fs::write(self.folder.path().join("policy.yaml"), &block.text)?;
                policy(&block.text, "yaml")
            }
            "json policy" => policy(&block.text, "json"),
            "yaml settings" => settings(&block.text),
            "json config" => client_configuration(&block.text),
            "text" => Ok(()),
            "" => bail!("a block has to say what it is"),
            other => bail!("`{other}` is not a kind of block"),
        }
    }

    fn workflow(&self, text: &str, page: &Path) -> Result<()> {
        let commands: Vec<&str> =
            text.lines().filter_map(|line| line.split_once("run: ")).map(|(_, run)| run).collect();
        ensure!(!commands.is_empty() && !text.contains("run: |"), "each step is a `run:` on one line");
        let repository = "git init -q -b main . && git add -A && \
            git -c user.name=me -c user.email=me@example.com commit -q -m All && \
            git update-ref refs/remotes/origin/main HEAD && export GITHUB_BASE_REF=main";
        let script = format!("{repository}\n{}", commands.join("\n"));
        self.shell(&script, page)
    }

    fn shell(&self, text: &str, directory: &Path) -> Result<()> {
        let mut bash = Process::new("bash");
        bash.args(["-euo", "pipefail", "-c", text]).current_dir(directory).envs(self.variables());
        succeeded(&bash.stdin(Stdio::null()).output()?)
    }
}

/// A folder with links to everything in the root.
fn like_the_root() -> Result<TempDir> {
    let folder = TempDir::new()?;
    for entry in fs::read_dir(workspace_root())? {
        let entry = entry?;
        std::os::unix::fs::symlink(entry.path(), folder.path().join(entry.file_name()))?;
    }
    Ok(folder)
}

/// What the HealthImaging server says of its tools.
fn imaging_tools() -> Result<Vec<Value>> {
    let list = fs::read_to_string(workspace_root().join("policies/tools/aws-healthimaging.json"))?;
    let list: Value = serde_json::from_str(&list)?;
    list["tools"].as_array().cloned().context("no tools")
}

/// A program that starts a server, as the documents' `my-server`, after the commands of `before`.
fn put_on_path(command: &interlock_testkit::command::Command, before: &str, path: &Path) -> Result<()> {
    let words: Vec<_> = command.line.iter().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    fs::write(path, format!("#!/bin/sh\n{before}exec {} \"$@\"\n", words.join(" ")))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

fn elsewhere(text: &str) -> Result<()> {
    for line in text.lines() {
        let known = RUN_ELSEWHERE.iter().any(|(command, _)| *command == line.trim());
        ensure!(known, "`{line}` is run by no check");
    }
    Ok(())
}

fn policy(text: &str, extension: &str) -> Result<()> {
    let directory = TempDir::new()?;
    let path = directory.path().join(format!("policy.{extension}"));
    fs::write(&path, text)?;
    accepted(&path)
}

fn tests_of(policy: &str, tests: &str) -> Result<()> {
    let directory = TempDir::new()?;
    fs::write(directory.path().join("policy.yaml"), policy)?;
    fs::write(directory.path().join("policy.test.yaml"), tests)?;
    let run = Process::new(binaries::interlock()?).arg("test").arg(directory.path()).output()?;
    succeeded(&run)
}

fn accepted(path: &Path) -> Result<()> {
    succeeded(&Process::new(binaries::interlock()?).arg("check").arg(path).output()?)
}

/// A session with these settings starts, answers and ends.
fn settings(text: &str) -> Result<()> {
    let server = RecordingServer::new(&Script::default())?;
    let interlock = Interlock::with_policy(ALLOW_ALL)?.settings(text)?;
    let command = interlock.before(&server.command()?)?;
    let (program, arguments) = command.line.split_first().context("an empty command")?;
    let run = Process::new(program).args(arguments).stdin(Stdio::null()).output()?;
    succeeded(&run)
}

fn client_configuration(text: &str) -> Result<()> {
    let configuration: Value = serde_json::from_str(text)?;
    let servers = configuration["mcpServers"].as_object().context("no `mcpServers`")?;
    let help = Process::new(binaries::interlock()?).args(["run", "--help"]).output()?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for (name, server) in servers {
        let program = server["command"].as_str().map(Path::new).and_then(Path::file_name);
        ensure!(program.is_some_and(|program| program == "interlock"), "`{name}` does not run interlock");
        let arguments = server["args"].as_array().context("no `args`")?;
        let words: Vec<_> = arguments.iter().filter_map(Value::as_str).collect();
        let own: Vec<_> = words.iter().take_while(|word| **word != "--").collect();
        ensure!(
            own.first() == Some(&&"run") && own.len() < words.len(),
            "`{name}` is not `interlock run … -- …`"
        );
        for flag in own.iter().filter(|word| word.starts_with('-')) {
            ensure!(help.contains(**flag), "`interlock run` has no `{flag}`");
        }
    }
    Ok(())
}

fn succeeded(output: &Output) -> Result<()> {
    let said = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream)).concat();
    ensure!(output.status.success(), "{}; it said:\n{said}", output.status);
    Ok(())
}

#[test]
fn blocks_are_found_with_what_they_say() -> Result<()> {
    let text = "a\n```sh\nls\n```\n\n- b\n\n  ```yaml policy\n  x: 1\n    y: 2\n  ```\n";
    let block = |line, info: &str, text: &str| Block {
        file: "a.md".to_owned(),
        line,
        info: info.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(blocks("a.md", text)?, [block(2, "sh", "ls\n"), block(8, "yaml policy", "x: 1\n  y: 2\n")]);
    assert!(blocks("a.md", "```sh\nls\n").is_err());
    Ok(())
}
