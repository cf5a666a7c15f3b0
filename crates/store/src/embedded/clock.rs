//! The machine's clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use interlock_meter::Reading;
use rustix::time::{ClockId, clock_gettime};

/// Reads the wall clock and the boot clock.
pub trait ClockSource: Send + Sync {
    /// What they say now.
    fn read(&self) -> Reading;
}

/// The real clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl ClockSource for SystemClock {
    fn read(&self) -> Reading {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Reading {
            wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            boot_ms: boot_ms(),
            boot_id: boot_id().to_owned(),
        }
    }
}

#[cfg(target_os = "linux")]
const SINCE_BOOT: ClockId = ClockId::Boottime;
// Elsewhere the monotonic clock is the nearest there is; on macOS it does not count sleep.
#[cfg(not(target_os = "linux"))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

fn boot_ms() -> i64 {
    let time = clock_gettime(SINCE_BOOT);
    time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)
}

/// Tells this boot from others; where the system has no such name, every process takes it for a new boot,
/// and the wall clock's difference counts.
fn boot_id() -> &'static str {
    static BOOT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    BOOT.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_else(|_| format!("process {}", std::process::id()))
    })
}
