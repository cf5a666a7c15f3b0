//! What a legacy session is told without asking or by `resources/subscribe`, from one `subscriptions/listen`
//! (2026-07-28, "Subscriptions").

use std::collections::BTreeSet;
use std::time::Duration;

use interlock_json::{Value, canonical};

use super::{INVALID_PARAMS, LegacyToModern, List, METHOD_NOT_FOUND, reply};
use crate::bridge::edit::rewrite;
use crate::id::RequestId;
use crate::message::{Message, Notification, Outcome, Request};

/// The member of `_meta` that names a subscription.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// What the client is to be told, and how the server is listened to for it.
#[derive(Debug, Default)]
pub(super) struct Listening {
    lists: Vec<List>,
    /// Resources that the client has subscribed to, or is about to.
    wanted: BTreeSet<String>,
    /// The subscription that is acknowledged, and the resources that it watches.
    current: Option<(u64, BTreeSet<String>)>,
    /// The one that is to take its place.
    opening: Option<Opening>,
    /// Whether something has changed since that was opened.
    changed: bool,
    /// Subscriptions of the client that wait to be acknowledged.
    waiting: Vec<(RequestId, String)>,
    again_at: Option<Duration>,
    /// How often the server has ended one since the last that it acknowledged.
    failures: u32,
}

#[derive(Debug)]
struct Opening {
    number: u64,
    uris: BTreeSet<String>,
    deadline: Duration,
}

impl Listening {
    pub(super) fn waits_for(&self, own: &RequestId) -> bool {
        self.waiting.iter().any(|(id, _)| id == own)
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = Duration> {
        self.opening.as_ref().map(|opening| opening.deadline).into_iter().chain(self.again_at)
    }

    fn is_opening(&self, number: u64) -> bool {
        self.opening.as_ref().is_some_and(|opening| opening.number == number)
    }

    fn is_current(&self, number: u64) -> bool {
        self.current.as_ref().is_some_and(|(current, _)| *current == number)
    }

    /// Whether a subscription goes by this number.
    pub(super) fn is_for(&self, number: u64) -> bool {
        self.is_opening(number) || self.is_current(number)
    }

    fn wants_nothing(&self) -> bool {
        self.lists.is_empty() && self.wanted.is_empty()
    }

    /// 2026-07-28, `SubscriptionFilter`.
    fn filter(&self) -> String {
        let mut members: Vec<String> =
            self.lists.iter().map(|list| format!("\"{}\":true", list.filter())).collect();
        if !self.wanted.is_empty() {
            let uris: Vec<String> = self.wanted.iter().map(|uri| quoted(uri)).collect();
            members.push(format!("\"resourceSubscriptions\":[{}]", uris.join(",")));
        }
        format!("{{{}}}", members.join(","))
    }
}

impl LegacyToModern {
    /// The client is ready to be told of changes.
    pub(super) fn listen_for_announcements(&mut self) {
        let Some(known) = self.client.known() else { return };
        if self.listening.lists != known.announces {
            self.listening.lists = known.announces.clone();
            self.listen();
        }
    }

    pub(super) fn subscribe(&mut self, request: &Request<'_>, id: RequestId) {
        if !self.client.known().is_some_and(|known| known.can_subscribe) {
            let reason = "the server does not declare `resources.subscribe`";
            return self.refuse(&id, METHOD_NOT_FOUND, reason);
        }
        let Some(uri) = uri(request) else {
            return self.refuse(&id, INVALID_PARAMS, "`params.uri` must be a string");
        };
        if self.listening.current.as_ref().is_some_and(|(_, watched)| watched.contains(&uri))
            && self.listening.wanted.contains(&uri)
        {
            return self.answer(&id, "{}");
        }
        if self.listening.wanted.len() >= self.limits.watched
            || self.listening.waiting.len() >= self.limits.in_flight
            || uri.len() > self.limits.watched_bytes
        {
            return self.fail(&id, "too many resources are watched");
        }
        self.listening.wanted.insert(uri.clone());
        self.listening.waiting.push((id, uri));
        self.listen();
    }

    pub(super) fn unsubscribe(&mut self, request: &Request<'_>, id: &RequestId) {
        let Some(uri) = uri(request) else {
            return self.refuse(id, INVALID_PARAMS, "`params.uri` must be a string");
        };
        self.answer(id, "{}");
        self.unwatch(&uri);
    }

    pub(super) fn subscribe_cancelled(&mut self, id: &RequestId) {
        let Some(at) = self.listening.waiting.iter().position(|(waiting, _)| waiting == id) else { return };
        let (_, uri) = self.listening.waiting.remove(at);
        self.unwatch(&uri);
    }

    /// Nobody wants to hear of a resource, unless somebody else waits for it.
    fn unwatch(&mut self, uri: &str) {
        let waited_for = self.listening.waiting.iter().any(|(_, waiting)| waiting == uri);
        if !waited_for && self.listening.wanted.remove(uri) {
            self.listen();
        }
    }

    /// Begins a subscription to what is wanted now. The one before is given up when this one is acknowledged.
    fn listen(&mut self) {
        if self.listening.opening.is_some() {
            self.listening.changed = true;
            return;
        }
        (self.listening.changed, self.listening.again_at) = (false, None);
        if self.listening.wants_nothing() {
            if let Some((number, _)) = self.listening.current.take() {
                self.cancel_at_server(number, None);
            }
            return;
        }
        let number = self.number();
        let params =
            format!("{{\"notifications\":{},\"_meta\":{{{}}}}}", self.listening.filter(), self.meta());
        let deadline = self.now.saturating_add(self.limits.acknowledge);
        self.listening.opening = Some(Opening { number, uris: self.listening.wanted.clone(), deadline });
        let method = "subscriptions/listen";
        self.tell_server(reply::request(number, method, Some(&params)), Some(number), method.into(), None);
    }

    /// The server says what it will tell of.
    pub(super) fn acknowledged(&mut self, notification: &Notification<'_>, on: Option<u64>) {
        let number = subscription(notification, on).filter(|number| self.listening.is_opening(*number));
        let (Some(number), Some(opening)) = (number, self.listening.opening.take_if(|_| number.is_some()))
        else {
            return;
        };
        let honoured = notification.params.and_then(|params| params.get("notifications"));
        let uris = honoured.and_then(|honoured| honoured.get("resourceSubscriptions"));
        let honoured: BTreeSet<String> = uris
            .into_iter()
            .flat_map(Value::items)
            .filter_map(Value::as_str)
            .map(|uri| uri.into_owned())
            .collect();
        let watched = opening.uris.intersection(&honoured).cloned().collect();
        if let Some((before, _)) = self.listening.current.replace((number, watched)) {
            self.cancel_at_server(before, None);
        }
        self.listening.failures = 0;
        self.answer_subscribers(&opening.uris, |uri| honoured.contains(uri), "the server does not watch it");
        if self.listening.changed {
            self.listen();
        }
    }

    /// Answers those who wait for one of these resources.
    fn answer_subscribers(&mut self, of: &BTreeSet<String>, well: impl Fn(&str) -> bool, reason: &str) {
        let (answered, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.listening.waiting).into_iter().partition(|(_, uri)| of.contains(uri));
        self.listening.waiting = waiting;
        for (id, uri) in answered {
            if well(&uri) {
                self.answer(&id, "{}");
            } else {
                self.listening.wanted.remove(&uri);
                self.fail(&id, &format!("the resource cannot be subscribed to: {reason}"));
            }
        }
    }

    /// A subscription has ended: by its answer, a cancellation, or the end of its stream. Whether it was one.
    pub(super) fn listen_ended(&mut self, number: u64, outcome: Option<&Outcome<'_>>) -> bool {
        let (opening, current) = (self.listening.is_opening(number), self.listening.is_current(number));
        if !opening && !current {
            return false;
        }
        if matches!(outcome, Some(Outcome::Error(error)) if error.code == METHOD_NOT_FOUND) {
            // Asking again would be answered alike.
            self.stop_listening("the server has no subscriptions");
        } else if opening {
            self.opening_failed("the server ended the subscription");
        } else {
            self.listening.current = None;
            self.listen_later();
        }
        true
    }

    fn opening_failed(&mut self, reason: &str) {
        let Some(opening) = self.listening.opening.take() else { return };
        self.answer_subscribers(&opening.uris, |_| false, reason);
        // Whoever came meanwhile asks for something else, and does not wait for what failed.
        if self.listening.changed { self.listen() } else { self.listen_later() }
    }

    /// Twice as late each time, so that a server that keeps ending it is not asked all the time.
    fn listen_later(&mut self) {
        const MOST_DOUBLED: u32 = 5;
        if self.listening.opening.is_some() || self.listening.wants_nothing() {
            return;
        }
        let wait = self.limits.listen_again.saturating_mul(1 << self.listening.failures.min(MOST_DOUBLED));
        self.listening.failures = self.listening.failures.saturating_add(1);
        self.listening.again_at = Some(self.now.saturating_add(wait));
    }

    pub(super) fn go_on_listening(&mut self) {
        let now = self.now;
        if let Some(opening) = self.listening.opening.as_ref().filter(|opening| opening.deadline <= now) {
            let number = opening.number;
            self.cancel_at_server(number, None);
            self.opening_failed("the server did not say in time whether it watches it");
        }
        if self.listening.again_at.is_some_and(|at| at <= now) {
            self.listen();
        }
    }

    /// Whoever waits for a subscription gets an error, and nothing is listened to any more.
    pub(super) fn stop_listening(&mut self, reason: &str) {
        let waiting = std::mem::take(&mut self.listening).waiting;
        for (id, _) in waiting {
            self.fail(&id, &format!("the resource cannot be subscribed to: {reason}"));
        }
    }

    /// News of the subscription in force, which a legacy client does not know by name.
    pub(super) fn news(&mut self, notification: &Notification<'_>, message: &Message, on: Option<u64>) {
        if !subscription(notification, on).is_some_and(|number| self.listening.is_current(number)) {
            return;
        }
        let meta = notification.params.and_then(|params| params.get("_meta"));
        let edits = meta.map(|meta| rewrite(meta, &[SUBSCRIPTION], "")).unwrap_or_default();
        self.tell_client(message.with_edits(edits), None);
    }

    #[cfg(test)]
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.calls.is_empty()
            && self.by_client.is_empty()
            && self.questions.is_empty()
            && self.listening.waiting.is_empty()
    }
}

/// The subscription that a message belongs to: what it says itself, and where it does not, its stream.
fn subscription(notification: &Notification<'_>, on: Option<u64>) -> Option<u64> {
    let named = notification.params.and_then(|params| params.get("_meta")?.get(SUBSCRIPTION));
    match named {
        Some(named) => RequestId::from_value(named).and_then(|id| id.as_u64()),
        None => on,
    }
}

fn uri(request: &Request<'_>) -> Option<String> {
    let uri = request.params?.get("uri")?;
    uri.as_str().map(std::borrow::Cow::into_owned)
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut quoted);
    quoted
}
