//! A process whose system calls fail, or kill it, when the test says so.

use anyhow::{Context, Result, ensure};
use interlock_testkit::command::Command;

fn strace(how: &[&str], kind: &str, injected: &str) -> Command {
    let (trace, inject) = (format!("trace={kind}"), format!("inject={kind}:{injected}"));
    Command::new("strace").args(how).args(["-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "--"])
}

/// Kills the process at the main thread's `nth` system call of this kind.
pub(crate) fn killing(kind: &str, nth: usize) -> Command {
    strace(&[], kind, &format!("signal=KILL:when={nth}"))
}

/// Has the disk refuse: in each thread, the calls of this kind from the first to the last of these numbers fail.
pub(crate) fn failing(kind: &str, first: usize, last: usize) -> Command {
    strace(&["-f"], kind, &format!("error=EIO:when={first}..{last}"))
}

/// Why it cannot be used here, if so: it may be missing, and tracing may be forbidden.
pub(crate) fn works() -> Result<()> {
    let traced = std::process::Command::new("strace").args(["-qqq", "-o", "/dev/null", "true"]).output();
    let traced = traced.context("strace is not installed")?;
    ensure!(traced.status.success(), "strace: {}", String::from_utf8_lossy(&traced.stderr));
    Ok(())
}
