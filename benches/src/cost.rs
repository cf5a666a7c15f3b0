//! What a process has cost so far, as `/proc` says.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Time on a processor, over all threads that live.
///
/// # Errors
/// When the process has gone or the kernel keeps no such statistics.
pub fn processor_time(pid: u32) -> Result<Duration> {
    let mut total = 0;
    let tasks = format!("/proc/{pid}/task");
    for task in fs::read_dir(&tasks).with_context(|| format!("read {tasks}"))? {
        let path = task?.path().join("schedstat");
        // A thread may end meanwhile.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let on_processor = text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok());
        total += on_processor.with_context(|| format!("understand {}", path.display()))?;
    }
    Ok(Duration::from_nanos(total))
}

/// Resident memory in MB (10^6 bytes): everything, and the part that no file backs.
///
/// # Errors
/// When the process has gone.
pub fn resident(pid: u32) -> Result<(f64, f64)> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib =
            line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
        kib.map(|kib| kib * 1024.0 / 1e6).with_context(|| format!("no {name} in {path}"))
    };
    Ok((field("VmRSS:")?, field("RssAnon:")?))
}

/// Times that its threads let go of the processor to wait for something.
///
/// # Errors
/// When the process has gone.
pub fn waits(pid: u32) -> Result<u64> {
    let tasks = format!("/proc/{pid}/task");
    let mut total = 0;
    for task in fs::read_dir(&tasks).with_context(|| format!("read {tasks}"))? {
        let Ok(text) = fs::read_to_string(task?.path().join("status")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        total += line.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(total)
}
