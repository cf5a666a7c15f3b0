//! Which entries apply to a name.

use std::collections::{HashMap, HashSet};
use std::iter;

use super::{CompiledEntry, Compiler};
use crate::diagnostic::push_pointer_segment;
use crate::document::{Document, Matcher, Section};
use crate::glob::GlobSet;
use crate::quantity::Counters;

/// A set of names and patterns.
#[derive(Debug)]
pub(crate) struct Names {
    exact: HashSet<Box<str>>,
    globs: GlobSet,
    every: bool,
}

impl Names {
    pub(super) fn new(matchers: &[Matcher]) -> Names {
        let mut exact = HashSet::new();
        let mut globs = Vec::new();
        let mut every = false;
        for matcher in matchers {
            match matcher {
                Matcher::Exact(name) => {
                    exact.insert(name.as_str().into());
                }
                Matcher::Glob(glob) => globs.push(glob.clone()),
                Matcher::Every => every = true,
            }
        }
        Names { exact, globs: GlobSet::new(globs), every }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.every || self.exact.contains(name) || self.globs.first(name).is_some()
    }

    /// Whether it holds some names and not others.
    pub(super) fn tells_apart(&self) -> bool {
        !self.exact.is_empty() || !self.globs.is_empty()
    }
}

/// The compiled entries of a section.
#[derive(Debug)]
pub(crate) struct Entries {
    exact: HashMap<Box<str>, CompiledEntry>,
    /// In the order of the file.
    patterned: Vec<CompiledEntry>,
    /// The patterns of those.
    globs: GlobSet,
    /// `"*"`, then `all_tools`.
    every: Vec<CompiledEntry>,
    /// Whether one of them hides names.
    hides: bool,
}

impl Entries {
    pub(super) fn new(document: &Document, section: Section, counters: &Counters<'_>) -> Entries {
        let mut exact = HashMap::with_capacity(document.section(section).len());
        let (mut patterned, mut globs, mut every) = (Vec::new(), Vec::new(), Vec::new());
        for (matcher, entry, counted) in counters.section(section) {
            let mut pointer = format!("/{}", section.key());
            push_pointer_segment(&mut pointer, matcher.as_str());
            let compiler = Compiler { document, section, counters, matcher, entry, pointer };
            let compiled = compiler.entry(counted);
            match matcher {
                Matcher::Exact(name) => {
                    exact.insert(name.as_str().into(), compiled);
                }
                Matcher::Glob(glob) => {
                    globs.push(glob.clone());
                    patterned.push(compiled);
                }
                Matcher::Every => every.push(compiled),
            }
        }
        if let Some((entry, counted)) = counters.all_tools().filter(|_| section == Section::Tools) {
            let pointer = "/all_tools".to_owned();
            let matcher = &Matcher::Every;
            let compiler = Compiler { document, section, counters, matcher, entry, pointer };
            every.push(compiler.entry(counted));
        }
        let mut entries = Entries { exact, patterned, globs: GlobSet::new(globs), every, hides: false };
        let hides = entries.all().any(|entry| entry.hides);
        entries.hides = hides;
        entries
    }

    /// Whether some entry is about some names and not about others.
    pub(super) fn tells_apart(&self) -> bool {
        !self.exact.is_empty() || !self.globs.is_empty()
    }

    /// Whether an entry names exactly this.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.exact.contains_key(name)
    }

    /// What is said of every name: `"*"`, then `all_tools`.
    pub(crate) fn every(&self) -> impl Iterator<Item = &CompiledEntry> {
        self.every.iter()
    }

    /// The entry of a matcher.
    pub(crate) fn at(&self, matcher: &Matcher) -> Option<&CompiledEntry> {
        match matcher {
            Matcher::Exact(name) => self.exact.get(name.as_str()),
            Matcher::Glob(glob) => self.patterned.get(self.globs.position(glob)?),
            Matcher::Every => self.every.first(),
        }
    }

    /// Every entry, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CompiledEntry> {
        self.exact.values().chain(&self.patterned).chain(&self.every)
    }

    /// The entries that apply to a name: the exact one, globs in file order, `"*"`, `all_tools`. Patterns are looked
    /// through when they are come to: often the exact one is enough.
    pub(crate) fn of<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p CompiledEntry> {
        let patterned = iter::once_with(|| self.globs.matching(name)).flatten();
        let patterned = patterned.filter_map(|at| self.patterned.get(at));
        self.exact.get(name).into_iter().chain(patterned).chain(&self.every)
    }

    /// Whether an entry hides a name, one that is in shadow mode or one that is not.
    pub(crate) fn hide(&self, name: &str, shadow: bool) -> bool {
        self.hides && self.of(name).any(|entry| entry.hides && entry.shadow == shadow)
    }
}
