//! Text that tries to steer a model, wherever a definition has it: advice for people and for policies that are recommended to
//! them, never a decision.
//!
//! ```text
//! every string ─► hidden? ─► folded to how it reads ─► phrases, words together ─► said, or only quoted?
//!           └───► undone, where it is encoded or disguised ──┘
//! ```
//!
//! A model reads names, defaults and unknown members as well as descriptions, so that all are looked at. Texts are folded
//! first: case, look-alike letters, accents and invisible characters change nothing for a model. No rule names a tool or
//! a server, and the time is linear in the length of the text.

mod disguise;
mod finding;
mod fold;
mod hidden;
mod mention;
mod rules;
mod strings;
mod together;

#[cfg(test)]
mod tests;

pub use finding::{Finding, FindingKind};
pub(crate) use hidden::is_invisible;

use crate::definition::Definition;
use fold::Folded;

/// The findings that one definition may have. Who hides one in a thousand others has been found all the same.
const MOST_FINDINGS: usize = 64;

/// Looks at every string of a definition.
#[must_use]
pub fn lint(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    strings::each(definition, &mut |text| {
        if findings.len() < MOST_FINDINGS {
            match text {
                strings::Text::Prose { place, text } => findings.extend(lint_text(&place(), text)),
                strings::Text::Name { place, name } => findings.extend(lint_name(&place(), name)),
            }
        }
    });
    findings.truncate(MOST_FINDINGS);
    findings
}

/// Looks at one text that a model reads, such as a server's `instructions`, which `place` names.
#[must_use]
pub fn lint_text(place: &str, text: &str) -> Vec<Finding> {
    let mut findings = hidden::find(place, text);
    let folded = Folded::of(text);
    findings.extend(said(place, text, &folded));
    for undone in disguise::undo(text, &folded) {
        findings.extend(in_disguise(place, &undone));
    }
    findings.sort_by_key(|finding| finding.kind);
    findings.dedup();
    findings
}

/// Looks at a name, the words of which may say what a sentence says.
fn lint_name(place: &str, name: &str) -> Vec<Finding> {
    let mut findings = hidden::find(place, name);
    let words = crate::classify::words_of_name(name).join(" ");
    findings.extend(said(place, &words, &Folded::of(&words)));
    findings
}

/// A name as it reads.
pub(crate) fn folded_name(name: &str) -> String {
    Folded::of(name).text
}

/// What a text says in the open: every phrase, and each kind that only words say together.
fn said(place: &str, text: &str, folded: &Folded) -> Vec<Finding> {
    let mut hits = rules::phrases().find(&folded.text);
    for hit in together::find(&folded.text) {
        if hits.iter().all(|other| other.kind != hit.kind) {
            hits.push(hit);
        }
    }
    hits.into_iter()
        .map(|hit| Finding {
            kind: hit.kind,
            place: place.to_owned(),
            excerpt: finding::excerpt(folded.original(text, hit.start, hit.end)),
            why: hit.why.to_owned(),
        })
        .collect()
}

/// What a text says to those only who undo how it is written.
fn in_disguise(place: &str, undone: &disguise::Undone) -> Option<Finding> {
    let phrases = if undone.compact { rules::compact() } else { rules::phrases() };
    let together = if undone.compact { Vec::new() } else { together::find(&undone.text) };
    let hit = phrases.find(&undone.text).into_iter().chain(together).next()?;
    let said = undone.text.get(hit.start..hit.end).unwrap_or_default();
    Some(Finding {
        kind: FindingKind::HiddenText,
        place: place.to_owned(),
        excerpt: finding::excerpt(said),
        why: format!("{}, it {}", undone.how, hit.why),
    })
}
