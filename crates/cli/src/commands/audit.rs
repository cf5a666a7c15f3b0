//! `interlock audit`: read and verify the log.

mod output;
mod text;
mod verify;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use interlock_audit::{
    Address, Detail, Entry, Filter, KINDS, Lifecycle, LifecycleKind, Seq, Tail, append_shared, query, show,
};

use crate::args::{Format, LookArgs};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use output::Output;
pub(super) use text::short;

/// A follower that looks this often shows a record well within a quarter of a second.
const LOOK_EVERY: Duration = Duration::from_millis(150);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock audit tail --follow
  interlock audit query --since 24h --verdict deny
  interlock audit show 01kahz3b2c5xyz:12
  interlock audit verify

Times are UTC. Reading is itself recorded; verifying is not, so that it can be done on a copy.
Exit codes: 0 found or verified, 1 nothing found or not verified, 2 it could not be done.")]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the newest records, and follow the log as it grows
    #[command(after_help = "Examples:
  interlock audit tail
  interlock audit tail -f --verdict deny
  interlock audit tail -n 100 --server files --format json")]
    Tail {
        /// How many of the newest records to begin with
        #[arg(short = 'n', long = "lines", value_name = "COUNT", default_value_t = 20)]
        lines: usize,
        /// Go on with new records, of new instances too, until interrupted
        #[arg(short, long)]
        follow: bool,
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Find records of all instances, oldest first
    #[command(after_help = "Examples:
  interlock audit query --since 2h --grant local
  interlock audit query --tool 'delete_*' --verdict deny --format json
  interlock audit query --shadow --since 7d
  interlock audit query --since 2026-11-20 --until 2026-11-21 --text 'too many' --limit 10")]
    Query {
        /// At most so many records
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Show one record whole, and the other one of its call
    #[command(after_help = "Examples:
  interlock audit show 01kahz3b2c5xyz:12
  interlock audit show 01kahz3b2c5xyz:12 --format json")]
    Show {
        /// INSTANCE:SEQ as `tail` and `query` print it; any unique beginning of the instance will do
        #[arg(value_name = "RECORD")]
        address: Address,
        #[command(flatten)]
        common: Whole,
    },
    /// Check every record against its hash and its chain, and name the first bad one
    #[command(after_help = "Examples:
  interlock audit verify
  interlock audit verify --data /mnt/copy-of-the-data --format json

Exit codes: 0 everything is as it was written, 1 something is not, 2 it could not be found out: the files, or the \
register of instances that tells which chains there must be, could not be read.")]
    Verify {
        #[command(flatten)]
        common: Whole,
    },
}

/// What commands take whose answer is one thing.
#[derive(Debug, Args)]
struct Whole {
    #[command(flatten)]
    place: LookArgs,
    /// How to print it; `json` is one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What commands take whose answer is records.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    place: LookArgs,
    /// How to print it; `json` is one line a record
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Which records. In names, `*` stands for any text.
#[derive(Debug, Default, Args)]
struct FilterArgs {
    /// Only records not before this time: 2026-11-21, 2026-11-21T10:00:00Z, or so long ago: 90s, 15m, 2h, 7d, 4w
    #[arg(long, value_name = "TIME", value_parser = crate::when::parse_now)]
    since: Option<i64>,
    /// Only records before this time; written like --since
    #[arg(long, value_name = "TIME", value_parser = crate::when::parse_now)]
    until: Option<i64>,
    /// Only records of this grant; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    grant: Option<String>,
    /// Only records of this server; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Only records of this tool, resource or prompt; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Only records with this verdict; agents are told `await_approval` where it is `ask`, and policies say `allow` for
    /// `proceed`: both are understood
    #[arg(long, value_enum)]
    verdict: Option<VerdictArg>,
    /// Only records that this rule decided, or in shadow mode would have: its own name, or server:/tools/…; `*` stands
    /// for any text
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Only records of this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(KINDS))]
    kind: Option<String>,
    /// Only records with something that a rule in shadow mode would have denied, or asked a person about
    #[arg(long)]
    shadow: bool,
    /// Only records with this text anywhere in them, in any case
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only records of instances whose name begins so
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum VerdictArg {
    Deny,
    #[value(alias = "await_approval")]
    Ask,
    #[value(alias = "allow")]
    Proceed,
}

impl FilterArgs {
    fn filter(&self, limit: Option<usize>) -> Filter {
        let verdict = self.verdict.map(|verdict| match verdict {
            VerdictArg::Deny => "deny",
            VerdictArg::Ask => "ask",
            VerdictArg::Proceed => "proceed",
        });
        Filter {
            from_ms: self.since,
            to_ms: self.until,
            grant: self.grant.clone(),
            server: self.server.clone(),
            tool: self.tool.clone(),
            verdict: verdict.map(str::to_owned),
            rule: self.rule.clone(),
            kind: self.kind.clone(),
            shadow: self.shadow,
            text: self.text.clone(),
            instance: self.instance.clone(),
            limit,
        }
    }
}

pub(crate) fn run(args: &AuditArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Tail { lines, follow, filter, common } => {
            let data = log_of(&common.place)?;
            let own = record_read(&data, "tail", &filter.filter(None));
            tail(&data, &filter.filter(None), *lines, *follow, &mut Output::new(common.format, own))
        }
        Command::Query { limit, filter, common } => {
            let data = log_of(&common.place)?;
            let own = record_read(&data, "query", &filter.filter(*limit));
            find(&data, filter.filter(*limit), &mut Output::new(common.format, own))
        }
        Command::Show { address, common } => {
            let data = log_of(&common.place)?;
            let filter = Filter { instance: Some(address.to_string()), ..Filter::default() };
            record_read(&data, "show", &filter);
            let shown = show(&data, address)?;
            let mut output = Output::new(common.format, None);
            output.shown(&shown)?;
            output.flush()?;
            Ok(if shown.record.is_intact() { Exit::Yes } else { Exit::No })
        }
        Command::Verify { common } => verify::run(&log_of(&common.place)?, common.format),
    }
}

fn tail(
    data: &Path,
    filter: &Filter,
    lines: usize,
    follow: bool,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    // The record of this very read may be among the newest, and is not part of the answer.
    let (mut tail, mut records) = Tail::open(data, filter, lines.saturating_add(1))?;
    records.retain(|record| !output.is_own(record));
    let excess = records.len().saturating_sub(lines);
    for record in records.iter().skip(excess) {
        output.record(record)?;
    }
    output.flush()?;
    while follow && !output.is_closed() {
        thread::sleep(LOOK_EVERY);
        for record in tail.poll()? {
            output.record(&record)?;
        }
        output.flush()?;
    }
    if !follow && !output.has_shown() && !output.is_closed() {
        terminal::note("no record matches");
    }
    Ok(if follow || output.has_shown() { Exit::Yes } else { Exit::No })
}

fn find(data: &Path, filter: Filter, output: &mut Output) -> anyhow::Result<Exit> {
    for record in query(data, filter)? {
        output.record(&record?)?;
        if output.is_closed() {
            break;
        }
    }
    output.flush()?;
    if !output.has_shown() && !output.is_closed() {
        terminal::note("no record matches");
    }
    Ok(if output.has_shown() { Exit::Yes } else { Exit::No })
}

/// The data directory, if there is a log in it: reading must not make one.
fn log_of(place: &LookArgs) -> anyhow::Result<PathBuf> {
    let settings = Settings::load(place.settings.as_deref())?;
    let data = data_dir(place.data.as_deref(), &settings)?;
    data_dir::has_log(&data)?;
    Ok(data)
}

/// Who reads and what is asked for becomes a record, whose number is returned. A copy that may not be written
/// to can still be read, with a warning.
pub(super) fn record_read(data: &Path, command: &str, filter: &Filter) -> Option<Seq> {
    let asked = filter_text(filter);
    let mut details = vec![
        ("command", Detail::Text(command)),
        ("uid", Detail::Number(rustix::process::getuid().as_raw().into())),
        ("pid", Detail::Number(std::process::id().into())),
    ];
    if !asked.is_empty() {
        details.push(("filter", Detail::Text(&asked)));
    }
    let read = Lifecycle { details: &details, ..Lifecycle::new(LifecycleKind::Read) };
    let now = jiff::Timestamp::now().as_millisecond();
    let recorded = append_shared(data, now, &Entry::Lifecycle(read));
    if let Err(error) = &recorded {
        terminal::note(&format!("warning: this read of the log is not recorded: {error}"));
    }
    recorded.ok()
}

fn filter_text(filter: &Filter) -> String {
    let time = |ms: Option<i64>| ms.map(interlock_audit::format_ms);
    let parts = [
        ("since", time(filter.from_ms)),
        ("until", time(filter.to_ms)),
        ("grant", filter.grant.clone()),
        ("server", filter.server.clone()),
        ("tool", filter.tool.clone()),
        ("verdict", filter.verdict.clone()),
        ("rule", filter.rule.clone()),
        ("kind", filter.kind.clone()),
        ("shadow", filter.shadow.then(|| "yes".to_owned())),
        ("text", filter.text.clone()),
        ("instance", filter.instance.clone()),
        ("limit", filter.limit.map(|limit| limit.to_string())),
    ];
    let given: Vec<String> =
        parts.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}"))).collect();
    given.join(" ")
}
