//! Words that say nothing alone, and something together: who is spoken to, what is asked of them, with what, and where to.
//!
//! A phrase finds how an attack was once worded. A rule here finds what every wording of it needs: a secret, somebody who
//! hands it over, a place where it goes. So a rule is a few sorts of words that stand near each other, in any order.

mod rules;
mod words;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finding::FindingKind;
use super::fold::Folded;
use super::mention;
use super::rules::Hit;
pub(crate) use words::Sort;

/// Sorts of words that say something where they are near each other.
pub(crate) struct Rule {
    /// What a text tries that has them.
    kind: FindingKind,
    /// What it does, as a sentence goes on after "it".
    why: &'static str,
    /// The sorts; one that is there twice needs two places. The first is looked for first, so that it is a rare one.
    sorts: &'static [Sort],
    /// How many bytes the others may be before or after it.
    reach: usize,
    /// How many ends of sentences may lie between.
    sentences: usize,
    /// Whether they come one after the other.
    ordered: bool,
    /// A sort that makes it harmless.
    unless: Option<Sort>,
}

/// Sorts in one sentence, in any order.
const fn any(kind: FindingKind, why: &'static str, sorts: &'static [Sort], reach: usize) -> Rule {
    Rule { kind, why, sorts, reach, sentences: 0, ordered: false, unless: None }
}

/// Sorts in one sentence, one after the other.
const fn ordered(kind: FindingKind, why: &'static str, sorts: &'static [Sort], reach: usize) -> Rule {
    Rule { ordered: true, ..any(kind, why, sorts, reach) }
}

/// A place of a word.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    sort: Sort,
    sentence: usize,
}

/// All words, to be found in one pass.
struct Lexicon {
    automaton: AhoCorasick,
    /// For each word of the automaton its sort, and whether it may go on.
    words: Vec<(Sort, bool)>,
}

static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(Lexicon::new);

/// What the words of a folded text say together.
pub(crate) fn find(folded: &str) -> Vec<Hit> {
    let Some(lexicon) = LEXICON.as_ref() else { return Vec::new() };
    let places = lexicon.places(folded);
    let there = places.iter().fold(0, |there, place| there | place.sort.bit());
    rules::RULES
        .iter()
        .filter(|rule| rule.sorts.iter().all(|sort| there & sort.bit() != 0))
        .filter_map(|rule| rule.said(folded, &places))
        .collect()
}

impl Lexicon {
    fn new() -> Option<Self> {
        let mut sources = Vec::new();
        let mut words = Vec::new();
        for (sort, word) in words::words().ok()? {
            let stem = word.strip_suffix('*');
            sources.push(Folded::of(stem.unwrap_or(&word)).text);
            words.push((sort, stem.is_some()));
        }
        Some(Self { automaton: AhoCorasick::new(sources).ok()?, words })
    }

    /// Where words are, in the order of their beginnings.
    fn places(&self, folded: &str) -> Vec<Place> {
        let one_line = folded.replace('\n', " ");
        let mut places: Vec<Place> = self
            .automaton
            .find_overlapping_iter(&one_line)
            .filter_map(|found| {
                let (sort, goes_on) = *self.words.get(found.pattern().as_usize())?;
                let whole = begins(folded, found.start()) && (goes_on || ends(folded, found.end()));
                let whole =
                    whole && (folded.get(found.range()) != Some("@") || is_mail(folded, found.start()));
                whole.then_some(Place { start: found.start(), end: found.end(), sort, sentence: 0 })
            })
            .collect();
        places.sort_by_key(|place| place.start);
        number_sentences(folded, &mut places);
        places
    }
}

/// Whether a word begins at a place: no letter of it is before, nor a point as within `api.mail.example`.
fn begins(text: &str, at: usize) -> bool {
    let mut before = text.get(..at).unwrap_or_default().chars().rev();
    let after = text.get(at..).and_then(|after| after.chars().next());
    let is_joined = match (before.next(), before.next()) {
        (Some('.' | '@'), Some(letter)) => letter.is_alphanumeric(),
        (Some(letter), _) => is_of_word(letter),
        (None, _) => false,
    };
    !(is_joined && after.is_some_and(is_of_word))
}

/// Whether a word ends at a place. Where words are written without blanks, all is a word.
fn ends(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at..).and_then(|after| after.chars().next());
    !(before.is_some_and(is_of_word) && after.is_some_and(is_of_word))
}

/// Whether an `@` is that of a mail's address, and not of a package, a member or a connection.
fn is_mail(text: &str, at: usize) -> bool {
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+');
    let local = before.rsplit(|letter| !is_name(letter)).next().unwrap_or_default();
    let domain = after.split(|letter| !is_name(letter)).next().unwrap_or_default();
    let is_of_url = before.get(..before.len() - local.len()).is_some_and(|rest| rest.ends_with([':', '/']));
    !local.is_empty() && domain.trim_end_matches('.').contains('.') && !is_of_url
}

fn is_of_word(letter: char) -> bool {
    (letter.is_alphanumeric() || letter == '_')
        && !matches!(letter, '\u{e00}'..='\u{eff}' | '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{20000}'..='\u{3ffff}')
}

fn number_sentences(text: &str, places: &mut [Place]) {
    let mut ends =
        text.char_indices().zip(text.chars().skip(1).chain([' '])).filter_map(|((at, letter), next)| {
            let ends = match letter {
                '.' | '!' | '?' => next.is_whitespace(),
                '\n' => matches!(next, '-' | '#' | '<' | '0'..='9'),
                '。' | '！' | '？' => true,
                _ => false,
            };
            ends.then_some(at)
        });
    let mut next_end = ends.next();
    let mut sentence = 0;
    for place in places {
        while next_end.is_some_and(|end| end < place.start) {
            sentence += 1;
            next_end = ends.next();
        }
        place.sentence = sentence;
    }
}

impl Rule {
    /// The same in two neighbouring sentences.
    const fn across(self) -> Self {
        Self { sentences: 1, ..self }
    }

    /// The same, but where a word says that it is harmless.
    const fn unless(self, sort: Sort) -> Self {
        Self { unless: Some(sort), ..self }
    }

    /// The first place where all sorts are near each other, and are said.
    fn said(&self, text: &str, places: &[Place]) -> Option<Hit> {
        let (first, others) = self.sorts.split_first()?;
        let mut anchors = places.iter().enumerate().filter(|(_, place)| place.sort == *first);
        anchors.find_map(|(index, anchor)| {
            self.stands(text, anchor).then_some(())?;
            let mut taken = vec![*anchor];
            for sort in others {
                let mut near = self.near(index, anchor, places);
                let since = taken.last().map_or(0, |last: &Place| last.end);
                let fits = |place: &&Place| {
                    place.sort == *sort
                        && (!self.ordered || place.start >= since)
                        && taken.iter().all(|other| other.sort != *sort || apart(other, place))
                        && self.stands(text, place)
                };
                taken.push(*near.find(fits)?);
            }
            let is_harmless = |sort| self.near(index, anchor, places).any(|place| place.sort == sort);
            (!self.unless.is_some_and(is_harmless)).then_some(())?;
            let hit = Hit {
                start: taken.iter().map(|place| place.start).min()?,
                end: taken.iter().map(|place| place.end).max()?,
                kind: self.kind,
                why: self.why,
                negatable: false,
            };
            (!mention::is_mentioned(text, &hit)).then_some(hit)
        })
    }

    /// The places around another, the nearest on each side first.
    fn near<'p>(
        &self,
        index: usize,
        anchor: &Place,
        places: &'p [Place],
    ) -> impl Iterator<Item = &'p Place> + use<'p> {
        let (anchor, reach, sentences) = (*anchor, self.reach, self.sentences);
        let inside =
            move |place: &&Place| place.start <= anchor.end + reach && place.start + reach >= anchor.start;
        let same = move |place: &&Place| place.sentence.abs_diff(anchor.sentence) <= sentences;
        let after = places.get(index + 1..).unwrap_or_default().iter().take_while(inside);
        let before = places.get(..index).unwrap_or_default().iter().rev().take_while(inside);
        after.chain(before).filter(same)
    }

    /// Whether the word is meant as it stands: neither forbidden nor spoken of by who defends against it.
    fn stands(&self, text: &str, place: &Place) -> bool {
        let is_forbidden = place.sort.is_deed() && mention::is_negated(text, place.start);
        let attacks = self.kind == FindingKind::HostilePurpose;
        !(is_forbidden || attacks && mention::is_defended(text, place.start, place.end))
    }
}

/// Whether two places share no letter.
fn apart(one: &Place, other: &Place) -> bool {
    one.end <= other.start || other.end <= one.start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_every_sort_has_words_and_a_rule() {
        let lexicon = Lexicon::new().unwrap();
        let rules = || rules::RULES.iter();
        for sort in Sort::ALL {
            assert!(lexicon.words.iter().any(|(other, _)| other == sort), "{sort:?}");
            assert!(rules().any(|rule| rule.sorts.contains(sort) || rule.unless == Some(*sort)), "{sort:?}");
        }
    }

    #[test]
    fn words_have_borders() {
        let lexicon = Lexicon::new().unwrap();
        let sorts =
            |text: &str| -> Vec<Sort> { lexicon.places(text).iter().map(|place| place.sort).collect() };
        assert!(sorts("the password").contains(&Sort::Secret));
        assert!(sorts("all passwords").contains(&Sort::Secret));
        assert!(!sorts("a passwordless login").contains(&Sort::Secret));
        assert!(sorts("读取密码").contains(&Sort::Secret));
    }
}
