//! What passes is read alike by other readers: each here is a plain one, such as servers have, and some are careless.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Is, judged, quoted};

fn passes(name: &str, operand: &str, text: &str) -> bool {
    judged(name, operand, false, &quoted(text)) == Is::True
}

/// The names that a path leads through, once `.` and `..` are worked out.
fn worked_out(path: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
        match name {
            ".." => drop(names.pop()),
            name => names.push(name.to_owned()),
        }
    }
    names
}

/// What careless readers do to a path before they look at it.
fn rewritten(path: &str) -> Vec<String> {
    let decoded = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%5c", "/");
    let turned = path.replace(['\\', '\u{a5}', '\u{ff0f}', '\u{2215}'], "/").replace('\u{2025}', "..");
    let cut = path.split('\0').next().unwrap_or_default().to_owned();
    let name = |name: &str| {
        if name == ".." { name.to_owned() } else { name.trim_end_matches([' ', '.']).to_owned() }
    };
    let trimmed = path.split('/').map(name).collect::<Vec<_>>().join("/");
    let visible = path.chars().filter(|character| !matches!(character, '\u{200b}' | '\u{ad}')).collect();
    vec![path.to_owned(), decoded, turned, cut, trimmed, visible, path.trim().to_owned()]
}

/// The host by the generic syntax of RFC 3986, section 3.2, and by a reader who takes what follows the last `@`.
fn hosts(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let loose = rest.split(['/', '\\', '?', '#', ';']).next().unwrap_or_default();
    let bare = |text: &str| {
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        host.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
    };
    vec![bare(authority), bare(loose), bare(&authority.replace(['\t', '\n', '\r'], ""))]
}

#[rustfmt::skip]
const PATH: &[&str] = &["/", "/", "data", "..", ".", "etc", "database", "%2e", "%2f", "%5c", "\\", "\0", " ", ".", "~", "$HOME", "C:", "\u{ff0f}", "\u{2215}", "\u{2025}", "\u{a5}", "\u{200b}", "\u{ad}", "..;", "é", "a"];
#[rustfmt::skip]
const URL: &[&str] = &["https://", "http:", "//", "/", "\\", "@", ":", "?", "#", ".", "a.example", "evil.example", "b", "%40", "%2f", "\t", " ", "443", "\u{ff0e}", "\u{3002}", "\u{200b}", "[", "]", ";", ",", "user", "\u{212a}"];
#[rustfmt::skip]
const COMMAND: &[&str] = &["ls", "git", "status", " ", " ", "\t", "'", "\"", ";", "&", "|", "$", "`", "\\", "\n", "#", "*", "=", "A", "-la", "rm", "{", "}", "<", ">", "~", "!", "(", ")", "\u{a0}", "é"];
#[rustfmt::skip]
const MAIL: &[&str] = &["a", "@", "a.example", "evil.example", ".", "\"", "<", ">", ",", ";", " ", "(", ")", "%", "!", ":", "\n", "\u{ff0e}", "[", "]", "\\", "b", "%2e", "x."];
#[rustfmt::skip]
const ADDRESS: &[&str] = &["10", ".", ".", ".", "0", "1", "255", "256", "01", "0x", ":", "::", "ffff", "/8", "%", " ", "8", "db8"];

fn text(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(select(parts), 0..most).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_path_within_is_within_to_every_reader(rest in text(PATH, 10)) {
        let path = format!("/data/{rest}");
        if passes("within_path", r#""/data""#, &path) {
            for read in rewritten(&path) {
                let names = worked_out(&read);
                prop_assert_eq!(names.first().map(String::as_str), Some("data"), "{:?} as {:?}", path, read);
            }
        }
    }

    #[test]
    fn a_path_that_is_not_within_is_so_to_every_reader(rest in text(PATH, 10)) {
        let path = format!("/{rest}");
        if judged("within_path", r#""/data""#, false, &quoted(&path)) == Is::False {
            for read in rewritten(&path) {
                let names = worked_out(&read);
                // By way of somewhere else it is refused to a guard, and no objection's business.
                let round_about = path.contains("..");
                prop_assert!(round_about || names.first().map(String::as_str) != Some("data"), "{:?} as {:?}", path, read);
            }
        }
    }

    #[test]
    fn a_url_at_a_host_is_there_to_every_reader(rest in text(URL, 8)) {
        for url in [format!("https://{rest}"), format!("https://a.example{rest}"), format!("https://{rest}a.example/")] {
            if passes("url_host_in", r#""a.example""#, &url) {
                prop_assert!(hosts(&url).iter().all(|host| host == "a.example"), "{:?}: {:?}", url, hosts(&url));
            }
        }
    }

    #[test]
    fn a_command_line_is_words_to_a_shell(rest in text(COMMAND, 10)) {
        for line in [format!("ls {rest}"), rest.clone(), format!("{rest} ls")] {
            if passes("argv_in", r#"["ls", "git status"]"#, &line) {
                // Without quotation marks there is nothing to a shell but words, the first of them allowed.
                let plain: String = line.chars().filter(|character| !matches!(character, '\'' | '"')).collect();
                let words: Vec<&str> = plain.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
                let allowed = words.first() == Some(&"ls") || words.starts_with(&["git", "status"]);
                prop_assert!(allowed, "{:?}", line);
                prop_assert!(!line.contains('\n'), "{:?}", line);
                // In quotation marks a no-break space is a letter to every shell; outside, it looks like a blank.
                let quotes = line.contains(['\'', '"']);
                prop_assert!(quotes || !line.contains(['\u{a0}', ';', '&', '|', '$', '`', '\\', '<', '>', '*', '#']), "{:?}", line);
            }
        }
    }

    #[test]
    fn an_email_address_is_at_its_domain_to_every_reader(rest in text(MAIL, 8)) {
        for address in [rest.clone(), format!("{rest}@a.example"), format!("a@{rest}a.example"), format!("a@a.example{rest}")] {
            if passes("email_domain_in", r#"["a.example", "*.a.example"]"#, &address) {
                let after: Vec<&str> = address.split('@').collect();
                prop_assert_eq!(after.len(), 2, "{:?}", address);
                let ends = after[1] == "a.example" || after[1].ends_with(".a.example");
                prop_assert!(ends && !address.contains(['%', '<', '>', ',', ';', ':', ' ', '"', '(', '[']), "{:?}", address);
            }
        }
    }

    #[test]
    fn an_address_has_one_reading(text in text(ADDRESS, 9)) {
        if passes("ip_in", r#"["10.0.0.0/8", "2001:db8::/32"]"#, &text) {
            let parts: Vec<&str> = text.rsplit(':').next().unwrap_or_default().split('.').collect();
            prop_assert!(parts.iter().all(|part| part.len() == 1 || !part.starts_with('0') || text.contains(':')), "{:?}", text);
            prop_assert!(!text.contains([' ', '/', '%', 'x']), "{:?}", text);
        }
    }
}
