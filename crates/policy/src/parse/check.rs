//! What only the whole document shows.

mod arguments;
mod conditions;
mod contradiction;
mod dead;
mod denial;
mod known;
mod spend;
mod tools;
mod unreachable;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::cel::Expression;
use crate::diagnostic::{At, Report, push_pointer_segment, quoted};
use crate::document::{
    Action, Block, Condition, DefaultVerdict, Document, Entry, Matcher, Mode, Requirement, Rule, Section,
};
use crate::path::Path;
use crate::quantity::{self, Adds, Bound, Counted, Counters, Lookup};
use crate::tool_list::ToolList;
use crate::tree::{self, Node, Value};
use known::Known;

/// Reports what is inconsistent or probably not meant. Where reading the document has found errors, only what they
/// cannot have caused.
pub(crate) fn document(document: &Document, root: &Node, tools: Option<&ToolList>, report: &mut Report<'_>) {
    let known = Known::of(root, report);
    let counters = Counters::of(document);
    let mut check = Check { document, counters: &counters, root, known, report };
    check.head();
    check.dead_entries();
    for section in Section::ALL {
        for (matcher, entry, counted) in counters.section(section) {
            let mut pointer = format!("/{}", section.key());
            push_pointer_segment(&mut pointer, matcher.as_str());
            check.entry(section, matcher, entry, &pointer, counted);
        }
        check.only_every(section);
    }
    if let Some((entry, counted)) = counters.all_tools() {
        check.entry(Section::Tools, &Matcher::Every, entry, ALL_TOOLS, counted);
    }
    if let Some(tools) = tools {
        check.tools(tools);
    }
}

const ALL_TOOLS: &str = "/all_tools";

struct Check<'r, 'd, 's> {
    document: &'d Document,
    counters: &'r Counters<'d>,
    root: &'r Node,
    known: Known<'r>,
    report: &'r mut Report<'s>,
}

impl<'r, 'd> Check<'r, 'd, '_> {
    /// Where a pointer points; `None` where the report is full, so that looking costs nothing any more, and where the
    /// text has another key, whose being misspelt is finding enough.
    fn range(&self, pointer: &str) -> Option<Range<usize>> {
        if self.report.is_full() {
            return None;
        }
        tree::find(self.root, pointer).map(Node::mark)
    }

    /// The first key of the document: what is missing is added above it.
    fn head(&mut self) {
        if !self.known.head {
            return;
        }
        let range = self.root.range.start..self.root.range.start;
        if is_empty(self.root) {
            self.report
                .warning("empty-policy", range, &At::ROOT, "an empty policy denies everything")
                .help("begin it with `version: \"1\"`, `default: deny` and `tools:`");
            return;
        }
        if self.document.version.is_none() {
            self.report
                .warning(
                    "missing-version",
                    range.clone(),
                    &At::ROOT,
                    "the document names no version of the language",
                )
                .help("add the line `version: \"1\"`");
        }
        if self.document.default.is_none() {
            let message = "the document names no default, so whatever is not listed is denied";
            self.report
                .warning("missing-default", range, &At::ROOT, message)
                .help("add the line `default: deny`, or `default: allow` if that is meant");
        }
    }

    /// `"*"` lists nothing: alone under `default: deny` it constrains calls that are all denied.
    fn only_every(&mut self, section: Section) {
        if self.document.default_verdict() == DefaultVerdict::Allow {
            return;
        }
        let entries = self.document.section(section);
        let constrains = entries.iter().any(|(matcher, _)| *matcher == Matcher::Every);
        let lists = entries.iter().any(|(matcher, _)| *matcher != Matcher::Every);
        let pointer = match (section, constrains, &self.document.all_tools) {
            (_, true, _) => format!("/{}/*", section.key()),
            (Section::Tools, false, Some(_)) => "/all_tools".to_owned(),
            _ => return,
        };
        if lists || !self.known.head || !self.known.is_sound(&format!("/{}", section.key())) {
            return;
        }
        let Some(range) = self.range(&pointer) else { return };
        let noun = section.noun();
        self.report
            .warning(
                "denies-everything",
                range,
                &At::from_pointer(&pointer),
                format!("no {noun} is listed, so every {noun} is denied: this entry constrains calls, it permits none"),
            )
            .help(format!("list the permitted {noun}s by name or glob, or write `default: allow`"));
    }

    fn entry(
        &mut self,
        section: Section,
        matcher: &Matcher,
        entry: &Entry,
        pointer: &str,
        counted: &[Counted<'_>],
    ) {
        self.counters(section, matcher, entry, pointer, counted);
        self.always_denies(entry, pointer);
        self.spending(entry, pointer);
        self.contradictions(entry, pointer);
        let at = At::from_pointer(pointer);
        for (index, rule) in entry.rules.iter().enumerate() {
            let bounded = |condition: &&Condition| quantity::bounds_own(condition, matcher, rule).is_none();
            let read = rule.conditions.iter().enumerate().filter(|(_, condition)| bounded(condition));
            let at = at.key("rules");
            self.reads(section, read, &at.index(index).key("conditions"));
            self.own_bounds(matcher, rule, &at.index(index).key("conditions"));
            self.when(section, matcher, rule, &at.index(index).key("when"));
        }
        for (index, requirement) in entry.require.iter().enumerate() {
            let at = at.key("require");
            match requirement {
                Requirement::Condition(condition) => self.read(section, condition, &at.index(index)),
                Requirement::Block(block) => self.block(section, block, &at.index(index)),
            }
        }
        for (key, blocks) in [("deny_if", &entry.deny_if), ("approve_if", &entry.approve_if)] {
            let at = at.key(key);
            for (index, block) in blocks.iter().enumerate() {
                self.block(section, block, &at.index(index));
            }
        }
    }

    fn block(&mut self, section: Section, block: &Block, at: &At<'_>) {
        self.reads(section, block.conditions.iter().enumerate(), &at.key("conditions"));
    }

    fn reads<'c>(
        &mut self,
        section: Section,
        conditions: impl Iterator<Item = (usize, &'c Condition)>,
        at: &At<'_>,
    ) {
        for (index, condition) in conditions {
            self.read(section, condition, &at.index(index));
        }
    }

    /// A condition may read only counters that this document counts in.
    fn read(&mut self, section: Section, condition: &Condition, at: &At<'_>) {
        match condition {
            Condition::Leaf(leaf) => {
                self.counter(section, &leaf.path, at);
                self.definition(section, &leaf.path, at);
                self.argument(section, leaf, at);
            }
            Condition::Not(inner) => self.read(section, inner, &at.key("not")),
            Condition::Any(inner) => self.reads(section, inner.iter().enumerate(), &at.key("any")),
            Condition::All(inner) => self.reads(section, inner.iter().enumerate(), &at.key("all")),
        }
    }

    fn counter(&mut self, section: Section, path: &Path, at: &At<'_>) {
        let Path::State { entry, counter } = path else { return };
        if self.report.is_full() {
            return;
        }
        let (code, message, help) = match self.counters.find(section, entry, counter) {
            Some(Lookup::Found(_)) => return,
            None if self.known.may_have_lost(counter) => return,
            None => (
                "unknown-counter",
                format!("no entry {} of `{}` counts in {}", quoted(entry), section.key(), quoted(counter)),
                self.counters.nearest(section, entry, counter).unwrap_or_else(|| {
                    "name a counter of a `state` or `limits` in this document: `state.<tool>.<counter>`"
                        .to_owned()
                }),
            ),
            Some(Lookup::Ambiguous) => (
                "ambiguous-counter",
                format!("several counters of {} are called {}", quoted(entry), quoted(counter)),
                "give each of them a name of its own".to_owned(),
            ),
        };
        if let Some(range) = self.range(&at.pointer()) {
            self.report.error(code, range, at, message).help(help);
        }
    }

    /// The names in an expression are those of conditions.
    fn when(&mut self, section: Section, matcher: &Matcher, rule: &Rule, at: &At<'_>) {
        let guards = matches!(rule.effective_action(), Action::Allow | Action::Evaluate);
        let searches = |when: &Expression| when.leaves_the_rest_unseen(guards);
        if rule.when.as_ref().is_some_and(searches)
            && let Some(range) = self.range(&at.pointer())
        {
            let message =
                "a regular expression here may match any part of the value, and lets the rest through";
            self.report
                .warning("unanchored-regex", range, at, message)
                .help("begin it with `^` and end it with `$`");
        }
        for path in rule.when.iter().flat_map(Expression::paths) {
            self.counter(section, path, at);
            self.definition(section, path, at);
            self.argument_of_resource(section, path, at);
            if !quantity::is_own(path, matcher, rule) {
                continue;
            }
            if let Some(range) = self.range(&at.pointer()) {
                self.report
                    .error(
                        "nested-bound",
                        range,
                        at,
                        "the rule's own counter cannot be bounded inside `when`",
                    )
                    .help("write the bound directly in the rule's `conditions`");
            }
        }
    }

    /// Only tools have definitions.
    fn definition(&mut self, section: Section, path: &Path, at: &At<'_>) {
        if section == Section::Tools || !path.reads_definition() {
            return;
        }
        let message = format!("`{path}` is of tools, and a {} has none", section.noun());
        self.never_judgeable(message, "leave it out, or tell the names apart by their entries", at);
    }

    /// At the `path` of a condition, or what stands there instead of one.
    fn never_judgeable(&mut self, message: String, help: &'static str, at: &At<'_>) {
        let place = at.key("path").pointer();
        let place = if tree::find(self.root, &place).is_some() { place } else { at.pointer() };
        if let Some(range) = self.range(&place) {
            self.report.error("never-judgeable", range, at, message).help(help);
        }
    }

    /// A bound on the rule's own counter is kept by the reservation, which knows no alternatives. Judged like any other
    /// condition it would not count the call itself.
    fn own_bounds(&mut self, matcher: &Matcher, rule: &Rule, at: &At<'_>) {
        for (index, condition) in rule.conditions.iter().enumerate() {
            let Some((key, inner)) = condition.inner() else { continue };
            if !inner.iter().any(|inner| reads_own(inner, matcher, rule)) {
                continue;
            }
            let at = at.index(index);
            if let Some(range) = self.range(&at.pointer()) {
                let message = format!("the rule's own counter cannot be bounded inside `{key}`");
                self.report
                    .error("nested-bound", range, &at, message)
                    .help("write the bound directly in the rule's `conditions`");
            }
        }
    }

    /// Whether a constraint of the entry denies anything.
    fn is_enforced(&self, own: Option<Mode>, entry: &Entry) -> bool {
        own.or(entry.mode).or(self.document.mode) != Some(Mode::Shadow)
    }

    fn counters(
        &mut self,
        section: Section,
        matcher: &Matcher,
        entry: &Entry,
        pointer: &str,
        all: &[Counted<'_>],
    ) {
        let (twin, beside) = self.beside(section, matcher, pointer).unzip();
        let beside = beside.unwrap_or_default();
        if self.known.is_sound(pointer) {
            self.limits(entry, pointer, all, beside);
        }
        // Shadow counters are others.
        let mut seen = BTreeSet::new();
        if let Some(twin) = twin.filter(|_| pointer == ALL_TOOLS) {
            seen.extend(beside.iter().map(|one| (one.identity(), self.is_enforced(one.mode, twin))));
        }
        for counted in all {
            let place = || format!("{pointer}{}", counted.place.pointer());
            self.without_arguments(section, counted, &place());
            let is_state = !matches!(counted.adds, Adds::Money(_));
            if counted.bound == Bound::None && is_state && self.known.is_sound(&place()) {
                self.unbounded(matcher, &counted.counter, &place());
            }
            let enforced = self.is_enforced(counted.mode, entry);
            if !seen.insert((counted.identity(), enforced)) && self.known.is_sound(pointer) {
                self.counted_twice(&counted.counter, &place());
            }
        }
    }

    /// `tools."*"` and `all_tools` count in the same counters.
    fn beside(
        &self,
        section: Section,
        matcher: &Matcher,
        pointer: &str,
    ) -> Option<(&'d Entry, &'r [Counted<'d>])> {
        if section != Section::Tools || *matcher != Matcher::Every {
            return None;
        }
        if pointer != ALL_TOOLS {
            return self.counters.all_tools();
        }
        let mut entries = self.counters.section(Section::Tools);
        entries.find(|(matcher, ..)| **matcher == Matcher::Every).map(|(_, entry, counted)| (entry, counted))
    }

    fn counted_twice(&mut self, counter: &str, place: &str) {
        let Some(range) = self.range(place) else { return };
        let message = format!("one call is counted twice in the counter {}", quoted(counter));
        self.report
            .warning("counted-twice", range, &At::from_pointer(place), message)
            .help("give one of them another `counter`");
    }

    fn unbounded(&mut self, matcher: &Matcher, counter: &str, place: &str) {
        let Some(range) = self.range(&format!("{place}/state")) else { return };
        let entry = quantity::state_name(matcher).to_owned();
        let path = Path::State { entry, counter: counter.to_owned() };
        let message =
            format!("the counter {} only counts: no condition of this rule bounds it", quoted(counter));
        self.report
            .warning("unbounded-state", range, &At::from_pointer(place), message)
            .help(format!("add a condition such as `{{ path: {path}, op: lte, value: 100 }}`"));
    }
}

fn reads_own(condition: &Condition, matcher: &Matcher, rule: &Rule) -> bool {
    match condition {
        Condition::Leaf(leaf) => quantity::is_own(&leaf.path, matcher, rule),
        Condition::Not(inner) => reads_own(inner, matcher, rule),
        Condition::Any(inner) | Condition::All(inner) => {
            inner.iter().any(|inner| reads_own(inner, matcher, rule))
        }
    }
}

fn is_empty(root: &Node) -> bool {
    match &root.value {
        Value::Null => true,
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}
