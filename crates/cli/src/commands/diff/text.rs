//! For people.

use interlock_policy::{Changed, Difference, Direction, Example, Section, SettingChange, Who};

use crate::rehearsal::policies::RulePlaces;
use crate::terminal::escaped;

/// Most names that are listed of those that change in the same way.
const MOST_NAMES: usize = 8;

/// The whole difference.
pub(super) fn text(found: &Difference, places: &[RulePlaces<'_>; 2]) -> String {
    let mut lines = Vec::new();
    for change in &found.changes {
        lines.push(format!("{:<11}{}", word(change.direction), change.words));
        lines.extend(details(change, places).into_iter().map(|line| format!("{:11}{line}", "")));
    }
    for change in &found.shown {
        lines.push(format!("{:<11}{}", word(change.direction), change.words));
        lines.extend(also(&change.also));
    }
    lines.extend(found.settings.iter().flat_map(|change| setting(change, places)));
    for doubt in &found.doubts {
        lines.push(format!("{:<11}{}", "may differ", doubt.words));
        lines.extend(also(&doubt.also));
        lines.extend(doubt.example.as_ref().map(|example| format!("{:11}found: {}", "", call(example))));
    }
    if lines.is_empty() {
        lines.push("no call changes verdict".to_owned());
    }
    let mut out = lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n");
    out.push('\n');
    out
}

/// `widens` or `narrows`
fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Widen => "widens",
        Direction::Narrow => "narrows",
    }
}

/// Changes that are neither are only told.
fn setting(change: &SettingChange, [_, new]: &[RulePlaces<'_>; 2]) -> Vec<String> {
    let word = change.direction.map_or("changes", word);
    let place = new.of(&change.rule).map(|place| format!("{:11}now: {place}", ""));
    [format!("{word:<11}{}", change.words)].into_iter().chain(place).collect()
}

/// What else changes in the same way.
fn also(names: &[Who]) -> Option<String> {
    let words = names.iter().take(MOST_NAMES).map(|who| who.words.as_str());
    let mut words = words.collect::<Vec<_>>().join("; ");
    if names.len() > MOST_NAMES {
        words.push_str(&format!("; and {} more", names.len() - MOST_NAMES));
    }
    (!names.is_empty()).then(|| format!("{:11}also: {words}", ""))
}

fn details(change: &Changed, [old, new]: &[RulePlaces<'_>; 2]) -> Vec<String> {
    let mut lines = vec![format!("call: {}", call(&change.example))];
    lines.extend(also(&change.also).map(|line| line.trim_start().to_owned()));
    lines.extend(old.of(&change.before.rule).map(|place| format!("before: {place}")));
    lines.extend(new.of(&change.after.rule).map(|place| format!("now: {place}")));
    lines.extend(change.note.as_ref().map(|note| format!("note: {note}")));
    lines
}

fn call(example: &Example) -> String {
    let noun = match example.section {
        Section::Tools => "tool",
        Section::Resources => "resource",
        Section::Prompts => "prompt",
    };
    match &example.arguments {
        Some(arguments) => format!("{noun} {} {arguments}", example.name),
        None => format!("{noun} {}", example.name),
    }
}
