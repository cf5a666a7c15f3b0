//! The command line, as it is written. What it means is resolved by the commands.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::terminal;

/// A policy gateway for the Model Context Protocol: decides every call of an MCP server by a policy file.
#[derive(Debug, Parser)]
#[command(
    name = "interlock",
    version,
    max_term_width = 100,
    after_help = "Examples:
  interlock init
  interlock run -c policy.yaml -- uvx awslabs.healthimaging-mcp-server@0.1.1
  interlock serve -c interlock.yaml
  interlock tools -- uvx awslabs.healthimaging-mcp-server@0.1.1 > tools.json
  interlock check --tools tools.json policy.yaml
  interlock explain -c policy.yaml --tool delete_datastore
  interlock test
  interlock status

Exit codes: 0 yes, 1 the answer is no (invalid, denied, not verified), 2 it could not be done."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Reads the command line, or says what is wrong with it and ends.
    pub(crate) fn of_command_line() -> Self {
        let words: Vec<OsString> = std::env::args_os().collect();
        Self::try_parse_from(&words).unwrap_or_else(|error| tips::with_tip(error, &words).exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the servers of the MCP clients on this machine, and put each behind a policy
    Init(InitArgs),
    /// Show every tool that agents on this machine can call: its risk, who may call it, and under which rule
    Inventory(InventoryArgs),
    /// Wrap an MCP server and decide every call of a client that speaks stdio by a policy
    Run(RunArgs),
    /// Serve many MCP servers to many agents over HTTP, each agent by its grant
    Serve(ServeArgs),
    /// Make, show and revoke the tokens by which callers of `serve` are known
    Grants(GrantsArgs),
    /// Register, show and remove servers beside those of the file that `serve` reads
    Servers(ServersArgs),
    /// Keep what servers are shown, sealed: set, list, remove, and change the key
    Credentials(CredentialsArgs),
    /// Make, show and revoke the tokens by which operators are known to the admin listener of `serve`
    Admin(AdminArgs),
    /// Show the calls that wait for a person, and decide about them
    Approvals(ApprovalsArgs),
    /// Show which definitions of tools are accepted and what changed of the others, and accept them
    Pins(PinsArgs),
    /// Find every mistake in policy files, with its place and what to do
    Check(CheckArgs),
    /// Import policies of other gateways, lay policies out, and print the language's schema
    Policy(PolicyArgs),
    /// Say what would become of one call, by which rule, and what would have changed it
    Explain(ExplainArgs),
    /// Say which calls two policies decide differently, each with a call that shows it
    Diff(DiffArgs),
    /// Run the tests beside policies: calls, and the decisions that are expected
    Test(TestArgs),
    /// Print the list of a server's tools as JSON
    Tools(ToolsArgs),
    /// Say what a server's tools can do and how bad that can get, and write the policy that fits
    Scan(ScanArgs),
    /// Judge tools by their definitions: what they can do, and how bad that can get
    Catalog(CatalogArgs),
    /// Known attacks on agents and their servers: what they are, what stops them, and both of it played
    Attacks(AttacksArgs),
    /// Read and verify the audit log
    Audit(AuditArgs),
    /// Show what limits have counted, and put their clock right
    Counters(CountersArgs),
    /// Show instances, calls, denials, what waits for a person, the busiest rules, and counters near their limit
    Status(StatusArgs),
    /// Print a completion script for a shell
    #[command(after_help = "Examples:
  interlock completions bash > /etc/bash_completion.d/interlock
  interlock completions zsh > ~/.zfunc/_interlock
  interlock completions fish > ~/.config/fish/completions/interlock.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock run -c policy.yaml -- uvx awslabs.healthimaging-mcp-server@0.1.1
  interlock run -c files.yaml --server files -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  interlock run -c policy.yaml --grant ci --data /var/lib/interlock -- ./my-server --verbose
  interlock run -c policy.yaml --url https://tools.example.com/mcp --header 'Authorization: Bearer ${TOKEN}'

In an MCP client's configuration, put `interlock run -c policy.yaml --` in front of the server's command:
  { \"command\": \"interlock\", \"args\": [\"run\", \"-c\", \"policy.yaml\", \"--\", \"uvx\", \"my-server\"] }

A server that is reached by HTTP is sent the headers that `--header` gives, and nothing of the client's. `${NAME}` in \
a header reads the environment and `${file:PATH}` a file, so that no secret stands on the command line.

The policy is reloaded when the file changes; a file with mistakes leaves the old one in force and says so. Several \
processes that wrap the same server under the same grant share its limits.")]
pub(crate) struct RunArgs {
    /// The policy file (YAML or JSON)
    #[arg(short = 'c', long = "policy", visible_alias = "config", value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// The server's name for limits and records [default: its package or program, without the version]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) server: Option<String>,
    /// The grant on whose behalf the calls are made: a name for who calls, to which limits and records belong
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = name)]
    pub(crate) grant: String,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) reached: ReachedArgs,
}

/// How one server is reached.
#[derive(Debug, ClapArgs)]
pub(crate) struct ReachedArgs {
    /// The address of a server that speaks Streamable HTTP, in the place of a command
    #[arg(long, value_name = "URL", conflicts_with = "command")]
    pub(crate) url: Option<String>,
    /// A header for every request to that server; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "url", conflicts_with = "command", value_parser = header)]
    pub(crate) headers: Vec<Header>,
    /// A header whose value is a variable of the environment; may be given several times
    #[arg(long = "header-env", value_name = "NAME=VARIABLE", requires = "url", conflicts_with = "command", value_parser = header_variable)]
    pub(crate) header_variables: Vec<(String, String)>,
    /// The server's command and its arguments
    #[arg(last = true, required_unless_present = "url", value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock serve -c interlock.yaml
  interlock serve -c /etc/interlock/interlock.yaml --data /var/lib/interlock
  interlock serve --check -c interlock.yaml

An agent's MCP client is pointed at http://127.0.0.1:7420/mcp/NAME for the server NAME.

The file and the policies that it names are read again when they change: servers and grants come and go without \
interrupting others. A file with mistakes leaves the old one in force and says so. SIGTERM ends it: what is in flight is \
answered first.

Exit codes: 0 it was stopped, or --check found no mistake, 1 --check found some, 2 it could not be done.")]
pub(crate) struct ServeArgs {
    /// The file that names servers, grants and the address to listen at
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The data directory: counters and the audit log [env: INTERLOCK_DATA] [default: the file's `data`, then the
    /// user's state directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Start nothing: read the file and all that it refers to, and show each mistake with its place
    #[arg(long)]
    pub(crate) check: bool,
    /// How to print what --check found
    #[arg(long, value_enum, default_value_t, requires = "check")]
    pub(crate) format: CheckFormat,
}

/// A header as it was typed. Its value may be a secret.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

pub(crate) fn header(text: &str) -> Result<Header, String> {
    // What was typed is not repeated: it may be a secret.
    let (name, value) = text.split_once(':').ok_or("a header is written `NAME: VALUE`")?;
    Ok(Header { name: name.trim().to_owned(), value: value.trim().to_owned() })
}

/// A header and the variable that has its value.
pub(crate) fn header_variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, variable)| !name.is_empty() && !variable.is_empty());
    let (name, variable) = pair.ok_or("write the header's name and the variable's: `NAME=VARIABLE`")?;
    Ok((name.to_owned(), variable.to_owned()))
}

/// Where state and settings are.
#[derive(Debug, ClapArgs)]
pub(crate) struct PlaceArgs {
    /// The data directory: counters and the audit log [env: INTERLOCK_DATA] [default: the user's state
    /// directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The settings file [default: interlock/settings.yaml in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// Where commands look that only read what a gateway has kept.
#[derive(Debug, ClapArgs)]
pub(crate) struct LookArgs {
    /// The data directory: counters and the audit log [env: INTERLOCK_DATA] [default: the file's `data`, then the user's
    /// state directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The settings, or the file that `interlock serve` reads [default: interlock/settings.yaml in the user's
    /// configuration directory]
    #[arg(short = 'c', long = "config", visible_alias = "settings", value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

impl LookArgs {
    /// Another command that looks at the same place.
    pub(crate) fn also(&self, command: &str) -> String {
        let chosen = [("--data", &self.data), ("-c", &self.settings)];
        let chosen = chosen
            .into_iter()
            .filter_map(|(option, path)| Some([OsStr::new(option), path.as_ref()?.as_os_str()]));
        let words: Vec<&OsStr> = chosen.flatten().collect();
        let place = terminal::typed(&words);
        if place.is_empty() { command.to_owned() } else { format!("{command} {place}") }
    }
}

/// Where such commands look, and how they print their answer.
#[derive(Debug, ClapArgs)]
pub(crate) struct AnswerArgs {
    #[command(flatten)]
    pub(crate) place: LookArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock check policy.yaml
  interlock check --format json policies/*.yaml
  interlock tools -- uvx my-server > tools.json
  interlock check --tools tools.json policy.yaml
  interlock check --settings interlock.yaml policy.yaml
  interlock check --strict --format github policy.yaml

With --tools, names, arguments and values that the server does not have are warnings, and what the policy \
does not list is a note. With --settings, groups that they do not have and what a webhook refers to and is not there are \
mistakes; without, notes.

Exit codes: 0 no mistakes (warnings do not count), 1 mistakes, 2 a file could not be read.")]
pub(crate) struct CheckArgs {
    /// Policy files (YAML or JSON); `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A server's tools, as it answers `tools/list` (JSON; `interlock tools` writes it): what does not fit them is
    /// found too
    #[arg(long, value_name = "FILE")]
    pub(crate) tools: Option<PathBuf>,
    /// The settings with which the policies are to be in force: groups that they name, and what their webhooks need, are
    /// looked for there and in this environment
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CheckFormat,
    /// Count warnings as mistakes
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock status
  interlock status --since 1h
  interlock status -c interlock.yaml
  interlock status --format json --data /var/lib/interlock")]
pub(crate) struct StatusArgs {
    /// Count calls from this time on: 2026-11-21, or so long ago: 90s, 15m, 2h, 7d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = crate::when::parse_now)]
    pub(crate) since: i64,
    #[command(flatten)]
    pub(crate) common: AnswerArgs,
}

pub(crate) use crate::commands::admin::AdminArgs;
pub(crate) use crate::commands::approvals::ApprovalsArgs;
pub(crate) use crate::commands::attacks::AttacksArgs;
pub(crate) use crate::commands::audit::AuditArgs;
pub(crate) use crate::commands::catalog::CatalogArgs;
pub(crate) use crate::commands::counters::CountersArgs;
pub(crate) use crate::commands::credentials::CredentialsArgs;
pub(crate) use crate::commands::diff::DiffArgs;
pub(crate) use crate::commands::explain::ExplainArgs;
pub(crate) use crate::commands::grants::GrantsArgs;
pub(crate) use crate::commands::init::InitArgs;
pub(crate) use crate::commands::inventory::InventoryArgs;
pub(crate) use crate::commands::pins::PinsArgs;
pub(crate) use crate::commands::policy::PolicyArgs;
pub(crate) use crate::commands::scan::ScanArgs;
pub(crate) use crate::commands::servers::ServersArgs;
pub(crate) use crate::commands::test::TestArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  interlock tools -- uvx awslabs.healthimaging-mcp-server@0.1.1 > tools.json
  interlock tools --names -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  interlock tools -- ./my-server | interlock check --tools - policy.yaml
  interlock tools --url https://tools.example.com/mcp --header 'Authorization: Bearer ${TOKEN}' > tools.json

The server is started, or reached at its address, and asked for every page of its list; nothing is called and nothing \
recorded. What a command writes on standard error goes there. `${NAME}` in a header reads the environment and \
`${file:PATH}` a file.

Exit codes: 0 the list is complete, 2 there is none.")]
pub(crate) struct ToolsArgs {
    /// Print only the tools' names, one a line
    #[arg(long)]
    pub(crate) names: bool,
    /// How long the server may take for one answer, such as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::when::span)]
    pub(crate) timeout: std::time::Duration,
    /// Do not say on standard error how far it has come
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) reached: ReachedArgs,
}

/// How `check` prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people, each mistake under its line
    #[default]
    Text,
    /// For programs; stable
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Commands of GitHub's workflows, which annotate the lines
    Github,
}

/// How a command prints its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; stable
    Json,
}

/// What commands work on that look into a gateway's own data, and how they say what they found.
#[derive(Debug, ClapArgs)]
pub(crate) struct OfGateway {
    /// The file that `interlock serve` reads
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The data directory [env: INTERLOCK_DATA] [default: the file's `data`, then the user's state directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A grant's or server's name: it becomes part of keys and records, and is shown in terminals.
pub(crate) fn name(text: &str) -> Result<String, String> {
    const MOST: usize = 128;
    let fits = |c: char| c.is_alphanumeric() || "-_.@/+:".contains(c);
    if text.is_empty() || text.chars().count() > MOST || !text.chars().all(fits) {
        return Err(format!("a name has 1 to {MOST} letters, digits, or any of - _ . @ / + :"));
    }
    Ok(text.to_owned())
}

mod tips;

#[cfg(test)]
mod tests;
