//! The one table of methods: who may send what in which protocol version, and what judges it.
//!
//! Names are compared byte for byte. What is not in the table is refused, unless the server's
//! configuration lists it.

mod table;
#[cfg(test)]
mod tests;

use crate::version::Version;
use table::TABLE;

/// A method as some versions have it. A method has more than one row where versions disagree on who may
/// send it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The method's name.
    pub name: &'static str,
    /// Whether it is answered.
    pub kind: Kind,
    /// Who may send it.
    pub from: Sender,
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it.
    pub last: Version,
    /// What judges it.
    pub judged: Judged,
    /// The extension that defines it, where it is not the specification itself.
    pub extension: Option<&'static str>,
}

/// Whether a method is answered.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is; it has an id.
    Request,
    /// It is not; it has no id.
    Notification,
}

/// Who sends a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The client only.
    Client,
    /// The server only.
    Server,
    /// Either.
    Both,
}

/// What judges a method.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Judged {
    /// Beginning a conversation and keeping it alive: the gateway itself.
    Lifecycle,
    /// `tools/list`: what policy hides is left out.
    ListTools,
    /// `resources/list`: what policy hides is left out.
    ListResources,
    /// `resources/templates/list`: what policy hides is left out.
    ListResourceTemplates,
    /// `prompts/list`: what policy hides is left out.
    ListPrompts,
    /// `tools/call`: the policy's tools.
    CallTool,
    /// `resources/read`: the policy's resources.
    ReadResource,
    /// Watching a resource: the policy's resources.
    Subscribe,
    /// Watching a resource no more: nothing, whatever the policy says by now.
    Unsubscribe,
    /// `prompts/get`: the policy's prompts.
    GetPrompt,
    /// `completion/complete`: the policy of the prompt or resource it names.
    Complete,
    /// A task of the same caller; policy judged the call that made it.
    Task,
    /// The server asks the client something: only during a call, and only what the client declared.
    ServerRequest,
    /// Passed on as it is.
    Relay,
}

/// What the table says of a method.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This sender may send it in this version.
    Known(&'static Spec),
    /// This sender may send it in another version, of which this is one.
    WrongVersion(&'static Spec),
    /// This sender may never send it.
    Unknown,
}

impl Spec {
    /// Whether the version has this row's method.
    pub fn is_in(&self, version: Version) -> bool {
        (self.since..=self.last).contains(&version)
    }

    fn may_come_from(&self, sender: Sender) -> bool {
        self.from == Sender::Both || self.from == sender
    }
}

/// Looks a method up: its exact name, who sent it ([`Sender::Both`] only finds what either may send), and
/// the version of the conversation.
pub fn find(name: &str, from: Sender, version: Version) -> Lookup {
    let mut elsewhere = None;
    for spec in TABLE.iter().filter(|spec| spec.name == name && spec.may_come_from(from)) {
        if spec.is_in(version) {
            return Lookup::Known(spec);
        }
        elsewhere = Some(spec);
    }
    elsewhere.map_or(Lookup::Unknown, Lookup::WrongVersion)
}

/// All rows, for listing.
pub fn all() -> &'static [Spec] {
    TABLE
}

/// Whether a method is answered, in whatever version it exists: no name is both.
pub(crate) fn kind(name: &str) -> Option<Kind> {
    TABLE.iter().find(|spec| spec.name == name).map(|spec| spec.kind)
}
