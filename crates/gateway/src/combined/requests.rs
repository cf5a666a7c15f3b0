//! What the client sends, by where it goes.

use std::sync::Arc;

use interlock_policy::Section;
use interlock_wire::method::{Judged, Kind as MessageKind, Sender};
use interlock_wire::{Era, Message, Notification, Request, RequestId, Response, Shape, Version, reply};

use super::inward::{self, NoServer, Routed};
use super::lists::List;
use super::{Asked, Combined, INVALID_PARAMS, Kind, Reached, greeting, names};
use crate::admit;
use crate::answer;
use crate::front::Exchange;
use crate::outbox::Outbox;
use crate::pending::PendingError;
use crate::session::Negotiated;

/// A modern subscription (2026-07-28).
const LISTEN: &str = "subscriptions/listen";
/// The request as it stands may not come now.
pub(super) const INVALID_REQUEST: i64 = -32_600;

impl Combined {
    pub(super) async fn message(self: Arc<Self>, message: Message, to: Outbox, alone: bool) {
        match message.shape() {
            Shape::Request(request) => self.request(&message, &request, to, alone).await,
            Shape::Notification(notification) => self.notification(&message, &notification).await,
            Shape::Response(response) => self.response(&message, &response).await,
        }
    }

    async fn request(self: &Arc<Self>, message: &Message, request: &Request<'_>, to: Outbox, alone: bool) {
        let id = request.id.to_request_id();
        let asked = Asked { method: &request.method, id: &id, subject: None };
        let negotiated =
            self.session().map_or(Negotiated::Modern, |session| match session.has_negotiated() {
                true => Negotiated::Legacy(session.version()),
                false => Negotiated::Nothing,
            });
        let admitted = admit::version_of_request(request, negotiated).and_then(|version| {
            admit::admit(&request.method, MessageKind::Request, Sender::Client, version, &[])
        });
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(why) => {
                self.refused(&request.method, Some(&id), Some(why.code), &why.reason);
                return to.push(reply::error(&id, why.code, &why.reason, why.data.as_deref()));
            }
        };
        let _in_flight = match self.session() {
            None => None,
            Some(session) => match session.begin(&id).await {
                Ok(in_flight) => Some(in_flight),
                Err(why) => return self.not_begun(&asked, &why, &to, alone),
            },
        };
        let judged = admitted.spec.map_or(Judged::Relay, |spec| spec.judged);
        // The caller has gone: nobody waits for what was asked.
        let left = to.clone();
        let answered = async {
            match &*request.method {
                "initialize" => self.initialize(message, &asked, &to).await,
                "ping" => to.send(reply::result(&id, "{}")).await,
                "server/discover" => self.discover(message, &id, &to).await,
                "logging/setLevel" => self.set_level(message, &id, &to).await,
                LISTEN => self.listen(message, request, &asked, &to).await,
                method => match List::of(method) {
                    Some(list) => self.listed(list, message, &asked, &to).await,
                    None => self.routed(message, request, judged, admitted.version, &to).await,
                },
            }
        };
        if self.is_modern() {
            tokio::select! {
                () = answered => {}
                () = left.unread() => {}
            }
        } else {
            // A legacy client that leaves has cancelled nothing.
            answered.await;
        }
    }

    fn not_begun(&self, asked: &Asked<'_>, why: &PendingError, to: &Outbox, alone: bool) {
        match why {
            PendingError::Full { .. } => self.refuse(to, asked, answer::BUSY, &why.to_string()),
            _ if alone => self.refuse(to, asked, INVALID_REQUEST, &why.to_string()),
            // An answer under an identifier that is in flight would be taken for that of the other.
            _ => self.refused(asked.method, Some(asked.id), None, &why.to_string()),
        }
    }

    async fn listed(self: &Arc<Self>, list: List, message: &Message, asked: &Asked<'_>, to: &Outbox) {
        if message.params().is_some_and(|params| params.get("cursor").is_some()) {
            // Every list comes whole, so that there is none of the gateway's.
            return self.refuse(to, asked, INVALID_PARAMS, "`params.cursor` is none that was given out here");
        }
        let result = self.list(list, message).await;
        to.send(reply::result(asked.id, &result)).await;
    }

    async fn discover(self: &Arc<Self>, message: &Message, id: &RequestId, to: &Outbox) {
        let (servers, left_out) = self.servers();
        let text = message.with_id("0");
        let mut greeted = self
            .gather(&servers, |combined, server| {
                let text = text.clone();
                async move {
                    let reached = combined.reach(&server).await?;
                    super::session::result_of(combined.ask(&reached, text).await?)
                }
            })
            .await;
        greeted.extend(left_out.into_iter().map(|(server, why)| (server, Err(why))));
        to.send(reply::result(id, &greeting::discovered(&greeted))).await;
    }

    /// Sends a request to the server that it names.
    async fn routed(
        self: &Arc<Self>,
        message: &Message,
        request: &Request<'_>,
        judged: Judged,
        version: Version,
        to: &Outbox,
    ) {
        let id = request.id.to_request_id();
        let mut asked = Asked { method: &request.method, id: &id, subject: None };
        let routed = inward::request(message, request, judged, self.secret());
        let routed = match routed.and_then(|routed| self.known(routed, judged)) {
            Ok(routed) => routed,
            Err(why) => {
                let code = if matches!(why, NoServer::Unaddressed { .. }) { -32_601 } else { INVALID_PARAMS };
                return self.refuse(to, &asked, code, &why.to_string());
            }
        };
        debug_assert!(version.era() == Era::Legacy || self.is_modern());
        asked.subject = routed.name.clone().and_then(|name| Some((section(judged)?, name)));
        let reached = match self.reach(&routed.server).await {
            Ok(reached) => reached,
            Err(why) => return self.unreachable(to, &asked, &routed.server, &why),
        };
        let exchange = reached.exchange;
        match self.send(&reached, routed.text, exchange).await {
            Some(exchange) => self.carry(exchange, &routed.server, &request.method, to).await,
            None => self.unreachable(to, &asked, &routed.server, "its request is too long"),
        }
    }

    /// Only a server of the grant's that is served here, and no name that reads as if it were another's.
    fn known(&self, routed: Routed, judged: Judged) -> Result<Routed, NoServer> {
        let (servers, _) = self.servers();
        let is_named = matches!(judged, Judged::CallTool | Judged::GetPrompt);
        let name = routed.name.as_deref().unwrap_or_default();
        let others = servers.iter().map(|server| &**server).filter(|server| *server != routed.server);
        let known = servers.iter().any(|server| **server == *routed.server);
        if known && !(is_named && names::imitates(name, &others)) {
            return Ok(routed);
        }
        let what = match judged {
            Judged::CallTool => "tool",
            Judged::GetPrompt => "prompt",
            Judged::Task => "task",
            _ => "resource",
        };
        let joint = format!("{}{name}", names::prefix(&routed.server));
        Err(NoServer::Unknown { what, name: joint.chars().take(256).collect() })
    }

    /// Gives the client what comes back, until that ends or the client has left.
    async fn carry(&self, mut exchange: Exchange, server: &str, method: &str, to: &Outbox) {
        loop {
            let taken = tokio::select! {
                taken = exchange.next() => taken,
                () = to.unread() => return,
            };
            let Some(taken) = taken else { return };
            if let Some(text) = self.translated(server, taken.line, method) {
                to.send(text).await;
            }
        }
    }

    /// A server that can be sent to now; waits until it is ready.
    pub(super) async fn reach(self: &Arc<Self>, server: &str) -> Result<Reached, String> {
        match &self.kind {
            Kind::Session(_) => self.ready(server).await,
            Kind::Modern(declared, _) => {
                let registry = self.front.registry();
                let grant = registry.grant(&self.grant).ok_or("it is not for this grant any more")?;
                let connection =
                    self.front.sharing(grant, server, *declared).map_err(|why| why.to_string())?;
                Ok(Reached { connection, exchange: self.front.next_number() })
            }
        }
    }

    async fn notification(self: &Arc<Self>, message: &Message, notification: &Notification<'_>) {
        let method = &*notification.method;
        let version = self.spoken();
        if let Err(why) = admit::admit(method, MessageKind::Notification, Sender::Client, version, &[]) {
            return self.refused(method, None, None, &why.reason);
        }
        // A modern request is cancelled by closing its stream; there is nothing else to tell a server.
        let Some(session) = self.session() else { return };
        match method {
            "notifications/initialized" => session.initialized(),
            // Whoever knows nothing of it does nothing.
            "notifications/cancelled" | "notifications/roots/list_changed" => self.tell_all(message).await,
            "notifications/progress" => match inward::progress(message) {
                Some(routed) => self.tell(&routed.server, routed.text).await,
                None => self.refused(method, None, None, "progress of a question that nobody asked"),
            },
            _ => self.refused(method, None, None, "it says nothing of which server it is for"),
        }
    }

    async fn response(self: &Arc<Self>, message: &Message, response: &Response<'_>) {
        match inward::answer(message, response) {
            Some(routed) if self.session().is_some() => self.tell(&routed.server, routed.text).await,
            _ => {
                let id = response.id.map(|id| id.to_request_id());
                self.refused("", id.as_ref(), None, "an answer to a question that nobody asked");
            }
        }
    }
}

fn section(judged: Judged) -> Option<Section> {
    match judged {
        Judged::CallTool => Some(Section::Tools),
        Judged::GetPrompt => Some(Section::Prompts),
        Judged::ReadResource | Judged::Subscribe | Judged::Unsubscribe => Some(Section::Resources),
        _ => None,
    }
}
