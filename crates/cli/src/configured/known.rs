//! Which entries of several configurations are one server, and what it is called.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use interlock_clients::{Reached, Server, State};
use interlock_gateway::transport::http::HttpServer;

use super::Configuration;
use crate::server_name::server_name;

/// An entry of a configuration: its number among the configurations, and its own in that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryAt {
    pub(crate) configuration: usize,
    pub(crate) server: usize,
}

/// A server, in whichever configurations it is.
#[derive(Debug)]
pub(crate) struct KnownServer {
    /// Its name for limits and records.
    pub(crate) name: String,
    pub(crate) entries: Vec<EntryAt>,
    /// The policy that it is behind already in one of them.
    pub(crate) policy: Option<PathBuf>,
}

/// What makes two entries the same server.
#[derive(PartialEq, Eq)]
struct Sameness {
    words: Vec<String>,
    folder: Option<PathBuf>,
}

/// The servers of all configurations that are used and can be understood, in the order in which they are found.
pub(crate) fn known(configurations: &[Configuration]) -> Vec<KnownServer> {
    let mut found: Vec<(Sameness, KnownServer)> = Vec::new();
    // Those behind Interlock have their names and policies already.
    for wrapped in [true, false] {
        for (entry, server) in entries(configurations) {
            if matches!(server.state, State::Wrapped(_)) != wrapped
                || !matches!(server.state, State::Wrapped(_) | State::Open)
            {
                continue;
            }
            let sameness = sameness(server);
            let (name, policy) = match &server.state {
                State::Wrapped(wrapped) => (wrapped.server.clone(), wrapped.policy.clone()),
                _ => (None, None),
            };
            match found.iter_mut().find(|(known, _)| *known == sameness) {
                Some((_, known)) => {
                    known.entries.push(entry);
                    known.policy = known.policy.take().or(policy);
                }
                None => {
                    let name = name.unwrap_or_else(|| free(&derived(server), server, &found));
                    found.push((sameness, KnownServer { name, entries: vec![entry], policy }));
                }
            }
        }
    }
    let mut found: Vec<KnownServer> = found.into_iter().map(|(_, known)| known).collect();
    let first = |known: &KnownServer| known.entries.iter().map(|at| (at.configuration, at.server)).min();
    found.sort_by_key(first);
    found
}

fn entries(configurations: &[Configuration]) -> impl Iterator<Item = (EntryAt, &Server)> {
    configurations.iter().enumerate().flat_map(|(configuration, found)| {
        let servers = found.read.as_ref().map(|read| read.servers.as_slice()).unwrap_or_default();
        let at = move |(server, found)| (EntryAt { configuration, server }, found);
        servers.iter().enumerate().map(at)
    })
}

/// `@latest` and `@1.2` are the same server; a relative path means another one in each folder.
fn sameness(server: &Server) -> Sameness {
    let words = match &server.reached {
        Reached::Command(words) => words.iter().map(|word| unversioned(word).to_owned()).collect(),
        Reached::Url { url, .. } => vec![url.trim_end_matches('/').to_owned()],
        Reached::Nothing => Vec::new(),
    };
    let is_relative = |word: &String| word.starts_with('.') || (word.contains('/') && !word.starts_with(['/', '@', '-', '~']) && !word.contains("://"));
    let folder = server.directory.as_ref().map(PathBuf::from);
    let folder = folder.or_else(|| server.project.clone().filter(|_| words.iter().any(is_relative)));
    Sameness { words, folder }
}

/// `name@1.2`, `@scope/name@latest` and `name==1.2` without their versions.
fn unversioned(word: &str) -> &str {
    let is_version =
        |rest: &str| rest == "latest" || rest.starts_with(|c: char| c.is_ascii_digit() || "^~".contains(c));
    let cut = word.rfind('@').map(|at| (at, at + 1)).filter(|(at, _)| *at > 0);
    let cut = cut.or_else(|| word.find("==").map(|at| (at, at + 2)));
    match cut {
        Some((at, rest)) if is_version(word.get(rest..).unwrap_or_default()) => word.get(..at).unwrap_or(word),
        _ => word,
    }
}

/// What `interlock run` would call it.
fn derived(server: &Server) -> String {
    match &server.reached {
        Reached::Command(words) => {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            server_name(&words)
        }
        Reached::Url { url, .. } => match HttpServer::new(url, &[]) {
            Ok(reached) => reached.host().to_owned(),
            Err(_) => "server".to_owned(),
        },
        Reached::Nothing => "server".to_owned(),
    }
}

/// The name, or one that nobody has: two servers share neither limits nor pins because they are of one package.
fn free(name: &str, server: &Server, found: &[(Sameness, KnownServer)]) -> String {
    let taken: HashSet<&str> = found.iter().map(|(_, known)| known.name.as_str()).collect();
    if !taken.contains(name) {
        return name.to_owned();
    }
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let longer = format!("{name}:{}", server.name.chars().map(plain).collect::<String>());
    let numbered = (2..).map(|number: u32| format!("{longer}-{number}"));
    std::iter::once(longer.clone()).chain(numbered).find(|name| !taken.contains(name.as_str())).unwrap_or(longer)
}
