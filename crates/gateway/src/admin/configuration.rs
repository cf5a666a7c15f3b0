//! What the file and the register say, as it was read last, and having it read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

/// Where a server is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The file.
    File,
    /// It was registered.
    Registered,
}

/// One server as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredServer {
    /// Its name.
    pub name: String,
    /// Where it is from.
    pub source: Source,
    /// `command` or `url`.
    pub transport: &'static str,
    /// The program, or the address without secrets.
    pub reached: String,
    /// The policy file for all grants.
    pub policy: Option<String>,
    /// The grants that may use it, each with its policy file or `server`.
    pub grants: BTreeMap<String, String>,
    /// Whether a grant of the file names it although the file does not have it.
    pub is_named_in_file: bool,
    /// Why it is not in force, where it is not.
    pub problem: Option<String>,
}

/// All that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// Servers by name; those of the file before those that were registered.
    pub servers: Vec<ConfiguredServer>,
    /// Each grant's servers, with a policy file or `server`.
    pub grants: BTreeMap<String, BTreeMap<String, String>>,
    /// Why what the file says now is not in force, where it is not.
    pub mistake: Option<String>,
}

/// Between whoever reads the file and whoever wants to know, or to have it read again.
#[derive(Debug)]
pub struct Configuration {
    configured: ArcSwap<Configured>,
    /// Counts who wanted it read, and up to whom that has been done.
    wanted: watch::Sender<u64>,
    done: watch::Sender<u64>,
}

/// A reading that has begun: it does for all who had wanted one by then.
#[derive(Debug, Clone, Copy)]
pub struct Reading(u64);

impl Default for Configuration {
    fn default() -> Self {
        Self { configured: ArcSwap::default(), wanted: watch::Sender::new(0), done: watch::Sender::new(0) }
    }
}

impl Configuration {
    /// A reading begins.
    pub fn begin(&self) -> Reading {
        Reading(*self.wanted.borrow())
    }

    /// It has ended: this is what was read.
    pub fn end(&self, reading: Reading, configured: Configured) {
        self.configured.store(Arc::new(configured));
        self.done.send_if_modified(|done| std::mem::replace(done, reading.0.max(*done)) != *done);
    }

    /// What was read last.
    pub fn current(&self) -> Arc<Configured> {
        self.configured.load_full()
    }

    /// Waits until somebody wants it read who had not when this reading began.
    pub async fn wanted(&self, last: Reading) {
        let mut wanted = self.wanted.subscribe();
        let _closed_never = wanted.wait_for(|wanted| *wanted > last.0).await;
    }

    /// Has it read again, and waits until that has been done.
    pub(crate) async fn read_again(&self) {
        let mut done = self.done.subscribe();
        let mut number = 0;
        self.wanted.send_modify(|wanted| {
            *wanted += 1;
            number = *wanted;
        });
        let _closed_never = done.wait_for(|done| *done >= number).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reading_that_had_begun_is_not_enough() {
        let configuration = Arc::new(Configuration::default());
        let before = configuration.begin();
        let waiting = tokio::spawn({
            let configuration = Arc::clone(&configuration);
            async move { configuration.read_again().await }
        });
        configuration.wanted(before).await;
        configuration.end(before, Configured::default());
        assert!(!waiting.is_finished());
        let after = configuration.begin();
        let mistake = Some("x".to_owned());
        configuration.end(after, Configured { mistake: mistake.clone(), ..Configured::default() });
        waiting.await.unwrap();
        assert_eq!(configuration.current().mistake, mistake);
    }
}
