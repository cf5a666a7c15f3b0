//! A list on its way to a client: a page may show otherwise what the whole list, read by the gateway, did not.

use interlock_catalog::{Canonical, Fingerprint};
use interlock_json::Value;
use interlock_store::Offer;

use super::learning::offer;
use super::{Known, PinnedServer};
use crate::definitions::{ToolList, is_understood};

/// One page that is looked at.
pub(crate) struct Page<'p> {
    server: &'p PinnedServer,
    list: Option<&'p ToolList>,
    /// What is shown otherwise than it was accepted, and is not noted yet.
    pub(crate) unlike: Vec<Offer>,
    /// Whether the page is not of the list that the gateway has read.
    pub(crate) is_of_another: bool,
}

impl<'p> Page<'p> {
    pub(crate) fn of(server: &'p PinnedServer, list: Option<&'p ToolList>) -> Self {
        Self { server, list, unlike: Vec::new(), is_of_another: false }
    }

    /// Whether a client may be shown this tool: as it was accepted, and not otherwise.
    pub(crate) fn shows(&mut self, tool: &str, entry: Value<'_>) -> bool {
        let known = self.server.known.load();
        let Known::Pins(held) = &**known else { return false };
        if self.list.is_some_and(|list| list.is_malformed(tool)) {
            return false;
        }
        let canonical = Canonical::of(entry);
        let fingerprint = canonical.fingerprint;
        self.is_of_another |= self.listed(tool).is_some_and(|listed| listed != Some(fingerprint));
        let pin = held.tools.get(tool);
        if pin.is_some_and(|pin| pin.trusts(fingerprint)) {
            return true;
        }
        let is_noted = pin.is_some_and(|pin| pin.is_quarantined && pin.shown == Some(fingerprint));
        if !is_noted && is_understood(entry) {
            self.unlike.push(offer(tool.to_owned(), canonical));
        }
        false
    }

    /// What the gateway has read of a tool, if it has read the list.
    fn listed(&self, tool: &str) -> Option<Option<Fingerprint>> {
        Some(self.list?.described(tool).map(|described| described.fingerprint))
    }
}

impl PinnedServer {
    /// Whether it is known what may be shown.
    pub(crate) fn is_known(&self) -> bool {
        matches!(&**self.known.load(), Known::Pins(held) if held.is_known)
    }
}
