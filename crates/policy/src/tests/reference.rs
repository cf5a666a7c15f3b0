//! A second evaluator, and both on many random cases.
//!
//! It is an interpreter of documents, written from the description of the language and nothing else: it shares no code
//! with the compiled form, reads slowly and in the order of the description, and is here to disagree. SQL and `when`
//! are a few texts whose meaning is written out by hand; URLs, patterns and time zones are the libraries' own.

mod compare;
mod condition;
mod counters;
mod coverage;
mod expression;
mod generate;
mod json;
mod judge;
mod limits;
mod number;
mod operator;
mod path;
mod policy;
mod reading;
mod scene;
mod uri;
mod validate;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::test_runner::{Config as ProptestConfig, RngSeed};

use self::compare::{Bench, Pair};
use self::counters::Counter;
use self::generate::Dice;
use self::generate::calls::{GeneratedCall, Target, call};
use self::json::Json;
use self::number::Number;
use crate::{Origin, Severity, Source, Syntax, compile};

/// Calls that one pair of policies judges.
const CALLS: u64 = 50;

/// How many cases stand for one of a property's: they cost much less.
const EACH: u64 = 100;

/// From so many cases on, everything must have come up.
const ENOUGH: u64 = 20_000;

/// In how many of ten thousand cases everything that the language has must have been of some effect.
const LEAST: u64 = 5;

/// How many cases to judge, and the seed of the first: `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say so for these as
/// they do for all properties.
fn asked() -> (u64, u64) {
    let config = ProptestConfig::default();
    let first = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => 0,
    };
    (u64::from(config.cases) * EACH, first)
}

/// The policies of a seed: the server's, and often the grant's.
fn pair(dice: &mut Dice) -> (Pair, Vec<GeneratedCall>) {
    let origins = dice.weighted(&[
        (1, &[][..]),
        (60, &[Origin::Server][..]),
        (40, &[Origin::Server, Origin::Grant][..]),
    ]);
    let mut pair = Pair { reference: Vec::new(), compiled: Vec::new() };
    let mut target = Target::default();
    for origin in origins {
        let related = pair.reference.first().filter(|_| dice.chance(50)).map(|first| &first.document);
        let (document, policy) = readable(dice, related);
        target.add(&document);
        pair.compiled.push((*origin, policy));
        pair.reference.push(policy::Policy { origin: *origin, document });
    }
    let calls = (0..CALLS).map(|_| call(dice, &target)).collect();
    (pair, calls)
}

/// A document without mistakes. A few hold one, such as a condition that can never be judged.
fn readable(dice: &mut Dice, related: Option<&Json>) -> (Json, crate::Policy) {
    loop {
        let document = match related {
            Some(first) => generate::almost(dice, first),
            None => generate::document(dice),
        };
        let text = document.to_string();
        let (policy, found) = compile(&Source { name: "p", text: &text, syntax: Syntax::Json });
        if let Some(policy) = policy {
            return (document, policy);
        }
        for found in found.iter().filter(|found| found.severity == Severity::Error) {
            coverage::hit(format!("refused {}", found.code));
        }
    }
}

/// Some value for each counter, near the numbers that conditions compare with.
fn held(seed: u64) -> impl Fn(&Counter) -> Option<Number> {
    move |counter| {
        let mut hasher = DefaultHasher::new();
        (seed, counter).hash(&mut hasher);
        let values = [
            None,
            Some("0"),
            Some("1"),
            Some("4.4"),
            Some("4.5"),
            Some("5"),
            Some("99"),
            Some("100"),
            Some("1e30"),
        ];
        values[usize::try_from(hasher.finish() % 9).unwrap()].map(Number::of)
    }
}

#[test]
fn both_evaluators_agree() {
    let (cases, first) = asked();
    let bench = Bench::new();
    // For each thing in which they differ: how often, and the shortest case.
    let mut differences: BTreeMap<&'static str, (u64, String)> = BTreeMap::new();
    for seed in first..first + cases / CALLS {
        let (pair, calls) = pair(&mut Dice::new(seed));
        for call in calls {
            for (what, both) in bench.differences(&pair, &call, &held(seed)) {
                let case = format!("seed {seed}: {what}\n{both}\n{}", shown(&pair, &call));
                let (count, shortest) = differences.entry(what).or_insert_with(|| (0, case.clone()));
                *count += 1;
                if case.len() < shortest.len() {
                    *shortest = case;
                }
            }
        }
    }
    for (what, count) in coverage::hits() {
        println!("{count:>9} {what}");
    }
    let told: Vec<String> =
        differences.values().map(|(count, case)| format!("{count} times: {case}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    let rare = coverage::rare(cases, LEAST);
    assert!(cases < ENOUGH || rare.is_empty(), "agreement on almost nothing: {rare:#?}");
}

fn shown(pair: &Pair, call: &GeneratedCall) -> String {
    let documents = pair.reference.iter().map(|policy| format!("\n{} {}", policy.origin, policy.document));
    let arguments = call.arguments.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{call:?}\n{arguments}{}", documents.collect::<String>())
}
