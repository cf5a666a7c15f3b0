//! A home directory and a project with the configurations of ten clients, whose servers really run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries::{self, workspace_root};
use interlock_testkit::command::Command;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::recording_http::{RecordingHttp, Speaks};
use interlock_testkit::script::{Script, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What no output may have in it.
pub const SECRET: &str = "SECRET";

/// A machine of one person, with a folder for everything.
#[derive(Debug)]
pub struct Machine {
    folder: TempDir,
    pub notes: RecordingServer,
    pub jobs: RecordingServer,
    pub remote: RecordingHttp,
}

/// Every file of a folder, by its path.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub text: String,
    pub errors: String,
}

impl Said {
    /// The answer, of one in JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{self:?}"))
    }
}

impl Machine {
    /// With all of the fixtures.
    pub async fn new() -> Result<Self> {
        let delete = json!({
            "name": "delete_note", "description": "Deletes a note permanently.",
            "inputSchema": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
        });
        let read = json!({
            "name": "get_note", "description": "Returns a note.", "annotations": { "readOnlyHint": true },
            "inputSchema": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
        });
        let notes = Script { tools: vec![read, delete], ..Script::default() };
        let jobs = Script { tools: vec![tool("start_job", &["name"]), tool("list_jobs", &[])], ..Script::default() };
        let machine = Self {
            folder: TempDir::new()?,
            notes: RecordingServer::new(&notes)?,
            jobs: RecordingServer::new(&jobs)?,
            remote: RecordingHttp::start(Speaks::Legacy).await?,
        };
        let fixtures = workspace_root().join("tests/fixtures/clients");
        machine.copy(&fixtures.join("home"), &machine.home())?;
        machine.copy(&fixtures.join("project"), &machine.project())?;
        Ok(machine)
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let server = binaries::recording_server()?.display().to_string();
        let [notes, jobs] = [&self.notes, &self.jobs].map(|server| server.path("").display().to_string());
        for (path, bytes) in files(from)? {
            let text = String::from_utf8(bytes)?;
            let text = text.replace("@SERVER@", &server).replace("@URL@", &self.remote.url);
            let text = text.replace("@NOTES@", notes.trim_end_matches('/'));
            let text = text.replace("@JOBS@", jobs.trim_end_matches('/'));
            let path = to.join(path.strip_prefix(from)?);
            fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
            fs::write(path, text)?;
        }
        Ok(())
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Every file of the person.
    pub fn files(&self) -> Result<Files> {
        files(self.folder.path())
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> Result<String> {
        Ok(fs::read_to_string(self.home().join(path))?)
    }

    /// `interlock ARGUMENTS…` as this person types it in the project.
    pub async fn interlock(&self, arguments: &[&str]) -> Result<Said> {
        let command = self.environment(Command::new(binaries::interlock()?).args(arguments)).cwd(self.project());
        let output = command.output().await?;
        let said = Said {
            code: output.status.code(),
            text: String::from_utf8(output.stdout)?,
            errors: String::from_utf8(output.stderr)?,
        };
        ensure!(!said.text.contains(SECRET) && !said.errors.contains(SECRET), "a secret is told: {said:?}");
        Ok(said)
    }

    /// What a program of this person is started with.
    pub fn environment(&self, command: Command) -> Command {
        let config = self.home().join(".config");
        command
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", &config)
            .env("XDG_STATE_HOME", self.home().join(".local/state"))
            .env("INTERLOCK_DATA", "")
            .env("TEAM_OF_TESTS", "blue")
            .env("CODEX_HOME", "")
            .env("CLAUDE_CONFIG_DIR", "")
            .env("CONTINUE_GLOBAL_DIR", "")
            .env("NO_COLOR", "1")
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Result<Files> {
    let mut all = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.clone(), fs::read(&path)?);
            }
        }
    }
    Ok(all)
}
