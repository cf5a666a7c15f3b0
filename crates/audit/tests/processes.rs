//! Several processes, killed ones and a full disk: this test binary starts itself again as the writer.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: to fail is its way to say so"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use interlock_audit::{
    ChainState, Durability, Entry, Filter, InstanceId, Intent, Lifecycle, LifecycleKind, Log, Options,
    Outcome, Refusal, RefusalCategory, Seq, Status, Verdict, append_shared, query, recover, verify,
};

const T0: i64 = 1_763_690_000_000;
const ROLE: &str = "AUDIT_TEST_ROLE";
const DATA: &str = "AUDIT_TEST_DATA";

/// This test alone, again, in a process of its own with a role.
fn writer(test: &str, role: &str, data: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(DATA, data).stdout(Stdio::piped());
    command
}

/// The role and data directory, in a process that [`writer`] started.
fn role() -> Option<(String, std::path::PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(DATA)?.into()))
}

fn open(data: &Path) -> Log {
    let options = Options { segment_bytes: 50_000, durability: Durability::Process, ..Options::default() };
    Log::open(data, &InstanceId::generate(T0).unwrap(), options).unwrap()
}

fn call(log: &Log, now_ms: i64) -> Seq {
    let mut intent = Intent::default();
    intent.ruling.verdict = Verdict::Proceed;
    intent.identity.grant = Some("alice");
    log.append(now_ms, &Entry::Intent(intent)).unwrap()
}

/// Waits until the child has said that it wrote `count` records, and returns the last number it said.
fn wait_for(child: &mut Child, count: u64) -> u64 {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let numbers =
        lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("wrote ")?.parse::<u64>().ok());
    numbers.into_iter().find(|n| *n >= count).unwrap()
}

#[test]
fn a_killed_writer_loses_nothing_it_was_told_is_written() {
    if let Some((_, data)) = role() {
        let log = open(&data);
        for i in 0.. {
            let seq = call(&log, T0 + i);
            println!("wrote {seq}");
            if i % 3 != 0 {
                log.append(T0 + i, &Entry::Outcome(Outcome::new(seq, Status::Ok))).unwrap();
            }
        }
    }
    let data = tempfile::tempdir().unwrap();
    for (round, count) in [1, 10, 333, 1500].into_iter().enumerate() {
        let mut child = writer("a_killed_writer_loses_nothing_it_was_told_is_written", "write", data.path())
            .spawn()
            .unwrap();
        let told = wait_for(&mut child, count);
        child.kill().unwrap();
        child.wait().unwrap();
        let recovery = recover(data.path(), T0 + 1_000_000).unwrap();
        assert_eq!((recovery.recovered.len(), recovery.failed.len()), (1, 0));
        let report = verify(data.path(), &[]).unwrap();
        assert!(report.is_good(), "{:?}", report.first_problem());
        assert_eq!(report.chains.len(), round + 1);
        let chain = report.chains.iter().find(|c| c.instance == recovery.recovered[0].instance).unwrap();
        assert_eq!((chain.state, chain.open_calls), (ChainState::Crashed, 0));
        assert!(chain.records > told, "{} records, told of {told}", chain.records);
    }
}

#[test]
fn processes_share_a_data_directory() {
    if let Some((_, data)) = role() {
        let log = open(&data);
        for i in 0..200 {
            let seq = call(&log, T0 + i);
            log.append(T0 + i, &Entry::Outcome(Outcome::new(seq, Status::Ok))).unwrap();
            if i % 50 == 0 {
                let read = Entry::Lifecycle(Lifecycle::new(LifecycleKind::Read));
                append_shared(&data, T0 + i, &read).unwrap();
                assert!(recover(&data, T0).unwrap().recovered.is_empty());
            }
        }
        log.stop(T0 + 200, "done").unwrap();
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let start = || writer("processes_share_a_data_directory", "write", data.path()).spawn().unwrap();
    let children: Vec<Child> = (0..6).map(|_| start()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    let records: Vec<u64> = report.chains.iter().map(|chain| chain.records).collect();
    assert_eq!(records, [401, 401, 401, 401, 401, 401, 24]);
    let merged: Vec<i64> =
        query(data.path(), Filter::default()).unwrap().map(|r| r.unwrap().time_ms()).collect();
    assert_eq!(merged.len(), 6 * 401 + 24);
    assert!(merged.is_sorted());
}

/// The file size limit stands for a disk that is full and has space again: writes fail with `EFBIG`, short at
/// first, until the limit is raised.
#[test]
fn a_full_disk_denies_and_loses_nothing_written() {
    const NAME: &str = "a_full_disk_denies_and_loses_nothing_written";
    if let Some((_, data)) = role() {
        return fill_the_disk(&data);
    }
    let data = tempfile::tempdir().unwrap();
    let exe = std::env::current_exe().unwrap();
    // A shell ignores the signal that would end the process at its limit; the writer inherits that.
    let script = format!("trap '' XFSZ; exec \"$0\" {NAME} --exact --nocapture --test-threads=1");
    let output =
        Command::new("sh").args(["-c", &script]).arg(exe).env(ROLE, "fill").env(DATA, data.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    assert_eq!(report.chains[0].state, ChainState::Finished);
}

fn fill_the_disk(data: &Path) {
    let log = Log::open(data, &InstanceId::generate(T0).unwrap(), Options::default()).unwrap();
    let path = log.dir().join("000001.jsonl");
    let length = || std::fs::metadata(&path).unwrap().len();
    let refusal = Entry::Refusal(Refusal::new(RefusalCategory::Malformed));
    let open_call = call(&log, T0);
    limit_files(Some(length() + 700));
    let mut written = 1;
    let error = loop {
        match log.append(T0 + 1, &refusal) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(error.is_full(), "{error}");
    let full = length();
    let text = std::fs::read(&path).unwrap();
    assert_eq!(text.last(), Some(&b'\n'), "the part of a line is cut off again");
    assert_eq!(text.iter().filter(|b| **b == b'\n').count(), written);
    assert!(log.append(T0 + 2, &Entry::Intent(Intent::default())).is_err());
    for i in 0..9 {
        assert!(log.append(T0 + 3 + i, &refusal).is_err());
    }
    let late = Entry::Outcome(Outcome::new(open_call, Status::Ok));
    assert!(log.append(T0 + 20, &late).is_err());
    assert!(log.stop(T0 + 21, "too early").is_err());
    assert_eq!(length(), full);

    limit_files(None);
    let seq = log.append(T0 + 60_000, &refusal).unwrap();
    assert_eq!(
        seq,
        Seq(written as u64 + 2),
        "behind the late outcome and the record of what was not recorded"
    );
    log.stop(T0 + 60_001, "done").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().skip(written).collect();
    let has = |line: &str, parts: &[&str]| {
        parts.iter().for_each(|part| assert!(line.contains(part), "{part} in {line}"))
    };
    has(
        lines[0],
        &[
            r#""kind":"outcome""#,
            r#""call":0"#,
            r#""status":"ok""#,
            r#""happened":"2025-11-21T01:53:20.020Z""#,
        ],
    );
    has(lines[1], &[r#""kind":"unrecorded""#, r#""count":10"#, r#""refusals":10"#]);
    assert_eq!(lines.len(), 4);
}

/// What is staged together is lost together: the calls are refused, what happened is kept or counted, and the
/// chain goes on.
#[test]
fn a_batch_that_does_not_fit_is_not_in_the_log() {
    const NAME: &str = "a_batch_that_does_not_fit_is_not_in_the_log";
    if let Some((_, data)) = role() {
        return lose_a_batch(&data);
    }
    let data = tempfile::tempdir().unwrap();
    let exe = std::env::current_exe().unwrap();
    let script = format!("trap '' XFSZ; exec \"$0\" {NAME} --exact --nocapture --test-threads=1");
    let output =
        Command::new("sh").args(["-c", &script]).arg(exe).env(ROLE, "fill").env(DATA, data.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    // Both calls that were let through, their outcomes, `unrecorded` and `stop`.
    assert_eq!((report.chains[0].records, report.chains[0].open_calls), (6, 0));
}

fn lose_a_batch(data: &Path) {
    let options = Options { flush_after: std::time::Duration::from_secs(3600), ..Options::default() };
    let log = Log::open(data, &InstanceId::generate(T0).unwrap(), options).unwrap();
    let before = call(&log, T0);
    let path = log.dir().join("000001.jsonl");
    let length = std::fs::metadata(&path).unwrap().len();
    limit_files(Some(length + 400));
    let intent = Entry::Intent(Intent::default());
    let first = log.stage(T0 + 1, &intent).unwrap();
    log.stage(T0 + 2, &Entry::Outcome(Outcome::new(before, Status::Ok))).unwrap();
    let second = log.stage(T0 + 3, &intent).unwrap();
    log.stage(T0 + 4, &Entry::Refusal(Refusal::new(RefusalCategory::Malformed))).unwrap();
    assert!(log.confirm(second).unwrap_err().is_full());
    limit_files(None);
    assert!(log.confirm(first).is_err(), "lost with the second, whatever there is room for now");
    assert!(log.confirm(second).is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), length);

    let third = log.stage(T0 + 5, &intent).unwrap();
    assert_eq!(third.seq(), Seq(3), "behind the late outcome and the record of what was not recorded");
    let third = log.confirm(third).unwrap();
    assert!(log.confirm(first).is_err(), "its number is another record's now");
    log.append(T0 + 6, &Entry::Outcome(Outcome::new(third, Status::Ok))).unwrap();
    log.stop(T0 + 7, "done").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""refusals":1"#) && text.contains(r#""happened":"2025-11-21T01:53:20.002Z""#));
}

fn limit_files(bytes: Option<u64>) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Fsize);
    limit.current = bytes;
    setrlimit(Resource::Fsize, limit).unwrap();
}
