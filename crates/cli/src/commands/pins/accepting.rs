//! `interlock pins accept`.

use std::io::{IsTerminal as _, stderr, stdin};

use anyhow::{Context, bail};
use interlock_audit::{Detail, Entry, Lifecycle, LifecycleKind, append_shared};
use interlock_catalog::Fingerprint;
use interlock_gateway::Quarantined;
use interlock_store::{AcceptOutcome, Acceptance, Pin, Pins as _};
use serde::Serialize;

use super::differing::text;
use super::{AcceptArgs, Desk};
use crate::approvals::person;
use crate::args::Format;
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::recorded::process;
use crate::terminal;

/// What became of one tool.
#[derive(Serialize)]
struct Said {
    server: String,
    tool: String,
    fingerprint: Option<String>,
    outcome: &'static str,
}

impl Said {
    fn text(&self) -> String {
        let what = match self.outcome {
            "accepted" => "accepted",
            "already" => "was accepted already",
            "too_long" => "not accepted: its server offers more than is kept",
            "unknown" => "not accepted: no such tool is known",
            _ => "not accepted: its server has changed it once more since; look again",
        };
        format!("{} / {}: {what}", self.server, self.tool)
    }
}

impl Desk<'_> {
    pub(super) fn accept(&self, what: &AcceptArgs) -> anyhow::Result<Exit> {
        // Whose word it is must be known before anything is asked.
        let person = person::of_this_process()?.to_string();
        let pins = self.pins(what.server.as_deref())?;
        let (chosen, mut said) = chosen(what, &pins);
        if !what.yes && chosen.iter().any(|pin| pin.is_quarantined) && !self.confirmed(&chosen, &pins)? {
            terminal::note("nothing is accepted");
            return Ok(Exit::No);
        }
        for of_server in chosen.chunk_by(|one, next| one.server == next.server) {
            self.accept_of_server(of_server, &person, &mut said)?;
        }
        match self.format {
            Format::Json => terminal::json(&said)?,
            Format::Text if said.is_empty() => terminal::line("nothing is in quarantine")?,
            Format::Text => {
                let lines: Vec<String> =
                    said.iter().map(|said| terminal::escaped(&said.text()).replace('\n', "\\n")).collect();
                terminal::line(&lines.join("\n"))?;
            }
        }
        let is_done = said.iter().all(|said| matches!(said.outcome, "accepted" | "already"));
        Ok(if is_done { Exit::Yes } else { Exit::No })
    }

    /// Shows what is to be accepted, and asks.
    fn confirmed(&self, chosen: &[&Pin], all: &[Pin]) -> anyhow::Result<bool> {
        if !stdin().is_terminal() || !stderr().is_terminal() {
            bail!("nobody can be asked here; look at `interlock pins diff`, and accept with `--yes`");
        }
        for pin in chosen.iter().filter(|pin| pin.is_quarantined) {
            terminal::aside(&text(&Quarantined::new(pin, all)?));
        }
        let answer = terminal::asked("\nMay these be called as their servers define them now? [y/N] ")?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn accept_of_server(&self, pins: &[&Pin], person: &str, said: &mut Vec<Said>) -> anyhow::Result<()> {
        let tools: Vec<_> = pins.iter().filter_map(|pin| Some((pin.tool.clone(), pin.shown()?))).collect();
        let Some(server) = pins.first().map(|pin| pin.server.clone()) else { return Ok(()) };
        self.record(&server, "accepted", &tools, person)
            .context("not accepted, because it cannot be recorded")?;
        let acceptance = Acceptance { server: server.clone(), tools: tools.clone(), by: person.to_owned() };
        let outcomes = self.runtime.block_on(self.store.accept(acceptance))?;
        let mut outdated = Vec::new();
        for ((tool, digest), outcome) in tools.into_iter().zip(outcomes) {
            let outcome = match outcome {
                AcceptOutcome::Accepted => "accepted",
                AcceptOutcome::Already => "already",
                AcceptOutcome::Outdated => {
                    outdated.push((tool.clone(), digest));
                    "outdated"
                }
            };
            let fingerprint = Some(Fingerprint::from(digest).to_string());
            said.push(Said { server: server.clone(), tool, fingerprint, outcome });
        }
        if !outdated.is_empty() {
            self.record(&server, "not accepted: changed once more since they were shown", &outdated, person)?;
        }
        Ok(())
    }

    fn record(
        &self,
        server: &str,
        what: &str,
        tools: &[(String, [u8; 32])],
        person: &str,
    ) -> anyhow::Result<()> {
        let prints: Vec<String> =
            tools.iter().map(|(_, digest)| Fingerprint::from(*digest).to_string()).collect();
        let prints: Vec<&str> = prints.iter().map(String::as_str).collect();
        let tools: Vec<&str> = tools.iter().map(|(tool, _)| tool.as_str()).collect();
        let mut details = vec![
            ("by", Detail::Text(person)),
            ("tools", Detail::List(&tools)),
            ("fingerprints", Detail::List(&prints)),
        ];
        details.extend(process());
        let event = Lifecycle {
            server: Some(server),
            reason: Some(what),
            details: &details,
            ..Lifecycle::new(LifecycleKind::Pin)
        };
        append_shared(&self.data, wall_ms(), &Entry::Lifecycle(event))?;
        Ok(())
    }
}

/// The tools that are meant, and what is to be said of those that are not there or cannot be accepted.
fn chosen<'p>(what: &AcceptArgs, pins: &'p [Pin]) -> (Vec<&'p Pin>, Vec<Said>) {
    let mut said = Vec::new();
    let found: Vec<&Pin> = match what.all {
        true => pins.iter().filter(|pin| pin.is_quarantined).collect(),
        false => pins.iter().filter(|pin| what.tools.contains(&pin.tool)).collect(),
    };
    let unsaid = |tool: &str, outcome| {
        let (server, tool) = (what.server.clone().unwrap_or_default(), tool.to_owned());
        Said { server, tool, fingerprint: None, outcome }
    };
    let unknown = what.tools.iter().filter(|tool| !found.iter().any(|pin| pin.tool == **tool));
    said.extend(unknown.map(|tool| unsaid(tool, "unknown")));
    let is_kept =
        |pin: &&Pin| pin.is_back || pin.offered.as_ref().is_none_or(|offered| offered.definition.is_some());
    let (kept, too_long): (Vec<_>, Vec<_>) = found.into_iter().partition(is_kept);
    said.extend(
        too_long.iter().map(|pin| Said { server: pin.server.clone(), ..unsaid(&pin.tool, "too_long") }),
    );
    (kept, said)
}
