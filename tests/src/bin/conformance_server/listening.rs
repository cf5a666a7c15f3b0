//! Who is told when a list has changed: legacy sessions, and modern subscriptions.

use std::sync::{Mutex, PoisonError};

use rmcp::RoleServer;
use rmcp::service::{Peer, SubscriptionContext};
use tokio::sync::broadcast;

/// A list that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Tools,
    Prompts,
}

/// Who listens.
#[derive(Debug)]
pub(crate) struct Listeners {
    sessions: Mutex<Vec<Peer<RoleServer>>>,
    subscriptions: broadcast::Sender<Changed>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { sessions: Mutex::default(), subscriptions: broadcast::channel(64).0 }
    }
}

impl Listeners {
    /// Tells this session from now on.
    pub(crate) fn tell_session(&self, peer: Peer<RoleServer>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|peer| !peer.is_transport_closed());
        sessions.push(peer);
    }

    /// Tells everybody.
    pub(crate) async fn tell(&self, changed: Changed) {
        let _nobody_listens = self.subscriptions.send(changed);
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for peer in sessions {
            let _gone = match changed {
                Changed::Tools => peer.notify_tool_list_changed().await,
                Changed::Prompts => peer.notify_prompt_list_changed().await,
            };
        }
    }

    /// Tells this subscription what it asked for, for as long as it is open.
    pub(crate) async fn listen(&self, context: &SubscriptionContext) {
        let mut changes = self.subscriptions.subscribe();
        loop {
            let changed = tokio::select! {
                changed = changes.recv() => changed,
                () = context.cancelled() => return,
            };
            // What a subscription did not ask for, its sink refuses.
            let _unwanted = match changed {
                Ok(Changed::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Changed::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return,
            };
        }
    }
}
