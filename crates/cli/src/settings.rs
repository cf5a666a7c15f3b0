//! The settings file: what an operator chooses once for all wrapped servers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use interlock_audit::{ArgumentPolicy, RedactPath};
use interlock_gateway::admin::ConsoleAddress;
use interlock_gateway::approvals::Approvers;
use interlock_gateway::{
    Authorization, DeclaredEra, DeclaredTransport, Era, Limits, OnFailure, Options, Reached, Registration,
    Trust,
};
use serde::Deserialize;

mod credentials;
mod expand;
mod fixed;
mod identity;
mod places;
mod shape;
mod traces;

use crate::terminal;
use credentials::{CredentialSettings, Kept};
pub(crate) use expand::{ExpandError, expand};
use identity::OneOrMore;
pub(crate) use identity::{Auth, Identity, Tls};
use traces::TraceSettings;

/// The file as written. Unknown keys are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    data: Option<String>,
    on_store_failure: Choice,
    durability: Durability,
    audit: Audit,
    limits: LimitSettings,
    pub(crate) servers: BTreeMap<String, Server>,
    /// Where `serve` listens.
    pub(crate) listen: Option<String>,
    /// Where operators are answered; `none` for nowhere.
    pub(crate) admin: Option<String>,
    /// The pages on which people decide.
    pub(crate) console: ConsoleSettings,
    /// People who decide, under one name.
    groups: BTreeMap<String, OneOrMore>,
    /// `Host` values that both accept beside their addresses.
    pub(crate) hosts: Vec<String>,
    /// `Origin` values that it accepts.
    pub(crate) origins: Vec<String>,
    pub(crate) grants: BTreeMap<String, Grant>,
    /// Who is trusted to issue tokens, and what the gateway says of itself.
    pub(crate) identity: Identity,
    /// The listener's certificate.
    pub(crate) tls: Option<Tls>,
    /// The operators' listener's.
    pub(crate) admin_tls: Option<Tls>,
    /// The grant of callers that show no token.
    pub(crate) anonymous: Option<String>,
    pub(crate) telemetry: Telemetry,
    /// The keys to what is kept for servers.
    credentials: CredentialSettings,
    /// What is kept for servers, once it has been read.
    #[serde(skip)]
    kept: Option<Kept>,
    /// The folder that relative paths start from.
    #[serde(skip)]
    folder: PathBuf,
    /// What it was read from.
    #[serde(skip)]
    source: places::Source,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConsoleSettings {
    /// Where people reach them, if not at the listener's own address.
    url: Option<String>,
}

impl ConsoleSettings {
    pub(crate) fn address(&self) -> anyhow::Result<Option<ConsoleAddress>> {
        let address = self.url.as_deref().map(ConsoleAddress::read).transpose();
        address.context("`console.url`")
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Choice {
    #[default]
    Deny,
    Allow,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Durability {
    #[default]
    Process,
    PowerLoss,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Audit {
    arguments: ArgumentSettings,
    redact: Vec<String>,
    on_failure: Choice,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum ArgumentSettings {
    None,
    #[default]
    Keys,
    Redacted,
    Full,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct LimitSettings {
    /// Bytes of one message.
    message_bytes: Option<usize>,
    depth: Option<usize>,
    in_flight: Option<usize>,
    queued_bytes: Option<usize>,
    /// Seconds that a server may take to start.
    start_seconds: Option<u64>,
    /// Seconds that a server may take for one answer.
    answer_seconds: Option<u64>,
    /// Seconds that a server may take to end.
    shutdown_seconds: Option<u64>,
    counters: Option<u64>,
    /// Seconds after which a quiet stream is sent a comment.
    keep_alive_seconds: Option<u64>,
    /// Seconds that a caller may take to send a request, or to take an answer.
    request_seconds: Option<u64>,
    /// Seconds that a connection is kept on which nothing is asked.
    connection_idle_seconds: Option<u64>,
    /// Connections at the same time, and those of one address.
    connections: Option<usize>,
    connections_of_address: Option<usize>,
    /// Requests and sessions of one grant at the same time.
    requests_of_grant: Option<usize>,
    sessions_of_grant: Option<usize>,
    together_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    extensions: Vec<String>,
    era: Option<DeclaredEra>,
    trust: Option<Trust>,
    pub(crate) command: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) oauth: Option<Authorization>,
    pub(crate) transport: Option<DeclaredTransport>,
    pub(crate) policy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Grant {
    /// A policy file for each server, or `server` for the server's own.
    pub(crate) servers: BTreeMap<String, String>,
    /// By what its holders are known; tokens where nothing is said.
    pub(crate) auth: Option<Vec<Auth>>,
    /// When it ends.
    pub(crate) expires: Option<String>,
    /// What its rules may look at, each with its value.
    pub(crate) labels: BTreeMap<String, String>,
    /// Who may decide about its calls; anybody whom the policies allow where it names nobody.
    pub(crate) approvers: Vec<String>,
}

/// What goes to standard error.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// `error`, `warn`, `info`, `debug`, or a filter for parts of the program.
    pub(crate) level: Option<String>,
    pub(crate) format: LogFormat,
    /// Where spans of calls go.
    traces: Option<TraceSettings>,
}

/// How a line of the program's own log looks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Settings {
    /// Reads the file named, or the user's own where there is one.
    pub(crate) fn load(named: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = named.map(Path::to_owned).or_else(existing_default) else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the settings `{}`", path.display()))?;
        let mistakes = shape::mistakes(&text);
        if !mistakes.is_empty() {
            terminal::diagnostics::to_stderr(&path.display().to_string(), &text, &mistakes)?;
            bail!("the settings `{}` have mistakes; mend them, or name another file", path.display());
        }
        let settings = Self::read(&text, path.parent().unwrap_or(Path::new(".")))
            .with_context(|| format!("the settings `{}` have a mistake", path.display()))?;
        let source = places::Source { name: path.display().to_string(), text };
        Ok(Self { source, ..settings })
    }

    /// Every mistake in how the text of a settings file is written.
    pub(crate) fn mistakes(text: &str) -> Vec<interlock_policy::Diagnostic> {
        shape::mistakes(text)
    }

    /// Settings in which nothing is set, of the same folder.
    pub(crate) fn in_folder_of(other: &Self) -> Self {
        Self { folder: other.folder.clone(), kept: other.kept.clone(), ..Self::default() }
    }

    fn read(text: &str, folder: &Path) -> anyhow::Result<Self> {
        // An empty document means that nothing is set.
        let settings: Option<Self> = serde_saphyr::from_str(text)?;
        Ok(Self { folder: folder.to_owned(), ..settings.unwrap_or_default() })
    }

    /// A path that the file names.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, ExpandError> {
        Ok(self.folder.join(self.expand(text)?))
    }

    /// A value in which `${NAME}` and `${file:PATH}` are replaced; paths start from the settings' folder.
    pub(crate) fn expand(&self, text: &str) -> Result<String, ExpandError> {
        expand(text, &self.folder)
    }

    /// The data directory that the file names.
    pub(crate) fn data(&self) -> anyhow::Result<Option<PathBuf>> {
        let Some(data) = &self.data else { return Ok(None) };
        let expanded = expand(data, &self.folder)
            .with_context(|| format!("cannot read the settings' `data: {data}`"))?;
        Ok(Some(self.folder.join(expanded)))
    }

    /// What the gateway needs to know.
    pub(crate) fn gateway(&self) -> Options {
        Options {
            limits: self.limits(),
            on_store_failure: self.on_store_failure.into(),
            on_audit_failure: self.audit.on_failure.into(),
            traces: None,
        }
    }

    /// Adds a registered server, and the grants of this file that may use it. What the file says wins.
    pub(crate) fn register(&mut self, name: &str, registered: &Registration) {
        for (grant, policy) in &registered.grants {
            if let Some(grant) = self.grants.get_mut(grant) {
                grant.servers.entry(name.to_owned()).or_insert_with(|| policy.clone());
            }
        }
        self.servers.entry(name.to_owned()).or_insert_with(|| Server {
            extensions: registered.extensions.clone(),
            command: registered.command.clone(),
            args: registered.args.clone(),
            env: registered.env.clone(),
            cwd: registered.cwd.clone(),
            url: registered.url.clone(),
            headers: registered.headers.clone(),
            oauth: registered.oauth.clone(),
            policy: registered.policy.clone(),
            era: registered.era,
            trust: registered.trust,
            transport: registered.transport,
        });
    }

    /// Takes a server out of all grants, unless it is one of `kept`.
    pub(crate) fn forget(&mut self, name: &str, kept: &BTreeSet<String>) {
        if !kept.contains(name) {
            self.grants.values_mut().for_each(|grant| drop(grant.servers.remove(name)));
        }
    }

    /// Methods beyond the protocol that one server may be sent.
    pub(crate) fn extensions(&self, server: &str) -> Vec<String> {
        self.servers.get(server).map(|server| server.extensions.clone()).unwrap_or_default()
    }

    /// Who may decide about the calls of a grant, as far as the settings say.
    ///
    /// # Errors
    /// Where people cannot be named so.
    pub(crate) fn approvers(&self, grant: &str) -> anyhow::Result<Approvers> {
        let named = self.grants.get(grant).map(|grant| grant.approvers.as_slice()).unwrap_or_default();
        self.approvers_of(named)
    }

    /// The groups of the settings, which name nobody by themselves.
    ///
    /// # Errors
    /// Where one is not one of people.
    pub(crate) fn groups(&self) -> anyhow::Result<Approvers> {
        self.approvers_of(&[])
    }

    fn approvers_of(&self, named: &[String]) -> anyhow::Result<Approvers> {
        let groups = self.groups.iter().map(|(name, people)| (name.clone(), people.all())).collect();
        Ok(Approvers::new(Arc::new(groups), named)?)
    }

    /// The era that a server speaks, where it is not to be found out.
    pub(crate) fn era(&self, server: &str) -> Option<Era> {
        self.servers.get(server)?.era.map(|era| match era {
            DeclaredEra::Legacy => Era::Legacy,
            DeclaredEra::Modern => Era::Modern,
        })
    }

    /// What is made of the definitions of a server's tools.
    pub(crate) fn trust(&self, server: &str) -> Trust {
        self.servers.get(server).and_then(|server| server.trust).unwrap_or_default()
    }

    /// Where a server is, as the file has it: a variable that holds something else moves none.
    pub(crate) fn reached(&self, server: &str) -> Reached {
        let Some(server) = self.servers.get(server) else { return Reached::default() };
        let fixed =
            [&server.command, &server.cwd, &server.url].map(|word| word.as_deref().unwrap_or_default());
        let named = server.env.iter().chain(&server.headers).flat_map(|(name, value)| [name, value]);
        Reached::by(fixed.into_iter().chain(named.chain(&server.args).map(String::as_str)))
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let set = &self.limits;
        limits.message.bytes = set.message_bytes.unwrap_or(limits.message.bytes);
        limits.message.depth = set.depth.unwrap_or(limits.message.depth);
        limits.in_flight = set.in_flight.unwrap_or(limits.in_flight);
        limits.queued_bytes = set.queued_bytes.unwrap_or(limits.queued_bytes);
        limits.answer = set.answer_seconds.map_or(limits.answer, Duration::from_secs);
        limits.start = set.start_seconds.map_or(limits.start, Duration::from_secs);
        limits.keep_alive = set.keep_alive_seconds.map_or(limits.keep_alive, Duration::from_secs);
        limits.request = set.request_seconds.map_or(limits.request, Duration::from_secs);
        limits.connection_idle =
            set.connection_idle_seconds.map_or(limits.connection_idle, Duration::from_secs);
        limits.connections = set.connections.unwrap_or(limits.connections);
        limits.connections_of_peer = set.connections_of_address.unwrap_or(limits.connections_of_peer);
        limits.requests_of_grant = set.requests_of_grant.unwrap_or(limits.requests_of_grant);
        limits.sessions_of_grant = set.sessions_of_grant.unwrap_or(limits.sessions_of_grant);
        limits.together = set.together_seconds.map_or(limits.together, Duration::from_secs);
        limits.shutdown = set.shutdown_seconds.map_or(limits.shutdown, Duration::from_secs);
        limits
    }

    /// How much of a call's arguments the audit log holds.
    pub(crate) fn arguments(&self) -> anyhow::Result<ArgumentPolicy> {
        let redact = &self.audit.redact;
        Ok(match self.audit.arguments {
            ArgumentSettings::None => ArgumentPolicy::None,
            ArgumentSettings::Keys => ArgumentPolicy::Keys,
            ArgumentSettings::Full => ArgumentPolicy::Full,
            ArgumentSettings::Redacted => {
                let paths: Result<Vec<RedactPath>, _> = redact.iter().map(|path| path.parse()).collect();
                ArgumentPolicy::Redacted(paths?)
            }
        })
    }

    /// How the audit log is written.
    pub(crate) fn log(&self) -> interlock_audit::Options {
        let durability = match self.durability {
            Durability::Process => interlock_audit::Durability::Process,
            Durability::PowerLoss => interlock_audit::Durability::PowerLoss,
        };
        interlock_audit::Options { durability, ..interlock_audit::Options::default() }
    }

    /// How counters are kept.
    pub(crate) fn store(&self) -> interlock_store::Options {
        let defaults = interlock_store::Options::default();
        let durability = match self.durability {
            Durability::Process => interlock_store::Durability::Process,
            Durability::PowerLoss => interlock_store::Durability::PowerLoss,
        };
        let max_counters = self.limits.counters.unwrap_or(defaults.max_counters);
        interlock_store::Options { durability, max_counters, ..defaults }
    }
}

impl From<Choice> for OnFailure {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Deny => Self::Deny,
            Choice::Allow => Self::Allow,
        }
    }
}

fn existing_default() -> Option<PathBuf> {
    crate::data_dir::default_settings().filter(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Settings> {
        Settings::read(text, Path::new("/etc/interlock"))
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        for text in ["", "# nothing yet\n", "{}"] {
            let settings = read(text).unwrap();
            assert_eq!(settings.gateway().on_store_failure, OnFailure::Deny, "{text:?}");
            assert_eq!(settings.data().unwrap(), None);
        }
    }

    #[test]
    fn what_is_set_is_taken() {
        let settings = read(
            "data: state\non_store_failure: allow\naudit: { arguments: full, on_failure: allow }\n\
             limits: { message_bytes: 1000, answer_seconds: 5 }\nservers: { s: { extensions: [x/y] } }\n",
        )
        .unwrap();
        let options = settings.gateway();
        assert_eq!(options.on_store_failure, OnFailure::Allow);
        assert_eq!(options.on_audit_failure, OnFailure::Allow);
        assert_eq!(options.limits.message.bytes, 1000);
        assert_eq!(options.limits.answer, Duration::from_secs(5));
        assert_eq!(settings.extensions("s"), ["x/y"]);
        assert!(settings.extensions("other").is_empty());
        assert_eq!(settings.data().unwrap().unwrap(), Path::new("/etc/interlock/state"));
    }

    /// What has no mistakes can be read, whatever it sets.
    #[test]
    fn everything_that_can_be_said_is_understood() {
        let text = "data: x\non_store_failure: allow\ndurability: power_loss\n\
            audit: { arguments: redacted, redact: [args.a, /args/b/0], on_failure: allow }\n\
            limits: { message_bytes: 1, depth: 1000, in_flight: 1, queued_bytes: 0, answer_seconds: 0, \
            shutdown_seconds: 0, counters: 0 }\n\
            servers: { s: { extensions: [x/y] }, t: {} }\n\
            telemetry: { level: \"interlock_gateway=debug,warn\", format: json }\n";
        for text in [text, "", "# nothing\n", "{}", "audit: {}\nlimits: {}\n"] {
            assert_eq!(shape::mistakes(text), [], "{text}");
            assert!(read(text).unwrap().arguments().is_ok(), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_found_at_once() {
        let text = "dta: x\non_store_failure: maybe\naudit: { redact: [args.a, b], argumets: keys }\n\
            limits:\n  depth: 5000\n  in_flight: 0\n  depht: 3\n  answer_seconds: soon\n  counters: 1.5\n\
            servers: { s: { extension: [] }, t: 5 }\ntelemetry: { level: loud, format: yaml }\ndata: [1]\nnothing: 1\n";
        let found: Vec<String> = shape::mistakes(text)
            .iter()
            .map(|found| {
                let help = found.help.as_deref().unwrap_or("-");
                format!("{}:{} {}; {help}", found.span.line, found.span.column, found.message)
            })
            .collect();
        insta::assert_snapshot!(found.join("\n"));
        for text in ["a: b: c", "data: x\ndata: y\n", "- a", "telemetry: { level: 5 }"] {
            assert!(!shape::mistakes(text).is_empty(), "{text}");
        }
    }
}
