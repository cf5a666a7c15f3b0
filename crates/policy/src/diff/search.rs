//! Tries the calls of one class of names, and reasons about those that cannot be made up.

use std::collections::{BTreeSet, HashMap};

use super::side::{self, Side};
use super::space::Space;
use super::words;
use super::world::World;
use super::{Changed, Direction, Doubt, Effort, Ruled, Who, budgets, direction};
use crate::compile::ConstraintTest;
use crate::condition::Look;
use crate::decision::{Origin, Verdict};
use crate::judge::Phase;
use crate::tool::ToolDefinition;

/// Most calls that neither policy denies which limits are tried with.
const MOST_PASSING: usize = 64;
/// Most classes of calls that are told of one class of names, where none is of another kind.
const MOST_CHANGES: usize = 32;

/// The names that are compared, with what is known of the tool.
pub(super) struct Of<'o> {
    pub(super) who: &'o Who,
    pub(super) definition: &'o ToolDefinition,
    /// The server says so.
    pub(super) known: bool,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: Vec<Changed>,
    /// The calls that show them.
    pub(super) worlds: Vec<World>,
    /// Changes of verdict that are not ruled out.
    possible: BTreeSet<(u8, u8)>,
    why: Vec<String>,
    sampled: bool,
}

/// A verdict as a number that sorts.
pub(super) fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Ask => 1,
        Verdict::Proceed => 2,
    }
}

/// What a side makes of one call.
#[derive(Default, Clone, Copy)]
struct Made {
    deny: bool,
    ask: bool,
    /// The same by what is not seen into.
    deny_unseen: bool,
    ask_unseen: bool,
}

impl Made {
    fn verdict(self) -> Verdict {
        match self {
            Made { deny, deny_unseen, .. } if deny || deny_unseen => Verdict::Deny,
            Made { ask, ask_unseen, .. } if ask || ask_unseen => Verdict::Ask,
            _ => Verdict::Proceed,
        }
    }
}

/// A side with what about each of its constraints is not seen into.
struct Examined<'s, 'p> {
    side: &'s Side<'p>,
    unseen: Vec<bool>,
    /// Constraints of this side alone that are not seen into: whether one can deny, or ask.
    may_deny: bool,
    may_ask: bool,
}

/// Finds the calls that change verdict.
pub(super) fn search(of: &Of<'_>, sides: [&Side<'_>; 2], effort: Effort) -> Found {
    let space = Space::new(of.who, sides, of.definition, of.known);
    let mut found = Found::default();
    let [old, new] = sides;
    let first = examine(old, new, &space, &mut found.why);
    let second = examine(new, old, &space, &mut found.why);
    let common_ask = old.constraints.iter().zip(&first.unseen).any(|(stated, unseen)| {
        *unseen && stated.phase == Phase::Ask && new.constraints.iter().any(|one| one.print == stated.print)
    });
    let mut passing: Vec<World> = Vec::new();
    let mut groups: HashMap<(Ruled, Ruled), World> = HashMap::new();
    let mut order = Vec::new();
    let mut may_pass = false;
    found.sampled = each_world(&space, effort, |world| {
        let made = world.with(of.who, of.definition, |call, facts| {
            let mut look = Look::new(call, facts);
            [&first, &second].map(|one| one.made(&mut look, world))
        });
        let Some([before, after]) = made else { return };
        may_pass |= !before.deny && !after.deny;
        for asks in [false, true].into_iter().filter(|asks| !asks || common_ask) {
            for one in first.possible(before, asks) {
                for other in second.possible(after, asks) {
                    if one != other {
                        found.possible.insert((rank(one), rank(other)));
                    }
                }
            }
        }
        let (one, other) = (before.verdict(), after.verdict());
        if one != Verdict::Deny && other != Verdict::Deny && passing.len() < MOST_PASSING {
            passing.push(world.clone());
        }
        if one != other
            && let Some(pair) = judged(of, sides, world)
        {
            groups.entry(pair.clone()).or_insert_with(|| {
                order.push(pair);
                world.clone()
            });
        }
    });
    for pair in order {
        if let Some(world) = groups.remove(&pair) {
            found.tell(of, sides, world, None);
        }
    }
    if may_pass || found.sampled {
        budgets::compare(of, sides, &passing, &mut found);
    }
    if found.sampled {
        found.why.push("there are too many combinations to try them all".to_owned());
    }
    found.why.sort();
    found.why.dedup();
    found
}

/// The evaluator's word on both sides, where it differs.
pub(super) fn judged(of: &Of<'_>, sides: [&Side<'_>; 2], world: &World) -> Option<(Ruled, Ruled)> {
    let [before, after] = sides.map(|side| world.outcome(side.stack, of.who, of.definition));
    let (before, after) = (before?, after?);
    (before.verdict != after.verdict).then_some((before, after))
}

fn examine<'s, 'p>(
    side: &'s Side<'p>,
    other: &Side<'_>,
    space: &Space<'_>,
    why: &mut Vec<String>,
) -> Examined<'s, 'p> {
    let mut examined = Examined { side, unseen: Vec::new(), may_deny: false, may_ask: false };
    for stated in &side.constraints {
        let unseen = space.unseen(stated);
        examined.unseen.push(unseen.is_some());
        let Some(what) = unseen else { continue };
        let common = other.constraints.iter().any(|one| one.print == stated.print);
        if !common {
            examined.may_deny |= stated.phase != Phase::Ask;
            examined.may_ask |= stated.phase == Phase::Ask;
        }
        why.push(format!("what {what} makes of a call is not seen into ({})", stated.constraint.pointer));
    }
    for limit in side.limits.iter().filter(|limit| side::pays(limit)) {
        let common = other.limits.iter().any(|one| side::print(one) == side::print(limit));
        if !common {
            examined.may_deny = true;
            why.push(format!("what a server will ask to be paid is not known ({})", limit.pointer));
        }
    }
    examined
}

impl Examined<'_, '_> {
    fn made(&self, look: &mut Look<'_>, world: &World) -> Made {
        let mut made = Made::default();
        if self.side.shut_out.is_some() {
            return Made { deny: true, ..made };
        }
        for (stated, unseen) in self.side.constraints.iter().zip(&self.unseen) {
            if side::objects(stated, look) {
                match (stated.phase == Phase::Ask, *unseen) {
                    (false, false) => made.deny = true,
                    (false, true) => made.deny_unseen = true,
                    (true, false) => made.ask = true,
                    (true, true) => made.ask_unseen = true,
                }
            }
        }
        made.deny |= self.side.limits.iter().any(|limit| match limit.need(Origin::Server, look) {
            Err(_) => true,
            Ok(need) => need.is_some_and(|need| !world.fits(&need)),
        });
        made
    }

    /// Every verdict that the side can come to, where what both sides have in common does not object.
    fn possible(&self, made: Made, asks: bool) -> Vec<Verdict> {
        if made.deny {
            return vec![Verdict::Deny];
        }
        let base = if made.ask || asks { Verdict::Ask } else { Verdict::Proceed };
        let deny = self.may_deny.then_some(Verdict::Deny);
        let ask = (self.may_ask && base == Verdict::Proceed).then_some(Verdict::Ask);
        [base].into_iter().chain(deny).chain(ask).collect()
    }
}

/// Calls back with every combination, or with as many as are wanted of them; whether these were not all.
fn each_world(space: &Space<'_>, effort: Effort, mut each: impl FnMut(&World)) -> bool {
    let sizes = space.variables.iter().map(|variable| variable.values.len().max(1) as u128);
    let all = sizes.fold(1_u128, u128::saturating_mul);
    let wanted = effort.calls.max(1) as u128;
    let sampled = all > wanted;
    for number in 0..all.min(wanted) {
        // A stride that shares no factor with most products goes through all places in turn.
        let mut place = if sampled { number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % all } else { number };
        let mut world = World::new();
        for variable in &space.variables {
            let size = variable.values.len().max(1) as u128;
            let value = usize::try_from(place % size).ok().and_then(|at| variable.values.get(at));
            place /= size;
            if let Some(Some(value)) = value {
                world.set(&variable.place, Some(value));
            }
        }
        each(&world);
    }
    sampled
}

impl Found {
    /// Adds a class of calls by one that shows it, made as small as it can be.
    pub(super) fn tell(&mut self, of: &Of<'_>, sides: [&Side<'_>; 2], world: World, note: Option<String>) {
        let world = least(of, sides, world);
        let Some((before, after)) = judged(of, sides, &world) else { return };
        let Some(direction) = direction(before.verdict, after.verdict) else { return };
        let same = |known: &Changed| known.before == before && known.after == after;
        let alike =
            |known: &Changed| known.before.verdict == before.verdict && known.after.verdict == after.verdict;
        let enough = self.changes.len() >= MOST_CHANGES && self.changes.iter().any(alike);
        if enough || self.changes.iter().any(same) {
            return;
        }
        let note = note.into_iter().chain(accepted(of, sides)).collect::<Vec<_>>().join("; ");
        let note = Some(note).filter(|note| !note.is_empty());
        let alone = sides.iter().all(|side| side.stack.len() == 1);
        let words = words::changed(of.who, [&before, &after], &world, alone);
        let (who, example) = (of.who.clone(), world.example(of.who));
        self.changes.push(Changed { who, also: Vec::new(), direction, before, after, words, note, example });
        self.worlds.push(world);
    }

    /// Whether a change from a denial, or to one, was found.
    pub(super) fn shows(&self, from: bool) -> bool {
        let denied = |change: &Changed| if from { change.before.verdict } else { change.after.verdict };
        self.changes.iter().any(|change| denied(change) == Verdict::Deny)
    }

    /// Notes that a change is not ruled out.
    pub(super) fn suspect(&mut self, before: Verdict, after: Verdict, why: String) {
        self.possible.insert((rank(before), rank(after)));
        self.why.push(why);
    }

    /// What may differ besides what was found.
    pub(super) fn doubt(&self, who: &Who) -> Option<Doubt> {
        let shown: BTreeSet<(u8, u8)> = (self.changes.iter())
            .map(|change| (rank(change.before.verdict), rank(change.after.verdict)))
            .collect();
        let open: Vec<(u8, u8)> = match self.sampled {
            true => [(0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)].into(),
            false => self.possible.iter().copied().collect(),
        };
        let open = open.into_iter().filter(|pair| !shown.contains(pair));
        let directions: BTreeSet<Direction> = open
            .map(|(before, after)| if before < after { Direction::Widen } else { Direction::Narrow })
            .collect();
        let directions: Vec<Direction> = directions.into_iter().collect();
        if directions.is_empty() {
            return None;
        }
        let words = words::doubt(who, &directions, &self.why);
        let example = self.changes.first().map(|change| change.example.clone());
        Some(Doubt { who: who.clone(), also: Vec::new(), why: self.why.clone(), directions, words, example })
    }
}

/// What a tool that nobody knows is taken for.
fn accepted(of: &Of<'_>, sides: [&Side<'_>; 2]) -> Option<String> {
    let mut stated = sides.iter().flat_map(|side| &side.constraints);
    let validated = stated.any(|stated| matches!(stated.constraint.test, ConstraintTest::Arguments(_)));
    (validated && !of.known).then(|| "where the tool declares and accepts these arguments".to_owned())
}

/// The call without whatever does not matter to its two verdicts.
fn least(of: &Of<'_>, sides: [&Side<'_>; 2], mut world: World) -> World {
    let wanted = judged(of, sides, &world);
    for place in world.places() {
        let mut without = world.clone();
        without.set(&place, None);
        if judged(of, sides, &without) == wanted {
            world = without;
        }
    }
    world
}
