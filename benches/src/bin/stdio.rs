//! `interlock-bench-stdio`: the whole path over stdio, measured in one run: the server alone, behind a relay
//! that only copies bytes, and behind the gateway: with requests that it relays unjudged (`ping`), with two
//! conditions (`policy`), and with three limits besides (`full`). Every judged call is audited.
//!
//! All variants live at once and take turns (A B C A B C …), so that what the machine does meanwhile hits
//! them alike. Ratios are taken round by round; their median is what is held against the budgets.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use interlock_benches::peer::{MOST_IN_FLIGHT, Peer};
use interlock_benches::spread::{median, percentile, shown};
use interlock_benches::{cost, messages, policies};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Measures the path over stdio and holds it against the budgets.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds; every variant has its turn in each.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Calls of one turn.
    #[arg(long, default_value_t = 2_000)]
    calls: usize,
    /// How often each variant is started, for the time to its first answer.
    #[arg(long, default_value_t = 21)]
    starts: usize,
    /// Keeps every process on these processors, such as `0` or `0,1`.
    #[arg(long, value_delimiter = ',')]
    pin: Vec<usize>,
    /// Also counts instructions a call, under valgrind.
    #[arg(long)]
    instructions: bool,
    /// Only makes calls to this variant, this many in flight, for a profiler to look at.
    #[arg(long, num_args = 2, value_names = ["VARIANT", "IN_FLIGHT"])]
    drive: Option<Vec<String>>,
    /// Exits with 1 when a budget is missed.
    #[arg(long)]
    check: bool,
}

/// One way to the server.
struct Variant {
    name: &'static str,
    command: Vec<OsString>,
    message: fn(u64) -> String,
}

impl Variant {
    fn start(&self) -> Result<Peer> {
        Peer::start(&self.command, self.message).with_context(|| format!("start `{}`", self.name))
    }
}

const DIRECT: usize = 0;
const RELAY: usize = 1;
const POLICY: usize = 3;
const FULL: usize = 4;

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<bool> {
    pin(&arguments.pin)?;
    let directory = tempfile::tempdir()?;
    let variants = variants(directory.path())?;
    if let Some(drive) = &arguments.drive {
        return drive_one(&variants, arguments, drive).map(|()| true);
    }
    let load = || std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load().trim());
    let starts = starts(&variants, arguments.starts)?;
    let idle: Vec<(f64, f64)> = variants.iter().map(idle).collect::<Result<_>>()?;
    let one = rounds(&variants, arguments, 1)?;
    let many = rounds(&variants, arguments, 16)?;
    println!("load after:  {}\n", load().trim());
    table("one call in flight", &variants, &one);
    table("16 calls in flight", &variants, &many);
    start_table(&variants, &starts, &idle);
    if arguments.instructions {
        instructions(&variants, directory.path())?;
    }
    let met = budgets(&one, &many, &starts, &idle);
    Ok(met || !arguments.check)
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

fn variants(directory: &Path) -> Result<Vec<Variant>> {
    let server = vec![built("interlock-echo-server")?.into_os_string()];
    let relay = built("interlock-relay")?;
    let interlock = built("interlock")?;
    let wrapped = |name: &str, policy: &str| -> Result<Vec<OsString>> {
        let path = directory.join(format!("{name}.yaml"));
        std::fs::write(&path, policy)?;
        let data = directory.join(format!("{name}-data"));
        let options = ["run".into(), "-c".into(), path.into(), "--data".into(), data.into()];
        Ok(after(&interlock, options, &server))
    };
    let variant = |name, command, message| Variant { name, command, message };
    Ok(vec![
        variant("direct", server.clone(), messages::call),
        variant("relay", after(&relay, [], &server), messages::call),
        variant("ping", wrapped("ping", &policies::conditions())?, messages::ping),
        variant("policy", wrapped("policy", &policies::conditions())?, messages::call),
        variant("full", wrapped("full", &policies::limited())?, messages::call),
    ])
}

fn after<const N: usize>(program: &Path, options: [OsString; N], server: &[OsString]) -> Vec<OsString> {
    let mut line = vec![program.as_os_str().to_owned()];
    line.extend(options);
    line.push("--".into());
    line.extend_from_slice(server);
    line
}

/// A program that was built with this one, in the same profile.
fn built(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(path.exists(), "{} is not built; benches/README.md says how", path.display());
    Ok(path)
}

/// Milliseconds from the start to the answer to `initialize`, for each variant.
fn starts(variants: &[Variant], times: usize) -> Result<Vec<Vec<f64>>> {
    let mut taken = vec![Vec::new(); variants.len()];
    for _ in 0..times {
        for (variant, taken) in variants.iter().zip(&mut taken) {
            let begun = Instant::now();
            let mut peer = variant.start()?;
            peer.initialize()?;
            taken.push(begun.elapsed().as_secs_f64() * 1e3);
            peer.end()?;
        }
    }
    Ok(taken)
}

/// Resident memory of a process that has been used a little and then left alone.
fn idle(variant: &Variant) -> Result<(f64, f64)> {
    let mut peer = variant.start()?;
    peer.initialize()?;
    peer.calls(100, 1, &mut Vec::new())?;
    // Longer than the background threads' rounds.
    std::thread::sleep(Duration::from_millis(500));
    let resident = cost::resident(peer.pid())?;
    peer.end()?;
    Ok(resident)
}

/// What the rounds of one variant gave, a value each.
#[derive(Default)]
struct Figures {
    p50: Vec<f64>,
    p99: Vec<f64>,
    throughput: Vec<f64>,
    processor: Vec<f64>,
    waits: Vec<f64>,
    resident: f64,
}

fn rounds(variants: &[Variant], arguments: &Arguments, in_flight: usize) -> Result<Vec<Figures>> {
    assert!(in_flight <= MOST_IN_FLIGHT);
    let mut peers = Vec::new();
    for variant in variants {
        let mut peer = variant.start()?;
        peer.initialize()?;
        peer.calls(arguments.calls.min(1_000), in_flight, &mut Vec::new())?;
        peers.push(peer);
    }
    let mut figures: Vec<Figures> = variants.iter().map(|_| Figures::default()).collect();
    for _ in 0..arguments.rounds {
        for (peer, figures) in peers.iter_mut().zip(&mut figures) {
            turn(peer, figures, arguments.calls, in_flight)?;
        }
    }
    for (peer, figures) in peers.into_iter().zip(&mut figures) {
        figures.resident = cost::resident(peer.pid())?.0;
        peer.end()?;
    }
    Ok(figures)
}

fn turn(peer: &mut Peer, figures: &mut Figures, calls: usize, in_flight: usize) -> Result<()> {
    let (time_before, waits_before) = (cost::processor_time(peer.pid())?, cost::waits(peer.pid())?);
    let mut latencies = Vec::with_capacity(calls);
    let taken = peer.calls(calls, in_flight, &mut latencies)?;
    let (time, waits) = (cost::processor_time(peer.pid())?, cost::waits(peer.pid())?);
    let each = |total: f64| total / calls as f64;
    figures.p50.push(percentile(&mut latencies, 0.5));
    figures.p99.push(percentile(&mut latencies, 0.99));
    figures.throughput.push(calls as f64 / taken.as_secs_f64());
    figures.processor.push(each(time.saturating_sub(time_before).as_secs_f64() * 1e6));
    figures.waits.push(each(waits.saturating_sub(waits_before) as f64));
    Ok(())
}

fn drive_one(variants: &[Variant], arguments: &Arguments, drive: &[String]) -> Result<()> {
    let [name, in_flight] = drive else { anyhow::bail!("a variant and a number") };
    let variant = variants.iter().find(|variant| variant.name == name).context("no such variant")?;
    let mut peer = variant.start()?;
    peer.initialize()?;
    println!("process {}", peer.pid());
    let mut figures = Figures::default();
    for _ in 0..arguments.rounds {
        turn(&mut peer, &mut figures, arguments.calls, in_flight.parse()?)?;
    }
    table("driven", std::slice::from_ref(variant), &[figures]);
    peer.end()
}

/// A figure of one variant against the relay's, round by round.
fn ratio(figures: &[Figures], variant: usize, of: impl Fn(&Figures) -> &Vec<f64>) -> Vec<f64> {
    let floor = figures.get(RELAY).unwrap_or(&figures[variant]);
    of(&figures[variant]).iter().zip(of(floor)).map(|(value, floor)| value / floor).collect()
}

fn table(title: &str, variants: &[Variant], figures: &[Figures]) {
    println!("{title}: median of the rounds (least–most)");
    println!(
        "| {:8} | {:24} | {:13} | {:26} | {:>9} | {:>13} | {:>14} | {:>11} |",
        "", "p50 µs", "× relay", "p99 µs", "calls/s", "CPU µs a call", "waits a call", "resident MB"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (at, (variant, of)) in variants.iter().zip(figures).enumerate() {
        println!(
            "| {:8} | {:24} | {:13.2} | {:26} | {:>9.0} | {:>13.1} | {:>14.2} | {:>11.1} |",
            variant.name,
            shown(&of.p50, 1),
            median(&ratio(figures, at, |figures| &figures.p50)),
            shown(&of.p99, 1),
            median(&of.throughput),
            median(&of.processor),
            median(&of.waits),
            of.resident,
        );
    }
    println!();
}

fn start_table(variants: &[Variant], starts: &[Vec<f64>], idle: &[(f64, f64)]) {
    println!("| {:8} | {:24} | {:16} | {:13} |", "", "first answer ms", "idle resident MB", "of it private");
    println!("|---|---|---|---|");
    for ((variant, starts), (resident, private)) in variants.iter().zip(starts).zip(idle) {
        println!("| {:8} | {:24} | {resident:16.1} | {private:13.1} |", variant.name, shown(starts, 2));
    }
    println!();
}

/// Instructions of the process in front of the server, its user side only: many calls less few, so that
/// starting and ending are not counted.
fn instructions(variants: &[Variant], directory: &Path) -> Result<()> {
    const FEW: usize = 200;
    const MANY: usize = 1_200;
    println!("instructions a call, user side, one in flight (valgrind, whose processor hashes in software)");
    for variant in variants.iter().filter(|variant| variant.name != "direct") {
        let few = counted(variant, directory, FEW)?;
        let many = counted(variant, directory, MANY)?;
        println!("| {:8} | {:>9} |", variant.name, many.saturating_sub(few) / (MANY - FEW) as u64);
    }
    println!();
    Ok(())
}

fn counted(variant: &Variant, directory: &Path, calls: usize) -> Result<u64> {
    let file = directory.join("callgrind");
    let mut line: Vec<OsString> = ["valgrind", "--tool=callgrind", "--quiet"].map(OsString::from).into();
    line.push(format!("--callgrind-out-file={}", file.display()).into());
    line.extend_from_slice(&variant.command);
    let mut peer = Peer::start(&line, variant.message).context("is valgrind installed?")?;
    peer.initialize()?;
    peer.calls(calls, 1, &mut Vec::new())?;
    peer.end()?;
    let text = std::fs::read_to_string(&file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).context("callgrind said no total")
}

/// What the project has promised itself; every line is printed, met or not.
fn budgets(one: &[Figures], many: &[Figures], starts: &[Vec<f64>], idle: &[(f64, f64)]) -> bool {
    let p50 = |variant| median(&ratio(one, variant, |figures| &figures.p50));
    let throughput = |variant| median(&ratio(many, variant, |figures| &figures.throughput));
    let later: Vec<f64> =
        starts[FULL].iter().zip(&starts[DIRECT]).map(|(full, direct)| full - direct).collect();
    let lines = [
        ("p50 with policy, × relay", p50(POLICY), "at most", 1.3),
        ("p50 in full, × relay", p50(FULL), "at most", 1.6),
        ("calls/s with policy, × relay", throughput(POLICY), "at least", 0.5),
        ("calls/s in full, × relay", throughput(FULL), "at least", 0.5),
        ("first answer later than the server's, ms", median(&later), "at most", 20.0),
        ("idle memory in full, MB", idle[FULL].0, "at most", 15.0),
    ];
    let mut all = true;
    for (what, value, bound, budget) in lines {
        let met = if bound == "at most" { value <= budget } else { value >= budget };
        all &= met;
        println!("{} {what}: {value:.2}, {bound} {budget}", if met { "met   " } else { "MISSED" });
    }
    all
}
