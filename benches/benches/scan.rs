//! Reading a call: the strict scan and the message against a `serde_json::Value`, the canonical form.

use divan::Bencher;
use divan::counter::BytesCount;
use interlock_benches::messages::{ARGUMENTS, call};
use interlock_json::{Limits, canonical, scan};
use interlock_wire::Message;

fn main() {
    divan::main();
}

/// A call of about 300 bytes, and a result of about 100 kB.
fn texts() -> [(&'static str, String); 2] {
    let row = format!(r#"{{"id":1234567,"name":"Ada \"L\" ü","args":{ARGUMENTS}}}"#);
    let rows = vec![row; 400].join(",");
    [("call", call(7)), ("large", format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"rows":[{rows}]}}}}"#))]
}

fn text(name: &str) -> String {
    texts().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[divan::bench(args = ["call", "large"])]
fn serde_json_value(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let counted = bencher.counter(BytesCount::of_str(&text));
    counted.bench(|| serde_json::from_str::<serde_json::Value>(&text).unwrap());
}

#[divan::bench(args = ["call", "large"])]
fn strict_scan(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let counted = bencher.counter(BytesCount::of_str(&text));
    counted.bench(|| scan(text.as_str(), &Limits::default()).unwrap());
}

#[divan::bench(args = ["call", "large"])]
fn message(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let counted = bencher.counter(BytesCount::of_str(&text));
    let input = || text.clone().into_bytes();
    counted.with_inputs(input).bench_values(|line| Message::parse(line, &Limits::default()).unwrap());
}

#[divan::bench]
fn canonical_form(bencher: Bencher<'_, '_>) {
    let document = scan(ARGUMENTS, &Limits::default()).unwrap();
    bencher.counter(BytesCount::of_str(ARGUMENTS)).bench(|| canonical::to_string(document.root()));
}
