//! `interlock status`: what runs, what was called and denied, and which limits are nearly used up.

mod tally;

use std::path::Path;

use anyhow::bail;
use interlock_audit::{Filter, format_ms, query};
use interlock_store::{CounterStatus, Counters, Embedded, Instance, Instances};
use rustix::process::{Pid, test_kill_process};
use serde::Serialize;

use crate::args::{Format, StatusArgs};
use crate::commands::audit::record_read;
use crate::data_dir::data_dir;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use crate::terminal::table::table;
use tally::{RuleTally, ServerTally, Tally};

/// Rules and counters shown.
const SHOWN: usize = 10;

/// Reads the ledger and the log and shows what they hold.
pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<Exit> {
    let settings = Settings::load(args.place.settings.as_deref())?;
    let data = data_dir(args.place.data.as_deref(), &settings)?;
    // Looking must not make what is not there.
    if !data.join("ledger.db").exists() {
        bail!("nothing has run with the data directory `{}`; say where with `--data DIR`", data.display());
    }
    let (instances, counters) = ledger(&data, &settings)?;
    let status = Status {
        data: data.display().to_string(),
        since: format_ms(args.since),
        instances: instances.iter().filter_map(running).collect(),
        calls: calls(&data, args.since)?,
        counters: counters.iter().map(CounterReport::new).collect(),
    };
    match args.format {
        Format::Text => terminal::line(&text(&status))?,
        Format::Json => terminal::line(&serde_json::to_string_pretty(&status)?)?,
    }
    Ok(Exit::Yes)
}

fn ledger(data: &Path, settings: &Settings) -> anyhow::Result<(Vec<Instance>, Vec<CounterStatus>)> {
    let store = Embedded::open(data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async { Ok((store.instances().await?, store.list(SHOWN).await?)) })
}

fn calls(data: &Path, since: i64) -> anyhow::Result<Tally> {
    let filter = Filter { from_ms: Some(since), ..Filter::default() };
    record_read(data, "status", &filter);
    let mut tally = Tally::default();
    for record in query(data, filter)? {
        tally.add(&record?);
    }
    Ok(tally)
}

#[derive(Serialize)]
struct Status {
    data: String,
    since: String,
    instances: Vec<InstanceReport>,
    calls: Tally,
    counters: Vec<CounterReport>,
}

#[derive(Serialize)]
struct InstanceReport {
    id: String,
    pid: u32,
    kind: String,
    server: Option<String>,
    grant: Option<String>,
    started: String,
}

/// An instance that runs: one that has not said that it finished, and whose process is there.
fn running(instance: &Instance) -> Option<InstanceReport> {
    let pid = i32::try_from(instance.pid).ok().and_then(Pid::from_raw)?;
    // Another user's process cannot be signalled and is there all the same.
    let there = !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH));
    (instance.finished_ms.is_none() && there).then(|| InstanceReport {
        id: instance.id.clone(),
        pid: instance.pid,
        kind: instance.kind.clone(),
        server: instance.server.clone(),
        grant: instance.grant.clone(),
        started: format_ms(instance.started_ms),
    })
}

#[derive(Serialize)]
struct CounterReport {
    counter: String,
    rule: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    window: String,
}

impl CounterReport {
    fn new(counter: &CounterStatus) -> Self {
        Self {
            counter: counter.key.clone(),
            rule: counter.label.clone(),
            value: counter.value.to_string(),
            limit: counter.limit.map(|limit| limit.to_string()),
            window: counter.window.clone(),
        }
    }
}

fn text(status: &Status) -> String {
    let instances = status.instances.iter().map(|instance| {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let started = instance.started.clone();
        vec![
            name(&instance.server),
            name(&instance.grant),
            instance.pid.to_string(),
            started,
            instance.id.clone(),
        ]
    });
    let servers = status.calls.servers.iter().map(|(server, tally)| {
        let ServerTally { calls, denied, failed } = tally;
        vec![server.clone(), calls.to_string(), denied.to_string(), failed.to_string()]
    });
    let rules = status.calls.busiest(SHOWN).into_iter().map(|(server, rule, tally)| {
        let RuleTally { passed, denied } = tally;
        vec![passed.to_string(), denied.to_string(), server.to_owned(), rule.to_owned()]
    });
    let counters = status.counters.iter().map(|counter| {
        let limit = counter.limit.as_deref().unwrap_or("-");
        vec![format!("{} of {limit}", counter.value), counter.window.clone(), counter.counter.clone()]
    });
    [
        section("Running", &["SERVER", "GRANT", "PID", "SINCE", "INSTANCE"], instances),
        section(&format!("Calls since {}", status.since), &["SERVER", "CALLS", "DENIED", "FAILED"], servers),
        section("Busiest rules", &["PASSED", "DENIED", "SERVER", "RULE"], rules),
        section("Counters nearest their limit", &["USED", "WINDOW", "COUNTER"], counters),
    ]
    .join("\n\n")
}

fn section(title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return format!("{title}: none");
    }
    format!("{title}\n{}", table(header, rows))
}
