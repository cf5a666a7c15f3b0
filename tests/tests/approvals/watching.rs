//! `interlock approvals watch` on a terminal: calls come and go on it, and keys decide.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_store::Standing;
use interlock_testkit::client::PATIENCE;
use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::json;

use crate::desk::{Desk, asks, payment, verdict};

/// Somebody at a terminal of their own, on which the screen is.
struct Watcher {
    person: File,
    /// The other side, as the program has it.
    program: File,
    child: Child,
    seen: Arc<Mutex<vt100::Parser>>,
}

impl Watcher {
    async fn new(desk: &Desk) -> Result<Self> {
        Self::with(desk, &[]).await
    }

    async fn with(desk: &Desk, env: &[(&str, &str)]) -> Result<Self> {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&person)?;
        unlockpt(&person)?;
        resize(&person, 30, 110)?;
        let name = ptsname(&person, Vec::new())?;
        let path = std::ffi::OsStr::from_bytes(name.as_bytes()).to_owned();
        let program = OpenOptions::new().read(true).write(true).open(path)?;
        let command = desk.interlock.command(&["approvals", "watch"])?;
        let (binary, arguments) = command.line.split_first().context("no command")?;
        // In a session of its own, whose terminal this is: else nobody tells it of another size.
        let child = Process::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(binary)
            .args(arguments)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .env("TERM", "xterm-256color")
            .envs(env.iter().copied())
            .stdin(Stdio::from(program.try_clone()?))
            .stdout(Stdio::from(program.try_clone()?))
            .stderr(Stdio::from(program.try_clone()?))
            .spawn()?;
        let seen = Arc::new(Mutex::new(vt100::Parser::new(30, 110, 0)));
        let (mut from, shown) = (File::from(person.try_clone()?), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = from.read(&mut bytes) {
                let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else { return };
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(read);
            }
        });
        let watcher = Self { person: File::from(person), program, child, seen };
        watcher.until("the screen", |shown| shown.contains("for a person")).await?;
        Ok(watcher)
    }

    fn shown(&self) -> String {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    async fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            if holds(&shown) {
                return Ok(shown);
            }
            ensure!(Instant::now() < deadline, "waited for {what}:\n{shown}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn press(&mut self, keys: &str) -> Result<()> {
        Ok(self.person.write_all(keys.as_bytes())?)
    }

    async fn ended(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "it does not end:\n{}", self.shown());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The process that draws.
    fn pid(&self) -> Result<Pid> {
        let waits = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id()))?;
        let pid = waits.split_whitespace().next().map_or(Ok(self.child.id().cast_signed()), str::parse)?;
        Pid::from_raw(pid).context("no process")
    }

    /// The terminal is as it was: it echoes, hands over lines, and shows what it showed.
    async fn is_given_back(&self) -> Result<()> {
        let modes = tcgetattr(&self.program)?.local_modes;
        ensure!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "{modes:?}");
        let normal = |shown: &str| !shown.contains("for a person");
        self.until("the screen that was there before", normal).await?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(!seen.screen().alternate_screen() && !seen.screen().hide_cursor());
        Ok(())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Ok(pid) = self.pid() {
            let _ended = rustix::process::kill_process(pid, Signal::KILL);
        }
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn resize(terminal: impl std::os::fd::AsFd, rows: u16, columns: u16) -> Result<()> {
    Ok(tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?)
}

#[tokio::test]
async fn a_call_comes_and_is_approved_by_keys() -> Result<()> {
    let desk = Desk::new(&asks("hold: 60s"))?;
    let mut agent = desk.connect().await?;
    let mut watcher = Watcher::new(&desk).await?;
    ensure!(watcher.shown().contains("No call waits for a person"), "{}", watcher.shown());
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": payment() })).await?;
    let shown = watcher.until("the call", |shown| shown.contains("\"amount\": 500")).await?;
    ensure!(shown.contains("1 call waits for a person") && shown.contains("bank"), "{shown}");
    watcher.press("a")?;
    watcher.until("the question why", |shown| shown.contains("Type a reason")).await?;
    watcher.press("the invoice is right\r")?;
    watcher.until("the question", |shown| shown.contains("May exactly this call be made, once?")).await?;
    ensure!(desk.paid()?.is_empty());
    watcher.press("y")?;
    assert_eq!(verdict(&agent.response(&json!(call)).await?)?.0, "done");
    assert_eq!(desk.paid()?, [payment()]);
    watcher.until("what came of it", |shown| shown.contains("approved: pay at bank")).await?;
    watcher.until("nothing", |shown| shown.contains("No call waits")).await?;
    let opinion = desk.questions().await?[0].opinions[0].clone();
    assert_eq!(opinion.reason.as_deref(), Some("the invoice is right"));
    ensure!(opinion.by.starts_with("user:"), "{opinion:?}");

    let other = json!({ "amount": 1, "to": "acme" });
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": other })).await?;
    watcher.until("the next", |shown| shown.contains("\"amount\": 1")).await?;
    watcher.press("d")?;
    watcher.until("the question why", |shown| shown.contains("Type a reason")).await?;
    watcher.press("too little\r")?;
    watcher.until("the question", |shown| shown.contains("Is this call to be refused?")).await?;
    watcher.press("y")?;
    let answer = agent.response(&json!(call)).await?;
    ensure!(verdict(&answer)?.1.contains("too little"), "{answer}");
    assert_eq!(desk.paid()?.len(), 1);
    watcher.press("q")?;
    ensure!(watcher.ended().await?.success());
    watcher.is_given_back().await
}

#[tokio::test]
async fn what_others_decide_and_what_expires_disappears() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s, timeout: 4s"))?;
    let mut agent = desk.connect().await?;
    for amount in [1, 2] {
        let call = json!({ "amount": amount, "to": "p\u{430}ypal" });
        assert_eq!(verdict(&agent.call("pay", call).await?)?.0, "await_approval");
    }
    let watcher = Watcher::with(&desk, &[("NO_COLOR", "1")]).await?;
    let shown = watcher.until("both", |shown| shown.contains("2 calls wait")).await?;
    ensure!(!shown.contains('\u{430}'), "{shown}");
    watcher.until("the mark", |shown| shown.contains("p\\u{430}ypal")).await?;
    let newest = desk.asked(2).await?.question.id;
    assert_eq!(desk.say(&newest, "user:alice", false).await?, Standing::Denied);
    watcher.until("one", |shown| shown.contains("1 call waits")).await?;
    watcher.until("none", |shown| shown.contains("No call waits")).await?;
    // Nothing of it was coloured.
    let seen = watcher.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let cells = (0..30).flat_map(|row| (0..110).map(move |column| (row, column)));
    let mut colors = cells.filter_map(|(row, column)| Some(seen.screen().cell(row, column)?.fgcolor()));
    ensure!(colors.all(|color| color == vt100::Color::Default));
    Ok(())
}

#[tokio::test]
async fn another_size_and_every_end_leave_the_terminal_well() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    assert_eq!(verdict(&agent.call("pay", payment()).await?)?.0, "await_approval");
    for (signal, keys) in [(Some(Signal::TERM), ""), (Some(Signal::INT), ""), (None, "\u{3}"), (None, "q")] {
        let mut watcher = Watcher::new(&desk).await?;
        watcher.until("the call", |shown| shown.contains("\"amount\": 500")).await?;
        resize(&watcher.person, 20, 60)?;
        watcher.seen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(20, 60);
        let fits = |shown: &str| {
            shown.lines().any(|line| line.trim_end().ends_with('┐') && line.chars().count() == 60)
        };
        watcher.until("the other size", fits).await?;
        watcher.press("?")?;
        watcher.until("the keys", |shown| shown.contains("select a call")).await?;
        watcher.press("?")?;
        watcher.until("no keys", |shown| !shown.contains("select a call")).await?;
        match signal {
            Some(signal) => rustix::process::kill_process(watcher.pid()?, signal)?,
            None => watcher.press(keys)?,
        }
        ensure!(watcher.ended().await?.success(), "{signal:?}");
        watcher.is_given_back().await?;
    }
    assert_eq!(desk.asked(1).await?.standing, Standing::Waiting);
    Ok(())
}

#[tokio::test]
async fn without_a_terminal_it_says_what_to_do() -> Result<()> {
    let desk = Desk::new(&asks("hold: 0s"))?;
    let mut agent = desk.connect().await?;
    agent.call("look", json!({})).await?;
    let output = desk.interlock.command(&["approvals", "watch"])?.output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    ensure!(said.contains("needs a terminal") && said.contains("interlock approvals list"), "{said}");
    ensure!(output.stdout.is_empty());
    Ok(())
}
