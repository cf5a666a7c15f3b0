//! `interlock approvals show`: everything that helps to decide, whole, and nothing of it believed.

use anyhow::bail;
use interlock_audit::Filter;
use interlock_gateway::approvals::{Looked, Report, Row, Sheet};
use interlock_store::Approval;
use serde::Serialize;

use super::{Desk, Named};
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;

/// Marks that are explained; all are shown.
const EXPLAINED: usize = 20;

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    report: Report,
    /// Decisions about the same name of the same server, the last first.
    similar: Vec<Report>,
    /// What was marked, where and why.
    marked: Vec<String>,
}

impl Desk<'_> {
    pub(super) fn show(&self, id: &str) -> anyhow::Result<Exit> {
        let approval = match self.named(id)? {
            Named::One(approval) => approval,
            Named::Several(names) => bail!(self.several(id, &names)?),
            Named::None => {
                terminal::note(&self.unknown(id));
                return Ok(Exit::No);
            }
        };
        self.record_look("approvals show", &Filter { text: Some(id.to_owned()), ..Filter::default() });
        match self.format {
            Format::Text => terminal::line(&self.text(&approval)?)?,
            Format::Json => {
                let similar = self.runtime.block_on(self.desk.similar(&approval))?;
                let whole = Whole {
                    report: Report::new(&approval),
                    similar: similar.iter().map(Report::new).collect(),
                    marked: Sheet::of_call(&approval).marked.iter().map(ToString::to_string).collect(),
                };
                terminal::json(&whole)?;
            }
        }
        Ok(Exit::Yes)
    }

    /// All of it, for people.
    pub(super) fn text(&self, approval: &Approval) -> anyhow::Result<String> {
        let similar = self.runtime.block_on(self.desk.similar(approval))?;
        let looked = Looked { approval: approval.clone(), similar, now_ms: self.now_ms()? };
        Ok(text(&looked.sheet()))
    }
}

/// Lines for a terminal. Each that comes from outside stands behind what says so, and cannot be taken for another.
fn text(sheet: &Sheet) -> String {
    let mut lines = Vec::new();
    let labelled = |label: &str, text: &str| format!("{label:<12} {text}").trim_end().to_owned();
    for row in &sheet.rows {
        match row {
            Row::Own { label, text } => lines.push(labelled(label, text)),
            Row::Fact { label, text, whose: None } => lines.push(labelled(label, &text.standing_out())),
            Row::Fact { label, text, whose: Some(whose) } => {
                lines.push(labelled(label, &format!("{} ({whose})", text.standing_out())));
            }
            Row::Quoted(text) => {
                lines.extend(text.standing_out().split('\n').map(|line| format!("  │ {line}")));
            }
            Row::Item { own, text } => lines.push(format!("  {own} {}", text.standing_out())),
        }
    }
    if !sheet.marked.is_empty() {
        let warning = "some text hides something or imitates other letters. It is written as \\u{…}, and is no \
                       part of what it seems:";
        lines.push(format!("\n\u{1b}[1;31mWarning:\u{1b}[0m {warning}"));
        lines.extend(sheet.marked.iter().take(EXPLAINED).map(|mark| format!("  {mark}")));
        let more = sheet.marked.len().saturating_sub(EXPLAINED);
        if more > 0 {
            lines.push(format!("  and {more} more, each marked where it stands"));
        }
    }
    lines.join("\n")
}
