//! Descriptions without a verb: `Current conditions at a place` does nothing, it tells something.

use super::lexicon;
use super::signals::{Evidence, Place};
use super::text::known;
use crate::risk::Category;

/// What is told, and how plainly.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) evidence: Evidence,
    /// It is a word for what is known (`history`), several of a kind (`replies of a thread`) or a question (`whether …`).
    pub(super) is_plain: bool,
}

/// Sentences that must not say that anything is done.
const SENTENCES: usize = 3;
/// Words of the first sentence among which the thing that is told stands.
const REACH: usize = 9;

const QUESTIONS: &str = "what where who whose whether how when which why";
/// Words that tell wherever they stand in the sentence.
const SURELY_KNOWN: &str = "information info details data statistics overview metadata archive lookup forecast forecasts images \
     photos documentation reference results history status search converter calculator list healthcheck";
/// Things that are told.
const KNOWN: &str = "statistic result listing summary report feed tree \
     transcript lyrics timeline analytics insights metrics record entry value values rate rates price prices quote quotes \
     link snapshot definition definitions description answer answers guide catalog catalogue directory ranking rankings \
     score scores count number amount total balance log logs content contents text state version distance address \
     depth inverse difference health readings schema outline difference sentiment meaning";
const PREPOSITIONS: &str = "of for in on at with without about between from by to that which who where per within across \
     over under above below near since around via through including as , and or is are similar nearest available related";
const DETERMINERS: &str = "a an the this these your my our its their all any every each one some new it them";
/// Who does what is told: `posts of people you follow`.
const PERSONS: &str = "you they we i he she";
const IRREGULAR: &[(&str, Category)] = &[
    ("sent", Category::Execute),
    ("paid", Category::Financial),
    ("sold", Category::Financial),
    ("bought", Category::Financial),
];

fn is_told(word: &str) -> bool {
    has(SURELY_KNOWN, word) || has(KNOWN, word)
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// What the first sentences tell, where none of the first says that something is done.
pub(super) fn of(sentences: &[Vec<String>]) -> Option<Told> {
    let is_done = |sentence: &Vec<String>| (0..sentence.len()).any(|at| acts(sentence, at));
    if sentences.iter().take(SENTENCES).any(is_done) {
        return None;
    }
    // `Neo - information about asteroids`
    let told = || sentences.iter().take(2).filter_map(|sentence| of_sentence(sentence));
    told().find(|told| told.is_plain).or_else(|| told().next())
}

fn of_sentence(first: &[String]) -> Option<Told> {
    let told = |word: &str, is_plain| Told {
        evidence: Evidence { place: Place::Description, words: word.to_owned(), category: Category::Read },
        is_plain,
    };
    let mut words = first.iter().map(String::as_str).skip_while(|word| has(DETERMINERS, word)).take(REACH);
    let mut opens = words.clone();
    let (opening, second) = (opens.next()?, opens.next().unwrap_or_default());
    if has(QUESTIONS, opening) {
        return Some(told(opening, true));
    }
    // `Inputs text` may be what is done, `Lights in the house` not.
    if is_plural(opening) && !has(PREPOSITIONS, second) && !has(SURELY_KNOWN, opening) {
        return None;
    }
    if is_switched(first) || is_row(first) {
        return None;
    }
    // `Clear completed tasks from a list`; but `Order history of a customer`.
    let may_order =
        known(opening, 0).is_some_and(|(verb, plain)| verb.category > Category::Read && plain == opening);
    if may_order && !is_told(second) && !has(PREPOSITIONS, second) {
        return None;
    }
    if let Some(word) = first.iter().find(|word| has(SURELY_KNOWN, word)) {
        return Some(told(word, true));
    }
    // The thing that is told stands before the first preposition: `a random | number | between two bounds`.
    let thing: Vec<&str> =
        words.by_ref().take_while(|word| !has(PREPOSITIONS, word) && !word.ends_with("ed")).collect();
    let (noun, before) = thing.split_last()?;
    // `Isolates a host` is no noun.
    if thing.iter().any(|word| has(DETERMINERS, word) || is_agent(word)) {
        return None;
    }
    if has(KNOWN, noun) {
        return Some(told(noun, true));
    }
    // `Message to a phone`, `Skips to the next song`; but `Replies of a thread`.
    let ends = first.iter().skip_while(|word| word != noun).nth(1).map_or("", String::as_str);
    let is_action = known(noun, 0).is_some_and(|(verb, plain)| match ends {
        "of" => verb.category > Category::Execute,
        "to" | "from" | "on" | "into" => verb.category > Category::Read,
        _ => verb.category > Category::Read && plain == *noun,
    });
    let is_english = first.iter().any(|word| has(PREPOSITIONS, word) || has(DETERMINERS, word));
    if is_action || !is_english || before.first().is_some_and(|word| may_be_verb(word)) {
        return None;
    }
    let is_doing = ["tion", "sion", "ment", "ing", "al"].iter().any(|end| noun.ends_with(end));
    Some(told(noun, is_plural(noun) || (ends == "of" && !is_doing)))
}

/// `Heater on` says what a call does to it.
fn is_switched(sentence: &[String]) -> bool {
    matches!(sentence, [_, state] | [_, _, state] if state == "on" || state == "off")
}

/// `Compacts and drops tombstones` does both; `Orders and returns of a customer` are things.
fn is_row(sentence: &[String]) -> bool {
    let [first, and, second, object, ..] = sentence else { return false };
    is_plural(first)
        && and == "and"
        && is_plural(second)
        && !has(PREPOSITIONS, object)
        && !object.ends_with("ed")
        && known(second, 0).is_some_and(|(verb, _)| verb.category > Category::Read)
}

/// `Wire money` has a verb at the beginning, whatever else `wire` may be, and so may `Swings swords`.
fn may_be_verb(word: &str) -> bool {
    is_plural(word) || known(word, 0).is_some_and(|(verb, _)| verb.category > Category::Read)
}

fn is_plural(word: &str) -> bool {
    word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("'s")
}

/// `File manager`, `browser automation`, `text editor`: something that does things.
fn is_agent(word: &str) -> bool {
    const AGENTS: &str = "manager management automation control controls controller integration terminal console session client agent \
         assistant bot tool toolkit utility command commands operation operations action actions interface engine \
         executor runner sender editor builder generator notification notifications reminder alarm donation payment \
         withdrawal subscription access shell repl interpreter sandbox email sms fax call workflow campaign helper \
         wrapper gateway proxy server service handler dispatcher connector creation deletion execution installation \
         deployment registration cancellation modification activation submission publication upload creator launcher \
         keyboard mouse light lamp switch plug lock door robot motor printer thermostat speaker display screen";
    has(AGENTS, word)
}

/// Whether a word of a sentence says that something is done: `deletes`, or `are deleted`.
fn acts(sentence: &[String], at: usize) -> bool {
    let Some(word) = sentence.get(at) else { return false };
    let before = at.checked_sub(1).and_then(|before| sentence.get(before));
    let next = sentence.get(at + 1).map_or("", String::as_str);
    if is_thing(word, next) || before.is_some_and(|word| has(DETERMINERS, word) || has(PERSONS, word)) {
        return false;
    }
    let firmly = |(verb, _): (lexicon::Verb, String)| !verb.is_noun && verb.category > Category::Read;
    known(word, 0).is_some_and(firmly) || passive(sentence, at).is_some()
}

/// `Runs of a pipeline`, `tests that failed`: what looks like a verb is none.
pub(super) fn is_thing(word: &str, next: &str) -> bool {
    let relates = matches!(next, "of" | "that" | "which" | "who");
    let checks = || known(word, 0).is_some_and(|(verb, _)| verb.category == Category::Read);
    relates && word.ends_with('s') && (next == "of" || !checks())
}

/// What a participle says that is done: `old runs are deleted`. What `was` done is told.
pub(super) fn passive(sentence: &[String], at: usize) -> Option<Category> {
    let word = sentence.get(at)?;
    let before = sentence.get(..at).unwrap_or_default();
    let mut nearest = before.iter().rev().skip_while(|word| word.ends_with("ly"));
    let is_done = nearest.next().is_some_and(|word| matches!(word.as_str(), "is" | "are" | "be" | "gets"));
    let relates = before.iter().any(|word| {
        matches!(
            word.as_str(),
            "that" | "which" | "who" | "if" | "when" | "not" | "whether" | "how" | "where"
        )
    });
    if !is_done || relates {
        return None;
    }
    if let Some((_, category)) = IRREGULAR.iter().find(|(participle, _)| participle == word) {
        return Some(*category);
    }
    let stem = word.strip_suffix("ed").filter(|stem| stem.len() > 2)?;
    let forms =
        [stem.to_owned(), format!("{stem}e"), stem.get(..stem.len() - 1).unwrap_or_default().to_owned()];
    let verb = forms.iter().find_map(|form| lexicon::verb(form))?;
    // That data are stored or sorted somewhere is told of what is read, too.
    let is_strong = if verb.is_noun { Category::Destructive } else { Category::Execute };
    (verb.category >= is_strong).then_some(verb.category)
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn what_does_nothing_tells_something() {
        let told = |text: &str| of(&words::of_text(text)).map(|told| told.is_plain);
        for text in [
            "Replies of a thread",
            "Current conditions at a place",
            "Whether a visa is needed",
            "Runs of a pipeline",
            "Order history of a customer",
            "Postmortem of an incident",
            "Posts of people you follow",
            "Neo - information about asteroids",
            "Customers and orders of a shop",
        ] {
            assert_eq!(told(text), Some(true), "{text}");
        }
        for text in ["Certificate for a host", "A visit to a city"] {
            assert_eq!(told(text), Some(false), "{text}");
        }
        for text in [
            "Text message to a phone",
            "Clear completed tasks from a list",
            "Wire money to an account",
            "A file manager",
            "Honks the horn",
            "Heater on",
            "Compacts and drops tombstones",
            "Skips to the next song",
            "Old runs are deleted for good",
            "Ta bort fil",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
