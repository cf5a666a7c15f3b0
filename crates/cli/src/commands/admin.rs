//! `interlock admin`: the tokens by which operators are known to the admin listener of `interlock serve`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use interlock_audit::{DigestKey, format_ms};
use interlock_gateway::Token;
use interlock_store::{AdminTokens, Embedded, Revoked, TokenEntry, TokenKind, Tokens};
use serde::Serialize;

use crate::args::{AnswerArgs, Format, name};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::recorded::record_change;
use crate::settings::Settings;
use crate::terminal::{self, table::table};
use crate::when;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock admin create alice -c interlock.yaml
  interlock admin create prometheus -c interlock.yaml --expires 30d
  interlock admin list -c interlock.yaml
  interlock admin revoke alice -c interlock.yaml
  interlock admin create alice --data /var/lib/interlock

The admin listener of `interlock serve` takes these tokens and no others, and so does `interlock approvals serve`, which \
needs no file: a token of a grant opens nothing there, and an operator's opens no server. What is changed here holds within a second.

Exit codes: 0 done, 1 there was nothing to revoke, 2 it could not be done.")]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token for an operator and show it once
    #[command(after_help = "Examples:
  interlock admin create alice -c interlock.yaml
  interlock admin create prometheus -c interlock.yaml --expires 30d")]
    Create {
        #[command(flatten)]
        named: Named,
        /// When it ends by itself: 12h, 30d
        #[arg(long, value_name = "TIME", value_parser = when::span)]
        expires: Option<Duration>,
    },
    /// Show the operators' tokens
    #[command(after_help = "Examples:
  interlock admin list -c interlock.yaml
  interlock admin list -c interlock.yaml --format json")]
    List {
        #[command(flatten)]
        common: AnswerArgs,
    },
    /// Revoke all tokens of an operator, or one of them
    #[command(after_help = "Examples:
  interlock admin revoke alice -c interlock.yaml
  interlock admin revoke alice -c interlock.yaml --token 0123456789ab")]
    Revoke {
        #[command(flatten)]
        named: Named,
        /// This token alone, by the name that `list` shows
        #[arg(long, value_name = "TOKEN")]
        token: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Named {
    /// The operator: a person or a program; what it changes is recorded under this name
    #[arg(value_name = "NAME", value_parser = name)]
    operator: String,
    #[command(flatten)]
    common: AnswerArgs,
}

impl Command {
    fn common(&self) -> &AnswerArgs {
        match self {
            Self::List { common } => common,
            Self::Create { named, .. } | Self::Revoke { named, .. } => &named.common,
        }
    }
}

/// What a command works on.
struct Desk {
    data: PathBuf,
    tokens: AdminTokens,
    runtime: tokio::runtime::Runtime,
    format: Format,
}

pub(crate) fn run(args: &AdminArgs) -> anyhow::Result<Exit> {
    let common = args.command.common();
    let settings = Settings::load(common.place.settings.as_deref())?;
    let data = match &args.command {
        Command::Create { .. } => data_dir::prepared(common.place.data.as_deref(), &settings)?,
        Command::List { .. } | Command::Revoke { .. } => {
            let data = data_dir(common.place.data.as_deref(), &settings)?;
            data_dir::used(&data)?;
            data
        }
    };
    let tokens = Embedded::open(&data, settings.store())?.admin_tokens();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let desk = Desk { data, tokens, runtime, format: common.format };
    match &args.command {
        Command::Create { named, expires } => desk.create(&named.operator, *expires),
        Command::List { .. } => desk.list(),
        Command::Revoke { named, token } => desk.revoke(&named.operator, token.as_deref()),
    }
}

impl Desk {
    fn create(&self, operator: &str, expires: Option<Duration>) -> anyhow::Result<Exit> {
        let token = Token::generate(TokenKind::Admin).context("no token can be made")?;
        let key = DigestKey::open_for_tokens(&self.data)?;
        let entry = token.entry(&key, operator, wall_ms(), expires);
        self.record(operator, &entry.id, "operator's token created")?;
        let report = serde_json::json!({
            "operator": operator, "token": token.reveal(), "id": entry.id, "expires": entry.expires_ms.map(format_ms),
        });
        self.runtime.block_on(self.tokens.add(entry, None))?;
        match self.format {
            Format::Json => terminal::json(&report)?,
            Format::Text => {
                terminal::line(token.reveal())?;
                terminal::note(
                    "interlock: this token is not shown again; its holder sends it as `Authorization: Bearer TOKEN`",
                );
            }
        }
        Ok(Exit::Yes)
    }

    fn list(&self) -> anyhow::Result<Exit> {
        let entries = self.runtime.block_on(self.tokens.tokens())?;
        let reports: Vec<Report> = entries.iter().map(Report::new).collect();
        match self.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => {
                terminal::line("there is no token yet; `interlock admin create NAME` makes one")?;
            }
            Format::Text => terminal::line(&table(&HEADER, reports.iter().map(Report::row)))?,
        }
        Ok(Exit::Yes)
    }

    fn revoke(&self, operator: &str, token: Option<&str>) -> anyhow::Result<Exit> {
        let which = match token {
            None => Revoked::Grant(operator.to_owned()),
            Some(id) => {
                let entries = self.runtime.block_on(self.tokens.tokens())?;
                if !entries.iter().any(|entry| entry.id == id && entry.grant == operator) {
                    bail!("`{operator}` has no token `{id}`; `interlock admin list` shows them");
                }
                Revoked::Token(id.to_owned())
            }
        };
        self.record(operator, token.unwrap_or("all"), "operator's token revoked")?;
        let revoked = self.runtime.block_on(self.tokens.revoke(which, wall_ms()))?;
        match self.format {
            Format::Json => {
                let report = serde_json::json!({ "operator": operator, "revoked": revoked });
                terminal::line(&report.to_string())?;
            }
            Format::Text => terminal::line(&format!("revoked tokens of `{operator}`: {revoked}"))?,
        }
        Ok(if revoked == 0 { Exit::No } else { Exit::Yes })
    }

    fn record(&self, operator: &str, token: &str, action: &str) -> anyhow::Result<()> {
        record_change(&self.data, action, &[("operator", operator), ("token", token)])
    }
}

const HEADER: [&str; 5] = ["TOKEN", "OPERATOR", "CREATED", "EXPIRES", "STATE"];

#[derive(Serialize)]
struct Report {
    token: String,
    operator: String,
    created: String,
    expires: Option<String>,
    /// `valid`, `expired` or `revoked`.
    state: &'static str,
}

impl Report {
    fn new(entry: &TokenEntry) -> Self {
        let state = match entry {
            TokenEntry { revoked_ms: Some(_), .. } => "revoked",
            TokenEntry { expires_ms: Some(expires), .. } if *expires <= wall_ms() => "expired",
            _ => "valid",
        };
        Self {
            token: entry.id.clone(),
            operator: entry.grant.clone(),
            created: when::to_the_second(entry.created_ms),
            expires: entry.expires_ms.map(when::to_the_second),
            state,
        }
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.token.clone(),
            self.operator.clone(),
            self.created.clone(),
            self.expires.clone().unwrap_or_else(|| "never".to_owned()),
            self.state.to_owned(),
        ]
    }
}
