//! From text to a policy of 10,000 rules. Budget: 100 ms for the mixture.
//!
//! `events` is what the YAML parser alone takes for the same text, `scanned` what the scan of JSON takes: the floors.

use divan::Bencher;
use divan::counter::BytesCount;
use interlock_benches::large::{RULES, Shape, compile};
use interlock_json::{Limits, scan};
use interlock_policy::Syntax;
use saphyr_parser::Parser;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

#[divan::bench(args = Shape::ALL)]
fn yaml(bencher: Bencher<'_, '_>, shape: Shape) {
    let text = shape.text(RULES, Syntax::Yaml).unwrap();
    bencher.counter(BytesCount::of_str(&text.text)).bench(|| compile(&text).unwrap());
}

#[divan::bench(args = Shape::ALL)]
fn json(bencher: Bencher<'_, '_>, shape: Shape) {
    let text = shape.text(RULES, Syntax::Json).unwrap();
    bencher.counter(BytesCount::of_str(&text.text)).bench(|| compile(&text).unwrap());
}

#[divan::bench(args = Shape::ALL)]
fn events(bencher: Bencher<'_, '_>, shape: Shape) {
    let text = shape.text(RULES, Syntax::Yaml).unwrap();
    let counted = bencher.counter(BytesCount::of_str(&text.text));
    counted.bench(|| Parser::new_from_str(&text.text).filter(Result::is_ok).count());
}

#[divan::bench(args = Shape::ALL)]
fn scanned(bencher: Bencher<'_, '_>, shape: Shape) {
    let text = shape.text(RULES, Syntax::Json).unwrap();
    let counted = bencher.counter(BytesCount::of_str(&text.text));
    counted.bench(|| scan(text.text.as_str(), &Limits { bytes: usize::MAX, depth: 64 }).unwrap());
}
