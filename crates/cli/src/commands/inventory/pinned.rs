//! Which tools are in quarantine: what a server lists now, compared with what was accepted of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use interlock_catalog::Canonical;
use interlock_gateway::Trust;
use interlock_store::{DefinitionDigest, Embedded, PinState, Pins as _, PinsOfServer};

use crate::configured::asked::Offer;
use crate::configured::standing::Quarantine;
use crate::data_dir;
use crate::settings::Settings;
use crate::terminal;

/// The ledgers of gateways, opened when they are first looked at.
pub(super) struct Ledgers<'s> {
    settings: &'s Settings,
    /// The data directory of gateways that name none.
    data: PathBuf,
    runtime: tokio::runtime::Runtime,
    open: HashMap<PathBuf, Result<Option<Embedded>, String>>,
}

impl<'s> Ledgers<'s> {
    pub(super) fn new(data: PathBuf, settings: &'s Settings) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { settings, data, runtime, open: HashMap::new() })
    }

    /// How the tools of a server stand for gateways with this data directory.
    pub(super) fn pins(&mut self, data: Option<&Path>, server: &str, offer: &Offer) -> Pins {
        let trust = self.settings.trust(server);
        if trust == Trust::AllowChanges {
            return Pins(Ok(HashMap::new()));
        }
        let data = data.unwrap_or(&self.data).to_owned();
        let settings = self.settings;
        let ledger = self.open.entry(data).or_insert_with_key(|data| ledger(data, settings));
        let accepted = match ledger {
            Ok(None) => Ok(PinsOfServer::default()),
            Ok(Some(store)) => {
                self.runtime.block_on(store.pins_of(server)).map_err(|error| error.to_string())
            }
            Err(why) => Err(why.clone()),
        };
        let unreadable = |why| format!("what was accepted of its tools cannot be read: {why}");
        Pins(accepted.map_err(unreadable).map(|accepted| quarantined(&accepted, trust, offer)))
    }
}

/// Looking makes no ledger where nothing has run.
fn ledger(data: &Path, settings: &Settings) -> Result<Option<Embedded>, String> {
    if !data.join("ledger.db").try_exists().map_err(|error| error.to_string())? {
        return Ok(None);
    }
    data_dir::used(data).map_err(|error| terminal::with_causes(&error))?;
    Embedded::open(data, settings.store()).map(Some).map_err(|error| error.to_string())
}

/// How the tools of one server stand; or why that is not known.
pub(super) struct Pins(Result<HashMap<String, Quarantine>, String>);

impl Pins {
    /// Why a tool is in quarantine, where it is.
    pub(super) fn quarantine(&self, tool: &str) -> Result<Option<Quarantine>, String> {
        self.0.as_ref().map(|quarantined| quarantined.get(tool).copied()).map_err(Clone::clone)
    }
}

fn quarantined(accepted: &PinsOfServer, trust: Trust, offer: &Offer) -> HashMap<String, Quarantine> {
    // The first list of a server that was never seen is taken as it is.
    if !accepted.is_known && trust == Trust::FirstUse {
        return HashMap::new();
    }
    let tools = offer.tools.iter().zip(&offer.raw);
    let found = tools.filter_map(|(tool, raw)| {
        let name = tool.definition.tool.as_str();
        let pin = accepted.pins.iter().find(|pin| pin.tool == name);
        Some((name.to_owned(), state(pin, digest(raw))?))
    });
    found.collect()
}

/// The digest of a definition; none where it is no JSON, which is like no other.
fn digest(raw: &str) -> Option<DefinitionDigest> {
    let limits = interlock_json::Limits::default();
    let document = interlock_json::scan(raw, &limits).ok()?;
    Some(*Canonical::of(document.root()).fingerprint.bytes())
}

/// How a tool stands that its server shows so now.
fn state(pin: Option<&PinState>, shown: Option<DefinitionDigest>) -> Option<Quarantine> {
    let Some(accepted) = pin.and_then(|pin| pin.accepted) else { return Some(Quarantine::New) };
    match shown == Some(accepted) {
        false => Some(Quarantine::Changed),
        true => pin.is_some_and(|pin| pin.is_quarantined).then_some(Quarantine::Back),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_free_while_it_is_as_it_was_accepted() {
        let pin = |accepted, is_quarantined| PinState {
            tool: "t".to_owned(),
            accepted,
            shown: accepted,
            is_quarantined,
        };
        let (one, other) = ([1; 32], [2; 32]);
        for (pin, shown, expected) in [
            (None, Some(one), Some(Quarantine::New)),
            (Some(pin(None, true)), Some(one), Some(Quarantine::New)),
            (Some(pin(Some(one), false)), Some(one), None),
            (Some(pin(Some(one), false)), Some(other), Some(Quarantine::Changed)),
            (Some(pin(Some(one), false)), None, Some(Quarantine::Changed)),
            (Some(pin(Some(one), true)), Some(other), Some(Quarantine::Changed)),
            (Some(pin(Some(one), true)), Some(one), Some(Quarantine::Back)),
        ] {
            assert_eq!(state(pin.as_ref(), shown), expected, "{pin:?} {shown:?}");
        }
    }
}
