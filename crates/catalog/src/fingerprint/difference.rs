//! What is different between two definitions, member by member.

use std::collections::BTreeMap;

use interlock_json::{Kind, Limits, ScanError, Value, canonical, scan};
use serde::Serialize;

/// Letters of a long text that are shown around what changed in it.
const AROUND: usize = 24;
/// Texts that are shown whole.
const SHORT: usize = 80;

/// One place where two definitions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, as a JSON path from the definition: `inputSchema.properties.path.description`, `required[2]`.
    pub path: String,
    /// What became of it. Its texts are the server's, and not to be trusted: whoever shows them escapes them.
    #[serde(flatten)]
    pub change: Change,
}

/// What became of one value. Values are JSON in canonical form; of long texts only what changed is there, with `…` for
/// what is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// It was not there before.
    Added {
        /// What it is.
        to: String,
    },
    /// It is not there any more.
    Removed {
        /// What it was.
        from: String,
    },
    /// It is another.
    Changed {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
}

/// What is different between a definition and another, in the order of its members' names.
///
/// # Errors
/// One of them is not JSON.
pub fn difference(before: &str, after: &str) -> Result<Vec<Difference>, ScanError> {
    // What is kept was within the limits of its server when it was taken.
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    let (before, after) = (scan(before, &limits)?, scan(after, &limits)?);
    let mut found = Vec::new();
    compare(&mut String::new(), before.root(), after.root(), &mut found);
    Ok(found)
}

/// Whether two definitions are the same but for their names.
pub fn differs_in_name_alone(one: &str, other: &str) -> bool {
    let found = difference(one, other).unwrap_or_default();
    matches!(found.as_slice(), [only] if only.path == "name")
}

/// The depth is that of what a scan has taken.
fn compare(path: &mut String, before: Value<'_>, after: Value<'_>, found: &mut Vec<Difference>) {
    match (before.kind(), after.kind()) {
        (Kind::Object, Kind::Object) => members(path, before, after, found),
        (Kind::Array, Kind::Array) => items(path, before, after, found),
        (Kind::String, Kind::String) => {
            let (from, to) = (before.as_str().unwrap_or_default(), after.as_str().unwrap_or_default());
            if from != to {
                let (from, to) = excerpts(&from, &to);
                note(path, Change::Changed { from: quoted(&from), to: quoted(&to) }, found);
            }
        }
        _ => {
            let (from, to) = (canonical::to_string(before), canonical::to_string(after));
            if from != to {
                note(path, Change::Changed { from, to }, found);
            }
        }
    }
}

fn members(path: &mut String, before: Value<'_>, after: Value<'_>, found: &mut Vec<Difference>) {
    let mut sides: BTreeMap<String, (Option<Value<'_>>, Option<Value<'_>>)> = BTreeMap::new();
    for (key, value) in before.members() {
        sides.entry(key.text().into_owned()).or_default().0 = Some(value);
    }
    for (key, value) in after.members() {
        sides.entry(key.text().into_owned()).or_default().1 = Some(value);
    }
    for (name, (before, after)) in sides {
        below(path, &step(&name), |path| either(path, before, after, found));
    }
}

/// What two lists begin and end with alike is left out; of the rest, what stands in the same place is compared.
fn items(path: &mut String, before: Value<'_>, after: Value<'_>, found: &mut Vec<Difference>) {
    let text = |value: Value<'_>| canonical::to_string(value);
    let (before, after): (Vec<_>, Vec<_>) = (before.items().collect(), after.items().collect());
    let (from, to): (Vec<_>, Vec<_>) =
        (before.iter().copied().map(text).collect(), after.iter().copied().map(text).collect());
    let start = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let rest = from.len().min(to.len()).saturating_sub(start);
    let end = from.iter().rev().zip(to.iter().rev()).take(rest).take_while(|(from, to)| from == to).count();
    let last = from.len().max(to.len()).saturating_sub(end);
    for index in start..last {
        let side = |values: &[_]| values.get(index).copied().filter(|_| index + end < values.len());
        below(path, &format!("[{index}]"), |path| either(path, side(&before), side(&after), found));
    }
}

fn either(
    path: &mut String,
    before: Option<Value<'_>>,
    after: Option<Value<'_>>,
    found: &mut Vec<Difference>,
) {
    match (before, after) {
        (Some(before), Some(after)) => compare(path, before, after, found),
        (Some(before), None) => note(path, Change::Removed { from: canonical::to_string(before) }, found),
        (None, Some(after)) => note(path, Change::Added { to: canonical::to_string(after) }, found),
        (None, None) => {}
    }
}

fn note(path: &str, change: Change, found: &mut Vec<Difference>) {
    found.push(Difference { path: path.trim_start_matches('.').to_owned(), change });
}

fn below(path: &mut String, step: &str, look: impl FnOnce(&mut String)) {
    let before = path.len();
    path.push_str(step);
    look(path);
    path.truncate(before);
}

/// A member's name as a step of a path; one that is no plain word stands in quotes.
fn step(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '$');
    match name {
        "" => r#"[""]"#.to_owned(),
        _ if name.chars().all(is_plain) => format!(".{name}"),
        _ => format!("[{}]", quoted(name)),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut quoted);
    quoted
}

/// The parts of two texts in which they differ, with a little of what is around.
fn excerpts(from: &str, to: &str) -> (String, String) {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len() <= SHORT && to.len() <= SHORT {
        return (from.iter().collect(), to.iter().collect());
    }
    let start = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let rest = from.len().min(to.len()).saturating_sub(start);
    let end = from.iter().rev().zip(to.iter().rev()).take(rest).take_while(|(from, to)| from == to).count();
    (excerpt(&from, start, end), excerpt(&to, start, end))
}

fn excerpt(letters: &[char], start: usize, end: usize) -> String {
    let first = start.saturating_sub(AROUND);
    let last = letters.len().saturating_sub(end).saturating_add(AROUND).min(letters.len());
    let part: String = letters.get(first..last).unwrap_or_default().iter().collect();
    let dots = |is_cut| if is_cut { "…" } else { "" };
    format!("{}{part}{}", dots(first > 0), dots(last < letters.len()))
}
