//! Playing a pattern: the same steps without the control, with it, with all of it but what is said to stop the harm, and
//! with what would be recommended from the tools' definitions alone; and what reached the servers each time.

mod http;
mod lines;
mod person;
mod plan;
mod process;
mod site;
mod stage;

use std::time::Duration;

use anyhow::Context;
use interlock_catalog::attacks::{Arrival, Call, Part, Pattern, Step};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fixture::Arrived;
use plan::Plan;
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
    /// What the pattern states.
    Control,
    /// That, without parts that are said to stop the harm.
    ControlTakenOut,
    /// A gateway whose policies permit everything, where it is said to stop the harm by itself.
    PermissivePolicy,
    /// What is recommended for the tools of the scenario, from their definitions alone.
    RecommendedPolicy,
}

/// The runs of one pattern.
#[derive(Debug, Serialize)]
pub(crate) struct Played {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Harm was done without the control and none with it, what is harmless arrived in both, and the proofs hold.
    pub(crate) stopped: bool,
    pub(crate) without: Run,
    pub(crate) with: Run,
    /// That it is the parts that are said to stop it which do.
    pub(crate) proofs: Vec<Run>,
    /// Under the policy that would be recommended. What it lets through, the pattern says.
    pub(crate) recommended: Run,
}

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) with: With,
    /// The parts of the control that it is played without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) taken_out: Vec<Part>,
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

impl Run {
    /// Whether it came out as it has to. What a recommended policy lets through is for the pattern to say.
    fn is_as_said(&self) -> bool {
        let harm = match self.with {
            With::Nothing | With::CarelessPolicy | With::ControlTakenOut => {
                self.harm.iter().all(Seen::happened)
            }
            With::Control | With::PermissivePolicy => !self.harm.iter().any(Seen::happened),
            With::RecommendedPolicy => true,
        };
        harm && self.harmless.iter().all(Seen::happened)
    }
}

/// Plays all runs.
pub(crate) async fn play(pattern: &Pattern) -> anyhow::Result<Played> {
    let without = in_time(Plan::without(pattern)).await?;
    let with = in_time(Plan::with(pattern)).await?;
    let mut proofs = Vec::new();
    for plan in Plan::proofs(pattern)? {
        proofs.push(in_time(plan).await?);
    }
    let recommended = in_time(Plan::recommended(pattern)?).await?;
    let stopped = [&without, &with].into_iter().chain(&proofs).all(Run::is_as_said)
        && recommended.harm.iter().any(Seen::happened) == pattern.control.recommended.is_some();
    let (id, name) = (pattern.id.clone(), pattern.name.clone());
    Ok(Played { id, name, stopped, without, with, proofs, recommended })
}

async fn in_time(plan: Plan<'_>) -> anyhow::Result<Run> {
    let id = &plan.pattern.id;
    let run = tokio::time::timeout(MOST, once(plan)).await;
    let run = run.with_context(|| format!("it is not over after {} seconds", MOST.as_secs()))?;
    run.with_context(|| format!("the pattern `{id}` cannot be played"))
}

async fn once(plan: Plan<'_>) -> anyhow::Result<Run> {
    let (pattern, with, has_twin) = (plan.pattern, plan.with, plan.has_twin());
    let (taken_out, harm) = (plan.taken_out.to_vec(), plan.harm);
    let twin = if has_twin { pattern.scenario.twin.as_slice() } else { &[] };
    let mut stage = Stage::set(pattern, plan.front).await?;
    for step in pattern.scenario.steps.iter().chain(twin) {
        if let Err(error) = stage.play(step).await {
            return Err(error.context(stage.last_words()));
        }
    }
    let token = |arrived: &Arrived| stage.shows_token(arrived);
    let harm = harm.into_iter().map(|harm| seen(harm, &stage.arrived(&harm.server)?, token));
    let harm = harm.collect::<anyhow::Result<Vec<_>>>()?;
    let harmless = harmless(twin).into_iter();
    let harmless = harmless.map(|call| seen(&of_call(call), &stage.arrived(&call.server)?, token));
    let harmless = harmless.collect::<anyhow::Result<Vec<_>>>()?;
    let mut refusals = stage.refusals().to_vec();
    refusals.truncate(EXAMPLES);
    stage.clear().await;
    Ok(Run { with, taken_out, harm, harmless, refusals })
}

/// The harmless calls. One that a person is asked about is made twice and arrives once.
fn harmless(twin: &[Step]) -> Vec<&Call> {
    let mut calls: Vec<&Call> = Vec::new();
    for step in twin {
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
        more_than: usize::try_from(call.repeat.saturating_sub(1)).unwrap_or(usize::MAX),
        ..Arrival::default()
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
