//! A configuration's text for people: what may be a secret in it does not show.

use std::ops::Range;

use crate::format::{self, Format};
use crate::node::{Member, Node, Value};
use crate::server::ADDRESSES;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";

/// Words in the name of an option or variable whose value is a secret.
const TELLING: [&str; 16] = [
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "pass",
    "auth",
    "header",
    "credential",
    "bearer",
    "cookie",
    "dsn",
    "pwd",
    "jwt",
    "connection-string",
    "connectionstring",
];

/// The same, where they are a part of a name by themselves: others have these letters too.
const TELLING_PARTS: [&str; 5] = ["pat", "pw", "sas", "otp", "pin"];

/// Keys below which every value may be a secret.
const HOLDERS: [&str; 4] = ["env", "headers", "http_headers", "env_http_headers"];

/// Letters of a word that is shown wherever it stands.
const LONGEST_WORD: usize = 24;
/// Digits of a number that is.
const LONGEST_NUMBER: usize = 6;

/// What stands in front of a secret in a header.
const SCHEMES: [&str; 4] = ["Bearer", "bearer", "Basic", "basic"];

/// A value that is shorter than this is no secret: texts are full of such.
const LEAST_GIVEN: usize = 4;

/// What separates the words of a command line, a connection string or a remark.
const SEPARATORS: [char; 10] = [' ', '\t', '\n', '\r', ';', '&', ',', '|', '"', '\''];

/// A part of an address that is as long as this and of letters and digits mixed may be a key.
const LEAST_KEY: usize = 16;

/// The text with each value hidden that may be a secret: all but those that say which server is meant and how it is
/// started, and of these the ones that look like secrets. `None` where it cannot be read.
#[must_use]
pub fn masked(format: Format, text: &str) -> Option<String> {
    let root = format::read(format, text).ok()?;
    let mut secrets = Vec::new();
    collect(&root, None, false, &mut secrets);
    secrets.extend(remarks(&root, text));
    secrets.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in secrets {
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start)?);
        let quoted = text.get(range.clone())?.starts_with(['"', '\'']);
        out.push_str(&if quoted { format!("\"{HIDDEN}\"") } else { HIDDEN.to_owned() });
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// A line that a program has written, without what may be a secret in it: what looks like one, what follows the name of
/// one, and every one of those that the program was given.
#[must_use]
pub fn masked_line(line: &str, given: &[String]) -> String {
    let mut line = line.to_owned();
    for secret in given.iter().flat_map(|secret| secret.lines()).filter(|secret| secret.len() >= LEAST_GIVEN)
    {
        line = line.replace(secret, HIDDEN);
    }
    let mut out = String::with_capacity(line.len());
    let mut expects = false;
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let blank = piece.get(word.len()..).unwrap_or_default();
        // `KeyError:` is the name of no key.
        let is_name = word.ends_with([':', '=']) && !word.ends_with("Error:");
        let names = (is_name && tells(word)) || SCHEMES.contains(&word);
        let is_secret = (expects && !names && !word.is_empty())
            || (!names && is_secret(word.trim_end_matches([':', '='])));
        expects = names || (expects && word.is_empty());
        out.push_str(if is_secret { HIDDEN } else { word });
        out.push_str(blank);
    }
    out
}

/// The words of a command line that may be secrets.
#[must_use]
pub fn secrets_of(words: &[String]) -> Vec<String> {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = words.iter().zip(secret_words(&texts)).filter(|(_, secret)| *secret);
    found.map(|(word, _)| word.split_once('=').map_or(word.as_str(), |(_, value)| value).to_owned()).collect()
}

/// `is_telling` where it stands below a name of secrets.
fn collect(node: &Node, key: Option<&str>, is_telling: bool, secrets: &mut Vec<Range<usize>>) {
    let is_telling = is_telling || key.is_some_and(|key| HOLDERS.contains(&key) || tells(key));
    match &node.value {
        Value::Map(members, _) => {
            let each = |Member { key, value, .. }: &Member| collect(value, Some(key), is_telling, secrets);
            members.iter().for_each(each);
        }
        Value::List(items, _) if key == Some("args") => {
            let words: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
            let hidden = items.iter().zip(secret_words(&words)).filter(|(_, secret)| *secret);
            secrets.extend(hidden.map(|(item, _)| item.range.clone()));
        }
        Value::List(items, _) => items.iter().for_each(|item| collect(item, None, is_telling, secrets)),
        Value::Text(text) if is_plain(key, text) || (!is_telling && is_harmless(text)) => {}
        Value::Other if !is_telling && node.range.len() <= LONGEST_NUMBER => {}
        Value::Text(_) | Value::Block(_) | Value::Other | Value::Shared => secrets.push(node.range.clone()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// A short word by itself, as settings have them. What somebody wrote, an address or a path is nobody else's business.
fn is_harmless(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.len() <= LONGEST_WORD && text.chars().all(is_word) && !is_secret(text) && !is_mixed(text)
}

/// The remarks that may have a secret in them: entries that somebody has put out of use, most of all.
fn remarks(root: &Node, text: &str) -> Vec<Range<usize>> {
    let mut known = Vec::new();
    written(root, &mut known);
    known.push(text.len()..text.len());
    known.sort_by_key(|range| range.start);
    let mut found = Vec::new();
    let mut at = 0;
    for range in known {
        let between = text.get(at..range.start).unwrap_or_default();
        let mark = ["//", "/*", "#"].iter().filter_map(|mark| between.find(mark)).min();
        if let Some(mark) = mark {
            let mut start = at + mark;
            for line in text.get(start..range.start).unwrap_or_default().split_inclusive('\n') {
                let shown = line.trim_end();
                let blank = shown.len() - shown.trim_start().len();
                if tells(shown) || looks_random(shown) || is_secret(shown) {
                    found.push(start + blank..start + shown.len());
                }
                start += line.len();
            }
        }
        at = at.max(range.end);
    }
    found
}

/// Where keys and single values stand.
fn written(node: &Node, known: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(members, _) => members.iter().for_each(|Member { key_range, value, .. }| {
            known.push(key_range.clone());
            written(value, known);
        }),
        Value::List(items, _) => items.iter().for_each(|item| written(item, known)),
        _ => known.push(node.range.clone()),
    }
}

/// Whether a value may be shown.
fn is_plain(key: Option<&str>, text: &str) -> bool {
    match key {
        Some("command" | "path" | "type" | "transport" | "name" | "cwd") => !is_secret(text),
        Some(key) if ADDRESSES.contains(&key) => !is_secret_address(text),
        _ => false,
    }
}

/// `user:password@` in an address.
fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'))
}

/// Whether an address may have a secret in it: a query, a user, or a part that looks like a key.
pub(crate) fn is_secret_address(text: &str) -> bool {
    let (host, path) = split_address(text);
    text.contains(['?', '@', '#'])
        || looks_random(host)
        || path.split(['/', ';', '=', ':']).any(|part| looks_random(part) || is_mixed(part))
}

/// An address without its scheme: the host, and the path.
fn split_address(text: &str) -> (&str, &str) {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
}

/// Letters and digits mixed in one long run, or upper and lower case and digits.
fn is_mixed(part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    let is_run = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_cases = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    part.len() >= LEAST_KEY
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (is_run || has_cases)
}

/// Whether a value by itself may be a secret.
fn is_secret(text: &str) -> bool {
    secret_words(&[text]).contains(&true)
}

/// Whether a word that holds several has a secret among them: a connection string, or a line for a shell.
fn holds_secret(word: &str) -> bool {
    let pieces: Vec<&str> = word.split(SEPARATORS).filter(|piece| !piece.is_empty()).collect();
    pieces.len() > 1 && secret_words(&pieces).contains(&true)
}

/// Which words of a command line may be secrets.
fn secret_words(words: &[&str]) -> Vec<bool> {
    let mut expects = false;
    let secret = |word: &&str| {
        let follows = std::mem::take(&mut expects);
        let (name, value) =
            word.split_once(['=', ':']).map_or((*word, None), |(name, value)| (name, Some(value)));
        let telling = tells(name);
        expects = word.starts_with('-') && value.is_none() && telling && !word.ends_with("-env");
        let names_variable = word.contains("=INTERLOCK_HEADER_");
        let option = word.starts_with('-') && value.is_none();
        !names_variable
            && ((follows && !option)
                || (value.is_some() && telling)
                || has_credentials(word)
                || looks_random(word)
                || (word.contains("://") && is_secret_address(word))
                || holds_secret(word))
    };
    words.iter().map(secret).collect()
}

fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    TELLING.iter().any(|word| name.contains(word)) || parts.any(|part| TELLING_PARTS.contains(&part))
}

/// A long word of letters and digits mixed, as keys are, or a UUID. Paths and packages have separators.
fn looks_random(word: &str) -> bool {
    has_uuid(word) || has_long_run(word)
}

fn has_uuid(word: &str) -> bool {
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|run| {
        let parts: Vec<&str> = run.split('-').collect();
        let is_uuid = |five: &[&str]| {
            five.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && five.iter().all(is_hex)
        };
        parts.windows(5).any(is_uuid)
    })
}

fn has_long_run(word: &str) -> bool {
    let mut runs = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    runs.any(|run| {
        run.len() >= 24
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let text = r#"{ // c
  "apiKey": "SECRET", "n": 1,
  "mcpServers": { "a": {
    "command": "npx", "args": ["-y", "pkg@1", "--api-key", "SECRET", "TOKEN=SECRET", "/home/ada/notes"],
    "env": { "T": "SECRET" }, "headers": {"Authorization": "SECRET"} },
    "b": { "url": "https://x.example/mcp?key=SECRET" }, "c": { "url": "https://x.example/mcp" },
    "d": { "args": ["https://u:SECRET@h/", "sk_live_SECRETabcdefghij0123456789", "--header", "Authorization: SECRET"] } } }"#;
        let shown = masked(Format::JsonWithComments, text).unwrap();
        assert!(!shown.contains("SECRET"), "{shown}");
        for kept in ["npx", "pkg@1", "/home/ada/notes", "https://x.example/mcp\"", "--api-key", "// c"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        let shown = masked(Format::Toml, "[mcp_servers.a]\ncommand = 'x'\nenv = { A = 'SECRET' }\n").unwrap();
        assert_eq!(shown, "[mcp_servers.a]\ncommand = 'x'\nenv = { A = \"…\" }\n");
        let yaml = "a:\n  env:\n    B: SECRET\n    C: |\n      SECRET\n    D: !t SECRET\n    E: &a [SECRET]\n    F: *a\n";
        let shown = masked(Format::Yaml, yaml).unwrap();
        assert_eq!(shown, "a:\n  env:\n    B: …\n    C: |\n      …\n    D: …\n    E: …\n    F: …\n");
        let remarks = "{ // plain\n  // \"env\": {\"API_TOKEN\": \"SECRET\"},\n  \"a\": true /* the\n  key=SECRET */ }\n";
        let shown = masked(Format::JsonWithComments, remarks).unwrap();
        assert_eq!(shown, "{ // plain\n  …\n  \"a\": true /* the\n  …\n");
        let shown =
            masked(Format::Toml, "# token = SECRET\n[a] # mine\nb = true # sk0SECRETabcdefghij0123456789\n")
                .unwrap();
        assert_eq!(shown, "…\n[a] # mine\nb = true …\n");
        assert_eq!(masked(Format::Json, "{"), None);
        let settings = r#"{"theme": "dark", "starts": 12, "mail": "a@x.example", "said": "two words", "id": "u1234567890abcdef", "pin": 1234, "account": 12345678, "auth": {"kind": "b"}}"#;
        let shown = masked(Format::Json, settings).unwrap();
        assert_eq!(
            shown,
            r#"{"theme": "dark", "starts": 12, "mail": "…", "said": "…", "id": "…", "pin": …, "account": …, "auth": {"kind": "…"}}"#
        );
    }

    #[test]
    fn lines_of_programs_show_no_secrets() {
        let given = ["hunter2".to_owned(), "one line\nanother".to_owned(), "1".to_owned()];
        for (line, expected) in [
            ("  File \"/srv/a.py\", line 12, in main", "  File \"/srv/a.py\", line 12, in main"),
            ("KeyError: GITHUB_TOKEN is not set", "KeyError: GITHUB_TOKEN is not set"),
            ("cannot log in with hunter2, 1 try left", "cannot log in with …, 1 try left"),
            ("key is another", "key is …"),
            ("token: abc", "token: …"),
            ("sent Authorization: Bearer abc", "sent Authorization: Bearer …"),
            ("API_KEY=abc --token=x ok", "… … ok"),
            ("postgres://u:p@host/db refused", "… refused"),
            ("id sk0abcdefghij0123456789ABCDEF", "id …"),
        ] {
            assert_eq!(masked_line(line, &given), expected);
        }
        let words = ["srv", "--api-key", "abcd", "DB=x", "/data", "TOKEN=efgh"].map(str::to_owned);
        assert_eq!(secrets_of(&words), ["abcd", "efgh"]);
    }

    #[test]
    fn secrets_within_words_and_addresses_do_not_show() {
        for words in [
            &["Server=db;Password=hunter2"][..],
            &["sh", "-c", "cd /srv && API_KEY=x server"],
            &["server --token abc"],
            &["--pat", "abc"],
            &["--github-pat=abc"],
            &["-x", "6f9619ff-8b86-d011-b42d-00c04fc964ff"],
            &["https://x.example/api/mcp/s/Zk3Lq9XyAb7TpR2wQz/mcp"],
        ] {
            assert!(secret_words(words).contains(&true), "{words:?}");
        }
        for words in [
            &["--path", "/home/ada/my notes", "--pattern", "a b"][..],
            &["sh", "-c", "cd /srv && LANG=C server --verbose"],
            &["https://x.example/api/v2/2025-11-25/mcp", "@scope/server-of-things@1.2.3"],
        ] {
            assert!(!secret_words(words).contains(&true), "{words:?}");
        }
        let text = r#"{ "mcpServers": {
  "a": { "url": "https://x.example/api/mcp/s/Zk3Lq9XyAb7TpR2wQz/mcp" },
  "b": { "url": "https://x.example/mcp/6f9619ff-8b86-d011-b42d-00c04fc964ff" },
  "c": { "command": "API_KEY=SECRET server" }, "d": { "url": "https://mcp.x.example/tools/v1/mcp" } } }"#;
        let shown = masked(Format::Json, text).unwrap();
        assert_eq!(shown.matches(HIDDEN).count(), 3, "{shown}");
        assert!(shown.contains("https://mcp.x.example/tools/v1/mcp"), "{shown}");
    }

    #[test]
    fn what_interlock_puts_in_front_shows() {
        let words = [
            "run",
            "-c",
            "/home/ada/.config/interlock/policies/x.yaml",
            "--grant",
            "local",
            "--server",
            "awslabs.healthimaging-mcp-server",
            "--url",
            "https://x.example/mcp",
            "--header-env",
            "Authorization=INTERLOCK_HEADER_AUTHORIZATION",
            "--",
        ];
        assert!(secret_words(&words).iter().all(|secret| !secret), "{:?}", secret_words(&words));
    }
}
