//! Which names two policies can treat differently: every name that one of them names exactly, and of all others one
//! for each set of patterns that match it. Names to which nothing applies that differs are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::globs::{self, Sampled};
use super::{Stack, Who, side};
use crate::compile::Policy;
use crate::describe;
use crate::document::{Condition, Document, Entry, Matcher, Requirement, Scalar, Section, Test};
use crate::glob::Glob;
use crate::path::Path;
use crate::uri;

/// The classes of names of a section, and whether there may be more of them.
pub(super) struct Classes {
    pub(super) names: Vec<Who>,
    /// Patterns that are too many to be told apart.
    pub(super) tangled: Vec<String>,
}

/// Every name that the policies speak of.
#[derive(Default)]
struct Spoken {
    exact: BTreeSet<String>,
    globs: Vec<Glob>,
}

/// What the policies say differently.
#[derive(Default)]
struct Differing {
    everything: bool,
    exact: BTreeSet<String>,
    globs: Vec<Glob>,
}

/// The names of a list.
pub(super) fn listed<'n>(section: Section, names: impl Iterator<Item = &'n str>) -> Classes {
    Classes { names: names.map(|name| exactly(section, name)).collect(), tangled: Vec::new() }
}

/// The classes by which the two policies tell names of a section apart.
pub(super) fn classes(section: Section, stacks: [&Stack<'_>; 2]) -> Classes {
    let spoken = Spoken::of(section, stacks);
    let differing = Differing::of(section, stacks);
    let exact = spoken.exact.iter().filter(|name| differing.touches(name));
    let mut names: Vec<Who> = exact.map(|name| exactly(section, name)).collect();
    let globs = differing.beside(spoken.globs);
    let wanted: Vec<bool> =
        globs.iter().map(|glob| differing.everything || differing.globs.contains(glob)).collect();
    let any = differing.everything || !differing.globs.is_empty();
    let Sampled { samples, whole } = match any {
        true => globs::samples(&globs, &wanted, differing.everything, &spoken.exact),
        false => Sampled { samples: BTreeMap::new(), whole: true },
    };
    for (matching, sample) in samples {
        let of: Vec<&Glob> = matching.iter().filter_map(|at| globs.get(*at)).collect();
        let words = words(section, &of, &sample);
        if section == Section::Resources {
            let twin = ambiguous(&sample, &globs, &spoken.exact);
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

impl Spoken {
    fn of(section: Section, stacks: [&Stack<'_>; 2]) -> Spoken {
        let mut spoken = Spoken::default();
        let mut globs = BTreeSet::new();
        for document in stacks.into_iter().flatten().map(|(_, policy)| policy.document()) {
            let matchers = document.section(section).iter().map(|(matcher, _)| matcher);
            for matcher in matchers.chain(&document.hide) {
                match matcher {
                    Matcher::Exact(name) => drop(spoken.exact.insert(name.clone())),
                    Matcher::Glob(glob) if globs.insert(glob.as_str()) => spoken.globs.push(glob.clone()),
                    Matcher::Glob(_) | Matcher::Every => {}
                }
            }
            compared_names(document, &mut spoken.exact);
        }
        spoken
    }
}

impl Differing {
    fn of(section: Section, [old, new]: [&Stack<'_>; 2]) -> Differing {
        let mut differing = Differing::default();
        if old.len() != new.len() {
            differing.everything = true;
            return differing;
        }
        for ((_, old), (_, new)) in old.iter().zip(new) {
            differing.everything |= general(section, old) != general(section, new);
            let [old, new] = [said(section, old), said(section, new)];
            let matchers: BTreeSet<&Matcher> = old.keys().chain(new.keys()).copied().collect();
            for matcher in matchers.into_iter().filter(|matcher| old.get(matcher) != new.get(matcher)) {
                match matcher {
                    Matcher::Exact(name) => drop(differing.exact.insert(name.clone())),
                    Matcher::Glob(glob) => differing.globs.push(glob.clone()),
                    Matcher::Every => differing.everything = true,
                }
            }
        }
        differing
    }

    /// Whether something that differs applies to the name.
    fn touches(&self, name: &str) -> bool {
        self.everything || self.exact.contains(name) || self.globs.iter().any(|glob| glob.matches(name))
    }

    /// The patterns that match something to which what differs applies.
    fn beside(&self, mut globs: Vec<Glob>) -> Vec<Glob> {
        if !self.everything {
            globs.retain(|glob| self.globs.iter().any(|differing| globs::meet(glob, differing)));
        }
        globs
    }
}

/// What a policy says of every name.
fn general(section: Section, policy: &Policy) -> String {
    let every = policy.entries(section).every().map(side::print_of).collect::<Vec<_>>();
    let tells_apart = section == Section::Resources && policy.tells_apart(section);
    format!("{:?} {:?} {} {tells_apart} {every:?}", policy.default, policy.list, policy.shadow)
}

/// What a policy says by matcher.
fn said(section: Section, policy: &Policy) -> BTreeMap<&Matcher, (Option<String>, bool)> {
    let mut said: BTreeMap<&Matcher, (Option<String>, bool)> = BTreeMap::new();
    let entries = policy.entries(section);
    for (matcher, _) in policy.document().section(section) {
        let entry = entries.at(matcher).map(side::print_of);
        said.entry(matcher).or_default().0 = entry;
    }
    for matcher in &policy.document().hide {
        said.entry(matcher).or_default().1 = true;
    }
    said
}

/// The class of a single name.
pub(super) fn exactly(section: Section, name: &str) -> Who {
    let words = format!("{} {}", section.noun(), describe::quoted(name));
    Who { section, exact: true, words, name: name.to_owned() }
}

fn words(section: Section, globs: &[&Glob], sample: &str) -> String {
    let noun = section.noun();
    let of: Vec<String> = globs.iter().map(|glob| format!("`{glob}`")).collect();
    let sample = describe::quoted(sample);
    match of.as_slice() {
        [] => format!("any other {noun}, such as {sample}"),
        globs => format!("any other {noun} that {} matches, such as {sample}", globs.join(" and ")),
    }
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
