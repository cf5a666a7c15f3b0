//! What a condition's path leads to, for people.

use interlock_json::Value;

use crate::condition::{Leaf, Look};
use crate::path::{Path, Step};

/// Most values of one path that are shown.
const MOST_VALUES: usize = 8;
/// Longest value that is shown, in characters.
const MOST_CHARACTERS: usize = 120;

/// The values that a condition looks at, as JSON; none where there is nothing.
pub(crate) fn values(leaf: &Leaf, look: &Look<'_>) -> Vec<String> {
    let mut found = Vec::new();
    match &leaf.condition.path {
        Path::Args(steps) => {
            if let Some(arguments) = look.call.arguments {
                walk(arguments, steps, &mut found);
            }
        }
        Path::CallTool => found.push(text(look.call.name)),
        Path::CallServer => found.push(text(look.call.server)),
        Path::GrantName => found.push(text(look.facts.grant)),
        Path::State { .. } => {
            let key = leaf.counter.as_ref().map(|template| template.key(&look.caller));
            let value = key.zip(look.facts.counters).and_then(|(key, counters)| counters.value(&key));
            found.extend(value.map(|value| value.to_string()));
        }
    }
    found
}

fn walk(value: Value<'_>, steps: &[Step], found: &mut Vec<String>) {
    if found.len() == MOST_VALUES {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        return found.push(shortened(value.raw()));
    };
    match step {
        Step::Each => value.items().for_each(|item| walk(item, rest, found)),
        Step::Key(key) if value.is_array() => {
            let item = key.parse().ok().and_then(|index: usize| value.items().nth(index));
            item.into_iter().for_each(|item| walk(item, rest, found));
        }
        Step::Key(key) => value.get(key).into_iter().for_each(|member| walk(member, rest, found)),
        Step::Index(index) => {
            value.items().nth(*index).into_iter().for_each(|item| walk(item, rest, found));
        }
    }
}

fn text(text: &str) -> String {
    let mut out = String::new();
    interlock_json::canonical::write_str(text, &mut out);
    shortened(&out)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
