//! Where a client's message came from, and where what belongs to it goes back.

use std::sync::Arc;

use crate::batch::ReplyTo;
use crate::errand::Errands;
use crate::identify::Credential;
use crate::outbox::Outbox;

/// One message's way back. On a connection of its own, that is the connection; over HTTP, each message comes in an
/// exchange of its own.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) outbox: Outbox,
    /// Tells apart askers that may use the same identifiers; 0 where they may not.
    pub(crate) exchange: u64,
    /// Where asking the server is left to whoever waits for the answer; `None` where nobody waits in a task of
    /// their own.
    pub(crate) errands: Option<Errands>,
    /// What vouches for a caller whose requests stand by themselves: no session ends with it.
    pub(crate) credential: Option<Arc<Credential>>,
}

impl Origin {
    /// A peer whose identifiers are its own.
    pub(crate) fn connection(outbox: Outbox) -> Self {
        Self { outbox, exchange: 0, errands: None, credential: None }
    }

    /// Where an answer to it goes.
    pub(crate) fn reply(&self) -> ReplyTo {
        ReplyTo::Peer(self.outbox.clone())
    }
}
