//! Tools that a model, or a person, may take for one another by their names.

mod letter;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::classify::words_of_name;
use crate::lint::folded_name;
use crate::risk::Severity;

/// How two names are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// They are the same, at different servers. Common words are; an agent that sees both may call the wrong one.
    Same,
    /// Capital letters differ.
    Case,
    /// What stands between words differs: `get_user`, `get-user`, `getUser`. Different servers have different habits.
    Separators,
    /// One letter is missing, added, exchanged or in another place, which makes no other word.
    OneLetter,
    /// Letters differ that look the same, or have no width.
    Letters,
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "the same name",
            Self::Case => "capital letters differ",
            Self::Separators => "separators differ",
            Self::OneLetter => "one letter differs",
            Self::Letters => "letters that look alike",
        })
    }
}

impl Likeness {
    /// How much it matters where an agent sees both.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Same | Self::Separators => Severity::Low,
            Self::Case | Self::OneLetter => Severity::Medium,
            Self::Letters => Severity::High,
        }
    }
}

/// A name and the servers that have a tool of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bearers<'t> {
    /// The name.
    pub tool: &'t str,
    /// The servers, in the order of their names.
    pub servers: Vec<&'t str>,
}

/// Two names that are alike. Several that are all alike are told as pairs with the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookAlike<'t> {
    /// How.
    pub likeness: Likeness,
    /// How much it matters.
    pub severity: Severity,
    /// The first in the order of names, or of servers where the names are the same.
    pub first: Bearers<'t>,
    /// The other.
    pub second: Bearers<'t>,
}

/// Finds tools with names that are alike, among (server, tool). The time grows with the number of tools, not with its square.
#[must_use]
pub fn look_alikes<'t>(tools: impl IntoIterator<Item = (&'t str, &'t str)>) -> Vec<LookAlike<'t>> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (server, tool) in tools {
        names.entry(tool).or_default().push(server);
    }
    let mut shapes: BTreeMap<String, Vec<Bearers<'t>>> = BTreeMap::new();
    let mut found = Vec::new();
    for (tool, mut servers) in names {
        servers.sort_unstable();
        servers.dedup();
        if let [first, others @ ..] = servers.as_slice()
            && !others.is_empty()
        {
            let side = |servers: &[&'t str]| Bearers { tool, servers: servers.to_vec() };
            found.push(pair(Likeness::Same, side(&[first]), side(others)));
        }
        shapes.entry(shape(tool)).or_default().push(Bearers { tool, servers });
    }
    for bearers in shapes.values() {
        let Some((first, others)) = bearers.split_first() else { continue };
        found.extend(
            others.iter().map(|other| pair(likeness(first.tool, other.tool), first.clone(), other.clone())),
        );
    }
    let first_of = |shape: &String| shapes.get(shape).and_then(|bearers| bearers.first());
    for (one, other) in letter::apart_by_one(shapes.keys()) {
        if let (Some(one), Some(other)) = (first_of(one), first_of(other))
            && letter::is_slip(&words_of_name(one.tool), &words_of_name(other.tool))
        {
            found.push(pair(Likeness::OneLetter, one.clone(), other.clone()));
        }
    }
    found
}

fn pair<'t>(likeness: Likeness, first: Bearers<'t>, second: Bearers<'t>) -> LookAlike<'t> {
    LookAlike { likeness, severity: likeness.severity(), first, second }
}

/// What a name looks like: no separators, no case, look-alike letters as one.
fn shape(tool: &str) -> String {
    folded_name(tool).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// How two names of one shape differ.
fn likeness(one: &str, other: &str) -> Likeness {
    let lower = |name: &str| name.to_lowercase();
    let joined =
        |name: &str| lower(name).chars().filter(|letter| !"_-./: ".contains(*letter)).collect::<String>();
    if lower(one) == lower(other) && one.is_ascii() && other.is_ascii() {
        Likeness::Case
    } else if joined(one) == joined(other) && !has_invisible(one) && !has_invisible(other) {
        Likeness::Separators
    } else {
        Likeness::Letters
    }
}

fn has_invisible(name: &str) -> bool {
    name.chars().any(crate::lint::is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: Option<Likeness>) {
        let found = look_alikes([("a", one), ("b", other)]);
        assert_eq!(found.first().map(|pair| pair.likeness), expected, "{one} {other}");
        assert!(found.len() <= 1);
    }

    #[test]
    fn names_that_are_taken_for_one_another_are_found() {
        check("search", "search", Some(Likeness::Same));
        check("send_email", "Send_Email", Some(Likeness::Case));
        check("send_email", "sendEmail", Some(Likeness::Separators));
        check("send_email", "send-email", Some(Likeness::Separators));
        check("send_email", "sеnd_еmаil", Some(Likeness::Letters));
        check("send_email", "send\u{200b}_email", Some(Likeness::Letters));
        check("send_email", "send_emall", Some(Likeness::OneLetter));
        check("create_invoice", "create_invioce", Some(Likeness::OneLetter));
        check("create_invoice", "create_invoce", Some(Likeness::OneLetter));
    }

    #[test]
    fn names_that_mean_something_else_are_not() {
        for (one, other) in [
            ("get_user", "set_user"),
            ("get_item", "get_items"),
            ("search_v1", "search_v2"),
            ("page", "pages"),
            ("lock_account", "unlock_account"),
            ("get_user", "get_a_user"),
            ("list_pets", "list_bets"),
            ("order_created", "order_create"),
            ("send", "read"),
            ("hide_comment", "hire_comment"),
        ] {
            check(one, other, None);
        }
    }

    #[test]
    fn one_server_may_have_both() {
        let found = look_alikes([("a", "get_user"), ("a", "getUser"), ("a", "get_user")]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].likeness, found[0].severity), (Likeness::Separators, Severity::Low));
    }

    #[test]
    fn a_name_of_many_servers_is_told_once() {
        let servers: Vec<String> = (0..100).map(|number| format!("s{number:03}")).collect();
        let found = look_alikes(servers.iter().map(|server| (server.as_str(), "search")));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first.servers.len(), found[0].second.servers.len()), (1, 99));
    }

    #[test]
    fn a_row_of_names_is_no_imitation() {
        let names: Vec<String> = ('a'..='z').map(|letter| format!("sensor_{letter}_value")).collect();
        assert_eq!(look_alikes(names.iter().map(|name| ("s", name.as_str()))), []);
    }
}
