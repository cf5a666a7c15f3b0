//! Text from outside, with whatever hides in it or imitates something made visible.
//!
//! It does no more than look at text, so that terminals and pages can share it. What marks letters: the properties of
//! Unicode (UAX 44), its directional controls (UAX 9), and look-alikes and mixed scripts (UTS 39).

use std::fmt::{self, Write as _};
use std::ops::Range;

use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, Emoji, ExtendedPictographic, GeneralCategory,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_script::UnicodeScript as _;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

/// Signs that divide addresses, paths and assignments: what looks like one of them divides nothing.
const DIVIDES: &str = "/\\.:@%#?&=";

/// Spaces in a row that are no layout, inside a line and at its beginning: the deepest arguments are laid out so.
const BLANK: usize = 40;
const INDENT: usize = 200;

/// Text in pieces, those that are marked apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text, in its order.
    pub pieces: Vec<Piece>,
    /// What was marked, in its order.
    pub findings: Vec<Finding>,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it was.
    Plain(String),
    /// One letter, escaped, or a run of spaces.
    Marked(String),
}

/// A letter that was marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// From 1.
    pub line: usize,
    /// In letters, from 1.
    pub column: usize,
    /// The letter, or the first of a run.
    pub letter: char,
    /// Why.
    pub mark: Mark,
}

/// Why a letter is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A terminal may obey it.
    Control,
    /// It turns the direction of the text round it.
    Direction,
    /// Nothing is seen of it.
    Invisible,
    /// It looks like a space, or ends a line, and is another letter.
    Space,
    /// Everybody sees something else, or nothing.
    Undefined,
    /// It looks like this one.
    LooksLike(char),
    /// It is of another script than the word that it stands in.
    Foreign,
    /// So many spaces in a row push what follows out of sight.
    Blank(usize),
}

/// Text of several lines.
pub fn lines(text: &str) -> Shown {
    let letters: Vec<char> = text.replace("\r\n", "\n").chars().collect();
    show(&letters, &marks(&letters))
}

/// Text that has one line.
pub fn line(text: &str) -> Shown {
    let letters: Vec<char> = text.chars().collect();
    let mut marks = marks(&letters);
    for (letter, mark) in letters.iter().zip(&mut marks) {
        if *letter == '\n' {
            *mark = Some(Mark::Control);
        }
    }
    show(&letters, &marks)
}

fn show(letters: &[char], marks: &[Option<Mark>]) -> Shown {
    let (mut pieces, mut findings) = (Vec::new(), Vec::new());
    let (mut line, mut column) = (1, 0);
    let mut places = letters.iter().copied().zip(marks.iter().copied());
    let (mut rest, mut before) = (letters, '\n');
    while let Some((letter, mark)) = places.next() {
        column += 1;
        let blank = if is_blank(before) { 0 } else { blanks(rest, column) };
        before = letter;
        rest = rest.get(blank.max(1)..).unwrap_or_default();
        let mark = if blank > 0 { Some(Mark::Blank(blank)) } else { mark };
        match (mark, pieces.last_mut()) {
            (Some(mark), _) => {
                pieces.push(Piece::Marked(escape(letter, mark)));
                findings.push(Finding { line, column, letter, mark });
            }
            (None, Some(Piece::Plain(plain))) => plain.push(letter),
            (None, _) => pieces.push(Piece::Plain(letter.to_string())),
        }
        if letter == '\n' {
            (line, column) = (line + 1, 0);
        }
        for _ in 1..blank {
            places.next();
            column += 1;
        }
    }
    Shown { pieces, findings }
}

/// How many spaces begin here, where they are too many.
fn blanks(letters: &[char], column: usize) -> usize {
    let count = letters.iter().take_while(|letter| is_blank(**letter)).count();
    let most = if column == 1 { INDENT } else { BLANK };
    if count > most { count } else { 0 }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

fn escape(letter: char, mark: Mark) -> String {
    match mark {
        Mark::Blank(count) => format!("\\u{{20}}×{count}"),
        _ => letter.escape_default().to_string(),
    }
}

/// The mark of each letter.
fn marks(letters: &[char]) -> Vec<Option<Mark>> {
    let mut marks: Vec<Option<Mark>> = Vec::with_capacity(letters.len());
    for (index, letter) in letters.iter().copied().enumerate() {
        let (before, after) = (index.checked_sub(1), index + 1);
        let around = |place: Option<usize>| place.and_then(|place| letters.get(place).copied());
        let (before, after) = (around(before), around(Some(after)));
        let part = is_part_of_picture(letter, before, after);
        marks.push(hidden(letter).filter(|_| !part).or_else(|| divides(letter, before, after)));
    }
    let told = scripts_told(letters);
    for word in words(letters) {
        let Some(word_letters) = letters.get(word.clone()) else { continue };
        let found = imitated(word_letters, &told);
        for (mark, found) in marks.iter_mut().skip(word.start).zip(found) {
            *mark = mark.or(found);
        }
    }
    marks
}

/// What is not seen as what it is.
fn hidden(letter: char) -> Option<Mark> {
    if letter == '\n' || letter == '\t' || letter == ' ' {
        return None;
    }
    if CodePointSetData::new::<BidiControl>().contains(letter) {
        return Some(Mark::Direction);
    }
    // Hangul fillers and the like are letters of which nothing is seen; so is the Braille pattern without dots.
    if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter) || letter == '\u{2800}' {
        return Some(Mark::Invisible);
    }
    match CodePointMapData::<GeneralCategory>::new().get(letter) {
        GeneralCategory::Control => Some(Mark::Control),
        GeneralCategory::Format => Some(Mark::Invisible),
        GeneralCategory::SpaceSeparator
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => Some(Mark::Space),
        GeneralCategory::PrivateUse | GeneralCategory::Unassigned | GeneralCategory::Surrogate => {
            Some(Mark::Undefined)
        }
        _ => None,
    }
}

/// Whether it does no more than choose or join pictures, such as a family of several people.
fn is_part_of_picture(letter: char, before: Option<char>, after: Option<char>) -> bool {
    let is_picture = |letter: char| CodePointSetData::new::<ExtendedPictographic>().contains(letter);
    match letter {
        '\u{fe0f}' => before
            .is_some_and(|before| !before.is_ascii() && CodePointSetData::new::<Emoji>().contains(before)),
        '\u{200d}' => {
            before.is_some_and(|before| is_picture(before) || before == '\u{fe0f}')
                && after.is_some_and(is_picture)
        }
        _ => false,
    }
}

/// A sign that looks like one which divides, where it would.
fn divides(letter: char, before: Option<char>, after: Option<char>) -> Option<Mark> {
    if letter.is_ascii() || letter.is_alphanumeric() {
        return None;
    }
    let like = looks_like(letter).filter(|like| DIVIDES.contains(*like))?;
    let is_plain = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_graphic());
    (is_plain(before) || is_plain(after)).then_some(Mark::LooksLike(like))
}

/// The letter or sign of ASCII that a letter outside it looks like.
fn looks_like(letter: char) -> Option<char> {
    if letter.is_ascii() {
        return None;
    }
    let mut bytes = [0; 4];
    let mut skeleton = skeleton(letter.encode_utf8(&mut bytes));
    match (skeleton.next(), skeleton.next(), skeleton.next()) {
        (Some(like), None, None) => like.is_ascii_graphic().then_some(like),
        // Two letters stand for one there.
        (Some('r'), Some('n'), None) => Some('m'),
        _ => None,
    }
}

/// Where words are. What is hidden in one does not end it.
fn words(letters: &[char]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (index, letter) in letters.iter().copied().enumerate() {
        if !belongs(letter) {
            continue;
        }
        match words.last_mut() {
            Some(word) if word.end == index => word.end = index + 1,
            _ => words.push(index..index + 1),
        }
    }
    words
}

fn belongs(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(hidden(letter), Some(Mark::Invisible | Mark::Direction))
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(letter),
            GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark
        )
}

/// Scripts in which the text has letters that look like no other: it is written in them, and does not only imitate.
fn scripts_told(letters: &[char]) -> Vec<unicode_script::Script> {
    let mut told = Vec::new();
    for letter in letters.iter().copied().filter(|letter| !letter.is_ascii() && letter.is_alphabetic()) {
        let script = letter.script();
        if !told.contains(&script) && looks_like(letter).is_none() {
            told.push(script);
        }
    }
    told
}

/// The marks of a word's letters that imitate others, or that do not belong to its script.
fn imitated(word: &[char], told: &[unicode_script::Script]) -> Vec<Option<Mark>> {
    if word.iter().all(char::is_ascii) {
        return vec![None; word.len()];
    }
    let has_ascii = word.iter().any(char::is_ascii_alphanumeric);
    let is_letter = |letter: &&char| letter.is_alphanumeric();
    let all_alike = word.iter().filter(is_letter).all(|letter| looks_like(*letter).is_some());
    let imitates = all_alike && word.iter().filter(is_letter).all(|letter| !told.contains(&letter.script()));
    let is_mixed = AugmentedScriptSet::for_str(&word.iter().collect::<String>()).is_empty();
    let first = word.iter().find(|letter| if has_ascii { letter.is_ascii() } else { letter.is_alphabetic() });
    let own = first.copied().map(AugmentedScriptSet::for_char).unwrap_or_default();
    let mark = |letter: &char| {
        if letter.is_ascii() || !letter.is_alphanumeric() {
            return None;
        }
        if let Some(like) = looks_like(*letter).filter(|_| has_ascii || imitates) {
            return Some(Mark::LooksLike(like));
        }
        let mut both = own;
        both.intersect_with(AugmentedScriptSet::for_char(*letter));
        (is_mixed && both.is_empty()).then_some(Mark::Foreign)
    };
    word.iter().map(mark).collect()
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, letter, mark } = self;
        write!(f, "line {line}, column {column}: U+{:04X}, ", u32::from(*letter))?;
        let script = letter.script().full_name();
        match mark {
            Mark::Control => f.write_str("a control character"),
            Mark::Direction => f.write_str("which turns the direction of the text"),
            Mark::Invisible => f.write_str("of which nothing is seen"),
            Mark::Space => f.write_str("which looks like a space or an end of line"),
            Mark::Undefined => f.write_str("which stands for nothing that everybody knows"),
            Mark::LooksLike(like) => write!(f, "{script}, which looks like `{like}`"),
            Mark::Foreign => write!(f, "{script}, in a word of another script"),
            Mark::Blank(count) => write!(f, "{count} times in a row"),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Plain(text) | Piece::Marked(text) => f.write_str(text),
        })
    }
}

impl Shown {
    /// For a terminal: what is marked stands out there.
    pub fn standing_out(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Plain(text) => out.push_str(text),
                // Writing to text does not fail.
                Piece::Marked(text) => drop(write!(out, "\u{1b}[7;31m{text}\u{1b}[0m")),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
