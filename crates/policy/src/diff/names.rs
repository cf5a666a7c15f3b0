//! Which names two policies can treat differently: every name that one of them names exactly, and of all others one
//! for each set of patterns that match it.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::Who;
use crate::compile::Policy;
use crate::describe;
use crate::document::{Condition, Document, Entry, Matcher, Requirement, Scalar, Section, Test};
use crate::glob::Glob;
use crate::path::Path;
use crate::uri;

/// Most combinations of places in patterns that are looked at.
const MOST_STATES: usize = 20_000;

/// The classes of names of a section, and whether there may be more of them.
pub(super) struct Classes {
    pub(super) names: Vec<Who>,
    /// Patterns that are too many to be told apart.
    pub(super) tangled: Vec<String>,
}

/// The classes by which the two policies tell names of a section apart.
pub(super) fn classes(section: Section, policies: [&Policy; 2]) -> Classes {
    let mut exact = BTreeSet::new();
    let mut globs: Vec<Glob> = Vec::new();
    for document in policies.map(Policy::document) {
        let matchers = document.section(section).iter().map(|(matcher, _)| matcher);
        for matcher in matchers.chain(&document.hide) {
            match matcher {
                Matcher::Exact(name) => drop(exact.insert(name.clone())),
                Matcher::Glob(glob) if !globs.contains(glob) => globs.push(glob.clone()),
                Matcher::Glob(_) | Matcher::Every => {}
            }
        }
        compared_names(document, &mut exact);
    }
    let mut names: Vec<Who> = exact.iter().map(|name| exactly(section, name)).collect();
    let (samples, whole) = samples(&globs, &exact);
    for (matching, sample) in samples {
        let words = words(section, &globs, &matching, &sample);
        if section == Section::Resources {
            let twin = ambiguous(&sample, &globs, &exact);
            names.extend(twin.map(|name| Who {
                words: format!("{words}, where a server can read it as another"),
                ..Who { section, exact: false, words: String::new(), name }
            }));
        }
        names.push(Who { section, exact: false, words, name: sample });
    }
    let tangled =
        if whole { Vec::new() } else { globs.iter().map(|glob| glob.as_str().to_owned()).collect() };
    Classes { names, tangled }
}

/// The class of a single name.
pub(super) fn exactly(section: Section, name: &str) -> Who {
    let words = format!("{} {}", section.noun(), describe::quoted(name));
    Who { section, exact: true, words, name: name.to_owned() }
}

fn words(section: Section, globs: &[Glob], matching: &[bool], sample: &str) -> String {
    let of: Vec<String> = globs
        .iter()
        .zip(matching)
        .filter(|(_, matches)| **matches)
        .map(|(glob, _)| format!("`{glob}`"))
        .collect();
    let sample = describe::quoted(sample);
    match of.as_slice() {
        [] => format!("any other {}, such as {sample},", section.noun()),
        globs => {
            format!("any other {} that {} matches, such as {sample},", section.noun(), globs.join(" and "))
        }
    }
}

/// One name for each set of patterns that can match together, and whether all sets were looked at.
fn samples(globs: &[Glob], exact: &BTreeSet<String>) -> (BTreeMap<Vec<bool>, String>, bool) {
    let patterns: Vec<Vec<char>> = globs.iter().map(|glob| glob.as_str().chars().collect()).collect();
    let mut letters: BTreeSet<char> = patterns.iter().flatten().copied().filter(|c| *c != '*').collect();
    letters.extend(exact.iter().flat_map(|name| name.chars()));
    let fresh = ('a'..='z').rev().chain('0'..='9').find(|letter| !letters.contains(letter));
    // With no letter left that no name has, one outside the alphabets in use stands for the others.
    let fresh = fresh.or_else(|| ('\u{100}'..='\u{2000}').find(|letter| !letters.contains(letter)));
    let letters: Vec<char> = fresh.into_iter().chain(letters).collect();
    let prefixes: HashSet<&str> = exact.iter().flat_map(|name| prefixes(name)).collect();
    let start: Vec<BTreeSet<usize>> = patterns.iter().map(|pattern| closed(pattern, [0].into())).collect();
    let mut seen = HashSet::from([(start.clone(), Some(String::new()))]);
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found = BTreeMap::new();
    while let Some((places, name)) = queue.pop_front() {
        if !name.is_empty() && !exact.contains(&name) {
            let matching = places.iter().zip(&patterns).map(|(at, pattern)| at.contains(&pattern.len()));
            found.entry(matching.collect()).or_insert_with(|| name.clone());
        }
        for letter in &letters {
            let next: Vec<BTreeSet<usize>> =
                places.iter().zip(&patterns).map(|(at, pattern)| step(pattern, at, *letter)).collect();
            let longer = format!("{name}{letter}");
            let prefix = prefixes.contains(longer.as_str()).then(|| longer.clone());
            if seen.insert((next.clone(), prefix)) {
                queue.push_back((next, longer));
            }
        }
        if seen.len() > MOST_STATES {
            return (found, false);
        }
    }
    (found, true)
}

fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.char_indices().filter_map(|(at, letter)| name.get(..at + letter.len_utf8()))
}

/// Where a pattern can be after one letter more.
fn step(pattern: &[char], places: &BTreeSet<usize>, letter: char) -> BTreeSet<usize> {
    let mut next = BTreeSet::new();
    for at in places {
        match pattern.get(*at) {
            Some('*') => drop(next.insert(*at)),
            Some(wanted) if *wanted == letter => drop(next.insert(at + 1)),
            _ => {}
        }
    }
    closed(pattern, next)
}

/// A star may also stand for nothing.
fn closed(pattern: &[char], mut places: BTreeSet<usize>) -> BTreeSet<usize> {
    for at in 0..pattern.len() {
        if pattern.get(at) == Some(&'*') && places.contains(&at) {
            places.insert(at + 1);
        }
    }
    places
}

/// A resource that the same patterns match and that can be read as another one.
fn ambiguous(sample: &str, globs: &[Glob], exact: &BTreeSet<String>) -> Option<String> {
    let same = |name: &String| globs.iter().all(|glob| glob.matches(name) == glob.matches(sample));
    let places = (0..=sample.len()).filter_map(|at| Some((sample.get(..at)?, sample.get(at..)?)));
    let mut twins = places.map(|(before, after)| format!("{before}/../{after}"));
    twins.find(|name| same(name) && !exact.contains(name) && !uri::is_plain(name))
}

/// The names that conditions compare `call.tool` with: they are told apart like those of entries.
fn compared_names(document: &Document, names: &mut BTreeSet<String>) {
    let entries = Section::ALL.into_iter().flat_map(|section| document.section(section));
    for entry in entries.map(|(_, entry)| entry).chain(&document.all_tools) {
        for condition in conditions(entry) {
            add_compared(condition, names);
        }
    }
}

fn conditions(entry: &Entry) -> impl Iterator<Item = &Condition> {
    let required = entry.require.iter().flat_map(|requirement| match requirement {
        Requirement::Condition(condition) => std::slice::from_ref(condition),
        Requirement::Block(block) => &block.conditions,
    });
    let blocks = entry.deny_if.iter().chain(&entry.approve_if).flat_map(|block| &block.conditions);
    entry.rules.iter().flat_map(|rule| &rule.conditions).chain(required).chain(blocks)
}

fn add_compared(condition: &Condition, names: &mut BTreeSet<String>) {
    if let Some((_, inner)) = condition.inner() {
        inner.iter().for_each(|condition| add_compared(condition, names));
    }
    let Some(leaf) = condition.as_leaf().filter(|leaf| leaf.path == Path::CallTool) else { return };
    let values: &[Scalar] = match &leaf.test {
        Test::Eq(value) | Test::Neq(value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => values,
        _ => &[],
    };
    for value in values {
        if let Scalar::Text(text) = value {
            names.insert(text.clone());
        }
    }
}
