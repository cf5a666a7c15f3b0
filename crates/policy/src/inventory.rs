//! What a policy holds: everything that can decide, and every counter, by name.

use std::sync::Arc;

use crate::compile::{CompiledEntry, Policy};
use crate::counter::{Caller, CounterKey};
use crate::decision::Call;
use crate::diagnostic::push_pointer_segment;
use crate::document::{Matcher, Section};
use crate::fact::Facts;
use crate::judge::Phase;

/// What an item does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// It takes names out of lists and denies their calls.
    Hide,
    /// It lists names, which permits them under `default: deny`.
    Entry,
    /// It validates arguments.
    Validate,
    /// It objects where its conditions hold.
    Deny,
    /// Its conditions must hold.
    Require,
    /// It asks a person where its conditions hold.
    Approve,
    /// It counts.
    Limit,
}

impl ItemKind {
    /// The word of traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            ItemKind::Hide => "hide",
            ItemKind::Entry => "entry",
            ItemKind::Validate => "validate",
            ItemKind::Deny => "deny",
            ItemKind::Require => "require",
            ItemKind::Approve => "approve",
            ItemKind::Limit => "limit",
        }
    }
}

/// Something in a policy that can decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// RFC 6901 pointer to it; a rule that does several things is several items.
    pub pointer: Arc<str>,
    /// What it does.
    pub kind: ItemKind,
    /// The rule's `name`.
    pub name: Option<Arc<str>>,
    /// In shadow mode.
    pub shadow: bool,
}

impl Policy {
    /// Everything in the policy that can decide, in the order of the pointers.
    pub fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for index in 0..self.document().hide.len() {
            items.push(Item::new(format!("/hide/{index}").into(), ItemKind::Hide, None, self.shadow));
        }
        for section in Section::ALL {
            for entry in self.entries(section).all() {
                entry.add_to(&mut items);
            }
        }
        items.sort();
        items.dedup();
        items
    }

    /// The pointers of what hides a name.
    pub fn hiding(&self, section: Section, name: &str) -> Vec<String> {
        let mut pointers = Vec::new();
        for (index, matcher) in self.document().hide.iter().enumerate() {
            if matcher.matches(name) {
                pointers.push(format!("/hide/{index}"));
            }
        }
        for (matcher, entry) in self.document().section(section) {
            if entry.hide && matcher.matches(name) {
                let mut pointer = format!("/{}", section.key());
                push_pointer_segment(&mut pointer, matcher.as_str());
                pointers.push(format!("{pointer}/hide"));
            }
        }
        pointers
    }

    /// The names of all counters, as `state.<entry>.<counter>` has them.
    pub fn counter_names(&self) -> Vec<String> {
        let entries = Section::ALL.into_iter().flat_map(|section| self.entries(section).all());
        let limits = entries.flat_map(|entry| entry.enforced.limits.iter().chain(&entry.shadowed.limits));
        let mut names: Vec<String> =
            limits.map(|limit| name_of(&limit.template.matcher, &limit.template.counter)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The counters of this name that a call with these facts would be counted in, shadow ones last.
    pub fn counters_named(&self, name: &str, call: &Call<'_>, facts: &Facts<'_>) -> Vec<CounterKey> {
        let caller = Caller::new(call, facts);
        let mut keys = Vec::new();
        for shadow in [false, true] {
            for entry in Section::ALL.into_iter().flat_map(|section| self.entries(section).all()) {
                let constraints = if shadow { &entry.shadowed } else { &entry.enforced };
                for limit in &constraints.limits {
                    let template = &limit.template;
                    let Ok(key) = template.key(&caller) else { continue };
                    if name_of(&template.matcher, &template.counter) == name && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
        }
        keys
    }
}

/// `create_charge.daily_spend`; `"*"` and `all_tools` are `_global`.
fn name_of(matcher: &str, counter: &str) -> String {
    format!("{}.{counter}", crate::quantity::state_name(&Matcher::new(matcher)))
}

impl Item {
    fn new(pointer: Arc<str>, kind: ItemKind, name: Option<Arc<str>>, shadow: bool) -> Item {
        Item { pointer, kind, name, shadow }
    }
}

impl CompiledEntry {
    fn add_to(&self, items: &mut Vec<Item>) {
        if self.hides {
            items.push(Item::new(format!("{}/hide", self.pointer).into(), ItemKind::Hide, None, self.shadow));
        } else if self.lists {
            items.push(Item::new(Arc::clone(&self.pointer), ItemKind::Entry, None, self.shadow));
        }
        for (shadow, constraints) in [(false, &self.enforced), (true, &self.shadowed)] {
            for phase in Phase::ALL {
                for constraint in phase.of(constraints).iter().filter(|constraint| !constraint.is_idle()) {
                    let name = constraint.name.clone();
                    items.push(Item::new(Arc::clone(&constraint.pointer), phase.kind(), name, shadow));
                }
            }
            for limit in &constraints.limits {
                let (pointer, name) = (Arc::clone(&limit.pointer), limit.name.clone());
                items.push(Item::new(pointer, ItemKind::Limit, name, shadow));
            }
        }
    }
}

impl Phase {
    pub(crate) fn kind(self) -> ItemKind {
        match self {
            Phase::Validate => ItemKind::Validate,
            Phase::Deny => ItemKind::Deny,
            Phase::Hold => ItemKind::Require,
            Phase::Ask => ItemKind::Approve,
        }
    }
}
