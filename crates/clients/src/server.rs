//! The servers of one configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::format::{self, SyntaxError};
use crate::node::{Member, Node, Value};
use crate::places::Place;

/// A server as a client has it. Its variables and headers may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name in the client.
    pub name: String,
    /// The project for which alone it counts.
    pub project: Option<PathBuf>,
    /// How it is reached.
    pub reached: Reached,
    /// Variables of its environment, as they are written.
    pub variables: Vec<(String, String)>,
    /// The folder that it is started in, as it is written.
    pub directory: Option<String>,
    /// What can be done with it.
    pub state: State,
    /// The keys that lead to it in the file, from the root; an item of a list by its number.
    pub(crate) keys: Vec<Key>,
}

/// A step towards a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Name(String),
    Item(usize),
}

/// How a server is reached, as it is written.
#[derive(Clone, PartialEq, Eq)]
pub enum Reached {
    /// By a command and its arguments.
    Command(Vec<String>),
    /// By its address.
    Url {
        /// The address.
        url: String,
        /// What it is sent.
        headers: Vec<(String, String)>,
    },
    /// The entry does not say.
    Nothing,
}

/// What can be done with a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The client starts or reaches it by itself.
    Open,
    /// The client does not use it.
    Disabled,
    /// It is behind Interlock.
    Wrapped(Wrapped),
    /// It is written in a way that is not understood; why.
    Unclear(String),
}

/// What the command line of a server behind Interlock says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrapped {
    /// Its policy.
    pub policy: Option<PathBuf>,
    /// Its name for limits and records.
    pub server: Option<String>,
    /// The grant.
    pub grant: Option<String>,
    /// The data directory.
    pub data: Option<PathBuf>,
}

/// Why the servers of a file cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not of its format.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// What holds the servers is of another type.
    #[error("`{key}` on line {line} holds no servers")]
    NoServers {
        /// The key.
        key: &'static str,
        /// Its line, from 1.
        line: usize,
    },
}

/// Never the values of variables, headers and arguments, which may be secrets.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Never the address and headers, which may be secrets.
impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(words) => f.debug_tuple("Command").field(&words.first()).finish(),
            Self::Url { .. } => f.write_str("Url"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// Whether the program of a command is Interlock itself. A name proves nothing: any file can be called `interlock`.
pub type IsOwn<'o> = &'o dyn Fn(&str) -> bool;

/// The servers of a place's file, in its order.
///
/// # Errors
/// The text is not of its format, or has something else in the place of servers.
pub fn servers(place: &Place, text: &str, is_own: IsOwn<'_>) -> Result<Vec<Server>, Unreadable> {
    let root = format::read(place.format, text)?;
    let mut found = Vec::new();
    let mut holder = |holder: &Node, keys: &[Key], project: Option<&Path>| {
        let Some(member) = holder.member(place.key) else { return Ok(()) };
        let keys: Vec<Key> = keys.iter().cloned().chain([Key::Name(place.key.to_owned())]).collect();
        let entries = entries(member).ok_or_else(|| Unreadable::NoServers {
            key: place.key,
            line: format::line_of(text, member.key_range.start),
        })?;
        for (key, name, node) in entries {
            let keys = keys.iter().cloned().chain([key]).collect();
            let mut server =
                Server { project: project.map(Path::to_owned), keys, ..entry(name, node, is_own) };
            if server.state == State::Open && is_excluded(place, &root, &server.name) {
                server.state = State::Disabled;
            }
            found.push(server);
        }
        Ok::<(), Unreadable>(())
    };
    holder(&root, &[], place.project.as_deref())?;
    if place.client == Client::ClaudeCode {
        // What a user has for single projects only.
        for Member { key, value, .. } in root.get("projects").map(Node::members).unwrap_or_default() {
            let keys = [Key::Name("projects".to_owned()), Key::Name(key.clone())];
            holder(value, &keys, Some(Path::new(key)))?;
        }
    }
    Ok(found)
}

/// The line of a place's file on which a server's entry begins, from 1. It is no part of the server: another entry moves it.
#[must_use]
pub fn line_of(place: &Place, text: &str, server: &Server) -> Option<usize> {
    let root = format::read(place.format, text).ok()?;
    root.at(&server.keys).map(|node| format::line_of(text, node.range.start))
}

/// The entries of what holds servers: a map by name, or a list whose items name themselves.
fn entries(member: &Member) -> Option<Vec<(Key, String, &Node)>> {
    match &member.value.value {
        Value::Map(members, _) => {
            let named = |member: &'_ Member| (Key::Name(member.key.clone()), member.key.clone());
            Some(
                members
                    .iter()
                    .map(|member| {
                        let (key, name) = named(member);
                        (key, name, &member.value)
                    })
                    .collect(),
            )
        }
        Value::List(items, _) => Some(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let name = item
                        .get("name")
                        .and_then(Node::text)
                        .map_or_else(|| format!("#{}", index + 1), str::to_owned);
                    (Key::Item(index), name, item)
                })
                .collect(),
        ),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Gemini CLI leaves out servers by lists of their names.
fn is_excluded(place: &Place, root: &Node, name: &str) -> bool {
    if place.client != Client::Gemini {
        return false;
    }
    let listed = |key: &str| {
        let list = root.get("mcp")?.get(key)?;
        Some(list.items().iter().any(|item| item.text() == Some(name)))
    };
    listed("excluded") == Some(true) || listed("allowed") == Some(false)
}

/// The keys under which clients have the address of a server.
pub(crate) const ADDRESSES: [&str; 3] = ["url", "serverUrl", "httpUrl"];

/// The keys under which clients have what a server is sent.
pub(crate) const HEADERS: [&str; 2] = ["headers", "http_headers"];

fn entry(name: String, node: &Node, is_own: IsOwn<'_>) -> Server {
    let mut server = Server {
        name,
        project: None,
        reached: Reached::Nothing,
        variables: texts(node.get("env")).unwrap_or_default(),
        directory: node.get("cwd").and_then(Node::text).map(str::to_owned),
        state: State::Open,
        keys: Vec::new(),
    };
    match reached(node) {
        Ok((reached, variables)) => {
            server.reached = reached;
            server.variables.extend(variables);
        }
        Err(why) => server.state = State::Unclear(why.to_owned()),
    }
    let is_text = node.get("env").is_none_or(|env| env.value == Value::Null || texts(Some(env)).is_some());
    if node.get("disabled").is_some_and(|value| value.is(true))
        || node.get("enabled").is_some_and(|value| value.is(false))
    {
        server.state = State::Disabled;
    } else if node.is_shared() {
        server.state = State::Unclear("parts of it stand elsewhere too (anchors or tags)".to_owned());
    } else if !is_text {
        server.state = State::Unclear("a variable of its `env` is no text".to_owned());
    } else if let Reached::Command(words) = &server.reached
        && let Some((wrapped, inner)) = unwrapped(words, &server.variables, is_own)
    {
        server.state = State::Wrapped(wrapped);
        server.reached = inner;
    }
    server
}

type Variables = Vec<(String, String)>;

fn reached(node: &Node) -> Result<(Reached, Variables), &'static str> {
    if !matches!(node.value, Value::Map(..) | Value::Shared) {
        return Err("it is no table");
    }
    let address = ADDRESSES.into_iter().find_map(|key| node.get(key));
    let (command, holder) = match node.get("command") {
        // Zed's older form has it all in one table.
        Some(inner) if matches!(inner.value, Value::Map(..)) => (inner.get("path"), inner),
        command => (command, node),
    };
    match (command, address) {
        (Some(_), Some(_)) => Err("it has both a command and an address"),
        (None, None) => Err("it has neither a command nor an address"),
        (Some(command), None) => {
            let program = command.text().filter(|text| !text.is_empty()).ok_or("its command is no text")?;
            let args = match holder.get("args") {
                None => &[],
                Some(args) if args.value == Value::Null => &[],
                Some(args) if matches!(args.value, Value::List(..)) => args.items(),
                Some(_) => return Err("its arguments are no list"),
            };
            let args: Option<Vec<String>> = args.iter().map(|arg| Some(arg.text()?.to_owned())).collect();
            let args = args.ok_or("one of its arguments is no text")?;
            let variables = if std::ptr::eq(holder, node) { None } else { texts(holder.get("env")) };
            let words = std::iter::once(program.to_owned()).chain(args).collect();
            Ok((Reached::Command(words), variables.unwrap_or_default()))
        }
        (None, Some(address)) => {
            let url = address.text().filter(|text| !text.is_empty()).ok_or("its address is no text")?;
            let headers = HEADERS.into_iter().find_map(|key| node.get(key));
            let headers = match headers {
                Some(headers) if headers.value != Value::Null => {
                    texts(Some(headers)).ok_or("one of its headers is no text")?
                }
                _ => Vec::new(),
            };
            Ok((Reached::Url { url: url.to_owned(), headers }, Vec::new()))
        }
    }
}

/// A map of texts.
fn texts(node: Option<&Node>) -> Option<Variables> {
    let node = node.filter(|node| matches!(node.value, Value::Map(..)))?;
    let pair = |member: &Member| Some((member.key.clone(), member.value.text()?.to_owned()));
    node.members().iter().map(pair).collect()
}

impl Server {
    /// The program of an open entry that looks as if it were behind Interlock (`…/interlock run … -- …`), but that is not
    /// known to be Interlock. Whoever wraps such an entry may wrap it twice; whoever trusts it trusts a name.
    #[must_use]
    pub fn claims_interlock(&self) -> Option<&str> {
        let Reached::Command(words) = &self.reached else { return None };
        let [program, first, rest @ ..] = words.as_slice() else { return None };
        let file = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let is_named = file == "interlock" || file.eq_ignore_ascii_case("interlock.exe");
        let leads_on = rest.iter().any(|word| word == "--" || word == "--url" || word.starts_with("--url="));
        (self.state == State::Open && is_named && first == "run" && leads_on).then_some(program)
    }
}

/// What stands behind `interlock run`, where that is what a command is.
fn unwrapped(
    words: &[String],
    variables: &[(String, String)],
    is_own: IsOwn<'_>,
) -> Option<(Wrapped, Reached)> {
    let (program, rest) = words.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    // With a PATH of its own, a bare name leads who knows where.
    let is_elsewhere =
        !program.contains(['/', '\\']) && variables.iter().any(|(name, _)| name.eq_ignore_ascii_case("PATH"));
    if first != "run" || is_elsewhere || !is_own(program) {
        return None;
    }
    let mut wrapped = Wrapped::default();
    let mut reached = Reached::Nothing;
    while let Some((word, after)) = rest.split_first() {
        if word == "--" {
            reached = Reached::Command(after.to_vec());
            break;
        }
        let (option, value, after) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value), after),
            None => (word.as_str(), after.first().map(String::as_str), after.get(1..).unwrap_or_default()),
        };
        let value = value.unwrap_or_default();
        match option {
            "-c" | "--policy" | "--config" => wrapped.policy = Some(PathBuf::from(value)),
            "--server" => wrapped.server = Some(value.to_owned()),
            "--grant" => wrapped.grant = Some(value.to_owned()),
            "--data" => wrapped.data = Some(PathBuf::from(value)),
            "--url" => {
                reached = Reached::Url { url: value.to_owned(), headers: header_options(words, variables) }
            }
            _ => {}
        }
        rest = after;
    }
    Some((wrapped, reached))
}

/// The headers that a command line takes from variables.
fn header_options(words: &[String], variables: &[(String, String)]) -> Vec<(String, String)> {
    let pairs = words.windows(2).filter_map(|pair| match pair {
        [option, value] if option == "--header-env" => value.split_once('='),
        _ => None,
    });
    let read = pairs.filter_map(|(name, variable)| {
        let (_, value) = variables.iter().find(|(known, _)| known == variable)?;
        Some((name.to_owned(), value.clone()))
    });
    read.collect()
}

impl Node {
    /// The value that these keys lead to.
    pub(crate) fn at(&self, keys: &[Key]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| match key {
            Key::Name(name) => node.get(name),
            Key::Item(index) => node.items().get(*index),
        })
    }
}
