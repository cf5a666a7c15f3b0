//! For programs; stable.

use std::collections::BTreeMap;

use interlock_policy::{Difference, Direction, Example, Ruled, Section, SettingChange, Who};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::rehearsal::policies::RulePlaces;
use crate::rehearsal::verdict;

#[derive(Serialize)]
struct Report<'r> {
    differs: bool,
    may_widen: bool,
    changes: Vec<ChangeReport<'r>>,
    lists: Vec<ListReport<'r>>,
    settings: Vec<SettingReport<'r>>,
    may_differ: Vec<DoubtReport<'r>>,
}

#[derive(Serialize)]
struct NamesReport<'r> {
    section: &'static str,
    words: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'r str>,
}

#[derive(Serialize)]
struct ChangeReport<'r> {
    direction: &'static str,
    names: NamesReport<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<NamesReport<'r>>,
    before: RuledReport,
    after: RuledReport,
    words: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'r str>,
    example: ExampleReport<'r>,
}

#[derive(Serialize)]
struct RuledReport {
    verdict: &'static str,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

#[derive(Serialize)]
struct ListReport<'r> {
    direction: &'static str,
    names: NamesReport<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<NamesReport<'r>>,
    words: &'r str,
}

#[derive(Serialize)]
struct SettingReport<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    words: &'r str,
}

#[derive(Serialize)]
struct DoubtReport<'r> {
    directions: Vec<&'static str>,
    names: NamesReport<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<NamesReport<'r>>,
    why: &'r [String],
    words: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<ExampleReport<'r>>,
}

#[derive(Serialize)]
struct ExampleReport<'r> {
    method: &'static str,
    params: BTreeMap<&'static str, Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<&'r str, Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    counters: BTreeMap<String, String>,
}

/// The whole difference.
pub(super) fn json(found: &Difference, [old, new]: &[RulePlaces<'_>; 2]) -> anyhow::Result<String> {
    let mut changes = Vec::with_capacity(found.changes.len());
    for change in &found.changes {
        changes.push(ChangeReport {
            direction: word(change.direction),
            names: names(&change.who),
            also: change.also.iter().map(names).collect(),
            before: ruled(&change.before, old),
            after: ruled(&change.after, new),
            words: &change.words,
            note: change.note.as_deref(),
            example: example(&change.example)?,
        });
    }
    let mut may_differ = Vec::with_capacity(found.doubts.len());
    for doubt in &found.doubts {
        may_differ.push(DoubtReport {
            directions: doubt.directions.iter().map(|of| word(*of)).collect(),
            names: names(&doubt.who),
            also: doubt.also.iter().map(names).collect(),
            why: &doubt.why,
            words: &doubt.words,
            example: doubt.example.as_ref().map(example).transpose()?,
        });
    }
    let lists = found.shown.iter().map(|change| ListReport {
        direction: word(change.direction),
        names: names(&change.who),
        also: change.also.iter().map(names).collect(),
        words: &change.words,
    });
    let report = Report {
        differs: !found.is_empty(),
        may_widen: found.may_widen(),
        changes,
        lists: lists.collect(),
        settings: found.settings.iter().map(|change| setting(change, new)).collect(),
        may_differ,
    };
    Ok(serde_json::to_string_pretty(&report)?)
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Widen => "widen",
        Direction::Narrow => "narrow",
    }
}

fn names(who: &Who) -> NamesReport<'_> {
    NamesReport {
        section: who.section.key(),
        words: &who.words,
        only: who.exact.then_some(who.name.as_str()),
    }
}

fn setting<'r>(change: &'r SettingChange, new: &RulePlaces<'_>) -> SettingReport<'r> {
    SettingReport {
        direction: change.direction.map(word),
        rule: change.rule.text(),
        place: new.of(&change.rule),
        words: &change.words,
    }
}

fn ruled(ruled: &Ruled, places: &RulePlaces<'_>) -> RuledReport {
    RuledReport { verdict: verdict(ruled.verdict), rule: ruled.rule.text(), place: places.of(&ruled.rule) }
}

fn example(example: &Example) -> anyhow::Result<ExampleReport<'_>> {
    let (method, key) = match example.section {
        Section::Tools => ("tools/call", "name"),
        Section::Resources => ("resources/read", "uri"),
        Section::Prompts => ("prompts/get", "name"),
    };
    let raw = |text: &str| RawValue::from_string(text.to_owned());
    let mut params = BTreeMap::from([(key, raw(&serde_json::to_string(&example.name)?)?)]);
    if let Some(arguments) = &example.arguments {
        params.insert("arguments", raw(arguments)?);
    }
    let mut facts = BTreeMap::new();
    for (path, value) in &example.facts {
        facts.insert(path.as_str(), raw(value)?);
    }
    let counters = example.counters.iter().map(|(key, value)| (key.text(), value.to_string())).collect();
    Ok(ExampleReport { method, params, facts, counters })
}
