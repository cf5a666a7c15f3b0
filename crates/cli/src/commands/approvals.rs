//! `interlock approvals`: calls that wait for a person, and their decision.

mod deciding;
mod listing;
mod serving;
mod showing;
mod watch;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use interlock_audit::Filter;
use interlock_gateway::approvals::{DecisionDesk, subject};
use interlock_store::{Approval, Approvals, Embedded, Standing, StoreError, Which};

use super::audit::record_read;
use crate::approvals::shown;
use crate::args::{AnswerArgs, Format, LookArgs};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::recorded::CommandBook;
use crate::settings::Settings;
use listing::short;

/// What is read at once.
const PAGE: usize = 500;
/// What is listed where nobody says otherwise.
const LISTED: NonZeroUsize = match NonZeroUsize::new(100) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock approvals list
  interlock approvals show 3f9c2a71
  interlock approvals approve 3f9c2a71 --reason 'checked with the customer'
  interlock approvals deny 3f9c2a71 --reason 'not this bucket'
  interlock approvals watch
  interlock approvals list -c interlock.yaml --all --format json

A call that a policy's `require_approval` or `approve_if` asks about waits here. Whoever may read the data directory may \
decide, as the operating-system user who runs the command, unless the policy names the approvers.

Exit codes: 0 done, 1 it was too late, not allowed, or there is no such call, 2 it could not be done.")]
pub(crate) struct ApprovalsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the calls that wait, those that have waited longest first
    #[command(after_help = "Examples:
  interlock approvals list
  interlock approvals list --all --server payments
  interlock approvals list --state denied --format json")]
    List {
        #[command(flatten)]
        which: ListArgs,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Show one call with all that helps to decide: its arguments, the tool, who asks, why, and decisions about others
    /// like it
    #[command(after_help = "Examples:
  interlock approvals show 3f9c2a71
  interlock approvals show 3f9c2a71 --format json

What a text hides or imitates is written as `\\u{…}` and named: control characters, letters that turn the direction of \
text or of which nothing is seen, and letters that look like others.")]
    Show {
        /// The call, by what `list` shows or by any beginning of its name that no other has
        #[arg(value_name = "ID", value_parser = id)]
        id: String,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Allow calls, each once
    #[command(after_help = "Examples:
  interlock approvals approve 3f9c2a71
  interlock approvals approve 3f9c2a71 b04e88d5 --reason 'agreed on the phone'
  interlock approvals approve 3f9c2a71 --yes --format json

On a terminal it shows what `show` shows, and asks, unless `--yes`; elsewhere it decides at once.")]
    Approve {
        #[command(flatten)]
        said: SaidArgs,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Refuse calls
    #[command(after_help = "Examples:
  interlock approvals deny 3f9c2a71
  interlock approvals deny 3f9c2a71 --reason 'ask for the amount of the invoice'

On a terminal it asks for a reason, unless `--yes` or `--reason`. The reason is told to the agent.")]
    Deny {
        #[command(flatten)]
        said: SaidArgs,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Watch what waits, and decide, on a screen that stays up to date
    #[command(after_help = "Examples:
  interlock approvals watch
  interlock approvals watch -c interlock.yaml

Select a call with the arrows, read all of it below, and press `a` to approve or `d` to deny it; `?` shows all keys. It \
needs a terminal.")]
    Watch {
        #[command(flatten)]
        place: LookArgs,
    },
    /// Serve the pages and the API by which people decide, until it is told to stop
    #[command(after_help = "Examples:
  interlock admin create alice
  interlock approvals serve
  interlock approvals serve --listen 127.0.0.1:8080 --data /var/lib/interlock

For calls of `interlock run`; `interlock serve` has them at its own `admin` address. People log in with a token that \
`interlock admin create` made for the same data directory. Of the settings, `admin_tls`, `hosts` and `console` apply.")]
    Serve {
        #[command(flatten)]
        serving: serving::ServeArgs,
    },
}

#[derive(Debug, Args)]
struct ListArgs {
    /// All, whatever became of them; those that changed last first
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Those that stand so; those that changed last first
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Those for this server
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Those of this grant
    #[arg(long, value_name = "NAME")]
    grant: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = LISTED)]
    limit: NonZeroUsize,
}

#[derive(Debug, Args)]
struct SaidArgs {
    /// The calls, by what `list` shows or by any beginning of their names that no others have
    #[arg(required = true, value_name = "ID", value_parser = id)]
    ids: Vec<String>,
    /// Why, for the audit log and, of a refusal, the agent
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not show the calls, and do not ask
    #[arg(long)]
    yes: bool,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// Not decided
    Waiting,
    /// Allowed, and not made yet
    Approved,
    /// Refused
    Denied,
    /// Not decided, or not made, in time
    Expired,
    /// Made
    Used,
    /// Asked by nobody any more
    Withdrawn,
}

impl From<State> for Standing {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Approved => Self::Approved,
            State::Denied => Self::Denied,
            State::Expired => Self::Expired,
            State::Used => Self::Used,
            State::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What a webhook's `webhook-id` has before the name.
const ANNOUNCED: &str = "approval_";

/// The name of a call, or its beginning, as people paste it: of a message, or of what was cut off.
fn id(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let name = text.strip_prefix(ANNOUNCED).unwrap_or(&text);
    let name = name.strip_suffix('…').unwrap_or(name);
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    {
        return Err("a call is named by letters and digits, as `list` shows it".to_owned());
    }
    Ok(name.to_owned())
}

/// What a command works on.
struct Desk<'a> {
    /// Where it was told to look.
    place: &'a LookArgs,
    data: PathBuf,
    store: Embedded,
    desk: DecisionDesk,
    runtime: tokio::runtime::Runtime,
    format: Format,
}

pub(crate) fn run(args: &ApprovalsArgs) -> anyhow::Result<Exit> {
    let (place, format) = match &args.command {
        Command::Serve { serving } => return serving::run(serving),
        Command::List { common, .. }
        | Command::Show { common, .. }
        | Command::Approve { common, .. }
        | Command::Deny { common, .. } => (&common.place, common.format),
        Command::Watch { place } => (place, Format::default()),
    };
    let settings = Settings::load(place.settings.as_deref())?;
    let data = data_dir(place.data.as_deref(), &settings)?;
    data_dir::used(&data)?;
    let store = Embedded::open(&data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let shared = Arc::new(store.clone());
    let book = Arc::new(CommandBook { data: data.clone() });
    let desk = DecisionDesk::new(shared.clone(), shared, book);
    let desk = Desk { place, data, store, desk, runtime, format };
    match &args.command {
        Command::List { which, .. } => desk.list(which),
        Command::Show { id, .. } => desk.show(id),
        Command::Watch { .. } => desk.watch(),
        Command::Approve { said, .. } => desk.decide(said, true),
        Command::Deny { said, .. } => desk.decide(said, false),
        // It has been served above.
        Command::Serve { .. } => Ok(Exit::Yes),
    }
}

/// Which call a name means.
enum Named {
    /// This one.
    One(Box<Approval>),
    /// More than one begins so.
    Several(Vec<String>),
    /// None does.
    None,
}

impl Desk<'_> {
    /// The time that questions go by.
    fn now_ms(&self) -> Result<i64, StoreError> {
        self.runtime.block_on(self.desk.now_ms())
    }

    /// All of these, page by page.
    fn pages(
        &self,
        mut which: Which,
        mut take: impl FnMut(Vec<Approval>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        loop {
            let page = self.runtime.block_on(self.store.approvals(which.clone(), PAGE))?;
            let Some(last) = page.last() else { return Ok(()) };
            which.before = Some(last.change);
            if take(page).is_break() {
                return Ok(());
            }
        }
    }

    /// The names of all calls that are known.
    fn names(&self) -> Result<BTreeSet<String>, StoreError> {
        let (mut names, mut after) = (BTreeSet::new(), 0);
        loop {
            let (changes, _) = self.runtime.block_on(self.store.changes(after))?;
            let Some(last) = changes.last() else { return Ok(names) };
            after = last.change;
            names.extend(changes.into_iter().map(|changed| changed.id));
        }
    }

    /// The call of this name, or the only one whose name begins so.
    fn named(&self, name: &str) -> Result<Named, StoreError> {
        if let Some(approval) = self.runtime.block_on(self.store.approval(name))? {
            return Ok(Named::One(Box::new(approval)));
        }
        let names = self.names()?;
        let beginning = names.range(name.to_owned()..).take_while(|other| other.starts_with(name));
        let mut beginning: Vec<&String> = beginning.collect();
        match (beginning.pop(), beginning.is_empty()) {
            (None, _) => Ok(Named::None),
            (Some(only), true) => {
                let found = self.runtime.block_on(self.store.approval(only))?;
                Ok(found.map_or(Named::None, |approval| Named::One(Box::new(approval))))
            }
            (Some(last), false) => Ok(Named::Several(beginning.into_iter().chain([last]).cloned().collect())),
        }
    }

    fn record_look(&self, command: &str, filter: &Filter) {
        record_read(&self.data, command, filter);
    }

    /// The calls that begin so, for people who must choose.
    fn several(&self, name: &str, found: &[String]) -> Result<String, StoreError> {
        const SHOWN: usize = 5;
        let names = self.names()?;
        let mut shown = Vec::with_capacity(SHOWN);
        for found in found.iter().take(SHOWN) {
            let whole = self.runtime.block_on(self.store.approval(found))?;
            let called = whole.map(|whole| subject(&whole.question.section, &whole.question.name));
            let called = called.map(|called| format!(" ({})", shown::line(&called))).unwrap_or_default();
            shown.push(format!("`{}`{called}", short(found, &names)));
        }
        let more = if found.len() > SHOWN { ", …" } else { "" };
        Ok(format!("`{name}` begins {} names: {}{more}; write more of it", found.len(), shown.join(", ")))
    }

    /// What to do about a name that nothing has.
    fn unknown(&self, name: &str) -> String {
        let list = self.place.also("interlock approvals list --all");
        format!("no call `{name}` waits or waited here; `{list}` shows them")
    }
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn names_are_taken_as_they_are_pasted() {
        for text in ["4ba611f6", "4BA611F6", "approval_4ba611f6", "4ba611f6…", "approval_4BA611F6…"] {
            assert_eq!(id(text).as_deref(), Ok("4ba611f6"), "{text}");
        }
        for text in ["", "…", "approval_", "4ba6…11f6", "4ba6 11f6", "4ba6/"] {
            assert!(id(text).is_err(), "{text}");
        }
    }
}
