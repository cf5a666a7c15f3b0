//! Values of an argument or fact such that every way in which the conditions on it can turn out is met by one of
//! them, and whether that can be vouched for.

use std::collections::{BTreeMap, BTreeSet};

use interlock_json::{Decimal, Kind};

use super::{families, machine};
use crate::condition::{CompiledLeaf, Truth};
use crate::document::{Scalar, Test};
use crate::operator::fold;
use crate::path::Step;
use crate::reading::Operand;
use crate::what_if::sample;

/// Most values of one argument, and most combinations inside one.
const MOST: usize = 400;
/// Longest array or text made up for the sake of its length.
const LONGEST: usize = 64;
/// Texts that parsers stumble over.
const EVIL: [&str; 6] = ["", "a\u{0}b", "..\\..", "http://[", "'\"($(", "%2e%2e/"];

/// Values, and whether they stand for all.
#[derive(Debug, Clone, Default)]
pub(super) struct Values<T> {
    pub(super) all: Vec<T>,
    pub(super) complete: bool,
}

/// What conditions, limits and expressions look at in a value, by the way to it.
#[derive(Default)]
pub(super) struct Tree<'p> {
    leaves: Vec<&'p CompiledLeaf>,
    /// Numbers and texts that a limit or an expression compares it with.
    pub(super) numbers: Vec<Decimal>,
    pub(super) texts: Vec<String>,
    pub(super) used: bool,
    keys: BTreeMap<String, Tree<'p>>,
    indexes: BTreeMap<usize, Tree<'p>>,
    each: Option<Box<Tree<'p>>>,
}

impl<'p> Tree<'p> {
    /// What a path leads to.
    pub(super) fn at(&mut self, steps: &[Step]) -> &mut Tree<'p> {
        let mut tree = self;
        for step in steps {
            tree = match step {
                Step::Key(key) => tree.keys.entry(key.clone()).or_default(),
                Step::Index(index) => tree.indexes.entry(*index).or_default(),
                Step::Each => tree.each.get_or_insert_default(),
            };
        }
        tree
    }

    /// Notes a test; the same one of two policies once.
    pub(super) fn add(&mut self, leaf: &'p CompiledLeaf) {
        let same = |known: &&&CompiledLeaf| format!("{known:?}") == format!("{leaf:?}");
        if !self.leaves.iter().any(|known| same(&known)) {
            self.leaves.push(leaf);
        }
    }

    /// The arguments, where this is what holds them.
    pub(super) fn members(&self) -> impl Iterator<Item = (&String, &Tree<'p>)> {
        self.keys.iter()
    }

    /// Whether a limit or an expression looks at it, or at something in it.
    pub(super) fn is_used(&self) -> bool {
        let mut inner = self.keys.values().chain(self.indexes.values()).chain(self.each.as_deref());
        self.used || inner.any(Tree::is_used)
    }

    /// Every test of it, or of something in it.
    pub(super) fn every_leaf(&self) -> Vec<&'p CompiledLeaf> {
        let inner = self.keys.values().chain(self.indexes.values()).chain(self.each.as_deref());
        self.leaves.iter().copied().chain(inner.flat_map(Tree::every_leaf)).collect()
    }

    fn tests(&self) -> usize {
        let inner = self.keys.values().chain(self.indexes.values()).chain(self.each.as_deref());
        self.leaves.len() + inner.map(Tree::tests).sum::<usize>()
    }

    /// Values as JSON; the missing one is not among them.
    pub(super) fn values(&self) -> Values<String> {
        let (texts, numbers) = (self.texts(), self.numbers());
        let mut all = texts.all.iter().map(|text| sample::quoted(text)).collect::<Vec<_>>();
        all.extend(numbers.all);
        all.extend(["null", "true", "false"].map(str::to_owned));
        let (objects, arrays) = (self.objects(), self.arrays());
        let complete = [texts.complete, numbers.complete, objects.complete, arrays.complete];
        all.extend(arrays.all);
        all.extend(objects.all);
        Values { complete: complete.into_iter().all(|complete| complete), all }
    }

    fn scalars(&self) -> impl Iterator<Item = (&Scalar, bool)> {
        self.leaves.iter().flat_map(|leaf| {
            let values: &[Scalar] = match &leaf.written.test {
                Test::Eq(value) | Test::Neq(value) | Test::Contains(value) => std::slice::from_ref(value),
                Test::In(values) | Test::NotIn(values) => values,
                _ => &[],
            };
            values.iter().map(|value| (value, leaf.written.ignore_case))
        })
    }

    /// Every bound, what lies between two, and what lies beyond them all.
    pub(super) fn numbers(&self) -> Values<String> {
        let mut bounds: BTreeSet<Decimal> = self.numbers.iter().copied().collect();
        for leaf in &self.leaves {
            if let Test::Lt(bound) | Test::Lte(bound) | Test::Gt(bound) | Test::Gte(bound) = leaf.written.test
            {
                bounds.insert(bound);
            }
        }
        bounds.extend(self.scalars().filter_map(|(value, _)| match value {
            Scalar::Number(number) => Some(*number),
            Scalar::Text(_) | Scalar::Bool(_) => None,
        }));
        let typed = self.leaves.iter().any(|leaf| is_typed(leaf));
        let mut complete = !typed || bounds.is_empty();
        let mut all = if bounds.is_empty() { vec![Decimal::ONE] } else { Vec::new() };
        all.extend(Decimal::parse("1.5").ok().filter(|_| typed));
        for (first, next) in bounds.iter().zip(bounds.iter().skip(1).map(Some).chain([None])) {
            let beyond = match next {
                Some(next) => between(*first, *next),
                None => first.checked_add(Decimal::ONE),
            };
            complete &= beyond.is_some();
            all.push(*first);
            all.extend(beyond);
        }
        if let Some(least) = bounds.first() {
            let below = least.checked_sub(Decimal::ONE);
            complete &= below.is_some();
            all.extend(below);
        }
        // Whole numbers are shown rather than others.
        all.sort_by_key(|number| !number.is_integer());
        let mut met = BTreeSet::new();
        let truths = |number: &Decimal| {
            let truths = self.leaves.iter().map(|leaf| letter(&leaf.of_number(*number))).collect::<String>();
            if typed { format!("{truths}{}", number.is_integer()) } else { truths }
        };
        all.retain(|number| self.used || met.insert(truths(number)));
        let mut all: Vec<String> = all.iter().map(ToString::to_string).collect();
        // More digits than can be compared.
        all.push("1e99999".to_owned());
        Values { all, complete }
    }

    /// Every operand, texts that differ from it in case only, and texts for each combination of what the other
    /// operators make of one.
    pub(super) fn texts(&self) -> Values<String> {
        let operands: BTreeSet<String> = self.scalars().filter_map(|(value, _)| text_of(value)).collect();
        let mut all: Vec<String> = operands.iter().chain(&self.texts).cloned().collect();
        let mut complete = true;
        let mut folds = false;
        for (text, _) in self.scalars().filter(|(_, ignore_case)| *ignore_case) {
            let Some(text) = text_of(text) else { continue };
            folds = true;
            let cased = [text.to_uppercase(), text.to_lowercase(), swapped(&text)];
            let other =
                cased.into_iter().find(|cased| !operands.contains(cased) && fold(cased) == fold(&text));
            complete &= other.is_some() || !text.chars().any(char::is_alphabetic);
            all.extend(other);
        }
        let open: Vec<&CompiledLeaf> = self.leaves.iter().copied().filter(|leaf| ways(leaf) > 1).collect();
        let walked = self.walked(&open);
        let family = if folds || walked.is_some() { None } else { families::samples(&open) };
        let mut made: Vec<String> = Vec::new();
        made.extend(walked.iter().flatten().filter(|text| !text.is_empty()).cloned());
        made.extend(["example", "another example", ""].map(str::to_owned));
        made.extend(family.iter().flatten().cloned());
        for leaf in &open {
            for holds in [true, false] {
                made.extend(
                    sample::values(&leaf.written.test, holds).iter().filter_map(|json| read_text(json)),
                );
            }
        }
        if open.len() > 1 {
            let base: Vec<String> = made.iter().chain(&operands).take(12).cloned().collect();
            for first in &base {
                made.extend(base.iter().map(|second| format!("{first}{second}")));
            }
        }
        if !open.is_empty() {
            made.extend(EVIL.map(str::to_owned));
        }
        all.extend(made);
        let mut met = BTreeSet::new();
        let mut ways_met = BTreeSet::new();
        all.retain(|text| {
            let of = |leaves: &[&CompiledLeaf]| -> String {
                leaves.iter().map(|leaf| letter(&leaf.of_text(text))).collect()
            };
            if walked.is_some() {
                ways_met.insert(of(&self.leaves));
            } else if !operands.contains(text) {
                ways_met.insert(of(&open));
            }
            // An expression may make anything of a text that it does not hold.
            let is_used = self.used && (self.texts.contains(text) || text == "example");
            met.insert(of(&self.leaves)) || is_used
        });
        let read = open.iter().copied().filter(|leaf| !machine::is_mechanical(leaf));
        let read = read.map(ways).fold(1, usize::saturating_mul);
        let wanted = walked.as_ref().map_or_else(
            || open.iter().map(|leaf| ways(leaf)).fold(1, usize::saturating_mul),
            |walked| walked.len().saturating_mul(read),
        );
        complete &= family.is_some() || ways_met.len() == wanted && (!folds || open.is_empty());
        Values { all, complete }
    }

    /// A text for each way in which those tests can turn out that automata can make, where there is a need for them.
    fn walked(&self, open: &[&CompiledLeaf]) -> Option<Vec<String>> {
        let (mechanical, others): (Vec<&CompiledLeaf>, Vec<&CompiledLeaf>) =
            self.leaves.iter().partition(|leaf| machine::is_mechanical(leaf));
        let needed = open.iter().any(|leaf| machine::is_mechanical(leaf));
        let read = others.iter().all(|leaf| ways(leaf) == 3);
        if needed && read { machine::witnesses(&mechanical) } else { None }
    }

    fn objects(&self) -> Values<String> {
        let mut found = Values { all: vec!["{}".to_owned()], complete: true };
        for (key, tree) in &self.keys {
            let inner = tree.values();
            // In a JSON pointer digits also name an item of an array.
            found.complete &= inner.complete && key.parse::<usize>().is_err();
            let mut longer = Vec::new();
            for object in &found.all {
                let start = object.strip_suffix('}').unwrap_or(object);
                let comma = if start == "{" { "" } else { ", " };
                longer.extend(
                    inner.all.iter().map(|value| format!("{start}{comma}{}: {value}}}", sample::quoted(key))),
                );
            }
            // Without the member, too.
            found.all.extend(longer);
            if found.all.len() > MOST {
                found.all.truncate(MOST);
                found.complete = false;
            }
        }
        found
    }

    fn arrays(&self) -> Values<String> {
        let mut pool: Vec<String> = Vec::new();
        let mut complete = true;
        let mut together = 0;
        if let Some(each) = &self.each {
            let inner = each.values();
            together = each.tests();
            complete &= inner.complete;
            pool.extend(inner.all);
        }
        let contained: Vec<&Scalar> = (self.leaves.iter())
            .filter_map(|leaf| match &leaf.written.test {
                Test::Contains(value) => Some(value),
                _ => None,
            })
            .collect();
        let lengths = self.lengths();
        if !contained.is_empty() {
            complete &= self.each.is_none() && !self.leaves.iter().any(|leaf| leaf.written.ignore_case);
            together = together.max(contained.len());
            pool.extend(contained.iter().map(|value| sample::json(value)));
            pool.extend(["\"another example\"", "-0.5", "true", "false", "{}"].map(str::to_owned));
        }
        complete &= lengths.complete && (lengths.all.is_empty() || pool.is_empty());
        let mut all = vec!["[]".to_owned()];
        all.extend(pool.iter().map(|item| format!("[{item}]")));
        if together > 1 {
            for (place, first) in pool.iter().enumerate() {
                all.extend(pool.iter().skip(place + 1).map(|second| format!("[{first}, {second}]")));
            }
        }
        complete &= together <= 2;
        let filler = pool.first().map_or("null", String::as_str);
        all.extend(lengths.all.iter().map(|length| format!("[{}]", vec![filler; *length].join(", "))));
        for (index, tree) in &self.indexes {
            let inner = tree.values();
            complete &= inner.complete && *index == 0 && self.indexes.len() == 1 && pool.is_empty();
            for value in inner.all.iter().filter(|_| *index < LONGEST) {
                let before = "null, ".repeat(*index);
                all.push(format!("[{before}{value}]"));
            }
        }
        complete &= all.len() <= MOST && (self.indexes.is_empty() || lengths.all.is_empty());
        all.truncate(MOST);
        Values { all, complete }
    }

    fn lengths(&self) -> Values<usize> {
        let mut found = Values { all: Vec::new(), complete: true };
        for leaf in &self.leaves {
            let Test::Reading(reading) = &leaf.written.test else { continue };
            let (Operand::LengthLte(length) | Operand::LengthGte(length)) = &reading.operand else {
                continue;
            };
            let bound = length.bound().to_i128().and_then(|bound| usize::try_from(bound).ok());
            match bound.filter(|bound| *bound < LONGEST) {
                Some(bound) => found.all.extend([bound.saturating_sub(1), bound, bound + 1]),
                None => found.complete = false,
            }
        }
        found.all.retain(|length| *length > 0);
        found
    }
}

/// In how many ways the test of a text can turn out that is none of the operands of `eq` and its like.
fn ways(leaf: &CompiledLeaf) -> usize {
    match &leaf.written.test {
        Test::Regex(_) | Test::Contains(Scalar::Text(_)) => 2,
        Test::Reading(reading) => match reading.operand {
            Operand::OneOfTypes(_) => 1,
            Operand::Matches(_)
            | Operand::StartsWith(_)
            | Operand::EndsWith(_)
            | Operand::MatchesGlob(_)
            | Operand::LengthLte(_)
            | Operand::LengthGte(_) => 2,
            _ => 3,
        },
        _ => 1,
    }
}

fn is_typed(leaf: &CompiledLeaf) -> bool {
    matches!(&leaf.written.test, Test::Reading(reading) if matches!(reading.operand, Operand::OneOfTypes(_)))
}

/// How a test turned out, whatever made it unknown.
pub(super) fn letter(truth: &Truth) -> char {
    match truth {
        Truth::True => 't',
        Truth::False => 'f',
        Truth::Unknown(_) => 'u',
    }
}

fn text_of(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text.clone()),
        Scalar::Number(_) | Scalar::Bool(_) => None,
    }
}

fn read_text(json: &str) -> Option<String> {
    let document = interlock_json::scan(json, &interlock_json::Limits::default()).ok()?;
    let root = document.root();
    if root.kind() == Kind::String { root.as_str().map(|text| text.into_owned()) } else { None }
}

fn swapped(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(|first| first.to_uppercase()).collect();
    format!("{first}{}", letters.as_str().to_lowercase())
}

/// A number that is greater than the first and less than the second.
fn between(first: Decimal, second: Decimal) -> Option<Decimal> {
    (0..36).find_map(|digits| {
        let step = Decimal::parse(&format!("1e-{digits}")).ok()?;
        first.checked_add(step).filter(|found| *found > first && *found < second)
    })
}
