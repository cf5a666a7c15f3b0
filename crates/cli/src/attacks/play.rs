//! Playing a pattern: the same steps twice, without the control and with it, and what reached the servers each time.

mod http;
mod lines;
mod person;
mod process;
mod site;
mod stage;

use std::time::Duration;

use anyhow::Context;
use interlock_catalog::attacks::{Arrival, Call, Pattern, Step};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fixture::Arrived;
use stage::Stage;

/// How long one run of a scenario may take.
const MOST: Duration = Duration::from_secs(120);
/// So much of an argument is shown.
const SHOWN: usize = 200;
/// So many refusals and arrivals are shown of one run.
const EXAMPLES: usize = 3;

/// With what a scenario is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum With {
    /// The agent speaks to the servers themselves.
    Nothing,
    /// A gateway whose policies do not help.
    CarelessPolicy,
    /// What the pattern recommends.
    Control,
}

/// Both runs of one pattern.
#[derive(Debug, Serialize)]
pub(crate) struct Played {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Harm was done without the control and none with it, and what is harmless arrived in both.
    pub(crate) stopped: bool,
    pub(crate) without: Run,
    pub(crate) with: Run,
}

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) with: With,
    pub(crate) harm: Vec<Seen>,
    pub(crate) harmless: Vec<Seen>,
    /// What the agent was told of what it could not do.
    pub(crate) refusals: Vec<String>,
}

/// How often something arrived, and the first of it.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) what: String,
    pub(crate) server: String,
    pub(crate) arrived: usize,
    /// It counts from the next one on.
    pub(crate) more_than: usize,
    pub(crate) examples: Vec<String>,
}

impl Seen {
    pub(crate) fn happened(&self) -> bool {
        self.arrived > self.more_than
    }
}

/// Plays both runs.
pub(crate) async fn play(pattern: &Pattern) -> anyhow::Result<Played> {
    let without = if pattern.scenario.careless.is_empty() { With::Nothing } else { With::CarelessPolicy };
    let without = in_time(pattern, without).await?;
    let with = in_time(pattern, With::Control).await?;
    let stopped = without.harm.iter().all(Seen::happened)
        && !with.harm.iter().any(Seen::happened)
        && [&without, &with].iter().all(|run| run.harmless.iter().all(Seen::happened));
    Ok(Played { id: pattern.id.clone(), name: pattern.name.clone(), stopped, without, with })
}

async fn in_time(pattern: &Pattern, with: With) -> anyhow::Result<Run> {
    let run = tokio::time::timeout(MOST, once(pattern, with)).await;
    let run = run.with_context(|| format!("it is not over after {} seconds", MOST.as_secs()))?;
    run.with_context(|| format!("the pattern `{}` cannot be played", pattern.id))
}

async fn once(pattern: &Pattern, with: With) -> anyhow::Result<Run> {
    let mut stage = Stage::set(pattern, with).await?;
    for step in pattern.scenario.steps.iter().chain(&pattern.scenario.twin) {
        if let Err(error) = stage.play(step).await {
            return Err(error.context(stage.last_words()));
        }
    }
    let token = |arrived: &Arrived| stage.shows_token(arrived);
    let harm = pattern.scenario.harm.iter();
    let harm = harm.map(|harm| seen(harm, &stage.arrived(&harm.server)?, token));
    let harm = harm.collect::<anyhow::Result<Vec<_>>>()?;
    let harmless = harmless(pattern).into_iter();
    let harmless = harmless.map(|call| seen(&of_call(call), &stage.arrived(&call.server)?, token));
    let harmless = harmless.collect::<anyhow::Result<Vec<_>>>()?;
    let mut refusals = stage.refusals().to_vec();
    refusals.truncate(EXAMPLES);
    stage.clear().await;
    Ok(Run { with, harm, harmless, refusals })
}

/// The harmless calls. One that a person is asked about is made twice and arrives once.
fn harmless(pattern: &Pattern) -> Vec<&Call> {
    let mut calls: Vec<&Call> = Vec::new();
    for step in &pattern.scenario.twin {
        let Step::Call(call) = step else { continue };
        let same = |known: &&Call| {
            (&known.server, &known.tool, &known.arguments) == (&call.server, &call.tool, &call.arguments)
        };
        if !calls.iter().any(same) {
            calls.push(call);
        }
    }
    calls
}

/// What arrives where a harmless call does.
fn of_call(call: &Call) -> Arrival {
    Arrival {
        what: "the harmless call".to_owned(),
        server: call.server.clone(),
        tool: Some(call.tool.clone()),
        arguments: call.arguments.clone(),
        contains: None,
        with_the_callers_token: false,
        longer_than: 0,
        more_than: usize::try_from(call.repeat.saturating_sub(1)).unwrap_or(usize::MAX),
    }
}

fn seen(wanted: &Arrival, all: &[Arrived], token: impl Fn(&Arrived) -> bool) -> anyhow::Result<Seen> {
    let fits = |arrived: &&Arrived| {
        wanted.tool.as_ref().is_none_or(|tool| arrived.tool.as_ref() == Some(tool))
            && wanted.arguments.iter().all(|(name, value)| arrived.arguments.get(name) == Some(value))
            && wanted.contains.as_ref().is_none_or(|text| arrived.text.contains(text.as_str()))
            && (!wanted.with_the_callers_token || token(arrived))
            && (wanted.longer_than == 0 || arrived.bytes > wanted.longer_than)
    };
    let found: Vec<&Arrived> = all.iter().filter(fits).collect();
    Ok(Seen {
        what: wanted.what.clone(),
        server: wanted.server.clone(),
        arrived: found.len(),
        more_than: wanted.more_than,
        examples: found.iter().take(EXAMPLES).map(|arrived| example(arrived)).collect(),
    })
}

fn example(arrived: &Arrived) -> String {
    let text = match &arrived.tool {
        Some(tool) if arrived.arguments == Map::new() => tool.clone(),
        Some(tool) => format!("{tool} {}", Value::Object(arrived.arguments.clone())),
        None => arrived.text.trim().to_owned(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), arrived.bytes),
        None => text,
    }
}
