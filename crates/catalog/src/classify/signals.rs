//! What in a definition tells what a tool does.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{lexicon, words};
use crate::definition::Definition;
use crate::risk::Category;

/// Something in a definition, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where it is.
    pub place: Place,
    /// The words, or the name of the field.
    pub words: String,
    /// What they say.
    pub category: Category,
}

/// A part of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The verb with which the name begins, beside the name of its server.
    Name,
    /// Another word of the name.
    WithinName,
    /// The verb with which the description begins.
    Description,
    /// A verb further on in the description.
    WithinDescription,
    /// A parameter that names what is to be done, by one of its values.
    Action,
    /// A parameter that holds what is executed.
    Code,
    /// A parameter that has the call do worse.
    Flag,
    /// What the publisher says.
    Annotation,
}

/// As many words of a description as say what a tool does; what follows tells how.
const LEADING: usize = 60;

/// Everything that tells something.
pub(crate) fn of(definition: &Definition) -> Vec<Evidence> {
    let mut found = Vec::new();
    name(definition, &mut found);
    description(definition.description.as_deref().or(definition.title.as_deref()), &mut found);
    if let Some(properties) = definition.input_schema.get("properties").and_then(Value::as_object) {
        parameters(properties, &mut found);
    }
    annotations(definition, &mut found);
    found
}

fn known(word: &str) -> Option<Category> {
    words::stems(word).find_map(|stem| lexicon::verb(&stem))
}

fn name(definition: &Definition, found: &mut Vec<Evidence>) {
    let server = words::of_name(&definition.server);
    let all = words::of_name(&definition.tool);
    // Many begin with the name of their server, which says nothing of what they do.
    let own = all.iter().position(|word| !server.contains(word)).unwrap_or(0);
    let all = all.get(own..).unwrap_or_default();
    let money = all.iter().any(|word| lexicon::is_money(word));
    let mut is_first = true;
    for (at, word) in all.iter().enumerate() {
        let next = all.get(at + 1).map_or("", String::as_str);
        // In a name verbs stand as they are: `updates` are things.
        let Some(category) = lexicon::verb(word).filter(|_| !lexicon::is_compound(word, next)) else {
            continue;
        };
        let spends = money
            && matches!(
                word.as_str(),
                "create" | "place" | "submit" | "confirm" | "execute" | "send" | "sign"
            );
        let category = if spends { Category::Financial } else { category };
        let place = if std::mem::take(&mut is_first) { Place::Name } else { Place::WithinName };
        found.push(Evidence { place, words: word.clone(), category });
    }
}

fn description(text: Option<&str>, found: &mut Vec<Evidence>) {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return };
    if !text.chars().take(200).filter(|letter| letter.is_alphabetic()).all(|letter| letter.is_ascii())
        && let Some((category, words)) = lexicon::elsewhere(text)
    {
        found.push(Evidence { place: Place::Description, words: words.to_owned(), category });
        return;
    }
    let words = words::of_text(text);
    let mut is_first = true;
    let mut negated = None;
    for (at, (sentence, word)) in words.iter().enumerate().take(LEADING) {
        if lexicon::negates(word) {
            negated = Some(*sentence);
        }
        let next = words.get(at + 1).map_or("", |(_, word)| word);
        let Some(category) = known(word).filter(|_| !lexicon::is_compound(word, next)) else { continue };
        if negated == Some(*sentence) {
            continue;
        }
        // The first word of all, or of what follows a short heading.
        let leads = std::mem::take(&mut is_first) && at < 3;
        let place = if leads { Place::Description } else { Place::WithinDescription };
        found.push(Evidence { place, words: word.clone(), category });
    }
}

/// Parameters that say what is to be done.
const ACTIONS: [&str; 8] = ["action", "operation", "op", "method", "mode", "command", "verb", "subcommand"];
/// Parameters that hold what is executed.
const CODE: [&str; 16] = [
    "sql",
    "code",
    "script",
    "command",
    "cmd",
    "shell",
    "expression",
    "javascript",
    "js",
    "statement",
    "statements",
    "cypher",
    "commands",
    "program",
    "bash",
    "python",
];
/// Flags that have a call do worse.
const FLAGS: [&str; 10] = [
    "overwrite",
    "prune",
    "permanent",
    "permanently",
    "purge",
    "hard_delete",
    "wipe",
    "drop",
    "cascade",
    "force_delete",
];

fn parameters(properties: &Map<String, Value>, found: &mut Vec<Evidence>) {
    for (name, schema) in properties {
        let key = name.to_lowercase();
        let values = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if ACTIONS.contains(&key.as_str()) && !values.is_empty() {
            let verbs = values.iter().filter_map(Value::as_str).flat_map(words::of_name);
            let worst = verbs.filter_map(|word| known(&word).map(|category| (category, word))).max();
            found.extend(worst.map(|(category, word)| Evidence {
                place: Place::Action,
                words: format!("{name}: {word}"),
                category,
            }));
        } else if CODE.contains(&key.as_str()) && values.is_empty() {
            found.push(Evidence { place: Place::Code, words: name.clone(), category: Category::Execute });
        } else if FLAGS.contains(&key.as_str()) {
            found.push(Evidence { place: Place::Flag, words: name.clone(), category: Category::Destructive });
        }
    }
}

fn annotations(definition: &Definition, found: &mut Vec<Evidence>) {
    let Some(said) = &definition.annotations else { return };
    let mut says = |words: &str, category| {
        found.push(Evidence { place: Place::Annotation, words: words.to_owned(), category });
    };
    if said.read_only_hint == Some(false) {
        says("readOnlyHint: false", Category::Write);
    }
    if said.destructive_hint == Some(true) && said.read_only_hint != Some(true) {
        says("destructiveHint: true", Category::Destructive);
    }
}
