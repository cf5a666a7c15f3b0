//! What limits leave: the amount that still fits, and the calls that do not fit any more.

use interlock_json::Decimal;

use super::{Change, Held, World};
use crate::counter::{CounterKey, CounterValues};
use crate::decision::RuleName;
use crate::describe;
use crate::judge::{Applied, Walk};
use crate::limit::{Amount, Limit, Money, Source};
use crate::path::{self, Path, Step};
use crate::quantity::Bound;

/// The calls that a limit probably denies; one is enough.
pub(super) struct Overrun {
    pub(super) rule: RuleName,
    pub(super) worlds: Vec<World>,
}

/// The call with what is left of a limit as its amount.
pub(super) fn fitting(
    walk: &Walk<'_>,
    rule: &RuleName,
    counters: &[(CounterKey, Decimal)],
    world: &World,
) -> Vec<World> {
    let of_rule = limits(walk).filter(|(applied, limit)| name(applied, limit) == *rule);
    let fits = |limit: &Limit| {
        let (steps, most) = argument(limit)?;
        // A call without the value that the counter is kept for has no counter, whatever its amount.
        let key = limit.template.key(&walk.look.caller).ok()?;
        let left = left_of(limit, Held(counters).value(&key).unwrap_or_default());
        with_amount(steps, left.map(|left| most.map_or(left, |most| left.min(most)))?, world)
    };
    of_rule.filter_map(|(_, limit)| fits(limit)).collect()
}

/// For each limit the call with an amount just past what is left, the least first, and the call as it is when so much
/// is counted that it just does not fit.
pub(super) fn overruns(walk: &Walk<'_>, counters: &[(CounterKey, Decimal)], world: &World) -> Vec<Overrun> {
    let mut found = Vec::new();
    for (applied, limit) in limits(walk) {
        let Ok(key) = limit.template.key(&walk.look.caller) else { continue };
        let held = Held(counters).value(&key).unwrap_or_default();
        let amount = limit.need(applied.origin, &walk.look).ok().flatten().map(|need| need.amount);
        let past = argument(limit).and_then(|(steps, most)| {
            let room = less(limit.bound, held).unwrap_or(Bound::None);
            let room = most.map_or(room, |most| room.tighter(Bound::AtMost(most)));
            Some((past(room)?, with_excess(steps, room, world)?))
        });
        let (least, excess) = past.unzip();
        let used_up = amount.and_then(|amount| with_used_up(limit, key, amount, world));
        let worlds = excess.into_iter().chain(used_up).collect();
        found.push((least, Overrun { rule: name(applied, limit), worlds }));
    }
    found.sort_by_key(|(least, _)| *least);
    found.into_iter().map(|(_, overrun)| overrun).collect()
}

fn limits<'w>(walk: &'w Walk<'_>) -> impl Iterator<Item = (&'w Applied<'w>, &'w Limit)> {
    walk.applied
        .iter()
        .flat_map(|applied| applied.entry.enforced.limits.iter().map(move |limit| (applied, limit)))
}

fn name(applied: &Applied<'_>, limit: &Limit) -> RuleName {
    RuleName::At { origin: applied.origin, pointer: limit.pointer.clone() }
}

/// The argument that says what the call adds, and the most that one call may add.
fn argument(limit: &Limit) -> Option<(&[Step], Option<Decimal>)> {
    match &limit.amount {
        Amount::Argument(steps) => Some((steps, None)),
        Amount::Money(Money { source: Source::Argument { steps, .. }, per_call, .. }) => {
            Some((steps, *per_call))
        }
        Amount::Fixed(_) | Amount::Money(_) => None,
    }
}

/// The most that still fits.
fn left_of(limit: &Limit, held: Decimal) -> Option<Decimal> {
    let left = match limit.bound {
        Bound::None => return Some(limit.min.unwrap_or(Decimal::ONE)),
        Bound::AtMost(most) => most.checked_sub(held)?,
        Bound::Below(below) => below.checked_sub(held)?.checked_sub(Decimal::ONE)?,
    };
    (!left.is_negative() && !left.is_zero()).then_some(left)
}

/// What a bound leaves beside so much.
fn less(bound: Bound, beside: Decimal) -> Option<Bound> {
    Some(match bound {
        Bound::None => Bound::None,
        Bound::AtMost(most) => Bound::AtMost(most.checked_sub(beside)?),
        Bound::Below(below) => Bound::Below(below.checked_sub(beside)?),
    })
}

/// The next that a bound refuses.
fn past(bound: Bound) -> Option<Decimal> {
    let next = match bound {
        Bound::None => None,
        Bound::AtMost(most) => most.checked_add(Decimal::ONE),
        Bound::Below(below) => Some(below),
    };
    next.filter(|next| !next.is_negative())
}

fn with_amount(steps: &[Step], amount: Decimal, world: &World) -> Option<World> {
    with(steps, &format!("at most {amount}"), amount, world)
}

fn with_excess(steps: &[Step], room: Bound, world: &World) -> Option<World> {
    let to = past(room)?;
    let words = match room {
        Bound::AtMost(most) => format!("more than {most}, such as {to}"),
        Bound::Below(_) | Bound::None => format!("at least {to}"),
    };
    with(steps, &words, to, world)
}

fn with(steps: &[Step], words: &str, to: Decimal, world: &World) -> Option<World> {
    let name = describe::quoted(&path::argument_name(steps));
    let to = to.to_string();
    let change = Change {
        words: format!("argument {name} were {words}"),
        path: Path::Args(steps.to_vec()).to_string(),
        to: Some(to.clone()),
    };
    world.with_argument(steps, Some(&to), change)
}

/// The call as it is when its counter leaves less than it adds.
fn with_used_up(limit: &Limit, key: CounterKey, amount: Decimal, world: &World) -> Option<World> {
    let next = past(less(limit.bound, amount)?)?;
    let held = match limit.bound {
        // A call that adds less than one does not fit either when all is used up.
        Bound::AtMost(most) if !amount.is_zero() => next.min(most),
        _ => next,
    };
    let change = Change {
        words: format!("the limit of {} had counted {held} or more already", limit.words),
        path: key.text(),
        to: Some(held.to_string()),
    };
    let mut changed = world.with(change);
    changed.hold(key, held);
    Some(changed)
}
