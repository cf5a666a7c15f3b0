//! What is not understood, on its way out: one record, and an answer where there is somebody to answer.

use std::time::Instant;

use interlock_wire::{Likely, Refusal, RequestId, reply};

use super::Relay;
use crate::admit::NotAdmitted;
use crate::answer;
use crate::batch::ReplyTo;
use crate::pending::{Asker, Waiting};

use crate::session::{Asked, Awaited, Questioned};
use crate::settle::{Ending, Ticket};

impl Relay {
    /// The client sent something that breaks JSON, JSON-RPC or the protocol.
    pub(super) async fn refuse_client(&self, refusal: &Refusal, exchange: u64, reply: ReplyTo) {
        let about = self
            .about(refusal.method.as_deref().unwrap_or_default(), refusal.id.as_ref().map(RequestId::raw));
        self.gateway.recorder.refused(&about, Some(refusal.code), &refusal.to_string());
        // An identifier that is in flight belongs to the request that waits under it.
        let asker = refusal.id.clone().map(|id| Asker { exchange, id });
        let in_flight = asker.is_some_and(|asker| self.session().to_server.number_of(&asker).is_some());
        match refusal.answer() {
            Some(answer) if !in_flight => reply.deliver(answer).await,
            _ => {}
        }
        let answered = refusal.response_to.as_ref().or(refusal.likely_response_to.as_ref());
        let question =
            answered.and_then(RequestId::as_u64).and_then(|number| self.session().to_client.take(number));
        if let Some(question) = question {
            let reason = refusal.to_string();
            let told = format!("the client's answer was refused: {reason}");
            self.fail_question(question, answer::BAD_ANSWER, &told, Ending::Blocked { reason }).await;
        }
    }

    /// The client's request has a method that is not admitted.
    pub(super) async fn refuse_request(
        &self,
        method: &str,
        asker: &Asker,
        why: &NotAdmitted,
        reply: ReplyTo,
    ) {
        let about = self.about(method, Some(asker.id.raw()));
        self.gateway.recorder.refused(&about, Some(why.code), &why.reason);
        if self.session().to_server.number_of(asker).is_none() {
            reply.deliver(reply::error(asker.id.raw(), why.code, &why.reason, why.data.as_deref())).await;
        }
    }

    /// The client sent a message that has nobody to answer: a notification or a stray answer.
    pub(super) fn drop_from_client(&self, method: &str, id: Option<&str>, reason: &str) {
        self.gateway.recorder.refused(&self.about(method, id), None, reason);
    }

    /// The server sent a message that is not relayed.
    pub(super) fn drop_from_server(&self, method: &str, id: Option<&str>, reason: &str) {
        self.gateway.recorder.refused_of_server(&self.about(method, id), None, reason);
    }

    /// Records that the server sent something that breaks the protocol; gives the reason.
    pub(crate) fn note_unreadable(&self, refusal: &Refusal) -> String {
        let id = refusal.id.as_ref();
        let method = refusal.method.as_deref().unwrap_or_default();
        let reason = refusal.to_string();
        self.drop_from_server(method, id.map(RequestId::raw), &reason);
        reason
    }

    /// The server sent something that breaks the protocol. Where it is certainly the answer to a request,
    /// its asker gets an error; a request of the server's own gets one too.
    pub(crate) async fn refuse_server(&self, refusal: &Refusal) {
        let reason = self.note_unreadable(refusal);
        if refusal.method.is_some() {
            if let Some(answer) = refusal.answer() {
                self.upstream.send(answer).await;
            }
            return;
        }
        let answered = refusal.response_to.as_ref().or(refusal.likely_response_to.as_ref());
        if let Some(number) = answered.and_then(RequestId::as_u64) {
            self.fail_unreadable(number, &reason).await;
        }
    }

    /// A line was too long to be kept. Its asker is found by its head; where that does not say, and only one
    /// request waits, it is that one's. A question of the server's own is answered.
    pub(super) async fn refuse_long_line(&self, head: &[u8]) {
        let Refusal { kind, code, .. } =
            Refusal::of_long_line(head, self.gateway.options.limits.message.bytes);
        let reason = kind.to_string();
        let number = match interlock_wire::likely(head) {
            Likely::Call(Some(id)) => return self.refuse_question("", &id, code, &reason).await,
            Likely::Call(None) => None,
            Likely::Response(id) => id.as_u64(),
            Likely::Unknown => self.session().to_server.only(),
        };
        self.drop_from_server("", None, &reason);
        if let Some(number) = number {
            self.fail_unreadable(number, &reason).await;
        }
    }

    /// The asker of a request whose answer cannot be relayed gets an error.
    async fn fail_unreadable(&self, number: u64, reason: &str) {
        let Some(waiting) = self.take_forwarded(number) else { return };
        let Asked { awaited, reply, .. } = waiting.item;
        self.block_answer(waiting.asker, reply, awaited.into_ticket(), reason.to_owned()).await;
    }

    /// The client gets an error in the place of an answer that it must not see. What the server was asked has
    /// reached it and counts.
    pub(super) async fn refuse_answer(
        &self,
        asker: Option<Asker>,
        reply: Option<ReplyTo>,
        ticket: Option<Ticket>,
        reason: String,
    ) {
        self.drop_from_server("", asker.as_ref().map(|asker| asker.id.raw()), &reason);
        self.block_answer(asker, reply, ticket, reason).await;
    }

    async fn block_answer(
        &self,
        asker: Option<Asker>,
        reply: Option<ReplyTo>,
        ticket: Option<Ticket>,
        reason: String,
    ) {
        let told = format!("the server's answer was refused: {reason}");
        if let Some(ticket) = ticket {
            ticket.settle(Ending::Blocked { reason }).await;
        }
        if let (Some(asker), Some(reply)) = (asker, reply) {
            reply.deliver(reply::error(asker.id.raw(), answer::BAD_ANSWER, &told, None)).await;
        }
    }

    /// Ends the wait of a request that the server has seen.
    pub(super) fn take_forwarded(&self, number: u64) -> Option<Waiting<Asked>> {
        let mut session = self.session();
        match session.to_server.get_mut(number)?.awaited {
            Awaited::Judging => None,
            _ => session.to_server.take(number),
        }
    }

    /// Whether a request that the server has been sent still waits for its answer.
    pub(crate) fn awaits(&self, number: u64) -> bool {
        self.session().to_server.get(number).is_some()
    }

    /// A request that the server will not answer any more: its asker gets an error that says why.
    pub(crate) async fn unanswered(&self, number: u64, reason: &str, ending: Ending) {
        let Some(waiting) = self.take_forwarded(number) else { return };
        self.fail(waiting, answer::GONE, reason, ending).await;
    }

    /// Gives every request that has waited too long its error, in both directions.
    pub(crate) async fn expire(&self, now: Instant) {
        let (asked, questioned) = {
            let mut session = self.session();
            let late =
                |asked: &Asked| is_past(asked.deadline, now) && !matches!(asked.awaited, Awaited::Judging);
            let asked = session.to_server.give_up_where(late);
            (asked, session.to_client.give_up_where(|questioned| is_past(questioned.deadline, now)))
        };
        if !asked.is_empty() {
            self.gateway.server_failed(self.access.server(), "it did not answer in time");
        }
        // Boxed, because this is looked at once a second for every session, and seldom finds anything.
        for waiting in asked {
            self.give_up(waiting.number, &waiting.item.awaited);
            let reason = "the server did not answer in time";
            Box::pin(self.fail(waiting, answer::TIMED_OUT, reason, Ending::TimedOut)).await;
        }
        for waiting in questioned {
            let reason = "the client did not answer in time";
            Box::pin(self.fail_question(waiting, answer::TIMED_OUT, reason, Ending::TimedOut)).await;
        }
    }

    /// Whoever stops waiting says so (MCP lifecycle, "Timeouts"); `initialize` is never cancelled.
    fn give_up(&self, number: u64, awaited: &Awaited) {
        if !matches!(awaited, Awaited::Initialize) {
            let params = format!(r#"{{"requestId":{number},"reason":"it took too long"}}"#);
            // A server that does not read must not hold up its callers' answers.
            self.upstream.push(reply::notification("notifications/cancelled", Some(&params)));
        }
    }

    /// The server is gone: every request in flight gets an error, each.
    pub(crate) async fn server_gone(&self) {
        let (asked, questioned) = {
            let mut session = self.session();
            session.to_server.close();
            session.to_client.close();
            (session.to_server.take_where(|_| true), session.to_client.take_where(|_| true))
        };
        for waiting in asked {
            let ending = Ending::Disconnected;
            self.fail(waiting, answer::GONE, "the server ended before it answered", ending).await;
        }
        for waiting in questioned {
            if let Some(ticket) = waiting.item.ticket {
                ticket.settle(Ending::Disconnected).await;
            }
        }
        self.tasks_gone().await;
    }

    /// Settles a request and tells its asker, without waiting for a peer that does not read: this ends waits,
    /// and must not begin one.
    async fn fail(&self, waiting: Waiting<Asked>, code: i64, reason: &str, ending: Ending) {
        let Asked { awaited, reply, .. } = waiting.item;
        if let Some(ticket) = awaited.into_ticket() {
            ticket.settle(ending).await;
        }
        if let (Some(asker), Some(reply)) = (waiting.asker, reply) {
            reply.push(reply::error(asker.id.raw(), code, reason, None));
        }
    }

    async fn fail_question(&self, waiting: Waiting<Questioned>, code: i64, reason: &str, ending: Ending) {
        if let Some(ticket) = waiting.item.ticket {
            ticket.settle(ending).await;
        }
        if let Some(asker) = waiting.asker {
            self.upstream.push(reply::error(asker.id.raw(), code, reason, None));
        }
    }
}

fn is_past(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}
