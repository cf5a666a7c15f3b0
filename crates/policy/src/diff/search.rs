//! Tries the calls of one class of names, and reasons about those that cannot be made up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// Most calls of the same two verdicts, neither of them a denial, that limits are tried with.
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
    possible: BTreeSet<Ranks>,
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

    /// Without what is not seen into.
    fn seen(self) -> Verdict {
        Made { deny_unseen: false, ask_unseen: false, ..self }.verdict()
    }
}

/// A side with what about each of its constraints is not seen into.
struct Examined<'s, 'p> {
    side: &'s Side<'p>,
    unseen: Vec<Option<String>>,
}

/// Verdicts on the two sides, as ranks.
pub(super) type Ranks = (u8, u8);

/// What a test does that objects to nothing.
const NOTHING: Ranks = (2, 2);

fn stricter(one: Ranks, other: Ranks) -> Ranks {
    (one.0.min(other.0), one.1.min(other.1))
}

/// What neither side denies, as far as limits leave room for it.
#[derive(Default)]
pub(super) struct Passing {
    /// Calls by their verdicts.
    pub(super) worlds: BTreeMap<Ranks, Vec<World>>,
    /// Verdicts that are not ruled out.
    pub(super) possible: BTreeSet<Ranks>,
}

impl Passing {
    fn add(&mut self, ranks: Ranks, world: &World) {
        if !is_passing(ranks) {
            return;
        }
        let known = self.worlds.entry(ranks).or_default();
        if known.len() < MOST_PASSING {
            known.push(world.clone());
        }
    }
}

fn is_passing((before, after): Ranks) -> bool {
    let denied = rank(Verdict::Deny);
    before != denied && after != denied
}

/// Finds the calls that change verdict.
pub(super) fn search(of: &Of<'_>, sides: [&Side<'_>; 2], effort: Effort) -> Found {
    let space = Space::new(of.who, sides, of.definition, of.known);
    let mut found = Found::default();
    let [first, second] = sides.map(|side| examine(side, &space));
    let unknown = unknown([&first, &second], &mut found.why);
    let mut passing = Passing::default();
    let mut groups: HashMap<(Ruled, Ruled), World> = HashMap::new();
    let mut order = Vec::new();
    found.sampled = each_world(&space, effort, |world| {
        let made = world.with(of.who, of.definition, |call, facts| {
            let mut look = Look::new(call, facts);
            [&first, &second].map(|one| one.made(&mut look, world))
        });
        let Some([before, after]) = made else { return };
        let seen = (rank(before.seen()), rank(after.seen()));
        let possible = unknown.iter().map(|ranks| stricter(seen, *ranks));
        found.possible.extend(possible.clone().filter(|(one, other)| one != other));
        passing.possible.extend(possible.filter(|ranks| is_passing(*ranks)));
        let (one, other) = (before.verdict(), after.verdict());
        passing.add((rank(one), rank(other)), world);
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
    if !passing.possible.is_empty() || found.sampled {
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

fn examine<'s, 'p>(side: &'s Side<'p>, space: &Space<'_>) -> Examined<'s, 'p> {
    Examined { side, unseen: side.constraints.iter().map(|stated| space.unseen(stated)).collect() }
}

/// What all that is not seen into can bring about on the two sides at once. Nobody knows how such a test turns out,
/// but where both sides state it, it turns out the same on both, whatever each makes of that.
fn unknown(sides: [&Examined<'_, '_>; 2], why: &mut Vec<String>) -> BTreeSet<Ranks> {
    let mut tests: BTreeMap<&str, Ranks> = BTreeMap::new();
    let mut payments: BTreeMap<String, (Ranks, &str)> = BTreeMap::new();
    let on: [fn(u8) -> Ranks; 2] = [|rank| (rank, NOTHING.1), |rank| (NOTHING.0, rank)];
    for (examined, on) in sides.into_iter().zip(on) {
        for (stated, unseen) in examined.side.constraints.iter().zip(&examined.unseen) {
            let Some(what) = unseen else { continue };
            let known = tests.entry(&stated.test).or_insert(NOTHING);
            *known = stricter(*known, on(rank(stated.phase.verdict())));
            why.push(format!("what {what} makes of a call is not seen into ({})", stated.constraint.pointer));
        }
        for limit in examined.side.limits.iter().filter(|limit| side::pays(limit)) {
            let (known, _) = payments.entry(side::print(limit)).or_insert((NOTHING, &limit.pointer));
            *known = stricter(*known, on(rank(Verdict::Deny)));
        }
    }
    for (_, pointer) in payments.values().filter(|((one, other), _)| one != other) {
        why.push(format!("what a server will ask to be paid is not known ({pointer})"));
    }
    let all = tests.into_values().chain(payments.into_values().map(|(ranks, _)| ranks));
    all.fold([NOTHING].into(), |possible: BTreeSet<Ranks>, test| {
        possible.iter().flat_map(|ranks| [*ranks, stricter(*ranks, test)]).collect()
    })
}

impl Examined<'_, '_> {
    fn made(&self, look: &mut Look<'_>, world: &World) -> Made {
        let mut made = Made::default();
        if self.side.shut_out.is_some() {
            return Made { deny: true, ..made };
        }
        for (stated, unseen) in self.side.constraints.iter().zip(&self.unseen) {
            if side::objects(stated, look) {
                match (stated.phase == Phase::Ask, unseen.is_some()) {
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

    /// The changes that calls show.
    fn shown(&self) -> BTreeSet<Ranks> {
        let changes = self.changes.iter();
        changes.map(|change| (rank(change.before.verdict), rank(change.after.verdict))).collect()
    }

    /// Notes that changes are not ruled out, and why, where no call shows one of them.
    pub(super) fn suspect(&mut self, changes: BTreeSet<Ranks>, why: impl FnOnce() -> String) {
        let shown = self.shown();
        if !changes.is_subset(&shown) {
            self.why.push(why());
        }
        self.possible.extend(changes);
    }

    /// What may differ besides what was found.
    pub(super) fn doubt(&self, who: &Who) -> Option<Doubt> {
        let shown = self.shown();
        let open: Vec<Ranks> = match self.sampled {
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
