//! News of pins from other processes: somebody accepts a definition, or another gateway sees one change.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use interlock_store::StoreError;

use super::{PinnedServer, Pinning};
use crate::gateway::Gateway;

/// How soon it is known here what changes there.
const LOOK: Duration = Duration::from_millis(250);

/// Sees to it that somebody looks for news.
pub(super) fn begin(pinning: &Pinning, gateway: &Arc<Gateway>) {
    if !pinning.is_watched.swap(true, Ordering::AcqRel) {
        tokio::spawn(watch_over(Arc::downgrade(gateway)));
    }
}

async fn watch_over(gateway: Weak<Gateway>) {
    let mut heard = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(gateway) = gateway.upgrade() else { return };
        let Some(pinning) = gateway.pinning() else { return };
        heard = match pinning.look(&gateway, heard).await {
            Ok(changes) => Some(changes),
            Err(error) => {
                pinning.in_use().iter().for_each(|server| server.fails(&error));
                None
            }
        };
    }
}

impl Pinning {
    /// Reads the pins anew that are in use, if any have changed.
    async fn look(&self, gateway: &Gateway, heard: Option<i64>) -> Result<i64, StoreError> {
        let changes = self.store.pin_changes().await?;
        for server in self.in_use() {
            if heard != Some(changes) || server.is_unreadable() || server.owes() {
                // A store that can be read and not written keeps those out that are still to be written, alone.
                self.catch_up(gateway, &server).await.unwrap_or_else(|error| server.fails(&error));
            }
        }
        Ok(changes)
    }

    /// Reads the pins of a server.
    pub(super) async fn read(&self, gateway: &Gateway, server: &PinnedServer) -> Result<(), StoreError> {
        server.take(&self.store.pins_of(&server.name).await?);
        gateway.metrics.quarantined(&server.name, server.quarantined());
        Ok(())
    }

    fn in_use(&self) -> Vec<Arc<PinnedServer>> {
        self.servers().values().map(Arc::clone).collect()
    }
}
