//! A legacy client (2024-11-05 to 2025-11-25) before a modern server (2026-07-28).

mod call;
mod handshake;
mod listen;
#[cfg(test)]
mod properties;
mod question;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use interlock_json::Value;

use super::level::Level;
use super::{Action, Bridge, INTERNAL_ERROR, Limits, List, METHOD_NOT_FOUND, ToClient, ToServer};
use crate::id::{Id, RequestId};
use crate::message::{Message, Notification, Request, Response, Shape};
use crate::method::{self, Lookup, Sender};
use crate::refusal::{INVALID_PARAMS, INVALID_REQUEST};
use crate::reply;
use crate::version::Version;
use call::Call;
use handshake::Client;
use listen::Listening;
use question::Asked;

/// How a modern server is told that nobody waits for a request any more (2026-07-28, "Cancellation",
/// "Transport-Specific Cancellation").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancels {
    /// Streamable HTTP: the request's stream is closed.
    ByClosing,
    /// stdio: `notifications/cancelled`.
    ByNotification,
}

/// A legacy client before a modern server.
///
/// - `initialize` is answered from the server's `server/discover`, in the version that the client asks for or the
///   latest legacy one; `ping` and `logging/setLevel` are answered here.
/// - Every request carries what the client said of itself then, and the log level that it set last. Results lose
///   the members that legacy results do not have.
/// - An `InputRequiredResult` becomes requests to the client. When all are answered, the client's request is made
///   again with the answers and the server's state. What the client refuses to answer ends its request with an
///   error: 2026-07-28 has no other way to say so.
/// - The server is listened to for what it announces, as a legacy client expects without asking, and for the
///   resources that the client subscribes to: one subscription, begun anew whenever they change, and not given up
///   before the new one is acknowledged.
#[derive(Debug)]
pub struct LegacyToModern {
    limits: Limits,
    cancels: Cancels,
    /// The next number.
    next: u64,
    now: Duration,
    client: Client,
    level: Option<Level>,
    calls: BTreeMap<u64, Call>,
    by_client: BTreeMap<RequestId, u64>,
    /// What the client was asked, by the number it was asked under.
    questions: BTreeMap<u64, Asked>,
    listening: Listening,
    out: Vec<Action>,
}

impl Bridge for LegacyToModern {
    fn client_sent(&mut self, message: &Message, now: Duration) -> Vec<Action> {
        self.now = now;
        match message.shape() {
            Shape::Request(request) => self.client_request(&request, message),
            Shape::Notification(notification) => self.client_notification(&notification, message),
            Shape::Response(response) => self.question_answered(&response),
        }
        std::mem::take(&mut self.out)
    }

    fn server_sent(&mut self, message: &Message, on: Option<u64>, now: Duration) -> Vec<Action> {
        self.now = now;
        match message.shape() {
            // A modern server asks nothing of its own, and is not answered: 2026-07-28 has clients send no answers.
            Shape::Request(_) => {}
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
        let reason = "the server closed the stream of the request without an answer";
        if self.client.is_asked_by(request) {
            self.discovery_failed(reason);
        } else if !self.listen_ended(request, None) && self.works_at(request) {
            self.fail_call(request, reason);
        }
        std::mem::take(&mut self.out)
    }

    fn awaits(&self, request: u64) -> bool {
        self.client.is_asked_by(request) || self.works_at(request) || self.listening.is_for(request)
    }

    fn server_gone(&mut self, now: Duration) -> Vec<Action> {
        self.now = now;
        let reason = "the server ended before it answered";
        self.discovery_failed(reason);
        for number in self.calls.keys().copied().collect::<Vec<_>>() {
            self.fail_call(number, reason);
        }
        self.stop_listening(reason);
        std::mem::take(&mut self.out)
    }

    fn tick(&mut self, now: Duration) -> Vec<Action> {
        self.now = now;
        if self.client.deadline().is_some_and(|deadline| deadline <= now) {
            self.discovery_failed("the server did not answer `server/discover` in time");
        }
        self.go_on_with_calls();
        self.go_on_listening();
        std::mem::take(&mut self.out)
    }

    fn next_tick(&self) -> Option<Duration> {
        let calls = self.calls.values().filter_map(Call::until);
        self.client.deadline().into_iter().chain(calls).chain(self.listening.deadlines()).min()
    }
}

impl LegacyToModern {
    /// A bridge to a modern server.
    pub fn new(limits: Limits, cancels: Cancels) -> Self {
        Self {
            limits,
            cancels,
            next: 1,
            now: Duration::ZERO,
            client: Client::New,
            level: None,
            calls: BTreeMap::new(),
            by_client: BTreeMap::new(),
            questions: BTreeMap::new(),
            listening: Listening::default(),
            out: Vec::new(),
        }
    }

    /// The version that the client was told.
    pub fn negotiated(&self) -> Option<Version> {
        self.client.known().map(|known| known.version)
    }

    fn client_request(&mut self, request: &Request<'_>, message: &Message) {
        let id = request.id.to_request_id();
        if self.by_client.contains_key(&id) || self.client.waits_for(&id) || self.listening.waits_for(&id) {
            // An answer would be taken for that of the other.
            return;
        }
        match request.method.as_ref() {
            "ping" => self.answer(&id, "{}"),
            "initialize" => self.initialize(request, id),
            _ => match self.negotiated() {
                Some(version) => self.ready_request(request, message, id, version),
                // 2025-11-25, "Lifecycle": the client should not, and the server would know nothing of it.
                None => self.refuse(&id, INVALID_REQUEST, "`initialize` must come first, and be answered"),
            },
        }
    }

    fn ready_request(&mut self, request: &Request<'_>, message: &Message, id: RequestId, version: Version) {
        match request.method.as_ref() {
            "logging/setLevel" => self.set_level(request, &id),
            "resources/subscribe" => self.subscribe(request, id),
            "resources/unsubscribe" => self.unsubscribe(request, &id),
            method if method.starts_with("tasks/") => {
                let reason = "the server's tasks, if any, are those of 2026-07-28, which cannot be carried to a \
                              legacy version";
                self.refuse(&id, METHOD_NOT_FOUND, reason);
            }
            method => match method::find(method, Sender::Client, version) {
                Lookup::WrongVersion(_) => {
                    let reason = format!("the method does not exist in {version}");
                    self.refuse(&id, METHOD_NOT_FOUND, &reason);
                }
                // What the table does not know is an extension that the gateway let through.
                Lookup::Known(_) | Lookup::Unknown => self.call(request, message, id),
            },
        }
    }

    /// From now on every request says it (2026-07-28, "Logging").
    fn set_level(&mut self, request: &Request<'_>, id: &RequestId) {
        if !self.client.known().is_some_and(|known| known.can_log) {
            return self.refuse(id, METHOD_NOT_FOUND, "the server does not declare `logging`");
        }
        let level = request.params.and_then(|params| params.get("level")).and_then(Value::as_str);
        match level.and_then(|name| Level::parse(&name)) {
            Some(level) => {
                self.level = Some(level);
                self.answer(id, "{}");
            }
            None => self.refuse(id, INVALID_PARAMS, "the log level is not one"),
        }
    }

    fn client_notification(&mut self, notification: &Notification<'_>, message: &Message) {
        match notification.method.as_ref() {
            "notifications/initialized" => self.listen_for_announcements(),
            "notifications/cancelled" => {
                let member = |name| notification.params.and_then(|params| params.get(name));
                if let Some(id) = member("requestId").and_then(RequestId::from_value) {
                    self.cancel(&id, member("reason").filter(|reason| reason.as_str().is_some()));
                }
            }
            method => {
                // The others have nobody to go to: 2026-07-28 took them away, or knows no progress of a client's.
                let known =
                    !matches!(method::find(method, Sender::Client, Version::LATEST_LEGACY), Lookup::Unknown);
                if !known && self.client.known().is_some() {
                    self.tell_server(message.source().to_owned(), None, method.to_owned().into(), None);
                }
            }
        }
    }

    fn server_notification(&mut self, notification: &Notification<'_>, message: &Message, on: Option<u64>) {
        let method = notification.method.as_ref();
        match method {
            "notifications/progress" => self.progress(message),
            "notifications/message" => self.log_message(notification, message, on),
            "notifications/subscriptions/acknowledged" => self.acknowledged(notification, on),
            "notifications/cancelled" => {
                let id = notification.params.and_then(|params| params.get("requestId"));
                let number = id.and_then(RequestId::from_value).and_then(|id| id.as_u64());
                if let Some(number) = number {
                    self.listen_ended(number, None);
                }
            }
            // News of tasks that were never made.
            "notifications/tasks" => {}
            _ if List::of(method).is_some() || method == "notifications/resources/updated" => {
                self.news(notification, message, on);
            }
            _ => self.tell_client(message.source().to_owned(), None),
        }
    }

    fn server_response(&mut self, response: &Response<'_>, message: &Message) {
        let Some(number) = response.id.and_then(Id::as_u64) else { return };
        if self.client.is_asked_by(number) {
            self.discovered(&response.outcome);
        } else if !self.listen_ended(number, Some(&response.outcome)) {
            self.call_answered(number, &response.outcome, message);
        }
    }

    /// The client gives up on a request.
    fn cancel(&mut self, id: &RequestId, reason: Option<Value<'_>>) {
        if let Some(number) = self.by_client.get(id).copied() {
            self.cancel_call(number, reason);
        } else {
            self.subscribe_cancelled(id);
        }
    }

    /// Tells the server that nobody waits for a request any more.
    fn cancel_at_server(&mut self, number: u64, reason: Option<Value<'_>>) {
        match self.cancels {
            Cancels::ByClosing => self.out.push(Action::CloseStream(number)),
            Cancels::ByNotification => {
                let reason = reason.map(|reason| format!(",\"reason\":{}", reason.raw())).unwrap_or_default();
                let params = format!(r#"{{"requestId":{number}{reason}}}"#);
                let method = "notifications/cancelled";
                self.tell_server(reply::notification(method, Some(&params)), None, method.into(), None);
            }
        }
    }

    /// Whether so many bytes more can be kept of requests and what came for them. They are counted when something is
    /// to be added, and not kept account of.
    fn has_room_for(&self, bytes: usize) -> bool {
        let kept: usize = self.calls.values().map(Call::kept).sum();
        kept.saturating_add(bytes) <= self.limits.kept_bytes
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }

    fn tell_server(
        &mut self,
        line: String,
        request: Option<u64>,
        method: Cow<'static, str>,
        name: Option<String>,
    ) {
        let (version, method) = (Some(Version::LATEST), Some(method));
        self.out.push(Action::ToServer(ToServer { line, request, version, method, name }));
    }

    fn tell_client(&mut self, line: String, on: Option<RequestId>) {
        self.out.push(Action::ToClient(ToClient { line, on }));
    }

    fn answer(&mut self, id: &RequestId, result: &str) {
        self.tell_client(reply::result(id, result), Some(id.clone()));
    }

    fn refuse(&mut self, id: &RequestId, code: i64, reason: &str) {
        self.tell_client(reply::error(id, code, reason, None), Some(id.clone()));
    }

    fn fail(&mut self, id: &RequestId, reason: &str) {
        self.refuse(id, INTERNAL_ERROR, reason);
    }
}
