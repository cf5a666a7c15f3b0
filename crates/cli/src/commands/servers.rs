//! `interlock servers`: servers that are registered beside those of the file that `interlock serve` reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use interlock_gateway::admin::{Configured, ConfiguredServer, Source};
use interlock_gateway::{Authorization, DeclaredEra, DeclaredTransport, Registration, Trust};
use interlock_store::{Embedded, ServerEntry, Servers};
use serde::Serialize;

use crate::args::{Format, Header, OfGateway, header, name};
use crate::data_dir;
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::recorded::record_change;
use crate::serving::{self, Policies};
use crate::settings::Settings;
use crate::terminal::{self, table::table};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock servers add files -c interlock.yaml --grant team=files.yaml -- npx -y my-server
  interlock servers add search -c interlock.yaml --policy search.yaml --grant team --url https://tools.example.com/mcp
  interlock servers list -c interlock.yaml
  interlock servers show files -c interlock.yaml
  interlock servers remove files -c interlock.yaml

A registered server is served within a second, without a change of the file; the file wins where both have one of a name. \
No secret is kept with it: `${credential:NAME}`, `${NAME}` and `${file:PATH}` in what is registered are read by \
`interlock serve`.

Exit codes: 0 done, 1 there is none of this name, 2 it could not be done.")]
pub(crate) struct ServersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Register a server and say which grants may use it
    #[command(after_help = "Examples:
  interlock servers add files -c interlock.yaml --grant team=files.yaml -- npx -y my-server
  interlock servers add search -c interlock.yaml --policy search.yaml --grant team --url https://tools.example.com/mcp \
--header 'Authorization: Bearer ${credential:token}'
  interlock servers add crm -c interlock.yaml --policy crm.yaml --grant team --url https://crm.example.com/mcp \
--oauth-client-id interlock --oauth-client-secret '${credential:secret}' --oauth-issuer https://id.example.com")]
    Add(Box<AddArgs>),
    /// Show all servers, and what keeps one from being in force
    #[command(after_help = "Examples:
  interlock servers list -c interlock.yaml
  interlock servers list -c interlock.yaml --format json")]
    List {
        #[command(flatten)]
        common: OfGateway,
    },
    /// Show one server: how it is reached, and who may use it
    #[command(after_help = "Examples:
  interlock servers show files -c interlock.yaml")]
    Show {
        #[command(flatten)]
        named: Named,
    },
    /// Remove a registered server; only its own connections end
    #[command(after_help = "Examples:
  interlock servers remove files -c interlock.yaml")]
    Remove {
        #[command(flatten)]
        named: Named,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    named: Named,
    /// A grant that may use it, with a policy file, or without for the server's own; may be given several times
    #[arg(long = "grant", value_name = "GRANT[=FILE]", value_parser = grant)]
    grants: Vec<(String, Option<PathBuf>)>,
    /// A policy file for all grants, judged before a grant's own
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A variable of its environment; may be given several times
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable, conflicts_with = "url")]
    env: Vec<Header>,
    /// The folder that it runs in
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    cwd: Option<PathBuf>,
    /// The address of a server that speaks Streamable HTTP, in the place of a command
    #[arg(long, value_name = "URL", conflicts_with = "program")]
    url: Option<String>,
    /// A header for every request to that server; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "url", value_parser = header)]
    headers: Vec<Header>,
    /// How it speaks HTTP [default: it is found out]
    #[arg(long, value_enum, requires = "url")]
    transport: Option<TransportArg>,
    /// Which versions of the protocol it speaks [default: it is asked]
    #[arg(long, value_enum)]
    era: Option<EraArg>,
    /// What is made of the definitions of its tools [default: first-use]
    #[arg(long, value_enum)]
    trust: Option<TrustArg>,
    #[command(flatten)]
    oauth: OAuthArgs,
    /// The server's command and its arguments
    #[arg(last = true, required_unless_present = "url", value_name = "COMMAND")]
    program: Vec<String>,
}

/// How a server speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TransportArg {
    /// Streamable HTTP (2025-03-26 and later)
    StreamableHttp,
    /// HTTP with SSE (2024-11-05)
    Sse,
}

/// Which versions of the protocol a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EraArg {
    /// Up to 2025-11-25
    Legacy,
    /// From 2026-07-28
    Modern,
}

/// What is made of the definitions of a server's tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TrustArg {
    /// The first list is taken; what is otherwise after that, a person accepts
    FirstUse,
    /// A person accepts each tool first
    Review,
    /// Tools are called however they are defined
    AllowChanges,
}

/// How the server's access token is had. What may be a secret is said by reference.
#[derive(Debug, Args)]
struct OAuthArgs {
    /// What the gateway is called where the server's access tokens are from
    #[arg(long = "oauth-client-id", value_name = "ID", requires = "url")]
    client_id: Option<String>,
    /// By what it is known there, as a reference: `${credential:NAME}`
    #[arg(long = "oauth-client-secret", value_name = "REFERENCE", requires = "client_id")]
    client_secret: Option<String>,
    /// The credential with the refresh token: `${credential:NAME}`
    #[arg(long = "oauth-refresh-token", value_name = "REFERENCE", requires = "client_id")]
    refresh_token: Option<String>,
    /// A scope to ask for; may be given several times
    #[arg(long = "oauth-scope", value_name = "SCOPE", requires = "client_id")]
    scopes: Vec<String>,
    /// Who issues the tokens [default: the server says so]
    #[arg(long = "oauth-issuer", value_name = "URL", requires = "client_id", conflicts_with = "token_url")]
    issuer: Option<String>,
    /// Where tokens are from [default: the issuer says so]
    #[arg(long = "oauth-token-url", value_name = "URL", requires = "client_id")]
    token_url: Option<String>,
}

impl OAuthArgs {
    fn authorization(&self) -> Option<Authorization> {
        Some(Authorization {
            client_id: self.client_id.clone()?,
            client_secret: self.client_secret.clone(),
            refresh_token: self.refresh_token.clone(),
            scopes: self.scopes.clone(),
            issuer: self.issuer.clone(),
            token_url: self.token_url.clone(),
            ..Authorization::default()
        })
    }
}

#[derive(Debug, Args)]
struct Named {
    /// The server
    #[arg(value_name = "NAME", value_parser = name)]
    server: String,
    #[command(flatten)]
    common: OfGateway,
}

fn grant(text: &str) -> Result<(String, Option<PathBuf>), String> {
    let (grant, policy) = text.split_once('=').map_or((text, None), |(grant, policy)| (grant, Some(policy)));
    Ok((name(grant)?, policy.map(PathBuf::from)))
}

fn variable(text: &str) -> Result<Header, String> {
    // What was typed is not repeated: it may be a secret.
    let (name, value) = text.split_once('=').ok_or("a variable is written `NAME=VALUE`")?;
    Ok(Header { name: name.to_owned(), value: value.to_owned() })
}

impl Command {
    fn common(&self) -> &OfGateway {
        match self {
            Self::Add(add) => &add.named.common,
            Self::List { common } => common,
            Self::Show { named } | Self::Remove { named } => &named.common,
        }
    }
}

/// What a command works on.
struct Desk<'a> {
    settings: Settings,
    data: PathBuf,
    store: Embedded,
    runtime: tokio::runtime::Runtime,
    common: &'a OfGateway,
}

pub(crate) fn run(args: &ServersArgs) -> anyhow::Result<Exit> {
    let common = args.command.common();
    let settings = Settings::load(Some(&common.config))?;
    let data = data_dir::prepared(common.data.as_deref(), &settings)?;
    let store = Embedded::open(&data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let desk = Desk { settings, data, store, runtime, common };
    match &args.command {
        Command::Add(add) => desk.add(add),
        Command::List { .. } => desk.list(),
        Command::Show { named } => desk.show(&named.server),
        Command::Remove { named } => desk.remove(&named.server),
    }
}

impl AddArgs {
    /// Paths are those of whoever typed them, wherever the file is.
    fn registration(&self) -> anyhow::Result<Registration> {
        let absolute = |path: &Path| -> anyhow::Result<String> {
            let path = std::path::absolute(path)?;
            Ok(path.to_str().context("a path is not UTF-8")?.to_owned())
        };
        let mut grants = BTreeMap::new();
        for (grant, policy) in &self.grants {
            let policy = policy.as_deref().map(absolute).transpose()?;
            grants.insert(grant.clone(), policy.unwrap_or_else(|| serving::SERVERS_OWN.to_owned()));
        }
        let pairs =
            |pairs: &[Header]| pairs.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect();
        let mut words = self.program.iter().cloned();
        Ok(Registration {
            command: words.next(),
            args: words.collect(),
            env: pairs(&self.env),
            cwd: self.cwd.as_deref().map(absolute).transpose()?,
            url: self.url.clone(),
            headers: pairs(&self.headers),
            oauth: self.oauth.authorization(),
            transport: self.transport.map(|transport| match transport {
                TransportArg::StreamableHttp => DeclaredTransport::StreamableHttp,
                TransportArg::Sse => DeclaredTransport::Sse,
            }),
            era: self.era.map(|era| match era {
                EraArg::Legacy => DeclaredEra::Legacy,
                EraArg::Modern => DeclaredEra::Modern,
            }),
            trust: self.trust.map(|trust| match trust {
                TrustArg::FirstUse => Trust::FirstUse,
                TrustArg::Review => Trust::Review,
                TrustArg::AllowChanges => Trust::AllowChanges,
            }),
            policy: self.policy.as_deref().map(absolute).transpose()?,
            extensions: Vec::new(),
            grants,
        })
    }
}

impl Desk<'_> {
    fn add(&self, add: &AddArgs) -> anyhow::Result<Exit> {
        let name = &add.named.server;
        let server = add.registration()?;
        if self.settings.servers.contains_key(name) {
            bail!("the file `{}` has a server `{name}`; that one is in force", self.common.config.display());
        }
        // What it reads of the environment is there where `serve` runs, and is looked at there.
        serving::check_named(&self.settings, name, &server, &mut Policies::default())?;
        let taken =
            || format!("there is a server `{name}`; `interlock servers remove {name}` removes it first");
        if self.runtime.block_on(self.store.servers())?.iter().any(|entry| entry.name == *name) {
            bail!(taken());
        }
        self.record(name, "server registered", Some(&server.shown()))?;
        let definition = serde_json::to_string(&server)?;
        let entry = ServerEntry { name: name.clone(), definition, added_ms: wall_ms() };
        if !self.runtime.block_on(self.store.add_server(entry))? {
            bail!(taken());
        }
        let without = if server.grants.is_empty() { "; no grant may use it yet" } else { "" };
        self.tell(name, "registered", &format!("the server `{name}` is registered{without}"))?;
        if let Some(apart) = serving::apart(name) {
            terminal::note(&format!("interlock: it is {apart}"));
        }
        Ok(Exit::Yes)
    }

    fn all(&self) -> anyhow::Result<Configured> {
        let registered = self.runtime.block_on(self.store.servers())?;
        let mut settings = Settings::load(Some(&self.common.config))?;
        Ok(serving::with_registered(&mut settings, &registered, &mut Policies::default(), false))
    }

    fn list(&self) -> anyhow::Result<Exit> {
        let all = self.all()?;
        let reports: Vec<Report<'_>> = all.servers.iter().map(Report::new).collect();
        match self.common.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => {
                terminal::line("there is no server yet; `interlock servers add NAME` registers one")?;
            }
            Format::Text => terminal::line(&table(&HEADER, reports.iter().map(Report::row)))?,
        }
        Ok(Exit::Yes)
    }

    fn show(&self, name: &str) -> anyhow::Result<Exit> {
        let all = self.all()?;
        let reports: Vec<Report<'_>> =
            all.servers.iter().filter(|server| server.name == name).map(Report::new).collect();
        if reports.is_empty() {
            terminal::note(&format!("interlock: there is no server `{name}`"));
            return Ok(Exit::No);
        }
        match self.common.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text => {
                terminal::line(&table(&HEADER, reports.iter().map(Report::row)))?;
                terminal::line("")?;
                let rows = reports.iter().flat_map(|report| report.grants);
                terminal::line(&table(
                    &["GRANT", "POLICY"],
                    rows.map(|(grant, policy)| vec![grant.clone(), policy.clone()]),
                ))?;
            }
        }
        Ok(Exit::Yes)
    }

    fn remove(&self, name: &str) -> anyhow::Result<Exit> {
        let all = self.all()?;
        if all.servers.iter().any(|server| server.name == name && server.is_named_in_file) {
            bail!(
                "a grant of `{}` names the server `{name}`; take it out there first",
                self.common.config.display()
            );
        }
        if !all.servers.iter().any(|server| server.name == name && server.source == Source::Registered) {
            if self.settings.servers.contains_key(name) {
                bail!(
                    "the server `{name}` stands in `{}`, and is removed there",
                    self.common.config.display()
                );
            }
            terminal::note(&format!("interlock: there is no registered server `{name}`"));
            return Ok(Exit::No);
        }
        self.record(name, "server removed", None)?;
        self.runtime.block_on(self.store.remove_server(name))?;
        self.tell(name, "removed", &format!("the server `{name}` is removed"))?;
        Ok(Exit::Yes)
    }

    fn tell(&self, name: &str, done: &str, words: &str) -> anyhow::Result<()> {
        match self.common.format {
            Format::Json => terminal::line(&serde_json::json!({ "server": name, "done": done }).to_string()),
            Format::Text => terminal::line(words),
        }
    }

    fn record(&self, server: &str, action: &str, reached: Option<&str>) -> anyhow::Result<()> {
        let mut about = vec![("server", server)];
        about.extend(reached.map(|reached| ("reached", reached)));
        record_change(&self.data, action, &about)
    }
}

const HEADER: [&str; 5] = ["SERVER", "FROM", "REACHED", "POLICY", "STATE"];

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    source: Source,
    transport: &'a str,
    /// The program, or the address; without arguments, which may hold secrets.
    reached: &'a str,
    policy: Option<&'a str>,
    grants: &'a BTreeMap<String, String>,
    problem: Option<&'a str>,
}

impl<'a> Report<'a> {
    fn new(server: &'a ConfiguredServer) -> Self {
        Self {
            name: &server.name,
            source: server.source,
            transport: server.transport,
            reached: &server.reached,
            policy: server.policy.as_deref(),
            grants: &server.grants,
            problem: server.problem.as_deref(),
        }
    }

    fn row(&self) -> Vec<String> {
        let source = match self.source {
            Source::File => "the file",
            Source::Registered => "registered",
        };
        let state = match (self.problem, serving::apart(self.name)) {
            (Some(problem), _) => format!("not in force: {problem}"),
            (None, Some(apart)) => apart,
            (None, None) => "good".to_owned(),
        };
        vec![
            self.name.to_owned(),
            source.to_owned(),
            self.reached.to_owned(),
            self.policy.unwrap_or("-").to_owned(),
            state,
        ]
    }
}
