//! What a model reads and a person does not see.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::finding::{Finding, FindingKind, excerpt};

/// As many blanks or line ends in a row move what follows out of sight in most windows.
const BLANKS_THAT_HIDE: usize = 100;
const LINES_THAT_HIDE: usize = 15;

/// As many words in a comment are a sentence and no marker of a page's block.
const WORDS_OF_A_SENTENCE: usize = 4;

/// Whether a letter takes no place, or moves others.
pub(crate) fn is_invisible(letter: char) -> bool {
    is_joint(letter) || is_tag(letter) || is_direction(letter) || is_selector(letter)
}

/// Letters without width.
fn is_joint(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}

/// The alphabet that repeats ASCII invisibly.
fn is_tag(letter: char) -> bool {
    matches!(letter, '\u{e0000}'..='\u{e007f}')
}

/// What turns the direction of other letters.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What chooses how the letter before it looks.
fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters and markup that hide something, each sort once.
pub(crate) fn find(place: &str, text: &str) -> Vec<Finding> {
    let found = |why: &str, words: &str| Finding {
        kind: FindingKind::HiddenText,
        place: place.to_owned(),
        excerpt: excerpt(words),
        why: why.to_owned(),
    };
    let mut findings = Vec::new();
    if !text.is_ascii() {
        if let Some(said) = tags(text) {
            findings.push(found("is written in invisible letters", &said));
        }
        if let Some(words) = around_first(text, is_direction) {
            findings.push(found("shows letters in another order than they have", words));
        }
        if let Some(words) = split_word(text) {
            findings.push(found("has invisible letters within words", words));
        }
    }
    if let Some(words) = around_first(text, |letter| letter.is_control() && !"\n\r\t".contains(letter)) {
        findings.push(found("has control characters, which may hide what is before them", words));
    }
    if let Some(at) = padding(text) {
        findings.push(found("is moved out of sight by blanks", text.get(at..).unwrap_or_default()));
    }
    for (pattern, why) in MARKUP.iter() {
        if let Some(words) =
            pattern.find_iter(text).map(|found| found.as_str()).find(|words| is_sentence(words))
        {
            findings.push(found(why, words));
        }
    }
    findings
}

const APART: &str = "sets an instruction apart in tags that only a model minds";
const COMMENT: &str = "is a comment, which people are not shown";

/// Markup that sets words apart for a model, or hides them where a page is shown.
static MARKUP: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let sources = [
        (
            r"(?is)<\s*/?\s*(?:(?:important|critical|urgent|mandatory)[\s_-]*(?:instructions?|message|context|requirements?|directives?|rules?)?|(?:secret|hidden|override|admin|internal)(?:[_-]\w+)*|\w+_(?:for|to)_(?:ai|llm|model|assistant|agent)s?)\s*>[^<]+",
            APART,
        ),
        (
            r"(?is)<\s*(?:system|assistant|developer)(?:[\s_-]*(?:prompt|message|instructions?|override|reminder|note|notice|command))?\s*>[^<]+<\s*/",
            APART,
        ),
        (r"(?is)\[/?(?:system|admin|developer)\][^\[\]]+\[/(?:system|admin|developer)\]", APART),
        (r#"\[//\]: ?# ?["'(].+?[)"'](?:\n|$)"#, COMMENT),
        (r"(?is)<[a-z]+\s[^>]*\bhidden\b[^>]*>[^<]+", "is styled so that people are not shown it"),
        (r"(?s)<!--.+?-->", COMMENT),
        (
            r#"(?is)<[a-z]+[^>]*style\s*=\s*["'][^"'>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0)[^>]*>[^<]+"#,
            "is styled so that people are not shown it",
        ),
    ];
    sources.into_iter().filter_map(|(source, why)| Some((Regex::new(source).ok()?, why))).collect()
});

/// Whether there are enough words for something to be said.
fn is_sentence(words: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
    words.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').filter(is_word).count()
        >= WORDS_OF_A_SENTENCE
}

/// What tag letters say, but for those that make a flag out of a black one.
fn tags(text: &str) -> Option<String> {
    let mut said = String::new();
    let mut in_flag = false;
    for letter in text.chars() {
        let ascii =
            u32::from(letter).checked_sub(0xe0000).filter(|code| *code <= 0x7f).and_then(char::from_u32);
        match ascii {
            Some(ascii) if !in_flag => said.push(ascii),
            Some(_) => {}
            None => in_flag = letter == '\u{1f3f4}',
        }
    }
    (!said.is_empty()).then_some(said)
}

/// The words around the first letter that is `odd`.
fn around_first(text: &str, odd: impl Fn(char) -> bool) -> Option<&str> {
    let at = text.find(odd)?;
    Some(around(text, at..at))
}

/// Some twenty letters on each side.
fn around(text: &str, part: Range<usize>) -> &str {
    let from =
        text.get(..part.start).and_then(|before| before.char_indices().rev().nth(19)).map_or(0, |(at, _)| at);
    let to = text
        .get(part.end..)
        .and_then(|after| after.char_indices().nth(20))
        .map_or(text.len(), |(at, _)| part.end + at);
    text.get(from..to).unwrap_or_default()
}

/// An invisible letter between two Latin ones, or several in a row anywhere. Between others they are spelling: of Persian, of
/// Hindi, of emoji.
fn split_word(text: &str) -> Option<&str> {
    const ROW: usize = 3;
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let hides = |(at, letter): &(usize, char)| {
        let near =
            |index: Option<usize>| index.and_then(|index| letters.get(index)).map(|(_, letter)| *letter);
        let odd = |letter: char| is_joint(letter) || is_selector(letter);
        if !odd(*letter) {
            return false;
        }
        let within = near(at.checked_sub(1)).is_some_and(|before| before.is_ascii_alphabetic())
            && near(Some(at + 1)).is_some_and(|after| after.is_ascii_alphabetic());
        let row = (0..ROW).all(|step| near(Some(at + step)).is_some_and(odd));
        (within && *letter != '\u{ad}') || row
    };
    let numbered = letters.iter().enumerate().map(|(index, (_, letter))| (index, *letter));
    let (index, _) = numbered.into_iter().find(hides)?;
    let (at, letter) = letters.get(index)?;
    Some(around(text, *at..*at + letter.len_utf8()))
}

/// Where text goes on after as many blanks or empty lines as hide it.
fn padding(text: &str) -> Option<usize> {
    let (mut blanks, mut lines) = (0, 0);
    let mut begun = false;
    for (at, letter) in text.char_indices() {
        if letter == '\n' {
            lines += 1;
            blanks = 0;
        } else if letter.is_whitespace() {
            blanks += 1;
        } else {
            if begun && (blanks >= BLANKS_THAT_HIDE || lines >= LINES_THAT_HIDE) {
                return Some(at);
            }
            (blanks, lines, begun) = (0, 0, true);
        }
    }
    None
}
