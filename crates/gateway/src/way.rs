//! What a client's messages go to: one server, or all that its grant may use.

use std::sync::Arc;

use interlock_json::Value;
use interlock_wire::http::{Fields, HeaderError};
use interlock_wire::{Message, Parsed, Refusal, Version};

use crate::capabilities::Capabilities;
use crate::combined::Combined;
use crate::connection::Connection;
use crate::front::{Caller, Exchange, Front, RequestPlace, TurnedAway};
use crate::identify::Credential;
use crate::mailbox::Mailbox;

/// Where a client's messages go.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// One server, under its own names.
    One(Arc<Connection>),
    /// All servers of the grant.
    All(Arc<Combined>),
}

impl Way {
    /// The protocol version that the client speaks.
    pub(crate) fn spoken(&self) -> Version {
        match self {
            Self::One(connection) => connection.relay().spoken(),
            Self::All(combined) => combined.spoken(),
        }
    }

    /// Whether a version has been agreed on.
    pub(crate) fn has_negotiated(&self) -> bool {
        match self {
            Self::One(connection) => connection.relay().has_negotiated(),
            Self::All(combined) => combined.session().is_some_and(|session| session.has_negotiated()),
        }
    }

    /// Notes that somebody uses it.
    pub(crate) fn touch(&self) {
        match self {
            Self::One(connection) => connection.touch(),
            Self::All(combined) => {
                if let Some(session) = combined.session() {
                    session.touch();
                }
            }
        }
    }

    /// Checks the headers that repeat arguments of a call (2026-07-28, "Server Validation"). Which do is in the tool's
    /// definition: that is read for a caller who sends such headers, and used for all others where it is known. What is
    /// forwarded goes by the body in any case.
    ///
    /// # Errors
    /// [`HeaderError`] where a header does not say what the body says.
    pub(crate) async fn check_params(
        &self,
        message: &Message,
        fields: Fields<'_>,
    ) -> Result<(), HeaderError> {
        if message.method().as_deref() != Some("tools/call") {
            return Ok(());
        }
        let member = |name| message.params().and_then(|params| params.get(name));
        let Some(name) = member("name").and_then(Value::as_str) else { return Ok(()) };
        let tool = match self {
            Self::One(connection) => Some((Arc::clone(connection.relay()), name.into_owned())),
            Self::All(combined) => Box::pin(combined.tool(&name)).await,
        };
        let Some((relay, name)) = tool else { return Ok(()) };
        match relay.param_headers(&name, fields.has_params()).await {
            Some(params) => params.check(member("arguments"), fields),
            None => Ok(()),
        }
    }

    /// What servers say of their own; only sessions have that.
    pub(crate) fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        match self {
            Self::One(connection) => Some(connection.mailbox()),
            Self::All(combined) => combined.session().map(|session| session.mailbox()),
        }
    }
}

impl Front {
    /// The session of this name, where it is this caller's with this server, or with all (`None`).
    pub(crate) fn way_of(
        &self,
        caller: &Caller,
        server: Option<&str>,
        name: &str,
    ) -> Result<Way, TurnedAway> {
        match server {
            Some(server) => self.session(caller, server, name).map(Way::One),
            None => {
                let combined = self.together().session(caller, name).ok_or(TurnedAway::NoSession)?;
                let way = Way::All(combined);
                way.touch();
                Ok(way)
            }
        }
    }

    /// Begins a session with one server, or with all.
    pub(crate) fn begin_way(
        self: &Arc<Self>,
        caller: &Caller,
        server: Option<&str>,
    ) -> Result<(String, Way), TurnedAway> {
        match server {
            Some(server) => {
                let (name, connection) = self.begin(caller, server)?;
                Ok((name, Way::One(connection)))
            }
            None => {
                let (name, combined) = self.begin_combined(caller)?;
                Ok((name, Way::All(combined)))
            }
        }
    }

    /// Where a modern request goes whose client declared this.
    pub(crate) fn modern_way(
        self: &Arc<Self>,
        caller: &Caller,
        server: Option<&str>,
        declared: Capabilities,
    ) -> Result<Way, TurnedAway> {
        match server {
            Some(server) => self.sharing(&caller.grant, server, declared).map(Way::One),
            None => Ok(Way::All(Combined::modern(self, caller, declared))),
        }
    }

    /// Hands over what came in one request, a modern one with what vouches for its caller; what goes back comes out of
    /// the exchange.
    pub(crate) async fn exchange_on(
        &self,
        way: &Way,
        read: Result<Parsed, Refusal>,
        modern: Option<&Arc<Credential>>,
        place: &RequestPlace,
    ) -> Exchange {
        match way {
            Way::One(connection) => self.exchange(connection, read, modern, place).await,
            Way::All(combined) => Exchange::of(combined.take(read, place)),
        }
    }
}
