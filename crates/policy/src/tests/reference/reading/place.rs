//! `within_path`.

use super::super::operator::folded;
use super::Judged;

pub(super) fn within_path(text: &str, directories: &[String], fold: bool) -> Judged {
    if could_be_read_otherwise(text) {
        return None;
    }
    let absolute = text.starts_with('/');
    let same_kind: Vec<&String> =
        directories.iter().filter(|directory| directory.starts_with('/') == absolute).collect();
    if same_kind.is_empty() || climbs_above_the_beginning(text) {
        return None;
    }
    let mut written = [text].into_iter().chain(same_kind.iter().map(|directory| directory.as_str()));
    let in_parts = written.any(|text| text.contains(comes_in_parts));
    let text = folded(text, fold);
    let directories: Vec<String> = same_kind.iter().map(|directory| folded(directory, fold)).collect();
    let lies = |change: fn(&str) -> String| {
        directories.iter().any(|directory| lies_in(&change(&text), &change(directory)))
    };
    let inside = lies(str::to_owned);
    // What is inside under one reading and outside under another is neither.
    let another =
        inside != lies(without_ends) || !inside && names(&text).any(is_short) || !inside && in_parts;
    (!another).then_some(inside)
}

/// Some systems leave out dots and blanks at the end of a name.
fn without_ends(text: &str) -> String {
    let name = |name: &str| match name {
        "." | ".." => name.to_owned(),
        name => name.trim_end_matches(['.', ' ']).to_owned(),
    };
    text.split('/').map(name).collect::<Vec<_>>().join("/")
}

/// `LONGNA~1.TXT`
fn is_short(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let numbered = |(before, number): (&str, &str)| {
        !before.is_empty() && !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
    };
    first.len() < 9 && first.rsplit_once('~').is_some_and(numbered)
}

/// Letters that systems put together, take apart, or replace.
fn comes_in_parts(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter) || ['\u{2126}', '\u{212a}', '\u{212b}'].contains(&letter)
}

fn could_be_read_otherwise(text: &str) -> bool {
    let bytes = text.as_bytes();
    let encoded = bytes.windows(3).any(|part| part[0] == b'%' && part[1..].iter().all(u8::is_ascii_hexdigit));
    let variable = bytes
        .windows(2)
        .any(|part| part[0] == b'$' && (part[1].is_ascii_alphabetic() || b"{(".contains(&part[1])));
    // A drive, or the scheme of a URL.
    let drive = !text.starts_with('/') && text.split('/').next().is_some_and(|first| first.contains(':'));
    text.is_empty()
        || text.trim() != text
        || text.contains(['\\', '\u{2215}', '\u{ff0f}', '\u{2024}', '\u{2025}', '\u{200b}'])
        || text.chars().any(char::is_control)
        || text.starts_with("//")
        || text.starts_with('~')
        || encoded
        || variable
        || drive
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('/').filter(|name| !name.is_empty() && *name != ".")
}

fn climbs_above_the_beginning(text: &str) -> bool {
    let mut depth = 0;
    for name in names(text) {
        depth += if name == ".." { -1 } else { 1 };
        if depth < 0 {
            return true;
        }
    }
    false
}

/// The names are worked out one after another; who has been in the directory and left it is not inside again, even if
/// the way leads back.
fn lies_in(text: &str, directory: &str) -> bool {
    let directory: Vec<&str> = names(directory).collect();
    let mut here: Vec<&str> = Vec::new();
    let mut inside = here.starts_with(&directory);
    for name in names(text) {
        if name == ".." {
            here.pop();
        } else {
            here.push(name);
        }
        let now = here.starts_with(&directory);
        if inside && !now {
            return false;
        }
        inside = now;
    }
    inside
}
