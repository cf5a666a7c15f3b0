//! Where spans go.

use std::collections::BTreeMap;

use anyhow::Context;
use interlock_gateway::TraceOptions;
use interlock_gateway::transport::http::Collector;
use serde::Deserialize;

use super::{ExpandError, Settings};

/// `telemetry.traces`.
#[derive(Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TraceSettings {
    endpoint: String,
    /// The share of the calls that is traced where callers do not say it.
    ratio: Option<f64>,
    headers: BTreeMap<String, String>,
    service: Option<String>,
    /// Calls whose spans wait at most.
    queue: Option<usize>,
}

/// The headers may be secrets.
impl std::fmt::Debug for TraceSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceSettings").field("ratio", &self.ratio).finish_non_exhaustive()
    }
}

/// The share where nothing is said.
const RATIO: f64 = 0.1;
/// How many wait where nothing is said.
const QUEUE: usize = 2_048;
const SERVICE: &str = "interlock";

impl Settings {
    /// Where spans go, where they go anywhere.
    pub(crate) fn traces(&self) -> anyhow::Result<Option<TraceOptions>> {
        let Some(written) = &self.telemetry.traces else { return Ok(None) };
        self.trace_options(written).context("`telemetry.traces`").map(Some)
    }

    fn trace_options(&self, written: &TraceSettings) -> anyhow::Result<TraceOptions> {
        let headers: Result<Vec<_>, ExpandError> =
            written.headers.iter().map(|(name, value)| Ok((name.clone(), self.expand(value)?))).collect();
        Ok(TraceOptions {
            collector: Collector::new(&self.expand(&written.endpoint)?, &headers?)?,
            ratio: written.ratio.unwrap_or(RATIO),
            service: written.service.clone().unwrap_or_else(|| SERVICE.to_owned()),
            queue: written.queue.unwrap_or(QUEUE),
        })
    }
}
