//! The program's own log, on standard error.

use std::io::{self, IsTerminal};

use interlock_policy::{did_you_mean, quoted};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Telemetry};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Why a log level cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LevelError {
    #[error("{} is not a log level", quoted(.word))]
    Unknown { word: String },
    #[error("{} is not a log filter", quoted(.text))]
    Filter { text: String },
}

impl LevelError {
    /// What to write instead.
    pub(crate) fn help(&self) -> String {
        let advice = match self {
            Self::Unknown { word } => did_you_mean(word, LEVELS),
            Self::Filter { .. } => None,
        };
        advice.unwrap_or_else(|| {
            let levels = LEVELS.map(quoted).join(", ");
            format!(
                "a level is one of {levels}; `interlock_gateway=debug,warn` sets it for a part of the program"
            )
        })
    }
}

/// Whether each part of a filter is a level, or names a part of the program and its level. The filter's own
/// parser takes an unknown word for the name of a part, and then nothing is logged but that.
pub(crate) fn check_level(text: &str) -> Result<(), LevelError> {
    for directive in text.split(',').map(str::trim) {
        let word = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        if !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) {
            return Err(LevelError::Unknown { word: word.to_owned() });
        }
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(LevelError::Filter { text: text.to_owned() }),
    }
}

/// What servers say on standard error is told whatever the level of the rest, unless the filter speaks of it or nothing is
/// to be told at all.
fn with_servers(filter: &str) -> String {
    let of_servers =
        |part: &str| part.trim().split_once('=').is_some_and(|(name, _)| name.trim() == "server");
    if filter.trim().eq_ignore_ascii_case("off") || filter.split(',').any(of_servers) {
        return filter.to_owned();
    }
    format!("{filter},server=info")
}

/// Starts it: warnings and errors unless the settings or `INTERLOCK_LOG` say otherwise.
pub(crate) fn start(telemetry: &Telemetry) -> anyhow::Result<()> {
    let variable = std::env::var("INTERLOCK_LOG").ok().filter(|text| !text.is_empty());
    if let Some(error) = variable.as_deref().and_then(|text| check_level(text).err()) {
        anyhow::bail!("the environment's `INTERLOCK_LOG`: {error}; {}", error.help());
    }
    let filter = variable.as_deref().or(telemetry.level.as_deref()).unwrap_or("warn");
    let filter = EnvFilter::try_new(with_servers(filter))?;
    let colour =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match telemetry.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(colour).init(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_unless_it_is_said_otherwise() {
        for (filter, expected) in [
            ("warn", "warn,server=info"),
            ("interlock_gateway=debug,warn", "interlock_gateway=debug,warn,server=info"),
            ("warn, server=off", "warn, server=off"),
            ("server=error,debug", "server=error,debug"),
            ("off", "off"),
        ] {
            assert_eq!(with_servers(filter), expected);
        }
    }

    #[test]
    fn levels_and_filters() {
        for (text, word) in [
            ("warn", None),
            ("DEBUG", None),
            ("interlock_gateway=debug,warn", None),
            ("interlock_gateway=debug, warn", None),
            ("loud", Some("loud")),
            ("warning", Some("warning")),
            ("warn,interlock=verbose", Some("verbose")),
            ("", Some("")),
        ] {
            let expected = word.map(|word| LevelError::Unknown { word: word.to_owned() });
            assert_eq!(check_level(text).err(), expected, "{text}");
        }
        assert_eq!(check_level("warning").unwrap_err().help(), "did you mean `warn`?");
        assert!(check_level("loud").unwrap_err().help().contains("`off`, `error`, `warn`"));
    }
}
