//! What a call writes: reservations in the store, records in the audit log.

use divan::Bencher;
use divan::counter::ItemsCount;
use interlock_benches::recording::Recording;
use interlock_benches::reserving::Reserving;

fn main() {
    divan::main();
}

/// One call at a time: nothing to reserve, one counter, three.
#[divan::bench(args = [0, 1, 3])]
fn reserve_one(bencher: Bencher<'_, '_>, counters: usize) {
    let directory = tempfile::tempdir().unwrap();
    let reserving = Reserving::new(directory.path()).unwrap();
    bencher.bench_local(|| reserving.one(counters).unwrap());
}

/// Sixteen calls at once.
#[divan::bench(args = [0, 1, 3])]
fn reserve_grouped(bencher: Bencher<'_, '_>, counters: usize) {
    let directory = tempfile::tempdir().unwrap();
    let reserving = Reserving::new(directory.path()).unwrap();
    let counted = bencher.counter(ItemsCount::new(16_usize));
    counted.bench_local(|| reserving.grouped(16, counters).unwrap());
}

/// Canonical form and keyed digest of 200 bytes of arguments.
#[divan::bench]
fn canonical_form_and_digest(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().unwrap();
    let recording = Recording::new(directory.path()).unwrap();
    bencher.bench_local(|| recording.arguments());
}

/// Both records of a call with three limits: encoded, hashed, written.
#[divan::bench]
fn intent_and_outcome(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().unwrap();
    let recording = Recording::new(directory.path()).unwrap();
    bencher.bench_local(|| recording.outcome(recording.intent().unwrap()).unwrap());
}
