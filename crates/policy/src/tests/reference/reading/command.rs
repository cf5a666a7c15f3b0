//! Command lines, and SQL by what is known of a few statements.

use super::Judged;

/// What a shell would do more with.
const MARKS: &str = ";&|<>()$`\\*?[]{}~#!%^=";

pub(super) fn argv_in(text: &str, wanted: &[String]) -> Judged {
    let words = words(text)?;
    Some(wanted.iter().any(|wanted| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        words.len() >= wanted.len() && words.iter().zip(wanted).all(|(word, wanted)| word == wanted)
    }))
}

/// POSIX words. `None` where a shell would see more than words.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        end if end == letter => break,
                        inner if inner.is_control() => return None,
                        inner if letter == '"' && "$`\\!%".contains(inner) => return None,
                        inner => word.push(inner),
                    }
                }
            }
            odd if odd.is_control() || MARKS.contains(odd) => return None,
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    words.first().is_some_and(|first| !first.is_empty()).then_some(words)
}

/// Statements, and the dialects in which each only reads.
pub(in super::super) const STATEMENTS: [(&str, &[&str]); 11] = [
    ("SELECT 1", &["postgres", "mysql", "sqlite", "generic"]),
    ("SELECT id, name FROM users WHERE id = 7", &["postgres", "mysql", "sqlite", "generic"]),
    ("SELECT count(*) FROM orders", &["postgres", "mysql", "sqlite", "generic"]),
    ("SELECT 'it''s; DROP TABLE x'", &["postgres", "mysql", "sqlite", "generic"]),
    ("SELECT pg_sleep(10)", &[]),
    ("DELETE FROM t", &[]),
    ("SELECT 1; DROP TABLE x", &[]),
    ("SELECT load_extension('x')", &[]),
    ("SELECT * FROM t FOR UPDATE", &[]),
    ("SELEC 1", &[]),
    ("", &[]),
];

/// A statement that writes is known to; of everything else nothing is known.
pub(super) fn sql_readonly(text: &str, dialect: &str) -> Judged {
    let known = STATEMENTS.iter().find(|(statement, _)| *statement == text);
    match known {
        Some((_, dialects)) if dialects.contains(&dialect) => Some(true),
        Some(("DELETE FROM t", _)) => Some(false),
        _ => None,
    }
}
