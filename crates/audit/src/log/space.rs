//! Room on the disk that is kept back for the records of calls.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an answer of the system holds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How much room a file system has left, in bytes.
pub(super) type Source = Box<dyn Fn(&Path) -> io::Result<u64> + Send>;

/// Knows whether there is more room than what is kept back.
pub(super) struct Space {
    kept_back: u64,
    source: Source,
    looked: Option<(Instant, bool)>,
}

impl Space {
    pub(super) fn new(kept_back: u64) -> Self {
        Self::with(kept_back, Box::new(free))
    }

    pub(super) fn with(kept_back: u64, source: Source) -> Self {
        Self { kept_back, source, looked: None }
    }

    /// Asks anew the next time.
    #[cfg(test)]
    pub(super) fn forget(&mut self) {
        self.looked = None;
    }

    /// Whether only what is kept back is left. A system that does not say is taken to have room: then the next
    /// write shows.
    pub(super) fn is_scarce(&mut self, dir: &Path) -> bool {
        if let Some((_, scarce)) = self.looked.filter(|(at, _)| at.elapsed() < LOOK_EVERY) {
            return scarce;
        }
        let scarce = (self.source)(dir).is_ok_and(|free| free < self.kept_back);
        self.looked = Some((Instant::now(), scarce));
        scarce
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("kept_back", &self.kept_back).finish_non_exhaustive()
    }
}

/// What users without privileges may still write.
fn free(dir: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(dir)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
