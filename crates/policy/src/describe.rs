//! Constraints in words, for reasons that agents and people read.

use crate::cel::Expression;
use crate::condition::Compiled;
use crate::document::Leaf;
use crate::operator::words;
use crate::path::{self, Path};
use crate::print::is_invisible;
use crate::zone::Zone;

/// Longest name or value shown in a reason, in characters.
const MOST_SHOWN: usize = 80;
/// Most conditions of one list shown in a reason.
const MOST_CONDITIONS: usize = 8;

/// Text in double quotes, on one line and of bounded length: names come from callers.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MOST_SHOWN) + 2);
    out.push('"');
    for (count, character) in text.chars().enumerate() {
        if count == MOST_SHOWN {
            out.push('…');
            break;
        }
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() || is_invisible(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// A text that is code already, on one line and of bounded length.
pub(crate) fn shortened(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MOST_SHOWN));
    for (count, character) in text.chars().enumerate() {
        if count == MOST_SHOWN {
            out.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            _ if character.is_control() || is_invisible(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// What a test is about: `argument "amount"`.
pub(crate) fn subject(leaf: &Leaf) -> String {
    subject_of(&leaf.path, leaf.timezone)
}

/// What a path names.
pub(crate) fn subject_of(path: &Path, zone: Option<Zone>) -> String {
    let zone = || zone.unwrap_or(Zone::UTC);
    match path {
        Path::Args(steps) => format!("argument {}", quoted(&path::argument_name(steps))),
        Path::CallTool => "the name called".to_owned(),
        Path::CallServer => "the server's name".to_owned(),
        Path::GrantName => "the grant's name".to_owned(),
        Path::GrantLabel(label) => format!("the grant's label {}", quoted(label)),
        Path::ClientName => "the client's name".to_owned(),
        Path::TimeHour => format!("the hour in {}", zone()),
        Path::TimeWeekday => format!("the day of the week in {}", zone()),
        Path::ToolCategory => "the tool's category".to_owned(),
        Path::ToolSeverity => "the tool's severity".to_owned(),
        Path::ToolAnnotation(hint) => format!("the tool's annotation {}", quoted(hint)),
        Path::State { entry, counter } => format!("counter {} of {}", quoted(counter), quoted(entry)),
    }
}

/// What must hold: `argument "amount" must be at most 50000`.
pub(crate) fn requirement(condition: &Compiled) -> String {
    match condition {
        Compiled::Leaf(leaf) => format!("{} {}", leaf.subject(), words::requirement(&leaf.written.test)),
        Compiled::All(inner) => joined(inner, " and ", requirement),
        Compiled::Any(inner) => joined(inner, " or ", requirement),
        Compiled::Not(inner) => format!("it must not be that {}", part(inner, statement)),
    }
}

/// What is the case: `argument "amount" is greater than 5`.
pub(crate) fn statement(condition: &Compiled) -> String {
    match condition {
        Compiled::Leaf(leaf) => format!("{} {}", leaf.subject(), words::statement(&leaf.written.test)),
        Compiled::All(inner) => statements(inner),
        Compiled::Any(inner) => joined(inner, " or ", statement),
        Compiled::Not(inner) => format!("it is not that {}", part(inner, statement)),
    }
}

/// What is objected to: everything in a list of conditions.
pub(crate) fn statements(conditions: &[Compiled]) -> String {
    joined(conditions, " and ", statement)
}

/// What is objected to, with the expression beside the conditions.
pub(crate) fn objection(conditions: &[Compiled], when: Option<&Expression>) -> String {
    match (conditions, when) {
        (conditions, None) => statements(conditions),
        ([], Some(when)) => format!("{} holds", expression(when)),
        (conditions, Some(when)) => format!("{} and {} holds", statements(conditions), expression(when)),
    }
}

/// An expression as it was written, on one line.
pub(crate) fn expression(when: &Expression) -> String {
    format!("`{}`", shortened(when.as_str()))
}

fn joined(conditions: &[Compiled], and: &str, words: fn(&Compiled) -> String) -> String {
    if let [only] = conditions {
        return words(only);
    }
    let mut all: Vec<String> =
        conditions.iter().take(MOST_CONDITIONS).map(|condition| part(condition, words)).collect();
    if conditions.len() > MOST_CONDITIONS {
        all.push(format!("{} more", conditions.len() - MOST_CONDITIONS));
    }
    all.join(and)
}

/// In brackets where `and` and `or` could be taken for the outer sentence's.
fn part(condition: &Compiled, words: fn(&Compiled) -> String) -> String {
    match condition {
        Compiled::Any(inner) | Compiled::All(inner) if inner.len() > 1 => format!("({})", words(condition)),
        _ => words(condition),
    }
}
