//! `kill -9` at any moment: the limit holds over all processes, and the log is whole again afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::command::runs;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

const ROUNDS: usize = 40;
const LIMIT: usize = 20;
const CALLS: usize = 30;

/// Each round has a tool, and so a limit, of its own.
const POLICY: &str = "version: \"1\"\ndefault: allow\ntools:\n  \"*\": { limits: [{ counter: c, window: hour, max: 20, scope: tool }] }\n";

/// A number for a moment: different each time, printed when a test fails.
struct Chance(u64);

impl Chance {
    fn new() -> Result<Self> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let seed = u64::from(since.subsec_nanos()) | 1;
        println!("seed {seed}");
        Ok(Self(seed))
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn kill(client: &ScriptedClient) -> Result<()> {
    let leader = Pid::from_raw(client.group().leader()).context("a process id")?;
    Ok(rustix::process::kill_process(leader, Signal::KILL)?)
}

async fn send_calls(client: &mut ScriptedClient, tool: &str) -> Result<()> {
    for _ in 0..CALLS {
        // The pipe of a process that was killed is closed: the rest of its calls are not made.
        if client.request("tools/call", json!({ "name": tool, "arguments": {} })).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// One process is killed under load while another goes on; then a third one tries again.
async fn round(
    interlock: &Interlock,
    server: &RecordingServer,
    tool: &str,
    chance: &mut Chance,
) -> Result<()> {
    let command = interlock.before(&server.command()?)?;
    let mut victim = ScriptedClient::spawn(&command)?;
    let mut other = ScriptedClient::spawn(&command)?;
    send_calls(&mut victim, tool).await?;
    send_calls(&mut other, tool).await?;
    match chance.below(3) {
        // At a moment of the clock, from before it has started to after it has done everything.
        0 | 1 => {
            let moment = Instant::now() + Duration::from_micros(chance.below(120_000));
            while Instant::now() < moment {
                tokio::task::yield_now().await;
            }
        }
        // After so many answers: between two calls, or inside the next one.
        _ => {
            for _ in 0..=chance.below(CALLS as u64 - 1) {
                victim.wait_for_line("an answer", |_| true).await?;
            }
        }
    }
    kill(&victim)?;
    victim.wait().await?;
    ensure!(other.finish().await?.success(), "{}", other.stderr());
    let mut again = ScriptedClient::spawn(&command)?;
    send_calls(&mut again, tool).await?;
    ensure!(again.finish().await?.success(), "{}", again.stderr());
    for client in [&mut other, &mut again] {
        // Every call that was sent was answered, one way or the other.
        let answers = client.unclaimed();
        ensure!(answers.len() == CALLS, "{answers:#?}; standard error: {}", client.stderr());
        let told = answers
            .iter()
            .all(|answer| answer.contains("\"tool\":") || answer.contains("calls per hour reached"));
        ensure!(told, "{answers:#?}; standard error: {}", client.stderr());
    }
    // The servers of the killed process go when their input ends.
    let gone = |server: &RecordingServer| Ok(server.pids()?.iter().all(|pid| !runs(*pid)));
    server.wait_until("all servers to go", Duration::from_secs(20), gone).await
}

/// The number of outcomes of every intent, by instance and number.
fn outcomes_of_intents(intents: &[Value], outcomes: &[Value]) -> BTreeMap<(String, u64), Vec<String>> {
    let key = |record: &Value, number: &str| {
        (
            record["instance"].as_str().unwrap_or_default().to_owned(),
            record[number].as_u64().unwrap_or_default(),
        )
    };
    let mut all: BTreeMap<_, Vec<String>> =
        intents.iter().map(|intent| (key(intent, "seq"), Vec::new())).collect();
    for outcome in outcomes {
        let status = outcome["status"].as_str().unwrap_or_default().to_owned();
        all.entry(key(outcome, "call")).or_default().push(status);
    }
    all
}

/// The instances that have a record of this kind.
async fn instances(interlock: &Interlock, kind: &str) -> Result<BTreeSet<String>> {
    let records = interlock.records_of(kind).await?;
    Ok(records.iter().map(|record| record["instance"].as_str().unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn at_random_moments_under_load() -> Result<()> {
    let tools: Vec<String> = (0..ROUNDS).map(|round| format!("tool_{round}")).collect();
    let names: Vec<&str> = tools.iter().map(String::as_str).collect();
    let interlock = Interlock::with_policy(POLICY)?.server("one");
    let server = RecordingServer::new(&Script::with_tools(&names))?;
    let mut chance = Chance::new()?;
    for tool in &tools {
        round(&interlock, &server, tool, &mut chance).await.with_context(|| tool.clone())?;
        let arrived = server.calls()?.iter().filter(|(name, _)| name == tool).count();
        assert!(arrived <= LIMIT, "{arrived} calls of {tool} got through");
    }
    // What was reserved when its process was killed counts, forwarded or not; most of it was.
    let all = server.calls()?.len();
    assert!(all > ROUNDS * LIMIT / 2, "{all} calls got through");

    // The next start completes what the killed ones left.
    let mut last = interlock.connect(&server.command()?)?;
    last.initialize("2025-11-25").await?;
    let deadline = Instant::now() + Duration::from_secs(30);
    let ends = loop {
        let intents = interlock.records_of("intent").await?;
        let ends = outcomes_of_intents(&intents, &interlock.records_of("outcome").await?);
        let running = &instances(&interlock, "start").await? - &instances(&interlock, "stop").await?;
        // All but the one that runs.
        if ends.values().all(|statuses| statuses.len() == 1) && running.len() == 1 {
            break ends;
        }
        let open = ends.iter().filter(|(_, statuses)| statuses.len() != 1).collect::<Vec<_>>();
        ensure!(Instant::now() < deadline, "not stopped: {running:?}; {open:#?}");
    };
    last.finish().await?;
    let (verified, words) = interlock.verify().await?;
    assert!(verified, "{words}");
    let statuses: BTreeSet<&String> = ends.values().flatten().collect();
    println!("{statuses:?}, {} calls", ends.len());
    // Everything that arrived has its intent: no call was made before it was recorded.
    assert!(ends.len() >= server.calls()?.len(), "{} intents, {} calls", ends.len(), server.calls()?.len());
    Ok(())
}

/// A call that is with the server when its gateway is killed: its end is unknown, and it counts.
#[tokio::test]
async fn with_a_call_under_way() -> Result<()> {
    use interlock_testkit::script::Step;
    let policy = "version: \"1\"\ndefault: allow\ntools:\n  slow: { rules: [{ rate_limit: 1/hour }] }\n";
    let interlock = Interlock::with_policy(policy)?.server("one");
    let script = Script::with_tools(&["slow"])
        .on("tools/call:slow", [Step::AwaitLine { contains: "this never comes".to_owned() }]);
    let server = RecordingServer::new(&script)?;
    let mut client = interlock.connect(&server.command()?)?;
    client.initialize("2025-11-25").await?;
    client.request("tools/call", json!({ "name": "slow" })).await?;
    let arrived = |server: &RecordingServer| Ok(server.calls()?.len() == 1);
    server.wait_until("the call", Duration::from_secs(20), arrived).await?;
    kill(&client)?;
    client.wait().await?;
    // Until a next start has completed it nobody can say that this is all there was.
    let (verified, words) = interlock.verify().await?;
    assert!(!verified && words.contains("has not been recovered yet"), "{words}");

    let mut again = interlock.connect(&server.command()?)?;
    again.initialize("2025-11-25").await?;
    let denied = again.call("slow", json!({})).await?;
    assert_eq!(denied["result"]["isError"], true, "{denied}");
    let unknown = |found: &[Value]| !found.is_empty();
    let outcomes = interlock.wait_for_records("outcome", Duration::from_secs(20), unknown).await?;
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert_eq!(outcomes[0]["status"], "unknown", "{outcomes:#?}");
    assert_eq!(server.calls()?.len(), 1);
    assert!(again.finish().await?.success());
    let (verified, words) = interlock.verify().await?;
    assert!(verified, "{words}");
    Ok(())
}

/// A last record that was cut off is marked, and never silently dropped.
#[tokio::test]
async fn with_a_record_half_written() -> Result<()> {
    let interlock = Interlock::with_policy("version: \"1\"\ndefault: allow\n")?.server("one");
    let server = RecordingServer::new(&Script::default())?;
    let mut client = interlock.connect(&server.command()?)?;
    client.initialize("2025-11-25").await?;
    client.call("echo", json!({})).await?;
    let instance =
        interlock.records_of("start").await?[0]["instance"].as_str().context("an instance")?.to_owned();
    kill(&client)?;
    client.wait().await?;
    let mut segments: Vec<_> = std::fs::read_dir(interlock.data().join("audit").join(&instance))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.metadata().is_ok_and(|metadata| metadata.len() > 0))
        .collect();
    segments.sort();
    let last = segments.last().context("a segment")?;
    let bytes = std::fs::read(last)?;
    std::fs::write(last, &bytes[..bytes.len() - 7])?;

    let mut again = interlock.connect(&server.command()?)?;
    again.initialize("2025-11-25").await?;
    let marked = |found: &[Value]| !found.is_empty();
    interlock.wait_for_records("torn", Duration::from_secs(20), marked).await?;
    assert!(again.finish().await?.success());
    let (verified, words) = interlock.verify().await?;
    assert!(verified, "{words}");
    let outcomes = interlock.records(&["--kind", "outcome", "--instance", &instance]).await?;
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert_eq!(outcomes[0]["status"], "unknown", "the record of its end was the torn one");
    Ok(())
}

/// The wrapped server of a process that was killed goes with the end of its input.
#[tokio::test]
async fn leaves_no_server_behind() -> Result<()> {
    let interlock = Interlock::with_policy("version: \"1\"\ndefault: allow\n")?;
    let server = RecordingServer::new(&Script::default())?;
    let mut client = interlock.connect(&server.command()?)?;
    client.initialize("2025-11-25").await?;
    kill(&client)?;
    client.wait().await?;
    let gone = |server: &RecordingServer| Ok(server.pids()?.iter().all(|pid| !runs(*pid)));
    server.wait_until("the server's end", Duration::from_secs(20), gone).await
}
