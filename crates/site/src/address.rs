//! Where a page is: names of anybody's making as names of files that every file system and web server takes.
//!
//! A name that is plain stays as it is. Any other becomes as much of it as is plain, with a digest of the whole behind it,
//! so that no two names share a file, also where a file system takes upper and lower case for the same. The file of a name
//! depends on nothing but the name: what else a catalogue holds moves no page.

use sha2::{Digest as _, Sha256};

/// As much of a name as is kept.
const KEPT: usize = 48;
/// Letters of the digest: 64 bits.
const DIGEST: usize = 16;

/// Names that pages of our own have, or that some systems keep for devices.
const TAKEN: [&str; 25] = [
    "index", "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7",
    "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];
/// Beginnings that pages of our own have.
const OURS: [&str; 3] = ["index-", "category-", "severity-"];

/// The name of a file or folder for any name.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut plain = String::with_capacity(KEPT + DIGEST + 1);
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => plain.push(c),
            'A'..='Z' => plain.push(c.to_ascii_lowercase()),
            _ if plain.is_empty() || plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
        if plain.len() == KEPT {
            break;
        }
    }
    let plain = plain.trim_matches(['-', '_']);
    if plain == name && !is_taken(plain) && !ends_like_a_digest(plain) {
        return plain.to_owned();
    }
    let digest = hex::encode(Sha256::digest(name));
    let digest = digest.get(..DIGEST).unwrap_or_default();
    if plain.is_empty() { format!("x-{digest}") } else { format!("{plain}-{digest}") }
}

fn is_taken(plain: &str) -> bool {
    plain.is_empty() || TAKEN.contains(&plain) || OURS.iter().any(|ours| plain.starts_with(ours))
}

/// Otherwise the file of one name could be that of another.
fn ends_like_a_digest(plain: &str) -> bool {
    plain
        .rsplit_once('-')
        .is_some_and(|(_, end)| end.len() == DIGEST && end.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The folder of a server's pages, below the site's.
#[must_use]
pub fn of_server(name: &str) -> String {
    let slug = slug(name);
    // Not too many in one folder. What a plain name begins with is one byte long.
    let first = slug.get(..2).unwrap_or(&slug).trim_end_matches(['-', '_']);
    format!("server/{first}/{slug}")
}

/// Whether a path could be one of a site's: below its folder, and of the letters that its files' names have.
#[must_use]
pub fn is_within(path: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    path.split('/').all(is_name)
}

/// From a page back to the folder of the site.
#[must_use]
pub(crate) fn back(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_has_a_file_of_its_own_that_every_system_takes() {
        let long = "a".repeat(500);
        let longer = "a".repeat(501);
        let names = [
            "github",
            "GitHub",
            "GITHUB",
            "github-",
            "_github",
            "../../x",
            "../x",
            "..",
            ".",
            "",
            "CON",
            "con",
            "nul",
            "aux.txt",
            "x/y",
            "x\\y",
            "x-y",
            "x y",
            "x\0y",
            "查询",
            "查 询",
            "index",
            "index-2",
            "category-read",
            "é",
            "e\u{301}",
            &long,
            &longer,
            "github-7c6f24d3b4e5a190",
            "%2e%2e%2f",
            "a:b",
            "a*?",
            "LPT1",
            "\u{202e}gpj",
            "a.html",
            "İ",
            "i\u{307}",
        ];
        let mut seen = HashSet::new();
        for name in names {
            let slug = slug(name);
            assert!(
                is_within(&slug) && slug.len() <= KEPT + DIGEST + 1 && !slug.contains('.'),
                "{name:?}: {slug}"
            );
            assert!(!TAKEN.contains(&slug.as_str()), "{name:?}: {slug}");
            assert!(!slug.ends_with('-') && !slug.is_empty(), "{name:?}: {slug}");
            assert!(seen.insert(slug.clone()), "{name:?}: {slug} is somebody else's");
            assert_eq!(slug, super::slug(name));
        }
        assert_eq!(slug("create_issue"), "create_issue");
        assert_eq!(of_server("github"), "server/gi/github");
        assert_eq!(of_server("x"), "server/x/x");
        assert!(of_server("a-b").starts_with("server/a/"));
    }

    #[test]
    fn no_name_takes_the_file_that_another_one_got() {
        let stolen = slug("GitHub");
        assert_ne!(slug(&stolen), stolen);
    }

    #[test]
    fn what_is_not_below_the_folder_is_no_page() {
        for path in ["index.html", "server/gi/github/a_b.html", "search/t0.js"] {
            assert!(is_within(path), "{path}");
        }
        for path in ["../x", "/etc/passwd", "a/../b", "a//b", ".git/x", "A", "a b", "", "a/", "C:x"] {
            assert!(!is_within(path), "{path}");
        }
    }
}
