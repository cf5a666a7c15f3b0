//! `interlock grants`: the tokens by which callers of `interlock serve` are known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use interlock_audit::{DigestKey, format_ms};
use interlock_gateway::Token;
use interlock_policy::did_you_mean;
use interlock_store::{Embedded, Revoked, Servers as _, TokenEntry, TokenKind, Tokens};
use serde::Serialize;

use crate::args::{Format, OfGateway, name};
use crate::data_dir;
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::recorded::record_change;
use crate::serving::{self, Mistake, Policies};
use crate::settings::{Auth, Settings};
use crate::terminal::{self, table::table};
use crate::when;

mod report;

use report::{GRANTS, GrantReport, HEADER, Report};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock grants create radiology -c interlock.yaml
  interlock grants create ci -c interlock.yaml --expires 30d
  interlock grants list -c interlock.yaml
  interlock grants rotate radiology -c interlock.yaml
  interlock grants revoke radiology -c interlock.yaml

What a grant may do stands in the file that `interlock serve` reads; a token is how its holder is known. It is shown \
once. What is changed here holds within a second, on open connections too.

Exit codes: 0 done, 1 there was nothing to revoke, 2 it could not be done.")]
pub(crate) struct GrantsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token for a grant and show it once
    #[command(after_help = "Examples:
  interlock grants create readers -c interlock.yaml
  interlock grants create ci -c interlock.yaml --expires 30d")]
    Create {
        #[command(flatten)]
        named: Named,
        /// When it ends by itself: 12h, 30d
        #[arg(long, value_name = "TIME", value_parser = when::span)]
        expires: Option<Duration>,
    },
    /// Show the grants: their servers, by what their holders are known, when they end, how many tokens are in force
    #[command(after_help = "Examples:
  interlock grants list -c interlock.yaml
  interlock grants list -c interlock.yaml --format json")]
    List {
        #[command(flatten)]
        common: OfGateway,
    },
    /// Show one grant: its servers with their policies, its labels, by what its holders are known, its tokens
    #[command(after_help = "Examples:
  interlock grants show readers -c interlock.yaml")]
    Show {
        #[command(flatten)]
        named: Named,
    },
    /// Make a new token for a grant and revoke all others in the same step
    #[command(after_help = "Examples:
  interlock grants rotate readers -c interlock.yaml
  interlock grants rotate readers -c interlock.yaml --expires 30d")]
    Rotate {
        #[command(flatten)]
        named: Named,
        /// When the new one ends by itself: 12h, 30d
        #[arg(long, value_name = "TIME", value_parser = when::span)]
        expires: Option<Duration>,
    },
    /// Revoke all tokens of a grant, or one of them
    #[command(after_help = "Examples:
  interlock grants revoke readers -c interlock.yaml
  interlock grants revoke readers -c interlock.yaml --token 0123456789ab")]
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
    /// The grant
    #[arg(value_name = "GRANT", value_parser = name)]
    grant: String,
    #[command(flatten)]
    common: OfGateway,
}

impl Command {
    fn common(&self) -> &OfGateway {
        match self {
            Self::List { common } => common,
            Self::Create { named, .. }
            | Self::Show { named }
            | Self::Rotate { named, .. }
            | Self::Revoke { named, .. } => &named.common,
        }
    }

    fn grant(&self) -> Option<&str> {
        match self {
            Self::List { .. } => None,
            Self::Create { named, .. }
            | Self::Show { named }
            | Self::Rotate { named, .. }
            | Self::Revoke { named, .. } => Some(&named.grant),
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

pub(crate) fn run(args: &GrantsArgs) -> anyhow::Result<Exit> {
    let common = args.command.common();
    let settings = Settings::load(Some(&common.config))?;
    // A token of a grant that has gone can still be revoked.
    if let Some(grant) = args.command.grant().filter(|_| !matches!(args.command, Command::Revoke { .. })) {
        declared(&settings, grant, &common.config)?;
    }
    if let Command::Create { named, .. } | Command::Rotate { named, .. } = &args.command {
        takes_tokens(&settings, &named.grant)?;
    }
    let data = data_dir::prepared(common.data.as_deref(), &settings)?;
    let store = Embedded::open(&data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let desk = Desk { settings, data, store, runtime, common };
    match &args.command {
        Command::Create { named, expires } => desk.create(&named.grant, *expires, None),
        Command::Rotate { named, expires } => {
            desk.create(&named.grant, *expires, Some(Revoked::Grant(named.grant.clone())))
        }
        Command::List { .. } => desk.list(),
        Command::Show { named } => desk.show(&named.grant),
        Command::Revoke { named, token } => desk.revoke(&named.grant, token.as_deref()),
    }
}

fn declared(settings: &Settings, grant: &str, config: &Path) -> anyhow::Result<()> {
    if settings.grants.contains_key(grant) {
        return Ok(());
    }
    let help = did_you_mean(grant, settings.grants.keys().map(String::as_str));
    let help = help.unwrap_or_else(|| "add it there first".to_owned());
    bail!("the file `{}` has no grant `{grant}` among its `grants`; {help}", config.display());
}

/// A token that nobody would take is not made.
fn takes_tokens(settings: &Settings, grant: &str) -> anyhow::Result<()> {
    let auth = settings.grants.get(grant).and_then(|grant| grant.auth.as_deref());
    if auth.is_some_and(|auth| !auth.iter().any(|way| matches!(way, Auth::Token))) {
        bail!("the grant `{grant}` takes no tokens: its `auth` does not name `token`");
    }
    Ok(())
}

impl Desk<'_> {
    fn create(
        &self,
        grant: &str,
        expires: Option<Duration>,
        instead_of: Option<Revoked>,
    ) -> anyhow::Result<Exit> {
        let token = Token::generate(TokenKind::Grant).context("no token can be made")?;
        let key = DigestKey::open_for_tokens(&self.data)?;
        let entry = token.entry(&key, grant, wall_ms(), expires);
        let action = if instead_of.is_some() { "token rotated" } else { "token created" };
        self.record(grant, &entry.id, action)?;
        let report =
            Created { grant, token: token.reveal(), id: &entry.id, expires: entry.expires_ms.map(format_ms) };
        let text = serde_json::to_string_pretty(&report)?;
        self.runtime.block_on(Tokens::add(&self.store, entry, instead_of))?;
        match self.common.format {
            Format::Json => terminal::line(&text)?,
            Format::Text => {
                terminal::line(token.reveal())?;
                terminal::note(
                    "interlock: this token is not shown again; its holder sends it as `Authorization: Bearer TOKEN`",
                );
            }
        }
        self.warn_of_expired(grant)?;
        Ok(Exit::Yes)
    }

    /// Its holder would be refused without being told why.
    fn warn_of_expired(&self, grant: &str) -> anyhow::Result<()> {
        let report = GrantReport::new(grant, &self.settings, &[])?;
        if let Some(time) = report.expires.filter(|_| report.expired) {
            terminal::note(&format!(
                "interlock: the grant `{grant}` has expired ({time}): its tokens open nothing until `expires` of \
                 `{}` is later or gone",
                self.common.config.display()
            ));
        }
        Ok(())
    }

    fn entries(&self) -> anyhow::Result<Vec<TokenEntry>> {
        Ok(self.runtime.block_on(Tokens::tokens(&self.store))?)
    }

    /// Every grant, of the file or with tokens that are left of it.
    fn grants(&self, entries: &[TokenEntry]) -> anyhow::Result<Vec<GrantReport>> {
        let declared = self.settings.grants.keys().map(String::as_str);
        let names: BTreeSet<&str> =
            declared.chain(entries.iter().map(|entry| entry.grant.as_str())).collect();
        let mistakes = self.mistakes()?;
        let report = |name| Ok(GrantReport::new(name, &self.settings, entries)?.with(&mistakes));
        names.into_iter().map(report).collect()
    }

    /// What is wrong with the file beside the servers that are registered.
    fn mistakes(&self) -> anyhow::Result<Vec<Mistake>> {
        let registered = self.runtime.block_on(self.store.servers())?;
        let mut settings = Settings::load(Some(&self.common.config))?;
        let mut policies = Policies::quiet();
        serving::with_registered(&mut settings, &registered, &mut policies, false);
        Ok(serving::mistakes(&settings, &mut policies))
    }

    fn list(&self) -> anyhow::Result<Exit> {
        let reports = self.grants(&self.entries()?)?;
        match self.common.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => terminal::line(&format!(
                "there is no grant yet; add one to `grants` of `{}`",
                self.common.config.display()
            ))?,
            Format::Text => terminal::line(&table(&GRANTS, reports.iter().map(GrantReport::row)))?,
        }
        Ok(Exit::Yes)
    }

    fn show(&self, grant: &str) -> anyhow::Result<Exit> {
        let report = GrantReport::new(grant, &self.settings, &self.entries()?)?.with(&self.mistakes()?);
        if self.common.format == Format::Json {
            terminal::json(&report)?;
            return Ok(Exit::Yes);
        }
        terminal::line(&table(&GRANTS, std::iter::once(report.row())))?;
        for (header, rows) in [(["SERVER", "POLICY"], &report.servers), (["LABEL", "VALUE"], &report.labels)]
        {
            if !rows.is_empty() {
                terminal::line("")?;
                let rows = rows.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
                terminal::line(&table(&header, rows))?;
            }
        }
        if !report.tokens.is_empty() {
            terminal::line("")?;
            terminal::line(&table(&HEADER, report.tokens.iter().map(Report::row)))?;
        }
        Ok(Exit::Yes)
    }

    fn revoke(&self, grant: &str, token: Option<&str>) -> anyhow::Result<Exit> {
        let which = match token {
            None => Revoked::Grant(grant.to_owned()),
            Some(id) => {
                let entries = self.entries()?;
                if !entries.iter().any(|entry| entry.id == id && entry.grant == grant) {
                    bail!(
                        "the grant `{grant}` has no token `{id}`; `interlock grants show {grant}` lists them"
                    );
                }
                Revoked::Token(id.to_owned())
            }
        };
        self.record(grant, token.unwrap_or("all"), "token revoked")?;
        let revoked = self.runtime.block_on(Tokens::revoke(&self.store, which, wall_ms()))?;
        match self.common.format {
            Format::Json => {
                terminal::line(&serde_json::json!({ "grant": grant, "revoked": revoked }).to_string())?
            }
            Format::Text => terminal::line(&format!("revoked tokens of `{grant}`: {revoked}"))?,
        }
        Ok(if revoked == 0 { Exit::No } else { Exit::Yes })
    }

    fn record(&self, grant: &str, token: &str, action: &str) -> anyhow::Result<()> {
        record_change(&self.data, action, &[("grant", grant), ("token", token)])
    }
}

#[derive(Serialize)]
struct Created<'a> {
    grant: &'a str,
    token: &'a str,
    id: &'a str,
    expires: Option<String>,
}
