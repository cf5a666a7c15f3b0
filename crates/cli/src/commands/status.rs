//! `interlock status`: what runs, what was called and denied, and which limits are nearly used up.

pub(super) mod counter;
mod tally;

use std::collections::BTreeMap;
use std::path::Path;

use interlock_audit::{Filter, format_ms, query};
use interlock_store::{
    Approvals as _, CounterStatus, Counters, Embedded, Instance, Instances, Pins as _, Standing, StoreError,
    Which,
};
use rustix::process::{Pid, test_kill_process};
use serde::Serialize;

use crate::args::{AnswerArgs, Format, LookArgs, StatusArgs};
use crate::commands::audit::{record_read, short};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal;
use crate::terminal::table::table;
use crate::when::to_the_second;
use counter::CounterReport;
use tally::{RuleTally, ServerTally, Tally};

/// Calls that wait, counted at once.
const PAGE: usize = 500;
/// Rules and counters shown.
const SHOWN: usize = 10;
const CALLS: [&str; 7] = ["SERVER", "CALLS", "DENIED", "ASKED", "WOULD DENY", "FAILED", "DISCARDED"];
const RULES: [&str; 6] = ["PASSED", "DENIED", "ASKED", "WOULD DENY", "SERVER", "RULE"];

/// Reads the ledger and the log and shows what they hold.
pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<Exit> {
    let AnswerArgs { place, format } = &args.common;
    let settings = Settings::load(place.settings.as_deref())?;
    let data = data_dir(place.data.as_deref(), &settings)?;
    data_dir::used(&data)?;
    let Ledger { instances, counters, waiting, quarantined } = ledger(&data, &settings)?;
    let status = Status {
        data: data.display().to_string(),
        since: format_ms(args.since),
        instances: instances.iter().filter_map(running).collect(),
        waiting,
        quarantined: quarantined.into_iter().collect(),
        calls: calls(&data, args.since)?,
        counters: counters.iter().map(CounterReport::new).collect(),
    };
    match format {
        Format::Text => terminal::line(&text(&status, place))?,
        Format::Json => terminal::json(&status)?,
    }
    Ok(Exit::Yes)
}

/// What the ledger holds.
struct Ledger {
    instances: Vec<Instance>,
    counters: Vec<CounterStatus>,
    waiting: usize,
    quarantined: Vec<(String, u64)>,
}

fn ledger(data: &Path, settings: &Settings) -> anyhow::Result<Ledger> {
    let store = Embedded::open(data, settings.store())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        Ok(Ledger {
            instances: store.instances().await?,
            counters: store.list(SHOWN).await?,
            waiting: count_waiting(&store).await?,
            quarantined: store.quarantined().await?,
        })
    })
}

async fn count_waiting(store: &Embedded) -> Result<usize, StoreError> {
    let mut which = Which { standing: Some(Standing::Waiting), bare: true, ..Which::default() };
    let mut count = 0;
    loop {
        let page = store.approvals(which.clone(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(count) };
        which.before = Some(last.change);
        count += page.len();
    }
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
    /// Calls that wait for a person now.
    waiting: usize,
    /// Tools that are hidden and denied until somebody accepts their definition, by server.
    quarantined: BTreeMap<String, u64>,
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
    #[serde(skip)]
    started_ms: i64,
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
        started_ms: instance.started_ms,
    })
}

fn text(status: &Status, place: &LookArgs) -> String {
    let instances = status.instances.iter().map(|instance| {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let (pid, started) = (instance.pid.to_string(), to_the_second(instance.started_ms));
        vec![name(&instance.server), name(&instance.grant), pid, started, short(&instance.id).to_owned()]
    });
    let servers = status.calls.servers.iter().map(|(server, tally)| {
        let ServerTally { calls, denied, asked, would_deny, failed, discarded } = tally;
        let numbers = [calls, denied, asked, would_deny, failed, discarded].map(u64::to_string);
        std::iter::once(server.clone()).chain(numbers).collect()
    });
    let rules = status.calls.busiest(SHOWN).into_iter().map(|(server, rule, tally)| {
        let RuleTally { name, passed, denied, asked, would_deny } = tally;
        let rule = name.as_ref().map_or_else(|| rule.to_owned(), |name| format!("{name} ({rule})"));
        let numbers = [passed, denied, asked, would_deny].map(u64::to_string);
        numbers.into_iter().chain([server.to_owned(), rule]).collect()
    });
    [
        format!(
            "Data directory: {}\nWaiting: {}\nQuarantine: {}",
            status.data,
            waiting(status.waiting, place),
            quarantined(&status.quarantined, place)
        ),
        section("Running", &["SERVER", "GRANT", "PID", "SINCE", "INSTANCE"], instances),
        section(&format!("Calls since {}", status.since), &CALLS, servers),
        section("Busiest rules", &RULES, rules),
        section(
            "Counters nearest their limit",
            &counter::HEADER,
            status.counters.iter().map(CounterReport::row),
        ),
    ]
    .join("\n\n")
}

/// How many calls wait, and how to see them.
fn waiting(count: usize, place: &LookArgs) -> String {
    let list = place.also("interlock approvals list");
    match count {
        0 => "no call waits for a person".to_owned(),
        1 => format!("1 call waits for a person; `{list}` shows it"),
        many => format!("{many} calls wait for a person; `{list}` shows them"),
    }
}

/// How many tools are in quarantine, and how to see them.
fn quarantined(by_server: &BTreeMap<String, u64>, place: &LookArgs) -> String {
    let diff = place.also("interlock pins diff");
    let servers: Vec<_> = by_server.keys().map(|server| format!("`{}`", terminal::escaped(server))).collect();
    match by_server.values().sum::<u64>() {
        0 => "no tool is hidden because its definition changed".to_owned(),
        1 => format!(
            "1 tool of {} is hidden because its definition changed; `{diff}` shows it",
            servers.join(", ")
        ),
        many => format!(
            "{many} tools of {} are hidden because their definitions changed; `{diff}` shows them",
            servers.join(", ")
        ),
    }
}

fn section(title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return format!("{title}: none");
    }
    format!("{title}\n{}", table(header, rows))
}
