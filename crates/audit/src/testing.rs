//! What the tests of several modules write into a log.

use std::path::{Path, PathBuf};

use crate::{
    AuditError, Entry, Identity, InstanceId, Intent, Lifecycle, LifecycleKind, Log, Options, Outcome,
    Refusal, RefusalCategory, Ruling, Seq, Status, Subject, Target, Verdict,
};

pub(crate) const T0: i64 = 1_763_690_000_000;

pub(crate) fn identity(grant: &str) -> Identity<'_> {
    Identity { grant: Some(grant), session: Some("s1"), client: Some("test/1"), ..Identity::default() }
}

pub(crate) fn target<'a>(tool: &'a str, request: &'a str) -> Target<'a> {
    Target {
        resources: &[],
        server: Some("files"),
        method: Some("tools/call"),
        request: Some(request),
        subject: Subject::Tool(tool),
    }
}

pub(crate) fn intent<'a>(grant: &'a str, tool: &'a str) -> Entry<'a> {
    let ruling = Ruling {
        verdict: Verdict::Proceed,
        rule: Some("server:tools/read#0"),
        policy: Some("abc123"),
        ..Ruling::default()
    };
    Entry::Intent(Intent {
        identity: identity(grant),
        target: target(tool, "7"),
        ruling,
        ..Intent::default()
    })
}

pub(crate) fn outcome<'a>(call: Seq, grant: &'a str, tool: &'a str) -> Entry<'a> {
    Entry::Outcome(Outcome {
        identity: identity(grant),
        target: target(tool, "7"),
        latency_us: Some(1234),
        bytes_in: Some(200),
        bytes_out: Some(1000),
        ..Outcome::new(call, Status::Ok)
    })
}

pub(crate) fn refusal<'a>(grant: &'a str, tool: &'a str, reason: &'a str) -> Entry<'a> {
    let ruling = Ruling { reason: Some(reason), rule: Some("server:tools/write#1"), ..Ruling::default() };
    Entry::Refusal(Refusal {
        identity: identity(grant),
        target: target(tool, "\"a\\\"b\""),
        ruling,
        ..Refusal::new(RefusalCategory::Policy)
    })
}

pub(crate) fn event(kind: LifecycleKind) -> Entry<'static> {
    Entry::Lifecycle(Lifecycle::new(kind))
}

pub(crate) fn open(data: &Path, now_ms: i64) -> Log {
    open_with(data, now_ms, Options::default()).unwrap()
}

pub(crate) fn open_with(data: &Path, now_ms: i64, options: Options) -> Result<Log, AuditError> {
    Log::open(data, &InstanceId::generate(now_ms)?, options)
}

/// Start, `calls` intents each with its outcome, a refusal, stop; the chain's directory.
pub(crate) fn whole_chain(data: &Path, now_ms: i64, calls: i64, options: Options) -> PathBuf {
    let log = open_with(data, now_ms, options).unwrap();
    log.append(now_ms, &event(LifecycleKind::Start)).unwrap();
    for i in 0..calls {
        let call = log.append(now_ms + i * 10, &intent("alice", "read")).unwrap();
        log.append(now_ms + i * 10 + 5, &outcome(call, "alice", "read")).unwrap();
    }
    log.append(now_ms + calls * 10, &refusal("alice", "write", "not allowed")).unwrap();
    log.stop(now_ms + calls * 10 + 1, "end of input").unwrap();
    log.dir().to_owned()
}
