//! Bytes → a segment of the audit log → verify, query, recover. Run in this folder:
//! `cargo +nightly fuzz run segment corpus/segment seeds/segment -- -dict=segment.dict -max_total_time=60`.
//!
//! A first byte `=` stands for lines that are given without their leaf hashes, which no fuzzer guesses: each gets
//! the one that it should have.
#![no_main]

use std::path::{Path, PathBuf};

use interlock_audit::{ChainState, Filter, Report, leaf_of, query, recover, verify};
use libfuzzer_sys::fuzz_target;

const INSTANCE: &str = "01kakg0000fzzsegmentxxxxxx";
const NOW_MS: i64 = 1_763_690_000_000;

fuzz_target!(|data: &[u8]| {
    let directory = tempfile::tempdir_in(place()).unwrap();
    let chain = directory.path().join("audit").join(INSTANCE);
    std::fs::create_dir_all(&chain).unwrap();
    let segment = chain.join("000001.jsonl");
    match data.strip_prefix(b"=") {
        Some(records) => std::fs::write(&segment, framed(records)),
        None => std::fs::write(&segment, data),
    }
    .unwrap();
    let before = look(directory.path());
    let recovery = recover(directory.path(), NOW_MS).unwrap();
    let after = look(directory.path());
    // What was in order but for its end is in order once it is completed.
    if before.is_good() && recovery.failed.is_empty() {
        assert!(after.is_good(), "{:?}", after.first_problem());
    }
    if !recovery.recovered.is_empty() {
        assert_eq!(after.chains[0].state, ChainState::Crashed);
        assert!(recover(directory.path(), NOW_MS).unwrap().recovered.is_empty(), "once is enough");
    }
});

/// In memory where there is such a place: a log is synced.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn look(directory: &Path) -> Report {
    for record in query(directory, Filter::default()).unwrap() {
        // What is damaged is an error, and the next record goes on.
        let _found = record;
    }
    verify(directory, &[]).unwrap()
}

fn framed(records: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for record in records.split_inclusive(|byte| *byte == b'\n') {
        let (record, end) = match record.strip_suffix(b"\n") {
            Some(record) => (record, "}\n"),
            // The last one is torn.
            None => (record, ""),
        };
        lines.extend_from_slice(format!("{{\"leaf\":\"{}\",\"record\":", leaf_of(record)).as_bytes());
        lines.extend_from_slice(record);
        lines.extend_from_slice(end.as_bytes());
    }
    lines
}
