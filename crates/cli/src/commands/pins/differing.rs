//! `interlock pins diff`: what is different in what was offered.

use anyhow::Context;
use interlock_catalog::Fingerprint;
use interlock_catalog::fingerprint::{Change, Difference, difference, differs_in_name_alone};
use interlock_store::Pin;
use serde::Serialize;

use super::{Desk, State};
use crate::approvals::shown;
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;

impl Desk<'_> {
    pub(super) fn diff(&self, server: Option<&str>, tool: Option<&str>) -> anyhow::Result<Exit> {
        self.record_look("pins diff", server);
        let pins = self.pins(server)?;
        if let Some(named) = tool.filter(|named| !pins.iter().any(|pin| pin.tool == **named)) {
            let list = self.place.also("interlock pins list");
            terminal::note(&format!(
                "no tool `{named}` is known of this server; `{list}` shows those that are"
            ));
            return Ok(Exit::No);
        }
        let chosen = |pin: &&Pin| pin.is_quarantined && tool.is_none_or(|tool| pin.tool == tool);
        let reports = pins
            .iter()
            .filter(chosen)
            .map(|pin| Report::new(pin, &pins))
            .collect::<anyhow::Result<Vec<_>>>()?;
        match self.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => terminal::line("nothing is in quarantine")?,
            Format::Text => {
                let texts: Vec<String> = reports.iter().map(Report::text).collect();
                terminal::line(&texts.join("\n\n"))?;
                let accept = self.place.also("interlock pins accept SERVER TOOL");
                terminal::note(&format!("interlock: `{accept}` accepts what a server shows"));
            }
        }
        Ok(if reports.is_empty() { Exit::Yes } else { Exit::No })
    }
}

/// One tool in quarantine.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) server: String,
    pub(crate) tool: String,
    state: State,
    /// The accepted definition's fingerprint.
    accepted: Option<String>,
    /// That of what was offered in its place last.
    offered: Option<String>,
    /// An accepted tool that is defined like this one but for its name.
    like: Option<String>,
    differences: Vec<Difference>,
}

impl Report {
    pub(crate) fn new(pin: &Pin, all: &[Pin]) -> anyhow::Result<Self> {
        let accepted = pin.accepted.as_ref();
        let offered = pin.offered.as_ref();
        let definition = offered.and_then(|offered| offered.definition.as_deref());
        let before = accepted.map_or("{}", |accepted| accepted.definition.as_str());
        let differences = definition.map(|definition| difference(before, definition)).transpose();
        let differences = differences
            .with_context(|| format!("the definition of `{}` that is kept is no JSON", pin.tool))?
            .unwrap_or_default();
        let hex = |digest: [u8; 32]| Fingerprint::from(digest).to_string();
        Ok(Self {
            server: pin.server.clone(),
            tool: pin.tool.clone(),
            state: State::of(pin),
            accepted: accepted.map(|accepted| hex(accepted.digest)),
            offered: offered.map(|offered| hex(offered.digest)),
            like: definition.filter(|_| accepted.is_none()).and_then(|definition| like(pin, definition, all)),
            differences,
        })
    }

    /// For people. What is the server's is escaped.
    pub(crate) fn text(&self) -> String {
        let what = match self.state {
            State::Trusted => "is trusted",
            State::New => "is new",
            State::Changed => "has changed",
            State::Back => "is as it was accepted, and was this in the meantime",
        };
        let mut lines = vec![format!("{} / {}: {what}", shown::line(&self.server), shown::line(&self.tool))];
        if let Some(like) = &self.like {
            lines.push(format!("  defined like `{}`, but for its name", shown::line(like)));
        }
        if self.offered.is_some() && self.differences.is_empty() {
            lines.push("  its server offers more than is kept, so it cannot be accepted".to_owned());
        }
        lines.extend(self.differences.iter().map(line));
        lines.join("\n")
    }
}

fn line(Difference { path, change }: &Difference) -> String {
    let path = shown::line(path);
    match change {
        Change::Added { to } => format!("  + {path}: {}", shown::line(to)),
        Change::Removed { from } => format!("  - {path}: {}", shown::line(from)),
        Change::Changed { from, to } => {
            format!("  ~ {path}:\n      from {}\n      to   {}", shown::line(from), shown::line(to))
        }
    }
}

/// The accepted tool of the same server that a new one is, but for its name.
fn like(pin: &Pin, definition: &str, all: &[Pin]) -> Option<String> {
    let same = |other: &&Pin| {
        let accepted = other.accepted.as_ref().filter(|_| other.server == pin.server);
        accepted.is_some_and(|accepted| differs_in_name_alone(&accepted.definition, definition))
    };
    all.iter().find(same).map(|other| other.tool.clone())
}
