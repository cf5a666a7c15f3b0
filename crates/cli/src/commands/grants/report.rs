//! What is said of a grant and of its tokens.

use std::collections::BTreeMap;

use interlock_store::TokenEntry;
use serde::Serialize;

use crate::instance::wall_ms;
use crate::serving::Mistake;
use crate::settings::{Auth, Settings};
use crate::when;

pub(super) const GRANTS: [&str; 6] = ["GRANT", "SERVERS", "KNOWN BY", "EXPIRES", "TOKENS", "STATE"];

/// One grant, as the file says it, with how many of its tokens open something.
#[derive(Serialize)]
pub(super) struct GrantReport {
    grant: String,
    /// Whether the file has it. Tokens of one that it has no more open nothing.
    declared: bool,
    /// Each with its policy file, or `server` for the server's own.
    pub(super) servers: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    /// By what its holders are known.
    known_by: Vec<String>,
    /// When the grant itself does, as the file says it.
    pub(super) expires: Option<String>,
    pub(super) expired: bool,
    /// When the last of its tokens does; nothing where one never does, or where it has none.
    tokens_expire: Option<String>,
    /// When nobody can use it any more, by the earlier of the two.
    ends: Option<String>,
    /// By which: `grant` or `tokens`.
    ends_with: Option<EndsWith>,
    /// Whether that is over.
    ended: bool,
    /// All that were ever made.
    pub(super) tokens: Vec<Report>,
    /// What keeps it, and with it every change of the file, from being in force.
    problems: Vec<String>,
}

/// What ends the use of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndsWith {
    Grant,
    Tokens,
}

impl EndsWith {
    fn in_words(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Tokens => "last token",
        }
    }
}

/// When the last token ends that was not revoked; nothing where one never does.
fn last_end<'e>(own: impl Iterator<Item = &'e TokenEntry>) -> Option<i64> {
    let ends: Option<Vec<i64>> =
        own.filter(|entry| entry.revoked_ms.is_none()).map(|entry| entry.expires_ms).collect();
    ends?.into_iter().max()
}

/// The earlier end, and whose it is. Where holders are known by something else too, tokens end nothing.
fn end_of_use(grant: Option<i64>, tokens: Option<i64>) -> Option<(i64, EndsWith)> {
    let ends = [grant.map(|end| (end, EndsWith::Grant)), tokens.map(|end| (end, EndsWith::Tokens))];
    ends.into_iter().flatten().min_by_key(|(end, _)| *end)
}

impl GrantReport {
    pub(super) fn new(name: &str, settings: &Settings, entries: &[TokenEntry]) -> anyhow::Result<Self> {
        let declared = settings.grants.get(name);
        let takes_tokens_alone = declared.is_some_and(|grant| match &grant.auth {
            None => true,
            Some(ways) => ways.iter().all(|way| matches!(way, Auth::Token)),
        });
        let by_tokens_alone = takes_tokens_alone && settings.anonymous.as_deref() != Some(name);
        let mut known_by = match declared.map(|grant| grant.auth.as_deref()) {
            None => Vec::new(),
            Some(None) => vec![Auth::Token.in_words()],
            Some(Some(ways)) => ways.iter().map(Auth::in_words).collect(),
        };
        if settings.anonymous.as_deref() == Some(name) {
            known_by.push("nothing (anonymous)".to_owned());
        }
        let expires = declared.and_then(|grant| grant.expires.as_deref());
        let expires = expires.map(|time| settings.expand(time)).transpose()?;
        let ends = expires.as_ref().and_then(|time| when::point(time));
        let own = || entries.iter().filter(|entry| entry.grant == name);
        let tokens_end = last_end(own());
        let end = end_of_use(ends, tokens_end.filter(|_| by_tokens_alone));
        Ok(Self {
            grant: name.to_owned(),
            declared: declared.is_some(),
            servers: declared.map(|grant| grant.servers.clone()).unwrap_or_default(),
            labels: declared.map(|grant| grant.labels.clone()).unwrap_or_default(),
            known_by,
            expires,
            expired: ends.is_some_and(|end| end <= wall_ms()),
            tokens_expire: tokens_end.map(when::to_the_second),
            ends: end.map(|(end, _)| when::to_the_second(end)),
            ends_with: end.map(|(_, which)| which),
            ended: end.is_some_and(|(end, _)| end <= wall_ms()),
            tokens: own().map(|entry| Report::new(entry, settings)).collect(),
            problems: Vec::new(),
        })
    }

    /// The same, with those of all mistakes that are its own.
    pub(super) fn with(mut self, mistakes: &[Mistake]) -> Self {
        let own =
            |mistake: &&Mistake| mistake.keys.get(..2) == Some(&["grants".to_owned(), self.grant.clone()]);
        self.problems = mistakes.iter().filter(own).map(|mistake| mistake.message.clone()).collect();
        self
    }

    pub(super) fn row(&self) -> Vec<String> {
        let names: Vec<&str> = self.servers.keys().map(String::as_str).collect();
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let expires = match (&self.ends, self.ends_with) {
            (Some(time), Some(which)) => {
                let over = if self.ended { ", expired" } else { "" };
                format!("{time} ({}{over})", which.in_words())
            }
            _ => "never".to_owned(),
        };
        vec![
            self.grant.clone(),
            if self.declared { or_none(names.join(", ")) } else { "not in the file".to_owned() },
            or_none(self.known_by.join(", ")),
            expires,
            self.tokens.iter().filter(|token| token.state == "valid").count().to_string(),
            if self.problems.is_empty() { "good".to_owned() } else { self.problems.join("; ") },
        ]
    }
}

pub(super) const HEADER: [&str; 5] = ["TOKEN", "GRANT", "CREATED", "EXPIRES", "STATE"];

#[derive(Serialize)]
pub(super) struct Report {
    token: String,
    grant: String,
    created: String,
    expires: Option<String>,
    /// `valid`, `expired`, `revoked` or `no such grant`.
    state: &'static str,
}

impl Report {
    fn new(entry: &TokenEntry, settings: &Settings) -> Self {
        let state = match entry {
            TokenEntry { revoked_ms: Some(_), .. } => "revoked",
            TokenEntry { expires_ms: Some(expires), .. } if *expires <= wall_ms() => "expired",
            TokenEntry { grant, .. } if !settings.grants.contains_key(grant) => "no such grant",
            _ => "valid",
        };
        Self {
            token: entry.id.clone(),
            grant: entry.grant.clone(),
            created: when::to_the_second(entry.created_ms),
            expires: entry.expires_ms.map(when::to_the_second),
            state,
        }
    }

    pub(super) fn row(&self) -> Vec<String> {
        let never = || "never".to_owned();
        vec![
            self.token.clone(),
            self.grant.clone(),
            self.created.clone(),
            self.expires.clone().unwrap_or_else(never),
            self.state.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(expires_ms: Option<i64>, revoked_ms: Option<i64>) -> TokenEntry {
        let text = String::new;
        TokenEntry { id: text(), digest: text(), grant: text(), created_ms: 0, expires_ms, revoked_ms }
    }

    #[test]
    fn the_last_token_ends_it() {
        for (tokens, expected) in [
            (vec![], None),
            (vec![token(Some(5), None), token(Some(7), None)], Some(7)),
            (vec![token(Some(5), None), token(None, None)], None),
            (vec![token(Some(5), None), token(None, Some(1))], Some(5)),
            (vec![token(Some(9), Some(1)), token(Some(5), None)], Some(5)),
            (vec![token(Some(5), Some(1))], None),
        ] {
            assert_eq!(last_end(tokens.iter()), expected, "{tokens:?}");
        }
    }

    #[test]
    fn the_earlier_end_counts() {
        for (grant, tokens, expected) in [
            (None, None, None),
            (Some(5), None, Some((5, EndsWith::Grant))),
            (None, Some(5), Some((5, EndsWith::Tokens))),
            (Some(5), Some(4), Some((4, EndsWith::Tokens))),
            (Some(5), Some(5), Some((5, EndsWith::Grant))),
        ] {
            assert_eq!(end_of_use(grant, tokens), expected);
        }
    }
}
