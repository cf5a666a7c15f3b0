//! What can be otherwise about the calls of one name, as far as the two policies look at it.

use std::collections::BTreeSet;

use interlock_json::Decimal;

use super::Who;
use super::side::{self, Side, Stated};
use super::values::{Tree, letter};
use super::world::{MONDAY_MS, Place, World, same_counter};
use crate::cel::Expression;
use crate::compile::ConstraintTest;
use crate::condition::{CompiledLeaf, Look};
use crate::counter::Caller;
use crate::document::Test;
use crate::limit::{Amount, Limit, Money, Source};
use crate::path::{Path, Step};
use crate::quantity::Bound;
use crate::tool::ToolDefinition;

const HOUR_MS: i64 = 3_600_000;
/// Monday, 2026-07-06, for zones with summer time.
const SUMMER_MS: i64 = 1_783_296_000_000;
const HOURS_OF_WEEK: i64 = 168;
/// Most values that one thing takes.
const MOST_VALUES: usize = 400;

/// One thing with the values that stand for all.
pub(super) struct Variable {
    pub(super) place: Place,
    pub(super) values: Vec<Option<String>>,
    complete: bool,
}

/// All of them.
pub(super) struct Space<'s> {
    pub(super) variables: Vec<Variable>,
    who: &'s Who,
    definition: &'s ToolDefinition,
    known: bool,
}

/// What the policies look at, by place.
#[derive(Default)]
struct Looked<'p> {
    arguments: Tree<'p>,
    facts: Vec<(Place, Tree<'p>)>,
    times: Vec<&'p CompiledLeaf>,
    counters: Vec<(Place, Tree<'p>)>,
}

impl<'s> Space<'s> {
    /// `known`: the definition is what the server says.
    pub(super) fn new(
        who: &'s Who,
        sides: [&Side<'_>; 2],
        definition: &'s ToolDefinition,
        known: bool,
    ) -> Space<'s> {
        let mut space = Space { variables: Vec::new(), who, definition, known };
        let mut looked = Looked::default();
        for side in sides {
            for stated in &side.constraints {
                stated.constraint.leaves().into_iter().for_each(|leaf| space.look_at(leaf, &mut looked));
                expression(stated).into_iter().for_each(|of| add_expression(of, &mut looked.arguments));
            }
            side.limits.iter().for_each(|limit| add_limit(limit, &mut looked.arguments));
        }
        for name in definition.required() {
            looked.arguments.at(&[Step::Key(name.clone())]).used = true;
        }
        space.fill(&looked);
        space
    }

    fn fill(&mut self, looked: &Looked<'_>) {
        for (name, tree) in looked.arguments.members() {
            let found = tree.values();
            let place = Place::Argument(name.clone());
            let values = [None].into_iter().chain(found.all.into_iter().map(Some)).collect();
            let used = tree.is_used();
            let leaves = tree.every_leaf();
            let values = if used { values } else { self.told_apart(&place, values, &leaves) };
            self.push(place, values, found.complete);
        }
        for (place, tree) in &looked.facts {
            let found = tree.texts();
            let may_be_missing = !matches!(place, Place::Server | Place::Grant);
            let missing = may_be_missing.then_some(None);
            let values = missing.into_iter().chain(found.all.into_iter().map(Some)).collect();
            self.push(place.clone(), values, found.complete);
        }
        for (place, tree) in &looked.counters {
            let found = tree.numbers();
            let counts = found
                .all
                .into_iter()
                .filter(|value| value.parse::<Decimal>().is_ok_and(|value| !value.is_negative()));
            let values = [None].into_iter().chain(counts.map(Some)).collect();
            self.push(place.clone(), values, found.complete);
        }
        if !looked.times.is_empty() {
            let hours = |start: i64| (0..HOURS_OF_WEEK).map(move |hour| start + hour * HOUR_MS);
            let times = hours(MONDAY_MS).chain(hours(SUMMER_MS)).map(|at| Some(at.to_string())).collect();
            let zones: BTreeSet<_> = looked.times.iter().map(|leaf| leaf.written.timezone).collect();
            let times = self.told_apart(&Place::Time, times, &looked.times);
            self.push(Place::Time, times, zones.len() <= 1);
        }
    }

    fn push(&mut self, place: Place, mut values: Vec<Option<String>>, complete: bool) {
        let complete = complete && values.len() <= MOST_VALUES;
        values.truncate(MOST_VALUES);
        self.variables.push(Variable { place, values, complete });
    }

    /// The values that not all tests turn out alike for.
    fn told_apart(
        &self,
        place: &Place,
        values: Vec<Option<String>>,
        leaves: &[&CompiledLeaf],
    ) -> Vec<Option<String>> {
        let mut met = BTreeSet::new();
        let mut kept = Vec::new();
        for value in values {
            let mut world = World::new();
            world.set(place, value.as_deref());
            let truths = world.with(self.who, self.definition, |call, facts| {
                let mut look = Look::new(call, facts);
                leaves.iter().map(|leaf| letter(&leaf.judge(&mut look))).collect::<String>()
            });
            if truths.is_some_and(|truths| met.insert(truths)) {
                kept.push(value);
            }
        }
        kept
    }

    fn look_at<'p>(&self, leaf: &'p CompiledLeaf, looked: &mut Looked<'p>) {
        match (&leaf.written.path, self.place(leaf)) {
            (Path::Args(steps), _) => looked.arguments.at(steps).add(leaf),
            (_, Some(Place::Time)) => looked.times.push(leaf),
            (_, Some(place @ Place::Counter(_))) => add_at(&mut looked.counters, place, leaf),
            (_, Some(place)) => add_at(&mut looked.facts, place, leaf),
            (_, None) => {}
        }
    }

    /// What a test looks at; `None` for what is the same for all calls of the name, or cannot be made up.
    fn place(&self, leaf: &CompiledLeaf) -> Option<Place> {
        Some(match &leaf.written.path {
            Path::Args(steps) => match steps.first()? {
                Step::Key(key) => Place::Argument(key.clone()),
                Step::Index(_) | Step::Each => return None,
            },
            Path::CallServer => Place::Server,
            Path::GrantName => Place::Grant,
            Path::GrantLabel(name) => Place::Label(name.clone()),
            Path::ClientName => Place::Client,
            Path::TimeHour | Path::TimeWeekday => Place::Time,
            Path::ToolCategory => Place::Category,
            Path::ToolSeverity => Place::Severity,
            Path::State { .. } => {
                let template = leaf.counter.as_ref()?;
                let keyed = World::new().with(self.who, self.definition, |call, facts| {
                    template.key(&Caller::new(call, facts)).ok()
                });
                Place::Counter(Box::new(keyed??))
            }
            Path::CallTool | Path::ToolAnnotation(_) => return None,
        })
    }

    /// What about a constraint is not seen into; `None` where every way in which it can turn out is met.
    pub(super) fn unseen(&self, stated: &Stated<'_>) -> Option<String> {
        if let Some(what) = side::is_opaque(stated, self.known) {
            return Some(what.to_owned());
        }
        let leaves = stated.constraint.leaves();
        let unmet = leaves.into_iter().find(|leaf| !self.meets(leaf))?;
        let (operator, path) = (unmet.written.test.operator(), &unmet.written.path);
        Some(format!("`{operator}` of `{path}`"))
    }

    fn meets(&self, leaf: &CompiledLeaf) -> bool {
        match &leaf.written.path {
            Path::CallTool => {
                let equals =
                    matches!(leaf.written.test, Test::Eq(_) | Test::Neq(_) | Test::In(_) | Test::NotIn(_));
                self.who.exact || equals && !leaf.written.ignore_case
            }
            Path::ToolAnnotation(_) => self.known,
            _ => self.place(leaf).is_some_and(|place| {
                self.variables.iter().any(|known| same_place(&known.place, &place) && known.complete)
            }),
        }
    }
}

fn same_place(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::Counter(one), Place::Counter(other)) => same_counter(one, other),
        (one, other) => one == other,
    }
}

/// Notes a test of what is at a place.
fn add_at<'p>(trees: &mut Vec<(Place, Tree<'p>)>, place: Place, leaf: &'p CompiledLeaf) {
    if let Some((_, tree)) = trees.iter_mut().find(|(known, _)| same_place(known, &place)) {
        tree.add(leaf);
        return;
    }
    let mut tree = Tree::default();
    tree.add(leaf);
    trees.push((place, tree));
}

fn expression<'p>(stated: &Stated<'p>) -> Option<&'p Expression> {
    match &stated.constraint.test {
        ConstraintTest::Conditions { when, .. } => when.as_ref().map(|when| &when.expression),
        ConstraintTest::Arguments(_) => None,
    }
}

/// An expression is not seen into; numbers and texts in it are worth trying.
fn add_expression(expression: &Expression, arguments: &mut Tree<'_>) {
    let text = expression.as_str();
    let pieces = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let numbers: Vec<Decimal> = pieces.filter_map(|piece| piece.parse().ok()).take(8).collect();
    let quoted = text.split(['\'', '"']).skip(1).step_by(2).take(8).map(str::to_owned);
    let texts: Vec<String> = quoted.collect();
    for path in expression.paths() {
        if let Path::Args(steps) = path
            && !steps.is_empty()
        {
            let tree = arguments.at(steps);
            tree.used = true;
            tree.numbers.extend(&numbers);
            tree.texts.extend(texts.iter().cloned());
        }
    }
}

/// What a limit's amount, currency and scope are taken from.
fn add_limit(limit: &Limit, arguments: &mut Tree<'_>) {
    for argument in &limit.template.parts.arguments {
        arguments.at(argument.steps()).used = true;
    }
    let bound = match limit.bound {
        Bound::None => None,
        Bound::AtMost(bound) | Bound::Below(bound) => Some(bound),
    };
    let mut add_amount = |steps: &[Step], most: Option<Decimal>| {
        let tree = arguments.at(steps);
        tree.used = true;
        tree.numbers.extend([Some(Decimal::ZERO), limit.min, bound, most].into_iter().flatten());
    };
    match &limit.amount {
        Amount::Argument(steps) => add_amount(steps, None),
        Amount::Money(Money { source: Source::Argument { steps, currency, .. }, per_call, currency: of }) => {
            add_amount(steps, *per_call);
            let tree = arguments.at(currency);
            tree.used = true;
            tree.texts.extend(of.as_deref().map(str::to_owned));
        }
        Amount::Money(Money { source: Source::Challenge, .. }) | Amount::Fixed(_) => {}
    }
}
