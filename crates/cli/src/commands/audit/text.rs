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

/// Text on one line, with nothing in it that a terminal would obey: an attacker chooses tools' names and
/// reasons.
pub(super) fn plain(text: &str) -> String {
    terminal::escaped(text).replace('\n', "\\n")
}

/// `2026-11-21T02:19:00.123Z 01kahz3b2c5xyz:12 deny     files/read_file local  reason`
pub(super) fn line(record: &Record, out: &mut String) {
    let (word, colour) = word(record);
    let instance = record.instance().as_str();
    let short = instance.get(..SHORT).unwrap_or(instance);
    let time = format_ms(record.time_ms());
    let _infallible =
        write!(out, "{DIM}{time} {short}:{:<5}{RESET} {colour}{word:<9}{RESET}", record.seq().0);
    if let Some(target) = target(record) {
        let _infallible = write!(out, " {BOLD}{target}{RESET}");
    }
    if let Some(grant) = record.text("grant") {
        let _infallible = write!(out, " {}", plain(&grant));
    }
    let more = more(record);
    if !more.is_empty() {
        let _infallible = write!(out, "  {more}");
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

/// `server/tool`, or the server or method alone.
fn target(record: &Record) -> Option<String> {
    let server = record.text("server").map(|text| plain(&text));
    let subject = record.subject().or_else(|| record.text("method")).map(|text| plain(&text));
    match (server, subject) {
        (Some(server), Some(subject)) => Some(format!("{server}/{subject}")),
        (server, subject) => server.or(subject),
    }
}

fn more(record: &Record) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(call) = record.number("call") {
        parts.push(format!("call :{call}"));
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
        let (verdict, rule, reason) = (&shadow.verdict, &shadow.rule, &shadow.reason);
        parts.push(format!("in shadow: {} by {}: {}", plain(verdict), plain(rule), plain(reason)));
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
