//! What a server lists, compared with what was accepted of it.

use interlock_audit::{Detail, Lifecycle, LifecycleKind};
use interlock_catalog::Canonical;
use interlock_store::{Observed, Offer, PinChange, Seen, StoreError};

use super::{Known, PinnedServer, Pinning, Trust};
use crate::gateway::Gateway;

/// Names of tools in one record.
const NAMED: usize = 100;

/// What the store is told of a definition.
pub(crate) fn offer(tool: String, Canonical { text, fingerprint }: Canonical) -> Offer {
    Offer { tool, definition: Some(text), digest: *fingerprint.bytes() }
}

impl Gateway {
    /// Compares a server's whole list with what was accepted. What is otherwise is in quarantine when this returns.
    ///
    /// # Errors
    /// When the store does not answer. Then nothing is trusted, and the list is to be read again.
    pub(crate) async fn learn_pins(
        &self,
        server: &PinnedServer,
        offers: Vec<Offer>,
        trust: Trust,
    ) -> Result<(), StoreError> {
        let Some(pinning) = self.pinning() else { return Ok(()) };
        pinning.learn(self, server, offers, trust).await.inspect_err(|error| server.fails(error))
    }

    /// Reads a server's pins where that has not been done, or did not go well.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn know_pins(&self, server: &PinnedServer) -> Result<(), StoreError> {
        match (self.pinning(), &**server.known.load()) {
            (Some(pinning), Known::Nothing | Known::Unreadable(_)) => pinning.catch_up(self, server).await,
            _ => Ok(()),
        }
    }

    /// Notes what a server has shown a client, and not as it was accepted. It is in quarantine already.
    pub(crate) async fn note_pins(&self, server: &PinnedServer) {
        let Some(pinning) = self.pinning() else { return };
        if let Err(error) = pinning.pay(self, server).await {
            tracing::debug!("what `{}` has shown is still to be noted: {error}", server.name);
        }
    }

    pub(super) fn took_note(&self, server: &PinnedServer, changes: &[(String, PinChange)]) {
        self.metrics.quarantined(&server.name, server.quarantined());
        for (change, said) in [
            (PinChange::Taken, "taken as it is at the first sight of its server"),
            (PinChange::Added, "in quarantine: new"),
            (PinChange::Changed, "in quarantine: its definition is another"),
            (PinChange::Back, "still in quarantine: its definition is the accepted one again"),
        ] {
            let is_so = |(tool, what): &(String, PinChange)| (*what == change).then(|| tool.clone());
            let tools: Vec<String> = changes.iter().filter_map(is_so).collect();
            if !tools.is_empty() {
                self.record_pins(server, said, &tools);
            }
        }
    }

    fn record_pins(&self, server: &PinnedServer, said: &str, tools: &[String]) {
        let named: Vec<&str> = tools.iter().take(NAMED).map(String::as_str).collect();
        let count = i64::try_from(tools.len()).unwrap_or(i64::MAX);
        if said.contains("quarantine") {
            let (s, server) = (if count == 1 { "" } else { "s" }, &server.name);
            tracing::warn!("{count} tool{s} of `{server}` {said}; `interlock pins diff {server}` shows what");
        }
        self.record(Lifecycle {
            server: Some(&server.name),
            reason: Some(said),
            details: &[("tools", Detail::List(&named)), ("count", Detail::Number(count))],
            ..Lifecycle::new(LifecycleKind::Pin)
        });
    }
}

impl Pinning {
    async fn learn(
        &self,
        gateway: &Gateway,
        server: &PinnedServer,
        offers: Vec<Offer>,
        trust: Trust,
    ) -> Result<(), StoreError> {
        if let Err(error) = gateway.know_pins(server).await {
            // It is compared when it can be.
            server.distrust(&offers);
            return Err(error);
        }
        let unlike: Vec<Offer> = match &**server.known.load() {
            Known::Pins(held) if held.is_known => {
                offers.into_iter().filter(|offer| !held.trusts(&offer.tool, offer.digest.into())).collect()
            }
            _ => return self.see_first(gateway, server, offers, trust).await,
        };
        server.distrust(&unlike);
        self.pay(gateway, server).await
    }

    /// Takes in all that a server has that was never seen before. Of several that do so at once, one is the first.
    async fn see_first(
        &self,
        gateway: &Gateway,
        server: &PinnedServer,
        offers: Vec<Offer>,
        trust: Trust,
    ) -> Result<(), StoreError> {
        let observed = self.observe(server, offers, true, trust).await?;
        server.take(&observed.now);
        gateway.took_note(server, &observed.changes);
        Ok(())
    }

    pub(super) async fn observe(
        &self,
        server: &PinnedServer,
        tools: Vec<Offer>,
        is_complete: bool,
        trust: Trust,
    ) -> Result<Observed, StoreError> {
        let trusts_first = trust == Trust::FirstUse;
        self.store.observe(Seen { server: server.name.to_string(), tools, is_complete, trusts_first }).await
    }
}
