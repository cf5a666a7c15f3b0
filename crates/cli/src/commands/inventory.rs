//! `interlock inventory`: what every agent on this machine can call, under which rule, and when it last did.

mod callers;
mod pinned;
mod report;

use std::collections::{BTreeSet, HashMap};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use interlock_audit::{Filter, query};
use interlock_catalog::Category;

use crate::args::Format;
use crate::configured::asked::{Answer, ask};
use crate::configured::known::{earlier, known, restricted};
use crate::configured::{ClientName, Survey};
use crate::data_dir::{data_dir, has_log};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use callers::Listed;
use pinned::Ledgers;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock inventory
  interlock inventory --category destructive --category financial
  interlock inventory -c interlock.yaml --server files
  interlock inventory --format json | jq '.tools[] | select(.protected | not)'

Looked at are the servers of the MCP clients on this machine, as `interlock init` finds them (those of the \
present folder's project with --project alone: what its files say is run), and with -c those that \
`interlock serve` reads from a file. Each is started or reached and asked for its tools; nothing is called. The verdict is \
what the policy says of the tool whatever its arguments are; `conditions` means that it depends on them too. A tool \
that is not defined as it was accepted (`interlock pins`) is denied, whatever the policy says.

Exit codes: 0 every server answered, 1 some did not or a configuration cannot be read, 2 it could not be done.")]
pub(crate) struct InventoryArgs {
    /// The file that `interlock serve` reads: its servers and grants too
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only tools of this category; may be given several times
    #[arg(long = "category", value_name = "CATEGORY", value_enum)]
    categories: Vec<CategoryName>,
    /// Only this server; may be given several times
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// Only this client's configurations; may be given several times
    #[arg(long = "client", value_name = "NAME", value_enum)]
    clients: Vec<ClientName>,
    /// Also the files of the project in the present folder: what they say is run
    #[arg(long)]
    project: bool,
    /// The data directory, which has the audit log [env: INTERLOCK_DATA] [default: the file's `data`, then the user's
    /// state directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How long a server may take for one answer, such as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::when::span)]
    timeout: Duration,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A category, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CategoryName {
    /// It returns information and changes nothing
    Read,
    /// It creates or changes what another call can put right
    Write,
    /// It starts work elsewhere
    Execute,
    /// It deletes, or cannot be undone
    Destructive,
    /// It moves or commits money
    Financial,
}

impl From<CategoryName> for Category {
    fn from(name: CategoryName) -> Self {
        match name {
            CategoryName::Read => Self::Read,
            CategoryName::Write => Self::Write,
            CategoryName::Execute => Self::Execute,
            CategoryName::Destructive => Self::Destructive,
            CategoryName::Financial => Self::Financial,
        }
    }
}

/// When tools were called last: by server, tool and grant.
type LastCalls = HashMap<(String, String, String), i64>;

pub(crate) fn run(args: &InventoryArgs) -> anyhow::Result<Exit> {
    let survey = Survey::here()?;
    let settings = Settings::load(args.config.as_deref())?;
    let all = survey.configurations(&[], args.project);
    let known = known(&all, &earlier()?);
    let (configurations, known) = restricted(all, known, |found| found.is_of(&args.clients));
    let (unreadable, left_out) = callers::without_servers(&survey, &configurations);
    let mut listed = callers::of_clients(&survey, &configurations, known);
    if args.config.is_some() {
        listed.extend(callers::of_gateway(&settings));
    }
    are_there(&args.servers, &listed)?;
    listed.retain(|server| args.servers.is_empty() || args.servers.contains(&server.name));
    let last = last_calls(args.data.as_deref(), &settings)?;
    let (listed, questions): (Vec<Listed>, Vec<_>) =
        listed.into_iter().map(|server| server.with_question(&survey)).unzip();
    let said = std::io::stderr().is_terminal();
    let settings = Arc::new(settings);
    let answers: Vec<Answer> = ask(questions, &settings, args.timeout, said)?;
    let mut ledgers = Ledgers::new(data_dir(args.data.as_deref(), &settings)?, &settings)?;
    let categories: Vec<Category> = args.categories.iter().copied().map(Category::from).collect();
    let wanted = |category: Category| categories.is_empty() || categories.contains(&category);
    let all_known = unreadable.is_empty() && answers.iter().all(Result::is_ok);
    let left_out = (unreadable, left_out);
    let report = report::Report::new((&listed, &answers), (&last, &mut ledgers), left_out, wanted);
    match args.format {
        Format::Text => terminal::write_out(report.text().as_bytes())?,
        Format::Json => terminal::json(&report)?,
    }
    Ok(if all_known { Exit::Yes } else { Exit::No })
}

/// That nothing is said of a server that is not there could be taken for that it offers nothing.
fn are_there(asked: &[String], listed: &[Listed]) -> anyhow::Result<()> {
    let Some(missing) = asked.iter().find(|name| listed.iter().all(|server| server.name != **name)) else {
        return Ok(());
    };
    let names: BTreeSet<&str> = listed.iter().map(|server| server.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    anyhow::bail!("no server `{missing}` is configured; there are: {there}")
}

/// Read from the audit log, where there is one.
fn last_calls(chosen: Option<&Path>, settings: &Settings) -> anyhow::Result<LastCalls> {
    let data = data_dir(chosen, settings)?;
    let mut last = LastCalls::new();
    match has_log(&data) {
        Ok(()) => {}
        Err(error) if chosen.is_some() => return Err(error),
        // Nothing has run here yet.
        Err(_) => return Ok(last),
    }
    let filter = Filter { kind: Some("intent".to_owned()), ..Filter::default() };
    for record in query(&data, filter)? {
        let record = record.context("the audit log cannot be read")?;
        let text = |key: &str| record.text(key).map(|text| text.into_owned());
        let Some((server, tool)) = text("server").zip(record.subject().map(|tool| tool.into_owned())) else {
            continue;
        };
        let time = last.entry((server, tool, text("grant").unwrap_or_default())).or_default();
        *time = (*time).max(record.time_ms());
    }
    Ok(last)
}
