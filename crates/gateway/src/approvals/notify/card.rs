//! A message as people read it in a chat: short, and so that nothing in it passes for more than text.

use interlock_store::{Event, Standing};

use super::message::{Message, Told};
use crate::approvals::arguments::laid_out;
use crate::approvals::shown::{self, Shown};

/// Letters of one line of foreign text, and of all arguments.
const LINE: usize = 300;
const ARGUMENTS: usize = 2_000;

/// What a chat shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// In words of Interlock's own.
    pub(super) headline: &'static str,
    /// The same, with letters that are plain everywhere: for notifications, which show nothing else.
    pub(super) summary: String,
    /// What is said of the call, each with what it is.
    pub(super) rows: Vec<(&'static str, String)>,
    /// The arguments, where they are announced.
    pub(super) arguments: Option<String>,
    /// Addresses of the gateway's own.
    pub(super) links: Vec<(&'static str, String)>,
}

impl Card {
    pub(super) fn new(message: &Message<'_>) -> Self {
        let told = &message.approval;
        let headline = headline(message.event, message.standing);
        let arguments = told
            .arguments
            .as_ref()
            .map(|arguments| shortened(&shown::lines(&laid_out(arguments.get())), ARGUMENTS));
        Self {
            headline,
            summary: format!("{headline}: {} at {}", plain(told.name), plain(told.server)),
            rows: rows(told),
            arguments,
            links: links(told, message.standing),
        }
    }
}

fn headline(event: Event, standing: Standing) -> &'static str {
    match (event, standing) {
        (Event::Asked, Standing::Waiting) => "A call waits for a person",
        // By the time that it is told.
        (Event::Asked, _) => "A call waited for a person",
        (Event::Decided, Standing::Denied) => "A call was denied",
        (Event::Decided, _) => "A call was approved",
        (Event::Expired, _) => "An approval expired",
        (Event::Withdrawn, _) => "A call is asked about no more",
    }
}

fn rows(told: &Told<'_>) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("Calls", told.name.to_owned()),
        ("Server", told.server.to_owned()),
        ("Grant", told.grant.to_owned()),
        ("State", told.state.to_owned()),
    ];
    rows.extend(told.rule_name.as_ref().or(told.rule.as_ref()).map(|rule| ("Rule", rule.clone())));
    rows.extend(told.reason.as_ref().map(|reason| ("Reason", reason.clone())));
    if told.arguments.is_none() && !told.argument_names.is_empty() {
        rows.push(("Arguments", told.argument_names.join(", ")));
    }
    if told.needed > 1 {
        rows.push(("Needs", format!("{} people", told.needed)));
    }
    for decision in &told.decisions {
        let what = if decision.approves { "Yes" } else { "No" };
        let why = decision.reason.map(|why| format!(": {why}")).unwrap_or_default();
        rows.push((what, format!("{}{why}", decision.by)));
    }
    rows.push(("Expires", told.expires.clone()));
    rows.push(("Approval", told.id.to_owned()));
    rows.into_iter().map(|(what, text)| (what, shortened(&shown::line(&text), LINE))).collect()
}

fn links(told: &Told<'_>, standing: Standing) -> Vec<(&'static str, String)> {
    let mut links = Vec::new();
    links.extend(told.link.as_ref().map(|link| ("Look at it", link.clone())));
    if let (Standing::Waiting, Some(decide)) = (standing, &told.decide) {
        links.push(("Approve", decide.approve.clone()));
        links.push(("Deny", decide.deny.clone()));
    }
    links
}

/// Text with what hides or imitates something made visible, and no longer than so many letters.
fn shortened(shown: &Shown, most: usize) -> String {
    let letters: Vec<char> = shown.to_string().chars().collect();
    let begins: String = letters.iter().take(most).collect();
    match letters.len().saturating_sub(most) {
        0 => begins,
        more => format!("{begins}… ({more} more letters)"),
    }
}

/// A name in letters that no chat takes for anything else.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars().take(LINE) {
        if letter.is_ascii_alphanumeric() || "-_./: ".contains(letter) {
            out.push(letter);
        } else {
            out.extend(letter.escape_unicode());
        }
    }
    out
}
