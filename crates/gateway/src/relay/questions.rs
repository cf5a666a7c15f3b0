//! What the server asks the client of its own: sampling, elicitation, roots, tasks, or a ping.

use interlock_wire::method::{Judged, Kind, Sender};
use interlock_wire::{Message, Notification, Request, RequestId, reply};

use super::Relay;
use crate::admit;
use crate::answer;
use crate::forward;
use crate::pending::{Asker, PendingError};

use crate::session::{Negotiated, Questioned};
use crate::settle::{Ending, Ticket};

impl Relay {
    /// The server asks the client something: sampling, elicitation, roots, or a ping.
    pub(super) async fn server_request(&self, request: &Request<'_>, message: &Message, on: Option<u64>) {
        let method = request.method.as_ref();
        let id = request.id.to_request_id();
        let version = self.session().negotiated.version();
        let admitted =
            match admit::admit(method, Kind::Request, Sender::Server, version, self.access.extensions()) {
                Ok(admitted) => admitted,
                Err(why) => return self.refuse_question(method, &id, why.code, &why.reason).await,
            };
        // Whether a request of the client's is under way is not asked: the texts of the legacy versions allow
        // these questions at any time (2025-03-26 to 2025-11-25, "Transports", give unrelated ones a stream of
        // their own, and roots are asked for again after they changed). The rule that they belong to a request
        // came with 2026-07-28, where they are no messages any more but part of an answer.
        let declared = self.session().declared;
        if let Err(undeclared) = declared.allow(method, request.params, version) {
            return self.refuse_question(method, &id, undeclared.code(), &undeclared.to_string()).await;
        }
        let questioned = Questioned { ticket: None, deadline: self.deadline(), own: None };
        let inserted = self.session().to_client.insert(id.clone().into(), questioned);
        let number = match inserted {
            Ok(number) => number,
            Err((why, _)) => {
                self.drop_from_server(method, Some(id.raw()), &why.to_string());
                // An answer under an id that is in flight would be taken for that of the other.
                if matches!(why, PendingError::Full { .. }) {
                    self.upstream.send(reply::error(id.raw(), answer::BUSY, &why.to_string(), None)).await;
                }
                return;
            }
        };
        let line = match self.related(request.params) {
            None => message.with_id(&number.to_string()),
            Some(edit) => forward::answer_to(message, &RequestId::from(number), vec![edit]),
        };
        if admitted.spec.is_none_or(|spec| spec.judged != Judged::Lifecycle) {
            match self.gateway.unjudged(self.access.keep_policies(), self.about(method, Some(id.raw()))).await
            {
                Ok(passage) => self.ticketed(number, passage.ticket, line.len()),
                Err(refused) => {
                    self.session().to_client.take(number);
                    let reason = &refused.denial.reason;
                    return self.upstream.send(reply::error(id.raw(), answer::DENIED, reason, None)).await;
                }
            }
        }
        self.way_to_ask(on).send(line).await;
    }

    /// The server must not ask this: it gets an error in the client's place.
    pub(super) async fn refuse_question(&self, method: &str, id: &RequestId, code: i64, reason: &str) {
        self.gateway.recorder.refused_of_server(&self.about(method, Some(id.raw())), Some(code), reason);
        // What the client is told waits for the log by itself; the server is told no sooner.
        self.gateway.recorder.write().await;
        // An answer under an id that is in flight would be taken for that of the other.
        if self.session().to_client.number_of(&Asker::from(id.clone())).is_none() {
            self.upstream.send(reply::error(id.raw(), code, reason, None)).await;
        }
    }

    fn ticketed(&self, number: u64, mut ticket: Ticket, bytes: usize) {
        ticket.forwarded(bytes);
        if let Some(questioned) = self.session().to_client.get_mut(number) {
            questioned.ticket = Some(ticket);
        }
    }

    /// The server gives up on a question it asked the client.
    pub(super) async fn cancel_question(&self, notification: &Notification<'_>, message: &Message) {
        let Some(request) = notification.params.and_then(|params| params.get("requestId")) else {
            return self.client.send(message.source().to_owned()).await;
        };
        // 2026-07-28: a server asks nothing of its own, but ends a subscription by cancelling the client's
        // request.
        if self.session().negotiated == Negotiated::Modern {
            return self.end_subscription(notification, message, request).await;
        }
        let Some(asker) = RequestId::from_value(request) else {
            return self.drop_from_server(&notification.method, None, "`params.requestId` is not an id");
        };
        let taken = {
            let mut session = self.session();
            let number = session.to_client.number_of(&asker.into());
            number.and_then(|number| session.to_client.give_up(number).map(|waiting| (number, waiting)))
        };
        if let Some((number, waiting)) = taken {
            if let Some(ticket) = waiting.item.ticket {
                ticket.settle(Ending::Cancelled).await;
            }
            self.client.send(forward::cancellation(message, request, &number.to_string())).await;
        }
    }
}
