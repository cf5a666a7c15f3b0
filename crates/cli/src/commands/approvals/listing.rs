//! `interlock approvals list`.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::ControlFlow;

use interlock_audit::Filter;
use interlock_gateway::approvals::{Report, details, length, subject, word};
use interlock_store::{Approval, Approvals as _, Standing, StoreError, Which};

use super::{Desk, ListArgs, State};
use crate::approvals::shown;
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;
use crate::terminal::table::table;

/// Letters of a name that are shown at least.
const SHORTEST: usize = 8;

impl Desk<'_> {
    pub(super) fn list(&self, args: &ListArgs) -> anyhow::Result<Exit> {
        let filter = Filter {
            grant: args.grant.clone(),
            server: args.server.clone(),
            limit: Some(args.limit.get()),
            ..Filter::default()
        };
        self.record_look("approvals list", &filter);
        let state = if args.all { None } else { Some(args.state.unwrap_or(State::Waiting)) };
        let waiting = state == Some(State::Waiting);
        let which = Which {
            standing: state.map(Standing::from),
            grant: args.grant.clone(),
            server: args.server.clone(),
            ..Which::default()
        };
        let (found, more) = self.first(which, args.limit.get(), waiting)?;
        match self.format {
            Format::Json => {
                let reports: Vec<Report> = found.iter().map(Report::new).collect();
                terminal::json(&reports)?;
            }
            Format::Text if found.is_empty() && waiting => terminal::line("no call waits for a person")?,
            Format::Text if found.is_empty() => terminal::line("there is none")?,
            Format::Text => terminal::line(&self.table(&found, waiting)?)?,
        }
        if more {
            terminal::note(&format!("interlock: there are more; `--limit` shows more than {}", args.limit));
        }
        Ok(Exit::Yes)
    }

    /// So many of these, and whether there are more. Which ones have waited longest is known when all are: only what is
    /// shown is read whole.
    fn first(
        &self,
        which: Which,
        most: usize,
        oldest_first: bool,
    ) -> Result<(Vec<Approval>, bool), StoreError> {
        let (mut found, mut more) = (Vec::new(), false);
        self.pages(Which { bare: true, ..which }, |page| {
            found.extend(page);
            if oldest_first {
                found.sort_by_key(|approval: &Approval| approval.asked_ms);
            }
            more |= found.len() > most;
            found.truncate(most);
            if more && !oldest_first { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        for bare in &mut found {
            // What is forgotten meanwhile is shown as far as it is known.
            if let Some(whole) = self.runtime.block_on(self.store.approval(&bare.question.id))? {
                bare.question.details = whole.question.details;
            }
        }
        Ok((found, more))
    }

    fn table(&self, found: &[Approval], waiting: bool) -> anyhow::Result<String> {
        let (names, now_ms) = (self.names()?, self.now_ms()?);
        let mut header = vec!["ID", "AGE", "EXPIRES IN", "GRANT", "SERVER", "TOOL", "RULE"];
        if !waiting {
            header.insert(1, "STATE");
        }
        let rows = found.iter().map(|approval| {
            let mut row = row(approval, &names, now_ms);
            if !waiting {
                row.insert(1, word(approval.standing).to_owned());
            }
            row
        });
        Ok(table(&header, rows))
    }
}

fn row(approval: &Approval, names: &BTreeSet<String>, now_ms: i64) -> Vec<String> {
    let question = &approval.question;
    let open = matches!(approval.standing, Standing::Waiting | Standing::Approved);
    let left = if open { length(approval.expires_ms.saturating_sub(now_ms)) } else { "-".to_owned() };
    let rule = details(question).map(|details| details.rule_name.unwrap_or(details.rule));
    let plain = |text: &str| shown::line(text).to_string();
    vec![
        short(&question.id, names).to_owned(),
        length(now_ms.saturating_sub(approval.asked_ms)),
        left,
        plain(&question.asker.grant),
        plain(&question.server),
        plain(&subject(&question.section, &question.name)),
        plain(&rule.unwrap_or_default()),
    ]
}

/// As much of a name as tells it from all others.
pub(super) fn short<'n>(name: &'n str, names: &BTreeSet<String>) -> &'n str {
    let shared = |other: &String| {
        let alike = name.bytes().zip(other.bytes()).take_while(|(one, other)| one == other);
        alike.count()
    };
    // Those that share most with it stand next to it.
    let before = names.range::<str, _>((Unbounded, Excluded(name))).next_back();
    let after = names.range::<str, _>((Excluded(name), Unbounded)).next();
    let longest = before.into_iter().chain(after).map(shared).max();
    let enough = longest.map_or(0, |shared| shared.saturating_add(1)).max(SHORTEST);
    name.get(..enough).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be_told_by() {
        let names = ["0123456789aa", "0123456789ab", "0123456700000", "f", "ffffffffffff"];
        let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for (name, expected) in [
            ("0123456789aa", "0123456789aa"),
            ("0123456789ab", "0123456789ab"),
            ("0123456700000", "012345670"),
            ("f", "f"),
            ("ffffffffffff", "ffffffff"),
            ("abcdefabcdef", "abcdefab"),
        ] {
            assert_eq!(short(name, &names), expected);
        }
    }
}
