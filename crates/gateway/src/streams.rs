//! Sessions whose answers all come on one stream (MCP 2024-11-05, "HTTP with SSE"): what is posted is acknowledged, and
//! everything that comes of it is an event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use interlock_wire::{Parsed, Refusal};

use crate::fault::guarded;
use crate::front::{Caller, Front, RequestPlace, TurnedAway};
use crate::outbox::{Outbox, Outgoing, outbox};
use crate::relay::Origin;
use crate::way::Way;

/// The sessions whose stream is open.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Mutex<HashMap<String, Stream>>,
}

#[derive(Debug, Clone)]
struct Stream {
    /// The session behind it.
    session: String,
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
        caller: &Caller,
        server: Option<&str>,
    ) -> Result<Opened, TurnedAway> {
        // Its name is another than the session's: it goes into an address, and is good for nothing else.
        let name = crate::front::session_name()?;
        let (session, way) = self.begin_way(caller, server)?;
        let (to_client, back) = outbox(self.gateway().options.limits.queued_bytes);
        let stream = Stream { session: session.clone(), back: to_client.impatient() };
        self.streams().open().insert(name.clone(), stream);
        Ok(Opened { front: Arc::clone(self), name, session, way, back })
    }

    /// The session that a client names when it posts, where it is this caller's with this server.
    pub(crate) fn stream_way(
        &self,
        caller: &Caller,
        server: Option<&str>,
        name: &str,
    ) -> Result<Way, TurnedAway> {
        Ok(self.stream(caller, server, name)?.0)
    }

    fn stream(&self, caller: &Caller, server: Option<&str>, name: &str) -> Result<(Way, Outbox), TurnedAway> {
        let found = self.streams().open().get(name).cloned();
        let Stream { session, back } = found.ok_or(TurnedAway::NoSession)?;
        // Whatever has become of the caller, the grant or the server meanwhile is looked at as for every session.
        Ok((self.way_of(caller, server, &session)?, back))
    }

    /// Takes what was posted; what comes of it goes on the stream.
    pub(crate) async fn take_on_stream(
        &self,
        caller: &Caller,
        server: Option<&str>,
        name: &str,
        read: Result<Parsed, Refusal>,
        place: &RequestPlace,
    ) -> Result<(), TurnedAway> {
        let (way, back) = self.stream(caller, server, name)?;
        match way {
            Way::All(combined) => combined.take_into(read, &back, place),
            Way::One(connection) => {
                let relay = Arc::clone(connection.relay());
                // A client that closes the connection on which it posts has cancelled nothing.
                let place = place.clone();
                let taking = async move {
                    let origin = Origin::connection(back);
                    guarded(relay.gateway(), "taking a message", relay.take(read, &origin)).await;
                    drop(place);
                };
                let _never_cut_off = tokio::spawn(taking).await;
            }
        }
        Ok(())
    }
}
