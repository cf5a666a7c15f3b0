//! Values without structure, and lists.

use interlock_json::Decimal;

use crate::diagnostic::{At, Report, did_you_mean, quoted};
use crate::document::Mode;
use crate::tree::{Node, Value};
use crate::window::{self, Window};
use crate::zone::Zone;

/// Longest text of a policy: names, reasons, addresses.
const MOST_TEXT: usize = 8_192;

/// What a name is.
pub(super) const A_NAME: &str = "write one line of text";

/// All the words there are, for who is not near any.
pub(super) fn known_are<'k>(known: impl Iterator<Item = &'k str>) -> String {
    let quoted: Vec<String> = known.map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [only] => format!("the only one is {only}"),
        all => format!("known are {}", all.join(", ")),
    }
}

/// Why a regular expression is none.
pub(super) fn bad_regex(why: &str, node: &Node, at: &At<'_>, report: &mut Report<'_>) {
    let help = if why.starts_with("is not valid") {
        "a sign that stands for itself needs `\\` before it: `\\(`, `\\.`"
    } else {
        "shorten it, or write it as several conditions"
    };
    report.error("bad-regex", node.mark(), at, format!("the regular expression {why}")).help(help);
}

pub(crate) fn text(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    match &node.value {
        Value::Text(text) if text.len() > MOST_TEXT => {
            report
                .error("too-long", node.mark(), at, format!("this text is longer than {MOST_TEXT} bytes"))
                .help("shorten it");
            None
        }
        Value::Text(text) => Some(text.as_str().to_owned()),
        Value::Null | Value::List(_) | Value::Map(_) => {
            report
                .error("wrong-type", node.mark(), at, format!("expected text, found {}", node.kind()))
                .help("write one text here");
            None
        }
        Value::Bool(_) | Value::Number(_) => {
            report
                .error("wrong-type", node.mark(), at, format!("expected text, found {}", node.kind()))
                .help("put it in quotes");
            None
        }
    }
}

/// Text that names something: not empty, one line.
pub(crate) fn name(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = text(node, at, report)?;
    if text.is_empty() || text.chars().any(char::is_control) {
        report
            .error("bad-name", node.mark(), at, "a name is not empty and has no control characters")
            .help(A_NAME);
        return None;
    }
    Some(text)
}

pub(crate) fn boolean(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<bool> {
    if let Value::Bool(value) = node.value {
        return Some(value);
    }
    let message = format!("expected true or false, found {}", node.kind());
    report.error("wrong-type", node.mark(), at, message).help("write `true` or `false`, without quotes");
    None
}

pub(crate) fn decimal(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Decimal> {
    match &node.value {
        Value::Number(number) => {
            let parsed = Decimal::parse(number).ok();
            if parsed.is_none() {
                let message = format!("{} has too many digits to be compared exactly", quoted(number));
                report
                    .error("number-out-of-range", node.mark(), at, message)
                    .help("write a number of at most 38 digits");
            }
            parsed
        }
        Value::Text(text) if Decimal::parse(text).is_ok() => {
            report
                .error("wrong-type", node.mark(), at, "expected a number, found text")
                .help("write it without quotes");
            None
        }
        _ => {
            report
                .error("wrong-type", node.mark(), at, format!("expected a number, found {}", node.kind()))
                .help("write a number such as `500` or `0.5`");
            None
        }
    }
}

/// A number that is not negative.
pub(crate) fn amount(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Decimal> {
    let number = decimal(node, at, report)?;
    if number.is_negative() {
        report.error("negative", node.mark(), at, "this number must not be negative").help("write 0 or more");
        return None;
    }
    Some(number)
}

/// A number of calls.
pub(crate) fn count(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Decimal> {
    let number = amount(node, at, report)?;
    if !number.is_integer() {
        report
            .error("not-whole", node.mark(), at, "a number of calls is a whole number")
            .help("leave the fraction out");
        return None;
    }
    Some(number)
}

pub(crate) fn one_of<T: Copy>(
    node: &Node,
    words: &[(&'static str, T)],
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Option<T> {
    #[cfg(test)]
    super::fields::opened::note_words(&at.pointer(), words);
    let Value::Text(text) = &node.value else {
        let message = format!("expected {}, found {}", alternatives(words), node.kind());
        report
            .error("wrong-type", node.mark(), at, message)
            .help("write the word without anything around it");
        return None;
    };
    let found = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
    if found.is_none() {
        let of = if words.len() > 1 { "one of " } else { "" };
        let message = format!("{} is not {of}{}", quoted(text), alternatives(words));
        let help = other_word(text, words)
            .map(|word| format!("did you mean `{word}`?"))
            .or_else(|| did_you_mean(text, words.iter().map(|(word, _)| *word)))
            .unwrap_or_else(|| match words {
                [(only, _)] => format!("write `{only}`"),
                _ => "write one of them".to_owned(),
            });
        report.error("unknown-word", node.mark(), at, message).help(help);
    }
    found
}

/// Words of other programs, and ours of the same meaning.
const OTHER_WORDS: [(&str, &[&str]); 6] = [
    ("deny", &["block", "disallow", "forbid", "none", "prohibit", "refuse", "reject"]),
    ("allow", &["accept", "all", "grant", "pass", "permit"]),
    ("require_approval", &["approval", "approve", "ask", "ask_human", "confirm", "hold", "prompt"]),
    ("evaluate", &["check", "condition", "require", "validate"]),
    ("shadow", &["audit", "dry_run", "dry-run", "log", "monitor", "observe", "report", "warn"]),
    ("enforce", &["active", "block", "live", "on", "strict"]),
];

/// The word of `words` that means what `text` means elsewhere.
fn other_word<T>(text: &str, words: &[(&'static str, T)]) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let ours = OTHER_WORDS.iter().filter(|(_, others)| others.contains(&lower.as_str()));
    ours.map(|(ours, _)| *ours).find(|ours| words.iter().any(|(word, _)| word == ours))
}

fn alternatives<T>(words: &[(&'static str, T)]) -> String {
    let mut out = String::new();
    for (index, (word, _)) in words.iter().enumerate() {
        out.push_str(match index {
            0 => "`",
            _ if index + 1 == words.len() => "` or `",
            _ => "`, `",
        });
        out.push_str(word);
    }
    out.push('`');
    out
}

pub(crate) fn mode(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Mode> {
    one_of(node, &[("enforce", Mode::Enforce), ("shadow", Mode::Shadow)], at, report)
}

/// The items of a list; null is an empty one.
pub(crate) fn list<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    mut read: impl FnMut(&Node, &At<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.value {
        Value::List(items) => {
            // How many can be read is not known before, but mostly all: what is collected would grow step by step.
            let mut all = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                all.extend(read(item, &at.index(index), report));
            }
            Some(all)
        }
        Value::Null => Some(Vec::new()),
        _ => {
            report
                .error("wrong-type", node.mark(), at, format!("expected a list, found {}", node.kind()))
                .help("begin each item with `- `, or put the items in brackets");
            None
        }
    }
}

/// The items of a list, with a stand-in for each that cannot be read: what comes later then still finds the others
/// under the index that they have in the text.
pub(crate) fn list_in_place<T>(
    node: &Node,
    at: &At<'_>,
    report: &mut Report<'_>,
    stand_in: impl Fn() -> T,
    mut read: impl FnMut(&Node, &At<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    list(node, at, report, |item, at, report| Some(read(item, at, report).unwrap_or_else(&stand_in)))
}

/// A window: a word, a number of seconds, or a number with a unit.
pub(crate) fn window(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Window> {
    let found = match &node.value {
        Value::Text(text) => Window::parse(text),
        Value::Number(number) => {
            let seconds = Decimal::parse(number).ok().and_then(Decimal::to_i128);
            seconds.and_then(|seconds| Window::parse(&seconds.to_string()))
        }
        _ => None,
    };
    if found.is_none() {
        not_a_window(node, at, report);
    }
    found
}

pub(crate) fn not_a_window(node: &Node, at: &At<'_>, report: &mut Report<'_>) {
    let message = match &node.value {
        Value::Text(text) => format!("{} is not a window", quoted(text)),
        Value::Number(number) => format!("{} is not a window", quoted(number)),
        _ => format!("expected a window, found {}", node.kind()),
    };
    let words = ["minute", "hour", "day", "week", "month"];
    let near = match &node.value {
        Value::Text(text) => did_you_mean(text, words),
        _ => None,
    };
    let help = near.unwrap_or_else(|| {
        "a window is `minute`, `hour`, `day`, `week`, `month`, seconds, or a number with `s`, `m`, `h` or `d`".to_owned()
    });
    report.error("bad-window", node.mark(), at, message).help(help);
}

/// A span of time in seconds: `30m`, or a number of seconds.
pub(crate) fn duration(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<u64> {
    let found = match &node.value {
        Value::Text(text) => window::seconds(text),
        Value::Number(number) => {
            let seconds = Decimal::parse(number).ok().and_then(Decimal::to_i128);
            seconds.and_then(|seconds| window::seconds(&seconds.to_string()))
        }
        _ => None,
    };
    if found.is_none() {
        let message = "expected a span of time from one second to ten years";
        report.error("bad-duration", node.mark(), at, message).help("such as `90s`, `30m`, `2h` or `1d`");
    }
    found
}

/// A time zone by its IANA name.
pub(crate) fn timezone(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Zone> {
    let name = text(node, at, report)?;
    let zone = Zone::named(&name);
    if zone.is_none() {
        let help = if report.is_full() { None } else { did_you_mean(&name, Zone::names()) };
        let help = help.unwrap_or_else(|| "write a name such as `Europe/Berlin` or `UTC`".to_owned());
        let message = format!("no time zone is called {}", quoted(&name));
        report.error("unknown-timezone", node.mark(), at, message).help(help);
    }
    zone
}
