//! `interlock scan`: what a server's tools can do, how bad that can get, and the policy that fits.

mod findings;
mod json;
mod pinning;
mod policy;
mod sarif;
mod sources;
mod text;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use interlock_catalog::Severity;

use crate::args::{Header, header, header_variable, name};
use crate::configured::ClientName;
use crate::configured::asked::Offer;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use findings::Findings;
use pinning::{Ledger, Pinned, State};
use sources::Origin;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock scan -- uvx awslabs.healthimaging-mcp-server@0.1.1
  interlock scan -o files.yaml -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  interlock scan --url https://tools.example.com/mcp --header 'Authorization: Bearer ${TOKEN}'
  interlock scan --config ~/.cursor/mcp.json
  interlock scan --tools tools.json --format sarif > scan.sarif
  interlock scan --fail-on critical -- ./my-server
  interlock scan --pin --data ./pins --fail-on changed -- ./my-server

The server is started, or reached, and asked for every page of its list; nothing is called. Each tool is judged by its \
definition alone, which is its publisher's word: nothing here asks a model or the network. `interlock attacks show ID` says more of \
an attack that a tool's access allows. --output writes a policy that fits, \
with its tests (NAME.test.yaml) and the tools as they are now (NAME.tools.json) beside it; `interlock test NAME.yaml` runs \
them. Files that are there are not written over without --force, but for those that say the same.

--pin accepts the definitions of a server that was never seen, for the gateways that use the same data directory and name the server \
alike: whatever is otherwise later is in quarantine there. What is pinned already is compared and left as it is; `interlock pins accept` \
accepts what a gateway has in quarantine. --data and --fail-on changed compare, and pin nothing.

Exit codes: 0 done, 1 a server could not be judged, a tool or a finding is as bad as --fail-on says, or is not as it was accepted, 2 it \
could not be done, or no server could be judged.")]
pub(crate) struct ScanArgs {
    /// The address of a server that speaks Streamable HTTP, in the place of a command
    #[arg(long, value_name = "URL", group = "scanned")]
    url: Option<String>,
    /// A header for every request to that server; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "url", value_parser = header)]
    headers: Vec<Header>,
    /// A header whose value is a variable of the environment; may be given several times
    #[arg(long = "header-env", value_name = "NAME=VARIABLE", requires = "url", value_parser = header_variable)]
    header_variables: Vec<(String, String)>,
    /// An MCP client's configuration: every server in it
    #[arg(long, value_name = "FILE", group = "scanned")]
    config: Option<PathBuf>,
    /// The client whose configuration that is, where its path does not tell
    #[arg(long, value_name = "NAME", value_enum, requires = "config")]
    client: Option<ClientName>,
    /// Tools, as `interlock tools` writes them or as JSON lines with their servers, without asking any; `-` for standard input
    #[arg(long, value_name = "FILE", group = "scanned")]
    tools: Option<PathBuf>,
    /// The server's name, in the policy too [default: its package or program, without the version]
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with = "config")]
    server: Option<String>,
    /// Write the policy that fits to this file, YAML or JSON by its ending (.yaml, .yml, .json); for several servers to this folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a policy, its tests and its tools that are there already
    #[arg(long, requires = "output")]
    force: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    format: ScanFormat,
    /// Exit with 1 where a tool is as severe as this, or a definition's text tries to steer a model; for `changed` where a tool is not
    /// defined as it was accepted; may be given several times
    #[arg(long, value_name = "WHAT", value_enum)]
    fail_on: Vec<Bar>,
    /// Accept the definitions of a server that was never seen; of another, say what is otherwise
    #[arg(long)]
    pin: bool,
    /// The data directory with the definitions that are accepted [env: INTERLOCK_DATA] [default: the settings' `data`, then the user's
    /// state directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The settings [default: interlock/settings.yaml in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How long a server may take for one answer, such as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::when::span)]
    timeout: Duration,
    /// Do not say on standard error how far it has come
    #[arg(short, long)]
    quiet: bool,
    /// The server's command and its arguments
    #[arg(last = true, value_name = "COMMAND", group = "scanned")]
    command: Vec<OsString>,
}

/// How `scan` prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For people
    #[default]
    Text,
    /// For programs; stable
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What a scan does not pass with, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bar {
    /// Reads, where nothing else is shown
    Low,
    /// Changes that another call can undo
    Medium,
    /// Starts work elsewhere
    High,
    /// Deletes, pays, or runs what it is given
    Critical,
    /// Is not defined as it was accepted
    Changed,
}

impl Bar {
    const fn severity(self) -> Option<Severity> {
        match self {
            Self::Low => Some(Severity::Low),
            Self::Medium => Some(Severity::Medium),
            Self::High => Some(Severity::High),
            Self::Critical => Some(Severity::Critical),
            Self::Changed => None,
        }
    }
}

/// One server, and what was learned of it.
pub(super) struct Scanned {
    name: String,
    offer: Result<Offer, String>,
    origin: Origin,
    /// The folders that its command gives it.
    folders: Vec<String>,
    /// How it stands to what is accepted, where that was looked at.
    pinned: Option<Pinned>,
}

pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Exit> {
    // Of a file with tools it is told only by what is in it how many policies there are.
    let is_one = args.config.is_none() && args.tools.is_none();
    if let Some(output) = args.output.as_ref().filter(|_| is_one) {
        policy::has_an_ending(output)?;
    }
    let settings = Arc::new(Settings::load(args.settings.as_deref())?);
    let mut scanned = sources::scanned(args, &settings)?;
    compare(args, &settings, &mut scanned)?;
    let patterns = crate::attacks::patterns()?;
    let findings = findings::of(&scanned, &patterns);
    let print = match args.format {
        ScanFormat::Text => text::print(&scanned, &findings),
        ScanFormat::Json => terminal::json(&json::report(&scanned, &findings)),
        ScanFormat::Sarif => terminal::json(&sarif::log(&scanned, &findings, args.output.as_deref())),
    };
    print?;
    say_what_was_not_judged(&scanned);
    if let Some(output) = &args.output {
        policy::write(output, &scanned, args)?;
    }
    Ok(exit(args, &scanned, &findings))
}

/// Standard output may go to a file, and nobody may look at it while the exit code is heeded.
fn say_what_was_not_judged(scanned: &[Scanned]) {
    for one in scanned {
        if let Err(why) = &one.offer {
            terminal::note(&format!("interlock: `{}` was not judged: {why}", one.name));
        }
    }
}

/// Looks at what is accepted, where that is asked for.
fn compare(args: &ScanArgs, settings: &Settings, scanned: &mut [Scanned]) -> anyhow::Result<()> {
    if !(args.pin || args.data.is_some() || args.fail_on.contains(&Bar::Changed)) {
        return Ok(());
    }
    let ledger = Ledger::open(args.data.as_deref(), settings, args.pin)?;
    for one in scanned {
        one.pinned = ledger.look(one)?;
    }
    Ok(())
}

fn exit(args: &ScanArgs, scanned: &[Scanned], findings: &Findings<'_>) -> Exit {
    let offers = || scanned.iter().filter_map(|one| one.offer.as_ref().ok());
    let bar = args.fail_on.iter().filter_map(|bar| bar.severity()).min();
    let unknown = scanned.iter().filter(|one| one.offer.is_err()).count();
    if unknown == scanned.len() {
        return Exit::Failed;
    }
    // What could not be looked at has passed nothing.
    if unknown > 0 {
        return Exit::No;
    }
    let pinned = || scanned.iter().filter_map(|one| one.pinned.as_ref());
    if args.fail_on.contains(&Bar::Changed) {
        if pinned().any(Pinned::is_otherwise) {
            return Exit::No;
        }
        if pinned().any(|pinned| pinned.state == State::Unknown) {
            return Exit::Failed;
        }
    }
    let Some(bar) = bar else { return Exit::Yes };
    let is_bad = offers().flat_map(|offer| &offer.tools).any(|tool| tool.judgement.severity >= bar);
    if is_bad || findings.steers() { Exit::No } else { Exit::Yes }
}
