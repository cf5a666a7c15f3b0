//! Tests of a text as automata that walk one text together: in which ways they can turn out at once, and the shortest
//! text for each.

use std::collections::{BTreeMap, HashSet, VecDeque};

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Dot, Hir, Repetition};

use crate::condition::CompiledLeaf;
use crate::document::{Scalar, Test};
use crate::reading::Operand;

/// Largest automaton of one test, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// Most states of all of them together.
const MOST_STATES: usize = 30_000;
/// Longest length that is counted out.
const LONGEST: u32 = 1_000;

type Machine = dense::DFA<Vec<u32>>;

/// Whether the test is one that an automaton can make of a text.
pub(super) fn is_mechanical(leaf: &CompiledLeaf) -> bool {
    expression(leaf).is_some()
}

/// One text for each way in which the tests can turn out together; `None` where one is of another kind, or they are too
/// large.
pub(super) fn witnesses(leaves: &[&CompiledLeaf]) -> Option<Vec<String>> {
    let mut machines = vec![machine(&anything())?];
    for leaf in leaves {
        machines.push(machine(&expression(leaf)?)?);
    }
    walk(&machines)
}

/// All texts of which the test holds, as an expression over the whole text.
fn expression(leaf: &CompiledLeaf) -> Option<Hir> {
    let folds = leaf.written.ignore_case;
    let literal = |text: &str| Hir::literal(text.as_bytes());
    let one_of = |values: &[Scalar]| {
        let texts = values.iter().filter_map(|value| match value {
            Scalar::Text(text) => Some(literal(text)),
            Scalar::Number(_) | Scalar::Bool(_) => None,
        });
        Hir::alternation(texts.collect())
    };
    let around = |inner: Hir| Hir::concat(vec![anything(), inner, anything()]);
    Some(match &leaf.written.test {
        Test::Regex(regular) => around(parsed(regular.as_str(), folds)?),
        _ if folds && !matches!(&leaf.written.test, Test::Reading(of) if of.pattern().is_some()) => {
            return None;
        }
        Test::Eq(value) | Test::Neq(value) => one_of(std::slice::from_ref(value)),
        Test::In(values) | Test::NotIn(values) => one_of(values),
        Test::Contains(Scalar::Text(text)) => around(literal(text)),
        // Of a text these are the same whatever it says.
        Test::Contains(_) | Test::Exists(_) | Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_) => {
            anything()
        }
        Test::Reading(reading) => match &reading.operand {
            Operand::Matches(whole) => parsed(whole.as_str(), folds)?,
            Operand::StartsWith(affixes) => {
                Hir::concat(vec![Hir::alternation(affixes.texts().map(literal).collect()), anything()])
            }
            Operand::EndsWith(affixes) => {
                Hir::concat(vec![anything(), Hir::alternation(affixes.texts().map(literal).collect())])
            }
            Operand::MatchesGlob(shapes) => Hir::alternation(shapes.texts().map(glob).collect()),
            Operand::LengthLte(length) => letters(0, Some(counted(length.bound().to_i128()?)?)),
            Operand::LengthGte(length) => letters(counted(length.bound().to_i128()?)?, None),
            Operand::OneOfTypes(_) => anything(),
            _ => return None,
        },
    })
}

fn parsed(text: &str, ignore_case: bool) -> Option<Hir> {
    ParserBuilder::new().case_insensitive(ignore_case).build().parse(text).ok()
}

fn counted(length: i128) -> Option<u32> {
    u32::try_from(length).ok().filter(|length| *length <= LONGEST)
}

fn letters(min: u32, max: Option<u32>) -> Hir {
    Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(Hir::dot(Dot::AnyChar)) })
}

fn anything() -> Hir {
    letters(0, None)
}

fn glob(text: &str) -> Hir {
    let mut parts = Vec::new();
    for (place, piece) in text.split('*').enumerate() {
        parts.extend((place > 0).then(anything));
        parts.push(Hir::literal(piece.as_bytes()));
    }
    Hir::concat(parts)
}

fn machine(expression: &Hir) -> Option<Machine> {
    let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MOST_BYTES));
    let states = thompson::Compiler::new().configure(config).build_from_hir(expression).ok()?;
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        // A longer way to match is not cut off by a shorter one.
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(MOST_BYTES))
        .determinize_size_limit(Some(4 * MOST_BYTES));
    dense::Builder::new().configure(config).build_from_nfa(&states).ok()
}

/// Every combination of states that a text leads to, the shortest texts first. The first machine takes what is a text.
fn walk(machines: &[Machine]) -> Option<Vec<String>> {
    let start: Option<Vec<StateID>> = machines
        .iter()
        .map(|machine| machine.start_state_forward(&Input::new("").anchored(Anchored::Yes)).ok())
        .collect();
    let start = start?;
    let bytes = telling_bytes(machines);
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, Vec::new())]);
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    while let Some((states, text)) = queue.pop_front() {
        let ends = machines.iter().zip(&states);
        let mut ends = ends.map(|(machine, state)| machine.is_match_state(machine.next_eoi_state(*state)));
        if ends.next() == Some(true)
            && let Ok(text) = std::str::from_utf8(&text)
        {
            found.entry(ends.collect()).or_insert_with(|| text.to_owned());
        }
        for byte in &bytes {
            let next = machines.iter().zip(&states);
            let next: Vec<StateID> = next.map(|(machine, state)| machine.next_state(*state, *byte)).collect();
            let is_text =
                machines.iter().zip(&next).take(1).all(|(machine, state)| !machine.is_dead_state(*state));
            if is_text && seen.insert(next.clone()) {
                let longer = text.iter().copied().chain([*byte]).collect();
                queue.push_back((next, longer));
            }
        }
        if seen.len() > MOST_STATES {
            return None;
        }
    }
    Some(found.into_values().collect())
}

/// One byte of each kind that the machines tell apart; a plain letter where there is one.
fn telling_bytes(machines: &[Machine]) -> Vec<u8> {
    let plain = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~');
    let mut kinds = HashSet::new();
    let kind =
        |byte: &u8| machines.iter().map(|machine| machine.byte_classes().get(*byte)).collect::<Vec<_>>();
    plain.chain(0..=u8::MAX).filter(|byte| kinds.insert(kind(byte))).collect()
}
