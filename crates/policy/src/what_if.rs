//! What would have changed a decision: found by reasoning from what decided, and each answer judged again.
//!
//! The search takes the condition that stood in the way, makes up calls under which it turns out the other way, and
//! judges them. What still stands in the way of such a call is met with a further change. Nothing is told that was
//! not tried, and whoever asks does the judging, limits included.

mod candidate;
mod edit;
mod room;
pub(crate) mod sample;
mod without;

use std::collections::HashSet;

use interlock_json::Decimal;

use crate::compile::{Constraint, ConstraintTest, Policy};
use crate::condition::truth;
use crate::counter::{CounterKey, CounterValues};
use crate::decision::{Call, Origin, RuleName, Verdict};
use crate::describe;
use crate::fact::{Facts, ToolFacts};
use crate::judge::{Phase, Walk};
use crate::path::Step;

/// Most judgements of one search.
const MOST_TRIALS: usize = 400;
/// Most changes of one answer.
const MOST_CHANGES: usize = 5;
/// Most answers.
const MOST_ANSWERS: usize = 6;
/// Most unfinished answers that are followed further.
const MOST_FOLLOWED: usize = 24;

/// A call that is judged: as it is, or changed.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The policies.
    pub stack: &'a [(Origin, &'a Policy)],
    /// The call.
    pub call: Call<'a>,
    /// What is known besides; [`Facts::counters`] tells what `counters` says.
    pub facts: Facts<'a>,
    /// What counters hold; those that are not named hold nothing.
    pub counters: &'a [(CounterKey, Decimal)],
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether it goes through.
    pub verdict: Verdict,
    /// What decided.
    pub rule: RuleName,
}

/// One thing that would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In words that follow an `if`: `argument "amount" were at most 5`.
    pub words: String,
    /// What is changed: a condition's path, a counter's name, or `policy`.
    pub path: String,
    /// What it was set to, as JSON; `None`: it was taken out.
    pub to: Option<String>,
}

/// Changes that together lead to another verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// All of them are needed.
    pub changes: Vec<Change>,
    /// The arguments that were judged.
    pub arguments: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Alternative {
    /// Whether a change of the same leads to the same rule.
    fn is_about(&self, other: &Alternative) -> bool {
        let paths =
            |of: &Alternative| of.changes.iter().map(|change| change.path.clone()).collect::<Vec<_>>();
        self.outcome.rule == other.outcome.rule && paths(self) == paths(other)
    }
}

/// The least changes under which a call that is denied, or waits for a person, goes through; for one that is denied,
/// otherwise those under which it waits for a person.
pub fn alternatives(trial: &Trial<'_>, judge: &mut dyn FnMut(&Trial<'_>) -> Outcome) -> Vec<Alternative> {
    let mut search = Search::new(trial, judge);
    let mut level = search.begin();
    let denied = level.iter().any(|(_, outcome)| outcome.verdict == Verdict::Deny);
    let mut asking = Vec::new();
    for _ in 0..MOST_CHANGES {
        let mut next = Vec::new();
        let mut found = Vec::new();
        for (world, outcome) in &level {
            for changed in search.candidates(world, &outcome.rule) {
                let Some(outcome) = search.judge(&changed) else { continue };
                if outcome.verdict == Verdict::Proceed {
                    found.push(changed.told(outcome));
                } else if search.is_new(&changed, &outcome) {
                    if denied && outcome.verdict == Verdict::Ask {
                        asking.push(changed.clone().told(outcome.clone()));
                    }
                    next.push((changed, outcome));
                }
            }
        }
        if !found.is_empty() {
            return sorted(found);
        }
        next.truncate(MOST_FOLLOWED);
        level = next;
    }
    if asking.is_empty() { search.policies(denied).into_iter().collect() } else { sorted(asking) }
}

/// Single changes under which a call that goes through would be denied, or wait for a person.
pub fn objections(trial: &Trial<'_>, judge: &mut dyn FnMut(&Trial<'_>) -> Outcome) -> Vec<Alternative> {
    let mut search = Search::new(trial, judge);
    let world = World::of(trial);
    let mut found: Vec<Alternative> = Vec::new();
    for changed in search.opposites(&world) {
        let Some(outcome) = search.judge(&changed) else { continue };
        let known = |known: &Alternative| known.outcome.rule == outcome.rule;
        if outcome.verdict != Verdict::Proceed && !found.iter().any(known) {
            found.push(changed.told(outcome));
        }
    }
    let mut found = sorted(found);
    search.overrun(&world, &mut found);
    found
}

/// Fewest changes first; each wish once.
fn sorted(mut found: Vec<Alternative>) -> Vec<Alternative> {
    let mut told = HashSet::new();
    let words = |alternative: &Alternative| {
        let words = alternative.changes.iter().map(|change| {
            let such_as = change.words.find(", such as ").unwrap_or(change.words.len());
            change.words.get(..such_as).unwrap_or_default().to_owned()
        });
        // In whatever order they were found.
        words.collect::<std::collections::BTreeSet<_>>()
    };
    found.retain(|alternative| told.insert(words(alternative)));
    found.sort_by_key(|alternative| alternative.changes.len());
    found.truncate(MOST_ANSWERS);
    found
}

/// A call with its changes so far.
#[derive(Debug, Clone)]
pub(crate) struct World {
    arguments: Option<String>,
    grant: String,
    server: String,
    counters: Vec<(CounterKey, Decimal)>,
    changes: Vec<Change>,
}

impl World {
    fn of(trial: &Trial<'_>) -> World {
        World {
            arguments: trial.call.arguments.map(|arguments| arguments.raw().to_owned()),
            grant: trial.facts.grant.to_owned(),
            server: trial.call.server.to_owned(),
            counters: trial.counters.to_vec(),
            changes: Vec::new(),
        }
    }

    fn with(&self, change: Change) -> World {
        let mut changed = self.clone();
        changed.changes.push(change);
        changed
    }

    fn with_argument(&self, steps: &[Step], to: Option<&str>, change: Change) -> Option<World> {
        let text = self.arguments.as_deref();
        let document = text.and_then(|text| interlock_json::scan(text, &Default::default()).ok());
        let new = edit::set(document.as_ref().map(|document| document.root()), steps, to)?;
        let changed = World { arguments: Some(new), ..self.with(change) };
        (changed.arguments != self.arguments).then_some(changed)
    }

    fn hold(&mut self, key: CounterKey, value: Decimal) {
        self.counters.retain(|(known, _)| *known != key);
        self.counters.push((key, value));
    }

    fn told(self, outcome: Outcome) -> Alternative {
        Alternative { changes: self.changes, arguments: self.arguments, outcome }
    }
}

/// What counters hold; nothing, for those that are not named.
struct Held<'a>(&'a [(CounterKey, Decimal)]);

impl CounterValues for Held<'_> {
    fn value(&self, counter: &CounterKey) -> Option<Decimal> {
        let held = self.0.iter().find(|(key, _)| key == counter);
        Some(held.map_or(Decimal::ZERO, |(_, value)| *value))
    }
}

struct Search<'s, 'a> {
    trial: &'s Trial<'a>,
    judge: &'s mut dyn FnMut(&Trial<'_>) -> Outcome,
    left: usize,
    /// What stood in the way of calls that were tried already.
    met: HashSet<String>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(trial: &'s Trial<'a>, judge: &'s mut dyn FnMut(&Trial<'_>) -> Outcome) -> Self {
        Search { trial, judge, left: MOST_TRIALS, met: HashSet::new() }
    }

    fn begin(&mut self) -> Vec<(World, Outcome)> {
        let world = World::of(self.trial);
        let outcome = self.judge(&world);
        outcome
            .filter(|outcome| self.is_new(&world, outcome))
            .map(|outcome| (world, outcome))
            .into_iter()
            .collect()
    }

    fn judge(&mut self, world: &World) -> Option<Outcome> {
        self.left = self.left.checked_sub(1)?;
        let judge = &mut *self.judge;
        as_trial(self.trial, self.trial.stack, world, |trial| judge(trial))
    }

    /// Whether something else stands in the way now than before any change so far.
    fn is_new(&mut self, world: &World, outcome: &Outcome) -> bool {
        let looked = as_trial(self.trial, self.trial.stack, world, |trial| {
            let mut walk = Walk::new(trial.stack, &trial.call, &trial.facts);
            let mut truths = String::new();
            deciding(&mut walk, &outcome.rule, |constraint, _, walk| {
                for leaf in constraint.leaves() {
                    truths.push_str(&format!("{:?}", leaf.judge(&mut walk.look)));
                }
            });
            truths
        });
        self.met.insert(format!("{} {looked:?}", outcome.rule))
    }

    /// Calls in whose way what decided does probably not stand any more.
    fn candidates(&self, world: &World, rule: &RuleName) -> Vec<World> {
        let found = as_trial(self.trial, self.trial.stack, world, |trial| {
            let mut found = Vec::new();
            let mut walk = Walk::new(trial.stack, &trial.call, &trial.facts);
            deciding(&mut walk, rule, |constraint, _, walk| {
                for leaf in constraint.leaves() {
                    let wanted = leaf.wanted();
                    if leaf.judge(&mut walk.look) != truth(wanted) {
                        found.extend(candidate::of_leaf(leaf, wanted, &walk.look.caller, world));
                    }
                }
                if matches!(&constraint.test, ConstraintTest::Arguments(validate) if validate.required_args) {
                    found.extend(candidate::of_required(&missing(&walk.look), world));
                }
            });
            found.extend(room::fitting(&walk, rule, trial.counters, world));
            found
        });
        found.unwrap_or_default()
    }

    /// Calls for which one condition of the constraints that apply turns out the other way.
    fn opposites(&self, world: &World) -> Vec<World> {
        let found = as_trial(self.trial, self.trial.stack, world, |trial| {
            let walk = Walk::new(trial.stack, &trial.call, &trial.facts);
            let constraints = walk.applied.iter().flat_map(|applied| {
                Phase::ALL.into_iter().flat_map(|phase| phase.of(&applied.entry.enforced))
            });
            let mut found = Vec::new();
            for constraint in constraints {
                for leaf in constraint.leaves() {
                    found.extend(candidate::of_leaf(leaf, !leaf.wanted(), &walk.look.caller, world));
                }
                if let (ConstraintTest::Arguments(validate), ToolFacts::Known { definition }) =
                    (&constraint.test, trial.facts.tool)
                    && validate.required_args
                {
                    found.extend(definition.required().iter().filter_map(|name| taken_out(name, world)));
                }
            }
            found
        });
        found.unwrap_or_default()
    }

    /// Adds for each limit one call that it denies, unless that is told already.
    fn overrun(&mut self, world: &World, found: &mut Vec<Alternative>) {
        let overruns = as_trial(self.trial, self.trial.stack, world, |trial| {
            room::overruns(&Walk::new(trial.stack, &trial.call, &trial.facts), trial.counters, world)
        });
        let most = found.len().saturating_add(MOST_ANSWERS);
        for overrun in overruns.unwrap_or_default() {
            for changed in overrun.worlds {
                let Some(outcome) = self.judge(&changed) else { continue };
                let of_limit = outcome.verdict == Verdict::Deny && outcome.rule == overrun.rule;
                let told = changed.told(outcome);
                if of_limit && found.len() < most && !found.iter().any(|known| known.is_about(&told)) {
                    found.push(told);
                    break;
                }
            }
        }
    }

    /// Where nothing about the call helps: what the policies would have to say.
    fn policies(&mut self, denied: bool) -> Option<Alternative> {
        let world = World::of(self.trial);
        let outcome = self.judge(&world)?;
        let (stack, words) = self.changed_policies(&outcome.rule)?;
        let borrowed: Vec<(Origin, &Policy)> = stack
            .iter()
            .zip(self.trial.stack)
            .map(|(changed, (origin, policy))| (*origin, changed.as_ref().unwrap_or(policy)))
            .collect();
        let judge = &mut *self.judge;
        let outcome = as_trial(self.trial, &borrowed, &world, |trial| judge(trial))?;
        let change = Change { words, path: "policy".to_owned(), to: None };
        let better =
            if denied { outcome.verdict != Verdict::Deny } else { outcome.verdict == Verdict::Proceed };
        better.then(|| world.with(change).told(outcome))
    }

    /// For each policy of the stack, another one where that might help.
    fn changed_policies(&self, rule: &RuleName) -> Option<(Vec<Option<Policy>>, String)> {
        let (section, name) = (self.trial.call.section, self.trial.call.name);
        let each = |change: &dyn Fn(&Policy) -> Option<Policy>| {
            self.trial.stack.iter().map(|(_, policy)| change(policy)).collect()
        };
        let quoted = describe::quoted(name);
        Some(match rule {
            RuleName::DefaultDeny => (
                each(&|policy| without::listing(policy, section, name)),
                format!("{} {quoted} were listed in `{}`", section.noun(), section.key()),
            ),
            RuleName::Hidden => (
                each(&|policy| {
                    let shown = without::showing(policy, section, name);
                    without::listing(&shown, section, name).or(Some(shown))
                }),
                format!("{} {quoted} were listed and not hidden", section.noun()),
            ),
            RuleName::Ambiguous => (
                each(&|policy| Some(without::naming(policy, section, name))),
                format!("{} {quoted} were named exactly in `{}`", section.noun(), section.key()),
            ),
            RuleName::At { .. } => {
                let (place, policy, pointer) = without::home(self.trial.stack, rule)?;
                let mut changed: Vec<Option<Policy>> = self.trial.stack.iter().map(|_| None).collect();
                *changed.get_mut(place)? = Some(without::without(policy, &pointer)?);
                (changed, candidate::policy_words(rule))
            }
            RuleName::NoPolicy | RuleName::DefaultAllow => return None,
        })
    }
}

/// Judges a world as a trial.
fn as_trial<R>(
    base: &Trial<'_>,
    stack: &[(Origin, &Policy)],
    world: &World,
    look: impl FnOnce(&Trial<'_>) -> R,
) -> Option<R> {
    let document =
        match world.arguments.as_deref().map(|text| interlock_json::scan(text, &Default::default())) {
            None => None,
            Some(scanned) => Some(scanned.ok()?),
        };
    let arguments = document.as_ref().map(|document| document.root());
    let held = Held(&world.counters);
    let call = Call { arguments, server: &world.server, ..base.call };
    let facts = Facts { grant: &world.grant, counters: Some(&held), ..base.facts };
    Some(look(&Trial { stack, call, facts, counters: &world.counters }))
}

/// Calls back with the constraint of this name that objects.
fn deciding(
    walk: &mut Walk<'_>,
    rule: &RuleName,
    mut call_back: impl FnMut(&Constraint, Phase, &mut Walk<'_>),
) {
    for phase in Phase::ALL {
        for index in 0..walk.applied.len() {
            let Some(applied) = walk.applied.get(index).copied() else { continue };
            for constraint in phase.of(&applied.entry.enforced) {
                let is_it = matches!(rule, RuleName::At { origin, pointer }
                    if *origin == applied.origin && *pointer == constraint.pointer);
                if is_it && constraint.objection(phase, &mut walk.look).is_some() {
                    return call_back(constraint, phase, walk);
                }
            }
        }
    }
}

/// The required arguments that are not given.
fn missing(look: &crate::condition::Look<'_>) -> Vec<String> {
    let ToolFacts::Known { definition } = look.facts.tool else { return Vec::new() };
    let given = |name: &&String| look.call.arguments.is_some_and(|arguments| arguments.get(name).is_some());
    definition.required().iter().filter(|name| !given(name)).cloned().collect()
}

fn taken_out(name: &str, world: &World) -> Option<World> {
    let steps = [Step::Key(name.to_owned())];
    let words = format!("argument {} were not given", describe::quoted(&crate::path::argument_name(&steps)));
    let path = crate::path::Path::Args(steps.to_vec()).to_string();
    world.with_argument(&steps, None, Change { words, path, to: None })
}
