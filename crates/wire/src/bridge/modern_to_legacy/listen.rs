//! `subscriptions/listen` (2026-07-28, "Subscriptions") by the announcements and subscriptions of a legacy session.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use interlock_json::{Value, canonical};

use super::{List, ModernToLegacy, Own, reply};
use crate::bridge::edit::Rewrite;
use crate::id::RequestId;
use crate::message::{Message, Notification, Request};

/// The subscriptions of the client, and what the server was told to watch for them.
#[derive(Debug, Default)]
pub(super) struct Listens {
    open: BTreeMap<RequestId, Listen>,
    /// Resources that the server was asked to watch, and whether it agreed.
    watched: BTreeMap<String, bool>,
}

#[derive(Debug)]
struct Listen {
    lists: BTreeSet<List>,
    /// Resources that the server watches for it.
    uris: BTreeSet<String>,
    /// Resources of which the server has not said whether it does.
    asked: BTreeSet<String>,
    /// When it is told what it gets, whether or not the server has said everything; none when it was told.
    deadline: Option<Duration>,
    /// News that came before that, each once.
    early: Vec<String>,
}

impl Listen {
    /// News is not owed before a subscription is acknowledged; what fits is given all the same.
    fn keep_until_acknowledged(&mut self, line: String, most: usize) {
        let fits = line.len() <= most && self.early.len() <= self.asked.len() + List::ALL.len();
        if fits && !self.early.contains(&line) {
            self.early.push(line);
        }
    }
}

impl Listens {
    pub(super) fn contains(&self, id: &RequestId) -> bool {
        self.open.contains_key(id)
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = Duration> {
        self.open.values().filter_map(|listen| listen.deadline)
    }

    fn is_watched_for_anybody(&self, uri: &str) -> bool {
        self.open.values().any(|listen| listen.uris.contains(uri) || listen.asked.contains(uri))
    }
}

impl ModernToLegacy {
    pub(super) fn listen(&mut self, request: &Request<'_>, id: &RequestId) {
        let Some(filter) =
            request.params.and_then(|params| params.get("notifications")).filter(|f| f.is_object())
        else {
            return self.refuse_params(id, "`params.notifications` must be an object");
        };
        let Some(uris) = watched_resources(filter) else {
            return self.refuse_params(id, "`resourceSubscriptions` must be an array of strings");
        };
        let Some(peer) = self.handshake.peer() else { return };
        let wanted = |list: &&List| filter.get(list.filter()).and_then(Value::as_bool) == Some(true);
        let lists: BTreeSet<List> = peer.announces.iter().filter(wanted).copied().collect();
        let uris = if peer.can_subscribe { uris } else { BTreeSet::new() };
        if uris.iter().any(|uri| uri.len() > self.limits.watched_bytes) {
            return self.refuse_params(id, "the name of a resource is too long");
        }
        let new = uris.iter().filter(|uri| !self.listens.watched.contains_key(*uri)).count();
        if self.listens.open.len() >= self.limits.listens
            || self.listens.watched.len().saturating_add(new) > self.limits.watched
        {
            return self.refuse_busy(id);
        }
        let deadline = Some(self.now.saturating_add(self.limits.acknowledge));
        let mut listen =
            Listen { lists, uris: BTreeSet::new(), asked: BTreeSet::new(), deadline, early: Vec::new() };
        let mut ask = Vec::new();
        for uri in uris {
            match self.listens.watched.get(&uri) {
                Some(true) => listen.uris.insert(uri),
                Some(false) => listen.asked.insert(uri),
                None => {
                    self.listens.watched.insert(uri.clone(), false);
                    ask.push(uri.clone());
                    listen.asked.insert(uri)
                }
            };
        }
        self.listens.open.insert(id.clone(), listen);
        for uri in ask {
            let params = uri_params(&uri);
            self.ask(Own::Subscribe(uri), "resources/subscribe", &params);
        }
        self.acknowledge_if_complete(id);
    }

    /// The server said whether it watches a resource.
    pub(super) fn subscribed(&mut self, uri: &str, well: bool) {
        if well && let Some(agreed) = self.listens.watched.get_mut(uri) {
            *agreed = true;
        } else if !well {
            self.listens.watched.remove(uri);
        }
        let mut waited = Vec::new();
        for (id, listen) in &mut self.listens.open {
            if listen.asked.remove(uri) {
                if well {
                    listen.uris.insert(uri.to_owned());
                }
                waited.push(id.clone());
            }
        }
        for id in waited {
            self.acknowledge_if_complete(&id);
        }
    }

    pub(super) fn acknowledge_late(&mut self) {
        let now = self.now;
        let late = |listen: &Listen| listen.deadline.is_some_and(|deadline| deadline <= now);
        let late: Vec<RequestId> =
            self.listens.open.iter().filter(|(_, listen)| late(listen)).map(|(id, _)| id.clone()).collect();
        for id in late {
            let unanswered = self.listens.open.get_mut(&id).map(|listen| std::mem::take(&mut listen.asked));
            self.acknowledge_if_complete(&id);
            self.unwatch(unanswered.unwrap_or_default());
        }
    }

    /// The first message of a subscription: what it gets of what it wanted ("Acknowledgment").
    fn acknowledge_if_complete(&mut self, id: &RequestId) {
        let Some(listen) = self.listens.open.get_mut(id).filter(|listen| listen.asked.is_empty()) else {
            return;
        };
        if listen.deadline.take().is_none() {
            return;
        }
        let mut members: Vec<String> =
            listen.lists.iter().map(|list| format!("\"{}\":true", list.filter())).collect();
        if !listen.uris.is_empty() {
            let uris: Vec<String> = listen.uris.iter().map(|uri| quoted(uri)).collect();
            members.push(format!("\"resourceSubscriptions\":[{}]", uris.join(",")));
        }
        let params =
            format!(r#"{{"_meta":{{{}}},"notifications":{{{}}}}}"#, subscription(id), members.join(","));
        let early = std::mem::take(&mut listen.early);
        let method = "notifications/subscriptions/acknowledged";
        self.tell_client(reply::notification(method, Some(&params)), Some(id.clone()));
        for line in early {
            self.tell_client(line, Some(id.clone()));
        }
    }

    /// A list changed: everybody who wanted to know is told.
    pub(super) fn announce(&mut self, list: List, message: &Message) {
        self.tell(message, |listen| listen.lists.contains(&list));
    }

    pub(super) fn announce_update(&mut self, notification: &Notification<'_>, message: &Message) {
        let uri = notification.params.and_then(|params| params.get("uri")).and_then(Value::as_str);
        let Some(uri) = uri else { return };
        // It may be a part of what is watched (2025-11-25, `ResourceUpdatedNotificationParams`).
        let is_of = |watched: &String| {
            uri.strip_prefix(watched.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || watched.ends_with('/'))
        };
        self.tell(message, |listen| listen.uris.iter().chain(&listen.asked).any(is_of));
    }

    fn tell(&mut self, message: &Message, wants: impl Fn(&Listen) -> bool) {
        let most = self.limits.watched_bytes;
        let mut told = Vec::new();
        for (id, listen) in self.listens.open.iter_mut().filter(|(_, listen)| wants(listen)) {
            let mark = subscription(id);
            let without = &["io.modelcontextprotocol/subscriptionId"];
            let line =
                Rewrite { meta_without: without, meta_with: &mark, ..Rewrite::default() }.apply(message);
            if listen.deadline.is_none() {
                told.push((line, id.clone()));
            } else {
                listen.keep_until_acknowledged(line, most);
            }
        }
        for (line, id) in told {
            self.tell_client(line, Some(id));
        }
    }

    /// The client ended a subscription: it gets no answer ("Cancellation").
    pub(super) fn end_listen(&mut self, id: &RequestId) -> bool {
        let Some(listen) = self.listens.open.remove(id) else { return false };
        let mut uris = listen.uris;
        uris.extend(listen.asked);
        self.unwatch(uris);
        true
    }

    /// The server is gone: each subscription is answered, which says that it has ended.
    pub(super) fn end_all_listens(&mut self) {
        let open = std::mem::take(&mut self.listens).open;
        for id in open.into_keys() {
            let result = format!(r#"{{"resultType":"complete","_meta":{{{}}}}}"#, subscription(&id));
            self.tell_client(reply::result(&id, &result), Some(id));
        }
    }

    fn unwatch(&mut self, uris: BTreeSet<String>) {
        for uri in uris {
            if !self.listens.is_watched_for_anybody(&uri) && self.listens.watched.remove(&uri).is_some() {
                self.ask(Own::Ignored, "resources/unsubscribe", &uri_params(&uri));
            }
        }
    }
}

/// The resources that a filter names; `None` where it does not name them as it should.
fn watched_resources(filter: Value<'_>) -> Option<BTreeSet<String>> {
    match filter.get("resourceSubscriptions").filter(|uris| !uris.is_null()) {
        None => Some(BTreeSet::new()),
        Some(uris) if !uris.is_array() => None,
        Some(uris) => uris.items().map(|uri| uri.as_str().map(std::borrow::Cow::into_owned)).collect(),
    }
}

fn subscription(id: &RequestId) -> String {
    format!("\"io.modelcontextprotocol/subscriptionId\":{id}")
}

fn uri_params(uri: &str) -> String {
    format!("{{\"uri\":{}}}", quoted(uri))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    canonical::write_str(text, &mut quoted);
    quoted
}
