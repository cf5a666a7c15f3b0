//! Putting Interlock in front of a server in its client's configuration: which bytes go, and what comes instead.

mod splice;
pub(crate) mod unwire;

use crate::format::{self, Format};
use crate::mask::is_secret_address;
use crate::node::{Layout, Member, Node, Value};
use crate::places::Place;
use crate::server::{ADDRESSES, HEADERS, IsOwn, Reached, Server, State, Unreadable, Wrapped, servers};
use splice::{Splice, Writing, spliced};

/// The variables into which a server's headers go begin so.
const HEADER_VARIABLE: &str = "INTERLOCK_HEADER_";

/// Keys of an entry with an address that mean the same beside a command. Others are the client's own ways to reach it.
const KEPT: [&str; 25] = [
    "name",
    "description",
    "type",
    "transport",
    "disabled",
    "enabled",
    "timeout",
    "trust",
    "source",
    "settings",
    "gallery",
    "version",
    "autoApprove",
    "alwaysAllow",
    "disabledTools",
    "enabledTools",
    "includeTools",
    "excludeTools",
    "enabled_tools",
    "disabled_tools",
    "startup_timeout_sec",
    "startup_timeout_ms",
    "tool_timeout_sec",
    "required",
    "connectionTimeout",
];

/// What is put in front of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapping {
    /// This program, by its absolute path.
    pub program: String,
    /// What its command line says, as it is read back.
    pub wrapped: Wrapped,
}

/// A server of a file, and what is put in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Rewiring<'r> {
    /// As [`servers`] gave it.
    pub server: &'r Server,
    /// What is put in front.
    pub wrapping: &'r Wrapping,
}

/// Why an entry is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewireError {
    /// The file is not what it was.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The server is not there, or is behind Interlock already, or is not used.
    #[error("it is not there to be put behind Interlock")]
    NotThere,
    /// The client reaches it in a way that a command line cannot say.
    #[error("`{key}` is something that only its client can do")]
    OnlyClient {
        /// The key of its entry.
        key: String,
    },
    /// An address that may hold a secret.
    #[error(
        "its address has a query, a user or a part that looks like a key, which would be seen on a command line"
    )]
    SecretAddress,
    /// It has variables beside an address.
    #[error("it has variables beside its headers")]
    Variables,
    /// A value is written over several lines, or in another way that cannot be replaced by itself.
    #[error("it is written in a way that cannot be changed by itself")]
    Layout,
    /// What came out does not read as it should.
    #[error("changing it would change more than it")]
    Unsafe,
}

/// The file's text with these servers behind Interlock. Nothing but their commands, arguments, addresses and the names of
/// their headers changes.
///
/// # Errors
/// [`RewireError`] of the first that cannot be changed.
pub fn rewire(
    place: &Place,
    text: &str,
    rewirings: &[Rewiring<'_>],
    is_own: IsOwn<'_>,
) -> Result<String, RewireError> {
    let before = servers(place, text, is_own)?;
    let root = format::read(place.format, text).map_err(Unreadable::from)?;
    let mut splices = Vec::new();
    for Rewiring { server, wrapping } in rewirings {
        if !before.contains(server) || server.state != State::Open {
            return Err(RewireError::NotThere);
        }
        let node = root.at(&server.keys).ok_or(RewireError::NotThere)?;
        let entry = Entry { node, writing: Writing { text, format: place.format }, wrapping };
        match &server.reached {
            Reached::Command(words) => entry.command(words, &mut splices)?,
            Reached::Url { url, headers } => entry.address(url, headers, &mut splices)?,
            Reached::Nothing => return Err(RewireError::NotThere),
        }
    }
    let after = spliced(text, splices).ok_or(RewireError::Unsafe)?;
    if !is_as_meant(place, (&before, &after), rewirings, is_own) {
        return Err(RewireError::Unsafe);
    }
    Ok(after)
}

/// Whether the new text reads as the old one but for the servers that are behind Interlock now.
fn is_as_meant(
    place: &Place,
    (before, after): (&[Server], &str),
    rewirings: &[Rewiring<'_>],
    is_own: IsOwn<'_>,
) -> bool {
    let Ok(after) = servers(place, after, is_own) else { return false };
    let is_meant = |old: &Server, new: &Server| {
        let Some(Rewiring { wrapping, .. }) = rewirings.iter().find(|rewiring| rewiring.server == old) else {
            return old == new;
        };
        let variables = match &old.reached {
            Reached::Url { .. } => true,
            _ => old.variables == new.variables,
        };
        new.name == old.name
            && new.project == old.project
            && new.keys == old.keys
            && new.directory == old.directory
            && new.reached == old.reached
            && new.state == State::Wrapped(wrapping.wrapped.clone())
            && variables
    };
    before.len() == after.len() && before.iter().zip(&after).all(|(old, new)| is_meant(old, new))
}

/// One entry that is being changed.
struct Entry<'e> {
    node: &'e Node,
    writing: Writing<'e>,
    wrapping: &'e Wrapping,
}

impl Entry<'_> {
    /// The words in front of the server's.
    fn words(&self) -> Vec<String> {
        let Wrapped { policy, server, grant, data } = &self.wrapping.wrapped;
        let options = [
            ("-c", policy.as_ref().map(|path| path.display().to_string())),
            ("--grant", grant.clone()),
            ("--server", server.clone()),
            ("--data", data.as_ref().map(|path| path.display().to_string())),
        ];
        let options = options.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?]));
        std::iter::once("run".to_owned()).chain(options.flatten()).collect()
    }

    fn command(&self, words: &[String], splices: &mut Vec<Splice>) -> Result<(), RewireError> {
        let (command, holder) = command_of(self.node).ok_or(RewireError::NotThere)?;
        let mut front = self.words();
        front.push("--".to_owned());
        front.extend(words.first().cloned());
        splices.push(self.replaced(&command.value, &self.wrapping.program)?);
        match holder.member("args") {
            None => {
                let list = self.writing.list(&front);
                let layout = layout_of(holder).ok_or(RewireError::Layout)?;
                splices.push(self.writing.member_after(command, layout, "args", &list));
            }
            Some(args) if args.value.value == Value::Null && !args.value.range.is_empty() => {
                splices.push(Splice::new(args.value.range.clone(), self.writing.list(&front)));
            }
            Some(args) => {
                splices.push(self.writing.in_front(&args.value, &front).ok_or(RewireError::Layout)?)
            }
        }
        Ok(())
    }

    fn address(
        &self,
        url: &str,
        headers: &[(String, String)],
        splices: &mut Vec<Splice>,
    ) -> Result<(), RewireError> {
        let address =
            ADDRESSES.into_iter().find_map(|key| self.node.member(key)).ok_or(RewireError::NotThere)?;
        let others = self.node.members().iter().map(|member| member.key.as_str());
        let mut others = others.filter(|key| *key != address.key && !HEADERS.contains(key));
        if let Some(key) = others.find(|key| !KEPT.contains(key)) {
            return match key {
                "env" => Err(RewireError::Variables),
                _ => Err(RewireError::OnlyClient { key: key.to_owned() }),
            };
        }
        if is_secret_address(url) {
            return Err(RewireError::SecretAddress);
        }
        let mut words = self.words();
        words.extend(["--url".to_owned(), url.to_owned()]);
        let variables = variables(headers);
        for ((header, _), variable) in headers.iter().zip(&variables) {
            words.extend(["--header-env".to_owned(), format!("{header}={variable}")]);
        }
        let layout = layout_of(self.node).ok_or(RewireError::Layout)?;
        if self.writing.is_block(&address.value) {
            return Err(RewireError::Layout);
        }
        splices.push(self.writing.renamed(address, "command"));
        splices.push(self.replaced(&address.value, &self.wrapping.program)?);
        splices.push(self.writing.member_after(address, layout, "args", &self.writing.list(&words)));
        for key in ["type", "transport"] {
            if let Some(member) = self.node.member(key) {
                splices.push(self.replaced(&member.value, "stdio")?);
            }
        }
        if let Some(holder) = HEADERS.into_iter().find_map(|key| self.node.member(key)) {
            splices.push(self.writing.renamed(holder, "env"));
            let named = holder.value.members().iter().zip(&variables);
            splices.extend(named.map(|(member, variable)| self.writing.renamed(member, variable)));
        }
        Ok(())
    }

    /// Another text in the place of a value.
    fn replaced(&self, value: &Node, text: &str) -> Result<Splice, RewireError> {
        if self.writing.is_block(value) {
            return Err(RewireError::Layout);
        }
        Ok(Splice::new(value.range.clone(), self.writing.literal(text)))
    }
}

/// The member that names the program, and what holds it: the entry, or a part of it.
fn command_of(entry: &Node) -> Option<(&Member, &Node)> {
    let command = entry.member("command")?;
    match &command.value.value {
        Value::Map(..) => Some((command.value.member("path")?, &command.value)),
        _ => Some((command, entry)),
    }
}

fn layout_of(node: &Node) -> Option<Layout> {
    match &node.value {
        Value::Map(_, layout) => Some(*layout),
        _ => None,
    }
}

/// A variable for each header, each with a name of its own.
fn variables(headers: &[(String, String)]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(headers.len());
    for (header, _) in headers {
        let plain =
            header.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        let mut name = HEADER_VARIABLE.chars().chain(plain).collect::<String>();
        while names.contains(&name) {
            name.push('_');
        }
        names.push(name);
    }
    names
}

impl Format {
    /// What stands between a key and its value.
    const fn colon(self) -> &'static str {
        match self {
            Self::Toml => " = ",
            Self::Json | Self::JsonWithComments | Self::Yaml => ": ",
        }
    }

    const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonWithComments)
    }
}

/// A key as it is written.
fn key(format: Format, name: &str) -> String {
    if format.is_json() { format!("\"{name}\"") } else { name.to_owned() }
}

impl Writing<'_> {
    /// A member's key under another name.
    fn renamed(&self, member: &Member, name: &str) -> Splice {
        Splice::new(member.key_range.clone(), key(self.format, name))
    }
}
