//! A relay that copies bytes, and the reader of what it recorded.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::binaries;
use crate::command::Command;

const TO_SERVER: &str = "to_server";
const TO_CLIENT: &str = "to_client";

/// A directory in which a relay records what passes.
#[derive(Debug)]
pub struct Tap {
    directory: PathBuf,
}

impl Tap {
    /// A tap that records in this directory, which must exist.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// `server` with the relay in front of it.
    ///
    /// # Errors
    /// When the relay has not been built.
    pub fn before(&self, server: &Command) -> Result<Command> {
        Ok(server.behind(Command::new(binaries::relay()?).arg("--record").arg(&self.directory).arg("--")))
    }

    /// The lines that the client sent, without their line feeds.
    ///
    /// # Errors
    /// When nothing was recorded.
    pub fn to_server(&self) -> Result<Vec<String>> {
        self.lines(TO_SERVER)
    }

    /// The lines that the client was sent.
    ///
    /// # Errors
    /// When nothing was recorded.
    pub fn to_client(&self) -> Result<Vec<String>> {
        self.lines(TO_CLIENT)
    }

    fn lines(&self, name: &str) -> Result<Vec<String>> {
        let path = self.directory.join(name);
        let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}

/// The relay program: `[--record DIR] -- COMMAND…`.
///
/// # Errors
/// When the command cannot be started or the record not be written.
pub fn run(mut arguments: Vec<OsString>) -> Result<ExitCode> {
    let Some(split) = arguments.iter().position(|argument| argument == "--") else {
        bail!("usage: interlock-relay [--record DIR] -- COMMAND…");
    };
    let command = arguments.split_off(split + 1);
    let record = match &arguments[..split] {
        [flag, directory] if flag == "--record" => Some(PathBuf::from(directory)),
        _ => None,
    };
    let (program, rest) = command.split_first().context("no command after `--`")?;
    let mut child = Process::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("start `{}`", program.display()))?;
    let mut to_server = child.stdin.take().context("no standard input")?;
    let mut from_server = child.stdout.take().context("no standard output")?;

    let up_log = open(record.as_deref(), TO_SERVER)?;
    let down_log = open(record.as_deref(), TO_CLIENT)?;
    // Not joined: it may be blocked on our own input when the child ends.
    std::thread::spawn(move || copy(&mut std::io::stdin().lock(), &mut to_server, up_log));
    copy(&mut from_server, &mut std::io::stdout().lock(), down_log)?;
    let status = child.wait()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn open(directory: Option<&Path>, name: &str) -> Result<Option<File>> {
    directory
        .map(|directory| Ok(File::options().create(true).append(true).open(directory.join(name))?))
        .transpose()
}

fn copy(from: &mut impl Read, to: &mut impl Write, mut log: Option<File>) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        if let Some(log) = &mut log {
            log.write_all(&buffer[..count])?;
        }
        to.write_all(&buffer[..count])?;
        to.flush()?;
    }
}
