//! `interlock audit` from the outside.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use interlock_audit::{
    Entry, Identity, InstanceId, Intent, Lifecycle, LifecycleKind, Log, Options, Outcome, Refusal,
    RefusalCategory, Ruling, Status, Subject, Target, Verdict,
};
use interlock_store::{Embedded, Instance, Instances};

const T0: i64 = 1_763_690_000_000;

fn interlock(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.arg("audit").args(args).arg("--data").arg(data);
    command.env("XDG_CONFIG_HOME", data).env("NO_COLOR", "1");
    command
}

/// What it printed, and its exit code.
fn answer(data: &Path, args: &[&str]) -> (String, i32) {
    let Output { status, stdout, stderr } = interlock(data, args).output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    let errors = String::from_utf8(stderr).unwrap();
    let nothing_found = status.code() == Some(1) && errors.trim() == "no record matches";
    assert!(status.code() == Some(2) || nothing_found || errors.is_empty(), "{errors}");
    (if status.code() == Some(2) { errors } else { text }, status.code().unwrap())
}

/// Start, a call with its outcome, a refusal of a tool whose name would clear the screen, stop.
fn log_in(data: &Path) -> InstanceId {
    let instance = InstanceId::generate(T0).unwrap();
    let log = Log::open(data, &instance, Options::default()).unwrap();
    let identity = Identity { grant: Some("alice"), ..Identity::default() };
    let target = |tool| Target {
        server: Some("files"),
        method: Some("tools/call"),
        subject: Subject::Tool(tool),
        ..Target::default()
    };
    log.append(T0, &Entry::Lifecycle(Lifecycle::new(LifecycleKind::Start))).unwrap();
    let ruling = Ruling { verdict: Verdict::Proceed, rule: Some("server:tools/read#0"), ..Ruling::default() };
    let intent = Intent { identity, target: target("read"), ruling, ..Intent::default() };
    let call = log.append(T0 + 1, &Entry::Intent(intent)).unwrap();
    let outcome = Outcome {
        identity,
        target: target("read"),
        latency_us: Some(1500),
        ..Outcome::new(call, Status::Ok)
    };
    log.append(T0 + 2, &Entry::Outcome(outcome)).unwrap();
    let ruling = Ruling { reason: Some("not\nallowed \u{202e}"), ..Ruling::default() };
    let refusal = Refusal {
        identity,
        target: Target { server: Some("@scope/files"), ..target("evil\u{1b}[2J\u{9b}x") },
        ruling,
        ..Refusal::new(RefusalCategory::Policy)
    };
    log.append(T0 + 3, &Entry::Refusal(refusal)).unwrap();
    log.stop(T0 + 4, "done").unwrap();
    instance
}

#[test]
fn records_are_listed() {
    let data = tempfile::tempdir().unwrap();
    let instance = log_in(data.path());
    let short = &instance.as_str()[..14];
    let line = |milli: u8, kind: &str, rest: &str| {
        format!("2025-11-21T01:53:20.00{milli}Z {short}:{milli}     {kind}{rest}\n")
    };
    let lines = [
        line(0, "start", ""),
        line(1, "proceed        ", " read on files for alice, server:tools/read#0"),
        line(2, "ok             ", " read on files for alice, of record :1, 1.500 ms"),
        line(
            3,
            "deny           ",
            " evil\\u{1b}[2J\\u{9b}x on @scope/files for alice, not\\nallowed \\u{202e}",
        ),
        line(4, "stop           ", " done"),
    ];
    let check = |args: &[&str], expected: &[String], code: i32| {
        let (text, exit) = answer(data.path(), args);
        assert_eq!((text, exit), (expected.concat(), code), "{args:?}");
    };
    check(&["query", "--until", "2025-12-01"], &lines, 0);
    check(&["query", "--until", "2025-12-01", "--limit", "2"], &lines[..2], 0);
    check(&["query", "--verdict", "deny"], &lines[3..4], 0);
    check(&["query", "--tool", "rea*", "--kind", "outcome"], &lines[2..3], 0);
    check(&["query", "--text", "NOT\nallowed"], &lines[3..4], 0);
    check(&["query", "--grant", "bob"], &[], 1);
    check(&["tail", "-n", "2", "--until", "2025-12-01"], &lines[3..], 0);
    check(&["tail", "--grant", "bob"], &[], 1);
    // So many records as were asked for, of which the one of this very read is none.
    for count in [0, 1, 3, 8] {
        let (text, _) = answer(data.path(), &["tail", "-n", &count.to_string()]);
        assert_eq!(text.lines().count(), count, "{text}");
        assert!(!text.contains(&format!("lines={count}")), "{text}");
    }
}

/// What is refused early has no server, no grant and perhaps no method: no word of the line is left blank.
#[test]
fn what_nobody_knows_leaves_no_blank() {
    let data = tempfile::tempdir().unwrap();
    let log = Log::open(data.path(), &InstanceId::generate(T0).unwrap(), Options::default()).unwrap();
    let cases = [
        (
            Some(""),
            Some("HTTP"),
            Subject::None,
            Some("(unknown)"),
            "an HTTP request by an unknown caller, why",
        ),
        (Some("files"), Some(""), Subject::None, Some("alice"), "a message on files for alice, why"),
        (Some(""), Some("tools/list"), Subject::None, Some("alice"), "tools/list for alice, why"),
        (Some("files"), Some("tools/call"), Subject::Tool(""), Some("alice"), "\"\" on files for alice, why"),
        (None, None, Subject::None, Some(""), "why"),
        (None, None, Subject::None, None, "why"),
    ];
    for (server, method, subject, grant, _) in cases {
        let refusal = Refusal {
            identity: Identity { grant, ..Identity::default() },
            target: Target { server, method, subject, ..Target::default() },
            ruling: Ruling { reason: Some("why"), ..Ruling::default() },
            ..Refusal::new(RefusalCategory::Malformed)
        };
        log.append(T0, &Entry::Refusal(refusal)).unwrap();
    }
    log.stop(T0 + 4, "done").unwrap();
    let (text, _) = answer(data.path(), &["query", "--kind", "refusal"]);
    let shown: Vec<&str> =
        text.lines().map(|line| line.split_once("deny").map_or("", |(_, rest)| rest.trim_start())).collect();
    let expected: Vec<&str> = cases.iter().map(|(.., expected)| *expected).collect();
    assert_eq!(shown, expected);
}

/// A server chooses the names of its tools: none can say more of the line than its own.
#[test]
fn a_name_is_one_word() {
    let data = tempfile::tempdir().unwrap();
    let log = Log::open(data.path(), &InstanceId::generate(T0).unwrap(), Options::default()).unwrap();
    let subject = Subject::Tool("read on bank for root, allowed");
    let target = Target { server: Some("files"), subject, ..Target::default() };
    log.append(T0, &Entry::Intent(Intent { target, ..Intent::default() })).unwrap();
    let (text, _) = answer(data.path(), &["query", "--kind", "intent"]);
    assert!(text.ends_with(" \"read on bank for root, allowed\" on files\n"), "{text}");
}

#[test]
fn reads_are_recorded() {
    let data = tempfile::tempdir().unwrap();
    log_in(data.path());
    answer(data.path(), &["query", "--grant", "alice"]);
    answer(data.path(), &["show", "0:0"]);
    let (text, _) = answer(data.path(), &["query", "--kind", "read"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "the read that asks is not part of its answer");
    assert!(lines[0].contains(r#"command="query" filter="grant=alice" pid="#), "{text}");
    assert!(lines[1].contains(r#"command="show" filter="instance=0:0" pid="#), "{text}");
}

#[test]
fn json_lines_are_those_of_the_log() {
    let data = tempfile::tempdir().unwrap();
    let instance = log_in(data.path());
    let written =
        fs::read_to_string(data.path().join("audit").join(instance.as_str()).join("000001.jsonl")).unwrap();
    let (text, _) = answer(data.path(), &["query", "--until", "2025-12-01", "--format", "json"]);
    assert_eq!(text, written);
}

#[test]
fn a_record_is_shown_whole() {
    let data = tempfile::tempdir().unwrap();
    let instance = log_in(data.path());
    let address = format!("{}:1", &instance.as_str()[..20]);
    let (text, code) = answer(data.path(), &["show", &address]);
    assert_eq!(code, 0);
    for part in
        ["(matches the record)", "grant     alice", "The outcome of the same call", "latency_us  1500"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (json, _) = answer(data.path(), &["show", &address, "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["intact"], &value["shown"]["record"]["seq"]), (&true.into(), &1.into()));
    assert_eq!(value["related"]["record"]["call"], 1);
    let (error, code) = answer(data.path(), &["show", "zz:1"]);
    assert_eq!(
        (error.trim(), code),
        ("error: there is no instance `zz`; `interlock audit tail` prints the addresses of records", 2)
    );
}

#[test]
fn verifying_names_the_first_bad_record() {
    let data = tempfile::tempdir().unwrap();
    let instance = log_in(data.path());
    let (text, code) = answer(data.path(), &["verify"]);
    assert!(code == 0 && text.contains("\nverified: 5 records in 1 chain\n"), "{text}");
    assert!(text.contains("cannot show, without a checkpoint kept elsewhere"), "{text}");
    assert!(!data.path().join("audit/commands").exists(), "verifying writes nothing");

    let path = data.path().join("audit").join(instance.as_str()).join("000001.jsonl");
    let changed = fs::read_to_string(&path).unwrap().replacen("alice", "mallory", 1);
    fs::write(&path, changed).unwrap();
    let (text, code) = answer(data.path(), &["verify"]);
    let first =
        format!("{}:2: its leaf hash does not match its record: the record was changed", path.display());
    assert!(code == 1 && text.contains(&format!("NOT verified; the first problem: {first}")), "{text}");
    let (json, code) = answer(data.path(), &["verify", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["verified"], code), (&false.into(), 1));
    assert_eq!(value["chains"][0]["findings"][0]["line"], 2);
}

#[test]
fn a_chain_that_the_register_knows_is_missed() {
    let data = tempfile::tempdir().unwrap();
    let instance = log_in(data.path());
    let store = Embedded::open(data.path(), interlock_store::Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let entry = Instance {
        id: instance.to_string(),
        pid: 1,
        kind: "run".to_owned(),
        server: None,
        grant: None,
        started_ms: T0,
        finished_ms: None,
    };
    runtime.block_on(store.register(entry)).unwrap();
    runtime.block_on(store.finish(instance.as_str(), T0 + 5)).unwrap();
    assert_eq!(answer(data.path(), &["verify"]).1, 0);
    fs::remove_dir_all(data.path().join("audit").join(instance.as_str())).unwrap();
    let (text, code) = answer(data.path(), &["verify"]);
    assert!(code == 1 && text.contains("is registered, but its chain is missing"), "{text}");
}

#[test]
fn a_log_that_is_not_there_is_not_made() {
    let data = tempfile::tempdir().unwrap();
    for command in ["tail", "query", "verify"] {
        let (error, code) = answer(data.path(), &[command]);
        assert!(code == 2 && error.contains("there is no audit log in"), "{error}");
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn a_follower_sees_new_records_and_ends_with_its_reader() {
    let data = tempfile::tempdir().unwrap();
    log_in(data.path());
    let mut follower = interlock(data.path(), &["tail", "-f", "-n", "1", "--until", "2026-01-01"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("done"));
    let other = Log::open(data.path(), &InstanceId::generate(T0 + 9).unwrap(), Options::default()).unwrap();
    let alarm = Lifecycle { reason: Some("the clock jumped"), ..Lifecycle::new(LifecycleKind::Alarm) };
    other.append(T0 + 10, &Entry::Lifecycle(alarm)).unwrap();
    assert!(lines.next().unwrap().unwrap().ends_with("alarm           the clock jumped"));
    drop(lines);
    // The next records find nobody to read them.
    other.append(T0 + 11, &Entry::Lifecycle(alarm)).unwrap();
    while follower.try_wait().unwrap().is_none() {
        other.append(T0 + 12, &Entry::Lifecycle(alarm)).unwrap();
        std::thread::yield_now();
    }
}
