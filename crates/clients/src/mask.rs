//! A configuration's text for people: what may be a secret in it does not show.

use std::ops::Range;

use crate::format::{self, Format};
use crate::node::{Member, Node, Value};
use crate::server::ADDRESSES;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";

/// Words in the name of an option or variable whose value is a secret.
const TELLING: [&str; 12] = [
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
];

/// The text with each value hidden that may be a secret: all but those that say which server is meant and how it is
/// started, and of these the ones that look like secrets. `None` where it cannot be read.
#[must_use]
pub fn masked(format: Format, text: &str) -> Option<String> {
    let root = format::read(format, text).ok()?;
    let mut secrets = Vec::new();
    collect(&root, None, &mut secrets);
    secrets.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in secrets {
        out.push_str(text.get(at..range.start)?);
        let quoted = text.get(range.clone())?.starts_with(['"', '\'']);
        out.push_str(&if quoted { format!("\"{HIDDEN}\"") } else { HIDDEN.to_owned() });
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn collect(node: &Node, key: Option<&str>, secrets: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(members, _) => {
            members.iter().for_each(|Member { key, value, .. }| collect(value, Some(key), secrets));
        }
        Value::List(items, _) if key == Some("args") => {
            let words: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
            let hidden = items.iter().zip(secret_words(&words)).filter(|(_, secret)| *secret);
            secrets.extend(hidden.map(|(item, _)| item.range.clone()));
        }
        Value::List(items, _) => items.iter().for_each(|item| collect(item, None, secrets)),
        Value::Text(text) if is_plain(key, text) => {}
        Value::Text(_) | Value::Block(_) | Value::Other | Value::Shared => secrets.push(node.range.clone()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a value may be shown.
fn is_plain(key: Option<&str>, text: &str) -> bool {
    match key {
        Some("command" | "path" | "type" | "transport" | "name" | "cwd") => !has_credentials(text),
        Some(key) if ADDRESSES.contains(&key) => !text.contains('?') && !has_credentials(text),
        _ => false,
    }
}

/// `user:password@` in an address.
fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'))
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
                || (word.contains("://") && word.contains('?')))
    };
    words.iter().map(secret).collect()
}

fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|word| name.contains(word))
}

/// A long word of letters and digits mixed, as keys are. Paths and packages have separators.
fn looks_random(word: &str) -> bool {
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
        assert_eq!(masked(Format::Json, "{"), None);
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
