//! A modern client (2026-07-28) before a legacy server (2024-11-05 to 2025-11-25).

mod answer;
mod call;
mod handshake;
mod listen;
#[cfg(test)]
mod properties;
mod question;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use interlock_json::Value;

use super::capabilities::client_for_other_era;
use super::level::Level;
use super::{Action, Bridge, INTERNAL_ERROR, Limits, List, METHOD_NOT_FOUND, ToClient, ToServer};
use crate::id::RequestId;
use crate::message::{Message, Notification, Outcome, Request, Response, Shape};
use crate::method::{self, Lookup, Sender};
use crate::refusal::INVALID_PARAMS;
use crate::reply;
use crate::version::Version;
use call::Call;
use handshake::Handshake;
use listen::Listens;
use question::{Question, State};

/// A modern client before a legacy server.
///
/// - `initialize` goes to the server before the first request of the client, with what that one says of its
///   client; requests wait until it is answered. `server/discover` is answered from what came of it.
/// - Requests go under numbers of the bridge's own, which are their progress tokens as well, without the modern
///   members of `_meta`. Results come back with `resultType`, and with `ttlMs` and `cacheScope` where 2026-07-28
///   requires them: as stale at once and for this client alone, because nobody said otherwise.
/// - A question of the server's (elicitation, sampling, roots) ends the client's request with an
///   `InputRequiredResult`; the call stays open and goes on when the client asks again with the answers and the
///   state. On a channel shared by all calls nobody can say which of them a question belongs to: it goes to the
///   oldest that may ask and whose client declared it. Whichever takes it, its answer goes to the question.
/// - A question that comes while nothing is being called waits, as servers ask for roots as soon as they are started.
///   The next call that may ask is answered with it, and goes to the server when the question has its answer.
/// - `subscriptions/listen` becomes `resources/subscribe`, and the announcements that the server makes anyway.
/// - A log level becomes `logging/setLevel`; what nobody asked for is not passed on.
///
/// States come from `tokens`, once each, and are used once. They name a call and do not protect themselves:
/// whoever gives them to a client seals them, and binds them to the client.
pub struct ModernToLegacy {
    limits: Limits,
    tokens: Box<dyn FnMut() -> String + Send>,
    /// Capabilities to declare instead of those of the first request.
    declares: Option<String>,
    /// The next number.
    next: u64,
    now: Duration,
    handshake: Handshake,
    calls: BTreeMap<u64, Call>,
    /// The calls that a request of the client's waits for.
    by_client: BTreeMap<RequestId, u64>,
    states: BTreeMap<String, State>,
    /// What the server asked while nothing was being called, and until when it waits.
    early: Vec<(Question, Duration)>,
    /// What the bridge has asked the server for itself.
    own: BTreeMap<u64, Own>,
    listens: Listens,
    /// What the server was told last.
    level: Option<Level>,
    out: Vec<Action>,
}

/// A request of the bridge's own.
#[derive(Debug)]
enum Own {
    /// Its answer changes nothing.
    Ignored,
    /// `resources/subscribe` for this resource.
    Subscribe(String),
}

/// Requests of the bridge's own whose answers it waits for; of more the oldest is forgotten.
const MOST_OWN: usize = 4_096;

impl fmt::Debug for ModernToLegacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModernToLegacy")
            .field("handshake", &self.handshake)
            .field("calls", &self.calls.len())
            .field("states", &self.states.len())
            .finish_non_exhaustive()
    }
}

impl Bridge for ModernToLegacy {
    fn client_sent(&mut self, message: &Message, now: Duration) -> Vec<Action> {
        self.now = now;
        match message.shape() {
            Shape::Request(request) => self.client_request(&request, message),
            Shape::Notification(notification) => self.client_notification(&notification, message),
            // A modern client has nothing to answer: questions are part of answers.
            Shape::Response(_) => {}
        }
        std::mem::take(&mut self.out)
    }

    fn server_sent(&mut self, message: &Message, on: Option<u64>, now: Duration) -> Vec<Action> {
        self.now = now;
        match message.shape() {
            Shape::Request(request) => self.server_request(&request, on),
            Shape::Notification(notification) => self.server_notification(&notification, message, on),
            Shape::Response(response) => self.server_response(&response, message),
        }
        std::mem::take(&mut self.out)
    }

    fn client_closed(&mut self, id: &RequestId, now: Duration) -> Vec<Action> {
        self.now = now;
        self.cancel(id, None);
        std::mem::take(&mut self.out)
    }

    fn server_closed(&mut self, request: u64, now: Duration) -> Vec<Action> {
        self.now = now;
        if self.handshake.is_asked_by(request) {
            self.handshake_failed("the server closed the stream of `initialize` without an answer");
        } else if let Some(own) = self.own.remove(&request) {
            self.own_answered(own, false);
        } else if self.awaits(request) {
            self.fail_call(request, "the server closed the stream of the request without an answer");
        }
        std::mem::take(&mut self.out)
    }

    fn awaits(&self, request: u64) -> bool {
        let works = |call: &Call| call.sent && call.done.is_none();
        self.handshake.is_asked_by(request)
            || self.own.contains_key(&request)
            || self.calls.get(&request).is_some_and(works)
    }

    fn server_gone(&mut self, now: Duration) -> Vec<Action> {
        self.now = now;
        if !matches!(self.handshake, Handshake::Done(_)) {
            self.handshake_failed("the server ended before it agreed on a version");
        }
        for number in self.calls.keys().copied().collect::<Vec<_>>() {
            self.fail_call(number, "the server ended before it answered");
        }
        self.refuse_early(|_| true);
        self.end_all_listens();
        self.own.clear();
        self.states.clear();
        std::mem::take(&mut self.out)
    }

    fn tick(&mut self, now: Duration) -> Vec<Action> {
        self.now = now;
        if self.handshake.deadline().is_some_and(|deadline| deadline <= now) {
            self.handshake_failed("the server did not answer `initialize` in time");
        }
        self.ask_what_is_gathered();
        self.expire_states();
        self.refuse_early(|until| until <= now);
        self.acknowledge_late();
        std::mem::take(&mut self.out)
    }

    fn next_tick(&self) -> Option<Duration> {
        let gathered = self.calls.values().filter_map(|call| call.gather_until);
        let states = self.states.values().map(State::until);
        let listens = self.listens.deadlines();
        let early = self.early.iter().map(|(_, until)| *until);
        self.handshake.deadline().into_iter().chain(early).chain(gathered).chain(states).chain(listens).min()
    }
}

impl ModernToLegacy {
    /// A bridge to a server that has just been started. `tokens` gives a state that was never given before.
    pub fn new(limits: Limits, tokens: Box<dyn FnMut() -> String + Send>) -> Self {
        Self {
            limits,
            tokens,
            declares: None,
            next: 1,
            now: Duration::ZERO,
            handshake: Handshake::No,
            calls: BTreeMap::new(),
            by_client: BTreeMap::new(),
            states: BTreeMap::new(),
            early: Vec::new(),
            own: BTreeMap::new(),
            listens: Listens::default(),
            level: None,
            out: Vec::new(),
        }
    }

    /// Declares to the server what a client declared that is known beforehand, an object of `ClientCapabilities` of
    /// 2026-07-28, instead of what the first request declares: that one may not be the client's own.
    #[must_use]
    pub fn declaring(mut self, capabilities: Value<'_>) -> Self {
        self.declares = Some(client_for_other_era(capabilities));
        self
    }

    /// Numbers the bridge's requests from here on, where the server may still answer others that were sent before.
    #[must_use]
    pub fn counting_from(mut self, number: u64) -> Self {
        self.next = number;
        self
    }

    /// The number of `initialize` and the requests that wait for its answer, where there is none yet: for the server
    /// as they are, because it speaks the client's era after all.
    pub fn take_waiting(&mut self) -> Option<(u64, Vec<Message>)> {
        self.handshake.take_waiting()
    }

    /// Whether the server did not agree on a version: nothing more will come of this bridge.
    pub fn has_failed(&self) -> bool {
        matches!(self.handshake, Handshake::Failed(_))
    }

    /// Nobody will come back with this `requestState`: the call that waits for it ends.
    pub fn abandon(&mut self, state: &str, now: Duration) -> Vec<Action> {
        self.now = now;
        if let Some(State::Held { number, .. }) = self.states.remove(state) {
            self.cancel_call(number, None);
        }
        std::mem::take(&mut self.out)
    }

    /// The version that the server chose.
    pub fn negotiated(&self) -> Option<Version> {
        self.handshake.peer().map(|peer| peer.version)
    }

    fn client_request(&mut self, request: &Request<'_>, message: &Message) {
        let id = request.id.to_request_id();
        if self.is_in_flight(&id) {
            // An answer would be taken for that of the other.
            return;
        }
        match &mut self.handshake {
            Handshake::Done(_) => self.ready_request(request, message, id),
            Handshake::No => self.begin(request, message),
            Handshake::Failed(reason) => {
                let reason = reason.clone();
                self.refuse(&id, INTERNAL_ERROR, &reason);
            }
            Handshake::Asked { .. } => self.wait(message, &id),
        }
    }

    fn wait(&mut self, message: &Message, id: &RequestId) {
        let has_room = self.has_room_for(message.source().len());
        match &mut self.handshake {
            Handshake::Asked { waiting, .. } if has_room && waiting.len() < self.limits.in_flight => {
                waiting.push(message.clone());
            }
            _ => self.refuse_busy(id),
        }
    }

    /// Whether so many bytes more can be kept.
    fn has_room_for(&self, bytes: usize) -> bool {
        self.kept().saturating_add(bytes) <= self.limits.kept_bytes
    }

    /// Bytes of what is kept. They are counted when something is to be added, which is bounded in number, and not
    /// kept account of.
    fn kept(&self) -> usize {
        let calls: usize = self.calls.values().map(Call::kept).sum();
        let states: usize = self.states.values().map(State::kept).sum();
        let early: usize = self.early.iter().map(|(asked, _)| asked.kept()).sum();
        calls + states + early + self.handshake.kept()
    }

    fn ready_request(&mut self, request: &Request<'_>, message: &Message, id: RequestId) {
        match request.method.as_ref() {
            "server/discover" => self.discover(&id),
            "subscriptions/listen" => self.listen(request, &id),
            method if method.starts_with("tasks/") => {
                let reason =
                    "the server's tasks are those of 2025-11-25, which cannot be carried to 2026-07-28";
                self.refuse(&id, METHOD_NOT_FOUND, reason);
            }
            method => match method::find(method, Sender::Client, Version::LATEST) {
                Lookup::WrongVersion(_) => {
                    self.refuse(&id, METHOD_NOT_FOUND, "the method does not exist in 2026-07-28");
                }
                // What the table does not know is an extension that the gateway let through.
                Lookup::Known(_) | Lookup::Unknown => self.call(request, message, id),
            },
        }
    }

    fn client_notification(&mut self, notification: &Notification<'_>, message: &Message) {
        match notification.method.as_ref() {
            "notifications/cancelled" => {
                let member = |name| notification.params.and_then(|params| params.get(name));
                if let Some(id) = member("requestId").and_then(RequestId::from_value) {
                    self.cancel(&id, member("reason").filter(|reason| reason.as_str().is_some()));
                }
            }
            method => {
                // 2026-07-28 has no other; what it is beyond that is for whoever let it through.
                let known = !matches!(method::find(method, Sender::Client, Version::LATEST), Lookup::Unknown);
                if !known && matches!(self.handshake, Handshake::Done(_)) {
                    self.tell_server(message.source().to_owned(), None, Some(method.to_owned().into()), None);
                }
            }
        }
    }

    fn server_request(&mut self, request: &Request<'_>, on: Option<u64>) {
        match request.method.as_ref() {
            "ping" => self.answer_server(&reply::result(request.id, "{}")),
            "elicitation/create" | "sampling/createMessage" | "roots/list" => self.question(request, on),
            _ => {
                let reason = "the client speaks 2026-07-28, which has no such request of a server";
                self.answer_server(&reply::error(request.id, METHOD_NOT_FOUND, reason, None));
            }
        }
    }

    fn server_notification(&mut self, notification: &Notification<'_>, message: &Message, on: Option<u64>) {
        let method = notification.method.as_ref();
        if let Some(list) = List::of(method) {
            self.out.push(Action::Changed(list));
            return self.announce(list, message);
        }
        match method {
            "notifications/progress" => self.progress(message),
            "notifications/message" => self.log_message(notification, message, on),
            "notifications/resources/updated" => self.announce_update(notification, message),
            "notifications/cancelled" => self.question_withdrawn(notification),
            // Neither exists in 2026-07-28.
            "notifications/elicitation/complete" | "notifications/tasks/status" => {}
            _ => self.tell_client(message.source().to_owned(), None),
        }
    }

    fn server_response(&mut self, response: &Response<'_>, message: &Message) {
        let Some(number) = response.id.and_then(crate::id::Id::as_u64) else { return };
        if self.handshake.is_asked_by(number) {
            return self.initialized(&response.outcome);
        }
        match self.own.remove(&number) {
            Some(own) => self.own_answered(own, matches!(response.outcome, Outcome::Result(_))),
            None => self.call_answered(number, response, message),
        }
    }

    fn own_answered(&mut self, own: Own, well: bool) {
        match own {
            Own::Ignored => {}
            Own::Subscribe(uri) => self.subscribed(&uri, well),
        }
    }

    fn is_in_flight(&self, id: &RequestId) -> bool {
        self.by_client.contains_key(id) || self.listens.contains(id) || self.handshake.is_waiting(id)
    }

    /// The client gives up on a request, by a notification or by closing its stream.
    fn cancel(&mut self, id: &RequestId, reason: Option<Value<'_>>) {
        if let Some(number) = self.by_client.remove(id) {
            self.cancel_call(number, reason);
        } else if !self.end_listen(id) {
            self.handshake.forget(id);
        }
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }

    /// Asks the server for something of the bridge's own.
    fn ask(&mut self, own: Own, method: &'static str, params: &str) {
        let number = self.number();
        self.own.insert(number, own);
        if self.own.len() > MOST_OWN {
            self.own.pop_first();
        }
        let line = reply::request(number, method, Some(params));
        self.tell_server(line, Some(number), Some(method.into()), None);
    }

    fn tell_server(
        &mut self,
        line: String,
        request: Option<u64>,
        method: Option<std::borrow::Cow<'static, str>>,
        name: Option<String>,
    ) {
        let version = self.negotiated();
        self.out.push(Action::ToServer(ToServer { line, request, version, method, name }));
    }

    fn answer_server(&mut self, line: &str) {
        self.tell_server(line.to_owned(), None, None, None);
    }

    fn tell_client(&mut self, line: String, on: Option<RequestId>) {
        self.out.push(Action::ToClient(ToClient { line, on }));
    }

    fn refuse(&mut self, id: &RequestId, code: i64, reason: &str) {
        self.tell_client(reply::error(id, code, reason, None), Some(id.clone()));
    }

    fn refuse_params(&mut self, id: &RequestId, reason: &str) {
        self.refuse(id, INVALID_PARAMS, reason);
    }

    fn refuse_busy(&mut self, id: &RequestId) {
        self.refuse(id, INTERNAL_ERROR, "too many requests wait for the server");
    }
}
