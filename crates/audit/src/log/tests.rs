use std::fs;
use std::sync::Barrier;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::testing::{T0, event, intent, open, open_with, outcome, refusal, whole_chain};
use crate::{ChainState, Refusal, RefusalCategory, parse_ms, verify};

fn text(log: &Log) -> String {
    fs::read_to_string(log.dir().join("000001.jsonl")).unwrap()
}

#[test]
fn an_instance_is_opened_once() {
    let data = tempfile::tempdir().unwrap();
    let id = InstanceId::generate(T0).unwrap();
    let first = Log::open(data.path(), &id, Options::default()).unwrap();
    assert!(matches!(Log::open(data.path(), &id, Options::default()), Err(AuditError::InUse { .. })));
    drop(first);
    assert!(matches!(Log::open(data.path(), &id, Options::default()), Err(AuditError::InUse { .. })));
}

#[test]
fn time_never_goes_back() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    for ms in [T0 - 5, T0 + 10, T0 + 3, T0 + 20] {
        log.append(ms, &event(LifecycleKind::Alarm)).unwrap();
    }
    log.stop(T0, "").unwrap();
    let text = text(&log);
    let times = text
        .lines()
        .map(|line| parse_ms(line.split_once("\"time\":\"").unwrap().1.get(..24).unwrap()).unwrap() - T0);
    assert_eq!(times.collect::<Vec<_>>(), [0, 10, 10, 20, 20]);
}

#[test]
fn stopping_closes_open_calls_and_the_log() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    let calls: Vec<Seq> = (0..3).map(|_| log.append(T0, &intent("alice", "read")).unwrap()).collect();
    log.append(T0, &outcome(calls[1], "alice", "read")).unwrap();
    log.stop(T0, "done").unwrap();
    log.stop(T0, "done").unwrap();
    assert!(matches!(log.append(T0, &event(LifecycleKind::Alarm)), Err(AuditError::Finished)));
    let text = text(&log);
    let unknown: Vec<&str> = text.lines().filter(|line| line.contains(r#""status":"unknown""#)).collect();
    assert_eq!(unknown.len(), 2);
    assert!(unknown[0].contains(r#""call":0,"#) && unknown[1].contains(r#""call":2,"#));
    let report = verify(data.path(), &[]).unwrap();
    assert_eq!((report.chains[0].state, report.chains[0].open_calls), (ChainState::Finished, 0));
}

#[test]
fn threads_and_instances_share_a_directory() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 20_000, ..Options::default() };
    let barrier = Barrier::new(16);
    std::thread::scope(|scope| {
        let logs: Vec<Arc<Log>> =
            (0..4).map(|i| Arc::new(open_with(data.path(), T0 + i, options).unwrap())).collect();
        for log in logs {
            for thread in 0..4 {
                let (log, barrier) = (Arc::clone(&log), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for i in 0..100 {
                        let call = log.append(T0 + i, &intent("alice", "read")).unwrap();
                        log.append(T0 + i, &outcome(call, "alice", "read")).unwrap();
                    }
                    if thread == 0 {
                        log.flush().unwrap();
                    }
                });
            }
            // The last thread to drop the log leaves it without a stop record: recovery completes it below.
        }
    });
    assert_eq!(crate::recover(data.path(), T0).unwrap().recovered.len(), 4);
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    assert!(report.chains.iter().all(|chain| chain.records == 801 && chain.open_calls == 0));
}

#[test]
fn power_loss_durability_groups_its_flushes() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { durability: Durability::PowerLoss, segment_bytes: 3000, ..Options::default() };
    let log = open_with(data.path(), T0, options).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    log.append(T0, &refusal("a", "t", "no")).unwrap();
                }
            });
        }
    });
    log.stop(T0, "").unwrap();
    assert!(verify(data.path(), &[]).unwrap().is_good());
}

#[test]
fn a_record_larger_than_a_segment_gets_one_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 2, Options { segment_bytes: 1, ..Options::default() });
    let segments = fs::read_dir(dir).unwrap().filter(|e| e.as_ref().unwrap().path().extension().is_some());
    assert_eq!(segments.count(), 7);
    assert!(verify(data.path(), &[]).unwrap().is_good());
}

#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 1, Options::default());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(dir.parent().unwrap()), mode(&dir)), (0o700, 0o700));
    for name in ["stopped", "000001.jsonl"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn what_is_staged_is_written_together_and_in_order() {
    let data = tempfile::tempdir().unwrap();
    let options =
        Options { segment_bytes: 4_000, flush_after: Duration::from_secs(3600), ..Options::default() };
    let log = open_with(data.path(), T0, options).unwrap();
    let staged: Vec<Staged> = (0..3).map(|i| log.stage(T0 + i, &intent("alice", "read")).unwrap()).collect();
    assert_eq!(text(&log), "", "nothing is written before somebody needs it");
    assert_eq!(log.confirm(staged[1]).unwrap(), Seq(1));
    assert_eq!(text(&log).lines().count(), 3);
    assert_eq!(log.confirm(staged[0]).unwrap(), Seq(0));
    // More than one segment takes.
    for call in 0..40 {
        log.stage(T0 + 5, &outcome(Seq(call % 3), "alice", "read")).unwrap();
    }
    log.write().unwrap();
    log.stop(T0 + 6, "").unwrap();
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    assert_eq!(report.chains[0].records, 44);
    assert!(fs::read_dir(log.dir()).unwrap().count() > 3);
}

#[test]
fn the_background_thread_writes_what_nobody_confirms() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    log.stage(T0, &refusal("alice", "read", "no")).unwrap();
    let since = std::time::Instant::now();
    while text(&log).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(30), "it was never written");
        std::thread::yield_now();
    }
}

/// A log whose disk has as much room left as the test says.
fn on_a_disk(data: &Path, free: &Arc<AtomicU64>) -> Log {
    let log = open(data, T0);
    let (free, kept_back) = (Arc::clone(free), Options::default().kept_back_bytes);
    let source = Box::new(move |_: &Path| Ok(free.load(Ordering::Relaxed)));
    log.shared.writer().space = space::Space::with(kept_back, source);
    log
}

/// The log forgets what it knows of the disk, as it does each second.
fn a_second_passes(log: &Log) {
    log.shared.writer().space.forget();
}

#[test]
fn the_last_room_is_kept_for_calls() {
    let data = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(0));
    let log = on_a_disk(data.path(), &free);
    let refuse = |category| log.append(T0, &Entry::Refusal(Refusal { count: 2, ..Refusal::new(category) }));
    let before_policy =
        [RefusalCategory::Malformed, RefusalCategory::Unauthenticated, RefusalCategory::Server];
    for category in before_policy {
        assert!(matches!(refuse(category), Err(AuditError::KeptBack { .. })), "{category:?}");
    }
    for _ in 0..2 {
        let call = log.append(T0, &intent("alice", "read")).unwrap();
        log.append(T0, &outcome(call, "alice", "read")).unwrap();
        refuse(RefusalCategory::Policy).unwrap();
        refuse(RefusalCategory::Malformed).unwrap_err();
    }
    assert_eq!(text(&log).lines().count(), 6, "calls, and what was refused to callers who are known");

    free.store(Options::default().kept_back_bytes, Ordering::Relaxed);
    refuse(RefusalCategory::Malformed).unwrap_err();
    a_second_passes(&log);
    refuse(RefusalCategory::Malformed).unwrap();
    let written = text(&log);
    let lines: Vec<&str> = written.lines().skip(6).collect();
    assert!(
        lines[0].contains(r#""kind":"unrecorded""#) && lines[0].contains(r#""refusals":12"#),
        "{lines:?}"
    );
    assert!(lines.len() == 2 && lines[1].contains("malformed"), "{lines:?}");
    log.stop(T0, "").unwrap();
    assert!(verify(data.path(), &[]).unwrap().is_good());
}

#[test]
fn the_last_room_is_enough_to_say_what_was_not_recorded() {
    let data = tempfile::tempdir().unwrap();
    let log = on_a_disk(data.path(), &Arc::new(AtomicU64::new(0)));
    log.append(T0, &Entry::Refusal(Refusal::new(RefusalCategory::Malformed))).unwrap_err();
    log.stop(T0, "").unwrap();
    assert!(text(&log).contains(r#""refusals":1"#), "{}", text(&log));
}

#[test]
fn the_disk_is_asked_once_a_second_at_most() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let source = Box::new(move |_: &Path| Ok(count.fetch_add(1, Ordering::Relaxed)));
    log.shared.writer().space = space::Space::with(u64::MAX, source);
    let since = std::time::Instant::now();
    for _ in 0..100 {
        log.append(T0, &Entry::Refusal(Refusal::new(RefusalCategory::Malformed))).unwrap_err();
    }
    assert!(asked.load(Ordering::Relaxed) <= 1 + since.elapsed().as_secs());
}

#[test]
fn who_takes_a_record_does_not_wait_for_one_who_writes() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    let first = log.stage(T0, &intent("alice", "read")).unwrap();
    let mut file = log.shared.file();
    let flight = log.shared.writer().take_off(file.path()).unwrap();
    let second = log.stage(T0, &intent("alice", "read")).unwrap();
    assert_eq!(log.pending().records, 2);
    assert!(log.shared.writer().known(first).is_none(), "it is being written");
    let written = file.append(&flight);
    drop(flight);
    log.shared.writer().landed(written, file.path()).unwrap();
    assert!(log.shared.writer().known(first).is_some() && log.shared.writer().known(second).is_none());
    drop(file);
    assert_eq!((log.confirm(first).unwrap(), log.confirm(second).unwrap()), (Seq(0), Seq(1)));
    log.stop(T0, "").unwrap();
    assert!(verify(data.path(), &[]).unwrap().is_good());
}

/// What is in flight is written so far, or not at all, and what was staged behind it hangs on it.
#[test]
fn what_was_staged_behind_what_could_not_be_written_is_lost_with_it() {
    for written in 0..2 {
        let data = tempfile::tempdir().unwrap();
        let log = open(data.path(), T0);
        let call = log.append(T0, &intent("alice", "read")).unwrap();
        let flying =
            [(); 2].map(|()| log.stage(T0, &Entry::Refusal(Refusal::new(RefusalCategory::Policy))).unwrap());
        let file = log.shared.file();
        let flight = log.shared.writer().take_off(file.path()).unwrap();
        let behind = log.stage(T0, &outcome(call, "alice", "read")).unwrap();
        if written == 1 {
            let (lines, _) = flight.lines(0, 0);
            fs::write(file.path(), text(&log) + lines).unwrap();
        }
        let error = AuditError::io("write", file.path())(std::io::ErrorKind::StorageFull.into());
        let path = file.path().to_owned();
        drop(flight);
        let landed = file::Written { records: written, result: Err(error) };
        log.shared.writer().landed(landed, &path).unwrap_err();
        drop(file);
        assert_eq!(log.confirm(flying[0]).is_ok(), written == 1);
        log.confirm(flying[1]).unwrap_err();
        log.confirm(behind).unwrap_err();
        assert!(log.pending().is_failing);
        // The next record brings the outcome, and the number of what was lost, before itself.
        log.append(T0, &event(LifecycleKind::Alarm)).unwrap();
        let text = text(&log);
        let late: Vec<&str> = text.lines().skip(1 + written).collect();
        assert!(late.len() == 3 && late[0].contains("\"happened\""), "{late:?}");
        let lost = format!("\"refusals\":{}", 2 - written);
        assert!(late[1].contains("unrecorded") && late[1].contains(&lost), "{late:?}");
        log.stop(T0, "").unwrap();
        let report = verify(data.path(), &[]).unwrap();
        assert!(report.is_good(), "{:?}", report.first_problem());
    }
}

#[test]
fn what_was_cut_short_is_cut_off() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    let call = log.stage(T0, &intent("alice", "read")).unwrap();
    let path = log.shared.file().path().to_owned();
    // Whoever took it off does not come back.
    log.shared.writer().take_off(&path).unwrap();
    log.confirm(call).unwrap_err();
    log.append(T0, &event(LifecycleKind::Alarm)).unwrap();
    log.stop(T0, "").unwrap();
    assert_eq!(text(&log).lines().count(), 2);
    assert!(verify(data.path(), &[]).unwrap().is_good());
}
