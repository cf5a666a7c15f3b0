//! Many calls that wait at one gateway: they cost no thread and little memory, are listed at once, and each expires in its
//! time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interlock_audit::parse_ms;
use interlock_store::{Approvals as _, Embedded, Options, Standing, Which};
use interlock_testkit::http::{Request, Stream};
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use interlock_testkit::serving::{Serving, Site};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::desk::{People, asks, verdict};
use crate::scene::{entry, modern, records, with_token};
use crate::served::state_of;

/// How many wait, and how.
#[derive(Debug, Clone, Copy)]
struct Crowd {
    /// Modern callers who are sent to come again and do not.
    sent_away: usize,
    /// Callers whose connections stay open.
    held: usize,
    /// How long their questions stand.
    seconds: u64,
}

/// Callers who ask at the same time: each is held for a second before it is sent away.
const AT_ONCE: usize = 400;
/// What waits when the first look is taken at what that costs.
const FEW: usize = 10;
/// How late an expiry may be noted on a busy machine.
const LATE: i64 = 5_000;
/// What a call may cost whose connection stays open, bytes of memory, in a build for tests.
const OF_HELD: u64 = 96 << 10;
/// The same of one that is only remembered.
const OF_SENT_AWAY: u64 = 8 << 10;
/// What the gateway's memory may grow by, whatever waits.
const AT_ALL: u64 = 32 << 20;
/// Threads that may come and go, whatever waits.
const SPARE_THREADS: usize = 4;

struct Hall {
    crowd: Crowd,
    site: Site,
    serving: Serving,
    server: RecordingServer,
    people: People,
    token: String,
}

/// What a process uses.
#[derive(Debug, Clone, Copy)]
struct Usage {
    threads: usize,
    memory: u64,
}

impl Hall {
    async fn open(crowd: Crowd) -> Result<Self> {
        let server = RecordingServer::new(&Script::with_tools(&["look", "pay"]))?;
        let site = Site::new(&format!(
            "servers:\n{}grants:\n  away: {{ servers: {{ recording: away.yaml }} }}\n  held: {{ servers: {{ recording: \
             held.yaml }} }}\nanonymous: away\n",
            entry("recording", &server.command()?)?
        ))?;
        let timeout = format!("timeout: {}s", crowd.seconds);
        site.write("away.yaml", &asks(&format!("hold: 1s, {timeout}")))?;
        site.write("held.yaml", &asks(&format!("hold: 1h, {timeout}")))?;
        let serving = site.serve(|command| command).await?;
        let token = site.token("held").await?;
        let people = People { data: site.path().join("data") };
        Ok(Self { crowd, site, serving, server, people, token })
    }

    /// A call like no other.
    fn pay(&self, number: usize) -> Request {
        let arguments = json!({ "amount": number, "to": "acme" });
        let params = json!({ "name": "pay", "arguments": arguments });
        modern(&self.serving.address, number as u64, "tools/call", &params)
    }

    /// These calls are made, and their callers told to come again.
    async fn are_sent_away(&self, numbers: std::ops::Range<usize>) -> Result<()> {
        let mut asking = JoinSet::new();
        for number in numbers {
            if asking.len() >= AT_ONCE {
                state_of(&asking.join_next().await.context("nobody asks")???)?;
            }
            let (request, address) = (self.pay(number), self.serving.address.clone());
            asking.spawn(async move { request.send(&address).await?.answer() });
        }
        while let Some(answer) = asking.join_next().await {
            state_of(&answer??)?;
        }
        Ok(())
    }

    async fn are_held(&self, numbers: std::ops::Range<usize>) -> Result<Vec<Stream>> {
        let mut held = Vec::new();
        for number in numbers {
            let request = with_token(self.pay(number), Some(&self.token));
            held.push(request.open(&self.serving.address).await?);
        }
        Ok(held)
    }

    /// Waits until so many wait.
    async fn wait(&self, count: usize) -> Result<()> {
        let store = Embedded::open(&self.people.data, Options::default())?;
        let deadline = Instant::now() + Duration::from_secs(self.crowd.seconds);
        loop {
            let (mut waiting, mut before) = (0, None);
            loop {
                let which =
                    Which { standing: Some(Standing::Waiting), before, bare: true, ..Which::default() };
                let page = store.approvals(which, 500).await?;
                let Some(last) = page.last() else { break };
                before = Some(last.change);
                waiting += page.len();
            }
            if waiting == count {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{waiting} of {count} wait");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn usage(&self) -> Result<Usage> {
        let process = format!("/proc/{}", self.serving.pid());
        let status = std::fs::read_to_string(format!("{process}/status"))?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = memory.split_whitespace().next().context("no number")?.parse()?;
        Ok(Usage { threads: std::fs::read_dir(format!("{process}/task"))?.count(), memory: kilobytes << 10 })
    }

    /// How long `interlock approvals list` takes, at best.
    async fn listed(&self) -> Result<Duration> {
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let since = Instant::now();
            let output = self.site.command(&["approvals", "list", "--limit", "10"])?.output().await?;
            best = best.min(since.elapsed());
            let text = String::from_utf8(output.stdout)?;
            ensure!(output.status.success() && text.lines().count() == 1 + FEW, "{text}");
        }
        Ok(best)
    }

    /// Waits until so many expiries are noted.
    async fn expire(&self, count: usize) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(self.crowd.seconds + 20);
        let admin = &self.serving.admin;
        let expected = format!("interlock_approvals_total{{step=\"expired\"}} {count}");
        loop {
            let metrics = Request::new(admin, "GET", "/metrics").send(admin).await?.body;
            if metrics.lines().any(|line| line == expected) {
                return Ok(());
            }
            let found = metrics.lines().find(|line| line.contains("step=\"expired\""));
            ensure!(Instant::now() < deadline, "{count} are expected: {found:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The records of questions, once so many have expired in them: the last are written after they are counted.
    async fn recorded(&self, count: usize) -> Result<Vec<Value>> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let records = records(self.site.path(), "approval").await?;
            let expired = records.iter().filter(|record| record["details"]["step"] == "expired").count();
            if expired >= count || Instant::now() > deadline {
                return Ok(records);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// That each question was asked, and expired, once; gives how late that was noted at most, milliseconds.
    async fn lateness(&self, count: usize) -> Result<i64> {
        let mut times: BTreeMap<String, [Option<i64>; 2]> = BTreeMap::new();
        for record in self.recorded(count).await? {
            let details = &record["details"];
            let (id, step) = (text(&details["approval"])?, text(&details["step"])?);
            let place = match step.as_str() {
                "asked" => 0,
                "expired" => 1,
                other => anyhow::bail!("{id} was {other}"),
            };
            let time = parse_ms(&text(&record["time"])?).context("no time")?;
            let before = times.entry(id.clone()).or_default()[place].replace(time);
            ensure!(before.is_none(), "{id} was {step} twice");
        }
        assert_eq!(times.len(), count);
        let stood = i64::try_from(self.crowd.seconds)? * 1_000;
        let late = times.values().map(|[asked, expired]| Some((*expired)? - (*asked)? - stood));
        let late = late.collect::<Option<Vec<i64>>>().context("one has not expired")?;
        // What is noted of asking is noted a little later than the question has it.
        ensure!(late.iter().all(|late| *late > -1_000), "{:?} ms early", late.iter().min());
        late.into_iter().max().context("nobody waited")
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| value.to_string())?.to_owned())
}

async fn wait_and_expire(crowd: Crowd) -> Result<()> {
    let Crowd { sent_away, held, .. } = crowd;
    let hall = Hall::open(crowd).await?;
    let since = Instant::now();
    hall.are_sent_away(0..FEW).await?;
    let (few, listed_few) = (hall.usage()?, hall.listed().await?);
    hall.are_sent_away(FEW..sent_away).await?;
    let away = hall.usage()?;
    let mut streams = hall.are_held(sent_away..sent_away + held).await?;
    let all = sent_away + held;
    hall.wait(all).await?;
    let (many, listed_many) = (hall.usage()?, hall.listed().await?);
    eprintln!(
        "{crowd:?} waits after {:?}; with {FEW}: {few:?}, listed in {listed_few:?}; with those sent away: \
         {away:?}; with all: {many:?}, \
         listed in {listed_many:?}",
        since.elapsed()
    );
    ensure!(many.threads <= few.threads + SPARE_THREADS, "{few:?} became {many:?}");
    let may = AT_ALL + OF_SENT_AWAY * sent_away as u64 + OF_HELD * held as u64;
    ensure!(many.memory.saturating_sub(few.memory) < may, "{few:?} became {many:?}");

    hall.expire(all).await?;
    let late = hall.lateness(all).await?;
    eprintln!("the last expiry is noted {late} ms late");
    ensure!(late < LATE, "{late} ms late");
    for stream in &mut streams {
        stream.until("nobody decided in time").await?;
    }
    ensure!(hall.server.calls()?.is_empty());
    // After all of them one is approved, and made.
    let state = state_of(&hall.pay(all).send(&hall.serving.address).await?.answer()?)?;
    hall.people.approve(&hall.people.asked(1).await?.question.id).await?;
    let again =
        hall.pay(all).replacing(r#""name":"pay""#, &format!(r#""name":"pay","requestState":"{state}""#));
    assert_eq!(verdict(&again.send(&hall.serving.address).await?.answer()?)?.0, "done");
    assert_eq!(hall.server.calls()?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_wait_at_little_cost() -> Result<()> {
    wait_and_expire(Crowd { sent_away: 800, held: 200, seconds: 10 }).await
}

/// It takes minutes, most of which it waits; it shows its figures with `--no-capture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_wait_as_may_at_little_cost() -> Result<()> {
    wait_and_expire(Crowd { sent_away: 10_000, held: 1_000, seconds: 150 }).await
}
