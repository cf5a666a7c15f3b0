use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::testing::{T0, event, intent, open, outcome, refusal, whole_chain};
use crate::{LifecycleKind, Options, recover};

fn small_segments() -> Options {
    Options { segment_bytes: 1500, ..Options::default() }
}

/// The segments of the only chain.
fn segments(dir: &Path) -> Vec<PathBuf> {
    files::segments(dir).unwrap().into_iter().map(|file| file.path).collect()
}

fn problems(data: &Path) -> Vec<String> {
    let report = verify(data, &[]).unwrap();
    let all = report.chains.iter().flat_map(|chain| &chain.findings).chain(&report.findings);
    all.map(ToString::to_string).collect()
}

#[test]
fn a_whole_chain_is_good() {
    let data = tempfile::tempdir().unwrap();
    whole_chain(data.path(), T0, 20, Options::default());
    whole_chain(data.path(), T0 + 5, 20, small_segments());
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good(), "{:?}", report.first_problem());
    for chain in &report.chains {
        assert_eq!((chain.records, chain.state, chain.open_calls), (43, ChainState::Finished, 0));
        assert_eq!(chain.span.unwrap().1 - chain.span.unwrap().0, 201);
    }
    assert_eq!(report.chains[0].segments, 1);
    assert!(report.chains[1].segments > 10);
    assert_eq!(report.blind_spots().len(), 3);
}

#[test]
fn nothing_is_good_too() {
    let data = tempfile::tempdir().unwrap();
    assert!(verify(data.path(), &[]).unwrap().is_good());
}

#[test]
fn an_edit_is_named_with_its_place() {
    let check = |edit: &dyn Fn(&mut Vec<String>), expected: &str| {
        let data = tempfile::tempdir().unwrap();
        let dir = whole_chain(data.path(), T0, 3, Options::default());
        let path = dir.join("000001.jsonl");
        let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        edit(&mut lines);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let first = problems(data.path()).into_iter().next().unwrap_or_default();
        assert_eq!(first.replace(dir.to_str().unwrap(), "DIR"), expected);
        if expected.contains("its leaf hash") {
            assert_eq!(problems(data.path()).len(), 1, "what follows a changed record is not wrong too");
        }
    };
    check(
        &|l| l[2] = l[2].replace("read", "Read"),
        "DIR/000001.jsonl:3: its leaf hash does not match its record: the record was changed",
    );
    check(&|l| l[2].insert(0, ' '), "DIR/000001.jsonl:3: is not a line of an audit log");
    check(&|l| drop(l.remove(3)), "DIR/000001.jsonl:4: record 3 is missing before record 4");
    check(&|l| drop(l.drain(3..5)), "DIR/000001.jsonl:4: records 3 to 4 are missing before record 5");
    check(&|l| l.swap(3, 4), "DIR/000001.jsonl:4: record 3 is missing before record 4");
    check(&|l| l.insert(4, l[3].clone()), "DIR/000001.jsonl:5: record 3 stands after record 3");
    check(&|l| l.truncate(8), "DIR/stopped: says that the chain is finished, but it has no `stop` record");
    check(&|l| l.push(l[8].clone()), "DIR/000001.jsonl:10: record 8 stands after the `stop` record");
    // A record rewritten with a new hash of its own is found by the next one.
    let rehash = |l: &mut Vec<String>| {
        let record = crate::line::split(l[2].as_bytes()).unwrap().1;
        let changed = String::from_utf8(record.to_vec()).unwrap().replace("alice", "mallory");
        let mut line = String::new();
        crate::line::write(&changed, &mut line);
        l[2] = line.trim_end().to_owned();
    };
    check(&rehash, "DIR/000001.jsonl:4: record 3 does not name the leaf of the record before it");
}

#[test]
fn missing_segments_and_chains_are_missed() {
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 20, small_segments());
    let paths = segments(&dir);
    for path in [&paths[0], &paths[4], &paths[paths.len() - 1]] {
        let text = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        assert!(!problems(data.path()).is_empty(), "{}", path.display());
        fs::write(path, text).unwrap();
    }
    assert_eq!(problems(data.path()), Vec::<String>::new());

    let known = |id: &InstanceId| [Registered { instance: id.clone(), finished: true }];
    let there = InstanceId::parse(dir.file_name().unwrap().to_str().unwrap()).unwrap();
    assert!(verify(data.path(), &known(&there)).unwrap().is_good());
    fs::remove_dir_all(&dir).unwrap();
    let report = verify(data.path(), &known(&there)).unwrap();
    assert!(report.first_problem().unwrap().what.contains("its chain is missing"));
}

#[test]
fn an_end_cut_off_and_recovered_is_missed_by_the_register() {
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 3, Options::default());
    let path = dir.join("000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let cut: Vec<&str> = text.split_inclusive('\n').take(6).collect();
    fs::write(&path, cut.concat()).unwrap();
    fs::remove_file(dir.join("stopped")).unwrap();
    recover(data.path(), T0).unwrap();
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good() && report.chains[0].state == ChainState::Crashed);
    assert!(report.blind_spots().iter().any(|spot| spot.contains("recovered after a crash")));
    let known = Registered { instance: report.chains[0].instance.clone(), finished: true };
    assert!(!verify(data.path(), &[known]).unwrap().is_good());
}

#[test]
fn a_running_chain_is_good_and_strangers_are_named() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path(), T0);
    log.append(T0, &event(LifecycleKind::Start)).unwrap();
    let call = log.append(T0, &intent("alice", "read")).unwrap();
    let report = verify(data.path(), &[]).unwrap();
    assert!(report.is_good());
    assert_eq!((report.chains[0].state, report.chains[0].open_calls), (ChainState::Running, 1));
    log.append(T0, &outcome(call, "alice", "read")).unwrap();
    drop(log);
    assert!(problems(data.path())[0].contains("has no `stop` record"));
    fs::write(audit_dir(data.path()).join("notes.txt"), "").unwrap();
    assert!(problems(data.path()).last().unwrap().ends_with("notes.txt: does not belong in an audit log"));
}

#[test]
fn findings_are_bounded() {
    let data = tempfile::tempdir().unwrap();
    let dir = whole_chain(data.path(), T0, 100, Options::default());
    let path = dir.join("000001.jsonl");
    let text = fs::read_to_string(&path).unwrap().replace("alice", "mallory");
    fs::write(&path, text).unwrap();
    let report = verify(data.path(), &[]).unwrap();
    assert_eq!(report.chains[0].findings.len(), MAX_FINDINGS);
    assert!(report.chains[0].more > 50);
}

/// A chain with records of every shape, as bytes of its only segment.
fn sample(data: &Path) -> (PathBuf, Vec<u8>) {
    let log = open(data, T0);
    log.append(T0, &event(LifecycleKind::Start)).unwrap();
    let call = log.append(T0, &intent("al\"ice\u{1}", "réad😀")).unwrap();
    log.append(T0 + 1, &refusal("bob", "wri\nte", "no \\ way")).unwrap();
    log.append(T0 + 2, &outcome(call, "al\"ice\u{1}", "réad😀")).unwrap();
    log.stop(T0 + 3, "done").unwrap();
    let path = log.dir().join("000001.jsonl");
    let text = fs::read(&path).unwrap();
    (path, text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_changed_byte_is_found(at in any::<proptest::sample::Index>(), mask in 1_u8..) {
        let data = tempfile::tempdir().unwrap();
        let (path, mut text) = sample(data.path());
        let at = at.index(text.len());
        text[at] ^= mask;
        fs::write(&path, &text).unwrap();
        prop_assert!(!problems(data.path()).is_empty(), "byte {at} xor {mask}");
    }

    #[test]
    fn any_cut_is_found(at in any::<proptest::sample::Index>()) {
        let data = tempfile::tempdir().unwrap();
        let (path, text) = sample(data.path());
        fs::write(&path, &text[..at.index(text.len())]).unwrap();
        prop_assert!(!problems(data.path()).is_empty());
    }

    #[test]
    fn any_removed_repeated_or_swapped_line_is_found(
        edit in 0..3, a in any::<proptest::sample::Index>(), b in any::<proptest::sample::Index>()
    ) {
        let data = tempfile::tempdir().unwrap();
        let (path, text) = sample(data.path());
        let mut lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        match edit {
            0 => drop(lines.remove(a)),
            1 => lines.insert(b, lines[a]),
            _ if a == b => return Ok(()),
            _ => lines.swap(a, b),
        }
        fs::write(&path, lines.concat()).unwrap();
        prop_assert!(!problems(data.path()).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever stands in the files, readers and recovery end, and nothing but a log is called good.
    #[test]
    fn any_bytes_are_survived(
        junk in prop::collection::vec(any::<u8>(), 0..300), at in any::<proptest::sample::Index>(), framed: bool
    ) {
        let data = tempfile::tempdir().unwrap();
        let (path, mut text) = sample(data.path());
        let at = at.index(text.len());
        let junk = if framed {
            let mut line = String::new();
            crate::line::write(&String::from_utf8_lossy(&junk).replace('\n', ""), &mut line);
            line.into_bytes()
        } else {
            junk
        };
        let empty = junk.is_empty();
        text.splice(at..at, junk);
        fs::write(&path, &text).unwrap();
        prop_assert_eq!(problems(data.path()).is_empty(), empty);
        for record in crate::query(data.path(), crate::Filter::default()).unwrap() {
            record.unwrap();
        }
        crate::Tail::open(data.path(), &crate::Filter::default(), 5).unwrap();
        recover(data.path(), T0).unwrap();
    }
}
