//! `interlock counters`: what the ledger holds, and its clock.

use std::io::{IsTerminal, Write, stderr, stdin};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use interlock_audit::{Detail, Entry, Filter, Lifecycle, LifecycleKind, append_shared, format_ms};
use interlock_store::{Counters, Dates, Embedded, Timekeeping};
use serde::Serialize;

use super::audit::record_read;
use super::status::counter::{CounterReport, HEADER};
use crate::args::{AnswerArgs, Format};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use crate::terminal::table::table;

const MOST_LISTED: NonZeroUsize = match NonZeroUsize::new(1_000) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock counters list
  interlock counters reclock

Both are recorded in the audit log.
Exit codes: 0 done, 1 not confirmed, 2 it could not be done.")]
pub(crate) struct CountersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what every counter holds, those nearest their limit first
    #[command(after_help = "Examples:
  interlock counters list
  interlock counters list --limit 10 --format json")]
    List {
        /// At most so many counters
        #[arg(long, value_name = "COUNT", default_value_t = MOST_LISTED)]
        limit: NonZeroUsize,
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Have calendar budgets go by the machine's date again, after its clock was ahead by mistake
    #[command(after_help = "Examples:
  interlock counters reclock
  interlock counters reclock --yes --format json

A clock that steps back reopens nothing: the ledger goes by the latest date that it ever saw. After a date that was \
false, this brings it back. What was counted by the false date counts for the present day, week and month, together \
with what was counted in them before; sliding limits count by elapsed time and stay as they are.")]
    Reclock {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        common: AnswerArgs,
    },
}

pub(crate) fn run(args: &CountersArgs) -> anyhow::Result<Exit> {
    let (Command::List { common, .. } | Command::Reclock { common, .. }) = &args.command;
    let settings = Settings::load(common.place.settings.as_deref())?;
    let data = ledger_of(common, &settings)?;
    let store = Embedded::open(&data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    match &args.command {
        Command::List { limit, common } => {
            record_read(&data, "counters list", &Filter { limit: Some(limit.get()), ..Filter::default() });
            list(&runtime.block_on(store.list(limit.get()))?, common.format)
        }
        Command::Reclock { yes, common } => {
            let dates = runtime.block_on(store.dates())?;
            if dates.ledger_ms > dates.machine_ms && !is_confirmed(*yes, dates)? {
                return Ok(Exit::No);
            }
            // With dates that agree there is nothing to do, and nothing to record.
            let mut moved = None;
            if dates.ledger_ms > dates.machine_ms {
                record(&data, dates)?;
                moved = Some(runtime.block_on(store.reclock())?.moved);
            }
            tell(dates, moved, common.format)
        }
    }
}

/// The data directory, if there is a ledger in it: looking must not make one.
fn ledger_of(common: &AnswerArgs, settings: &Settings) -> anyhow::Result<PathBuf> {
    let data = data_dir(common.place.data.as_deref(), settings)?;
    data_dir::used(&data)?;
    Ok(data)
}

fn list(counters: &[interlock_store::CounterStatus], format: Format) -> anyhow::Result<Exit> {
    let reports: Vec<CounterReport> = counters.iter().map(CounterReport::new).collect();
    match format {
        Format::Json => terminal::json(&reports)?,
        Format::Text if reports.is_empty() => terminal::line("no counter holds anything")?,
        Format::Text => terminal::line(&table(&HEADER, reports.iter().map(CounterReport::row)))?,
    }
    Ok(Exit::Yes)
}

fn in_words(dates: Dates) -> String {
    format!(
        "the ledger's date  {}\nthe machine's date {}",
        format_ms(dates.ledger_ms),
        format_ms(dates.machine_ms)
    )
}

/// Asks on the terminal; the answer to a program goes to standard output alone.
fn is_confirmed(yes: bool, dates: Dates) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !stdin().is_terminal() {
        bail!("not done without a person to ask; add `--yes`\n{}", in_words(dates));
    }
    let question = "Is the machine's date right, and should calendar budgets go by it? [y/N] ";
    write!(stderr(), "{}\n{question}", in_words(dates))?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Before it is done: what is not recorded does not happen.
fn record(data: &Path, dates: Dates) -> anyhow::Result<()> {
    let (ledger, machine) = (format_ms(dates.ledger_ms), format_ms(dates.machine_ms));
    let details = [
        ("from", Detail::Text(&ledger)),
        ("to", Detail::Text(&machine)),
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ];
    let reason = Some("calendar budgets go by the machine's date again");
    let entry = Lifecycle { details: &details, reason, ..Lifecycle::new(LifecycleKind::Reclock) };
    append_shared(data, dates.machine_ms, &Entry::Lifecycle(entry))
        .context("not done, because it cannot be recorded")?;
    Ok(())
}

#[derive(Serialize)]
struct Report {
    ledger: String,
    machine: String,
    reclocked: bool,
    /// Calendar counters that were in a period that has not begun.
    moved: u64,
}

fn tell(dates: Dates, moved: Option<u64>, format: Format) -> anyhow::Result<Exit> {
    let report = Report {
        ledger: format_ms(dates.ledger_ms),
        machine: format_ms(dates.machine_ms),
        reclocked: moved.is_some(),
        moved: moved.unwrap_or_default(),
    };
    let words = match moved {
        None => format!("{}\nnothing to do: the ledger's date is not ahead", in_words(dates)),
        Some(moved) => format!(
            "{}\ncalendar budgets go by the machine's date again; {moved} counters were moved to it",
            in_words(dates)
        ),
    };
    match format {
        Format::Text => terminal::line(&words)?,
        Format::Json => terminal::json(&report)?,
    }
    Ok(Exit::Yes)
}
