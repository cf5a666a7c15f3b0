//! The same work in instructions, which hold still on a busy machine. Needs valgrind and the
//! `gungraun-runner` of the same version.

#![allow(missing_docs, reason = "the macros make the items")]

use std::hint::black_box;

use gungraun::prelude::*;
use interlock_benches::judging::Judging;
use interlock_benches::messages::{ARGUMENTS, call};
use interlock_benches::policies;
use interlock_benches::recording::Recording;
use interlock_benches::reserving::Reserving;
use interlock_json::{Document, Limits, canonical, scan};
use interlock_policy::Judgement;
use interlock_wire::Message;
use tempfile::TempDir;

fn judging(policy: String) -> Judging {
    Judging::new(&policy).unwrap()
}

#[library_benchmark(setup = judging)]
#[bench::without_counters(policies::conditions())]
#[bench::with_three_counters(policies::limited())]
#[bench::among_1(policies::among(1))]
#[bench::among_100(policies::among(100))]
#[bench::among_10_000(policies::among(10_000))]
#[bench::among_10_000_patterns(policies::among_globs(10_000))]
#[bench::one_of_10_000(policies::listing(10_000))]
fn judge(judging: Judging) -> (Judgement, Judging) {
    (black_box(judging.judge()), judging)
}

#[library_benchmark]
#[bench::call(call(7))]
fn serde_json_value(text: String) -> (serde_json::Value, String) {
    (serde_json::from_str(black_box(&text)).unwrap(), text)
}

#[library_benchmark]
#[bench::call(call(7))]
fn strict_scan(text: String) -> Document<String> {
    scan(black_box(text), &Limits::default()).unwrap()
}

#[library_benchmark]
#[bench::call(call(7).into_bytes())]
fn message(line: Vec<u8>) -> Message {
    Message::parse(black_box(line), &Limits::default()).unwrap()
}

fn arguments() -> Document<&'static str> {
    scan(ARGUMENTS, &Limits::default()).unwrap()
}

#[library_benchmark]
#[bench::arguments(arguments())]
fn canonical_form(document: Document<&'static str>) -> (String, Document<&'static str>) {
    (canonical::to_string(black_box(document.root())), document)
}

fn recording() -> (Recording, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let recording = Recording::new(directory.path()).unwrap();
    // The first record flushes the directory.
    recording.outcome(recording.intent().unwrap()).unwrap();
    (recording, directory)
}

#[library_benchmark]
#[bench::of_200_bytes(recording())]
fn canonical_form_and_digest(log: (Recording, TempDir)) -> (Recording, TempDir) {
    black_box(log.0.arguments());
    log
}

#[library_benchmark]
#[bench::of_a_call(recording())]
fn intent_and_outcome(log: (Recording, TempDir)) -> (Recording, TempDir) {
    black_box(log.0.outcome(log.0.intent().unwrap()).unwrap());
    log
}

fn reserving(counters: usize) -> (Reserving, usize, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let reserving = Reserving::new(directory.path()).unwrap();
    // The first call makes the counters and prepares the statements.
    reserving.one(counters).unwrap();
    (reserving, counters, directory)
}

#[library_benchmark]
#[benches::counters(args = [0, 1, 3], setup = reserving)]
fn reserve(store: (Reserving, usize, TempDir)) -> (Reserving, usize, TempDir) {
    store.0.one(store.1).unwrap();
    store
}

library_benchmark_group!(name = judging_a_call, benchmarks = judge);
library_benchmark_group!(
    name = reading_a_call,
    benchmarks = [serde_json_value, strict_scan, message, canonical_form]
);
library_benchmark_group!(
    name = writing_a_call,
    benchmarks = [canonical_form_and_digest, intent_and_outcome, reserve]
);

main!(library_benchmark_groups = [judging_a_call, reading_a_call, writing_a_call]);
