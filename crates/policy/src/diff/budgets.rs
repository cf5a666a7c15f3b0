//! Limits compared counter by counter, with calls that nothing else denies.

use std::collections::{BTreeMap, BTreeSet};

use interlock_json::Decimal;

use super::search::{Found, Of, Passing, judged, rank};
use super::side::{self, Side};
use super::world::{Place, World};
use crate::condition::Look;
use crate::decision::{Need, Origin, Verdict};
use crate::describe;
use crate::limit::{Amount, Limit, Source};
use crate::path::{self, Step};
use crate::quantity::Bound;
use crate::window::Align;

/// Tells the limits whose counters hold more, or less, than they did.
pub(super) fn compare(of: &Of<'_>, sides: [&Side<'_>; 2], passing: &Passing, found: &mut Found) {
    let [old, new] = sides.map(by_counter);
    let counters: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for counter in counters {
        let none = Vec::new();
        let [before, after] = [&old, &new].map(|of| of.get(counter).unwrap_or(&none));
        if prints(before) == prints(after) {
            continue;
        }
        let note = moved(sides, before, after);
        for world in passing.worlds.values().flatten() {
            for changed in held_worlds(of, [before, after], world) {
                if judged(of, sides, &changed).is_some() {
                    found.tell(of, sides, changed, note.clone());
                }
            }
        }
        let pointer = before.first().or(after.first()).map_or("", |limit| &limit.pointer);
        let denied = rank(Verdict::Deny);
        for widens in deniable(before, after) {
            // One side denies, and the other does what it would do without any limit.
            let changes = passing.possible.iter().map(|(one, other)| match widens {
                true => (denied, *other),
                false => (*one, denied),
            });
            found.suspect(changes.collect(), || {
                format!("what the limit {pointer} has counted could make a difference")
            });
        }
    }
}

fn by_counter<'p>(side: &Side<'p>) -> BTreeMap<String, Vec<&'p Limit>> {
    let mut counters: BTreeMap<String, Vec<&'p Limit>> = BTreeMap::new();
    for limit in side.limits.iter().filter(|limit| limit.bound != Bound::None) {
        counters.entry(format!("{:?}", limit.template)).or_default().push(limit);
    }
    counters
}

fn prints(limits: &[&Limit]) -> BTreeSet<String> {
    limits.iter().map(|limit| side::print(limit)).collect()
}

/// Whether counting can let more through, or less.
fn deniable(before: &[&Limit], after: &[&Limit]) -> Vec<bool> {
    match (before, after) {
        ([], _) => vec![false],
        (_, []) => vec![true],
        ([first, ..], _) if before.iter().chain(after).all(|limit| amount(limit) == amount(first)) => {
            let [old, new] = [before, after].map(tightest);
            if old == new { Vec::new() } else { vec![old.tighter(new) == old] }
        }
        _ => vec![true, false],
    }
}

/// Where a server's and a grant's policy count in one counter, a call must fit both bounds.
fn tightest(limits: &[&Limit]) -> Bound {
    limits.iter().fold(Bound::None, |bound, limit| bound.tighter(limit.bound))
}

/// What a call adds, to compare.
pub(super) fn amount(limit: &Limit) -> String {
    format!("{:?} {:?}", limit.amount, limit.min)
}

/// The call with counters that are nearly, just and more than full.
fn held_worlds(of: &Of<'_>, limits: [&[&Limit]; 2], world: &World) -> Vec<World> {
    let needs = world.with(of.who, of.definition, |call, facts| {
        let look = Look::new(call, facts);
        let all = limits.into_iter().flatten();
        all.filter_map(|limit| limit.need(Origin::Server, &look).ok().flatten()).collect::<Vec<Need>>()
    });
    let needs = needs.unwrap_or_default();
    let Some(key) = needs.first().map(|need| need.key.clone()) else { return Vec::new() };
    let mut counts: BTreeSet<Decimal> = BTreeSet::new();
    for need in &needs {
        let (Bound::AtMost(bound) | Bound::Below(bound)) = need.bound else { continue };
        let most = bound.checked_sub(need.amount);
        let around = most
            .iter()
            .flat_map(|most| [most.checked_add(Decimal::ONE), Some(*most), most.checked_sub(Decimal::ONE)]);
        counts.extend(around.flatten().chain([bound]).filter(|count| !count.is_negative()));
    }
    let place = Place::Counter(Box::new(key));
    let held = |count: &Decimal| {
        let mut changed = world.clone();
        changed.set(&place, Some(&count.to_string()));
        changed
    };
    counts.iter().map(held).collect()
}

/// A limit of the same name that counts otherwise begins at nothing.
fn moved(sides: [&Side<'_>; 2], before: &[&Limit], after: &[&Limit]) -> Option<String> {
    let [old, new] = sides;
    let (limit, [others, beside]) = match (before, after) {
        ([limit, ..], []) => (limit, [&new.limits, &old.limits]),
        ([], [limit, ..]) => (limit, [&old.limits, &new.limits]),
        ([was, ..], [is, ..]) => return Some(format!("the limit {}", moved_words(was, is))),
        _ => return None,
    };
    let other = others.iter().find(|other| {
        let (one, other_of) = (&limit.template, &other.template);
        let elsewhere = format!("{one:?}") != format!("{other_of:?}");
        let kept = beside.iter().any(|known| known.template.counter == other_of.counter);
        let named = one.counter == other_of.counter || limit.pointer == other.pointer && !kept;
        one.matcher == other_of.matcher && named && elsewhere
    })?;
    let [was, is] = if after.is_empty() { [limit, other] } else { [other, limit] };
    Some(anew(was, is))
}

/// What another counter means.
pub(super) fn anew(was: &Limit, is: &Limit) -> String {
    format!("the limit starts a new counter, which holds nothing: it {}", moved_words(was, is))
}

/// `was "10 calls per minute" and is "10 calls per hour"`, with what else is not the same.
fn moved_words(was: &Limit, is: &Limit) -> String {
    let mut words = [was, is].map(|limit| limit.words.to_string());
    let kinds: [fn(&Limit) -> String; 4] = [align, kept, shared, counts];
    for kind in kinds.into_iter().filter(|kind| kind(was) != kind(is)) {
        for (words, limit) in words.iter_mut().zip([was, is]) {
            words.push_str(&kind(limit));
        }
    }
    let [was, is] = words;
    format!("was \"{was}\" and is \"{is}\"")
}

fn align(limit: &Limit) -> String {
    let words = if limit.template.align == Align::Sliding { ", sliding" } else { ", by the calendar" };
    words.to_owned()
}

fn kept(limit: &Limit) -> String {
    let parts = &limit.template.parts;
    let kinds = [(parts.grant, "grant"), (parts.session, "session"), (parts.tool, "tool")];
    let kept: Vec<&str> = kinds.into_iter().filter(|(kept, _)| *kept).map(|(_, kind)| kind).collect();
    match kept.as_slice() {
        [] => ", for all grants together".to_owned(),
        kept => format!(", for each {}", kept.join(" and ")),
    }
}

fn shared(limit: &Limit) -> String {
    let of = limit.template.shared.as_ref();
    of.map_or(String::new(), |name| format!(", shared as {}", describe::quoted(name)))
}

/// Counters without a name of their own are called by their window, which is told anyway.
fn counts(limit: &Limit) -> String {
    let counter = &limit.template.counter;
    let named = if counter.starts_with('_') {
        String::new()
    } else {
        format!(", in counter {}", describe::quoted(counter))
    };
    if limit.template.shadow { named + ", in shadow" } else { named }
}

/// What a call adds, in words.
pub(super) fn adds(limit: &Limit) -> String {
    let argument = |steps: &[Step]| format!("argument {}", describe::quoted(&path::argument_name(steps)));
    let adds = match &limit.amount {
        Amount::Fixed(amount) => amount.to_string(),
        Amount::Argument(steps) => argument(steps),
        Amount::Money(money) => {
            let currency = money.currency.as_deref().unwrap_or("money");
            let most = money.per_call.map(|most| format!(", at most {most} a call")).unwrap_or_default();
            match &money.source {
                Source::Argument { steps, .. } => format!("{} in {currency}{most}", argument(steps)),
                Source::Challenge => format!("what the server asks for in {currency}{most}"),
            }
        }
    };
    match limit.min {
        Some(min) => format!("{adds}, at least {min}"),
        None => adds,
    }
}
