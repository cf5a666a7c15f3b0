//! Texts that a model reads although they are encoded or spelled oddly.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;

use super::fold::Folded;

/// So many letters standing alone, one after the other, are words spelled out.
const LETTERS_SPELLED: usize = 12;

/// So many words with digits for letters are no measures or versions.
const WORDS_WITH_DIGITS: usize = 3;

/// So many letters without a blank are more than a word.
const LETTERS_WITHOUT_BLANK: usize = 32;

/// A text that was undone.
pub(crate) struct Undone {
    /// The text, folded.
    pub(crate) text: String,
    /// How it had been written.
    pub(crate) how: &'static str,
    /// Whether it has no blanks, and digits and letters that look alike are one: then only the phrases for that apply.
    pub(crate) compact: bool,
}

/// Undoes what a text may have been put through.
pub(crate) fn undo(text: &str, folded: &Folded) -> Vec<Undone> {
    let mut undone = Vec::new();
    let mut add = |text: &str, how| undone.push(Undone { text: Folded::of(text).text, how, compact: false });
    if let Some(decoded) = parts(&BASE64, text, base64) {
        add(&decoded, "once decoded from base64");
    }
    if let Some(decoded) = parts(&HEX, text, hex) {
        add(&decoded, "once decoded from hexadecimal digits");
    }
    if text.matches('%').count() >= WORDS_WITH_DIGITS
        && let Some(decoded) = percent(text)
    {
        add(&decoded, "once decoded from per cent signs");
    }
    if TURNED.as_ref().is_some_and(|words| words.is_match(&folded.text)) {
        add(&turned(&folded.text), "once every letter is moved by thirteen");
    }
    if has_digits_for_letters(&folded.text) {
        let plain: String = folded.text.chars().map(|letter| read(letter).unwrap_or(letter)).collect();
        add(&plain, "once spelled plainly");
    }
    if let Some(text) = compacted(&folded.text) {
        undone.push(Undone { text, how: "once spelled plainly", compact: true });
    }
    undone
}

/// All parts that are a text once decoded, one after the other: so a real one is found behind any number of others, and one
/// that was cut into pieces is whole again. They share no letter, so that this takes no longer than the text is long.
fn parts(
    pattern: &LazyLock<Option<Regex>>,
    text: &str,
    decode: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let found = pattern.as_ref()?.find_iter(text);
    let decoded: Vec<String> = found.filter_map(|part| decode(part.as_str())).collect();
    (!decoded.is_empty()).then(|| decoded.join("\n"))
}

static BASE64: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{24,}={0,2}").ok());
static HEX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:[0-9a-fA-F]{2}[ :]?){20,}").ok());

/// Frequent words of instructions, every letter moved by thirteen.
static TURNED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words =
        ["system prompt", "previous", "instructions", "user", "ignore", "do not tell", "the tool", "system"];
    AhoCorasick::new(words.iter().map(|word| turned(word))).ok()
});

fn base64(part: &str) -> Option<String> {
    let part = part.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(part).or_else(|_| URL_SAFE_NO_PAD.decode(part)).ok()?;
    readable(bytes)
}

fn hex(part: &str) -> Option<String> {
    let digits: Vec<u32> = part.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok();
    readable(digits.chunks_exact(2).map(byte).collect::<Option<Vec<u8>>>()?)
}

fn percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    readable(bytes)
}

/// Bytes that are a text with blanks.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let printable = text.chars().all(|letter| !letter.is_control() || letter.is_whitespace());
    (printable && text.contains(' ')).then_some(text)
}

/// Every Latin letter moved by thirteen.
fn turned(text: &str) -> String {
    let turn = |letter: char| match letter {
        'a'..='m' => char::from_u32(u32::from(letter) + 13).unwrap_or(letter),
        'n'..='z' => char::from_u32(u32::from(letter) - 13).unwrap_or(letter),
        other => other,
    };
    text.chars().map(turn).collect()
}

/// The text without blanks and with digits read as letters, where it seems to be spelled so that no word of it is found.
fn compacted(folded: &str) -> Option<String> {
    (is_spelled_out(folded) || has_digits_for_letters(folded)).then(|| compact(folded))
}

/// Letters and digits only; what looks alike is one letter.
pub(crate) fn compact(text: &str) -> String {
    let similar = |letter: char| match letter {
        'l' => Some('i'),
        letter => read(letter).or_else(|| letter.is_alphanumeric().then_some(letter)),
    };
    text.chars().filter_map(similar).collect()
}

/// The letter that a digit or a sign is written for.
fn read(letter: char) -> Option<char> {
    match letter {
        '0' => Some('o'),
        '1' | '|' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        '8' => Some('b'),
        '9' => Some('g'),
        _ => None,
    }
}

fn is_spelled_out(folded: &str) -> bool {
    let mut alone = 0;
    for word in folded.split([' ', '\n', '.', '-', '_', ',']).filter(|word| !word.is_empty()) {
        alone = if word.chars().nth(1).is_none() && word.chars().all(char::is_alphanumeric) {
            alone + 1
        } else {
            0
        };
        if alone >= LETTERS_SPELLED {
            return true;
        }
    }
    false
}

fn has_digits_for_letters(folded: &str) -> bool {
    let words = || folded.split(|letter: char| !letter.is_alphanumeric());
    // `g1v3`: a digit between two letters, or more changes between letters and digits than a version has.
    let changes = |word: &str| {
        let kinds = word.chars().map(|letter| letter.is_ascii_digit());
        kinds.clone().zip(kinds.skip(1)).filter(|(one, next)| one != next).count()
    };
    // A number with base 16, such as a digest, changes as often and says nothing.
    let changes =
        |word: &str| if word.chars().all(|letter| letter.is_ascii_hexdigit()) { 0 } else { changes(word) };
    let odd = words().filter(|word| changes(word) >= 2).count();
    odd >= WORDS_WITH_DIGITS || words().any(|word| word.len() >= LETTERS_WITHOUT_BLANK && changes(word) >= 4)
}
