//! Commands of this program as processes of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use tokio::process::Command;

/// So much of what a process said last is told where it fails.
const LAST_WORDS: usize = 2000;

/// What all processes of a run have in common: where they say what goes wrong.
#[derive(Debug)]
pub(super) struct Processes {
    program: PathBuf,
    said: PathBuf,
}

impl Processes {
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        Ok(Self { program, said: folder.join("said.log") })
    }

    /// This program, which is ended with whoever holds it.
    pub(super) fn command(&self, words: &[OsString]) -> anyhow::Result<Command> {
        let said = std::fs::File::options().create(true).append(true).open(&self.said);
        let said = said.with_context(|| format!("cannot write `{}`", self.said.display()))?;
        let mut command = Command::new(&self.program);
        command.args(words).env_remove("INTERLOCK_DATA").env("INTERLOCK_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said).kill_on_drop(true);
        Ok(command)
    }

    /// The command line of a server's process: this program, too.
    pub(super) fn line(&self, words: Vec<OsString>) -> Vec<OsString> {
        std::iter::once(self.program.clone().into_os_string()).chain(words).collect()
    }

    /// Runs a command that has to end well, and gives what it printed.
    pub(super) async fn output(&self, words: &[OsString]) -> anyhow::Result<String> {
        let (code, text) = self.ended(words).await?;
        anyhow::ensure!(code == Some(0), "`{}` did not end well: {code:?}", shown(words));
        Ok(text)
    }

    /// Runs a command whose answer may be no.
    pub(super) async fn attempt(&self, words: &[OsString]) -> anyhow::Result<()> {
        let (code, _) = self.ended(words).await?;
        anyhow::ensure!(matches!(code, Some(0 | 1)), "`{}` could not be done: {code:?}", shown(words));
        Ok(())
    }

    async fn ended(&self, words: &[OsString]) -> anyhow::Result<(Option<i32>, String)> {
        let output = self.command(words)?.output().await.context("cannot start a command")?;
        let text = String::from_utf8(output.stdout);
        Ok((output.status.code(), text.with_context(|| format!("`{}` printed no text", shown(words)))?))
    }

    /// What they said last.
    pub(super) fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.said).unwrap_or_default();
        let skipped = said.chars().count().saturating_sub(LAST_WORDS);
        said.chars().skip(skipped).collect()
    }
}

fn shown(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    format!("interlock {}", words.join(" "))
}
