//! What the client says without asking for anything: notifications, and answers to what it was asked.

use interlock_wire::method::{Kind, Sender};
use interlock_wire::{Message, Notification, Outcome, RequestId, Response};

use super::Relay;
use crate::admit;
use crate::approvals::elicitation::Word;
use crate::call::Passage;
use crate::forward;
use crate::pending::Asker;
use crate::session::{Awaited, Questioned};
use crate::settle::Ending;

impl Relay {
    pub(super) async fn client_notification(
        &self,
        notification: &Notification<'_>,
        message: &Message,
        exchange: u64,
    ) {
        let method = notification.method.as_ref();
        let version = self.session().negotiated.version();
        match admit::admit(method, Kind::Notification, Sender::Client, version, self.access.extensions()) {
            Err(why) => self.drop_from_client(method, None, &why.reason),
            Ok(_) if method == "notifications/cancelled" => {
                self.cancel_call(notification, message, exchange).await;
            }
            Ok(admitted) if admitted.spec.is_none() => self.hand_over(method, message).await,
            Ok(_) => {
                let line = match self.own_related(notification.params) {
                    Some(edit) => message.with_edits(vec![edit]),
                    None => message.source().to_owned(),
                };
                self.upstream.send(line).await;
            }
        }
    }

    /// A notification beyond the protocol may do anything that a call does, and is recorded like one.
    async fn hand_over(&self, method: &str, message: &Message) {
        // What is refused here has its record, and a notification has nobody to tell.
        let passage = self.gateway.unjudged(self.access.keep_policies(), self.about(method, None)).await;
        let Ok(Passage { mut ticket, .. }) = passage else { return };
        let line = message.source().to_owned();
        ticket.forwarded(line.len());
        let is_sent = self.upstream.hand_over(line).await;
        // A connection that has ended meanwhile takes nothing more.
        ticket.settle(if is_sent { Ending::HandedOver } else { Ending::NotSent }).await;
    }

    /// The client gives up on a request: the server is told under the identifier it knows. A call that is
    /// still being judged is simply not made. A request that has ended meanwhile needs nothing.
    async fn cancel_call(&self, notification: &Notification<'_>, message: &Message, exchange: u64) {
        let Some(request) = notification.params.and_then(|params| params.get("requestId")) else {
            // 2025-11-25 cancels tasks by their own method, and this notification may then carry no id.
            return self.upstream.send(message.source().to_owned()).await;
        };
        let Some(id) = RequestId::from_value(request) else {
            return self.drop_from_client(&notification.method, None, "`params.requestId` is not an id");
        };
        let asker = Asker { exchange, id };
        let (number, waiting) = {
            let mut session = self.session();
            match session.forwarded(&asker) {
                Some(number) => (Some(number), session.to_server.give_up(number)),
                None => {
                    let known = session.to_server.number_of(&asker);
                    (None, known.and_then(|known| session.to_server.take(known)))
                }
            }
        };
        let (awaited, reply) = waiting.map(|waiting| (waiting.item.awaited, waiting.item.reply)).unzip();
        if let Some(ticket) = awaited.and_then(Awaited::into_ticket) {
            ticket.settle(Ending::Cancelled).await;
        }
        if let Some(number) = number {
            self.upstream.send(forward::cancellation(message, request, &number.to_string())).await;
        }
        if let Some(reply) = reply.flatten() {
            reply.forgo().await;
        }
    }

    /// The client answers a question of the server's, or of the gateway's own.
    pub(super) async fn client_response(&self, response: &Response<'_>, message: &Message) {
        let number = response.id.as_ref().and_then(|id| id.as_u64());
        let waiting = number.and_then(|number| self.session().to_client.take(number));
        let Some(waiting) = waiting else {
            if number.is_some_and(|number| self.session().to_client.is_late(number)) {
                return tracing::debug!("the client answered a question that was given up");
            }
            let id = response.id.as_ref().map(|id| id.raw());
            return self.drop_from_client("", id, "an answer to a question that nobody asked");
        };
        let Questioned { ticket, own, .. } = waiting.item;
        if let Some(own) = own {
            // Nobody waits for what came too late.
            let _late = own.send(Word::of(&response.outcome));
            return;
        }
        if let Some(ticket) = ticket {
            ticket.settle(super::own::answered(&response.outcome, message.source().len())).await;
        }
        if let Some(asker) = waiting.asker {
            let result = match response.outcome {
                Outcome::Result(result) => Some(result),
                Outcome::Error(_) => None,
            };
            let edits = self.own_related(result).into_iter().collect();
            self.upstream.send(forward::answer_to(message, &asker.id, edits)).await;
        }
    }
}
