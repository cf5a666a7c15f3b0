//! `interlock pins`: which definitions of servers' tools are accepted, what was offered in their place, and accepting it.

mod accepting;
pub(crate) mod differing;
mod listing;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use interlock_audit::Filter;
use interlock_gateway::PinState;
use interlock_policy::{did_you_mean, quoted};
use interlock_store::{Embedded, Pin, Pins as _, StoreError};

use super::audit::record_read;
use crate::args::{AnswerArgs, Format, LookArgs};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock pins list
  interlock pins diff
  interlock pins diff files read_file
  interlock pins accept files read_file
  interlock pins accept files --all --yes

A tool is called while its server defines it as it was accepted. One that is new, or that was ever shown otherwise, is \
in quarantine: hidden, and its calls are denied, until somebody accepts what the server shows.

Exit codes: 0 done, 1 something is in quarantine (diff), was not accepted (accept), or the server is not known, 2 it could not be done.")]
pub(crate) struct PinsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the tools of all servers: which are trusted, since when and by whom, and which are in quarantine
    #[command(after_help = "Examples:
  interlock pins list
  interlock pins list files --quarantined
  interlock pins list --format json")]
    List {
        #[command(flatten)]
        which: ListArgs,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Show what is different in the definitions that are in quarantine
    #[command(after_help = "Examples:
  interlock pins diff
  interlock pins diff files
  interlock pins diff files read_file --format json

Of long texts only what changed is shown, with `…` for the rest. What a text hides or imitates is written as `\\u{…}`.

Exit codes: 0 nothing is in quarantine, 1 something is, or the server or tool is not known, 2 it could not be told.")]
    Diff {
        /// Only this server's tools
        #[arg(value_name = "SERVER")]
        server: Option<String>,
        /// Only this tool
        #[arg(value_name = "TOOL", requires = "server")]
        tool: Option<String>,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Accept definitions as their server shows them, so that the tools may be called
    #[command(after_help = "Examples:
  interlock pins accept files read_file
  interlock pins accept files read_file write_file --yes
  interlock pins accept files --all
  interlock pins accept --all --yes --format json

It shows what `diff` shows and asks; `--yes` does not. Gateways that run heed it within a second. What a server has \
changed once more since it was shown is not accepted.

Exit codes: 0 all is accepted, 1 something is not, 2 it could not be done.")]
    Accept {
        #[command(flatten)]
        what: AcceptArgs,
        #[command(flatten)]
        common: AnswerArgs,
    },
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only this server's tools
    #[arg(value_name = "SERVER")]
    server: Option<String>,
    /// Only those in quarantine
    #[arg(long)]
    quarantined: bool,
}

#[derive(Debug, Args)]
struct AcceptArgs {
    /// The server
    #[arg(value_name = "SERVER", required_unless_present = "all")]
    server: Option<String>,
    /// The tools
    #[arg(value_name = "TOOL", required_unless_present = "all")]
    tools: Vec<String>,
    /// Every tool in quarantine, of that server or of all
    #[arg(long, conflicts_with = "tools")]
    all: bool,
    /// Do not show what is accepted, and do not ask
    #[arg(long)]
    yes: bool,
}

/// Servers that are named to who has mistyped one.
const MOST_NAMED: usize = 20;

/// What a command works on.
struct Desk<'a> {
    place: &'a LookArgs,
    data: PathBuf,
    store: Embedded,
    runtime: tokio::runtime::Runtime,
    format: Format,
}

pub(crate) fn run(args: &PinsArgs) -> anyhow::Result<Exit> {
    let (Command::List { common, .. } | Command::Diff { common, .. } | Command::Accept { common, .. }) =
        &args.command;
    let settings = Settings::load(common.place.settings.as_deref())?;
    let data = data_dir(common.place.data.as_deref(), &settings)?;
    data_dir::used(&data)?;
    let store = Embedded::open(&data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let desk = Desk { place: &common.place, data, store, runtime, format: common.format };
    match &args.command {
        Command::List { which, .. } => desk.list(which),
        Command::Diff { server, tool, .. } => desk.diff(server.as_deref(), tool.as_deref()),
        Command::Accept { what, .. } => desk.accept(what),
    }
}

impl Desk<'_> {
    fn pins(&self, server: Option<&str>) -> Result<Vec<Pin>, StoreError> {
        self.runtime.block_on(self.store.pins(server))
    }

    /// Whether a server that is named was ever seen; who mistyped it is not to believe that all is well with it.
    fn is_known(&self, server: Option<&str>) -> anyhow::Result<bool> {
        let Some(server) = server else { return Ok(true) };
        if self.runtime.block_on(self.store.pins_of(server))?.is_known {
            return Ok(true);
        }
        let mut known: Vec<String> = self.pins(None)?.into_iter().map(|pin| pin.server).collect();
        known.dedup();
        let advice = did_you_mean(server, known.iter().map(String::as_str));
        let advice = advice.unwrap_or_else(|| match known.is_empty() {
            true => "none was seen yet".to_owned(),
            false => {
                let some: Vec<String> = known.iter().take(MOST_NAMED).map(|name| quoted(name)).collect();
                let more = if known.len() > MOST_NAMED { ", …" } else { "" };
                format!("those that were are {}{more}", some.join(", "))
            }
        });
        terminal::note(&format!("no server {} was ever seen; {advice}", quoted(server)));
        Ok(false)
    }

    fn record_look(&self, command: &str, server: Option<&str>) {
        let filter = Filter { server: server.map(str::to_owned), ..Filter::default() };
        record_read(&self.data, command, &filter);
    }
}

/// How a tool stands, in words.
fn word(state: PinState) -> &'static str {
    match state {
        PinState::Trusted => "trusted",
        PinState::New => "quarantined: new",
        PinState::Changed => "quarantined: changed",
        PinState::Back => "quarantined: was another",
    }
}
