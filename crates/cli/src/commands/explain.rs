//! `interlock explain`: one call, every rule that applies, the verdict, and what would have changed it.

mod report;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args as ClapArgs;
use interlock_json::Decimal;
use interlock_policy::{
    Alternative, Change, CounterKey, Outcome, RuleName, Section, Trial, Verdict, alternatives, objections,
};

use crate::args::{Format, name};
use crate::exit::Exit;
use crate::input;
use crate::rehearsal::call::{self, CallText};
use crate::rehearsal::policies::Policies;
use crate::rehearsal::tools::Tools;
use crate::rehearsal::{Caller, Judged, Rehearsal, times};
use crate::terminal;

#[derive(Debug, ClapArgs)]
#[command(
    override_usage = "interlock explain -c <FILE> --tool <NAME> [--arg <NAME=TEXT>]... [OPTIONS]
       interlock explain -c <FILE> [OPTIONS] <CALL.json>",
    after_help = "Examples:
  interlock explain -c policy.yaml --tool create_charge --arg currency=usd --arg-json amount=60000
  interlock explain -c policy.yaml --tools tools.json call.json
  interlock explain -c policy.yaml --resource file:///etc/passwd
  interlock explain -c policy.yaml --tool deploy --label team=ops --at 2026-11-21T22:00:00Z
  interlock explain -c policy.yaml --tool start_job --counter start_job._rate_minute_0=10
  interlock audit query --verdict deny --limit 1 --format json | interlock explain -c policy.yaml -

CALL.json holds the params of `tools/call`, a whole request, a call as in tests (`{\"tool\": …, \"args\": {…}}`), \
or a record of the audit log that has its arguments.

Exit codes: 0 the call would go through, 1 it would be denied or wait for a person, 2 it could not be said."
)]
pub(crate) struct ExplainArgs {
    /// The policy file (YAML or JSON)
    #[arg(short = 'c', long = "policy", visible_alias = "config", value_name = "FILE")]
    policy: PathBuf,
    /// The grant's policy, judged after the server's
    #[arg(long, value_name = "FILE")]
    grant_policy: Option<PathBuf>,
    /// The call; `-` reads standard input
    #[arg(value_name = "CALL.json", conflicts_with_all = ["tool", "resource", "prompt"])]
    call: Option<PathBuf>,
    /// The tool that is called
    #[arg(long, value_name = "NAME", conflicts_with_all = ["resource", "prompt"])]
    tool: Option<String>,
    /// The resource that is read
    #[arg(long, value_name = "URI", conflicts_with = "prompt")]
    resource: Option<String>,
    /// The prompt that is got
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// An argument that is text
    #[arg(long = "arg", value_name = "NAME=TEXT", conflicts_with = "call")]
    texts: Vec<String>,
    /// An argument that is any JSON value
    #[arg(long = "arg-json", value_name = "NAME=JSON", conflicts_with = "call")]
    json: Vec<String>,
    /// The server's tool list: the answer to `tools/list`, or its `tools`
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// The server's name
    #[arg(long, value_name = "NAME", default_value = "server", value_parser = name)]
    server: String,
    /// The grant on whose behalf the call is made
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = name)]
    grant: String,
    /// A label of the grant
    #[arg(long = "label", value_name = "NAME=TEXT", value_parser = label)]
    labels: Vec<(String, String)>,
    /// What the client calls itself
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// When the call is made: 2026-11-21T10:00:00Z, or a date [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<i64>,
    /// What a counter holds, by its name in conditions without `state.`, or its whole name
    #[arg(long = "counter", value_name = "NAME=VALUE")]
    counters: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Everything that is told of a call.
struct Explained<'e> {
    call: &'e CallText,
    caller: &'e Caller,
    at_ms: i64,
    judged: Judged,
    /// Least changes that would let it pass; for one that passes, single changes that would stop it.
    changes: Vec<Alternative>,
    /// The tool's definition is asked for, and there is no list.
    wants_tools: bool,
}

/// Judges the call and tells why.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let call = called(args)?;
    let policies = Policies::load(&args.policy, args.grant_policy.as_deref())?;
    let tools = args.tools.as_deref().map(input::tools).transpose()?.map(Tools::from);
    let caller = Caller {
        server: args.server.clone(),
        grant: args.grant.clone(),
        labels: args.labels.clone(),
        client: args.client.clone(),
        ..Caller::default()
    };
    let at_ms = args.at.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let rehearsal = Rehearsal::new(&policies, tools.as_ref(), at_ms)?;
    let held = counters(args, &rehearsal, &caller, &call)?;
    let judged = rehearsal.judge(&caller, &call)?;
    let mut changes: Vec<Alternative> =
        later(&rehearsal, &caller, &call, at_ms, judged.rehearsed.retry_after_ms)?.into_iter().collect();
    let verdict = judged.rehearsed.verdict;
    changes.extend(alternatives_of(&rehearsal, &policies, &caller, &call, &held, at_ms, verdict)?);
    let wants_tools = tools.is_none()
        && rehearsal.with_call(&caller, &call, |call, _| {
            interlock_policy::requires_definition(&policies.stack(), call)
        })?;
    let explained = Explained { call: &call, caller: &caller, at_ms, judged, changes, wants_tools };
    match args.format {
        Format::Text => terminal::write_out(text::text(&explained, &policies.places()).as_bytes())?,
        Format::Json => terminal::line(&report::json(&explained, &policies.places())?)?,
    }
    Ok(if explained.judged.rehearsed.verdict == Verdict::Proceed { Exit::Yes } else { Exit::No })
}

fn called(args: &ExplainArgs) -> anyhow::Result<CallText> {
    if let Some(path) = &args.call {
        let missing = path != Path::new("-") && !path.exists();
        ensure!(
            !missing,
            "there is no file `{0}` with a call; to name a tool write `--tool {0}`",
            path.display()
        );
        let (name, text) = input::read_text(path)?;
        return CallText::read(text.trim()).with_context(|| format!("`{name}` is not a call"));
    }
    let arguments = call::object(&args.texts, &args.json)?;
    let named = [
        (Section::Tools, &args.tool),
        (Section::Resources, &args.resource),
        (Section::Prompts, &args.prompt),
    ];
    let named = named.into_iter().find_map(|(section, name)| Some((section, name.clone()?)));
    let (section, name) = named
        .context("no call is named: give `--tool`, `--resource` or `--prompt`, or a file with the call")?;
    ensure!(arguments.is_none() || section != Section::Resources, "a resource is read without arguments");
    Ok(CallText { section, name, arguments })
}

fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| "write `NAME=TEXT`".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

fn moment(text: &str) -> Result<i64, String> {
    times::moment(text).ok_or_else(|| "write a time (2026-11-21T10:00:00Z) or a date (2026-11-21)".to_owned())
}

/// Has the counters hold what is said of them.
fn counters(
    args: &ExplainArgs,
    rehearsal: &Rehearsal<'_>,
    caller: &Caller,
    call: &CallText,
) -> anyhow::Result<Vec<(CounterKey, Decimal)>> {
    let mut held = Vec::new();
    for pair in &args.counters {
        let (name, value) = pair
            .rsplit_once('=')
            .with_context(|| format!("`--counter {pair}` is not written as `NAME=VALUE`"))?;
        let amount = Decimal::parse(value).ok().filter(|amount| !amount.is_negative());
        let Some(amount) = amount else {
            bail!("a counter holds a number that is not negative, not `{value}`")
        };
        for key in rehearsal.keys(name, caller, Some(call))? {
            rehearsal.count(&key, amount)?;
            held.push((key, amount));
        }
    }
    Ok(held)
}

/// The same call after the wait, judged again. What the counters hold is taken for counted just now.
fn later(
    rehearsal: &Rehearsal<'_>,
    caller: &Caller,
    call: &CallText,
    at_ms: i64,
    wait: Option<u64>,
) -> anyhow::Result<Option<Alternative>> {
    let Some(wait) = wait else { return Ok(None) };
    rehearsal.set_time(at_ms.saturating_add_unsigned(wait));
    let judged = rehearsal.judge(caller, call)?.rehearsed;
    let change = Change {
        words: format!("it were made {} later", interlock_gateway::duration(wait)),
        path: "time".to_owned(),
        to: Some(format!("\"{}\"", times::written(at_ms.saturating_add_unsigned(wait)))),
    };
    let outcome = Outcome { verdict: judged.verdict, rule: judged.decision.rule };
    Ok((outcome.verdict != Verdict::Deny).then(|| Alternative {
        changes: vec![change],
        arguments: call.arguments.clone(),
        outcome,
    }))
}

/// What else would have changed the verdict. Each answer is judged with its own ledger.
fn alternatives_of(
    rehearsal: &Rehearsal<'_>,
    policies: &Policies,
    caller: &Caller,
    call: &CallText,
    held: &[(CounterKey, Decimal)],
    at_ms: i64,
    verdict: Verdict,
) -> anyhow::Result<Vec<Alternative>> {
    let mut failed = None;
    let stack = policies.stack();
    let found = rehearsal.with_call(caller, call, |call, facts| {
        let trial = Trial { stack: &stack, call: *call, facts: *facts, counters: held };
        let mut judge = |trial: &Trial<'_>| {
            rehearsal.outcome(trial, at_ms).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Outcome { verdict: Verdict::Deny, rule: RuleName::NoPolicy }
            })
        };
        match verdict {
            Verdict::Proceed => objections(&trial, &mut judge),
            Verdict::Deny | Verdict::Ask => alternatives(&trial, &mut judge),
        }
    })?;
    failed.map_or(Ok(found), Err)
}
