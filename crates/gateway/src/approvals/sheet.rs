//! Everything that helps a person to decide about a call, whole, and nothing of it believed: the same on a terminal and
//! on a page.

use interlock_audit::format_seconds;
use interlock_store::{Approval, Opinion, Standing};
use serde_json::value::RawValue;

use super::arguments::laid_out;
use super::report::{details, subject, word};
use super::shown::{self, Finding, Shown};
use super::{Definition, Details, risk};

/// A sheet of rows. What comes from outside is shown with whatever hides in it made visible.
#[derive(Debug, Default)]
pub struct Sheet {
    /// From the top.
    pub rows: Vec<Row>,
    /// What was marked, in its order.
    pub marked: Vec<Marked>,
}

/// One row.
#[derive(Debug)]
pub enum Row {
    /// In Interlock's own words.
    Own {
        /// What it is.
        label: &'static str,
        /// What it says; nothing where what follows says it.
        text: String,
    },
    /// One line from outside.
    Fact {
        /// What it is.
        label: &'static str,
        /// What it says.
        text: Shown,
        /// Whose word it is, where it is not the gateway's.
        whose: Option<&'static str>,
    },
    /// Lines from outside, about the row before.
    Quoted(Shown),
    /// An entry of a list, about the row before.
    Item {
        /// In Interlock's own words.
        own: String,
        /// From outside.
        text: Shown,
    },
}

/// A letter that was marked, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    what: String,
    finding: Finding,
}

impl std::fmt::Display for Marked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.what, self.finding)
    }
}

impl Sheet {
    /// All of a call, with what was decided about others like it.
    #[must_use]
    pub fn new(approval: &Approval, similar: &[Approval], now_ms: i64) -> Self {
        let mut sheet = Self::default();
        sheet.state(approval, now_ms);
        sheet.call(approval);
        sheet.opinions(approval);
        sheet.similar(similar, now_ms);
        sheet
    }

    /// The call alone.
    #[must_use]
    pub fn of_call(approval: &Approval) -> Self {
        let mut sheet = Self::default();
        sheet.call(approval);
        sheet
    }

    fn state(&mut self, approval: &Approval, now_ms: i64) {
        let state = word(approval.standing);
        let state = match (approval.standing, approval.since_ms) {
            (Standing::Waiting, _) => format!(
                "{state} since {} ({}), expires in {}",
                format_seconds(approval.asked_ms),
                length(now_ms.saturating_sub(approval.asked_ms)),
                length(approval.expires_ms.saturating_sub(now_ms))
            ),
            (_, Some(since)) => format!("{state} since {}", format_seconds(since)),
            (_, None) => state.to_owned(),
        };
        self.fact("Approval", &approval.question.id);
        self.own("State", state);
    }

    /// What would be called, with what, and why a person is asked.
    fn call(&mut self, approval: &Approval) {
        let question = &approval.question;
        self.fact("Server", &question.server);
        self.fact("Calls", &subject(&question.section, &question.name));
        self.fact("Grant", &question.asker.grant);
        let details = details(question);
        let at_client = details.as_ref().is_some_and(|details| details.at_client);
        match details {
            Some(details) => self.details(&details),
            None => {
                self.own("Warning", "this version cannot read what was written down of the call; all of it:");
                self.quoted("details", &question.details);
            }
        }
        let people = match question.approvers.as_slice() {
            [] if at_client => {
                "everybody who may use the data directory, every operator, and whoever sits at the client"
                    .to_owned()
            }
            [] => "everybody who may use the data directory, and every operator".to_owned(),
            named => named.join(", "),
        };
        self.fact("May decide", &people);
        self.own("Needs", format!("{} to approve; one no denies", people_of(question.needed)));
    }

    fn details(&mut self, details: &Details) {
        self.fact("Method", &details.method);
        self.word_of("Client", details.client.as_deref(), "as it calls itself");
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
        let annotations = definition.annotations.as_deref().map(RawValue::get);
        self.own("Risk", risk::told(annotations));
        self.fact("Definition", &definition.fingerprint);
        self.word_of("Title", definition.title.as_deref(), "the server's own word");
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
            self.item("an opinion", format_seconds(opinion.at_ms), &said(opinion));
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
            let own = format!("{} {} {ago} ago,", other.question.id, word(other.standing));
            self.item("a decision before", own, &text);
        }
    }

    fn own(&mut self, label: &'static str, text: impl Into<String>) {
        self.rows.push(Row::Own { label, text: text.into() });
    }

    fn fact(&mut self, label: &'static str, text: &str) {
        let text = self.looked_at(&label.to_lowercase(), shown::line(text));
        self.rows.push(Row::Fact { label, text, whose: None });
    }

    fn word_of(&mut self, label: &'static str, text: Option<&str>, whose: &'static str) {
        if let Some(text) = text {
            let text = self.looked_at(&label.to_lowercase(), shown::line(text));
            self.rows.push(Row::Fact { label, text, whose: Some(whose) });
        }
    }

    fn quoted(&mut self, what: &str, text: &str) {
        let text = self.looked_at(what, shown::lines(text));
        self.rows.push(Row::Quoted(text));
    }

    fn item(&mut self, what: &str, own: String, text: &str) {
        let text = self.looked_at(what, shown::line(text));
        self.rows.push(Row::Item { own, text });
    }

    fn looked_at(&mut self, what: &str, shown: Shown) -> Shown {
        let marked = |finding: &Finding| Marked { what: what.to_owned(), finding: finding.clone() };
        self.marked.extend(shown.findings.iter().map(marked));
        shown
    }
}

/// A length of time, to two units.
#[must_use]
pub fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let units =
        [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
    let mut told = units.into_iter().skip_while(|(_, count)| *count == 0).take(2);
    let Some((unit, count)) = told.next() else { return "0s".to_owned() };
    match told.next().filter(|(_, count)| *count > 0) {
        Some((next, more)) => format!("{count}{unit} {more}{next}"),
        None => format!("{count}{unit}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_units() {
        for (ms, expected) in [
            (-5, "0s"),
            (999, "0s"),
            (59_999, "59s"),
            (60_000, "1m"),
            (61_000, "1m 1s"),
            (3_600_000, "1h"),
            (3_661_000, "1h 1m"),
            (90_000_000, "1d 1h"),
            (86_400_000 + 60_000, "1d"),
        ] {
            assert_eq!(length(ms), expected, "{ms}");
        }
    }
}
