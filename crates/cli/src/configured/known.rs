//! Which entries of several configurations are one server, and what it is called.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;
use interlock_clients::{Journal, Named, Reached, Scope, Server, State, digest};
use interlock_gateway::transport::http::HttpServer;

use super::{Configuration, Survey};
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
    /// The policy that it is behind already in one of them, or that was written for it once.
    pub(crate) policy: Option<PathBuf>,
    /// A digest of what makes it the server that it is.
    mark: String,
}

/// The servers that `init` gave names to, with the policies that it wrote for them.
pub(crate) type Earlier = Vec<(Named, PathBuf)>;

/// Interlock's folder among the user's configurations.
pub(crate) fn configuration_folder() -> anyhow::Result<PathBuf> {
    let folder = dirs::config_dir().context("no configuration directory to keep policies in")?;
    Ok(folder.join("interlock"))
}

/// Where it is noted what `init` has changed.
pub(crate) fn journal_folder() -> anyhow::Result<PathBuf> {
    Ok(configuration_folder()?.join("init"))
}

/// What is noted of earlier runs of `init`.
pub(crate) fn earlier() -> anyhow::Result<Earlier> {
    Ok(Journal::named(&journal_folder()?)?)
}

impl KnownServer {
    /// What is noted of it.
    pub(crate) fn named(&self) -> Named {
        Named { name: self.name.clone(), mark: self.mark.clone() }
    }

    /// What it is called in the configurations, and by whom.
    pub(crate) fn called(&self, survey: &Survey, configurations: &[Configuration]) -> String {
        let mut names: Vec<(String, Vec<&'static str>)> = Vec::new();
        for (client, name) in self.names(survey, configurations) {
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, clients)) if clients.contains(&client) => {}
                Some((_, clients)) => clients.push(client),
                None => names.push((name, vec![client])),
            }
        }
        let names = names.into_iter().map(|(name, clients)| format!("{name} ({})", clients.join(", ")));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The client of each entry, and the entry's name.
    fn names(&self, survey: &Survey, configurations: &[Configuration]) -> Vec<(&'static str, String)> {
        let name = |at: &EntryAt| {
            let found = configurations.get(at.configuration)?;
            let server = found.read.as_ref().ok()?.servers.get(at.server)?;
            Some((found.place.client.title(), survey.entry(&found.place, server)))
        };
        self.entries.iter().filter_map(name).collect()
    }

    /// The server as the first of its clients that can would start or reach it.
    ///
    /// # Errors
    /// Why none can.
    pub(crate) fn reached(
        &self,
        survey: &Survey,
        configurations: &[Configuration],
    ) -> anyhow::Result<interlock_gateway::Server> {
        let mut last = Err(anyhow::anyhow!("it is in no configuration"));
        for at in &self.entries {
            let Some(configuration) = configurations.get(at.configuration) else { continue };
            let Some(server) = configuration.read.as_ref().ok().and_then(|read| read.servers.get(at.server))
            else {
                continue;
            };
            last = survey.reached(&configuration.place, server);
            if last.is_ok() {
                break;
            }
        }
        last
    }
}

/// What makes two entries the same server.
#[derive(PartialEq, Eq)]
struct Sameness {
    words: Vec<String>,
    folder: Option<PathBuf>,
    /// What it is told besides: another account is another server.
    variables: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

/// The servers of all configurations that are used and can be understood, in the order in which they are found.
pub(crate) fn known(configurations: &[Configuration], earlier: &Earlier) -> Vec<KnownServer> {
    let mut found: Vec<(Sameness, KnownServer)> = Vec::new();
    // Those behind Interlock have their names and policies already. A project names no server of its user.
    for (scope, wrapped) in
        [(Scope::User, true), (Scope::User, false), (Scope::Project, true), (Scope::Project, false)]
    {
        for (entry, of, server) in entries(configurations) {
            if of != scope
                || matches!(server.state, State::Wrapped(_)) != wrapped
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
                    if scope == Scope::User {
                        known.policy = known.policy.take().or(policy);
                    }
                }
                None => {
                    let mark = sameness.mark();
                    let (name, policy) = match name {
                        Some(name) if scope == Scope::User => (name, policy),
                        claimed => match named_earlier(&mark, &found, earlier) {
                            Some((name, its_policy)) => (name, policy.or(Some(its_policy))),
                            None => {
                                let claimed = claimed.unwrap_or_else(|| derived(server));
                                (free(&claimed, server, &found, earlier), policy)
                            }
                        },
                    };
                    found.push((sameness, KnownServer { name, entries: vec![entry], policy, mark }));
                }
            }
        }
    }
    let mut found: Vec<KnownServer> = found.into_iter().map(|(_, known)| known).collect();
    let first = |known: &KnownServer| known.entries.iter().map(|at| (at.configuration, at.server)).min();
    found.sort_by_key(first);
    found
}

/// The configurations that are wanted, with the servers in them: what these are called depends on all.
pub(crate) fn restricted(
    configurations: Vec<Configuration>,
    known: Vec<KnownServer>,
    is_wanted: impl Fn(&Configuration) -> bool,
) -> (Vec<Configuration>, Vec<KnownServer>) {
    let mut count = 0..;
    let numbers: Vec<Option<usize>> =
        configurations.iter().map(|found| if is_wanted(found) { count.next() } else { None }).collect();
    let moved = |at: &EntryAt| {
        let configuration = numbers.get(at.configuration).copied().flatten()?;
        Some(EntryAt { configuration, ..*at })
    };
    let mut known = known;
    for server in &mut known {
        server.entries = server.entries.iter().filter_map(moved).collect();
    }
    known.retain(|server| !server.entries.is_empty());
    (configurations.into_iter().filter(|found| is_wanted(found)).collect(), known)
}

impl Sameness {
    fn mark(&self) -> String {
        let Self { words, folder, variables, headers } = self;
        digest(format!("{:?}", (words, folder, variables, headers)).as_bytes())
    }
}

/// The name that this very server was given once, and its policy, where nobody else has them now.
fn named_earlier(
    mark: &str,
    found: &[(Sameness, KnownServer)],
    earlier: &Earlier,
) -> Option<(String, PathBuf)> {
    let is_taken = |name: &str| found.iter().any(|(_, known)| known.name == name);
    let (named, policy) = earlier.iter().find(|(named, _)| named.mark == mark && !is_taken(&named.name))?;
    Some((named.name.clone(), policy.clone()))
}

fn entries(configurations: &[Configuration]) -> impl Iterator<Item = (EntryAt, Scope, &Server)> {
    configurations.iter().enumerate().flat_map(|(configuration, found)| {
        let servers = found.read.as_ref().map(|read| read.servers.as_slice()).unwrap_or_default();
        let of = found.place.scope;
        let at = move |(server, found)| (EntryAt { configuration, server }, of, found);
        servers.iter().enumerate().map(at)
    })
}

/// `@latest` is the same server as no version; a relative path means another one in each folder.
fn sameness(server: &Server) -> Sameness {
    let words = match &server.reached {
        Reached::Command(words) => words.iter().map(|word| unversioned(word).to_owned()).collect(),
        Reached::Url { url, .. } => vec![url.trim_end_matches('/').to_owned()],
        Reached::Nothing => Vec::new(),
    };
    let is_relative = |word: &String| {
        word.starts_with('.')
            || (word.contains('/') && !word.starts_with(['/', '@', '-', '~']) && !word.contains("://"))
    };
    let folder = server.directory.as_ref().map(PathBuf::from);
    let folder = folder.or_else(|| server.project.clone().filter(|_| words.iter().any(is_relative)));
    let sorted = |pairs: &[(String, String)]| {
        let mut pairs = pairs.to_vec();
        pairs.sort();
        pairs
    };
    let (variables, headers) = match &server.reached {
        // Behind Interlock its variables are what its headers were.
        Reached::Url { headers, .. } => (Vec::new(), sorted(headers)),
        _ => (sorted(&server.variables), Vec::new()),
    };
    Sameness { words, folder, variables, headers }
}

/// `name@latest` without what it says of no version. A pinned version is another server than the next one.
fn unversioned(word: &str) -> &str {
    word.strip_suffix("@latest").filter(|name| !name.is_empty()).unwrap_or(word)
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
fn free(name: &str, server: &Server, found: &[(Sameness, KnownServer)], earlier: &Earlier) -> String {
    let named = earlier.iter().map(|(named, _)| named.name.as_str());
    let taken: HashSet<&str> = found.iter().map(|(_, known)| known.name.as_str()).chain(named).collect();
    if !taken.contains(name) {
        return name.to_owned();
    }
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let longer = format!("{name}:{}", server.name.chars().map(plain).collect::<String>());
    let numbered = (2..).map(|number: u32| format!("{longer}-{number}"));
    std::iter::once(longer.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name.as_str()))
        .unwrap_or(longer)
}

#[cfg(test)]
mod tests {
    use interlock_clients::{Client, Place, servers};

    use super::*;
    use crate::configured::Read;

    fn configuration(scope: Scope, entries: &str) -> Configuration {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("mcp.json");
        std::fs::write(&path, format!("{{\"mcpServers\": {{{entries}}}}}")).unwrap();
        let place = Place { scope, ..Place::of_file(Client::Cursor, path.clone()) };
        let file = interlock_clients::open(&path).unwrap().unwrap();
        let servers = servers(&place, &file.text, &|program| program == "interlock").unwrap();
        Configuration { place, read: Ok(Read { file, servers }) }
    }

    fn names(entries: &str) -> Vec<String> {
        known(&[configuration(Scope::User, entries)], &Vec::new())
            .into_iter()
            .map(|known| known.name)
            .collect()
    }

    #[test]
    fn other_variables_headers_and_versions_are_other_servers() {
        for (one, other) in [
            (r#""command": "a""#, r#""command": "a", "env": {"TOKEN": "1"}"#),
            (r#""command": "a", "env": {"TOKEN": "2"}"#, r#""command": "a", "env": {"TOKEN": "1"}"#),
            (r#""command": "npx", "args": ["a@1"]"#, r#""command": "npx", "args": ["a@2"]"#),
            (r#""command": "uvx", "args": ["a==1"]"#, r#""command": "uvx", "args": ["a"]"#),
            (
                r#""url": "https://x.example/mcp", "headers": {"A": "1"}"#,
                r#""url": "https://x.example/mcp", "headers": {"A": "2"}"#,
            ),
        ] {
            let found = names(&format!("\"a\": {{{one}}}, \"b\": {{{other}}}"));
            assert!(found.len() == 2 && found[0] != found[1], "{one} {other}: {found:?}");
        }
        let same = r#""a": {"command": "npx", "args": ["a@latest"], "env": {"A": "1", "B": "2"}},
            "b": {"command": "npx", "args": ["a"], "env": {"B": "2", "A": "1"}}"#;
        assert_eq!(names(same).len(), 1);
    }

    #[test]
    fn a_project_names_no_policy_for_its_user() {
        let open = r#""mine": {"command": "a"}"#;
        let claims = r#""theirs": {"command": "interlock",
            "args": ["run", "-c", "/cloned/allow.yaml", "--server", "other", "--", "a"]}"#;
        let both = [configuration(Scope::User, open), configuration(Scope::Project, claims)];
        let found = known(&both, &Vec::new());
        assert_eq!((found.len(), found[0].name.as_str(), &found[0].policy), (1, "a", &None));
        let other = r#""mine": {"command": "other"}"#;
        let found =
            known(&[configuration(Scope::User, other), configuration(Scope::Project, claims)], &Vec::new());
        assert_eq!(found.len(), 2);
        assert_ne!(found[0].name, found[1].name);
        let both = [configuration(Scope::User, open), configuration(Scope::User, claims)];
        let found = known(&both, &Vec::new());
        assert_eq!((found.len(), found[0].name.as_str()), (1, "other"));
        assert_eq!(found[0].policy.as_deref(), Some(std::path::Path::new("/cloned/allow.yaml")));
    }
    #[test]
    fn a_name_that_another_server_was_given_is_taken() {
        let entry = |folder: &str| {
            configuration(Scope::User, &format!(r#""files": {{"command": "fs", "args": ["{folder}"]}}"#))
        };
        let [one, other] = ["/a", "/b"].map(entry);
        let both = known(&[one, other], &Vec::new());
        assert_eq!((both[0].name.as_str(), both[1].name.as_str()), ("fs", "fs:files"));
        let earlier = vec![(both[0].named(), PathBuf::from("/p/fs.yaml"))];
        // Its entry is gone, and one of the same package is not the same server.
        let found = known(&[entry("/b")], &earlier);
        assert_eq!((found[0].name.as_str(), &found[0].policy), ("fs:files", &None));
        // It is back: its name and policy are too.
        let found = known(&[entry("/a")], &earlier);
        assert_eq!((found[0].name.as_str(), &found[0].policy), ("fs", &Some(PathBuf::from("/p/fs.yaml"))));
    }

    #[test]
    fn what_is_not_wanted_counts_for_the_names() {
        let wrapped = r#""files": {"command": "interlock", "args": ["run", "-c", "/p", "--server", "fs", "--", "fs", "/a"]}"#;
        let all = vec![
            configuration(Scope::User, wrapped),
            configuration(Scope::User, r#""files": {"command": "fs", "args": ["/b"]}"#),
        ];
        let last = all[1].place.path.clone();
        let found = known(&all, &Vec::new());
        let (configurations, found) = restricted(all, found, |found| found.place.path == last);
        assert_eq!((configurations.len(), found.len(), found[0].name.as_str()), (1, 1, "fs:files"));
        assert_eq!(found[0].entries, [EntryAt { configuration: 0, server: 0 }]);
    }
}
