//! Whether words are said, or only spoken about.

use super::rules::Hit;

/// How far a quotation mark, a word that says it is an example, or a "not" may be away, in bytes.
const QUOTED_WITHIN: usize = 60;
const SPOKEN_ABOUT_WITHIN: usize = 120;
const DEFENDED_WITHIN: usize = 60;
const NEGATED_WITHIN: usize = 24;

/// What texts about attacks say of them.
const ABOUT: &[&str] = &[
    "attack",
    "benchmark",
    "benign",
    "changelog",
    "classif",
    "corpora",
    "detect",
    "documentation",
    "example",
    "fixture",
    "flag",
    "guard",
    "injection",
    "jailbreak",
    "malicious",
    "mention",
    "phrase",
    "pattern",
    "quote",
    "refus",
    "regression",
    "reject",
    "sample",
    "sanitiz",
    "scan",
    "suspicious",
    "test data",
    "threat",
    "untrusted",
    "block",
];

/// What texts say that protect, explain or report.
const DEFENDS: &[&str] = &[
    "detect",
    "prevent",
    "protect",
    "against",
    "mitigat",
    "block",
    "alert",
    "quarantin",
    "avoid",
    "defen",
    "vulnerabilit",
    "finding",
    "scanner",
    "cwe-",
    "incident",
    "report",
    "threat",
    "compliance",
    "polic",
    "safe ",
    "resist",
    "harden",
    "guard",
    "risk",
    "limit",
    "suspect",
    "scans ",
    "scan for",
    "submi",
    "anti-",
    "reject",
    "refus",
    "must not",
    "cannot",
    "moderation",
    "classif",
    "categor",
];

/// What they say afterwards.
const DEFENDED: &[&str] = &[
    "detect",
    "prevention",
    "protection",
    "mitigat",
    "alert",
    "quarantin",
    "finding",
    "scanner",
    "incident",
    "report",
    "is blocked",
    "are blocked",
    "policy",
    "policies",
];

const NEGATIONS: &[&str] = &[
    "do not ",
    "don't ",
    "dont ",
    "never ",
    "must not ",
    "should not ",
    "cannot ",
    "can't ",
    "will not ",
    "won't ",
    "avoid ",
    "without ",
    "not to ",
];

/// Whether a hit is a quotation in a text about such texts, or forbids what it would otherwise ask for.
pub(crate) fn is_mentioned(text: &str, hit: &Hit) -> bool {
    let before = before(text, hit.start, QUOTED_WITHIN);
    let after = after(text, hit.end, QUOTED_WITHIN);
    let quoted = ['\'', '"', '`'].iter().any(|mark| opens(before, *mark) && closes(after, *mark));
    (quoted && is_about_attacks(text, hit)) || (hit.negatable && is_negated(text, hit.start))
}

/// Whether a quotation has begun and not ended.
fn opens(before: &str, mark: char) -> bool {
    let Some(at) = before.rfind(mark) else { return false };
    let letter_before = before.get(..at).and_then(|rest| rest.chars().next_back());
    !letter_before.is_some_and(char::is_alphanumeric)
}

/// Whether a quotation ends.
fn closes(after: &str, mark: char) -> bool {
    let Some(at) = after.find(mark) else { return false };
    let letter_after = after.get(at + 1..).and_then(|rest| rest.chars().next());
    !letter_after.is_some_and(char::is_alphanumeric)
}

fn is_about_attacks(text: &str, hit: &Hit) -> bool {
    let near = [before(text, hit.start, SPOKEN_ABOUT_WITHIN), after(text, hit.end, SPOKEN_ABOUT_WITHIN)];
    ABOUT.iter().any(|word| near.iter().any(|part| part.contains(word)))
}

/// Whether the words near a place are those of somebody who defends against what it names.
pub(crate) fn is_defended(text: &str, start: usize, end: usize) -> bool {
    let (before, after) = (before(text, start, DEFENDED_WITHIN), after(text, end, DEFENDED_WITHIN));
    DEFENDS.iter().any(|word| before.contains(word)) || DEFENDED.iter().any(|word| after.contains(word))
}

/// Whether a "not" is before a place, in its sentence.
pub(crate) fn is_negated(text: &str, start: usize) -> bool {
    let before = before(text, start, NEGATED_WITHIN);
    let sentence = before.rsplit(['.', '!', '?', ';', '\n', ':']).next().unwrap_or_default();
    NEGATIONS.iter().any(|negation| sentence.contains(negation))
}

/// Up to so many bytes before a place, at a border of letters.
fn before(text: &str, end: usize, most: usize) -> &str {
    let from = (end.saturating_sub(most)..=end).find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    text.get(from..end).unwrap_or_default()
}

/// Up to so many bytes after a place.
fn after(text: &str, start: usize, most: usize) -> &str {
    let limit = text.len().min(start + most);
    let to = (start..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    text.get(start..to).unwrap_or_default()
}
