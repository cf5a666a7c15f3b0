use std::fs;

use proptest::prelude::*;

use super::*;
use crate::testing::{T0, event, intent, open_with, outcome, refusal};
use crate::{Address, Entry, Finding, Intent, LifecycleKind, Options, Ruling, Seq, Tail, Verdict, show};

fn small() -> Options {
    Options { segment_bytes: 2000, ..Options::default() }
}

/// Three instances whose calls interleave in time, in small segments, and one of another day.
fn fill(data: &Path) {
    let logs: Vec<_> = (0..3).map(|i| open_with(data, T0 + i, small()).unwrap()).collect();
    for i in 0..30 {
        let log = &logs[i as usize % 3];
        let grant = if i % 5 == 0 { "bob" } else { "alice" };
        let call = log.append(T0 + i * 100, &intent(grant, "read_file")).unwrap();
        log.append(T0 + i * 100 + 50, &outcome(call, grant, "read_file")).unwrap();
        if i % 10 == 0 {
            log.append(T0 + i * 100 + 60, &refusal(grant, "write_file", "Not \"Allowed\"")).unwrap();
        }
    }
    logs.iter().for_each(|log| log.stop(T0 + 3000, "done").unwrap());
    let later = open_with(data, T0 + 86_400_000, small()).unwrap();
    later.append(T0 + 86_400_000, &event(LifecycleKind::Start)).unwrap();
}

fn found(data: &Path, filter: Filter) -> Vec<Record> {
    query(data, filter).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn filters_find_what_they_say() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    let all = found(data.path(), Filter::default());
    assert_eq!(all.len(), 60 + 3 + 3 + 1);
    assert!(all.is_sorted_by_key(|record| (record.time_ms(), record.instance().clone(), record.seq())));
    assert!(all.iter().all(Record::is_intact));

    let check = |filter: Filter, expected: usize| {
        assert_eq!(found(data.path(), filter.clone()).len(), expected, "{filter:?}");
        let (_, newest) = Tail::open(data.path(), &filter, 1000).unwrap();
        assert_eq!(newest.len(), expected, "tail {filter:?}");
    };
    let some = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    check(Filter { grant: some("bob"), ..none() }, 12 + 3);
    check(Filter { grant: some("bo*"), ..none() }, 12 + 3);
    check(Filter { grant: some("bo"), ..none() }, 0);
    check(Filter { server: some("files"), ..none() }, 63);
    check(Filter { tool: some("write_file"), ..none() }, 3);
    check(Filter { tool: some("*_file"), kind: some("intent"), ..none() }, 30);
    check(Filter { verdict: some("deny"), ..none() }, 3);
    check(Filter { rule: some("server:tools/write#1"), ..none() }, 3);
    check(Filter { kind: some("stop"), ..none() }, 3);
    check(Filter { text: some("nOT \"aLLOWED"), ..none() }, 3);
    check(Filter { text: some("severity"), ..none() }, 0);
    check(Filter { text: some("files"), grant: some("bob"), ..none() }, 15);
    check(Filter { from_ms: Some(T0 + 1000), to_ms: Some(T0 + 1100), ..none() }, 3);
    check(Filter { from_ms: Some(T0 + 86_400_000), ..none() }, 1);
    check(Filter { to_ms: Some(T0), ..none() }, 0);
    check(Filter { instance: some("commands"), ..none() }, 0);
}

/// A text that looks like a finding is none.
#[test]
fn shadow_findings_are_found() {
    let data = tempfile::tempdir().unwrap();
    let log = open_with(data.path(), T0, small()).unwrap();
    log.append(T0, &refusal("alice", "write_file", "\"shadow\":[{}]")).unwrap();
    let rule = "server:/tools/x/rules/0";
    let shadow = [Finding { rule, name: Some("no x"), verdict: Verdict::Deny, reason: "no \"x\"" }];
    let ruling = Ruling { verdict: Verdict::Proceed, shadow: &shadow, ..Ruling::default() };
    log.append(T0 + 1, &Entry::Intent(Intent { ruling, ..Intent::default() })).unwrap();
    let filter = Filter { shadow: true, ..Filter::default() };
    let (_, newest) = Tail::open(data.path(), &filter, 10).unwrap();
    for records in [found(data.path(), filter), newest] {
        assert_eq!(records.iter().map(Record::seq).collect::<Vec<_>>(), [Seq(1)]);
        let findings: Vec<_> = records[0].shadow().collect();
        assert_eq!(findings.len(), 1);
        assert_eq!((&*findings[0].verdict, &*findings[0].reason), ("deny", "no \"x\""));
        assert_eq!((&*findings[0].rule, findings[0].name.as_deref()), (rule, Some("no x")));
    }
    for (rule, expected) in [
        ("no x", 1),
        ("no*", 1),
        (rule, 1),
        ("server:/tools/x/*", 1),
        ("x", 0),
        ("deny", 0),
        ("server:/tools/y/*", 0),
    ] {
        let filter = Filter { rule: Some(rule.to_owned()), ..Filter::default() };
        assert_eq!(found(data.path(), filter).len(), expected, "{rule}");
    }
}

#[test]
fn a_limit_takes_the_oldest_and_a_tail_the_newest() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    let all: Vec<String> =
        found(data.path(), Filter::default()).iter().map(|r| r.leaf().to_owned()).collect();
    let first = found(data.path(), Filter { limit: Some(7), ..Filter::default() });
    assert_eq!(first.iter().map(Record::leaf).collect::<Vec<_>>(), all[..7]);
    for count in [0, 1, 10, 66, 67, 100] {
        let (_, newest) = Tail::open(data.path(), &Filter::default(), count).unwrap();
        let newest: Vec<&str> = newest.iter().map(Record::leaf).collect();
        assert_eq!(newest, all[all.len().saturating_sub(count)..], "{count}");
    }
}

#[test]
fn a_tail_follows_rotation_and_new_instances() {
    let data = tempfile::tempdir().unwrap();
    let one = open_with(data.path(), T0, small()).unwrap();
    one.append(T0, &event(LifecycleKind::Start)).unwrap();
    let (mut tail, first) = Tail::open(data.path(), &Filter::default(), 10).unwrap();
    assert_eq!(first.len(), 1);
    assert!(tail.poll().unwrap().is_empty());
    let two = open_with(data.path(), T0 + 5, small()).unwrap();
    for i in 0..20 {
        one.append(T0 + 10 + i, &intent("alice", "read")).unwrap();
        two.append(T0 + 10 + i, &intent("bob", "read")).unwrap();
    }
    let fresh = tail.poll().unwrap();
    assert_eq!(fresh.len(), 40);
    assert!(fresh.is_sorted_by_key(Record::time_ms));
    assert!(tail.poll().unwrap().is_empty());
    two.stop(T0 + 100, "done").unwrap();
    assert_eq!(tail.poll().unwrap().len(), 21);
    // A line that is only half written is not given before it is whole.
    let path = crate::chain::segments(one.dir()).unwrap().pop().unwrap().path;
    let whole = fs::read(&path).unwrap();
    one.append(T0 + 200, &event(LifecycleKind::Alarm)).unwrap();
    let grown = fs::read(&path).unwrap();
    fs::write(&path, &grown[..whole.len() + 20]).unwrap();
    assert!(tail.poll().unwrap().is_empty());
    fs::write(&path, &grown).unwrap();
    assert_eq!(tail.poll().unwrap()[0].kind(), "alarm");
}

#[test]
fn records_are_shown_by_address() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    for record in found(data.path(), Filter::default()) {
        let address = Address { instance: record.instance().to_string(), seq: record.seq() };
        let shown = show(data.path(), &address.to_string().parse().unwrap()).unwrap();
        assert_eq!(shown.record.leaf(), record.leaf());
        let related = shown.related.map(|related| related.kind().into_owned());
        let expected = match record.kind().as_ref() {
            "intent" => Some("outcome"),
            "outcome" => Some("intent"),
            _ => None,
        };
        assert_eq!(related.as_deref(), expected);
    }
    let last = found(data.path(), Filter { kind: Some("start".into()), ..Filter::default() }).remove(0);
    // The later day's names begin differently within the first ten characters.
    let unique = Address { instance: last.instance().as_str()[..10].to_owned(), seq: Seq(0) };
    assert_eq!(show(data.path(), &unique).unwrap().record.leaf(), last.leaf());
    let error = |text: &str| {
        text.parse().and_then(|address: Address| show(data.path(), &address)).unwrap_err().to_string()
    };
    assert!(error("0:0").contains("more than one instance"));
    assert!(error("zz:0").contains("there is no instance `zz`"));
    assert!(error(&format!("{}:99", last.instance())).contains("there is no record"));
    for text in ["", "7", ":7", "../x:1", "a:b", "a:-1"] {
        assert!(error(text).contains("is not the address of a record"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Halving finds what reading everything finds.
    #[test]
    fn time_ranges_are_exact(from in -5_i64..3200, length in 0_i64..3200) {
        let data = tempfile::tempdir().unwrap();
        fill(data.path());
        let (from, to) = (T0 + from, T0 + from + length);
        let filter = Filter { from_ms: Some(from), to_ms: Some(to), ..Filter::default() };
        let all = found(data.path(), Filter::default());
        let expected: Vec<&str> =
            all.iter().filter(|r| (from..to).contains(&r.time_ms())).map(Record::leaf).collect();
        let ranged = found(data.path(), filter);
        prop_assert_eq!(ranged.iter().map(Record::leaf).collect::<Vec<_>>(), expected);
    }
}
