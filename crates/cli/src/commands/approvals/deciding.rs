//! `interlock approvals approve` and `deny`.

use std::io::{IsTerminal, stderr, stdin};

use anyhow::anyhow;
use interlock_gateway::Account;
use interlock_gateway::approvals::{self, Decided, NotDecided, reason, word, yes};
use interlock_store::Approval;
use serde::Serialize;

use super::{Desk, Named, SaidArgs};
use crate::approvals::person;
use crate::args::Format;
use crate::exit::Exit;
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

impl Desk<'_> {
    /// Says yes or no to each; what goes wrong with one keeps none of the others.
    pub(super) fn decide(&self, said: &SaidArgs, approves: bool) -> anyhow::Result<Exit> {
        // Whoever types the command is not told what they wrote: a long reason would hide what is wrong with it.
        let given = said.reason.as_deref().map(reason).transpose();
        let given = given.map_err(|wrong| anyhow!("`--reason`: {wrong}"))?;
        let person = person::of_this_process()?;
        let asks = !said.yes && stdin().is_terminal() && stderr().is_terminal();
        let mut reports = Vec::new();
        for id in &said.ids {
            let saying = Saying { person: &person, approves, reason: given.as_deref(), asks };
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
            terminal::json(&reports)?;
        }
        let worst = |exit: Exit| reports.iter().any(|report| report.exit == exit);
        Ok([Exit::Failed, Exit::No].into_iter().find(|exit| worst(*exit)).unwrap_or(Exit::Yes))
    }

    fn decide_one(&self, id: &str, said: &Saying<'_>) -> anyhow::Result<Report> {
        let approval = match self.named(id)? {
            Named::One(approval) => approval,
            Named::Several(names) => {
                return Ok(Report::of_none(id, "ambiguous", self.several(id, &names)?, Exit::Failed));
            }
            Named::None => return Ok(Report::of_none(id, "unknown", self.unknown(id), Exit::No)),
        };
        let mut why = said.reason.map(str::to_owned);
        // Nobody is asked whose word counts for nothing.
        if said.person.may_decide(&approval.question.approvers) {
            match self.confirmed(&approval, said)? {
                Some(confirmed) => why = confirmed,
                None => {
                    let refuse = format!("interlock approvals deny {}", approval.question.id);
                    let refuse = self.place.also(&refuse);
                    let message = format!("not decided: it goes on to wait; `{refuse}` refuses it");
                    return Ok(Report::new(&approval, "not decided", message, Exit::No));
                }
            }
        }
        self.tell(&approval.question.id, said, why.as_deref())
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

    fn tell(&self, id: &str, said: &Saying<'_>, why: Option<&str>) -> anyhow::Result<Report> {
        let saying = approvals::Saying { by: said.person, approves: said.approves, reason: why };
        match self.runtime.block_on(self.desk.decide(id, &saying)) {
            Ok(decided) => Ok(self.report(id, &decided, said.person)),
            Err(NotDecided::Unrecorded { decided, by, error }) => {
                let message = NotDecided::Unrecorded { decided: decided.clone(), by, error }.to_string();
                Ok(Report { message, exit: Exit::Failed, ..self.report(id, &decided, said.person) })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn report(&self, id: &str, decided: &Decided, by: &Account) -> Report {
        let exit = if matches!(decided, Decided::Counted(_)) { Exit::Yes } else { Exit::No };
        match decided.approval() {
            Some(now) => Report::new(now, decided.outcome(), decided.said(by), exit),
            None => Report::of_none(id, decided.outcome(), self.unknown(id), exit),
        }
    }
}

/// Who says what, and whether they are asked first.
struct Saying<'a> {
    person: &'a Account,
    approves: bool,
    reason: Option<&'a str>,
    asks: bool,
}
