//! `interlock credentials`: what servers are shown by `interlock serve`, sealed where it is kept.

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use interlock_gateway::{CredentialKeys, MOST_CREDENTIAL};
use interlock_policy::did_you_mean;
use interlock_store::{CredentialEntry, Credentials, Embedded, Resealed, Servers};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;

use crate::args::{Format, OfGateway, name};
use crate::data_dir;
use crate::exit::Exit;
use crate::instance::wall_ms;
use crate::recorded::record_change;
use crate::settings::Settings;
use crate::terminal::{self, table::table};
use crate::when;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock credentials key /etc/interlock/credentials.key
  interlock credentials set crm token -c interlock.yaml < token.txt
  interlock credentials list -c interlock.yaml
  interlock credentials remove crm token -c interlock.yaml
  interlock credentials rotate -c interlock.yaml

A credential belongs to one server, whose entry names it: `headers: { Authorization: \"Bearer ${credential:token}\" }`. It is \
kept in the data directory, sealed with the key that `credentials.key` of the file names, and is never shown again. What is \
changed here holds within a second.

Exit codes: 0 done, 1 there is none of this name, 2 it could not be done.")]
pub(crate) struct CredentialsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and write it to a new file that only you can read
    #[command(after_help = "Examples:
  interlock credentials key credentials.key

The settings name it: credentials: { key: \"${file:credentials.key}\" }. Keep a copy elsewhere: without it nothing that is \
sealed with it can be read.")]
    Key {
        /// The file, which must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Keep a credential of a server, in the place of what it has of this name
    #[command(after_help = "Examples:
  interlock credentials set crm token -c interlock.yaml < token.txt
  interlock credentials set crm client-secret -c interlock.yaml --from secret.txt
  interlock credentials set crm refresh -c interlock.yaml

The value is read from standard input, or from a file; a line feed at its end is no part of it. At a terminal it is asked for \
and not shown.")]
    Set {
        #[command(flatten)]
        named: Named,
        /// Read the value from this file
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Show which credentials are kept, never what they are
    #[command(after_help = "Examples:
  interlock credentials list -c interlock.yaml
  interlock credentials list -c interlock.yaml --format json")]
    List {
        #[command(flatten)]
        common: OfGateway,
    },
    /// Remove a credential
    #[command(after_help = "Examples:
  interlock credentials remove crm token -c interlock.yaml")]
    Remove {
        #[command(flatten)]
        named: Named,
    },
    /// Seal all credentials anew with the key that the file names now
    #[command(after_help = "Examples:
  interlock credentials key new.key
  interlock credentials rotate -c interlock.yaml

First name the new key in the file, and the one before it: \
credentials: { key: \"${file:new.key}\", previous_keys: [\"${file:old.key}\"] }. A running `interlock serve` goes on without a \
break. When this is done the old key opens nothing any more, and can be taken out.")]
    Rotate {
        #[command(flatten)]
        common: OfGateway,
    },
}

#[derive(Debug, Args)]
struct Named {
    /// The server
    #[arg(value_name = "SERVER", value_parser = name)]
    server: String,
    /// The credential
    #[arg(value_name = "NAME", value_parser = name)]
    credential: String,
    #[command(flatten)]
    common: OfGateway,
}

/// What a command works on.
struct Desk<'a> {
    settings: Settings,
    keys: Option<CredentialKeys>,
    data: PathBuf,
    store: Embedded,
    runtime: tokio::runtime::Runtime,
    common: &'a OfGateway,
}

pub(crate) fn run(args: &CredentialsArgs) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Key { file } => make_key(file),
        Command::Set { named, from } => {
            let desk = Desk::new(&named.common)?;
            // What cannot be sealed is not asked for.
            desk.keys()?;
            let value = read(named, from.as_deref())?;
            desk.set(named, &value)
        }
        Command::List { common } => Desk::new(common)?.list(),
        Command::Remove { named } => Desk::new(&named.common)?.remove(named),
        Command::Rotate { common } => Desk::new(common)?.rotate(),
    }
}

fn make_key(file: &Path) -> anyhow::Result<Exit> {
    let key = CredentialKeys::generate().context("no key can be made")?;
    let shown = file.display();
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(|| format!("cannot make the file `{shown}`"))?;
    writeln!(opened, "{key}")
        .and_then(|()| opened.sync_all())
        .with_context(|| format!("cannot write `{shown}`"))?;
    terminal::note(&format!(
        "interlock: the key is in `{shown}`; name it in the settings: credentials: {{ key: \"${{file:{shown}}}\" }}"
    ));
    Ok(Exit::Yes)
}

/// A secret never comes by the command line, which others on the machine can read.
fn read(named: &Named, from: Option<&Path>) -> anyhow::Result<String> {
    let most = u64::try_from(MOST_CREDENTIAL).unwrap_or(u64::MAX).saturating_add(2);
    let mut bytes = Vec::new();
    match from {
        Some(path) => {
            let file = std::fs::File::open(path);
            let file = file.with_context(|| format!("cannot read `{}`", path.display()))?;
            file.take(most).read_to_end(&mut bytes)?;
        }
        None if io::stdin().is_terminal() => {
            terminal::note(&format!(
                "interlock: the credential `{}` of `{}`, which is not shown; Enter ends it:",
                named.credential, named.server
            ));
            let _quiet = Quiet::begin();
            io::stdin().lock().take(most).read_until(b'\n', &mut bytes)?;
        }
        None => {
            io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        }
    }
    // Nothing of it is in an error.
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("the credential is not UTF-8"))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        bail!("the credential is empty; give it on standard input, or name a file with `--from`");
    }
    Ok(value.to_owned())
}

/// A terminal that does not show what is typed, until this goes.
struct Quiet(Option<rustix::termios::Termios>);

impl Quiet {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            // Where it cannot be had, what is typed is seen.
            let _shown = tcsetattr(io::stdin(), OptionalActions::Flush, &quiet);
        }
        Self(before)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _as_it_is = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

impl<'a> Desk<'a> {
    fn new(common: &'a OfGateway) -> anyhow::Result<Self> {
        let settings = Settings::load(Some(&common.config))?;
        let keys = settings.credential_keys()?;
        let data = data_dir::prepared(common.data.as_deref(), &settings)?;
        let store = Embedded::open(&data, settings.store())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { settings, keys, data, store, runtime, common })
    }

    fn keys(&self) -> anyhow::Result<&CredentialKeys> {
        self.keys.as_ref().with_context(|| {
            format!(
                "the file `{}` has no `credentials.key`; make one with `interlock credentials key FILE` and name it: \
                 credentials: {{ key: \"${{file:FILE}}\" }}",
                self.common.config.display()
            )
        })
    }

    fn entries(&self) -> anyhow::Result<Vec<CredentialEntry>> {
        Ok(self.runtime.block_on(self.store.credentials())?)
    }

    fn set(&self, named: &Named, value: &str) -> anyhow::Result<Exit> {
        let (server, credential) = (&named.server, &named.credential);
        let entry = self.keys()?.seal(server, credential, value, wall_ms())?;
        self.record("credential set", Some(named))?;
        self.runtime.block_on(self.store.keep_credential(entry))?;
        self.tell(
            &serde_json::json!({ "server": server, "credential": credential, "done": "set" }),
            &format!("the credential `{credential}` of `{server}` is kept; `${{credential:{credential}}}` stands for it"),
        )?;
        self.warn_of_unknown(server)?;
        Ok(Exit::Yes)
    }

    /// A name that was mistyped is seen now, and not when the server refuses the gateway.
    fn warn_of_unknown(&self, server: &str) -> anyhow::Result<()> {
        let registered = self.runtime.block_on(self.store.servers())?;
        let registered = registered.iter().map(|entry| entry.name.as_str());
        let known: Vec<&str> = self.settings.servers.keys().map(String::as_str).chain(registered).collect();
        if !known.contains(&server) {
            let help = did_you_mean(server, known).map(|help| format!("; {help}")).unwrap_or_default();
            terminal::note(&format!("interlock: there is no server `{server}` yet{help}"));
        }
        Ok(())
    }

    fn list(&self) -> anyhow::Result<Exit> {
        let entries = self.entries()?;
        let reports: Vec<Report<'_>> =
            entries.iter().map(|entry| Report::new(entry, self.keys.as_ref())).collect();
        match self.common.format {
            Format::Json => terminal::json(&reports)?,
            Format::Text if reports.is_empty() => terminal::line(
                "no credential is kept yet; `interlock credentials set SERVER NAME` keeps one",
            )?,
            Format::Text => terminal::line(&table(&HEADER, reports.iter().map(Report::row)))?,
        }
        Ok(Exit::Yes)
    }

    fn remove(&self, named: &Named) -> anyhow::Result<Exit> {
        let (server, credential) = (&named.server, &named.credential);
        let is_kept =
            self.entries()?.iter().any(|entry| entry.server == *server && entry.name == *credential);
        if !is_kept {
            terminal::note(&format!("interlock: `{server}` has no credential `{credential}`"));
            return Ok(Exit::No);
        }
        self.record("credential removed", Some(named))?;
        self.runtime.block_on(self.store.forget_credential(server, credential))?;
        self.tell(
            &serde_json::json!({ "server": server, "credential": credential, "done": "removed" }),
            &format!("the credential `{credential}` of `{server}` is removed"),
        )?;
        Ok(Exit::Yes)
    }

    /// All in one step, so that no key is ever needed by some of them. What is written meanwhile is sealed with the new
    /// key by whoever reads the file, or found by another look.
    fn rotate(&self) -> anyhow::Result<Exit> {
        const LOOKS: usize = 5;
        let keys = self.keys()?;
        self.record("credentials sealed anew", None)?;
        let mut all = 0_u64;
        for _ in 0..LOOKS {
            let mut resealed = Vec::new();
            for entry in self.entries()?.iter().filter(|entry| !keys.is_current(entry)) {
                let secret = keys.open(entry).context("nothing was changed")?;
                let anew = keys.seal(&entry.server, &entry.name, secret.reveal(), entry.written_ms)?;
                resealed.push(Resealed { before: entry.sealed.clone(), entry: anew });
            }
            if resealed.is_empty() {
                let key = keys.current();
                self.tell(
                    &serde_json::json!({ "resealed": all, "key": key }),
                    &format!("{all} credentials were sealed anew; all are sealed with the key `{key}`"),
                )?;
                return Ok(Exit::Yes);
            }
            all = all.saturating_add(self.runtime.block_on(self.store.reseal(resealed))?);
        }
        bail!(
            "somebody goes on sealing credentials with another key; is `credentials.key` the same for all that run?"
        )
    }

    fn tell(&self, value: &serde_json::Value, words: &str) -> anyhow::Result<()> {
        match self.common.format {
            Format::Json => terminal::line(&value.to_string()),
            Format::Text => terminal::line(words),
        }
    }

    fn record(&self, action: &str, named: Option<&Named>) -> anyhow::Result<()> {
        let about = named.map(|Named { server, credential, .. }| {
            vec![("server", server.as_str()), ("credential", credential.as_str())]
        });
        record_change(&self.data, action, &about.unwrap_or_default())
    }
}

const HEADER: [&str; 5] = ["SERVER", "CREDENTIAL", "SET", "KEY", "STATE"];

#[derive(Serialize)]
struct Report<'a> {
    server: &'a str,
    credential: &'a str,
    set: String,
    /// The name of the key that it is sealed with.
    key: &'a str,
    /// `good`, `to be rotated`, `other key` or `changed`.
    state: &'static str,
}

impl<'a> Report<'a> {
    fn new(entry: &'a CredentialEntry, keys: Option<&CredentialKeys>) -> Self {
        use interlock_gateway::CredentialError::{Changed, Missing, OtherKey};
        let state = match keys.map(|keys| (keys, keys.open(entry))) {
            None | Some((_, Err(OtherKey { .. } | Missing { .. }))) => "other key",
            Some((_, Err(Changed { .. }))) => "changed",
            Some((keys, Ok(_))) if keys.is_current(entry) => "good",
            Some((_, Ok(_))) => "to be rotated",
        };
        let set = when::to_the_second(entry.written_ms);
        Self { server: &entry.server, credential: &entry.name, set, key: &entry.key_id, state }
    }

    fn row(&self) -> Vec<String> {
        [self.server, self.credential, &self.set, self.key, self.state].map(str::to_owned).to_vec()
    }
}
