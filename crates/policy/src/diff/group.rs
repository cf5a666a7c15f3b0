//! Classes of names of which the policies say the same: searched once, and told together.

use std::collections::HashMap;
use std::ops::Range;

use super::search::{self, Of};
use super::side::Side;
use super::world::World;
use super::{Difference, Effort, Stack, words};
use crate::decision::Call;
use crate::judge;

/// What was found, by what the two sides say.
#[derive(Default)]
pub(super) struct Groups {
    known: HashMap<String, Known>,
}

/// Places in the difference of what was found of the first class, with the calls that show it.
struct Known {
    changes: Range<usize>,
    worlds: Vec<World>,
    doubt: Option<usize>,
}

impl Groups {
    /// Adds to the difference what it is for one class of names.
    pub(super) fn compare(
        &mut self,
        of: &Of<'_>,
        stacks: [&Stack<'_>; 2],
        effort: Effort,
        difference: &mut Difference,
    ) {
        let who = of.who;
        let call = Call { section: who.section, server: "server", name: &who.name, arguments: None };
        let seen = stacks.map(|stack| judge::visible(stack, who.section, &who.name));
        add_shown(of, seen, difference);
        let [old, new] = stacks.map(|stack| Side::new(stack, &call));
        if old.print() == new.print() || old.always_denies() && new.always_denies() {
            return;
        }
        let sides = [&old, &new];
        let alike = !sides.iter().any(|side| side.tells_names_apart(of.known));
        let key = key(sides);
        if let Some(known) = self.known.get(&key).filter(|_| alike)
            && known.holds(of, sides, difference)
        {
            for change in difference.changes.get_mut(known.changes.clone()).into_iter().flatten() {
                change.also.push(who.clone());
            }
            let doubt = known.doubt.and_then(|at| difference.doubts.get_mut(at));
            doubt.into_iter().for_each(|doubt| doubt.also.push(who.clone()));
            return;
        }
        let found = search::search(of, sides, effort);
        let doubt = found.doubt(who);
        let known = Known {
            changes: difference.changes.len()..difference.changes.len() + found.changes.len(),
            worlds: found.worlds,
            doubt: doubt.is_some().then_some(difference.doubts.len()),
        };
        difference.doubts.extend(doubt);
        difference.changes.extend(found.changes);
        self.known.insert(key, known);
    }
}

/// The same for names of which the sides say the same, apart from counters that are each entry's own.
fn key(sides: [&Side<'_>; 2]) -> String {
    let mut key = sides.map(|side| format!("{:?}", side.print())).join(" ");
    let mut own: Vec<&str> = Vec::new();
    for matcher in sides.iter().flat_map(|side| &side.limits).map(|limit| &*limit.template.matcher) {
        if !own.contains(&matcher) {
            key = key.replace(&written(matcher), &format!("matcher: own {}", own.len()));
            own.push(matcher);
        }
    }
    key
}

/// A matcher as it stands in what is printed of a limit, which is printed as a text in turn.
fn written(matcher: &str) -> String {
    let inner = format!("matcher: {matcher:?}");
    let printed = format!("{inner:?}");
    printed.trim_matches('"').to_owned()
}

impl Known {
    /// Whether every call that showed a change shows it under another name, too.
    fn holds(&self, of: &Of<'_>, sides: [&Side<'_>; 2], difference: &Difference) -> bool {
        let changes = difference.changes.get(self.changes.clone()).unwrap_or_default();
        changes.iter().zip(&self.worlds).all(|(change, world)| {
            let verdicts = search::judged(of, sides, world);
            verdicts.is_some_and(|(before, after)| {
                before.verdict == change.before.verdict && after.verdict == change.after.verdict
            })
        })
    }
}

fn add_shown(of: &Of<'_>, seen: [bool; 2], difference: &mut Difference) {
    let Some(shown) = words::shown(of.who, seen) else { return };
    let alike = difference
        .shown
        .iter_mut()
        .find(|known| known.who.section == shown.who.section && known.direction == shown.direction);
    match alike {
        Some(known) => known.also.push(shown.who),
        None => difference.shown.push(shown),
    }
}
