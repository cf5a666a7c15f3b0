//! Actions that a description lists for a parameter that says what is to be done.

use super::lexicon;
use super::signals::{Evidence, Place};
use super::{name, words};
use crate::definition::Definition;

/// Sentences and lines in which they are looked for.
const REACH: usize = 60;

/// The worst action that the description lists: `Handles records. operation: create, update or delete`.
pub(super) fn of_text(parameter: &str, definition: &Definition) -> Option<Evidence> {
    let text = definition.description.as_deref()?;
    let sentences = words::of_text(text);
    let listed = sentences.iter().take(REACH).flat_map(|sentence| listed(sentence));
    let named = listed.filter_map(|word| Some((name::of_words(word, definition)?.category, word)));
    let (category, word) = named.max()?;
    Some(Evidence { place: Place::Action, words: format!("{parameter}: {word}"), category })
}

/// The words of a sentence that stand in a row, or alone: `- delete: deletes it`.
fn listed(sentence: &[String]) -> impl Iterator<Item = &str> {
    let is_joint = |at: Option<usize>| {
        let word = at.and_then(|at| sentence.get(at));
        word.is_some_and(|word| matches!(word.as_str(), "," | "or" | "and"))
    };
    let is_alone = sentence.len() == 1;
    sentence.iter().enumerate().filter_map(move |(at, word)| {
        let in_row = is_alone || is_joint(at.checked_sub(1)) || is_joint(Some(at + 1));
        (in_row && is_action(word)).then_some(word.as_str())
    })
}

/// Nouns that could be verbs are mostly things in a row: `files, orders and drafts`.
fn is_action(word: &str) -> bool {
    const PLAIN: &str = "drop clear reset empty start stop restart copy patch cancel push run";
    lexicon::verb(word).is_some_and(|verb| !verb.is_noun)
        || PLAIN.split_whitespace().any(|plain| plain == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Category;

    #[test]
    fn actions_stand_in_a_row_or_alone() {
        let worst = |text: &str| {
            let definition = Definition { description: Some(text.to_owned()), ..Definition::default() };
            of_text("operation", &definition).map(|one| one.category)
        };
        assert_eq!(
            worst("Handles records. operation: create, update or delete"),
            Some(Category::Destructive)
        );
        assert_eq!(
            worst("Operations:\n- list: what there is\n- delete: removes it"),
            Some(Category::Destructive)
        );
        assert_eq!(worst("Manage DNS records (add/update)"), Some(Category::Write));
        assert_eq!(worst("Tells of files, orders and drafts"), None);
    }
}
