//! Arguments that are names: identifiers and paths have no letters in them that a shell takes for more than a name. Whoever
//! wrote the server may have put them into a command line.

use serde_json::Value;

use super::guards::{Guard, GuardKind};
use crate::classify::{RiskKind, of_text, words};
use crate::definition::{Definition, Step, TextPlace};
use crate::risk::Category;

/// Most such arguments of one tool that are looked at.
const MOST: usize = 16;

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

/// The guards of the arguments that are names.
pub(super) fn of<'d>(definition: &'d Definition, category: Category) -> Vec<Guard<'d>> {
    let mut guards = Vec::new();
    for place in definition.texts() {
        let Some(kind) = kind(&place, definition, category).filter(|_| guards.len() < MOST) else { continue };
        let is_required = false;
        guards.push(Guard { steps: place.steps, is_required, kind: GuardKind::Plain(kind) });
    }
    guards
}

fn kind(place: &TextPlace<'_>, definition: &Definition, category: Category) -> Option<Plain> {
    if !is_text_alone(place, definition) || shows_letters(place.schema) {
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
    let is_path = of_text(place.name(), definition, category).contains(&RiskKind::FilePath);
    is_path.then_some(Plain::Path)
}

/// Whether a text stands there and nothing else may: of a number nobody can say which letters it has.
fn is_text_alone(place: &TextPlace<'_>, definition: &Definition) -> bool {
    let is_text = |schema: &Value| match schema.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind == "string" || kind == "null"),
        _ => false,
    };
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let is_text_or_null = |schema: &Value| {
        let branches = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
        branches.is_some_and(|all| all.iter().all(|branch| is_text(branch) || is_null(branch)))
    };
    let parameter = definition.parameters().find(|(name, _)| *name == place.parameter());
    let Some((_, schema)) = parameter else { return false };
    let is_named = place.schema.get("enum").or_else(|| place.schema.get("const")).is_some();
    let is_free = !is_named && place.schema.get("pattern").is_none();
    is_free
        && match place.steps.as_slice() {
            [Step::Key(_)] => is_text(schema) || is_text_or_null(schema),
            [Step::Key(_), Step::Each] => schema.get("items").is_some_and(is_text),
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
