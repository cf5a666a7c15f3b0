//! The program's own log, on standard error.

use std::io::{self, IsTerminal};

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Telemetry};

/// Starts it: warnings and errors unless the settings or `INTERLOCK_LOG` say otherwise.
pub(crate) fn start(telemetry: &Telemetry) -> anyhow::Result<()> {
    let filter = match std::env::var("INTERLOCK_LOG").ok().as_deref().or(telemetry.level.as_deref()) {
        Some(directives) => EnvFilter::try_new(directives)
            .with_context(|| format!("`{directives}` is not a log level or filter"))?,
        None => EnvFilter::new("warn"),
    };
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
