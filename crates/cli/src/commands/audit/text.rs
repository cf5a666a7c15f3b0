//! Records for people: a line each, or one whole.

use std::fmt::Write as _;

use interlock_audit::{Record, Shown, format_ms};
use interlock_gateway::duration;
use interlock_json::{Kind, Value};

use crate::terminal;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const DIM: &str = "\u{1b}[2m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";
/// Of an instance's name, what tells it from the others: its time and a little more.
const SHORT: usize = 14;
/// As wide as that with the number of a record.
const NUMBER: usize = SHORT + 6;

/// What tells an instance from the others, and is enough to name it.
pub(in crate::commands) fn short(instance: &str) -> &str {
    instance.get(..SHORT).unwrap_or(instance)
}

/// Text on one line, with nothing in it that a terminal would obey: an attacker chooses tools' names and
/// reasons.
pub(super) fn plain(text: &str) -> String {
    terminal::escaped(text).replace('\n', "\\n")
}

/// As wide as the longest kind of record, `policy_rejected`.
const WIDEST: usize = 15;

/// `2026-11-21T02:19:00.123Z 01kahz3b2c5xyz:12 deny            read_file on files for alice, reason`
pub(super) fn line(record: &Record, out: &mut String) {
    let (word, colour) = word(record);
    let time = format_ms(record.time_ms());
    let number = format!("{}:{}", short(record.instance().as_str()), record.seq().0);
    let _infallible = write!(out, "{DIM}{time} {number:<NUMBER$}{RESET} {colour}{word}{RESET}");
    let facts: Vec<String> =
        [about(record), more(record)].into_iter().filter(|part| !part.is_empty()).collect();
    if !facts.is_empty() {
        let gap = WIDEST.saturating_sub(word.len());
        let _infallible = write!(out, "{:gap$} {}", "", facts.join(", "));
    }
    out.push('\n');
}

/// What the record is, in a word, and its colour.
fn word(record: &Record) -> (String, &'static str) {
    let text = |key: &str| plain(&record.text(key).unwrap_or_default());
    match record.kind().as_ref() {
        "intent" | "refusal" => match text("verdict") {
            verdict if verdict == "proceed" => (verdict, GREEN),
            verdict if verdict == "ask" => (verdict, YELLOW),
            verdict => (verdict, RED),
        },
        "outcome" => match text("status") {
            status if status == "ok" => (status, GREEN),
            status => (status, YELLOW),
        },
        kind => {
            let grave = matches!(text("severity").as_str(), "high" | "critical");
            (plain(kind), if grave { RED } else { "" })
        }
    }
}

/// What stands in records for the grant of a caller that nobody knows. No grant can be called so.
const STRANGER: &str = "(unknown)";

/// `read_file on files for alice`, as much of it as the record says.
fn about(record: &Record) -> String {
    let subject = record.subject().map(|name| one_word(&name)).or_else(|| method(record));
    let subject = subject.map(|name| format!("{BOLD}{name}{RESET}"));
    let named = |key: &str| record.text(key).filter(|name| !name.is_empty());
    let server = named("server").map(|name| format!("on {}", one_word(&name)));
    let grant = named("grant").map(|name| match &*name {
        STRANGER => "by an unknown caller".to_owned(),
        name => format!("for {}", one_word(name)),
    });
    [subject, server, grant].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The method, where it is of nothing that has a name. What was refused before it was a message has none, nor has an
/// answer.
fn method(record: &Record) -> Option<String> {
    Some(match &*record.text("method")? {
        "HTTP" => "an HTTP request".to_owned(),
        "" => "a message".to_owned(),
        method => one_word(method),
    })
}

/// A server chooses the names of its tools: one with a blank or a comma could pretend to be several words of the line.
fn one_word(name: &str) -> String {
    if name.is_empty() || name.contains([' ', ',', '"']) { plain(&format!("{name:?}")) } else { plain(name) }
}

fn more(record: &Record) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(call) = record.number("call") {
        parts.push(format!("of record :{call}"));
    }
    if let Some(latency) = record.number("latency_us") {
        parts.push(format!("{}.{:03} ms", latency / 1000, latency % 1000));
    }
    if let Some(count) = record.number("count") {
        parts.push(format!("{count} times"));
    }
    if let Some(rule) = record.text("rule") {
        parts.push(named(record.text("name").as_deref(), &rule));
    }
    if let Some(reason) = record.text("reason").filter(|reason| !reason.is_empty()) {
        parts.push(plain(&reason));
    }
    if let Some(wait) = record.number("retry_after_ms") {
        parts.push(format!("again in {}", duration(wait)));
    }
    for shadow in record.shadow() {
        let rule = named(shadow.name.as_deref(), &shadow.rule);
        parts.push(format!("in shadow: {} by {rule}: {}", plain(&shadow.verdict), plain(&shadow.reason)));
    }
    if let Some(details) = record.root().get("details") {
        let facts =
            details.members().map(|(key, value)| format!("{}={}", plain(&key.text()), plain(value.raw())));
        parts.push(facts.collect::<Vec<_>>().join(" "));
    }
    parts.join(", ")
}

/// A rule by the name that its author gave it, and by its place.
fn named(name: Option<&str>, rule: &str) -> String {
    match name {
        Some(name) => format!("{} ({})", plain(name), plain(rule)),
        None => plain(rule),
    }
}

/// Every member on a line of its own.
pub(super) fn whole(shown: &Shown, out: &mut String) {
    members(&shown.record, out);
    if let Some(related) = &shown.related {
        let _infallible = write!(out, "\n{BOLD}The {} of the same call{RESET}\n\n", plain(&related.kind()));
        members(related, out);
    }
}

fn members(record: &Record, out: &mut String) {
    let widest = record.root().members().map(|(key, _)| key.text().chars().count()).max().unwrap_or(0);
    let mut row = |key: &str, value: &str| {
        let _infallible = writeln!(out, "{DIM}{key:<widest$}{RESET}  {value}");
    };
    let state =
        if record.is_intact() { "matches the record" } else { "does NOT match the record: it was changed" };
    row("leaf", &format!("{} ({state})", plain(record.leaf())));
    for (key, value) in record.root().members() {
        row(&plain(&key.text()), &shown(value));
    }
}

/// A string as its text, anything else as its JSON.
fn shown(value: Value<'_>) -> String {
    match value.kind() {
        Kind::String => plain(&value.as_str().unwrap_or_default()),
        _ => plain(value.raw()),
    }
}
