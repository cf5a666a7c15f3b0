//! Definitions of tools that are pinned: the gateway reads the whole list itself before a client sees any of it.

use std::sync::Arc;

use interlock_audit::RefusalCategory;
use interlock_json::Value;
use interlock_store::Offer;
use interlock_wire::splice::Edit;
use interlock_wire::{Message, reply};

use super::Relay;
use crate::answer;
use crate::call::DefinitionSource as _;
use crate::definitions::{DefinitionsError, ToolList, is_understood};
use crate::fault::caught;
use crate::forward;
use crate::lists::{self, List};
use crate::outbox::Room;
use crate::pins::Page;
use crate::record::Peer;
use crate::session::Awaited;

/// A list that its client must not see.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotShown {
    /// It is none.
    #[error(transparent)]
    NoList(#[from] lists::NoList),
    /// Nothing of it was accepted, because the whole of it was never read.
    #[error("the whole list of the server's tools cannot be read, so none of them is accepted")]
    Unread,
}

/// A client's request for the server's tools, which goes on once it is known what is accepted of them.
pub(super) struct ListRequest {
    pub(super) message: Arc<Message>,
    pub(super) number: u64,
    pub(super) exchange: u64,
    pub(super) list: List,
    pub(super) room: Room,
}

impl Relay {
    /// Compares a whole list with what was accepted.
    pub(super) async fn pinned(&self, mut list: ToolList) -> Result<ToolList, DefinitionsError> {
        let offers = list.take_offers();
        let Some(pins) = &self.pins else { return Ok(list) };
        list.holds_at_most(self.gateway.options.limits.definition_age);
        let learned = self.gateway.learn_pins(pins, offers, self.access.trust()).await;
        learned.map_err(|error| DefinitionsError::Unpinned { message: error.to_string() })?;
        Ok(list)
    }

    /// Whether the server's tools are to be read before a client is shown any.
    pub(super) fn reads_tools_first(&self, list: List) -> bool {
        let is_ready = || self.fresh().is_some() && self.pins.as_ref().is_some_and(|pins| pins.is_known());
        list.is_of_tools() && self.pins.is_some() && !is_ready()
    }

    /// Reads the server's tools, and then has the server answer the client.
    pub(super) async fn list_after_reading(self: Arc<Self>, asks: ListRequest) {
        let number = asks.number;
        let relay = Arc::clone(&self);
        if let Err(what) = caught(async move { relay.read_then_list(asks).await }).await {
            Box::pin(self.cut_off(number, &what)).await;
        }
    }

    async fn read_then_list(&self, asks: ListRequest) {
        let ListRequest { message, number, exchange, list, room } = asks;
        let Some(pins) = &self.pins else { return };
        // A server that does not list its tools says so to its client, too.
        if let Err(error) = self.current().await {
            tracing::debug!("the tools of `{}` cannot be read: {error}", self.server());
        }
        if let Err(error) = self.gateway.know_pins(pins).await {
            return self.refuse_list(number, &error).await;
        }
        {
            let mut session = self.session();
            // Its asker may have left meanwhile.
            let Some(asked) = session.to_server.get_mut(number) else { return };
            asked.awaited = Awaited::List(list);
        }
        self.upstream.send_in(room, forward::with_number(&message, number, exchange, Vec::new()));
    }

    async fn refuse_list(&self, number: u64, error: &interlock_store::StoreError) {
        let Some(waiting) = self.session().to_server.take(number) else { return };
        let (Some(asker), Some(reply)) = (waiting.asker, waiting.item.reply) else { return };
        let about = self.about("tools/list", Some(asker.id.raw()));
        let reason = "it cannot be told now which of the server's tools are accepted";
        let (peer, code) = (Peer::Grant(&about.identity.grant), answer::BUSY);
        let recorded = format!("{reason}: {error}");
        let category = RefusalCategory::Unavailable;
        self.gateway.recorder.refused_by(category, &peer, &about, Some(code), &recorded);
        reply.deliver(reply::error(asker.id.raw(), code, reason, None)).await;
    }

    /// The edits that leave of a list what its client may see.
    pub(super) fn shown(self: &Arc<Self>, list: List, result: Value<'_>) -> Result<Vec<Edit>, NotShown> {
        let snapshot = self.access.policies();
        let Some(pins) = self.pins.as_ref().filter(|_| list.is_of_tools()) else {
            let read = self.definitions.known();
            let is_listed = |tool: &str, entry: Value<'_>| {
                is_understood(entry) && !read.as_ref().is_some_and(|list| list.is_malformed(tool))
            };
            return Ok(lists::filter(list, result, &snapshot.stack(), is_listed)?);
        };
        if !pins.is_known() {
            let edits = lists::filter(list, result, &snapshot.stack(), |_, _| false)?;
            let has_tools = result.get("tools").is_some_and(|tools| !tools.is_empty());
            return if has_tools { Err(NotShown::Unread) } else { Ok(edits) };
        }
        let read = self.definitions.known();
        let mut page = Page::of(pins, read.as_deref());
        let edits = lists::filter(list, result, &snapshot.stack(), |tool, entry| page.shows(tool, entry))?;
        let Page { unlike, is_of_another, .. } = page;
        if is_of_another {
            // The server has changed its tools and not said so: they are read again before the next call.
            self.definitions.changed();
        }
        if !unlike.is_empty() {
            self.note_unlike(&unlike);
        }
        Ok(edits)
    }

    fn note_unlike(self: &Arc<Self>, offers: &[Offer]) {
        let Some(pins) = &self.pins else { return };
        pins.distrust(offers);
        let relay = Arc::clone(self);
        self.calls.spawn(async move {
            if let Some(pins) = &relay.pins {
                relay.gateway.note_pins(pins).await;
            }
        });
    }

    /// Tells the client that what it may call has changed, where it was told to expect such news.
    pub(crate) async fn pins_replaced(&self) {
        if self.session().announced.contains(&"tools") {
            self.client.send(reply::notification("notifications/tools/list_changed", None)).await;
        }
    }

    /// When that is so.
    pub(crate) fn watch_pins(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        self.pins.as_ref().map(|pins| pins.watch())
    }
}
