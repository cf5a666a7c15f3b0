//! `interlock audit verify`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use interlock_audit::{ChainReport, ChainState, InstanceId, Problem, Registered, Report, format_ms, verify};
use interlock_store::{Embedded, Instance, Instances};
use serde::Serialize;

use super::text::{plain, short};
use crate::args::Format;
use crate::exit::Exit;
use crate::terminal;
use crate::when::to_the_second;

/// How long after its registration an instance may be without a chain.
const STARTING_MS: i64 = 10_000;

pub(super) fn run(data: &Path, format: Format) -> anyhow::Result<Exit> {
    // The register first: an instance that starts in between is then not missed.
    let (registered, unread) = match registered(data) {
        Ok(registered) => (registered, None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let report = with_progress(|| verify(data, &registered))?;
    match format {
        Format::Text => terminal::write_out(text(&report, unread.is_none()).as_bytes())?,
        Format::Json => terminal::line(&serde_json::to_string(&json(&report, unread.as_deref()))?)?,
    }
    match unread {
        // A chain that is broken is broken, whatever else is not known.
        _ if !report.is_good() => Ok(Exit::No),
        None => Ok(Exit::Yes),
        Some(error) => bail!(
            "not verified: the register of instances cannot be read, so a chain that is missing is not noticed: \
             {error}; verify where `ledger.db` can be written, or a copy of `audit/` alone"
        ),
    }
}

/// The instances that the store knows; none where there is no store, as in a copy of the log alone.
fn registered(data: &Path) -> anyhow::Result<Vec<Registered>> {
    if !data.join("ledger.db").exists() {
        return Ok(Vec::new());
    }
    let store = Embedded::open(data, interlock_store::Options::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let instances = runtime.block_on(store.instances())?;
    let known = |instance: &Instance| {
        let finished = instance.finished_ms.is_some();
        // An instance is registered just before its chain begins.
        let settled = finished || jiff::Timestamp::now().as_millisecond() - instance.started_ms > STARTING_MS;
        Some(Registered { instance: InstanceId::parse(&instance.id).ok().filter(|_| settled)?, finished })
    };
    Ok(instances.iter().filter_map(known).collect())
}

/// Says on standard error that it is still at work if it takes longer than a second.
fn with_progress<T>(work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
                terminal::note("checking every record of the audit log…");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn text(report: &Report, complete: bool) -> String {
    let rows = report.chains.iter().map(row);
    let mut out = String::new();
    if !report.chains.is_empty() {
        let header = ["INSTANCE", "STATE", "RECORDS", "SEGMENTS", "OPEN CALLS", "FIRST", "LAST"];
        out.push_str(&terminal::table::table(&header, rows));
        out.push_str("\n\n");
    }
    for problem in report.chains.iter().flat_map(|chain| &chain.findings).chain(&report.findings) {
        out.push_str(&format!("{}\n", plain(&problem.to_string())));
    }
    let more: u64 = report.chains.iter().map(|chain| chain.more).sum();
    if more > 0 {
        out.push_str(&format!("and {more} more\n"));
    }
    let records: u64 = report.chains.iter().map(|chain| chain.records).sum();
    let chains = report.chains.len();
    match report.first_problem() {
        None => out.push_str(&format!(
            "{}: {} in {}\n",
            if complete { "verified" } else { "in order, as far as they are there" },
            count(records, "record"),
            count(chains as u64, "chain")
        )),
        Some(first) => {
            out.push_str(&format!("\nNOT verified; the first problem: {}\n", plain(&first.to_string())))
        }
    }
    out.push_str("\nThese files alone cannot show, without a checkpoint kept elsewhere:\n");
    for spot in report.blind_spots() {
        out.push_str(&format!("  - {}\n", plain(&spot)));
    }
    out
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn row(chain: &ChainReport) -> Vec<String> {
    let time = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), to_the_second);
    vec![
        short(chain.instance.as_str()).to_owned(),
        state(chain.state).to_owned(),
        chain.records.to_string(),
        chain.segments.to_string(),
        chain.open_calls.to_string(),
        time(chain.span.map(|(first, _)| first)),
        time(chain.span.map(|(_, last)| last)),
    ]
}

fn state(state: ChainState) -> &'static str {
    match state {
        ChainState::Finished => "finished",
        ChainState::Crashed => "crashed",
        ChainState::Running => "running",
        ChainState::Shared => "shared",
        ChainState::Unfinished => "unfinished",
    }
}

/// The stable form for programs.
#[derive(Serialize)]
struct JsonReport {
    verified: bool,
    /// Why it is not known which chains there must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    register_error: Option<String>,
    chains: Vec<JsonChain>,
    findings: Vec<JsonProblem>,
    cannot_show: Vec<String>,
}

#[derive(Serialize)]
struct JsonChain {
    instance: String,
    state: &'static str,
    records: u64,
    segments: u64,
    open_calls: u64,
    first: Option<String>,
    last: Option<String>,
    last_leaf: Option<String>,
    findings: Vec<JsonProblem>,
    more_findings: u64,
}

#[derive(Serialize)]
struct JsonProblem {
    path: String,
    line: Option<u64>,
    what: String,
}

fn json(report: &Report, unread: Option<&str>) -> JsonReport {
    let problem = |problem: &Problem| JsonProblem {
        path: problem.path.display().to_string(),
        line: problem.line,
        what: problem.what.clone(),
    };
    let chain = |chain: &ChainReport| JsonChain {
        instance: chain.instance.to_string(),
        state: state(chain.state),
        records: chain.records,
        segments: chain.segments,
        open_calls: chain.open_calls,
        first: chain.span.map(|(first, _)| format_ms(first)),
        last: chain.span.map(|(_, last)| format_ms(last)),
        last_leaf: chain.last.map(|leaf| leaf.to_string()),
        findings: chain.findings.iter().map(problem).collect(),
        more_findings: chain.more,
    };
    JsonReport {
        verified: report.is_good() && unread.is_none(),
        register_error: unread.map(str::to_owned),
        chains: report.chains.iter().map(chain).collect(),
        findings: report.findings.iter().map(problem).collect(),
        cannot_show: report.blind_spots(),
    }
}
