//! Several processes on one ledger, killed ones, and a full disk: this test binary starts itself again as the
//! other processes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: to fail is its way to say so, and its processes talk over their output"
)]

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use interlock_json::Decimal;
use interlock_store::{
    Align, Approvals, Asked, Asker, Bound, CounterRef, Counters, Embedded, Need, Opinion, Options, Patience,
    Question, Refund, ReserveAnswer, ReserveRequest, StoreError, Taken, Told, Window,
};

const ROLE: &str = "STORE_TEST_ROLE";
const DIRECTORY: &str = "STORE_TEST_DIRECTORY";

fn counter(key: &str) -> CounterRef {
    CounterRef { key: key.to_owned(), window: Window::Day, align: Align::Sliding }
}

fn request(key: &str, max: u64) -> ReserveRequest {
    let need = Need {
        counter: counter(key),
        amount: Decimal::ONE,
        bound: Bound::AtMost(Decimal::from(max)),
        label: String::new(),
        shadow: false,
        refund: Refund::Never,
        pays: false,
    };
    ReserveRequest { needs: vec![need], ..ReserveRequest::default() }
}

async fn passes(store: &Embedded, key: &str, max: u64) -> Result<bool, StoreError> {
    Ok(matches!(store.reserve(request(key, max)).await?, ReserveAnswer::Reserved(_)))
}

/// What another process does; nothing when this is no other process.
#[test]
fn other_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let store = Embedded::open(Path::new(&directory), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    say("open");
    match role.as_str() {
        "callers" => runtime.block_on(fifty_callers_each_round(&store)),
        "forever" => runtime.block_on(until_exhausted(&store)),
        "takers" => runtime.block_on(ten_takers_each_round(&store)),
        "expirers" => runtime.block_on(until_nothing_expires(&store)),
        "fill" => runtime.block_on(until_it_fails(&store)),
        role => panic!("{role}?"),
    }
}

fn say(what: impl std::fmt::Display) {
    println!("@{what}");
    std::io::stdout().flush().unwrap();
}

/// For each line that comes in, a round on the counter that it names.
async fn fifty_callers_each_round(store: &Embedded) {
    for key in std::io::stdin().lines() {
        let key = key.unwrap();
        let callers = (0..50).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { passes(&store, &key, 50).await.unwrap() })
        });
        let mut passed = 0;
        for caller in callers.collect::<Vec<_>>() {
            passed += u32::from(caller.await.unwrap());
        }
        say(passed);
    }
}

/// Says of each call that it was let through, as late as a gateway would forward it.
async fn until_exhausted(store: &Embedded) {
    while passes(store, "killed", LIMIT).await.unwrap() {
        say("forwarded");
    }
    say("exhausted");
}

fn asker() -> Asker {
    Asker { grant: "agent".to_owned(), instance: "instance".to_owned(), session: None }
}

/// For each line that comes in, a round for the approval that it names.
async fn ten_takers_each_round(store: &Embedded) {
    for id in std::io::stdin().lines() {
        let id = id.unwrap();
        let takers = (0..10).map(|_| {
            let (store, id) = (store.clone(), id.clone());
            tokio::spawn(async move { store.take(&id, [0; 32], &asker()).await.unwrap() })
        });
        let mut taken = 0;
        for taker in takers.collect::<Vec<_>>() {
            taken += u32::from(matches!(taker.await.unwrap(), Taken::Taken(_)));
        }
        say(taken);
    }
}

/// For each line that comes in, all that it is given of what has expired.
async fn until_nothing_expires(store: &Embedded) {
    for _ in std::io::stdin().lines() {
        loop {
            let expired = store.expire().await.unwrap();
            if expired.is_empty() {
                break;
            }
            expired.iter().for_each(|approval| say(&approval.question.id));
        }
        say("all");
    }
}

/// Opens counters until the disk is full.
async fn until_it_fails(store: &Embedded) {
    for index in 0.. {
        match passes(store, &format!("{index} {}", "x".repeat(800)), 1).await {
            Ok(passed) => assert!(passed),
            Err(error) => {
                say(index);
                say(format!("{error:?}"));
                return;
            }
        }
    }
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(role: &str, directory: &Path) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()).args(ARGUMENTS), role, directory)
    }

    fn run(command: &mut Command, role: &str, directory: &Path) -> Self {
        let command = command.env(ROLE, role).env(DIRECTORY, directory);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
    }

    /// The next thing that it says; `None` at its end.
    fn hear(&mut self) -> Option<String> {
        // The test harness writes before it, on the same line, that the test has begun.
        self.output.by_ref().map(Result::unwrap).find_map(|line| Some(line.split_once('@')?.1.to_owned()))
    }

    fn end(mut self) {
        self.input = None;
        while self.hear().is_some() {}
        assert!(self.child.wait().unwrap().success());
    }
}

const ARGUMENTS: [&str; 4] = ["--exact", "other_process", "--nocapture", "--test-threads=1"];
/// What killed processes may let through together.
const LIMIT: u64 = 3_000;

/// 200 parallel callers in four processes against a limit of 50: exactly 50 get through, in each of 20 rounds.
#[test]
fn callers_in_four_processes_share_one_limit() {
    let directory = tempfile::tempdir().unwrap();
    // Started at once on a directory that holds nothing, so they also race to lay the ledger out.
    let mut processes: Vec<Process> = (0..4).map(|_| Process::start("callers", directory.path())).collect();
    for process in &mut processes {
        assert_eq!(process.hear().as_deref(), Some("open"));
    }
    for round in 0..20 {
        for process in &mut processes {
            process.tell(&format!("round {round}"));
        }
        let passed: u32 =
            processes.iter_mut().map(|process| process.hear().unwrap().parse::<u32>().unwrap()).sum();
        assert_eq!(passed, 50, "in round {round}");
    }
    processes.into_iter().for_each(Process::end);
}

/// Processes that are killed at any moment: what they let through was counted, and never exceeds the limit.
#[test]
fn killed_processes_never_let_more_through_than_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let mut forwarded = 0_u64;
    let mut killed = 0;
    for life in 0_u64.. {
        let mut two = [0, 1].map(|_| Process::start("forever", directory.path()));
        // A different number of calls each time, so that the kill hits different moments.
        let calls = (life * 7_919) % 173;
        let mut exhausted = false;
        for _ in 0..calls {
            match two[0].hear().as_deref() {
                Some("forwarded") => forwarded += 1,
                Some("open") => {}
                _ => exhausted = true,
            }
        }
        for process in &mut two {
            process.child.kill().unwrap();
            killed += 1;
        }
        for mut process in two {
            while let Some(said) = process.hear() {
                forwarded += u64::from(said == "forwarded");
                exhausted |= said == "exhausted";
            }
            process.child.wait().unwrap();
        }
        if exhausted {
            break;
        }
    }
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let counted = runtime.block_on(store.read(vec![counter("killed")])).unwrap()[0];
    assert!(killed > 2, "several were killed on the way");
    assert_eq!(counted, Decimal::from(LIMIT));
    assert!(forwarded <= LIMIT, "{forwarded} went through");
    // Each death may take with it the calls of two threads that were counted and not yet forwarded.
    assert!(forwarded + 2 * killed >= LIMIT, "only {forwarded} went through, {killed} were killed");
}

/// Limits the size of files in place of a disk that is full; either way the write fails.
#[test]
fn a_full_disk_denies_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    // Blocks of 512 bytes. The signal would end the process before the write fails.
    let script = "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).args(ARGUMENTS);
    let mut process = Process::run(&mut command, "fill", directory.path());
    assert_eq!(process.hear().as_deref(), Some("open"));
    let counted: usize = process.hear().unwrap().parse().unwrap();
    assert!(counted > 50, "{counted} fitted");
    let error = process.hear().unwrap();
    assert!(error.starts_with("Failed") || error.starts_with("Full"), "{error}");
    process.end();

    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let all = (0..counted).map(|index| counter(&format!("{index} {}", "x".repeat(800)))).collect();
    let held = runtime.block_on(store.read(all)).unwrap();
    assert!(held.iter().all(|value| *value == Decimal::ONE), "what was answered is kept");
    assert!(runtime.block_on(passes(&store, "another", 1)).unwrap(), "with space again it goes on");
}

fn ask(store: &Embedded, runtime: &tokio::runtime::Runtime, id: &str, digest: [u8; 32], timeout_ms: u64) {
    let question = Question {
        id: id.to_owned(),
        digest,
        judged_by: digest,
        asker: asker(),
        server: "server".to_owned(),
        section: "tools".to_owned(),
        name: "tool".to_owned(),
        approvers: Vec::new(),
        needed: 1,
        details: "{}".to_owned(),
        announce_to: Vec::new(),
    };
    let patience = Patience { timeout_ms, dedupe_ms: 0, most: u64::MAX, most_bytes: u64::MAX };
    let asked = runtime.block_on(store.ask(question, patience)).unwrap();
    assert!(matches!(asked, Asked::New(_)), "{asked:?}");
}

fn started(role: &str, directory: &Path) -> Vec<Process> {
    let mut processes: Vec<Process> = (0..4).map(|_| Process::start(role, directory)).collect();
    for process in &mut processes {
        assert_eq!(process.hear().as_deref(), Some("open"));
    }
    processes
}

/// 40 parallel takers in four processes: exactly one gets each approval, in each of 50 rounds.
#[test]
fn an_approval_is_taken_by_one_of_many_processes() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut processes = started("takers", directory.path());
    for round in 0..50 {
        let id = format!("approval {round}");
        ask(&store, &runtime, &id, [0; 32], 3_600_000);
        let yes = Opinion { by: "user:alice".to_owned(), approves: true, reason: None, at_ms: 0 };
        assert!(matches!(runtime.block_on(store.tell(&id, yes)).unwrap(), Told::Counted(_)));
        for process in &mut processes {
            process.tell(&id);
        }
        let taken: u32 =
            processes.iter_mut().map(|process| process.hear().unwrap().parse::<u32>().unwrap()).sum();
        assert_eq!(taken, 1, "in round {round}");
    }
    processes.into_iter().for_each(Process::end);
}

/// Four processes that look for what has expired: each question is given to one of them, once.
#[test]
fn what_expired_is_given_to_one_of_many_processes() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut expected = Vec::new();
    for number in 0_u16..2_000 {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        expected.push(format!("{number:05}"));
        ask(&store, &runtime, &expected[usize::from(number)], digest, 0);
    }
    let mut processes = started("expirers", directory.path());
    for process in &mut processes {
        process.tell("now");
    }
    let mut given = Vec::new();
    for process in &mut processes {
        given.extend(std::iter::from_fn(|| process.hear().filter(|said| said != "all")));
    }
    given.sort();
    assert_eq!(given, expected);
    processes.into_iter().for_each(Process::end);
}
