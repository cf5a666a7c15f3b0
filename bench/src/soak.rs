//! Many sessions at once for a while, and then nothing may be left of them but the audit log.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use interlock_benches::cost;
use interlock_benches::policies;
use interlock_benches::spread::median;
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Client, Target};
use crate::messages::Era;
use crate::process::{Held, Listening, built};

/// How much of it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Plan {
    /// Sessions over HTTP at once; half of the clients are modern ones.
    #[arg(long, default_value_t = 950)]
    pub sessions: usize,
    /// Sessions besides, each with a child of its own.
    #[arg(long, default_value_t = 50)]
    pub children: usize,
    /// For how long calls are made.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// How long a client waits between two calls.
    #[arg(long, default_value_t = 1_000)]
    pub pause_ms: u64,
}

/// What was seen.
#[derive(Debug)]
pub struct Seen {
    /// Calls that were made and answered well.
    pub calls: u64,
    /// Resident memory in MB after the first third, and at the end.
    pub memory: (f64, f64),
    /// What the gateway held before and after.
    pub held: (Held, Held),
}

/// How long what is over may take to go.
const LEAVING: Duration = Duration::from_secs(150);
/// Of the memory after the warm-up: noise of the allocator, and what a leak of a few bytes a call would exceed.
const MOST_GROWTH: f64 = 1.05;
/// The least growth in MB that means something.
const NOISE: f64 = 4.0;

/// Does it, and fails where something failed, grew or was left.
///
/// # Errors
/// With what was not as it should be.
pub async fn run(plan: Plan) -> Result<Seen> {
    let server = Listening::start("interlock-bench-server", &[])?;
    let (site, serving) = serve(&server.address).await?;
    let pid = serving.pid();
    // What the first sessions leave ready for others stays.
    let mut calls = sessions(&serving, Plan { seconds: 0, ..plan }).await?.0;
    let before = settled(pid, None).await?;
    let (more, memory) = sessions(&serving, plan).await?;
    calls += more;
    let after = settled(pid, Some(before)).await?;
    let [early, late] = [memory.get(memory.len() / 3..memory.len() / 2), memory.get(memory.len() * 5 / 6..)];
    let memory = (median(early.unwrap_or_default()), median(late.unwrap_or_default()));
    let most = (memory.0 * MOST_GROWTH).max(memory.0 + NOISE);
    ensure!(memory.1 <= most, "resident memory grew from {:.1} to {:.1} MB", memory.0, memory.1);
    serving.stop().await?;
    audited(&site, calls).await?;
    counted(&site, calls).await?;
    Ok(Seen { calls, memory, held: (before, after) })
}

async fn serve(server: &str) -> Result<(Site, Serving)> {
    let child = json!({ "command": built("interlock-echo-server")? });
    let site = Site::new(&format!(
        "servers:\n  http: {{ url: 'http://{server}/mcp' }}\n  sse: {{ url: 'http://{server}/sse/mcp' }}\n  \
         child: {child}\ngrants:\n  soak: {{ servers: {{ http: policy.yaml, sse: policy.yaml, child: policy.yaml }} }}\n\
         anonymous: soak\n"
    ))?;
    site.write("policy.yaml", &policies::limited())?;
    let serving = site.serve(|command| command).await?;
    Ok((site, serving))
}

/// The sessions of a plan from their beginning to their end: the calls made, and resident memory meanwhile.
async fn sessions(serving: &Serving, plan: Plan) -> Result<(u64, Vec<f64>)> {
    let mut clients = Vec::new();
    for number in 0..plan.sessions {
        let server = if number % 4 < 2 { "http" } else { "sse" };
        let era = if number % 2 == 0 { Era::Legacy } else { Era::Modern };
        clients.push(connect(serving, server, era).await?);
    }
    for _ in 0..plan.children {
        clients.push(connect(serving, "child", Era::Legacy).await?);
    }
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let pause = Duration::from_millis(plan.pause_ms);
    let count = clients.len().max(1) as u32;
    let mut loops = JoinSet::new();
    for (number, client) in (0_u32..).zip(clients) {
        // Not all at the same moment.
        let first = pause * number / count;
        loops.spawn(calling(client, first, pause, until));
    }
    let mut memory = Vec::new();
    let mut calls = 0;
    let mut sample = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            ended = loops.join_next() => match ended {
                None => return Ok((calls, memory)),
                Some(made) => calls += made??,
            },
            _ = sample.tick(), if Instant::now() < until => memory.push(cost::resident(serving.pid())?.0),
        }
    }
}

async fn connect(serving: &Serving, server: &str, era: Era) -> Result<Client> {
    let target = Target { address: serving.address.clone(), path: format!("/mcp/{server}") };
    Client::connect(&target, era).await.with_context(|| format!("a {} session of `{server}`", era.name()))
}

async fn calling(mut client: Client, first: Duration, pause: Duration, until: Instant) -> Result<u64> {
    tokio::time::sleep(first).await;
    let mut calls = 0;
    loop {
        client.call().await?;
        calls += 1;
        if Instant::now() >= until {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    client.end().await?;
    Ok(calls)
}

/// Waits until the gateway holds no more than it held, or where nothing was held before, until that stands still.
async fn settled(pid: u32, before: Option<Held>) -> Result<Held> {
    let begun = Instant::now();
    let mut last = Held::by(pid)?;
    let mut same = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = Held::by(pid)?;
        match before {
            Some(before) => {
                let gone = now.files <= before.files && now.children == 0 && now.threads <= before.threads;
                if gone {
                    return Ok(now);
                }
            }
            None => {
                same = if now == last { same + 1 } else { 0 };
                if same >= 60 && now.children == 0 {
                    return Ok(now);
                }
            }
        }
        last = now;
        ensure!(begun.elapsed() < LEAVING, "the gateway still holds {now:?}; before it held {before:?}");
    }
}

/// One intent and one outcome for every call, and a log that is whole.
async fn audited(site: &Site, calls: u64) -> Result<()> {
    let data = site.path().join("data");
    let records = |kind: &'static str| {
        let data = data.clone();
        async move {
            let query = ["audit", "query", "--format", "json", "--kind", kind, "--data"];
            let lines = output(&query, &data).await?;
            let record = |line: &str| Ok(serde_json::from_str::<Value>(line)?["record"].take());
            lines.lines().map(record).collect::<Result<Vec<Value>>>()
        }
    };
    let intents = records("intent").await?;
    let outcomes = records("outcome").await?;
    ensure!(intents.len() as u64 == calls, "{} intents of {calls} calls", intents.len());
    let mut of_intent: BTreeMap<u64, u64> =
        intents.iter().filter_map(|intent| intent["seq"].as_u64()).map(|number| (number, 0)).collect();
    for outcome in &outcomes {
        let call = outcome["call"].as_u64().context("an outcome of no call")?;
        *of_intent.get_mut(&call).with_context(|| format!("an outcome without intent: {outcome}"))? += 1;
    }
    let odd: Vec<_> = of_intent.iter().filter(|(_, outcomes)| **outcomes != 1).take(5).collect();
    ensure!(odd.is_empty(), "intents without exactly one outcome: {odd:?}");
    output(&["audit", "verify", "--data"], &data).await.map(|_| ())
}

/// Every call was counted once, and nothing is reserved any more.
async fn counted(site: &Site, calls: u64) -> Result<()> {
    let text = output(&["counters", "list", "--format", "json", "--data"], &site.path().join("data")).await?;
    let listed: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    let counters = listed["counters"].as_array().or(listed.as_array()).context("no counters")?;
    let held: Vec<_> = counters.iter().filter(|counter| !is_nothing(&counter["reserved"])).collect();
    ensure!(held.is_empty(), "reservations are left: {held:?}");
    ensure!(!counters.is_empty(), "nothing was counted for {calls} calls");
    Ok(())
}

fn is_nothing(amount: &Value) -> bool {
    amount.is_null() || amount == "0" || amount == 0
}

async fn output(arguments: &[&str], data: &std::path::Path) -> Result<String> {
    let command = interlock_testkit::command::Command::new(interlock_testkit::binaries::interlock()?);
    let output = command.args(arguments).arg(data).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`interlock {}`: {said}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}
