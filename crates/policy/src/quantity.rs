//! What the calls of an entry are counted in: one list for the three ways in which documents say it.

use std::collections::{BTreeMap, btree_map};

use interlock_json::Decimal;

use crate::document::{
    Action, Condition, Document, Entry, Increment, Limit, Matcher, Mode, Rule, Scope, Section, State, Test,
};
use crate::path::Path;
use crate::window::{Align, Window};

/// What a counter may hold after a call has been added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Anything: the counter only counts.
    None,
    /// This much, or less.
    AtMost(Decimal),
    /// Less than this.
    Below(Decimal),
}

impl Bound {
    /// The bound that lets less through.
    pub(crate) fn tighter(self, other: Bound) -> Bound {
        match (self, other) {
            (Bound::None, other) => other,
            (this, Bound::None) => this,
            (Bound::AtMost(a), Bound::AtMost(b)) => Bound::AtMost(a.min(b)),
            (Bound::Below(a), Bound::Below(b)) => Bound::Below(a.min(b)),
            (Bound::AtMost(at_most), Bound::Below(below)) | (Bound::Below(below), Bound::AtMost(at_most)) => {
                if below <= at_most {
                    Bound::Below(below)
                } else {
                    Bound::AtMost(at_most)
                }
            }
        }
    }
}

/// One counter of one entry.
#[derive(Debug, Clone)]
pub(crate) struct Counted<'d> {
    pub(crate) place: Place,
    pub(crate) counter: String,
    pub(crate) window: Window,
    pub(crate) align: Align,
    pub(crate) scope: &'d [Scope],
    pub(crate) shared: Option<&'d str>,
    /// `None` counts one a call.
    pub(crate) increment: Option<Increment>,
    pub(crate) min: Option<Decimal>,
    pub(crate) bound: Bound,
    pub(crate) mode: Option<Mode>,
    pub(crate) name: Option<&'d str>,
    pub(crate) on_deny: Option<&'d str>,
}

/// Where in its entry a counter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Rule(usize),
    Limit(usize),
}

impl Place {
    /// The pointer below the entry's.
    pub(crate) fn pointer(self) -> String {
        match self {
            Place::Rule(index) => format!("/rules/{index}"),
            Place::Limit(index) => format!("/limits/{index}"),
        }
    }
}

/// How many counters without a name of their own an entry has, by window: a counter keeps its number when one with
/// another window is added before it.
#[derive(Debug, Default)]
pub(crate) struct Numbering(BTreeMap<Window, usize>);

impl Numbering {
    fn name(&mut self, window: Window) -> String {
        let next = self.0.entry(window).or_default();
        let name = format!("_rate_{window}_{next}");
        *next += 1;
        name
    }
}

/// The name of an entry in `state.<name>.<counter>`.
pub(crate) fn state_name(matcher: &Matcher) -> &str {
    match matcher {
        Matcher::Every => "_global",
        Matcher::Exact(_) | Matcher::Glob(_) => matcher.as_str(),
    }
}

/// Everything the entry counts, in the order in which it is reserved. `"*"` and `all_tools` are one entry in two
/// places: they share their numbering.
pub(crate) fn counted<'d>(
    matcher: &Matcher,
    entry: &'d Entry,
    numbering: &mut Numbering,
) -> Vec<Counted<'d>> {
    let mut all = Vec::new();
    for (index, rule) in entry.rules.iter().enumerate() {
        all.extend(rate(rule, index, numbering));
        all.extend(rule.state.as_ref().map(|state| budget(matcher, rule, state, index)));
    }
    all.extend(entry.limits.iter().enumerate().map(|(index, limit)| limited(limit, index, numbering)));
    all
}

fn rate<'d>(rule: &'d Rule, index: usize, numbering: &mut Numbering) -> Option<Counted<'d>> {
    let rate = rule.rate_limit.as_ref()?;
    Some(Counted {
        place: Place::Rule(index),
        counter: numbering.name(rate.window),
        window: rate.window,
        align: rate.align.unwrap_or(Align::Sliding),
        scope: scope(rate.scope.as_deref()),
        shared: None,
        increment: None,
        min: None,
        bound: Bound::AtMost(rate.max),
        mode: rule.mode,
        name: rule.name.as_deref(),
        on_deny: rule.on_deny.as_deref(),
    })
}

fn budget<'d>(matcher: &Matcher, rule: &'d Rule, state: &'d State, index: usize) -> Counted<'d> {
    Counted {
        place: Place::Rule(index),
        counter: state.counter.clone(),
        window: state.window,
        align: state.align.unwrap_or(Align::Calendar),
        scope: scope(state.scope.as_deref()),
        shared: None,
        increment: state.increment.clone(),
        min: None,
        bound: own_bound(matcher, rule),
        mode: rule.mode,
        name: rule.name.as_deref(),
        on_deny: rule.on_deny.as_deref(),
    }
}

fn limited<'d>(limit: &'d Limit, index: usize, numbering: &mut Numbering) -> Counted<'d> {
    let align = if limit.amount.is_some() { Align::Calendar } else { Align::Sliding };
    Counted {
        place: Place::Limit(index),
        counter: limit.counter.clone().unwrap_or_else(|| numbering.name(limit.window)),
        window: limit.window,
        align: limit.align.unwrap_or(align),
        scope: scope(limit.scope.as_deref()),
        shared: limit.shared.as_deref(),
        increment: limit.amount.clone().map(Increment::From),
        min: limit.min,
        bound: Bound::AtMost(limit.max),
        mode: limit.mode,
        name: None,
        on_deny: limit.on_deny.as_deref(),
    }
}

fn scope(written: Option<&[Scope]>) -> &[Scope] {
    written.unwrap_or(&[Scope::Grant])
}

/// Whether the path names the counter of the rule's own `state`.
pub(crate) fn is_own(path: &Path, matcher: &Matcher, rule: &Rule) -> bool {
    let Path::State { entry, counter } = path else { return false };
    rule.state.as_ref().is_some_and(|state| state.counter == *counter) && entry == state_name(matcher)
}

/// A condition that bounds the rule's own counter is tested inside the reservation, with this call's amount added,
/// and not before.
pub(crate) fn bounds_own(condition: &Condition, matcher: &Matcher, rule: &Rule) -> Option<Bound> {
    let leaf = condition.as_leaf()?;
    let evaluates = rule.effective_action() == Action::Evaluate;
    if !evaluates || !is_own(&leaf.path, matcher, rule) {
        return None;
    }
    match leaf.test {
        Test::Lt(value) => Some(Bound::Below(value)),
        Test::Lte(value) => Some(Bound::AtMost(value)),
        _ => None,
    }
}

fn own_bound(matcher: &Matcher, rule: &Rule) -> Bound {
    let bounds = rule.conditions.iter().filter_map(|condition| bounds_own(condition, matcher, rule));
    bounds.fold(Bound::None, Bound::tighter)
}

/// Every counter of a document under the names that conditions use.
pub(crate) struct Counters<'d>(BTreeMap<(Section, String, String), Lookup<'d>>);

/// What a condition that names a counter finds.
#[derive(Debug)]
pub(crate) enum Lookup<'d> {
    /// The counter.
    Found(Box<Definition<'d>>),
    /// Several counters of the entry bear the name.
    Ambiguous,
}

/// A counter with the entry that counts in it.
#[derive(Debug)]
pub(crate) struct Definition<'d> {
    pub(crate) matcher: &'d Matcher,
    pub(crate) entry: &'d Entry,
    pub(crate) counted: Counted<'d>,
}

const EVERY: &Matcher = &Matcher::Every;

impl<'d> Counters<'d> {
    pub(crate) fn of(document: &'d Document) -> Counters<'d> {
        let mut counters = Counters(BTreeMap::new());
        for section in Section::ALL {
            for (matcher, entry) in document.section(section) {
                counters.add(section, matcher, entry, &mut Numbering::default());
            }
        }
        if let Some(entry) = &document.all_tools {
            counters.add(Section::Tools, EVERY, entry, &mut all_tools_numbering(document));
        }
        counters
    }

    fn add(&mut self, section: Section, matcher: &'d Matcher, entry: &'d Entry, numbering: &mut Numbering) {
        for counted in counted(matcher, entry, numbering) {
            let key = (section, state_name(matcher).to_owned(), counted.counter.clone());
            let next = Definition { matcher, entry, counted };
            match self.0.entry(key) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(Lookup::Found(Box::new(next)));
                }
                btree_map::Entry::Occupied(mut place) => {
                    let same = matches!(place.get(), Lookup::Found(first) if first.is(&next));
                    if !same {
                        place.insert(Lookup::Ambiguous);
                    }
                }
            }
        }
    }

    /// The counter that `state.<entry>.<counter>` names; `None` where no entry of the section counts in one.
    pub(crate) fn find(&self, section: Section, entry: &str, counter: &str) -> Option<&Lookup<'d>> {
        self.0.get(&(section, entry.to_owned(), counter.to_owned()))
    }
}

impl Definition<'_> {
    fn is(&self, other: &Definition<'_>) -> bool {
        self.counted.identity() == other.counted.identity() && self.counted.mode == other.counted.mode
    }
}

impl Counted<'_> {
    /// What makes two counters of one entry one (policy language, counter identity).
    pub(crate) fn identity(&self) -> (&str, Window, Align, Option<&str>, [bool; 3]) {
        (&self.counter, self.window, self.align, self.shared, scope_parts(self.scope))
    }
}

/// What a list of scopes adds to a counter's key: the grant, the session, the tool.
pub(crate) fn scope_parts(scope: &[Scope]) -> [bool; 3] {
    let holds = |wanted: Scope| scope.contains(&wanted);
    let of_grant = holds(Scope::Grant) || holds(Scope::Session) || holds(Scope::Tool);
    [of_grant, holds(Scope::Session), holds(Scope::Tool)]
}

/// The numbering with which `all_tools` continues after `"*"`.
pub(crate) fn all_tools_numbering(document: &Document) -> Numbering {
    let mut numbering = Numbering::default();
    for (matcher, entry) in document.tools.iter().filter(|(matcher, _)| *matcher == Matcher::Every) {
        counted(matcher, entry, &mut numbering);
    }
    numbering
}
