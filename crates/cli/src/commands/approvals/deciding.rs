//! `interlock approvals approve` and `deny`.

use std::io::{IsTerminal, stderr, stdin};

use interlock_store::{Approval, Approvals as _, Opinion, Told};
use serde::Serialize;

use super::listing::subject;
use super::{Desk, Named, SaidArgs, reason, several, unknown, word};
use crate::approvals::person::Person;
use crate::approvals::shown;
use crate::args::Format;
use crate::exit::Exit;
use crate::recorded::{Decision, record_decision};
use crate::terminal;

/// What came of one of the names.
#[derive(Serialize)]
struct Report {
    id: String,
    /// `counted`, `again`, `too late`, `not allowed`, `not decided`, `ambiguous`, `unknown` or `failed`.
    outcome: &'static str,
    /// How the call stands now.
    state: Option<&'static str>,
    /// How many say yes, of how many that are needed.
    approvals: Option<usize>,
    needed: Option<u32>,
    message: String,
    #[serde(skip)]
    exit: Exit,
}

impl Report {
    fn of_none(id: &str, outcome: &'static str, message: String, exit: Exit) -> Self {
        Self { id: id.to_owned(), outcome, state: None, approvals: None, needed: None, message, exit }
    }

    fn new(approval: &Approval, outcome: &'static str, message: String, exit: Exit) -> Self {
        Self {
            state: Some(word(approval.standing)),
            approvals: Some(yes(approval)),
            needed: Some(approval.question.needed),
            ..Self::of_none(&approval.question.id, outcome, message, exit)
        }
    }
}

fn yes(approval: &Approval) -> usize {
    approval.opinions.iter().filter(|opinion| opinion.approves).count()
}

impl Desk {
    /// Says yes or no to each; what goes wrong with one keeps none of the others.
    pub(super) fn decide(&self, said: &SaidArgs, approves: bool, yes: bool) -> anyhow::Result<Exit> {
        let person = Person::of_this_process()?;
        let asks = !yes && stdin().is_terminal() && stderr().is_terminal();
        let mut reports = Vec::new();
        for id in &said.ids {
            let saying = Saying { person: &person, approves, reason: said.reason.as_deref(), asks };
            let report = self.decide_one(id, &saying).unwrap_or_else(|error| {
                Report::of_none(id, "failed", terminal::with_causes(&error), Exit::Failed)
            });
            if self.format == Format::Text {
                match report.exit {
                    Exit::Yes => terminal::line(&report.message)?,
                    Exit::No | Exit::Failed => terminal::note(&format!("{id}: {}", report.message)),
                }
            }
            reports.push(report);
        }
        if self.format == Format::Json {
            terminal::line(&serde_json::to_string_pretty(&reports)?)?;
        }
        let worst = |exit: Exit| reports.iter().any(|report| report.exit == exit);
        Ok([Exit::Failed, Exit::No].into_iter().find(|exit| worst(*exit)).unwrap_or(Exit::Yes))
    }

    fn decide_one(&self, id: &str, said: &Saying<'_>) -> anyhow::Result<Report> {
        let approval = match self.named(id)? {
            Named::One(approval) => approval,
            Named::Several(names) => {
                return Ok(Report::of_none(id, "ambiguous", several(id, &names), Exit::No));
            }
            Named::None => return Ok(Report::of_none(id, "unknown", unknown(id), Exit::No)),
        };
        let approvers = &approval.question.approvers;
        if !said.person.may_decide(approvers) {
            let message = format!(
                "not decided: {} may not; {} may",
                said.person.account(),
                shown::line(&approvers.join(", "))
            );
            self.record(&approval, said, None, "not allowed")?;
            return Ok(Report::new(&approval, "not allowed", message, Exit::No));
        }
        let why = match self.confirmed(&approval, said)? {
            Some(why) => why,
            None => {
                let message = "not decided: it goes on to wait".to_owned();
                return Ok(Report::new(&approval, "not decided", message, Exit::No));
            }
        };
        self.tell(&approval, said, why.as_deref())
    }

    /// The reason, where a person who is asked still wants to decide.
    fn confirmed(&self, approval: &Approval, said: &Saying<'_>) -> anyhow::Result<Option<Option<String>>> {
        let given = said.reason.map(str::to_owned);
        if !said.asks {
            return Ok(Some(given));
        }
        if said.approves {
            terminal::aside(&self.text(approval)?);
            let answer = terminal::asked("\nMay exactly this call be made, once? [y/N] ")?;
            if !matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
                return Ok(None);
            }
        }
        if given.is_some() {
            return Ok(Some(given));
        }
        let why = terminal::asked("Why? (Enter for no reason) ")?;
        match why.as_str() {
            "" => Ok(Some(None)),
            why => reason(why).map(|why| Some(Some(why))).map_err(anyhow::Error::msg),
        }
    }

    fn tell(&self, approval: &Approval, said: &Saying<'_>, why: Option<&str>) -> anyhow::Result<Report> {
        let id = &approval.question.id;
        let opinion = Opinion {
            by: said.person.account(),
            approves: said.approves,
            reason: why.map(str::to_owned),
            at_ms: 0,
        };
        let step = if said.approves { "approved" } else { "denied" };
        let told = self.runtime.block_on(self.store.tell(id, opinion))?;
        let (approval, step, outcome, message) = match &told {
            Told::Counted(now) => (now, step, "counted", counted(now)),
            Told::Again(now) => {
                (now, "repeated", "again", format!("{} has decided already", said.person.account()))
            }
            Told::TooLate(now) => {
                (now, "too late", "too late", format!("too late: it is {} already", word(now.standing)))
            }
            Told::Unknown => return Ok(Report::of_none(id, "unknown", unknown(id), Exit::No)),
        };
        let counts = matches!(told, Told::Counted(_));
        let exit = if counts { Exit::Yes } else { Exit::No };
        match self.record(approval, said, why, step) {
            Ok(()) => Ok(Report::new(approval, outcome, message, exit)),
            Err(error) => {
                let error = terminal::with_causes(&error);
                let message = format!("{message}, but the audit log does not have it: {error}");
                Ok(Report::new(approval, outcome, message, Exit::Failed))
            }
        }
    }

    fn record(
        &self,
        approval: &Approval,
        said: &Saying<'_>,
        why: Option<&str>,
        step: &str,
    ) -> anyhow::Result<()> {
        let (by, approvals) = (said.person.account(), yes(approval));
        let state = word(approval.standing);
        record_decision(&self.data, approval, &Decision { by: &by, why, step, approvals, state })
    }
}

/// Who says what, and whether they are asked first.
struct Saying<'a> {
    person: &'a Person,
    approves: bool,
    reason: Option<&'a str>,
    asks: bool,
}

fn counted(approval: &Approval) -> String {
    let question = &approval.question;
    let what = shown::line(&format!(
        "{} at {} for {}",
        subject(&question.section, &question.name),
        question.server,
        question.asker.grant
    ));
    match approval.standing {
        interlock_store::Standing::Waiting => {
            format!("noted: {what} has {} of {} approvals and waits", yes(approval), question.needed)
        }
        standing => format!("{}: {what}", word(standing)),
    }
}
