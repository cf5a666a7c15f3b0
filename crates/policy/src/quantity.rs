//! What the calls of an entry are counted in: one list for the three ways in which documents say it.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use interlock_json::Decimal;

use crate::diagnostic::{nearest, quoted};
use crate::document::{
    Action, Condition, Document, Entry, Increment, Limit, Matcher, Mode, Refund, Rule, Scope, Section, Spend,
    SpendAmount, State, Test,
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
    pub(crate) adds: Adds<'d>,
    pub(crate) min: Option<Decimal>,
    pub(crate) bound: Bound,
    /// What is given back when the call fails.
    pub(crate) refund: Refund,
    pub(crate) mode: Option<Mode>,
    pub(crate) name: Option<&'d str>,
    pub(crate) on_deny: Option<&'d str>,
}

/// What a call adds to a counter.
#[derive(Debug, Clone)]
pub(crate) enum Adds<'d> {
    /// One.
    Call,
    /// One, in a counter of its own for each call that is not identical.
    Once,
    /// The same for every call.
    Fixed(Decimal),
    /// The value of an argument.
    Argument(&'d Path),
    /// Money.
    Money(Money<'d>),
}

/// An amount of money that a call spends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Money<'d> {
    pub(crate) amount: &'d SpendAmount,
    pub(crate) per_call: Option<Decimal>,
    pub(crate) currency: Option<&'d str>,
    pub(crate) currency_from: Option<&'d Path>,
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

/// How many counters without a name of their own an entry has, by kind and window: a counter keeps its number when
/// one with another window is added before it.
#[derive(Debug, Default)]
struct Numbering(BTreeMap<(String, Window), usize>);

impl Numbering {
    fn name(&mut self, kind: &str, window: Window) -> String {
        let next = self.0.entry((kind.to_owned(), window)).or_default();
        let name = format!("_{kind}_{window}_{next}");
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
fn counted<'d>(
    document: &'d Document,
    matcher: &Matcher,
    entry: &'d Entry,
    numbering: &mut Numbering,
) -> Vec<Counted<'d>> {
    let mut all = Vec::new();
    for (index, rule) in entry.rules.iter().enumerate() {
        all.extend(once(rule, index, numbering));
        all.extend(rate(rule, index, numbering));
        all.extend(rule.state.as_ref().map(|state| budget(matcher, rule, state, index)));
        if let Some(spend) = &rule.spend {
            spending(document, rule, spend, index, numbering, &mut all);
        }
    }
    all.extend(entry.limits.iter().enumerate().map(|(index, limit)| limited(limit, index, numbering)));
    all
}

fn rate<'d>(rule: &'d Rule, index: usize, numbering: &mut Numbering) -> Option<Counted<'d>> {
    let rate = rule.rate_limit.as_ref()?;
    Some(Counted {
        place: Place::Rule(index),
        counter: numbering.name("rate", rate.window),
        window: rate.window,
        align: rate.align.unwrap_or(Align::Sliding).within(rate.timezone),
        scope: scope(rate.scope.as_deref()),
        shared: None,
        adds: Adds::Call,
        min: None,
        bound: Bound::AtMost(rate.max),
        refund: rate.refund.unwrap_or(Refund::Keep),
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
        align: state.align.unwrap_or(Align::Calendar).within(state.timezone),
        scope: scope(state.scope.as_deref()),
        shared: None,
        adds: match &state.increment {
            None => Adds::Call,
            Some(Increment::Fixed(amount)) => Adds::Fixed(*amount),
            Some(Increment::From(path)) => Adds::Argument(path),
        },
        min: None,
        bound: own_bound(matcher, rule),
        refund: state.refund.unwrap_or(Refund::Keep),
        mode: rule.mode,
        name: rule.name.as_deref(),
        on_deny: rule.on_deny.as_deref(),
    }
}

/// One call of those that are identical.
fn once<'d>(rule: &'d Rule, index: usize, numbering: &mut Numbering) -> Option<Counted<'d>> {
    let window = Window::Seconds(rule.idempotency_window?);
    Some(Counted {
        place: Place::Rule(index),
        counter: numbering.name("once", window),
        window,
        align: Align::Sliding,
        scope: &[Scope::Grant],
        shared: None,
        adds: Adds::Once,
        min: None,
        bound: Bound::AtMost(Decimal::ONE),
        // What the server did with a call that failed nobody knows: to repeat it is what this is against.
        refund: Refund::Keep,
        mode: rule.mode,
        name: rule.name.as_deref(),
        on_deny: rule.on_deny.as_deref(),
    })
}

/// The budgets of a `spend`: of the day, of the month, or where there is none, of the day without a bound. Amounts of
/// different currencies are different counters.
fn spending<'d>(
    document: &'d Document,
    rule: &'d Rule,
    spend: &'d Spend,
    index: usize,
    numbering: &mut Numbering,
    all: &mut Vec<Counted<'d>>,
) {
    let currency = currency(document, spend);
    let kind = match currency {
        Some(currency) => format!("spend_{}", currency.to_lowercase()),
        None => "spend".to_owned(),
    };
    let money = Money {
        amount: &spend.amount,
        per_call: spend.per_call,
        currency,
        currency_from: spend.currency_from.as_ref(),
    };
    let mut add = |window: Window, bound: Bound| {
        all.push(Counted {
            place: Place::Rule(index),
            counter: numbering.name(&kind, window),
            window,
            align: Align::Calendar.within(spend.timezone),
            scope: scope(spend.scope.as_deref()),
            shared: None,
            adds: Adds::Money(money),
            min: None,
            bound,
            refund: spend.refund.unwrap_or(Refund::Keep),
            mode: rule.mode,
            name: rule.name.as_deref(),
            on_deny: rule.on_deny.as_deref(),
        });
    };
    match (spend.daily, spend.monthly) {
        (None, None) => add(Window::Day, Bound::None),
        (daily, monthly) => {
            for (window, most) in [(Window::Day, daily), (Window::Month, monthly)] {
                most.into_iter().for_each(|most| add(window, Bound::AtMost(most)));
            }
        }
    }
}

/// What a `spend` counts in.
pub(crate) fn currency<'d>(document: &'d Document, spend: &'d Spend) -> Option<&'d str> {
    spend.currency.as_deref().or(document.spend_currency.as_deref())
}

fn limited<'d>(limit: &'d Limit, index: usize, numbering: &mut Numbering) -> Counted<'d> {
    let align = if limit.amount.is_some() { Align::Calendar } else { Align::Sliding };
    Counted {
        place: Place::Limit(index),
        counter: limit.counter.clone().unwrap_or_else(|| numbering.name("rate", limit.window)),
        window: limit.window,
        align: limit.align.unwrap_or(align).within(limit.timezone),
        scope: scope(limit.scope.as_deref()),
        shared: limit.shared.as_deref(),
        adds: limit.amount.as_ref().map_or(Adds::Call, Adds::Argument),
        min: limit.min,
        bound: Bound::AtMost(limit.max),
        refund: limit.refund.unwrap_or(Refund::Keep),
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

/// Counters that a misspelt one is compared with. Advice is not worth more time.
const MOST_COMPARED: usize = 1_000;

/// Every counter of a document.
pub(crate) struct Counters<'d> {
    document: &'d Document,
    /// Of each entry of a section, in its order.
    sections: BTreeMap<Section, Vec<Vec<Counted<'d>>>>,
    all_tools: Vec<Counted<'d>>,
    /// Under the names that conditions use.
    named: BTreeMap<(Section, String, String), Lookup<'d>>,
}

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
        let (sections, all_tools, named) = Default::default();
        let mut counters = Counters { document, sections, all_tools, named };
        for section in Section::ALL {
            let entries = document.section(section).iter().map(|(matcher, entry)| {
                let all = counted(document, matcher, entry, &mut Numbering::default());
                counters.name(section, matcher, entry, &all);
                all
            });
            let entries = entries.collect();
            counters.sections.insert(section, entries);
        }
        if let Some(entry) = &document.all_tools {
            let all = counted(document, EVERY, entry, &mut all_tools_numbering(document));
            counters.name(Section::Tools, EVERY, entry, &all);
            counters.all_tools = all;
        }
        counters
    }

    /// The entries of a section with what each of them counts, in the order in which it is reserved.
    pub(crate) fn section(
        &self,
        section: Section,
    ) -> impl Iterator<Item = (&'d Matcher, &'d Entry, &[Counted<'d>])> {
        let counted = self.sections.get(&section).into_iter().flatten();
        let entries = self.document.section(section).iter();
        entries.zip(counted).map(|((matcher, entry), counted)| (matcher, entry, counted.as_slice()))
    }

    /// `all_tools` with what it counts.
    pub(crate) fn all_tools(&self) -> Option<(&'d Entry, &[Counted<'d>])> {
        self.document.all_tools.as_ref().map(|entry| (entry, self.all_tools.as_slice()))
    }

    fn name(&mut self, section: Section, matcher: &'d Matcher, entry: &'d Entry, all: &[Counted<'d>]) {
        // An identical call has no counter to be looked at before there is one.
        let named = |counted: &Counted<'_>| !matches!(counted.adds, Adds::Once);
        for counted in all.iter().filter(|counted| named(counted)).cloned() {
            let key = (section, state_name(matcher).to_owned(), counted.counter.clone());
            let next = Definition { matcher, entry, counted };
            match self.named.entry(key) {
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
        self.named.get(&(section, entry.to_owned(), counter.to_owned()))
    }

    /// `did you mean …?` for a name that none of them has.
    pub(crate) fn nearest(&self, section: Section, entry: &str, counter: &str) -> Option<String> {
        let keys = || self.named.keys().filter(|(of, ..)| *of == section).take(MOST_COMPARED);
        let beside = keys().filter(|(_, of, _)| of == entry).map(|(.., counter)| counter.as_str());
        let alike = || keys().filter(|(.., name)| name == counter).map(|(_, entry, _)| entry.as_str());
        let (entry, counter) = match nearest(counter, beside) {
            Some(near) => (entry, near),
            None => (nearest(entry, alike())?, counter),
        };
        let path = Path::State { entry: entry.to_owned(), counter: counter.to_owned() };
        Some(format!("did you mean {}?", quoted(&path.to_string())))
    }
}

impl Definition<'_> {
    fn is(&self, other: &Definition<'_>) -> bool {
        self.counted.identity() == other.counted.identity() && self.counted.mode == other.counted.mode
    }
}

impl Counted<'_> {
    /// What makes two counters of one entry one (policy language, counter identity).
    pub(crate) fn identity(&self) -> (&str, Window, Align, Option<&str>, Parts) {
        (&self.counter, self.window, self.align, self.shared, self.parts())
    }

    /// What the counter's key has of the call.
    pub(crate) fn parts(&self) -> Parts {
        let mut parts = Parts::of(self.scope);
        parts.call = matches!(self.adds, Adds::Once);
        parts
    }
}

/// What a list of scopes adds to a counter's key. In what order they are listed makes no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parts {
    pub(crate) grant: bool,
    pub(crate) session: bool,
    pub(crate) tool: bool,
    /// Arguments, as paths name them.
    pub(crate) arguments: BTreeSet<String>,
    /// All that makes a call another one.
    pub(crate) call: bool,
}

impl Parts {
    fn of(scopes: &[Scope]) -> Parts {
        let mut parts = Parts::default();
        for scope in scopes {
            match scope {
                Scope::Server | Scope::Global => continue,
                Scope::Grant => {}
                Scope::Session => parts.session = true,
                Scope::Tool => parts.tool = true,
                Scope::Argument(path) => {
                    parts.arguments.insert(path.to_string());
                }
            }
            parts.grant = true;
        }
        parts
    }

    /// Whether a counter with these parts counts for all that one with the others counts for, and perhaps for more.
    pub(crate) fn are_among(&self, others: &Parts) -> bool {
        let flags = |parts: &Parts| [parts.grant, parts.session, parts.tool, parts.call];
        let mut pairs = flags(self).into_iter().zip(flags(others));
        pairs.all(|(own, other)| !own || other) && self.arguments.is_subset(&others.arguments)
    }
}

/// The numbering with which `all_tools` continues after `"*"`.
fn all_tools_numbering(document: &Document) -> Numbering {
    let mut numbering = Numbering::default();
    for (matcher, entry) in document.tools.iter().filter(|(matcher, _)| *matcher == Matcher::Every) {
        counted(document, matcher, entry, &mut numbering);
    }
    numbering
}
