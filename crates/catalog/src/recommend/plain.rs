//! Arguments that are names: identifiers and paths have no letters in them that a shell takes for more than a name. Whoever
//! wrote the server may have put them into a command line.

use std::collections::HashSet;

use serde_json::Value;

use super::entry::{Entry, Verdict};
use super::guards::{Guard, GuardKind};
use crate::classify::{RiskKind, of_text, words};
use crate::definition::{Definition, Step, TextPlace};

/// Most such arguments of one server that are looked at.
const MOST: usize = 64;

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// An identifier, which has hardly a letter but those of words and a few signs.
    Identifier,
    /// A path, in which quotation marks like the one of `Ada's` and a single `&` are usual.
    Path,
}

impl Plain {
    /// What is in no such name.
    pub(super) const fn letters(self) -> &'static str {
        match self {
            Self::Identifier => r#"[\x00-\x1f\x7f`"'';|&<>]|\$[({]"#,
            Self::Path => r#"[\x00-\x1f\x7f`";|<>]|\$[({]|&&"#,
        }
    }
}

/// An argument that is a name, in all tools that have it, and one of these.
pub(super) struct Name<'e, 'd> {
    pub(super) entry: &'e Entry<'d>,
    pub(super) guard: Guard<'d>,
    pub(super) plain: Plain,
}

/// The arguments of a server's tools that are names wherever they are, each once.
pub(super) fn of<'e, 'd>(entries: &'e [Entry<'d>]) -> Vec<Name<'e, 'd>> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let callable = |entry: &&Entry<'_>| entry.verdict != Verdict::Deny && entry.can_be_named();
    for entry in entries.iter().filter(callable) {
        for place in entry.definition.texts() {
            let Some(plain) = kind(&place, entry) else { continue };
            let is_one = |other: &Entry<'_>| is_name(&place, plain, other);
            if names.len() < MOST && seen.insert(place.steps.clone()) && entries.iter().all(is_one) {
                let is_required = entries.iter().all(|other| is_required(&place, other.definition));
                let guard = Guard { steps: place.steps, is_required, kind: GuardKind::Plain(plain) };
                names.push(Name { entry, guard, plain });
            }
        }
    }
    names
}

/// Whether a tool that has the parameter of a place has a name of this kind there, too.
fn is_name(place: &TextPlace<'_>, plain: Plain, entry: &Entry<'_>) -> bool {
    let mut same = entry.definition.parameters().filter(|(name, _)| *name == place.parameter());
    same.all(|(_, schema)| {
        is_text_alone(&place.steps, schema)
            && !shows_letters(schema)
            && (plain == Plain::Identifier || is_path(place.name(), entry))
    })
}

fn is_path(name: &str, entry: &Entry<'_>) -> bool {
    of_text(name, entry.definition, entry.judgement.category).contains(&RiskKind::FilePath)
}

fn kind(place: &TextPlace<'_>, entry: &Entry<'_>) -> Option<Plain> {
    let has_its_own = ["enum", "const", "pattern"].iter().any(|key| place.schema.get(key).is_some());
    if has_its_own {
        return None;
    }
    let words = words::of_name(place.name());
    let is = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    const IDENTIFIES: [&str; 11] = [
        "id",
        "ids",
        "uuid",
        "uuids",
        "guid",
        "slug",
        "sha",
        "commit",
        "branch",
        "identifier",
        "identifiers",
    ];
    let last = words.last()?;
    // Identifiers of messages stand between `<` and `>` (RFC 5322, section 3.6.4).
    if IDENTIFIES.contains(&last.as_str())
        && !is(&["message", "messages", "mail", "email", "reply", "thread"])
    {
        return Some(Plain::Identifier);
    }
    is_path(place.name(), entry).then_some(Plain::Path)
}

/// Whether no call of a tool that has the parameter goes without it.
fn is_required(place: &TextPlace<'_>, definition: &Definition) -> bool {
    let has = definition.parameters().any(|(name, _)| name == place.parameter());
    !has || place.steps.len() == 1 && definition.required().any(|name| name == place.parameter())
}

/// Whether a text stands there and nothing else may: of a number nobody can say which letters it has.
fn is_text_alone(steps: &[Step<'_>], parameter: &Value) -> bool {
    let is_text = |schema: &Value| match schema.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind == "string" || kind == "null"),
        _ => false,
    };
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let branches = ["anyOf", "oneOf"].into_iter().find_map(|key| parameter.get(key)?.as_array());
    match steps {
        [Step::Key(_)] => {
            let is_branch = |branch: &Value| is_text(branch) || is_null(branch);
            is_text(parameter) || branches.is_some_and(|branches| branches.iter().all(is_branch))
        }
        [Step::Key(_), Step::Each] => parameter.get("items").is_some_and(is_text),
        _ => false,
    }
}

/// Whether the definition itself has a value with such letters: `auth0|5f7c` is an identifier of a user.
fn shows_letters(schema: &Value) -> bool {
    let is_odd = |text: &str| text.contains(['`', '"', '\'', ';', '|', '&', '<', '>', '$']);
    let said = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let given = ["default", "example"].into_iter().filter_map(|key| schema.get(key));
    let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    said.contains('|') || given.chain(examples).filter_map(Value::as_str).any(is_odd)
}
