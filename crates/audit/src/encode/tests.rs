use interlock_json::{Decimal, Limits, canonical, scan};
use proptest::prelude::*;

use super::*;
use crate::testing::{identity, target};
use crate::{
    ArgumentPolicy, DigestKey, Identity, Intent, Lifecycle, LifecycleKind, Mode, Outcome, Refusal,
    RefusalCategory, Ruling, Seq, Settlement, Status, Subject, Target, leaf_of,
};

fn encoded(entry: &Entry<'_>) -> String {
    let envelope = Envelope { seq: 3, prev: Some(leaf_of(b"")), time_ms: 1_763_690_000_123, instance: "i" };
    let mut out = String::new();
    record(&envelope, entry, &mut out);
    out
}

fn assert_canonical(record: &str) {
    let document = scan(record, &Limits::default()).unwrap_or_else(|e| panic!("{e}: {record}"));
    assert_eq!(canonical::to_string(document.root()), record);
}

/// Every member has a row in the page about the log.
fn assert_documented(record: &str) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
    let page = std::fs::read_to_string(page).unwrap();
    let document = scan(record, &Limits::default()).unwrap();
    for (member, _) in document.root().members() {
        assert!(
            page.contains(&format!("\n| `{}` |", member.text())),
            "docs/audit.md has no row for `{}`",
            member.text()
        );
    }
}

fn ruling() -> Ruling<'static> {
    const CHANGES: &[CounterChange<'static>] =
        &[CounterChange { key: "calls/60", before: Decimal::ZERO, after: Decimal::ONE }];
    const FINDINGS: &[Finding<'static>] =
        &[Finding { rule: "r", name: Some("n"), verdict: Verdict::Deny, reason: "shadow says" }];
    Ruling {
        verdict: Verdict::Ask,
        mode: Mode::Shadow,
        rule: Some("grant:tools/x#2"),
        name: Some("big-payments"),
        reason: Some("too \"big\"\n"),
        policy: Some("d1"),
        pin: Some("p1"),
        approval: Some("a1"),
        counters: CHANGES,
        shadow: FINDINGS,
    }
}

#[test]
fn every_field_has_its_sorted_place() {
    let dir = tempfile::tempdir().unwrap();
    let key = DigestKey::open(dir.path()).unwrap();
    let document = scan(r#"{"amount":12}"#, &Limits::default()).unwrap();
    let arguments = ArgumentPolicy::Full.record(&key, document.root());
    let who = Identity { issuer: Some("iss"), on_behalf_of: Some("bob"), ..identity("alice") };
    let resources = ["file:///x".to_owned(), "file:///\"y".to_owned()];
    let mut subjects = Vec::new();
    for subject in [Subject::None, Subject::Tool("t"), Subject::Resource("file:///x"), Subject::Prompt("p")] {
        let what = Target { subject, resources: &resources, ..target("", "7") };
        subjects.push(Entry::Intent(Intent {
            identity: who,
            target: what,
            arguments: Some(&arguments),
            ruling: ruling(),
            traceparent: Some("00-1-2-01"),
        }));
        subjects.push(Entry::Refusal(Refusal {
            identity: who,
            target: what,
            arguments: Some(&arguments),
            ruling: ruling(),
            code: Some(-32602),
            retry_after_ms: Some(1500),
            count: 12,
            traceparent: Some("00-1-2-01"),
            severity: Some(Severity::Critical),
            category: RefusalCategory::Limit,
        }));
        subjects.push(Entry::Outcome(Outcome {
            identity: who,
            target: what,
            settled: Some(Settlement::Release),
            latency_us: Some(10),
            bytes_in: Some(1),
            bytes_out: Some(2),
            redactions: 1,
            code: Some(-1),
            reason: Some("r"),
            counters: ruling().counters,
            ..Outcome::new(Seq(2), Status::ToolError)
        }));
    }
    let details = [
        ("z", Detail::Flag(true)),
        ("a", Detail::List(&["x", "y"])),
        ("é", Detail::Number(-5)),
        ("a", Detail::Text("again")),
    ];
    subjects.push(Entry::Lifecycle(Lifecycle {
        identity: who,
        server: Some("files"),
        policy: Some("d"),
        reason: Some("r"),
        count: Some(0),
        details: &details,
        ..Lifecycle::new(LifecycleKind::Alarm)
    }));
    subjects.iter().for_each(|entry| assert_canonical(&encoded(entry)));
    subjects.iter().for_each(|entry| assert_documented(&encoded(entry)));
    assert!(encoded(&subjects[0]).contains(r#""full":{"amount":12}"#));
    assert!(encoded(subjects.last().unwrap()).contains(r#""details":{"a":["x","y"],"z":true,"é":-5}"#));
}

#[test]
fn a_record_reads_so() {
    let outcome = Outcome {
        identity: identity("alice"),
        target: target("read", "7"),
        ..Outcome::new(Seq(2), Status::Ok)
    };
    let expected = concat!(
        r#"{"call":2,"category":"call","client":"test/1","grant":"alice","instance":"i","kind":"outcome","#,
        r#""method":"tools/call","prev":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d","#,
        r#""request":"7","seq":3,"server":"files","session":"s1","severity":"informational","status":"ok","#,
        r#""time":"2025-11-21T01:53:20.123Z","tool":"read"}"#
    );
    assert_eq!(encoded(&Entry::Outcome(outcome)), expected);
}

#[test]
fn long_texts_are_cut_and_say_so() {
    for filler in ["x", "é", "😀"] {
        let long = filler.repeat(100_000);
        let refusal = Refusal { target: target(&long, "1"), ..Refusal::new(RefusalCategory::Malformed) };
        let record = encoded(&Entry::Refusal(refusal));
        assert_canonical(&record);
        assert!(record.len() < 5000 && record.contains("…[+"), "{}", record.len());
    }
}

proptest! {
    #[test]
    fn any_text_is_canonical(text in any::<String>(), id in any::<String>(), n in any::<u32>(), code in any::<i32>()) {
        let refusal = Refusal {
            target: target(&text, &id),
            ruling: Ruling { reason: Some(&text), ..Ruling::default() },
            code: Some(code.into()),
            retry_after_ms: Some(n.into()),
            ..Refusal::new(RefusalCategory::Malformed)
        };
        assert_canonical(&encoded(&Entry::Refusal(refusal)));
    }
}
