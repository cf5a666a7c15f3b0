//! Conditions on one value that can never hold together.

use std::collections::HashMap;

use interlock_json::Decimal;

use super::Check;
use crate::diagnostic::{At, quoted};
use crate::document::{Action, Condition, Entry, Leaf, Requirement, Scalar, Test};
use crate::path::Path;
use crate::zone::Zone;

impl Check<'_, '_, '_> {
    /// Every list of an entry whose conditions must all hold.
    pub(super) fn contradictions(&mut self, entry: &Entry, pointer: &str) {
        let at = At::from_pointer(pointer);
        for (index, rule) in entry.rules.iter().enumerate() {
            let objects = matches!(rule.action, Some(Action::Deny | Action::RequireApproval));
            let help = help(objects, self.is_enforced(rule.mode, entry));
            self.together(&listed(&rule.conditions), help, &at.key("rules").index(index).key("conditions"));
        }
        self.requirements(entry, &at);
        for (key, blocks) in [("deny_if", &entry.deny_if), ("approve_if", &entry.approve_if)] {
            for (index, block) in blocks.iter().enumerate() {
                let help = help(true, self.is_enforced(block.mode, entry));
                let at = at.key(key);
                self.together(&listed(&block.conditions), help, &at.index(index).key("conditions"));
            }
        }
    }

    /// The conditions of `require` are one list, beside the blocks in it.
    fn requirements(&mut self, entry: &Entry, at: &At<'_>) {
        let at = at.key("require");
        let mut alone = Vec::new();
        for (index, requirement) in entry.require.iter().enumerate() {
            match requirement {
                Requirement::Condition(condition) => alone.push((index, condition)),
                Requirement::Block(block) => {
                    let help = help(false, self.is_enforced(block.mode, entry));
                    self.together(&listed(&block.conditions), help, &at.index(index).key("conditions"));
                }
            }
        }
        self.together(&alone, help(false, self.is_enforced(None, entry)), &at);
    }

    fn inside(&mut self, condition: &Condition, help: &'static str, at: &At<'_>) {
        match condition {
            Condition::Leaf(leaf) => {
                if !leaf.path.is_plural() && Left::of(&leaf.path).take(leaf) {
                    self.never(&leaf.path, "this", help, at);
                }
            }
            Condition::All(inner) => self.together(&listed(inner), ALONE, &at.key("all")),
            Condition::Not(inner) => self.inside(inner, ALONE, &at.key("not")),
            Condition::Any(inner) => {
                for (index, inner) in inner.iter().enumerate() {
                    self.inside(inner, ALONE, &at.key("any").index(index));
                }
            }
        }
    }

    fn together(&mut self, conditions: &[(usize, &Condition)], help: &'static str, at: &At<'_>) {
        if let [(index, condition)] = conditions {
            return self.inside(condition, help, &at.index(*index));
        }
        let mut left: HashMap<(&Path, Option<&str>), Left<'_>> = HashMap::new();
        for (index, condition) in conditions {
            let Some(leaf) = condition.as_leaf() else {
                self.inside(condition, ALONE, &at.index(*index));
                continue;
            };
            if leaf.path.is_plural() {
                continue;
            }
            let value = (&leaf.path, leaf.timezone.map(Zone::name));
            let what = if left.contains_key(&value) { "this and the conditions before it" } else { "this" };
            let known = left.entry(value).or_insert_with(|| Left::of(&leaf.path));
            if !known.is_nothing() && known.take(leaf) {
                self.never(&leaf.path, what, help, &at.index(*index));
            }
        }
    }

    fn never(&mut self, path: &Path, what: &str, help: &'static str, at: &At<'_>) {
        if let Some(range) = self.range(&at.pointer()) {
            let message = format!("no value of {} satisfies {what}", quoted(&path.to_string()));
            self.report.warning("contradiction", range, at, message).help(help);
        }
    }
}

fn listed(conditions: &[Condition]) -> Vec<(usize, &Condition)> {
    conditions.iter().enumerate().collect()
}

/// Most comparisons of the values of two lists.
const MOST_COMPARED: usize = 10_000;
const ALONE: &str = "as it stands this part never holds";

fn help(objects: bool, enforced: bool) -> &'static str {
    match (objects, enforced) {
        (true, _) => "as it stands nothing that can be judged is objected to",
        (false, true) => "as it stands every call is denied",
        (false, false) => "as it stands every call would be denied",
    }
}

/// What conditions leave of a value.
struct Left<'d> {
    /// The values that it may have; `None` for any.
    among: Option<Vec<&'d Scalar>>,
    /// A bound, and whether the bound itself is left out.
    above: Option<(Decimal, bool)>,
    below: Option<(Decimal, bool)>,
    exists: Option<bool>,
    /// Some test looks at a value, some at a number, some at text.
    valued: bool,
    numeric: bool,
    textual: bool,
    unwanted: Vec<&'d Scalar>,
    nothing: bool,
}

impl<'d> Left<'d> {
    fn of(path: &Path) -> Left<'d> {
        let hours = matches!(path, Path::TimeHour);
        Left {
            among: None,
            above: hours.then_some((Decimal::ZERO, false)),
            below: hours.then(|| (Decimal::from(23_u64), false)),
            exists: None,
            valued: false,
            numeric: false,
            textual: false,
            unwanted: Vec::new(),
            nothing: false,
        }
    }

    fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// Takes in one condition; true where it leaves nothing.
    fn take(&mut self, leaf: &'d Leaf) -> bool {
        self.valued |= !matches!(leaf.test, Test::Exists(false));
        self.numeric |= matches!(leaf.test, Test::Lt(_) | Test::Lte(_) | Test::Gt(_) | Test::Gte(_));
        self.textual |= matches!(leaf.test, Test::Regex(_));
        match &leaf.test {
            // Folding case would have to be done on both sides.
            Test::Eq(_) | Test::In(_) | Test::Neq(_) | Test::NotIn(_) if leaf.ignore_case => {}
            Test::In(values) | Test::NotIn(values) if self.is_too_much(values.len()) => {}
            Test::Eq(value) => self.keep(&|one| one == value, std::slice::from_ref(value)),
            Test::In(values) => self.keep(&|one| values.contains(one), values),
            Test::Neq(value) => {
                self.unwanted.push(value);
                self.drop(&|one| one == value);
            }
            Test::NotIn(values) => self.drop(&|one| values.contains(one)),
            Test::Lt(bound) => self.below = Some(tighter(self.below, (*bound, true), |a, b| a < b)),
            Test::Lte(bound) => self.below = Some(tighter(self.below, (*bound, false), |a, b| a < b)),
            Test::Gt(bound) => self.above = Some(tighter(self.above, (*bound, true), |a, b| a > b)),
            Test::Gte(bound) => self.above = Some(tighter(self.above, (*bound, false), |a, b| a > b)),
            Test::Exists(wanted) => {
                self.nothing |= self.exists.is_some_and(|before| before != *wanted);
                self.exists = Some(*wanted);
            }
            _ => {}
        }
        // What is absent has no value, and no value is a number and text.
        self.nothing |= self.exists == Some(false) && self.valued || self.numeric && self.textual;
        self.nothing |= self.is_empty();
        self.nothing
    }

    /// A warning is not worth much time.
    fn is_too_much(&self, values: usize) -> bool {
        self.among.as_ref().map_or(0, Vec::len).saturating_mul(values) > MOST_COMPARED
    }

    fn keep(&mut self, holds: &dyn Fn(&Scalar) -> bool, values: &'d [Scalar]) {
        match &mut self.among {
            Some(among) => among.retain(|one| holds(one)),
            none => *none = Some(values.iter().collect()),
        }
    }

    fn drop(&mut self, excluded: &dyn Fn(&Scalar) -> bool) {
        if let Some(among) = &mut self.among {
            among.retain(|one| !excluded(one));
        }
    }

    fn is_empty(&self) -> bool {
        match &self.among {
            Some(among) => !among.iter().any(|one| self.is_within(one)),
            None => match (self.above, self.below) {
                (Some((above, no_above)), Some((below, no_below))) => {
                    let only = |one: &&Scalar| **one == Scalar::Number(above);
                    above > below
                        || above == below && (no_above || no_below || self.unwanted.iter().any(only))
                }
                _ => false,
            },
        }
    }

    fn is_within(&self, value: &Scalar) -> bool {
        let Scalar::Number(number) = value else { return self.above.is_none() && self.below.is_none() };
        let above =
            self.above.is_none_or(|(bound, without)| *number > bound || (*number == bound && !without));
        let below =
            self.below.is_none_or(|(bound, without)| *number < bound || (*number == bound && !without));
        above && below
    }
}

/// Of two bounds the one that leaves less.
fn tighter(
    before: Option<(Decimal, bool)>,
    now: (Decimal, bool),
    is_tighter: fn(Decimal, Decimal) -> bool,
) -> (Decimal, bool) {
    match before {
        None => now,
        Some(before) if before.0 == now.0 => (now.0, before.1 || now.1),
        Some(before) if is_tighter(before.0, now.0) => before,
        Some(_) => now,
    }
}
