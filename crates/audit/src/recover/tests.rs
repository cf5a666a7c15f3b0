use std::sync::Barrier;

use proptest::prelude::*;

use super::*;
use crate::testing::{T0, event, intent, open, outcome, refusal, whole_chain};
use crate::{ChainState, append_shared, verify};

/// A chain of a process that was killed: two calls, the second still open. Returns its segment.
fn killed(data: &Path) -> PathBuf {
    let log = open(data, T0);
    log.append(T0, &event(LifecycleKind::Start)).unwrap();
    for tool in ["read", "write"] {
        let call = log.append(T0 + 1, &intent("alice", tool)).unwrap();
        if tool == "read" {
            log.append(T0 + 2, &outcome(call, "alice", tool)).unwrap();
        }
    }
    log.dir().join("000001.jsonl")
}

fn assert_good(data: &Path) -> crate::ChainReport {
    let mut report = verify(data, &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    report.chains.remove(0)
}

#[test]
fn an_unfinished_chain_is_completed_once() {
    let data = tempfile::tempdir().unwrap();
    let segment = killed(data.path());
    let recovery = recover(data.path(), T0 + 100).unwrap();
    assert!(recovery.failed.is_empty());
    assert_eq!((recovery.recovered[0].unknown_calls, recovery.recovered[0].torn_bytes), (1, 0));
    let chain = assert_good(data.path());
    assert_eq!((chain.state, chain.records, chain.open_calls), (ChainState::Crashed, 6, 0));
    let text = fs::read_to_string(&segment).unwrap();
    assert!(
        text.contains(r#""call":3,"category":"call","instance""#) && text.contains(r#""status":"unknown""#)
    );
    assert!(recover(data.path(), T0 + 200).unwrap().recovered.is_empty());
    assert_eq!(fs::read_to_string(&segment).unwrap(), text);
}

#[test]
fn the_living_and_the_finished_are_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let alive = open(data.path(), T0);
    alive.append(T0, &intent("alice", "read")).unwrap();
    whole_chain(data.path(), T0, 2, Options::default());
    assert!(recover(data.path(), T0).unwrap().recovered.is_empty());
    alive.stop(T0, "done").unwrap();
    assert_eq!(assert_good(data.path()).state, ChainState::Finished);
}

#[test]
fn many_recoverers_complete_each_chain_once() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..8 {
        killed(data.path());
    }
    let barrier = Barrier::new(8);
    let completed: usize = std::thread::scope(|scope| {
        let run = || {
            barrier.wait();
            let recovery = recover(data.path(), T0 + 5).unwrap();
            assert!(recovery.failed.is_empty(), "{:?}", recovery.failed);
            recovery.recovered.len()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(completed, 8);
    assert_eq!(assert_good(data.path()).records, 6);
}

#[test]
fn torn_bytes_are_kept_and_named() {
    let data = tempfile::tempdir().unwrap();
    let segment = killed(data.path());
    let whole = fs::read(&segment).unwrap();
    let torn = b"{\"leaf\":\"00ff\xff half a line";
    fs::write(&segment, [whole.as_slice(), torn].concat()).unwrap();
    let recovery = recover(data.path(), T0 + 100).unwrap();
    assert_eq!(recovery.recovered[0].torn_bytes, torn.len() as u64);
    assert_good(data.path());
    let aside = segment.with_file_name(format!("000001.{}.torn", whole.len()));
    assert_eq!(fs::read(&aside).unwrap(), torn);
    let text = fs::read_to_string(&segment).unwrap();
    assert!(text.contains(r#""kind":"torn""#) && text.contains(&hex::encode(torn)), "{text}");

    fs::write(&aside, "other").unwrap();
    assert!(verify(data.path(), &[]).unwrap().first_problem().unwrap().what.contains("was changed"));
    fs::remove_file(&aside).unwrap();
    assert!(verify(data.path(), &[]).unwrap().first_problem().unwrap().what.contains("is missing"));
}

#[test]
fn a_recovery_that_died_half_way_is_completed() {
    let data = tempfile::tempdir().unwrap();
    let segment = killed(data.path());
    let length = fs::metadata(&segment).unwrap().len();
    // It had put the bytes aside and cut them off; its own record was torn in turn.
    fs::write(segment.with_file_name(format!("000001.{length}.torn")), "first").unwrap();
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, [whole.as_slice(), b"second"].concat()).unwrap();
    recover(data.path(), T0).unwrap();
    let chain = assert_good(data.path());
    assert_eq!(chain.records, 8);
    assert_eq!(fs::read(segment.with_file_name(format!("000001.{length}.2.torn"))).unwrap(), b"second");
}

#[test]
fn an_empty_chain_and_an_empty_last_segment_are_completed() {
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path(), T0));
    let segment = killed(data.path());
    fs::write(segment.with_file_name("000002.jsonl"), "").unwrap();
    assert_eq!(recover(data.path(), T0).unwrap().recovered.len(), 2);
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
}

#[test]
fn a_tampered_end_is_not_called_a_crash() {
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 2, Options::default());
    let segment = dir.join("000001.jsonl");
    let text = fs::read_to_string(&segment).unwrap().replace("end of input", "end of output");
    fs::write(&segment, &text).unwrap();
    fs::remove_file(dir.join("stopped")).unwrap();
    let recovery = recover(data.path(), T0).unwrap();
    assert!(matches!(recovery.failed[0].1, AuditError::Broken { line: 7, .. }), "{:?}", recovery.failed);
    assert_eq!(fs::read_to_string(&segment).unwrap(), text);
    assert!(!verify(data.path(), &[]).unwrap().is_good());
}

#[test]
fn commands_share_a_chain() {
    let data = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..10 {
                    append_shared(data.path(), T0 + i, &event(LifecycleKind::Read)).unwrap();
                }
            });
        }
    });
    let segment = audit_dir(data.path()).join("commands/000001.jsonl");
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, [whole.as_slice(), b"{\"leaf"].concat()).unwrap();
    append_shared(data.path(), T0, &event(LifecycleKind::Read)).unwrap();
    let chain = assert_good(data.path());
    assert_eq!((chain.state, chain.records), (ChainState::Shared, 42));
    assert!(recover(data.path(), T0).unwrap().recovered.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_cut_anywhere_is_completed(cut in any::<prop::sample::Index>()) {
        let data = tempfile::tempdir().unwrap();
        let log = open(data.path(), T0);
        for i in 0..5 {
            let call = log.append(T0 + i, &intent("alice", "read")).unwrap();
            log.append(T0 + i, &refusal("bob", "wri\nte", "no")).unwrap();
            log.append(T0 + i, &outcome(call, "alice", "read")).unwrap();
        }
        let segment = log.dir().join("000001.jsonl");
        drop(log);
        let text = fs::read(&segment).unwrap();
        let cut = cut.index(text.len() + 1);
        fs::write(&segment, &text[..cut]).unwrap();
        let whole = text[..cut].iter().filter(|b| **b == b'\n').count() as u64;
        let recovery = recover(data.path(), T0).unwrap();
        prop_assert!(recovery.failed.is_empty());
        let recovered = &recovery.recovered[0];
        let chain = assert_good(data.path());
        let added = u64::from(recovered.torn_bytes > 0) + recovered.unknown_calls + 1;
        prop_assert_eq!(chain.records, whole + added);
        prop_assert_eq!(recovered.unknown_calls, u64::from(!whole.is_multiple_of(3)));
    }
}
