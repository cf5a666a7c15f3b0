//! Judging a call. Budgets: 1 µs without limits, 3 µs with three, and the number of rules for other tools
//! makes no difference.

use divan::Bencher;
use interlock_benches::judging::Judging;
use interlock_benches::policies;

fn main() {
    divan::main();
}

#[divan::bench]
fn without_counters(bencher: Bencher<'_, '_>) {
    let judging = Judging::new(&policies::conditions()).unwrap();
    bencher.bench(|| judging.judge());
}

#[divan::bench]
fn with_three_counters(bencher: Bencher<'_, '_>) {
    let judging = Judging::new(&policies::limited()).unwrap();
    bencher.bench(|| judging.judge());
}

#[divan::bench(args = [1, 100, 10_000])]
fn among_rules_for_other_tools(bencher: Bencher<'_, '_>, others: usize) {
    let judging = Judging::new(&policies::among(others)).unwrap();
    bencher.bench(|| judging.judge());
}

#[divan::bench(args = [1, 100, 10_000])]
fn among_patterns_for_other_tools(bencher: Bencher<'_, '_>, others: usize) {
    let judging = Judging::new(&policies::among_globs(others)).unwrap();
    bencher.bench(|| judging.judge());
}

/// One condition: the customer is one of so many.
#[divan::bench(args = [1, 64, 65, 10_000])]
fn one_of_a_list(bencher: Bencher<'_, '_>, values: usize) {
    let judging = Judging::new(&policies::listing(values)).unwrap();
    bencher.bench(|| judging.judge());
}
