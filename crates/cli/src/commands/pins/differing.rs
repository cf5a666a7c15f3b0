//! `interlock pins diff`: what is different in what was offered.

use interlock_gateway::{ChangeKind, Differs, PinState, Quarantined};
use interlock_store::Pin;

use super::Desk;
use crate::approvals::shown;
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;

impl Desk<'_> {
    pub(super) fn diff(&self, server: Option<&str>, tool: Option<&str>) -> anyhow::Result<Exit> {
        self.record_look("pins diff", server);
        if !self.is_known(server)? {
            return Ok(Exit::No);
        }
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
            .map(|pin| Quarantined::new(pin, &pins))
            .collect::<Result<Vec<_>, _>>()?;
        match self.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => terminal::line("nothing is in quarantine")?,
            Format::Text => {
                let texts: Vec<String> = reports.iter().map(text).collect();
                terminal::line(&texts.join("\n\n"))?;
                let accept = self.place.also("interlock pins accept SERVER TOOL");
                terminal::note(&format!("interlock: `{accept}` accepts what a server shows"));
            }
        }
        Ok(if reports.is_empty() { Exit::Yes } else { Exit::No })
    }
}

/// What is different in one tool, for people. What is the server's is escaped.
pub(crate) fn text(report: &Quarantined) -> String {
    let what = match report.state {
        PinState::Trusted => "is trusted",
        PinState::New => "is new",
        PinState::Changed => "has changed",
        PinState::Back => "is as it was accepted, and was this in the meantime",
    };
    let mut lines = vec![format!("{} / {}: {what}", shown::line(&report.server), shown::line(&report.tool))];
    if let Some(like) = &report.like {
        lines.push(format!("  defined like `{}`, but for its name", shown::line(like)));
    }
    if report.offered.is_some() && report.differences.is_empty() {
        lines.push("  its server offers more than is kept, so it cannot be accepted".to_owned());
    }
    lines.extend(report.differences.iter().map(line));
    lines.join("\n")
}

fn line(Differs { path, change, from, to }: &Differs) -> String {
    let path = shown::line(path);
    let value = |value: &Option<String>| shown::line(value.as_deref().unwrap_or_default());
    match change {
        ChangeKind::Added => format!("  + {path}: {}", value(to)),
        ChangeKind::Removed => format!("  - {path}: {}", value(from)),
        ChangeKind::Changed => {
            format!("  ~ {path}:\n      from {}\n      to   {}", value(from), value(to))
        }
    }
}
