//! The definitions of servers' tools that are trusted, and those that were offered in their place.

use crate::{BoxFuture, StoreError};

/// A digest of a definition, which only equal definitions share.
pub type DefinitionDigest = [u8; 32];

/// A tool as its server defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub tool: String,
    /// Its definition, in the form that the digest is of; nothing where it is too much to be kept.
    pub definition: Option<String>,
    /// The definition's digest.
    pub digest: DefinitionDigest,
}

/// What was seen of a server's tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The server.
    pub server: String,
    /// Each tool, as it was shown: one that was shown differently is there several times, in that order.
    pub tools: Vec<Offer>,
    /// Whether these are all that it has. Only then are they taken where the server was never seen before.
    pub is_complete: bool,
    /// Whether a server that was never seen before is trusted with what it has; otherwise a person is to accept it.
    pub trusts_first: bool,
}

/// What calls are judged by: one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinState {
    /// The tool.
    pub tool: String,
    /// The definition that was accepted; nothing where none ever was.
    pub accepted: Option<DefinitionDigest>,
    /// The definition that the server showed last, as far as it is noted.
    pub shown: Option<DefinitionDigest>,
    /// Whether another was seen since it was accepted, or none was ever accepted.
    pub is_quarantined: bool,
}

/// The pins of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinsOfServer {
    /// Whether the server was ever seen.
    pub is_known: bool,
    /// Its tools.
    pub pins: Vec<PinState>,
    /// How often any pin had changed when they were read.
    pub changes: i64,
}

/// What became of a tool because of what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinChange {
    /// It was taken at the first sight of its server.
    Taken,
    /// It came after that, or its server is trusted with nothing: it is in quarantine.
    Added,
    /// Its definition is another: it is in quarantine.
    Changed,
    /// Its definition is the accepted one again. It stays in quarantine.
    Back,
}

/// What was made of what was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// What changed, by tool.
    pub changes: Vec<(String, PinChange)>,
    /// The pins of the server as they are now.
    pub now: PinsOfServer,
}

/// Who trusted a definition, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The definition.
    pub definition: String,
    /// Its digest.
    pub digest: DefinitionDigest,
    /// The person; nobody where it was taken at first sight.
    pub by: Option<String>,
    /// When, unix milliseconds.
    pub at_ms: i64,
}

/// A definition that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The definition; nothing where the server offers more than is kept.
    pub definition: Option<String>,
    /// Its digest.
    pub digest: DefinitionDigest,
    /// When it was first seen, unix milliseconds.
    pub at_ms: i64,
}

/// All that is known of one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What is trusted.
    pub accepted: Option<Accepted>,
    /// What was offered in its place last.
    pub offered: Option<Waiting>,
    /// Whether it is hidden and denied.
    pub is_quarantined: bool,
    /// Whether the server has shown the accepted definition again since.
    pub is_back: bool,
    /// When the tool was first seen, unix milliseconds.
    pub first_seen_ms: i64,
    /// When anything of this changed last, unix milliseconds.
    pub changed_ms: i64,
}

impl Pin {
    /// The definition that the server showed last: what accepting it means.
    pub fn shown(&self) -> Option<DefinitionDigest> {
        let offered = self.offered.as_ref().filter(|_| !self.is_back).map(|offered| offered.digest);
        offered.or(self.accepted.as_ref().map(|accepted| accepted.digest))
    }
}

/// A person's word for definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The server.
    pub server: String,
    /// Each tool with the definition that the person saw.
    pub tools: Vec<(String, DefinitionDigest)>,
    /// Who.
    pub by: String,
}

/// What became of a person's word for one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptOutcome {
    /// It is trusted from now on.
    Accepted,
    /// It was trusted already.
    Already,
    /// The server has shown another definition since, or there is no such tool.
    Outdated,
}

/// Keeps pins.
pub trait Pins: Send + Sync {
    /// Notes what a server has, in one step: of several that see a server first, one is the first.
    fn observe(&self, seen: Seen) -> BoxFuture<'_, Result<Observed, StoreError>>;

    /// What calls of a server's tools are judged by.
    fn pins_of<'a>(&'a self, server: &str) -> BoxFuture<'a, Result<PinsOfServer, StoreError>>;

    /// How often any pin has changed: as long as this is the same, so is all that was read.
    fn pin_changes(&self) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// All that is known of the tools of one server, or of all, by name.
    fn pins<'a>(&'a self, server: Option<&str>) -> BoxFuture<'a, Result<Vec<Pin>, StoreError>>;

    /// How many tools of each server are in quarantine, where any are.
    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>>;

    /// Trusts definitions from now on, each only if it is the one that its server showed last.
    fn accept(&self, acceptance: Acceptance) -> BoxFuture<'_, Result<Vec<AcceptOutcome>, StoreError>>;
}
