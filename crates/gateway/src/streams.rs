//! Sessions whose answers all come on one stream (MCP 2024-11-05, "HTTP with SSE"): what is posted is acknowledged, and
//! everything that comes of it is an event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use interlock_wire::{Parsed, Refusal};

use crate::front::{Front, TurnedAway};
use crate::outbox::{Outbox, Outgoing, outbox};
use crate::registry::Grant;
use crate::relay::Origin;
use crate::way::Way;

/// The sessions whose stream is open.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Mutex<HashMap<String, Stream>>,
}

#[derive(Debug, Clone)]
struct Stream {
    grant: Arc<str>,
    server: Option<String>,
    way: Way,
    back: Outbox,
}

/// A stream for as long as its client reads it; its session ends with it.
#[derive(Debug)]
pub(crate) struct Opened {
    front: Arc<Front>,
    /// What the client names when it posts.
    pub(crate) name: String,
    /// The session behind it.
    session: String,
    pub(crate) way: Way,
    pub(crate) back: Outgoing,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.front.streams().open().remove(&self.name);
        self.front.end(&self.session);
    }
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Front {
    /// Begins a session with one server, or with all, whose answers come on one stream.
    pub(crate) fn open_stream(
        self: &Arc<Self>,
        grant: &Grant,
        server: Option<&str>,
    ) -> Result<Opened, TurnedAway> {
        // Its name is another than the session's: it goes into an address, and is good for nothing else.
        let name = crate::front::session_name()?;
        let (session, way) = self.begin_way(grant, server)?;
        let (to_client, back) = outbox(self.gateway().options.limits.queued_bytes);
        let stream = Stream {
            grant: Arc::clone(&grant.name),
            server: server.map(str::to_owned),
            way: way.clone(),
            back: to_client.impatient(),
        };
        self.streams().open().insert(name.clone(), stream);
        Ok(Opened { front: Arc::clone(self), name, session, way, back })
    }

    /// The session that a client names when it posts, where it is this grant's with this server.
    pub(crate) fn stream_way(
        &self,
        grant: &Grant,
        server: Option<&str>,
        name: &str,
    ) -> Result<Way, TurnedAway> {
        Ok(self.stream(grant, server, name)?.way)
    }

    fn stream(&self, grant: &Grant, server: Option<&str>, name: &str) -> Result<Stream, TurnedAway> {
        let found = self.streams().open().get(name).cloned();
        let found = found.filter(|stream| stream.grant == grant.name && stream.server.as_deref() == server);
        let stream = found.ok_or(TurnedAway::NoSession)?;
        // Its servers may have been taken from the grant meanwhile.
        if let Way::One(connection) = &stream.way
            && !(server.is_some_and(|server| self.is_current(&grant.name, server, connection)))
        {
            return Err(TurnedAway::NoSession);
        }
        stream.way.touch();
        Ok(stream)
    }

    /// Takes what was posted; what comes of it goes on the stream.
    pub(crate) async fn take_on_stream(
        &self,
        grant: &Grant,
        server: Option<&str>,
        name: &str,
        read: Result<Parsed, Refusal>,
    ) -> Result<(), TurnedAway> {
        let Stream { way, back, .. } = self.stream(grant, server, name)?;
        match way {
            Way::All(combined) => combined.take_into(read, &back),
            Way::One(connection) => {
                let relay = Arc::clone(connection.relay());
                // A client that closes the connection on which it posts has cancelled nothing.
                let taking = async move { relay.take(read, &Origin::connection(back)).await };
                if let Err(error) = tokio::spawn(taking).await {
                    tracing::error!("taking a message was cut off by a fault of Interlock's own: {error}");
                }
            }
        }
        Ok(())
    }
}
