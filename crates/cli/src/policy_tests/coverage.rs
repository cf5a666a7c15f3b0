//! Which rules of the policies the tests have exercised.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use interlock_policy::{Item, ItemKind, Origin, RuleName, Section, Verdict};

use crate::rehearsal::Judged;
use crate::rehearsal::policies::Policies;

/// How far a rule was exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exercise {
    /// By no call.
    Never,
    /// Judged, and it did not stand in the way.
    Evaluated,
    /// It decided a call, or what a list shows.
    Decided,
}

impl Exercise {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Evaluated => "evaluated",
            Self::Decided => "decided",
        }
    }
}

/// The rules of some policies, each with how far it was exercised.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<PathBuf, BTreeMap<Key, Covered>>);

/// A rule's pointer, and what of it: a rule that does several things is several.
type Key = (Arc<str>, ItemKind);

/// One rule.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    pub(crate) item: Item,
    pub(crate) line: usize,
    pub(crate) exercise: Exercise,
}

impl Coverage {
    /// Of these policies, with nothing exercised.
    pub(crate) fn of(policies: &Policies) -> Self {
        let mut coverage = Self::default();
        for file in policies.files() {
            let places = file.places();
            let line = |item: &Item| places.find(&item.pointer).map_or(0, |span| span.line);
            let items = file.policy.items().into_iter().map(|item| {
                let key = (Arc::clone(&item.pointer), item.kind);
                (key, Covered { line: line(&item), exercise: Exercise::Never, item })
            });
            coverage.0.insert(file.path.clone(), items.collect());
        }
        coverage
    }

    /// Adds what other tests have exercised.
    pub(crate) fn add(&mut self, other: &Self) {
        for (path, items) in &other.0 {
            let known = self.0.entry(path.clone()).or_default();
            for (key, covered) in items {
                let entry = known.entry(key.clone()).or_insert_with(|| covered.clone());
                entry.exercise = entry.exercise.max(covered.exercise);
            }
        }
    }

    /// The rules of each policy, in the order of its lines.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (&PathBuf, Vec<&Covered>)> {
        self.0.iter().map(|(path, items)| {
            let mut items: Vec<&Covered> = items.values().collect();
            items.sort_by_key(|covered| covered.line);
            (path, items)
        })
    }

    /// How many rules there are, and how many were exercised.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let all = self.0.values().flat_map(BTreeMap::values);
        let exercised = all.clone().filter(|covered| covered.exercise > Exercise::Never).count();
        (all.count(), exercised)
    }

    /// The exercised part in percent, rounded down: 100 is all.
    pub(crate) fn percent(&self) -> usize {
        let (all, exercised) = self.totals();
        (exercised * 100).checked_div(all).unwrap_or(100)
    }

    /// Takes note of what a list shows.
    pub(super) fn saw_list(&mut self, policies: &Policies, section: Section, name: &str, shows: bool) {
        for file in policies.files() {
            for pointer in file.policy.hiding(section, name) {
                self.mark(policies, file.origin, &pointer, ItemKind::Hide, Exercise::Decided);
            }
            if shows {
                let matching = file.policy.document().section(section).iter();
                let pointers = matching.filter(|(matcher, _)| matcher.matches(name)).map(|(matcher, _)| {
                    let escaped = matcher.as_str().replace('~', "~0").replace('/', "~1");
                    format!("/{}/{escaped}", section.key())
                });
                for pointer in pointers.collect::<Vec<_>>() {
                    self.mark(policies, file.origin, &pointer, ItemKind::Entry, Exercise::Evaluated);
                }
            }
        }
    }

    /// Takes note of what a call was judged by.
    pub(super) fn saw_call(&mut self, policies: &Policies, section: Section, name: &str, judged: &Judged) {
        let decision = &judged.rehearsed.decision;
        for file in policies.files().iter().filter(|_| decision.rule == RuleName::Hidden) {
            for pointer in file.policy.hiding(section, name) {
                self.mark(policies, file.origin, &pointer, ItemKind::Hide, Exercise::Decided);
            }
        }
        // What keeps a call out before any rule is looked at; in shadow mode the rules are.
        if decision.verdict == Verdict::Deny && !matches!(decision.rule, RuleName::At { .. }) {
            return;
        }
        for entry in &judged.trace.entries {
            let decided = *entry == decision.rule;
            let exercise = if decided { Exercise::Decided } else { Exercise::Evaluated };
            self.mark_rule(policies, entry, ItemKind::Entry, exercise);
        }
        self.saw_steps(policies, judged);
    }

    fn saw_steps(&mut self, policies: &Policies, judged: &Judged) {
        let mut stopped = false;
        for step in &judged.trace.steps {
            let objects = step.verdict != Verdict::Proceed;
            if !step.shadow && stopped {
                continue;
            }
            let exercise = if objects { Exercise::Decided } else { Exercise::Evaluated };
            self.mark_rule(policies, &step.rule, step.kind, exercise);
            // A person is asked only once every other rule has been heard; limits are looked at before.
            stopped |= !step.shadow && step.verdict == Verdict::Deny;
        }
        let ruled = &judged.rehearsed;
        let is_it = |rule: &RuleName| rule.text() == ruled.rule;
        for need in ruled.decision.needs.iter().filter(|need| is_it(&need.rule)) {
            self.mark_rule(policies, &need.rule, ItemKind::Limit, Exercise::Decided);
        }
        for finding in &ruled.shadow {
            if ruled.decision.needs.iter().any(|need| need.shadow && need.rule == finding.rule) {
                self.mark_rule(policies, &finding.rule, ItemKind::Limit, Exercise::Decided);
            }
        }
    }

    fn mark_rule(&mut self, policies: &Policies, rule: &RuleName, kind: ItemKind, exercise: Exercise) {
        if let RuleName::At { origin, pointer } = rule {
            self.mark(policies, *origin, pointer, kind, exercise);
        }
    }

    fn mark(
        &mut self,
        policies: &Policies,
        origin: Origin,
        pointer: &str,
        kind: ItemKind,
        exercise: Exercise,
    ) {
        let file = policies.files().iter().find(|file| file.origin == origin);
        let Some(items) = file.and_then(|file| self.0.get_mut(&file.path)) else { return };
        if let Some(covered) = items.get_mut(&(pointer.into(), kind)) {
            covered.exercise = covered.exercise.max(exercise);
        }
    }
}
