//! What `status` and the filters of `audit` make of a log with named rules, rules in shadow and a noisy server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: to fail is its way to say so")]

use std::fs;
use std::path::Path;
use std::process::Command;

use interlock_audit::{
    Entry, Finding, Identity, InstanceId, Intent, Log, Options, Refusal, RefusalCategory, Ruling, Subject,
    Target, Verdict,
};
use interlock_meter::{Align, Bound, Window};
use interlock_store::{
    Approvals as _, Asker, CounterRef, Counters, Embedded, Need, Patience, Question, Refund, ReserveRequest,
};

const T0: i64 = 1_763_690_000_000;

/// What it printed and its exit code; standard error is empty unless it could not be done.
fn answer(data: &Path, args: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interlock"));
    command.args(args).arg("--data").arg(data).env("XDG_CONFIG_HOME", data).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap()).concat();
    (text, output.status.code().unwrap())
}

fn about(tool: &str) -> (Identity<'_>, Target<'_>) {
    let identity = Identity { grant: Some("alice"), ..Identity::default() };
    let subject = Subject::Tool(tool);
    (identity, Target { server: Some("files"), method: Some("tools/call"), subject, ..Target::default() })
}

/// One call that a shadow rule objects to, one that a named rule denies, one that waits for a person, one line of noise.
fn fill(data: &Path) {
    let log = Log::open(data, &InstanceId::generate(T0).unwrap(), Options::default()).unwrap();
    let (identity, target) = about("write");
    let shadow = [
        Finding {
            rule: "server:/tools/write/rules/1",
            name: None,
            verdict: Verdict::Deny,
            reason: "not yet",
        },
        Finding {
            rule: "server:/tools/write/rules/2",
            name: Some("max single charge"),
            verdict: Verdict::Deny,
            reason: "too much",
        },
    ];
    let rule = Some("server:/tools/write");
    let ruling = Ruling { verdict: Verdict::Proceed, rule, shadow: &shadow, ..Ruling::default() };
    log.append(T0, &Entry::Intent(Intent { identity, target, ruling, ..Intent::default() })).unwrap();
    let rule = Some("server:/tools/write/rules/0");
    let ruling = Ruling { rule, name: Some("not too many"), reason: Some("too often"), ..Ruling::default() };
    let retry_after_ms = Some(3_725_000);
    let limit = Refusal::new(RefusalCategory::Limit);
    log.append(T0 + 1, &Entry::Refusal(Refusal { identity, target, ruling, retry_after_ms, ..limit }))
        .unwrap();
    let rule = Some("server:/tools/write/rules/3");
    let ruling = Ruling { verdict: Verdict::Ask, rule, reason: Some("ask first"), ..Ruling::default() };
    let asked = Refusal { identity, target, ruling, count: 2, ..Refusal::new(RefusalCategory::Approval) };
    log.append(T0 + 1, &Entry::Refusal(asked)).unwrap();
    let target = Target { server: Some("files"), ..Target::default() };
    let noise = Refusal { identity, target, ..Refusal::new(RefusalCategory::Server) };
    log.append(T0 + 2, &Entry::Refusal(noise)).unwrap();
    log.stop(T0 + 3, "done").unwrap();
    count(data);
}

fn count(data: &Path) {
    let store = Embedded::open(data, interlock_store::Options::default()).unwrap();
    let need = Need {
        counter: CounterRef {
            key: "server=files/tools/write/_rate_hour_0/hour/sliding/grant=alice".to_owned(),
            window: Window::Seconds(3600),
            align: Align::Sliding,
        },
        amount: "1".parse().unwrap(),
        bound: Bound::AtMost("5".parse().unwrap()),
        label: "server:/tools/write/rules/0".to_owned(),
        shadow: false,
        refund: Refund::Never,
        pays: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let patience = Patience { timeout_ms: 1_800_000, dedupe_ms: 0, most: 100, most_bytes: u64::MAX };
    runtime.block_on(store.ask(question(), patience)).unwrap();
    let request = ReserveRequest { needs: vec![need], ..ReserveRequest::default() };
    runtime.block_on(store.reserve(request)).unwrap();
}

fn question() -> Question {
    let asker = Asker { grant: "alice".to_owned(), instance: "i".to_owned(), session: None };
    Question {
        id: "3f9c2a7104b2c7d85a8e1f6012345678".to_owned(),
        digest: [0; 32],
        judged_by: [0; 32],
        asker,
        server: "files".to_owned(),
        section: "tools".to_owned(),
        name: "write".to_owned(),
        approvers: Vec::new(),
        needed: 1,
        details: "{}".to_owned(),
        announce_to: Vec::new(),
    }
}

#[test]
fn status_tells_denied_from_would_be_denied_and_from_noise() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    let (text, code) = answer(data.path(), &["status", "--since", "2025-01-01"]);
    assert_eq!(code, 0, "{text}");
    let rows: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        &format!("Data directory: {}", data.path().display()),
        &format!(
            "Waiting: 1 call waits for a person; `interlock approvals list --data {}` shows it",
            data.path().display()
        ),
        "SERVER CALLS DENIED ASKED WOULD DENY FAILED DISCARDED",
        "files 1 1 2 1 0 1",
        "0 1 0 0 files not too many (server:/tools/write/rules/0)",
        "0 0 2 0 files server:/tools/write/rules/3",
        "0 0 0 1 files server:/tools/write/rules/1",
        "0 0 0 1 files max single charge (server:/tools/write/rules/2)",
        "1 of 5 any hour files write calls grant alice",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected} in\n{text}");
    }
    let (json, _) = answer(data.path(), &["status", "--since", "2025-01-01", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let at = |pointer: &str| value.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/calls/servers/files/would_deny"), 1);
    assert_eq!((at("/calls/servers/files/denied"), at("/calls/servers/files/asked")), (1.into(), 2.into()));
    assert_eq!(at("/waiting"), 1);
    assert_eq!(at("/calls/rules/files/server:~1tools~1write~1rules~10/name"), "not too many");
    assert_eq!(at("/counters/0/words/tool"), "write");
}

#[test]
fn records_show_names_shadow_and_times() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    let check = |args: &[&str], lines: usize, part: &str| {
        let (text, code) = answer(data.path(), args);
        assert_eq!((text.lines().count(), code), (lines, 0), "{args:?}\n{text}");
        assert!(text.contains(part), "{args:?}\n{text}");
    };
    let shadow = "proceed         write on files for alice, server:/tools/write, in shadow: deny by \
                  server:/tools/write/rules/1: not yet, in shadow: deny by max single charge \
                  (server:/tools/write/rules/2): too much";
    check(&["audit", "query", "--shadow"], 1, shadow);
    check(&["audit", "tail", "--shadow"], 1, shadow);
    check(&["audit", "query", "--verdict", "allow"], 1, shadow);
    check(&["audit", "query", "--verdict", "ask"], 1, "ask first");
    check(&["audit", "query", "--verdict", "await_approval"], 1, "ask first");
    check(&["audit", "query", "--shadow", "--rule", "max single charge"], 1, shadow);
    check(&["audit", "tail", "--rule", "server:/tools/write/rules/2"], 1, shadow);
    let named = "not too many (server:/tools/write/rules/0), too often, again in 1 h 2 min";
    check(&["audit", "query", "--rule", "not too many"], 1, named);
    let (text, code) = answer(data.path(), &["audit", "query", "--kind", "refusals"]);
    assert!(code == 2 && text.contains("possible values: intent, outcome, refusal, start"), "{text}");
}

#[test]
fn a_register_that_cannot_be_read_leaves_the_log_unverified() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    fs::write(data.path().join("ledger.db"), "no database").unwrap();
    let (text, code) = answer(data.path(), &["audit", "verify"]);
    assert!(
        code == 2 && text.contains("error: not verified: the register of instances cannot be read"),
        "{text}"
    );
    assert!(!text.contains("\nverified:"), "{text}");
    let (json, _) = answer(data.path(), &["audit", "verify", "--format", "json"]);
    assert!(json.contains(r#"{"verified":false,"register_error":"#), "{json}");
}
