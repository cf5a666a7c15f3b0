//! What is in quarantine and why, for people, and their word for it.

use interlock_catalog::Fingerprint;
use interlock_catalog::fingerprint::{self, Change, Difference, differs_in_name_alone};
use interlock_store::{AcceptOutcome, Acceptance, Pin, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{PinnedServer, Pinning};
use crate::gateway::Gateway;

/// How a tool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinState {
    /// It may be called.
    Trusted,
    /// Nobody has accepted any definition of it.
    New,
    /// Its definition is another than the accepted one.
    Changed,
    /// It was another for a time, and is the accepted one again.
    Back,
}

impl PinState {
    /// How this one stands.
    #[must_use]
    pub fn of(pin: &Pin) -> Self {
        match pin {
            Pin { is_quarantined: false, .. } => Self::Trusted,
            Pin { accepted: None, .. } => Self::New,
            Pin { is_back: true, .. } => Self::Back,
            _ => Self::Changed,
        }
    }
}

/// One tool in quarantine, and what is different. Its texts are the server's, and not to be trusted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Quarantined {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// How it stands.
    pub state: PinState,
    /// The accepted definition's fingerprint.
    pub accepted: Option<String>,
    /// That of what was offered in its place last.
    pub offered: Option<String>,
    /// That of what the server showed last: what accepting it means.
    pub shown: Option<String>,
    /// An accepted tool that is defined like this one but for its name.
    pub like: Option<String>,
    /// What is different in what was offered; nothing where the server offers more than is kept.
    pub differences: Vec<Differs>,
}

/// One place where two definitions differ. Values are JSON; of long texts only what changed is there, with `…` for what is
/// left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Differs {
    /// Where, as a JSON path from the definition.
    pub path: String,
    /// What became of it.
    pub change: ChangeKind,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What became of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is another.
    Changed,
}

impl From<Difference> for Differs {
    fn from(Difference { path, change }: Difference) -> Self {
        let (change, from, to) = match change {
            Change::Added { to } => (ChangeKind::Added, None, Some(to)),
            Change::Removed { from } => (ChangeKind::Removed, Some(from), None),
            Change::Changed { from, to } => (ChangeKind::Changed, Some(from), Some(to)),
        };
        Self { path, change, from, to }
    }
}

/// A definition that is kept and is no JSON.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the definition of `{tool}` that is kept is no JSON")]
pub struct Unreadable {
    tool: String,
}

impl Quarantined {
    /// What is to be said of a tool, among all of its server.
    ///
    /// # Errors
    /// What is kept of it cannot be read.
    pub fn new(pin: &Pin, all: &[Pin]) -> Result<Self, Unreadable> {
        let accepted = pin.accepted.as_ref();
        let offered = pin.offered.as_ref();
        let definition = offered.and_then(|offered| offered.definition.as_deref());
        let before = accepted.map_or("{}", |accepted| accepted.definition.as_str());
        let differences =
            definition.map(|definition| fingerprint::difference(before, definition)).transpose();
        let differences = differences.map_err(|_| Unreadable { tool: pin.tool.clone() })?.unwrap_or_default();
        let hex = |digest: [u8; 32]| Fingerprint::from(digest).to_string();
        Ok(Self {
            server: pin.server.clone(),
            tool: pin.tool.clone(),
            state: PinState::of(pin),
            accepted: accepted.map(|accepted| hex(accepted.digest)),
            offered: offered.map(|offered| hex(offered.digest)),
            shown: pin.shown().map(hex),
            like: definition.filter(|_| accepted.is_none()).and_then(|definition| like(pin, definition, all)),
            differences: differences.into_iter().map(Differs::from).collect(),
        })
    }
}

/// The accepted tool of the same server that a new one is, but for its name.
fn like(pin: &Pin, definition: &str, all: &[Pin]) -> Option<String> {
    let same = |other: &&Pin| {
        let accepted = other.accepted.as_ref().filter(|_| other.server == pin.server);
        accepted.is_some_and(|accepted| differs_in_name_alone(&accepted.definition, definition))
    };
    all.iter().find(same).map(|other| other.tool.clone())
}

impl Pinning {
    /// How many tools of each server are in quarantine, where any are.
    pub(crate) async fn quarantines(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.quarantined().await
    }

    /// All that is known of the tools of one server, by name.
    pub(crate) async fn pins_of(&self, server: &str) -> Result<Vec<Pin>, StoreError> {
        self.store.pins(Some(server)).await
    }

    /// Trusts what a person has seen. Calls are judged by it when this returns.
    pub(crate) async fn accept(
        &self,
        gateway: &Gateway,
        acceptance: Acceptance,
    ) -> Result<Vec<AcceptOutcome>, StoreError> {
        let server = self.servers().get(acceptance.server.as_str()).map(std::sync::Arc::clone);
        let outcomes = self.store.accept(acceptance).await?;
        if let Some(server) = server {
            self.heed(gateway, &server).await;
        }
        Ok(outcomes)
    }

    /// What was accepted is accepted; where it cannot be read now, whoever looks for news reads it.
    async fn heed(&self, gateway: &Gateway, server: &PinnedServer) {
        if let Err(error) = self.read(gateway, server).await {
            tracing::debug!("the pins of `{}` are read later: {error}", server.name);
        }
    }
}
