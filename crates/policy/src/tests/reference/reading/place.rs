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
    let folded = folded(text, fold);
    Some(same_kind.iter().any(|directory| lies_in(&folded, &super::folded(directory, fold))))
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
