//! Patterns walked through together, letter by letter: which of them can match one name, and such a name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::glob::Glob;

/// Most places in patterns that are looked at, all combinations together.
const MOST_PLACES: usize = 12_000_000;
/// Most combinations of places.
const MOST_STATES: usize = 60_000;

/// Names by the patterns that match them.
pub(super) struct Sampled {
    /// The shortest name for each set of patterns that match it and no other does.
    pub(super) samples: BTreeMap<Vec<usize>, String>,
    /// Every set was looked at.
    pub(super) whole: bool,
}

/// Where each pattern can be: its number and how much of it is behind. Patterns that can no longer match are left out.
type Places = Vec<(usize, usize)>;

/// Names that end a walk: all that are spoken of, with the letters that lead on from what they begin with.
struct Prefixes<'n>(HashMap<&'n str, BTreeSet<char>>);

/// One name for each set of patterns that can match together, of which one is wanted (or none need be).
pub(super) fn samples(globs: &[Glob], wanted: &[bool], unmatched: bool, exact: &BTreeSet<String>) -> Sampled {
    let patterns: Vec<Vec<char>> = globs.iter().map(|glob| glob.as_str().chars().collect()).collect();
    let letters = letters(&patterns, exact);
    let prefixes = Prefixes::of(exact);
    let start = closed(&patterns, (0..patterns.len()).map(|at| (at, 0)).collect());
    let mut seen = HashSet::from([(start.clone(), true)]);
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut samples = BTreeMap::new();
    let mut work = 0;
    while let Some((places, name)) = queue.pop_front() {
        let on = prefixes.0.get(name.as_str());
        if !name.is_empty() && !exact.contains(&name) {
            let matching = matching(&patterns, &places);
            if unmatched || is_wanted(&matching, wanted) {
                samples.entry(matching).or_insert_with(|| name.clone());
            }
        }
        let further = on.into_iter().flatten().filter(|letter| !letters.contains(letter));
        for letter in letters.iter().chain(further) {
            let next = step(&patterns, &places, *letter);
            work += places.len() + 1;
            let hopeless = !unmatched && !next.iter().any(|(at, _)| wanted.get(*at) == Some(&true));
            if hopeless {
                continue;
            }
            let longer = format!("{name}{letter}");
            // What a known name begins with is a place of its own: there is but one name that leads to it.
            if prefixes.0.contains_key(longer.as_str()) || seen.insert((next.clone(), false)) {
                queue.push_back((next, longer));
            }
        }
        if seen.len() > MOST_STATES || work > MOST_PLACES {
            return Sampled { samples, whole: false };
        }
    }
    Sampled { samples, whole: true }
}

/// The letters that patterns tell apart, after one that no pattern and no name has.
fn letters(patterns: &[Vec<char>], exact: &BTreeSet<String>) -> Vec<char> {
    let of_patterns: BTreeSet<char> = patterns.iter().flatten().copied().filter(|c| *c != '*').collect();
    let mut used = of_patterns.clone();
    used.extend(exact.iter().flat_map(|name| name.chars()));
    let plain = ('a'..='z').rev().chain('0'..='9');
    let mut fresh = plain.chain('\u{100}'..='\u{2000}').filter(|letter| !used.contains(letter));
    fresh.next().into_iter().chain(of_patterns).collect()
}

impl<'n> Prefixes<'n> {
    fn of(names: &'n BTreeSet<String>) -> Prefixes<'n> {
        let mut prefixes: HashMap<&str, BTreeSet<char>> = HashMap::from([("", BTreeSet::new())]);
        for name in names {
            for (at, letter) in name.char_indices() {
                prefixes.entry(name.get(..at).unwrap_or_default()).or_default().insert(letter);
            }
            prefixes.entry(name).or_default();
        }
        Prefixes(prefixes)
    }
}

fn matching(patterns: &[Vec<char>], places: &Places) -> Vec<usize> {
    let at_end = |(at, behind): &&(usize, usize)| patterns.get(*at).is_some_and(|of| of.len() == *behind);
    let mut matching: Vec<usize> = places.iter().filter(at_end).map(|(at, _)| *at).collect();
    matching.dedup();
    matching
}

fn is_wanted(matching: &[usize], wanted: &[bool]) -> bool {
    matching.iter().any(|at| wanted.get(*at) == Some(&true))
}

/// Where patterns can be after one letter more.
fn step(patterns: &[Vec<char>], places: &Places, letter: char) -> Places {
    let next = places.iter().filter_map(|(at, behind)| match patterns.get(*at)?.get(*behind) {
        Some('*') => Some((*at, *behind)),
        Some(expected) if *expected == letter => Some((*at, behind + 1)),
        _ => None,
    });
    closed(patterns, next.collect())
}

/// A star may also stand for nothing.
fn closed(patterns: &[Vec<char>], places: Places) -> Places {
    let mut all = places.clone();
    for (at, mut behind) in places {
        while patterns.get(at).and_then(|pattern| pattern.get(behind)) == Some(&'*') {
            behind += 1;
            all.push((at, behind));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a name can match both patterns.
pub(super) fn meet(one: &Glob, other: &Glob) -> bool {
    let patterns: Vec<Vec<char>> = [one, other].map(|glob| glob.as_str().chars().collect()).into();
    let [Some(one), Some(other)] = [patterns.first(), patterns.get(1)] else { return false };
    let mut seen = HashSet::from([(0, 0)]);
    let mut open = vec![(0, 0)];
    while let Some((at, of)) = open.pop() {
        let (here, there) = (one.get(at), other.get(of));
        if here.is_none() && there.is_none() {
            return true;
        }
        let mut next = Vec::new();
        if here == Some(&'*') {
            next.push((at + 1, of));
            next.extend(there.is_some().then_some((at, of + 1)));
        }
        if there == Some(&'*') {
            next.push((at, of + 1));
            next.extend(here.is_some().then_some((at + 1, of)));
        }
        if here.is_some() && here == there {
            next.push((at + 1, of + 1));
        }
        open.extend(next.into_iter().filter(|place| seen.insert(*place)));
    }
    false
}
