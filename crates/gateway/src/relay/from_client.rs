//! What the client asks for.

use std::pin::pin;
use std::sync::Arc;

use interlock_json::Value;
use interlock_wire::line::Line;
use interlock_wire::method::{Judged, Kind, Sender};
use interlock_wire::trace;
use interlock_wire::{Era, Message, Parsed, Refusal, Request, RequestId, Shape, Version, reply};

use super::approval::{Round, Wanted};
use super::pinned::ListRequest;
use super::{Concerning, MayAsk, Origin, Relay, advance};
use crate::admit::{self, Admitted};
use crate::answer;
use crate::batch::{Batch, ReplyTo};
use crate::call::{Passage, Refused};
use crate::capabilities::Capabilities;
use crate::continuation::Retry;
use crate::errand::Errand;
use crate::fault::caught;
use crate::forward;
use crate::identify::{ClientInfo, Identity, client_info};
use crate::lists::List;
use crate::outbox::Room;
use crate::pending::{Asker, PendingError};
use crate::record::About;
use crate::route::{Target, route};
use crate::session::{Awaited, Negotiated};
use crate::settle::{Ending, Ticket};
use crate::transport::http::Direct;

/// How a judged call goes to the server: under its number, in room that was waited for.
struct ToServer {
    number: u64,
    /// `None` while people are asked: they take their time, and others need the room.
    room: Option<Room>,
    /// Whether somebody waits for the answer in whose task the server can be asked, past what is queued for it.
    at_once: bool,
}

/// What is handed over of a judged call.
struct Going {
    line: String,
    listens: bool,
    may_ask: Option<Box<MayAsk>>,
    task: Option<Box<Concerning>>,
}

/// JSON-RPC: what was sent is not a request as it should be.
const INVALID_REQUEST: i64 = -32_600;
/// A modern subscription (2026-07-28).
const LISTEN: &str = "subscriptions/listen";

impl Relay {
    /// Takes one line that the client sent, alone or in an exchange of its own.
    pub(crate) async fn from_client(self: &Arc<Self>, line: Line, from: &Origin) {
        let bytes = match line {
            Line::Complete(bytes) => bytes,
            Line::TooLong { head, .. } => {
                let limit = self.gateway.options.limits.message.bytes;
                let refusal = Refusal::of_long_line(&head, limit);
                return Box::pin(self.refuse_client(&refusal, from.exchange, from.reply())).await;
            }
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.take(self.read(bytes), from).await;
    }

    /// Reads what the client sent.
    pub(crate) fn read(&self, bytes: Vec<u8>) -> Result<Parsed, Refusal> {
        let version = self.session().negotiated.for_batches();
        interlock_wire::parse(bytes, version, &self.gateway.options.limits.message)
    }

    /// Takes what the client sent.
    pub(crate) async fn take(self: &Arc<Self>, read: Result<Parsed, Refusal>, from: &Origin) {
        match read {
            Ok(Parsed::One(message)) => self.client_message(message, from, from.reply()).await,
            Ok(Parsed::Batch(elements)) => Box::pin(self.client_batch(elements, from)).await,
            Err(refusal) => Box::pin(self.refuse_client(&refusal, from.exchange, from.reply())).await,
        }
    }

    async fn client_batch(self: &Arc<Self>, elements: Vec<Result<Message, Refusal>>, from: &Origin) {
        let limit = self.gateway.options.limits.batch;
        if elements.len() > limit {
            return self.drop_from_client("", None, &format!("a batch of more than {limit} messages"));
        }
        let batch = Batch::new(from.outbox.clone());
        for element in elements {
            let reply = ReplyTo::Batch(batch.slot());
            match element {
                Ok(message) => self.client_message(message, from, reply).await,
                Err(refusal) => self.refuse_client(&refusal, from.exchange, reply).await,
            }
        }
        batch.close().await;
    }

    async fn client_message(self: &Arc<Self>, message: Message, from: &Origin, reply: ReplyTo) {
        let exchange = from.exchange;
        match message.shape() {
            Shape::Request(request) => {
                let asker = Asker { exchange, id: request.id.to_request_id() };
                match self.admit_request(&request) {
                    Ok(admitted) => {
                        drop(request);
                        self.client_request(message, asker, admitted, reply, from).await;
                    }
                    Err(why) => Box::pin(self.refuse_request(&request.method, &asker, &why, reply)).await,
                }
            }
            Shape::Notification(notification) => {
                Box::pin(self.client_notification(&notification, &message, exchange)).await;
            }
            Shape::Response(response) => Box::pin(self.client_response(&response, &message)).await,
        }
    }

    fn admit_request(&self, request: &Request<'_>) -> Result<Admitted, admit::NotAdmitted> {
        let negotiated = self.session().negotiated;
        let version = admit::version_of_request(request, negotiated)?;
        admit::admit(&request.method, Kind::Request, Sender::Client, version, self.access.extensions())
    }

    async fn client_request(
        self: &Arc<Self>,
        message: Message,
        asker: Asker,
        admitted: Admitted,
        reply: ReplyTo,
        from: &Origin,
    ) {
        let Shape::Request(request) = message.shape() else { return };
        let is_exchange = from.errands.is_some();
        self.learn(&request, admitted.version);
        self.count(&admitted);
        let judged = admitted.spec.map_or(Judged::Relay, |spec| spec.judged);
        let awaited = match judged {
            Judged::CallTool
            | Judged::ReadResource
            | Judged::Subscribe
            | Judged::Unsubscribe
            | Judged::GetPrompt
            | Judged::Complete
            | Judged::Task
            | Judged::Relay => Awaited::Judging,
            Judged::Lifecycle if request.method == "initialize" => Awaited::Initialize,
            Judged::Lifecycle if request.method == "server/discover" => Awaited::Discover,
            _ => List::of(judged).map_or(Awaited::Relay, Awaited::List),
        };
        let reads_first = match &awaited {
            Awaited::List(list) if self.reads_tools_first(*list) => Some(*list),
            _ => None,
        };
        let awaited = if reads_first.is_some() { Awaited::Judging } else { awaited };
        let judging = matches!(awaited, Awaited::Judging);
        let mut asked = self.asked(awaited, admitted.version, Some(reply));
        asked.progress = message.progress_token().map(|token| token.raw().to_owned());
        asked.declared = self.declared(&request, admitted.version);
        asked.credential = from.credential.clone();
        if stays_open(&request.method) {
            asked.deadline = None;
        } else if request.method == "initialize" {
            asked.deadline = self.deadline_of_start();
        }
        // Room for the message is taken before it is judged: what waits for a server that does not read is
        // bounded, whatever is being judged.
        let room = self.upstream.room(message.source().len()).await;
        let inserted = self.session().to_server.insert(asker.clone(), asked);
        match inserted {
            Ok(number) if let Some(list) = reads_first => {
                drop(request);
                let (message, exchange) = (Arc::new(message), asker.exchange);
                let asks = ListRequest { message, number, exchange, list, room };
                advance(&self.calls, Arc::clone(self).list_after_reading(asks));
            }
            Ok(number) if judging => {
                drop(request);
                let to_server = ToServer { number, room: Some(room), at_once: is_exchange };
                let call =
                    Arc::clone(self).judged_call(Arc::new(message), judged, admitted.version, to_server);
                match &from.errands {
                    Some(errands) => errands.leave(Errand::new(self.calls.track_future(call))),
                    None => advance(&self.calls, call),
                }
            }
            Ok(number) => {
                let line = forward::with_number(&message, number, asker.exchange, Vec::new());
                self.upstream.send_in(room, line);
            }
            Err((PendingError::Reused, _)) if !is_exchange => {
                self.drop_from_client(
                    &request.method,
                    Some(asker.id.raw()),
                    &PendingError::Reused.to_string(),
                );
            }
            Err((why, asked)) => {
                Box::pin(self.refuse_waiting(&request.method, &asker.id, asked.reply, &why)).await;
            }
        }
    }

    async fn judged_call(
        self: Arc<Self>,
        message: Arc<Message>,
        judged: Judged,
        version: Version,
        to_server: ToServer,
    ) {
        let number = to_server.number;
        let (message, round) = match self.comes_again(&message, version) {
            Ok(None) => (message, Round::default()),
            Ok(Some((message, round))) => (message, round),
            Err(why) => {
                let about =
                    self.about(&message.method().unwrap_or_default(), message.id().map(|id| id.raw()));
                return Box::pin(self.refuse_route(&about, number, &why.to_string())).await;
            }
        };
        // In place: a future that is handed on is moved each time.
        let calling = pin!(Arc::clone(&self).call(message, judged, version, to_server, round));
        if let Err(what) = caught(calling).await {
            Box::pin(self.cut_off(number, &what)).await;
        }
    }

    fn count(&self, admitted: &Admitted) {
        let method = admitted.spec.map(|spec| spec.name);
        let by = self.by.get().copied().unwrap_or_default();
        let grant = Arc::clone(&self.session().identity);
        self.gateway.metrics.requested(self.access.server(), &grant.grant, method, by, admitted.version);
    }

    /// A request that cannot wait for its answer. One whose identifier is in flight is answered where that goes back
    /// in an exchange of its own; elsewhere the answer would be taken for that of the other.
    async fn refuse_waiting(&self, method: &str, id: &RequestId, reply: Option<ReplyTo>, why: &PendingError) {
        let reason = why.to_string();
        self.gateway.recorder.refused(&self.about(method, Some(id.raw())), None, &reason);
        let code = match why {
            PendingError::Reused => INVALID_REQUEST,
            PendingError::Full { .. } => answer::BUSY,
            PendingError::Closed => answer::GONE,
        };
        if let Some(reply) = reply {
            reply.deliver(reply::error(id.raw(), code, &reason, None)).await;
        }
    }

    /// Notes what a request says of its client.
    fn learn(&self, request: &Request<'_>, version: Version) {
        let mut session = self.session();
        if version.era() == Era::Modern && session.negotiated == Negotiated::Nothing {
            session.negotiated = Negotiated::Modern;
            let meta = request.params.and_then(|params| params.get("_meta"));
            let info = meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientInfo"));
            session.identity = renamed(&session.identity, client_info(info));
            let declared = meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities"));
            session.declared_text = declared.map(|declared| Arc::from(declared.raw()));
        } else if request.method == "initialize" {
            let info = request.params.and_then(|params| params.get("clientInfo"));
            session.identity = renamed(&session.identity, client_info(info));
            session.declared =
                Capabilities::read(request.params.and_then(|params| params.get("capabilities")));
        }
    }

    /// A modern request says itself what its client is: others of the same grant share the connection.
    fn speaks_for_itself(&self, request: &Request<'_>, about: &mut About) {
        let meta = request.params.and_then(|params| params.get("_meta"));
        let client = client_info(meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientInfo")));
        if about.identity.client != client {
            about.identity = renamed(&about.identity, client);
        }
    }

    /// What the client of a request declared that it can be asked.
    fn declared(&self, request: &Request<'_>, version: Version) -> Capabilities {
        match version.era() {
            Era::Legacy => self.session().declared,
            Era::Modern => {
                let meta = request.params.and_then(|params| params.get("_meta"));
                Capabilities::read(
                    meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities")),
                )
            }
        }
    }

    /// Judges a call and forwards it, or answers it.
    async fn call(
        self: Arc<Self>,
        message: Arc<Message>,
        judged: Judged,
        version: Version,
        mut to_server: ToServer,
        round: Round,
    ) {
        let number = to_server.number;
        let Shape::Request(request) = message.shape() else { return };
        let mut about = self.about(&request.method, Some(request.id.raw()));
        if version.era() == Era::Modern {
            self.speaks_for_itself(&request, &mut about);
        }
        about.traceparent = traceparent(&request);
        if let Some(traces) = self.gateway.traces() {
            traces.begin(&message, &mut about);
        }
        let most = self.gateway.options.limits.subscribed;
        let targets = match route(judged, request.params, most) {
            Ok(targets) => targets,
            Err(error) => return Box::pin(self.refuse_route(&about, number, &error.to_string())).await,
        };
        let (task, mut edits) = match self.concerning(&request, judged, version) {
            Ok(concerning) => concerning,
            Err(why) => return self.refuse_route(&about, number, &why.to_string()).await,
        };
        if let Some(Concerning::One { named, .. }) = task.as_ref().filter(|task| task.is_apart()) {
            let own = named.own.clone();
            return Box::pin(self.about_apart(about, &own, number, version)).await;
        }
        about.subject = targets.first().map(|target| (target.section, target.name.to_string()));
        if targets.len() > 1 {
            about.resources = targets.iter().map(|target| target.name.to_string()).collect();
        }
        // What a task is called is its holder's alone.
        if let Some(trace) = about.trace.as_ref().filter(|_| judged != Judged::Task) {
            trace.concerns(about.subject.as_ref());
        }
        let section = targets
            .first()
            .filter(|_| judged != Judged::Task)
            .map_or(interlock_policy::Section::Resources, |target| target.section);
        let mut may_ask = MayAsk::of(&message, &request, judged, &targets, version, &self.access.policies());
        if let Err(why) = self.open_state(may_ask.as_deref_mut(), &request) {
            return Box::pin(self.refuse_route(&about, number, &why.to_string())).await;
        }
        let retry = self.retried(may_ask.as_deref(), &request);
        let targets = task.as_ref().and_then(Concerning::target).map_or(targets, |target| vec![target]);
        let wanted = Wanted { params: request.params, number, version, round: &round };
        match self.passage(about, judged, &targets, &retry, wanted, &mut to_server.room).await {
            Ok(passage) if self.is_apart(number) => {
                Box::pin(self.forward_apart(&message, passage.ticket, version, to_server)).await;
            }
            Ok(passage) => {
                if let Some(may_ask) = &mut may_ask {
                    may_ask.passed(&passage, retry.first.as_ref());
                }
                edits.extend(may_ask.as_ref().and_then(|may_ask| may_ask.own_state(&message)));
                if let Some(context) = passage.ticket.trace() {
                    edits.extend(trace::carry(&message, context, None));
                }
                let exchange = self.session().to_server.exchange_of(number);
                let line = forward::with_number(&message, number, exchange, edits);
                let listens = request.method == LISTEN;
                let goes = Going { line, listens, may_ask, task: task.map(Box::new) };
                self.forward_call(&message, goes, passage.ticket, to_server).await;
            }
            Err(refused) => {
                self.abandoned(may_ask.as_deref());
                self.not_paid(may_ask.as_deref(), retry);
                let Some(waiting) = self.session().to_server.take(number) else { return };
                let (Some(asker), Some(reply)) = (waiting.asker, waiting.item.reply) else { return };
                let id = asker.id.raw();
                let tell = refused.snapshot.tell_agent();
                let state = self.state_of(&message, &refused.denial, version, round.count);
                let answer = match state {
                    Some((state, asks)) => answer::come_again(id, &state, asks),
                    None => answer::denied(id, section, &refused.denial, tell, version),
                };
                Box::pin(reply.deliver(answer)).await;
            }
        }
    }

    /// Hands over a call that goes on as a task of the gateway's own.
    async fn forward_apart(
        self: &Arc<Self>,
        message: &Message,
        ticket: Ticket,
        version: Version,
        to_server: ToServer,
    ) {
        let Some(message) = self.without_task(message, version).map(Arc::new) else {
            ticket.settle(Ending::NotSent).await;
            return self.cut_off(to_server.number, "a call could not be written without its task").await;
        };
        let mut edits: Vec<_> = self.own_related(message.params()).into_iter().collect();
        edits.extend(
            ticket.trace().map(|context| trace::carry(&message, context, None)).into_iter().flatten(),
        );
        let exchange = self.session().to_server.exchange_of(to_server.number);
        let line = forward::with_number(&message, to_server.number, exchange, edits);
        let goes = Going { line, listens: false, may_ask: None, task: None };
        self.forward_call(&message, goes, ticket, to_server).await;
    }

    async fn passage(
        self: &Arc<Self>,
        about: About,
        judged: Judged,
        targets: &[Target<'_>],
        retry: &Retry,
        wanted: Wanted<'_>,
        room: &mut Option<Room>,
    ) -> Result<Passage, Refused> {
        let policies = || self.access.keep_policies();
        match judged {
            Judged::Complete => {
                Box::pin(self.gateway.decide_completion(policies(), about, targets, &**self)).await
            }
            // More input for a tool that the policy has closed since is refused, whenever its task was made.
            Judged::Task if about.method == "tasks/update" => {
                Box::pin(self.gateway.decide_completion(policies(), about, targets, &**self)).await
            }
            Judged::Task | Judged::Unsubscribe | Judged::Relay => {
                Box::pin(self.gateway.unjudged(policies(), about)).await
            }
            _ => self.decided(about, targets, retry, wanted, room).await,
        }
    }

    pub(super) async fn refuse_route(&self, about: &About, number: u64, reason: &str) {
        const INVALID_PARAMS: i64 = -32_602;
        self.gateway.recorder.refused(about, Some(INVALID_PARAMS), reason);
        let Some(waiting) = self.session().to_server.take(number) else { return };
        if let (Some(asker), Some(reply)) = (waiting.asker, waiting.item.reply) {
            reply.deliver(reply::error(asker.id.raw(), INVALID_PARAMS, reason, None)).await;
        }
    }

    /// Hands a judged call over, unless its caller has cancelled it meanwhile.
    async fn forward_call(
        &self,
        message: &Arc<Message>,
        goes: Going,
        mut ticket: Ticket,
        to_server: ToServer,
    ) {
        let Going { line, listens, may_ask, task } = goes;
        let ToServer { number, room, at_once } = to_server;
        let room = match room {
            Some(room) => room,
            None => self.upstream.room(message.source().len()).await,
        };
        // A header repeats the name of a task, which the client knows by another: it is made of the line itself.
        let is_renamed = matches!(task.as_deref(), Some(Concerning::One { .. }));
        let at_once = at_once && !is_renamed;
        ticket.forwarded(line.len());
        // It is under way there before anybody can cancel it: a cancellation must not come before it.
        let way = self.direct.get().and_then(Direct::open).filter(|_| at_once);
        let way = way.map(|way| way.begin(number));
        let cancelled = {
            let mut session = self.session();
            match session.to_server.get_mut(number) {
                Some(asked) => {
                    asked.awaited =
                        if listens { Awaited::Listen(Some(ticket)) } else { Awaited::Call(ticket) };
                    asked.may_ask = may_ask;
                    asked.task = task;
                    None
                }
                None => Some(ticket),
            }
        };
        match cancelled {
            None => match way {
                Some(way) => {
                    drop(room);
                    way.ask(Arc::clone(message), line).await;
                }
                None => self.upstream.send_in(room, line),
            },
            Some(ticket) => Box::pin(ticket.settle(Ending::NotSent)).await,
        }
    }
}

/// What a server answers only when it ends, however long that is.
fn stays_open(method: &str) -> bool {
    matches!(method, LISTEN | "tasks/result")
}

fn renamed(identity: &Identity, client: Option<ClientInfo>) -> Arc<Identity> {
    Arc::new(Identity { client, ..identity.clone() })
}

/// The W3C trace context that a request carries in its `_meta`.
fn traceparent(request: &Request<'_>) -> Option<String> {
    let text = request.params?.get("_meta")?.get("traceparent").and_then(Value::as_str)?;
    (text.len() <= 128).then(|| text.into_owned())
}
