//! What a scan found, compared with the definitions that are accepted; of a server that was never seen it becomes them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use interlock_audit::{Detail, Entry, Lifecycle, LifecycleKind, append_shared};
use interlock_catalog::Canonical;
use interlock_gateway::{Quarantined, Trust};
use interlock_json::{Limits, scan};
use interlock_store::{DefinitionDigest, Embedded, Offer, Pin, PinChange, Pins as _, Seen, Waiting};
use serde::Serialize;

use super::Scanned;
use crate::data_dir;
use crate::instance::wall_ms;
use crate::recorded::process;
use crate::settings::Settings;

/// Names of tools in one record.
const NAMED: usize = 100;

/// How the definitions of one server stand to those that are accepted.
#[derive(Serialize)]
pub(super) struct Pinned {
    pub(super) state: State,
    /// What is defined otherwise than it was accepted, or was never accepted.
    pub(super) changed: Vec<Quarantined>,
    /// Accepted tools that are not in the list.
    pub(super) gone: Vec<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It was never seen before: its tools are accepted as they are.
    Taken,
    /// It was never seen before, and is under review: a person accepts each tool first.
    Review,
    /// Its pins are as they were; it was compared with them.
    Compared,
    /// It was never seen before, and nothing was to be pinned.
    Unknown,
    /// Nothing of it is kept: its tools may change.
    AllowChanges,
}

impl Pinned {
    /// Whether a gateway would deny any of the tools because of how it is defined now.
    pub(super) fn is_otherwise(&self) -> bool {
        !self.changed.is_empty()
    }
}

/// Where pins are.
pub(super) struct Ledger<'s> {
    data: PathBuf,
    store: Embedded,
    runtime: tokio::runtime::Runtime,
    settings: &'s Settings,
    /// Whether servers that were never seen are taken in.
    takes: bool,
}

impl<'s> Ledger<'s> {
    /// The ledger of a gateway. One that is to take something in is made where there is none.
    pub(super) fn open(data: Option<&Path>, settings: &'s Settings, takes: bool) -> anyhow::Result<Self> {
        let data = match takes {
            true => data_dir::prepared(data, settings)?,
            false => {
                let data = data_dir::data_dir(data, settings)?;
                data_dir::used(&data)?;
                data
            }
        };
        let store = Embedded::open(&data, settings.store())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { data, store, runtime, settings, takes })
    }

    /// Compares what was found of one server with its pins, or pins it. What is pinned already stays as it is: a person
    /// accepts what is otherwise.
    pub(super) fn look(&self, one: &Scanned) -> anyhow::Result<Option<Pinned>> {
        let Ok(offer) = &one.offer else { return Ok(None) };
        let none = |state| Pinned { state, changed: Vec::new(), gone: Vec::new() };
        let trust = self.settings.trust(&one.name);
        if trust == Trust::AllowChanges {
            return Ok(Some(none(State::AllowChanges)));
        }
        let offers = offer.raw.iter().map(|tool| offered(tool)).collect::<anyhow::Result<Vec<_>>>()?;
        if !self.is_known(&one.name)? {
            if !self.takes {
                return Ok(Some(none(State::Unknown)));
            }
            if self.take(&one.name, offers.clone(), trust)? {
                return Ok(Some(none(if trust == Trust::Review { State::Review } else { State::Taken })));
            }
        }
        self.compare(&one.name, offers).map(Some)
    }

    fn is_known(&self, server: &str) -> anyhow::Result<bool> {
        Ok(self.runtime.block_on(self.store.pins_of(server))?.is_known)
    }

    /// Pins a server that was never seen. `false` where somebody else was first.
    fn take(&self, server: &str, tools: Vec<Offer>, trust: Trust) -> anyhow::Result<bool> {
        self.record(server, &tools).context("nothing is pinned, because it cannot be recorded")?;
        let count = tools.len();
        let trusts_first = trust == Trust::FirstUse;
        let seen = Seen { server: server.to_owned(), tools, is_complete: true, trusts_first };
        let observed = self.runtime.block_on(self.store.observe(seen))?;
        let expected = if trusts_first { PinChange::Taken } else { PinChange::Added };
        Ok(observed.changes.len() == count && observed.changes.iter().all(|(_, change)| *change == expected))
    }

    fn record(&self, server: &str, tools: &[Offer]) -> anyhow::Result<()> {
        let named: Vec<&str> = tools.iter().take(NAMED).map(|offer| offer.tool.as_str()).collect();
        let count = i64::try_from(tools.len()).unwrap_or(i64::MAX);
        let mut details = vec![("tools", Detail::List(&named)), ("count", Detail::Number(count))];
        details.extend(process());
        let event = Lifecycle {
            server: Some(server),
            reason: Some("to be pinned as it is at the first sight of its server, by a scan"),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Pin)
        };
        append_shared(&self.data, wall_ms(), &Entry::Lifecycle(event))?;
        Ok(())
    }

    fn compare(&self, server: &str, offers: Vec<Offer>) -> anyhow::Result<Pinned> {
        let pins = self.runtime.block_on(self.store.pins(Some(server)))?;
        let accepted = |pin: &Pin| pin.accepted.as_ref().map(|accepted| accepted.digest);
        let gone = pins
            .iter()
            .filter(|pin| accepted(pin).is_some() && !offers.iter().any(|offer| offer.tool == pin.tool))
            .map(|pin| pin.tool.clone())
            .collect();
        let mut changed = Vec::new();
        for offer in offers {
            let pin = pins.iter().find(|pin| pin.tool == offer.tool);
            let is_trusted = |pin: &Pin| !pin.is_quarantined && accepted(pin) == Some(offer.digest);
            if pin.is_some_and(is_trusted) {
                continue;
            }
            changed.push(Quarantined::new(&as_found(server, pin, offer), &pins)?);
        }
        Ok(Pinned { state: State::Compared, changed, gone })
    }
}

/// The pin as it would be if a gateway had found this.
fn as_found(server: &str, pin: Option<&Pin>, offer: Offer) -> Pin {
    let is_accepted = |digest: DefinitionDigest| {
        pin.and_then(|pin| pin.accepted.as_ref()).is_some_and(|accepted| accepted.digest == digest)
    };
    // What was another in the meantime is shown with what it was.
    let is_back = is_accepted(offer.digest);
    let now = Waiting { definition: offer.definition, digest: offer.digest, at_ms: 0 };
    let offered = match pin {
        Some(pin) if is_back => pin.offered.clone(),
        _ => Some(now),
    };
    Pin {
        server: server.to_owned(),
        tool: offer.tool,
        accepted: pin.and_then(|pin| pin.accepted.clone()),
        offered,
        is_quarantined: true,
        is_back,
        first_seen_ms: 0,
        changed_ms: 0,
    }
}

/// A tool as the store is told of it.
fn offered(tool: &str) -> anyhow::Result<Offer> {
    let document = scan(tool, &Limits::default()).context("a tool of the list cannot be read")?;
    let name = document.root().get("name").and_then(|name| name.as_str().map(std::borrow::Cow::into_owned));
    let tool = name.context("a tool of the list has no name")?;
    let Canonical { text, fingerprint } = Canonical::of(document.root());
    Ok(Offer { tool, definition: Some(text), digest: *fingerprint.bytes() })
}
