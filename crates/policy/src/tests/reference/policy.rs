//! A policy as its document: which entries apply to a name, and in which order.

use super::json::Json;
use crate::{Origin, Section};

pub(super) struct Policy {
    pub(super) origin: Origin,
    pub(super) document: Json,
}

/// An entry that is about a name.
#[derive(Debug, Clone)]
pub(super) struct Applied<'d> {
    pub(super) matcher: &'d str,
    /// JSON pointer.
    pub(super) pointer: String,
    pub(super) entry: &'d Json,
}

impl Applied<'_> {
    /// `"*"` and `all_tools` constrain and do not list.
    pub(super) fn lists(&self) -> bool {
        self.matcher != "*"
    }

    pub(super) fn is_exact(&self) -> bool {
        !self.matcher.contains('*')
    }
}

impl Policy {
    /// The entries about a name: the exact one, globs in the order of the file, `"*"`, `all_tools`.
    pub(super) fn applying(&self, section: Section, name: &str) -> Vec<Applied<'_>> {
        let mut all: Vec<_> =
            self.entries(section).into_iter().filter(|entry| glob(entry.matcher, name)).collect();
        let rank = |applied: &Applied<'_>| match (applied.is_exact(), applied.lists()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        all.sort_by_key(rank);
        all
    }

    /// All entries of a section, `all_tools` last.
    pub(super) fn entries(&self, section: Section) -> Vec<Applied<'_>> {
        let key = section.key();
        let of_section = self.document.get(key).map_or(&[][..], Json::members);
        let mut all: Vec<_> = of_section
            .iter()
            .map(|(matcher, entry)| Applied {
                matcher,
                pointer: format!("/{key}/{}", escaped(matcher)),
                entry,
            })
            .collect();
        if let (Section::Tools, Some(entry)) = (section, self.document.get("all_tools")) {
            all.push(Applied { matcher: "*", pointer: "/all_tools".to_owned(), entry });
        }
        all
    }

    /// The most specific `mode` wins.
    pub(super) fn is_shadow(&self, entry: Option<&Json>, part: Option<&Json>) -> bool {
        let modes = [part, entry, Some(&self.document)];
        modes.into_iter().flatten().find_map(|place| place.text_at("mode")) == Some("shadow")
    }

    /// What a named list stands for, and anything else itself.
    pub(super) fn listed<'d>(&'d self, value: &'d Json) -> &'d Json {
        match value.text_at("list") {
            Some(name) => self.document.get("lists").and_then(|lists| lists.get(name)).unwrap(),
            None => value,
        }
    }

    pub(super) fn allows_by_default(&self) -> bool {
        self.document.says("default", "allow")
    }
}

/// A token of a JSON pointer.
fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// `*` is any run of characters, and nothing else means anything.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| glob(after, &rest[at..]))
        }),
    }
}

#[test]
fn globs() {
    for (pattern, text, matches) in [
        ("a*", "a", true),
        ("a*", "ab", true),
        ("a*", "ba", false),
        ("g*t_*", "get_a", true),
        ("*a*a", "a", false),
        ("*", "", true),
        ("a", "A", false),
    ] {
        assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
    }
}
