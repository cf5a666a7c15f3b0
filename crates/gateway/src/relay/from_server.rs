//! What the server sends.

use std::sync::Arc;

use interlock_json::Value;
use interlock_policy::{Call, Section};
use interlock_wire::line::Line;
use interlock_wire::method::{Kind, Sender};
use interlock_wire::splice::Edit;
use interlock_wire::{
    Era, Message, Notification, Outcome, Parsed, RequestId, Response, Shape, Version, reply,
};

use super::pinned::NotShown;
use super::tasks::InAnswer;
use super::{Relay, input, own};
use crate::admit;
use crate::batch::ReplyTo;
use crate::capabilities::Capabilities;
use crate::forward;
use crate::introduction;
use crate::lists::List;
use crate::outbox::Outbox;
use crate::session::{Asked, Awaited, Negotiated};
use crate::settle::Ending;

impl Relay {
    /// Takes one line from the server, which belongs to request `on` where the transport or a bridge knows of one.
    pub(crate) async fn from_server(self: &Arc<Self>, line: Line, on: Option<u64>) {
        let bytes = match line {
            Line::Complete(bytes) => bytes,
            Line::TooLong { head, .. } => return Box::pin(self.refuse_long_line(&head)).await,
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let version = self.session().negotiated.for_batches();
        match interlock_wire::parse(bytes, version, &self.gateway.options.limits.message) {
            Ok(Parsed::One(message)) => self.server_message(&message, on).await,
            Ok(Parsed::Batch(elements)) => {
                for element in elements {
                    match element {
                        Ok(message) => self.server_message(&message, on).await,
                        Err(refusal) => Box::pin(self.refuse_server(&refusal)).await,
                    }
                }
            }
            Err(refusal) => Box::pin(self.refuse_server(&refusal)).await,
        }
    }

    async fn server_message(self: &Arc<Self>, message: &Message, on: Option<u64>) {
        match message.shape() {
            Shape::Response(response) => self.server_response(&response, message).await,
            Shape::Notification(notification) => {
                Box::pin(self.server_notification(&notification, message, on)).await;
            }
            Shape::Request(request) => Box::pin(self.server_request(&request, message, on)).await,
        }
    }

    async fn server_response(self: &Arc<Self>, response: &Response<'_>, message: &Message) {
        let number = response.id.as_ref().and_then(|id| id.as_u64());
        let Some(waiting) = number.and_then(|number| self.take_forwarded(number)) else {
            if number.is_some_and(|number| self.session().to_server.is_late(number)) {
                return tracing::debug!("the server answered a request that was given up");
            }
            let id = response.id.as_ref().map(|id| id.raw());
            return self.drop_from_server(
                "",
                id,
                "an answer to a question that nobody asked, or a second one",
            );
        };
        self.gateway.server_answered(self.access.server());
        let seen = input::may_see(&waiting.item, &response.outcome);
        let bytes = message.source().len();
        let tasks = seen.and_then(|()| self.tasks_in(&waiting.item, &response.outcome, bytes));
        let Asked { awaited, version, reply, may_ask, .. } = waiting.item;
        let tasks = match tasks {
            Ok(tasks) => tasks,
            Err(_) if reply.is_none() => InAnswer::default(),
            Err(reason) => {
                let ticket = awaited.into_ticket();
                return Box::pin(self.refuse_answer(waiting.asker, reply, ticket, reason)).await;
            }
        };
        for (ticket, ending) in tasks.ended {
            Box::pin(ticket.settle(ending)).await;
        }
        let mut edits = tasks.edits;
        match self.seal_state(may_ask.as_deref(), &response.outcome) {
            Ok(sealed) => edits.extend(sealed),
            Err(reason) => {
                let ticket = awaited.into_ticket();
                return Box::pin(self.refuse_answer(waiting.asker, reply, ticket, reason)).await;
            }
        }
        match awaited {
            Awaited::Own(answer) => {
                // Nobody waits any more when the call that needed it has ended.
                let _ended = answer.send(message.clone());
                return;
            }
            Awaited::Look(own) => {
                return Box::pin(self.looked(&own, version, &response.outcome, bytes)).await;
            }
            Awaited::Call(ticket) if tasks.made.is_some() => {
                if let Some(made) = tasks.made {
                    Box::pin(self.goes_on(made, ticket)).await;
                }
            }
            Awaited::Call(ticket) => {
                let continues = self.remember(may_ask, &response.outcome);
                let ending = own::answered(&response.outcome, message.source().len());
                ticket.settle(if continues { ending.continues() } else { ending }).await;
            }
            Awaited::Listen(ticket) => {
                if let Some(ticket) = ticket {
                    ticket.settle(own::answered(&response.outcome, message.source().len())).await;
                }
                edits.extend(named_for_client(
                    message.root().get("result"),
                    waiting.asker.as_ref().map(|asker| &asker.id),
                ));
            }
            Awaited::List(list) => match self.filtered(list, &response.outcome) {
                Ok(cuts) => edits.extend(cuts),
                Err(reason) => {
                    let refused = self.refuse_answer(waiting.asker, reply, None, reason.to_string());
                    return Box::pin(refused).await;
                }
            },
            Awaited::Initialize => {
                if let Err(reason) = self.negotiate(&response.outcome, version) {
                    return Box::pin(self.refuse_answer(waiting.asker, reply, None, reason)).await;
                }
                edits.extend(introduced(&response.outcome));
            }
            Awaited::Discover => edits.extend(introduced(&response.outcome)),
            Awaited::Relay | Awaited::Judging => {}
        }
        if let (Some(asker), Some(reply)) = (waiting.asker, reply) {
            reply.deliver(forward::answer_to(message, &asker.id, edits)).await;
        }
    }

    fn filtered(self: &Arc<Self>, list: List, outcome: &Outcome<'_>) -> Result<Vec<Edit>, NotShown> {
        match outcome {
            Outcome::Result(result) => {
                if list.is_of_tools() {
                    self.count_listed(*result);
                }
                self.shown(list, *result)
            }
            Outcome::Error(_) => Ok(Vec::new()),
        }
    }

    fn count_listed(&self, result: Value<'_>) {
        let tools = result.get("tools").into_iter().flat_map(|tools| tools.items());
        let names: Vec<_> = tools.filter_map(|tool| tool.get("name")?.as_str()).collect();
        self.gateway.metrics.listed(self.access.server(), names.iter().map(AsRef::as_ref));
    }

    /// Notes the version that the server chose.
    fn negotiate(&self, outcome: &Outcome<'_>, _asked: Version) -> Result<(), String> {
        let Outcome::Result(result) = outcome else { return Ok(()) };
        let text = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let version =
            Version::parse(&text).filter(|version| version.era() == Era::Legacy).ok_or_else(|| {
                format!("the server chose protocol version `{text}`, which Interlock does not speak")
            })?;
        let mut session = self.session();
        session.negotiated = Negotiated::Legacy(version);
        session.announced = announced(*result);
        Ok(())
    }

    /// Tells the client that what it may list has changed with the policy, where it was told to expect such
    /// news. A modern client learns it when its list's time to live has passed.
    pub(crate) async fn policy_replaced(&self) {
        let announced = self.session().announced.clone();
        for list in announced {
            self.client.send(reply::notification(&format!("notifications/{list}/list_changed"), None)).await;
        }
    }

    async fn server_notification(&self, notification: &Notification<'_>, message: &Message, on: Option<u64>) {
        let method = notification.method.as_ref();
        let version = self.session().negotiated.version();
        if let Err(why) =
            admit::admit(method, Kind::Notification, Sender::Server, version, self.access.extensions())
        {
            return self.drop_from_server(method, None, &why.reason);
        }
        match method {
            "notifications/cancelled" => self.cancel_question(notification, message).await,
            _ => {
                if method == "notifications/tools/list_changed" {
                    self.definitions.changed();
                } else if method == "notifications/progress" {
                    self.progressed(notification);
                }
                self.relay_notification(notification, message, on).await;
            }
        }
    }

    /// A modern server names the subscription that a notification belongs to by the number it knows.
    async fn relay_notification(&self, notification: &Notification<'_>, message: &Message, on: Option<u64>) {
        let tasks = match self.news_of_tasks(notification, message.source().len()) {
            Ok(tasks) => tasks,
            Err(reason) => return self.drop_from_server(&notification.method, None, &reason),
        };
        for (ticket, ending) in tasks.ended {
            ticket.settle(ending).await;
        }
        match self.named_for_listener(notification, on) {
            Ok((edits, way)) => {
                way.send(told(notification, message, edits.into_iter().chain(tasks.edits).collect())).await;
            }
            Err(reason) => self.drop_from_server(&notification.method, None, &reason),
        }
    }

    /// The edits that make a notification one for the client and the way it goes, or why it must not see it.
    fn named_for_listener(
        &self,
        notification: &Notification<'_>,
        on: Option<u64>,
    ) -> Result<(Vec<Edit>, Outbox), String> {
        let Some(params) = notification.params else { return Ok((Vec::new(), self.way_to_tell(on))) };
        let (edits, declared, way) = match subscription(params) {
            None => {
                let (edits, way) = self.way_of_progress(params);
                (edits, Capabilities::default(), way)
            }
            Some(subscription) => {
                let number = RequestId::from_value(subscription).as_ref().and_then(RequestId::as_u64);
                let (asker, declared, way) = number
                    .and_then(|number| self.listener(number))
                    .ok_or("news of a subscription that nobody asked for")?;
                (vec![Edit::new(subscription.span(), asker.raw())], declared, Some(way))
            }
        };
        if self.session().negotiated == Negotiated::Modern {
            input::may_be_asked_in(declared, params)?;
        }
        if notification.method == "notifications/resources/updated" {
            self.may_hear_of(params)?;
        }
        Ok((edits, way.unwrap_or_else(|| self.way_to_tell(on))))
    }

    /// The way of the request that a notification tells the progress of, and the edit that gives the token the name
    /// its asker gave it.
    fn way_of_progress(&self, params: Value<'_>) -> (Vec<Edit>, Option<Outbox>) {
        let Some(token) = params.get("progressToken") else { return (Vec::new(), None) };
        let session = self.session();
        let way = |asked: &Asked| asked.reply.as_ref().map(ReplyTo::outbox).filter(Outbox::is_read);
        if let Some((_, asked)) = session.exchanged(token)
            && let Some(own) = asked.progress.as_deref()
        {
            return (vec![Edit::new(token.span(), own)], way(asked));
        }
        let asked = session.newest_under(token);
        (Vec::new(), asked.and_then(way))
    }

    /// A subscription may be older than the policy in force, and a server may tell of what nobody asked for.
    fn may_hear_of(&self, params: Value<'_>) -> Result<(), String> {
        let uri = params.get("uri").and_then(Value::as_str).ok_or("news of a resource without its `uri`")?;
        let snapshot = self.access.policies();
        let call =
            Call { section: Section::Resources, server: self.access.server(), name: &uri, arguments: None };
        match interlock_policy::closed(&snapshot.stack(), &call) {
            Some(closed) => Err(format!("news of a closed resource: {}: {}", closed.rule, closed.reason)),
            None => Ok(()),
        }
    }

    /// Who asked for the subscription that travels under this number, what it can be asked, and its way.
    fn listener(&self, number: u64) -> Option<(RequestId, Capabilities, Outbox)> {
        let session = self.session();
        let waiting = session.to_server.get(number)?;
        let asker = waiting.asker.clone().filter(|_| matches!(waiting.item.awaited, Awaited::Listen(_)))?;
        let way = waiting.item.reply.as_ref().map_or_else(|| self.client.clone(), ReplyTo::outbox);
        Some((asker.id, waiting.item.declared, way))
    }

    /// A server that tells of its progress is given time anew.
    fn progressed(&self, notification: &Notification<'_>) {
        let token = notification.params.and_then(|params| params.get("progressToken"));
        let Some(token) = token else { return };
        let deadline = self.deadline();
        let mut session = self.session();
        if let Some(number) = session.exchanged(token).map(|(number, _)| number) {
            if let Some(asked) = session.to_server.get_mut(number).filter(|asked| asked.deadline.is_some()) {
                asked.deadline = deadline;
            }
            return;
        }
        for asked in session.to_server.items_mut() {
            if asked.progress.as_deref() == Some(token.raw()) && asked.deadline.is_some() {
                asked.deadline = deadline;
            }
        }
    }

    pub(super) async fn end_subscription(
        &self,
        notification: &Notification<'_>,
        message: &Message,
        request: Value<'_>,
    ) {
        let number = RequestId::from_value(request).as_ref().and_then(RequestId::as_u64);
        let listens = number.filter(|number| self.listener(*number).is_some());
        // The texts disagree whether a result follows; one that does is late.
        let Some(waiting) = listens.and_then(|number| self.session().to_server.give_up(number)) else {
            let reason = "the end of a subscription that nobody asked for";
            return self.drop_from_server(&notification.method, None, reason);
        };
        let Asked { awaited, reply, .. } = waiting.item;
        if let Some(ticket) = awaited.into_ticket() {
            ticket.settle(Ending::Cancelled).await;
        }
        if let Some(asker) = waiting.asker {
            let way = reply.as_ref().map_or_else(|| self.client.clone(), ReplyTo::outbox);
            way.send(forward::cancellation(message, request, asker.id.raw())).await;
        }
    }
}

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// The member that names a modern subscription.
fn subscription(object: Value<'_>) -> Option<Value<'_>> {
    object.get("_meta")?.get(SUBSCRIPTION)
}

/// The edit that gives a subscription the name its asker gave it.
fn named_for_client(object: Option<Value<'_>>, asker: Option<&RequestId>) -> Option<Edit> {
    Some(Edit::new(subscription(object?)?.span(), asker?.raw()))
}

fn introduced(outcome: &Outcome<'_>) -> Vec<Edit> {
    match outcome {
        Outcome::Result(result) => introduction::as_specified(*result),
        Outcome::Error(_) => Vec::new(),
    }
}

/// A notification as its client gets it. News that a list has changed says that and of which subscription it is, and
/// nothing else that the server put in: what is in the list goes through the list.
fn told(notification: &Notification<'_>, message: &Message, edits: Vec<Edit>) -> String {
    if !notification.method.ends_with("/list_changed") || is_bare(message) {
        return message.with_edits(edits);
    }
    let named = notification.params.and_then(subscription).map(Value::span);
    let name = edits.iter().find(|edit| Some(&edit.span) == named.as_ref());
    let params = name.map(|name| format!(r#"{{"_meta":{{"{SUBSCRIPTION}":{}}}}}"#, name.text));
    reply::notification(&notification.method, params.as_deref())
}

/// Whether there is nothing in a notification but its method and, at most, the subscription that it is of.
fn is_bare(message: &Message) -> bool {
    let only = |value: Value<'_>, names: &[&str]| {
        value.members().all(|(key, _)| names.iter().any(|name| key.is(name)))
    };
    let params = message.params();
    let meta = params.and_then(|params| params.get("_meta"));
    let named = meta.and_then(|meta| meta.get(SUBSCRIPTION));
    let is_name = |value: Value<'_>| {
        matches!(value.kind(), interlock_json::Kind::String | interlock_json::Kind::Number)
    };
    only(message.root(), &["jsonrpc", "method", "params"])
        && params
            .is_none_or(|params| params.kind() == interlock_json::Kind::Object && only(params, &["_meta"]))
        && meta.is_none_or(|meta| meta.kind() == interlock_json::Kind::Object && only(meta, &[SUBSCRIPTION]))
        && named.is_none_or(is_name)
}

fn announced(result: Value<'_>) -> Vec<&'static str> {
    let announces = |list: &&'static str| {
        let capability = result.get("capabilities").and_then(|capabilities| capabilities.get(list));
        let flag = capability.and_then(|capability| capability.get("listChanged"));
        flag.and_then(Value::as_bool) == Some(true)
    };
    ["tools", "resources", "prompts"].into_iter().filter(announces).collect()
}
