//! `interlock-bench-http`: the gateway over HTTP beside a proxy that parses nothing, for clients of both eras.
//!
//! All ways to the server are open at once and take turns (A B C A B C …), so that what the machine does meanwhile
//! hits them alike.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use interlock_bench::client::Client;
use interlock_bench::load;
use interlock_bench::messages::Era;
use interlock_bench::process::Listening;
use interlock_bench::table::{Budget, Figures, Report};
use interlock_bench::variant::{self, Answers, Variant, Way};
use interlock_benches::cost;
use interlock_benches::spread::median;
use rustix::thread::{CpuSet, sched_setaffinity};

/// Measures the way over HTTP and holds it against the budgets.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds; every way has its turn in each.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Calls of one turn.
    #[arg(long, default_value_t = 1_000)]
    calls: u64,
    /// Calls a second in the open loop.
    #[arg(long, default_value_t = 300.0)]
    rate: f64,
    /// Times that a gateway is started, for the time to its first answer.
    #[arg(long, default_value_t = 11)]
    starts: usize,
    /// Keeps every process on these processors, such as `0` or `0,1`.
    #[arg(long, value_delimiter = ',')]
    pin: Vec<usize>,
    /// Writes everything that was measured to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only makes calls on this way in this era, for a profiler to look at.
    #[arg(long, num_args = 2, value_names = ["WAY", "ERA"])]
    drive: Option<Vec<String>>,
    /// Milliseconds before and after those calls, in which the profiler attaches and lets go.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Exits with 1 when a budget is missed.
    #[arg(long)]
    check: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn measure(options: &Options) -> Result<bool> {
    pin(&options.pin)?;
    let server = Listening::start("interlock-bench-server", &[] as &[&OsStr])?;
    if let Some(drive) = &options.drive {
        return drive_one(options, drive, &server.address).await.map(|()| true);
    }
    let mut report = Report { load: vec![machine()], ..Report::default() };
    at_rest(options, &server.address, &mut report).await?;
    let mut ways = Vec::new();
    for way in Way::ALL {
        ways.push(Variant::open(way, &server.address).await.with_context(|| way.name())?);
    }
    report.rows.extend(table(options, &ways, Load::Closed(8)).await?);
    report.rows.extend(table(options, &ways, Load::Closed(64)).await?);
    report.rows.extend(table(options, &ways, Load::Open(options.rate)).await?);
    report.load.push(machine());
    report.judge();
    report.print();
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(!options.check || report.budgets.iter().all(Budget::is_met))
}

fn machine() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

/// Children inherit it.
fn pin(processors: &[usize]) -> Result<()> {
    if processors.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    processors.iter().for_each(|processor| set.set(*processor));
    sched_setaffinity(None, &set).context("keep to these processors")
}

/// Sessions whose memory is measured together.
const SESSIONS: usize = 1_000;

/// What a gateway takes when it has little to do.
async fn at_rest(options: &Options, server: &str, report: &mut Report) -> Result<()> {
    let mut starts = Vec::new();
    for _ in 0..options.starts {
        starts.push(variant::first_answer(server).await?.as_secs_f64() * 1e3);
    }
    let gateway = Variant::open(Way::Full, server).await?;
    let pid = gateway.pid().context("a gateway is a process")?;
    let target = gateway.target(Answers::Json);
    let mut client = Client::connect(&target, Era::Legacy).await?;
    client.call().await?;
    // Longer than the background threads' rounds.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = cost::resident(pid)?.0;
    // What the first sessions leave ready for others is not theirs.
    client.sessions(SESSIONS).await?;
    let before = cost::resident(pid)?.0;
    client.sessions(SESSIONS / 2).await?;
    let each = (cost::resident(pid)?.0 - before) * 1e3 / (SESSIONS / 2) as f64;
    let mut add =
        |what: &str, value, most| report.budgets.push(Budget { what: what.to_owned(), value, most });
    add("first answer after the start, ms", median(&starts), 20.0);
    add("idle memory, MB", idle, 15.0);
    add("memory of a session, kB", each, 8.0);
    Ok(())
}

/// How calls are made.
#[derive(Debug, Clone, Copy)]
enum Load {
    /// This many at once, always.
    Closed(usize),
    /// This many a second.
    Open(f64),
}

impl Load {
    fn name(self) -> String {
        match self {
            Self::Closed(in_flight) => format!("{in_flight} in flight"),
            Self::Open(rate) => format!("{rate} calls a second"),
        }
    }

    fn clients(self) -> usize {
        match self {
            Self::Closed(in_flight) => in_flight,
            // Enough that nothing waits for a client that is free.
            Self::Open(_) => 32,
        }
    }

    /// Streams are measured in one of the loops.
    fn answers(self) -> &'static [Answers] {
        match self {
            Self::Closed(8) => &[Answers::Json, Answers::Events],
            _ => &[Answers::Json],
        }
    }

    fn rounds(self, options: &Options) -> usize {
        match self {
            Self::Closed(8) => options.rounds,
            _ => options.rounds.div_ceil(3),
        }
    }
}

/// A row of the table while it is measured.
struct Row<'w> {
    figures: Figures,
    way: &'w Variant,
    clients: Vec<Client>,
}

async fn table(options: &Options, ways: &[Variant], load: Load) -> Result<Vec<Figures>> {
    let mut rows = Vec::new();
    for era in [Era::Legacy, Era::Modern] {
        for answers in load.answers() {
            for way in ways {
                rows.push(Row::open(load, era, *answers, way).await?);
            }
        }
    }
    for row in &mut rows {
        row.turn(load, options.calls).await?;
        row.figures.clear();
    }
    for _ in 0..load.rounds(options) {
        for row in &mut rows {
            row.turn(load, options.calls).await?;
        }
    }
    let mut figures = Vec::new();
    for row in rows {
        figures.push(row.figures);
        for client in row.clients {
            client.end().await?;
        }
    }
    Ok(figures)
}

impl<'w> Row<'w> {
    async fn open(load: Load, era: Era, answers: Answers, way: &'w Variant) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..load.clients() {
            let mut client =
                Client::connect(&way.target(answers), era).await.with_context(|| way.way.name())?;
            // A connection on which nothing was asked is closed soon, maybe before its turn comes.
            client.call().await.with_context(|| way.way.name())?;
            clients.push(client);
        }
        let figures = Figures {
            load: load.name(),
            era: era.name(),
            answers: answers.name(),
            way: way.way.name(),
            ..Figures::default()
        };
        Ok(Self { figures, way, clients })
    }

    async fn turn(&mut self, load: Load, calls: u64) -> Result<()> {
        let pid = self.way.pid();
        let before = pid.map(cost::processor_time).transpose()?;
        let turn = match load {
            Load::Closed(_) => load::closed(&mut self.clients, calls).await,
            Load::Open(rate) => load::open(&mut self.clients, calls, rate).await,
        };
        let turn = turn.with_context(|| format!("{} {}", self.figures.era, self.figures.way))?;
        self.figures.p50.push(turn.within(0.5));
        self.figures.p99.push(turn.within(0.99));
        self.figures.p999.push(turn.within(0.999));
        self.figures.throughput.push(turn.throughput());
        if let (Some(pid), Some(before)) = (pid, before) {
            let taken = cost::processor_time(pid)?.saturating_sub(before);
            self.figures.processor.push(taken.as_secs_f64() * 1e6 / calls as f64);
        }
        Ok(())
    }
}

async fn drive_one(options: &Options, drive: &[String], server: &str) -> Result<()> {
    let [way, era] = drive else { anyhow::bail!("a way and an era") };
    let way = Way::ALL.into_iter().find(|of| of.name() == way).context("there is no such way")?;
    let era = [Era::Legacy, Era::Modern].into_iter().find(|of| of.name() == era).context("no such era")?;
    let variant = Variant::open(way, server).await?;
    let load = Load::Closed(8);
    let mut row = Row::open(load, era, Answers::Json, &variant).await?;
    row.turn(load, options.calls).await?;
    row.figures.clear();
    println!("process {}", variant.pid().unwrap_or_default());
    let pause = Duration::from_millis(options.pause);
    tokio::time::sleep(pause).await;
    for _ in 0..options.rounds {
        row.turn(load, options.calls).await?;
    }
    tokio::time::sleep(pause).await;
    let report = Report { load: vec![machine()], rows: vec![row.figures], ..Report::default() };
    report.print();
    Ok(())
}
