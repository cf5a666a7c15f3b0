//! The settings file: what an operator chooses once for all wrapped servers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use interlock_audit::{ArgumentPolicy, RedactPath};
use interlock_gateway::{Limits, OnFailure, Options};
use serde::Deserialize;

mod expand;

use expand::expand;

/// The file as written. Unknown keys are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    data: Option<String>,
    on_store_failure: Choice,
    durability: Durability,
    audit: Audit,
    limits: LimitSettings,
    servers: BTreeMap<String, Server>,
    pub(crate) telemetry: Telemetry,
    /// The folder that relative paths start from.
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    #[default]
    Deny,
    Allow,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Durability {
    #[default]
    Process,
    PowerLoss,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Audit {
    arguments: ArgumentSettings,
    redact: Vec<String>,
    on_failure: Choice,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArgumentSettings {
    None,
    #[default]
    Keys,
    Redacted,
    Full,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitSettings {
    /// Bytes of one message.
    message_bytes: Option<usize>,
    depth: Option<usize>,
    in_flight: Option<usize>,
    queued_bytes: Option<usize>,
    /// Seconds that a server may take for one answer.
    answer_seconds: Option<u64>,
    /// Seconds that a server may take to end.
    shutdown_seconds: Option<u64>,
    counters: Option<u64>,
}

impl LimitSettings {
    /// Some limits have limits: what reads a message deeper than this needs more stack than there is.
    fn check(&self) -> anyhow::Result<()> {
        const DEEPEST: usize = 1_000;
        if self.depth.is_some_and(|depth| depth > DEEPEST) {
            bail!("`limits.depth` is at most {DEEPEST}");
        }
        let sizes = [("message_bytes", self.message_bytes), ("in_flight", self.in_flight)];
        let zero = sizes.into_iter().find(|(_, size)| *size == Some(0));
        if let Some((name, _)) = zero {
            bail!("`limits.{name}` is at least 1");
        }
        Ok(())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Server {
    extensions: Vec<String>,
}

/// What goes to standard error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// `error`, `warn`, `info`, `debug`, or a filter for parts of the program.
    pub(crate) level: Option<String>,
    pub(crate) format: LogFormat,
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
        Self::read(&text, path.parent().unwrap_or(Path::new(".")))
            .with_context(|| format!("the settings `{}` have a mistake", path.display()))
    }

    fn read(text: &str, folder: &Path) -> anyhow::Result<Self> {
        // An empty document means that nothing is set.
        let settings: Option<Self> = serde_saphyr::from_str(text)?;
        let settings = Self { folder: folder.to_owned(), ..settings.unwrap_or_default() };
        settings.limits.check()?;
        Ok(settings)
    }

    /// The data directory that the file names.
    pub(crate) fn data(&self) -> anyhow::Result<Option<PathBuf>> {
        let Some(data) = &self.data else { return Ok(None) };
        Ok(Some(self.folder.join(expand(data, &self.folder)?)))
    }

    /// What the gateway needs to know, for one server.
    pub(crate) fn gateway(&self, server: &str) -> Options {
        Options {
            limits: self.limits(),
            on_store_failure: self.on_store_failure.into(),
            on_audit_failure: self.audit.on_failure.into(),
            extensions: self.servers.get(server).map(|server| server.extensions.clone()).unwrap_or_default(),
        }
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let set = &self.limits;
        limits.message.bytes = set.message_bytes.unwrap_or(limits.message.bytes);
        limits.message.depth = set.depth.unwrap_or(limits.message.depth);
        limits.in_flight = set.in_flight.unwrap_or(limits.in_flight);
        limits.queued_bytes = set.queued_bytes.unwrap_or(limits.queued_bytes);
        limits.answer = set.answer_seconds.map_or(limits.answer, Duration::from_secs);
        limits.shutdown = set.shutdown_seconds.map_or(limits.shutdown, Duration::from_secs);
        limits
    }

    /// How much of a call's arguments the audit log holds.
    pub(crate) fn arguments(&self) -> anyhow::Result<ArgumentPolicy> {
        let redact = &self.audit.redact;
        if !redact.is_empty() && !matches!(self.audit.arguments, ArgumentSettings::Redacted) {
            bail!("`audit.redact` has a meaning only with `audit.arguments: redacted`");
        }
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
            assert_eq!(settings.gateway("x").on_store_failure, OnFailure::Deny, "{text:?}");
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
        let options = settings.gateway("s");
        assert_eq!(options.on_store_failure, OnFailure::Allow);
        assert_eq!(options.on_audit_failure, OnFailure::Allow);
        assert_eq!(options.limits.message.bytes, 1000);
        assert_eq!(options.limits.answer, Duration::from_secs(5));
        assert_eq!(options.extensions, ["x/y"]);
        assert!(settings.gateway("other").extensions.is_empty());
        assert_eq!(settings.data().unwrap().unwrap(), Path::new("/etc/interlock/state"));
    }

    #[test]
    fn mistakes_are_errors() {
        for text in [
            "dta: x",
            "on_store_failure: maybe",
            "limits: { depht: 3 }",
            "limits: { depth: 5000 }",
            "limits: { in_flight: 0 }",
            "data: [1]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("audit: { redact: [args.a] }").unwrap().arguments().is_err());
    }
}
