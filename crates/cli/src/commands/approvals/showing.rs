//! `interlock approvals show`: everything that helps to decide, whole, and nothing of it believed.

use interlock_audit::Filter;
use interlock_gateway::{Definition, Details};
use interlock_store::{Approval, Approvals as _, Opinion, Standing, Which};
use serde::Serialize;

use super::listing::{length, subject};
use super::report::{Report, details};
use super::{Desk, only, unknown, word};
use crate::approvals::arguments::laid_out;
use crate::approvals::shown::{self, Shown};
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;
use crate::when::to_the_second;

/// Decisions about others like it that are shown.
const SIMILAR: usize = 5;
/// What is looked through for them.
const LOOKED_AT: usize = 100;
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

impl Desk {
    pub(super) fn show(&self, id: &str) -> anyhow::Result<Exit> {
        let Some(approval) = only(id, self.named(id)?)? else {
            terminal::note(&unknown(id));
            return Ok(Exit::No);
        };
        self.record_look("approvals show", &Filter { text: Some(id.to_owned()), ..Filter::default() });
        match self.format {
            Format::Text => terminal::line(&self.text(&approval)?)?,
            Format::Json => {
                let similar = self.similar(&approval)?;
                let mut page = Page::default();
                page.call(&approval);
                let whole = Whole {
                    report: Report::new(&approval),
                    similar: similar.iter().map(Report::new).collect(),
                    marked: page.marked,
                };
                terminal::line(&serde_json::to_string_pretty(&whole)?)?;
            }
        }
        Ok(Exit::Yes)
    }

    /// All of it, for people.
    pub(super) fn text(&self, approval: &Approval) -> anyhow::Result<String> {
        let now_ms = self.now_ms()?;
        let mut page = Page::default();
        page.state(approval, now_ms);
        page.call(approval);
        page.opinions(approval);
        page.similar(&self.similar(approval)?, now_ms);
        Ok(page.done())
    }

    fn similar(&self, approval: &Approval) -> anyhow::Result<Vec<Approval>> {
        let question = &approval.question;
        let like =
            |other: &Approval| other.question.id != question.id && other.question.section == question.section;
        // Each standing by itself: however many wait, they hide nothing of what was decided.
        let decided = [Standing::Approved, Standing::Denied, Standing::Expired, Standing::Used];
        let mut found = Vec::new();
        for standing in decided {
            let which = Which {
                standing: Some(standing),
                server: Some(question.server.clone()),
                name: Some(question.name.clone()),
                ..Which::default()
            };
            let those = self.runtime.block_on(self.store.approvals(which, LOOKED_AT))?;
            found.extend(those.into_iter().filter(like).take(SIMILAR));
        }
        found.sort_by_key(|other| std::cmp::Reverse(other.change));
        found.truncate(SIMILAR);
        Ok(found)
    }
}

/// Lines for people. Each that comes from outside stands behind what says so, and cannot be taken for another.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    marked: Vec<String>,
}

impl Page {
    fn state(&mut self, approval: &Approval, now_ms: i64) {
        let state = word(approval.standing);
        let state = match (approval.standing, approval.since_ms) {
            (Standing::Waiting, _) => format!(
                "{state} since {} ({}), expires in {}",
                to_the_second(approval.asked_ms),
                length(now_ms.saturating_sub(approval.asked_ms)),
                length(approval.expires_ms.saturating_sub(now_ms))
            ),
            (_, Some(since)) => format!("{state} since {}", to_the_second(since)),
            (_, None) => state.to_owned(),
        };
        self.fact("Approval", &approval.question.id);
        self.own("State", &state);
    }

    /// What would be called, with what, and why a person is asked.
    fn call(&mut self, approval: &Approval) {
        let question = &approval.question;
        let details = details(question);
        self.fact("Server", &question.server);
        self.fact("Calls", &subject(&question.section, &question.name));
        self.fact("Grant", &question.asker.grant);
        match details {
            Some(details) => self.details(&details),
            None => {
                self.own("Warning", "this version cannot read what was written down of the call; all of it:");
                self.quoted("details", &question.details);
            }
        }
        let people = match question.approvers.as_slice() {
            [] => "every operator".to_owned(),
            named => named.join(", "),
        };
        self.fact("May decide", &people);
        self.own("Needs", &format!("{} to approve; one no denies", people_of(question.needed)));
    }

    fn details(&mut self, details: &Details) {
        self.fact("Method", &details.method);
        self.own_if("Client", details.client.as_deref(), "as it calls itself");
        self.fact("Rule", &rule(details));
        self.fact("Reason", &details.reason);
        self.fact("Policy", &details.policy);
        self.definition(details.definition.as_ref());
        match &details.arguments {
            None => self.own("Arguments", "none"),
            Some(arguments) => {
                self.own("Arguments", "all of them:");
                self.quoted("arguments", &laid_out(arguments.get()));
            }
        }
        if let Some(besides) = &details.besides {
            self.own("Besides", "what the call carries beside its arguments:");
            self.quoted("what it carries besides", &laid_out(besides.get()));
        }
    }

    fn definition(&mut self, definition: Option<&Definition>) {
        let Some(definition) = definition else {
            return self.own("Definition", "the server's own description is not known");
        };
        self.fact("Definition", &definition.fingerprint);
        self.own_if("Title", definition.title.as_deref(), "the server's own word");
        if let Some(description) = &definition.description {
            self.own("Description", "the server's own word:");
            self.quoted("description", description);
        }
        if let Some(annotations) = &definition.annotations {
            self.own("Annotations", "the server's own word:");
            self.quoted("annotations", &laid_out(annotations.get()));
        }
    }

    fn opinions(&mut self, approval: &Approval) {
        if approval.opinions.is_empty() {
            return self.own("Opinions", "none yet");
        }
        self.own("Opinions", "");
        for opinion in &approval.opinions {
            let text = said(opinion);
            let shown = self.looked_at("an opinion", &shown::line(&text));
            self.lines.push(format!("  {} {shown}", to_the_second(opinion.at_ms)));
        }
    }

    fn similar(&mut self, similar: &[Approval], now_ms: i64) {
        if similar.is_empty() {
            return self.own("Before", "no decision about another call of this name is known");
        }
        self.own("Before", "decisions about other calls of this name, the last first");
        for other in similar {
            let ago = length(now_ms.saturating_sub(other.since_ms.unwrap_or(other.asked_ms)));
            let said = other.opinions.last().map(|opinion| format!(" ({})", said(opinion)));
            let text = format!("grant {}{}", other.question.asker.grant, said.unwrap_or_default());
            let shown = self.looked_at("a decision before", &shown::line(&text));
            let (state, id) = (word(other.standing), &other.question.id);
            self.lines.push(format!("  {id} {state} {ago} ago, {shown}"));
        }
    }

    /// A line in the words of this program.
    fn own(&mut self, label: &str, text: &str) {
        self.lines.push(format!("{label:<12} {text}").trim_end().to_owned());
    }

    /// A line with text from outside.
    fn fact(&mut self, label: &str, text: &str) {
        let shown = self.looked_at(&label.to_lowercase(), &shown::line(text));
        self.own(label, &shown);
    }

    fn own_if(&mut self, label: &str, text: Option<&str>, whose: &str) {
        if let Some(text) = text {
            let shown = self.looked_at(&label.to_lowercase(), &shown::line(text));
            self.own(label, &format!("{shown} ({whose})"));
        }
    }

    /// Lines from outside, each behind a bar.
    fn quoted(&mut self, what: &str, text: &str) {
        let shown = self.looked_at(what, &shown::lines(text));
        self.lines.extend(shown.split('\n').map(|line| format!("  │ {line}")));
    }

    fn looked_at(&mut self, what: &str, shown: &Shown) -> String {
        let place = |finding: &shown::Finding| format!("{what}, {finding}");
        self.marked.extend(shown.findings.iter().map(place));
        shown.standing_out()
    }

    fn done(mut self) -> String {
        if !self.marked.is_empty() {
            let warning = "some text hides something or imitates other letters. It is written as \\u{…}, and is no \
                           part of what it seems:";
            self.lines.push(format!("\n\u{1b}[1;31mWarning:\u{1b}[0m {warning}"));
            let explained = self.marked.iter().take(EXPLAINED).map(|mark| format!("  {mark}"));
            self.lines.extend(explained);
            let more = self.marked.len().saturating_sub(EXPLAINED);
            if more > 0 {
                self.lines.push(format!("  and {more} more, each marked where it stands"));
            }
        }
        self.lines.join("\n")
    }
}

fn rule(details: &Details) -> String {
    match &details.rule_name {
        Some(name) => format!("{name} ({})", details.rule),
        None => details.rule.clone(),
    }
}

fn people_of(needed: u32) -> String {
    match needed {
        1 => "1 person".to_owned(),
        needed => format!("{needed} different people"),
    }
}

fn said(opinion: &Opinion) -> String {
    let verb = if opinion.approves { "approves" } else { "denies" };
    match &opinion.reason {
        Some(reason) => format!("{} {verb}: {reason}", opinion.by),
        None => format!("{} {verb}", opinion.by),
    }
}
