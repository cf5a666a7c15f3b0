//! `interlock pins list`.

use interlock_audit::format_ms;
use interlock_catalog::Fingerprint;
use interlock_gateway::PinState;
use interlock_store::{Accepted, Pin, Waiting};
use serde::Serialize;

use super::{Desk, ListArgs, word};
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;
use crate::terminal::table::table;
use crate::when::to_the_second;

const HEADER: [&str; 6] = ["SERVER", "TOOL", "STATE", "CHANGED", "ACCEPTED", "BY"];
/// How a definition is called that nobody but the gateway accepted.
const FIRST_USE: &str = "first use";

impl Desk<'_> {
    pub(super) fn list(&self, which: &ListArgs) -> anyhow::Result<Exit> {
        self.record_look("pins list", which.server.as_deref());
        if !self.is_known(which.server.as_deref())? {
            return Ok(Exit::No);
        }
        let mut pins = self.pins(which.server.as_deref())?;
        pins.retain(|pin| pin.is_quarantined || !which.quarantined);
        match self.format {
            Format::Json => terminal::json(&pins.iter().map(Report::new).collect::<Vec<_>>())?,
            Format::Text if pins.is_empty() && which.quarantined => {
                terminal::line("no tool is in quarantine")?;
            }
            Format::Text if pins.is_empty() => terminal::line("no tool is known yet")?,
            Format::Text => terminal::line(&table(&HEADER, pins.iter().map(row)))?,
        }
        let quarantined = pins.iter().filter(|pin| pin.is_quarantined).count();
        if self.format == Format::Text && quarantined > 0 {
            let diff = self.place.also("interlock pins diff");
            terminal::note(&format!("interlock: {quarantined} in quarantine; `{diff}` shows why"));
        }
        Ok(Exit::Yes)
    }
}

fn row(pin: &Pin) -> Vec<String> {
    let accepted = pin.accepted.as_ref();
    vec![
        pin.server.clone(),
        pin.tool.clone(),
        word(PinState::of(pin)).to_owned(),
        to_the_second(pin.changed_ms),
        accepted.map(|accepted| to_the_second(accepted.at_ms)).unwrap_or_default(),
        accepted.map(|accepted| by(accepted).to_owned()).unwrap_or_default(),
    ]
}

fn by(accepted: &Accepted) -> &str {
    accepted.by.as_deref().unwrap_or(FIRST_USE)
}

/// One tool, for programs.
#[derive(Serialize)]
struct Report<'p> {
    server: &'p str,
    tool: &'p str,
    state: PinState,
    quarantined: bool,
    accepted: Option<AcceptedReport<'p>>,
    offered: Option<OfferedReport>,
    first_seen: String,
    changed: String,
}

#[derive(Serialize)]
struct AcceptedReport<'p> {
    fingerprint: String,
    how: &'static str,
    by: Option<&'p str>,
    at: String,
}

#[derive(Serialize)]
struct OfferedReport {
    fingerprint: String,
    at: String,
}

impl<'p> Report<'p> {
    fn new(pin: &'p Pin) -> Self {
        let accepted = |accepted: &'p Accepted| AcceptedReport {
            fingerprint: Fingerprint::from(accepted.digest).to_string(),
            how: if accepted.by.is_some() { "person" } else { "first_use" },
            by: accepted.by.as_deref(),
            at: format_ms(accepted.at_ms),
        };
        let offered = |offered: &Waiting| OfferedReport {
            fingerprint: Fingerprint::from(offered.digest).to_string(),
            at: format_ms(offered.at_ms),
        };
        Self {
            server: &pin.server,
            tool: &pin.tool,
            state: PinState::of(pin),
            quarantined: pin.is_quarantined,
            accepted: pin.accepted.as_ref().map(accepted),
            offered: pin.offered.as_ref().map(offered),
            first_seen: format_ms(pin.first_seen_ms),
            changed: format_ms(pin.changed_ms),
        }
    }
}
